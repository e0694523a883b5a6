"""The documents are complete: whatever can be asked, said or set, and links that lead on."""

import importlib
import os
import pkgutil
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
LINK = re.compile(r"\]\(<?([^)\s>]+)")
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PREFIX = "COUNTERSIGN_"
LAYERS = ("domain", "application", "infrastructure", "interfaces")


def missing_from(page, words):
    """Those of the words that the page does not say as words of their own."""
    text = " ".join((REFERENCE / page).read_text("utf-8").split())
    return sorted(
        word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
    )


def descendants(cls):
    return {cls}.union(*(descendants(child) for child in cls.__subclasses__()))


def refusals():
    for layer in (importlib.import_module(f"countersign.{name}") for name in LAYERS):
        for module in pkgutil.walk_packages(layer.__path__, f"{layer.__name__}."):
            if ".migrations." not in module.name:  # Alembic's to load, and only in a migration
                importlib.import_module(module.name)
    root = importlib.import_module("countersign.domain.refusals").Refusal
    return [cls for cls in descendants(root) - {root} if cls.__module__.startswith("countersign.")]


def command_paths(command, path):
    """Every path a user can type: `countersign plan start`, and the groups on the way."""
    yield path
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from command_paths(child, f"{path} {name}")


def test_every_refusal_is_described():
    assert missing_from("refusals.md", {cls.__name__ for cls in refusals()}) == []


def test_every_refusal_is_described_in_its_own_words():
    text = " ".join((REFERENCE / "refusals.md").read_text("utf-8").split())

    unsaid = [cls for cls in refusals() if " ".join(cls.says.split()) not in text]

    assert sorted(cls.__name__ for cls in unsaid) == []


def test_every_event_is_described():
    from countersign.infrastructure.event_names import EVENTS

    assert missing_from("events.md", EVENTS) == []


def test_every_command_is_described():
    from countersign.application.commands import COMMANDS

    assert missing_from("commands.md", {cls.__name__ for cls in COMMANDS.values()}) == []


def test_every_question_is_described():
    from countersign.application.questions import QUESTIONS

    assert missing_from("questions.md", QUESTIONS) == []


def test_every_table_of_a_projection_is_described():
    from countersign.infrastructure.projections.every import projections

    tables = {book.table for each in projections(lambda tx, known_as: None) for book in each.books}

    assert missing_from("projections.md", tables) == []


def test_every_table_of_the_journal_is_described():
    from countersign.infrastructure.schema import METADATA

    assert missing_from("journal.md", METADATA.tables) == []


def test_every_command_line_is_described():
    from typer.main import get_command

    from countersign.interfaces.cli.app import app

    assert missing_from("cli.md", command_paths(get_command(app), "countersign")) == []


def test_every_setting_is_described():
    from countersign.infrastructure.settings import Settings
    from countersign.interfaces.http.settings import HttpSettings

    assert {each.model_config["env_prefix"] for each in (Settings, HttpSettings)} == {PREFIX}
    fields = {*Settings.model_fields, *HttpSettings.model_fields}
    assert missing_from("settings.md", {f"{PREFIX}{field.upper()}" for field in fields}) == []


def test_every_route_is_described():
    from countersign.interfaces.http.router import BESIDE, actions, reads, watches

    text = (REFERENCE / "http.md").read_text("utf-8")
    routes = {f"{action.method} {action.path}" for action in actions()}
    routes |= {f"GET {read.path}" for read in reads()}
    routes |= {f"GET {watch.path}" for watch in watches()}
    routes |= {f"{method} {path}" for path, methods in BESIDE.items() for method in methods}

    assert sorted(route for route in routes if f"`{route}`" not in text) == []


def test_every_vital_sign_is_described():
    from countersign.interfaces.http.vital_signs import VITAL_SIGNS

    text = (REFERENCE / "http.md").read_text("utf-8")

    assert [path for path in VITAL_SIGNS if f"`{path}`" not in text] == []


def test_every_route_that_is_described_is_there():
    from countersign.interfaces.http.router import BESIDE, actions, reads, watches

    text = (REFERENCE / "http.md").read_text("utf-8").partition("## The routes")[2]
    described = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]*)`", text))
    routes = {f"{action.method} {action.path}" for action in actions()}
    routes |= {f"GET {read.path}" for read in reads()}
    routes |= {f"GET {watch.path}" for watch in watches()}
    routes |= {f"{method} {path}" for path, methods in BESIDE.items() for method in methods}

    assert {route.partition("?")[0] for route in described} - routes == set()


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]),
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_every_link_leads_somewhere(page):
    links = LINK.findall(CODE.sub("", page.read_text("utf-8")))
    paths = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]

    assert [path for path in paths if not (page.parent / path).exists()] == []


@pytest.mark.parametrize(
    "page", ["how-to/embed-in-a-host.md", "reference/journal.md", "reference/certificates.md"]
)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    """All of its blocks, one after the other, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("COUNTERSIGN_")]:
        monkeypatch.delenv(name)
    path = ROOT / "docs" / page
    blocks = PYTHON.findall(path.read_text("utf-8"))
    said = {"__name__": "page"}

    for block in blocks:
        exec(compile(block, str(path), "exec"), said)

    assert blocks
