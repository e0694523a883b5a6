"""Schemathesis, with every check that it has, finds nothing on a running server.

In the suite it takes a bounded time: the cases that follow from the document alone are shared out
between the databases, everything else is tried on both. `COUNTERSIGN_TEST_FUZZ_MINUTES` makes it
try all of it on each, with other cases every time, for so long.
"""

import faulthandler
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MINUTES = float(os.environ.get("COUNTERSIGN_TEST_FUZZ_MINUTES", "0"))
EXAMPLES, CHAINS = (100, 1000) if MINUTES else (2, 20)
HOURS = 24 * 3600

ASKERS = ("Ada", "Bob", "Max", "Vera", "Hilda", "Rob")
"""In this order until one of them may: employees, both levels, and those who hold roles."""


def test_it_finds_nothing(alone, wire, tmp_path):
    faulthandler.cancel_dump_traceback_later()  # it takes minutes by intent, and hangs nowhere
    alone.server.start()
    with alone.server.client() as client:
        config = asked_as(alone, wire, tmp_path)
        at = f"{client.base_url}/api/v1/openapi.json"
        for phases, more in runs(client.get("/api/v1/openapi.json").json(), alone.kind):
            tried = schemathesis(config, at, f"--phases={phases}", *more)
            config.with_name(f"{phases}.txt").write_text(tried.stdout)
            assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "Traceback" not in alone.server.log.read_text()


def runs(document, kind):
    """Which phases, over which operations, for how long."""
    names = [each["operationId"] for each in operations(document) if not streams(each)]
    if MINUTES:
        seconds = f"--max-time={MINUTES * 60:.0f}"
        yield "examples,coverage,fuzzing,stateful", [seconds, *only(names)]
        return
    share = names[::2] if kind == "sqlite" else names[1::2]
    yield "coverage", only(share)
    yield "examples,fuzzing,stateful", only(names)


def operations(document):
    return [each for path in document["paths"].values() for each in path.values()]


def streams(operation):
    """Events come when something happens: a fuzzer would wait for ever. Stories read streams."""
    answers = operation["responses"].values()
    return any("text/event-stream" in each.get("content", {}) for each in answers)


def only(names):
    return [f"--include-operation-id={name}" for name in names]


def schemathesis(config, at, *more):
    return subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            f"--config-file={config}",
            "run",
            at,
            "--checks=all",
            *more,
        ],
        capture_output=True,
        text=True,
        cwd=config.parent,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
    )


def asked_as(alone, wire, folder):
    """The configuration, with tokens and with ids that lead somewhere."""
    company = alone.found.company
    cases = [company.case("Ada", until="asked"), company.case("Bob", until="noted")]
    seeds = {
        "plan": [case.plan for case in cases],
        "task": [case.task for case in cases],
        "result": [case.result for case in cases],
        "person": [company.person(name) for name in ("Carl", "Tess", "Bob")],
    }
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps({"auth": [bearer(wire, company, name) for name in ASKERS]}))
    config = folder / "schemathesis.toml"
    config.write_text(
        (HERE / "schemathesis.toml")
        .read_text("utf-8")
        .replace("{hooks}", str(HERE / "hooks.py"))
        .replace("{tokens}", str(tokens))
        .replace("{examples}", str(EXAMPLES))
        .replace("{chains}", str(CHAINS))
        .replace("{deterministic}", str(not MINUTES).lower())
        + "".join(f"\n[dictionaries.{name}]\nvalues = {json.dumps(seeds[name])}" for name in seeds)
    )
    return config


def bearer(wire, company, name):
    token = wire.tokens.issue(company.person(name), seconds=HOURS)
    header = {"name": "Authorization", "value": f"Bearer {token}"}
    return {"name": name, "fixedHeaders": [header]}
