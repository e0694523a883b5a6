"""The page that walks a whole case with curl does what it says, against a real server."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-http-with-curl.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECONDS = 120


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_the_page_walks_a_case_from_nothing_to_enabled(tmp_path, port):
    for program in ("bash", "curl"):
        assert shutil.which(program), f"this page needs {program}"
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    ends = "trap '[ -z \"${server:-}\" ] || kill $server 2>/dev/null' EXIT"
    script = "\n".join(("set -euo pipefail", ends, *blocks)).replace("8000", str(port))
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"

    told = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**clean, "PATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    lines = told.stdout.splitlines()
    for wanted in (
        "Find leads before trade fairs",
        "enabled",
        "employee.plan_opened.v1",
        "Ada",
        "event: inbox",
    ):
        assert any(line.endswith(wanted) for line in lines), wanted
    assert "There is a plan already; one runs at a time." in lines
    assert "<h1>Plan already open</h1>" in lines
