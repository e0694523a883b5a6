"""The demo: the same story every time, as the README shows it, and never over something else."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from countersign import Actor, open_engine
from countersign.application.desk import THE_ENGINE
from countersign.application.questions import AuditTrail, PlanBoard
from countersign.interfaces.cli.app import app

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("COUNTERSIGN_DATABASE_URL", "COUNTERSIGN_AS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def play(*words):
    ran = CliRunner().invoke(app, ["demo", *words])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_it_prints_what_the_readme_shows(folder):
    transcript = re.search(
        r"^\$ countersign demo\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert transcript

    assert play() == transcript[1]


def test_played_again_it_takes_the_next_free_name(folder):
    play()

    assert "sqlite:///countersign-demo-2.db" in play()
    assert (folder / "countersign-demo.db").exists()


def test_it_plays_over_nothing(folder):
    play("--db", "sqlite:///story.db")
    again = CliRunner().invoke(app, ["demo", "--db", "sqlite:///story.db"])

    assert again.exit_code == 2
    assert "holds a countersign already" in again.stderr


def test_what_it_prints_in_json_is_in_the_journal(folder):
    told = json.loads(play("--json"))

    with open_engine(told["database"]) as engine:
        for story in told["stories"]:
            owner = _owner(engine, story["plan"])
            trail = engine.ask(AuditTrail(case=story["plan"]), Actor(owner))
            moments = [entry.recorded_at for entry in trail]
            assert moments == sorted(moments)
            assert len(engine.ask(PlanBoard(plan=story["plan"]), Actor(owner)).tasks) == len(
                story["tasks"]
            )


def test_every_command_that_it_names_works(folder):
    for each in json.loads(play("--json"))["next"]:
        ran = CliRunner().invoke(app, each["command"].split()[1:])
        assert ran.exit_code == 0, ran.output
        assert ran.stdout


def test_it_is_short_and_speaks_of_nobody_being_better(folder):
    told = play()

    assert len(told.splitlines()) < 100
    assert not re.search(r"streak|rank|score|best|target|keep going|well done", told, re.IGNORECASE)


def _owner(engine, plan):
    return engine.ask(PlanBoard(plan=plan), THE_ENGINE).employee
