"""The house itself: loaded once, light to open, whole in the wheel, and silent about machines."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("domain", "application", "infrastructure", "interfaces")
PACKAGE = (*LAYERS, "__init__.py", "py.typed")


def kept_files() -> list[str]:
    """What git keeps or would keep, as paths from the root; git's own word, so no list of ours."""
    told = subprocess.run(
        [
            *("git", "-c", "safe.directory=*"),  # also where the checkout belongs to somebody else
            *("ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if told.returncode:
        pytest.skip("this is not a git checkout")
    return [name for name in told.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def modules(*layers: str) -> Iterator[tuple[str, ast.Module]]:
    for layer in layers:
        for path in sorted((ROOT / layer).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def outside_imports(tree: ast.Module) -> set[str]:
    """The top-level names that a module imports from other packages."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).partition(".")[0])
    return names


def test_the_house_is_loaded_once():
    import countersign.domain.event  # noqa: F401

    names = defaultdict(set)
    for name, module in tuple(sys.modules.items()):
        path = Path(getattr(module, "__file__", None) or "/").resolve()
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in PACKAGE:
            names[path].add(name)

    assert names
    assert {path: twins for path, twins in names.items() if len(twins) > 1} == {}
    assert {name.partition(".")[0] for twins in names.values() for name in twins} == {"countersign"}


def python(program):
    """What a fresh interpreter says, with nothing on its path but what is installed."""
    return subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )


def test_opening_the_face_loads_no_framework_of_the_interfaces():
    frameworks = {"anyio", "click", "fastapi", "jinja2", "joserfc", "rich", "starlette", "typer"}
    told = python(f"import sys, countersign; print({frameworks} & {{*sys.modules}})")

    assert (told.stdout.strip(), told.stderr) == ("set()", "")


@pytest.mark.parametrize(
    "missing", ["psycopg", "fastapi", "joserfc", "opentelemetry", "prometheus_client", "uvicorn"]
)
def test_the_command_line_opens_without_the_extras(missing):
    told = python(
        f"import sys; sys.modules[{missing!r}] = None; import countersign.interfaces.cli.app"
    )

    assert told.stderr == ""


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_opens_with_a_docstring_and_nothing_else(layer):
    opening = ast.parse((ROOT / layer / "__init__.py").read_text("utf-8"))

    assert ast.get_docstring(opening)
    assert len(opening.body) == 1


def test_domain_and_application_know_pydantic_and_the_standard_library_only():
    allowed = sys.stdlib_module_names | {"pydantic"}
    strangers = {
        name: outside_imports(tree) - allowed for name, tree in modules("domain", "application")
    }

    assert {name: found for name, found in strangers.items() if found} == {}


def test_the_domain_reads_no_clock_draws_no_id_and_knows_no_machine():
    doors = {"os", "random", "secrets", "socket", "sqlite3", "subprocess", "time"}
    draws = {"now", "utcnow", "today", "uuid1", "uuid4", "token_hex", "urandom"}
    found = set()
    for name, tree in modules("domain"):
        found |= {(name, door) for door in outside_imports(tree) & doors}
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        asked = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
        found |= {(name, draw) for draw in asked & draws}

    assert found == set()


def test_eventsourcing_is_known_to_the_recorder_alone():
    knowing = [name for name, tree in modules(*LAYERS) if "eventsourcing" in outside_imports(tree)]

    assert [name for name in knowing if not name.startswith("infrastructure/recorder")] == []


@pytest.fixture(scope="module")
def in_wheel(tmp_path_factory):
    """The names in a wheel built from this very tree, without a network."""
    room = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(room)],
        cwd=ROOT,
        check=True,
    )
    (wheel,) = room.glob("*.whl")
    with ZipFile(wheel) as opened:
        return set(opened.namelist())


def test_the_wheel_holds_the_whole_package(in_wheel):
    wanted = {f"countersign/{name}" for name in kept_files() if name.split("/")[0] in PACKAGE}

    assert {f"countersign/{layer}/__init__.py" for layer in LAYERS} <= in_wheel
    assert wanted - in_wheel == set()


def test_the_wheel_brings_no_generic_name(in_wheel):
    tops = {name.split("/")[0] for name in in_wheel}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"countersign"}


# What no file may say

# In pieces, so that this file does not say it either.
REGISTRIES = "|".join(
    re.escape(f"{name}.{end}")
    for name, end in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("anaconda", "org"),
    ]
)
MACHINES = "|".join(("home", "work", "root", "Users", "tmp/v"))
UNSAID = {
    "the host name of a package registry": re.compile(REGISTRIES),
    "a path of somebody's machine": re.compile(rf"(?<![\w.~*)\]}}>/-])/(?:{MACHINES})/"),
}


@pytest.mark.parametrize("what", UNSAID)
def test_no_file_names(what):
    texts = {name: (ROOT / name).read_text("utf-8", errors="replace") for name in kept_files()}

    assert [name for name, text in texts.items() if UNSAID[what].search(text)] == []
