"""Schemathesis, with every check it has, finds nothing on a running server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MINUTES = float(os.environ.get("COUNTERSIGN_TEST_FUZZ_MINUTES", "0"))
ASKERS = ("Ada", "Bob", "Max", "Vera", "Hilda", "Rob")


@pytest.fixture(params=["sqlite", "postgresql"])
def fuzzed(request, founded, wire, tmp_path):
    with founded(request.param) as found, wire.served(found, tmp_path) as client:
        yield found, client


def test_it_finds_nothing(fuzzed, wire, tmp_path):
    found, client = fuzzed
    company = found.company
    cases = [company.case("Ada", until="asked"), company.case("Bob", until="noted")]
    auth = [
        {
            "name": name,
            "fixedHeaders": [
                {
                    "name": "Authorization",
                    "value": f"Bearer {wire.tokens.issue(company.person(name), seconds=36000)}",
                }
            ],
        }
        for name in ASKERS
    ]
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"auth": auth}))
    told = (
        (HERE / "schemathesis.toml").read_text()
        + f"""
[dictionaries.plan]
values = {json.dumps([c.plan for c in cases])}
[dictionaries.task]
values = {json.dumps([c.task for c in cases])}
[dictionaries.result]
values = {json.dumps([c.result for c in cases if c.result])}
[dictionaries.person]
values = {json.dumps([company.person(n) for n in ("Carl", "Tess", "Bob")])}
[parameters]
"path.plan" = {{ dictionary = "plan", probability = 0.6 }}
"path.task" = {{ dictionary = "task", probability = 0.6 }}
"path.result" = {{ dictionary = "result", probability = 0.6 }}
"path.person" = {{ dictionary = "person", probability = 0.6 }}
"""
    )
    config = tmp_path / "schemathesis.toml"
    config.write_text(told)
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file",
            str(config),
            "run",
            f"{client.base_url}/api/v1/openapi.json",
            "--checks=all",
            "-n",
            os.environ.get("N", "3"),
            *(["--max-time", str(int(MINUTES * 60))] if MINUTES else []),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ
        | {
            "COUNTERSIGN_FUZZ_TOKENS": str(tokens),
            "COUNTERSIGN_FUZZ_HOOKS": str(HERE / "hooks.py"),
        },
    )
    Path("/tmp/pr/fuzz.out").write_text(run.stdout + run.stderr)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
