"""The command line, met as a user meets it: a database, a command, an output and an exit code."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from countersign.interfaces.cli.app import app

HEADING = "number,name,email,login,manager,top,kind,time_zone,working_days,left_on"
INIT = [
    "init",
    "--number",
    "1",
    "--name",
    "Hilda",
    "--email",
    "hilda@x.example",
    "--second-number",
    "2",
    "--second-name",
    "Rob",
    "--second-email",
    "rob@x.example",
]
COMPANY = f"""{HEADING}
1,Hilda,hilda@x.example,,10,,,,,
2,Rob,rob@x.example,,10,,,,,
10,Tess Top,,,,yes,,Europe/Amsterdam,mon-fri,
11,Max Middle,,,10,,,Europe/Amsterdam,mon-fri,
12,Ada Emp,ada@x.example,ada,11,,,Europe/Amsterdam,"mon,tue,thu",
"""


class Shell:
    """Runs commands on one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told = ""

    def __call__(self, *words: str, exits: int = 0) -> str:
        ran = CliRunner().invoke(app, [*words, "--db", self.url])
        assert ran.exit_code == exits, ran.output
        return ran.output

    def says(self, *words: str):
        """What a command answers in JSON; the key's notice stands on a line of its own before."""
        said = self(*words, "--json")
        return json.loads(said[min(said.index(each) for each in "[{" if each in said) :])


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(f"sqlite:///{tmp_path}/company.db")


@pytest.fixture
def company(shell: Shell, tmp_path: Path) -> Shell:
    shell(*INIT)
    (tmp_path / "company.csv").write_text(COMPANY)
    shell("org", "import", "company.csv", "--as", "1", "--yes")
    return shell


def commands(command, path=("countersign",)):
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*path, name))
    if not hasattr(command, "commands"):
        yield " ".join(path), command


@pytest.mark.parametrize(
    ("path", "command"),
    [pytest.param(*each, id=each[0]) for each in commands(typer.main.get_command(app))],
)
def test_every_command_shows_an_example_of_itself(path, command):
    assert path in f"{command.help} {command.epilog}"


def test_the_first_run_names_two_administrators_and_says_what_comes_next(shell):
    assert "Hilda and Rob are the administrators" in shell(*INIT)


def test_there_is_one_first_run_only(shell):
    shell(*INIT)

    assert "has its administrators already" in shell(*INIT, exits=1)


def test_the_same_file_a_second_time_changes_nothing(company):
    again = company.says("org", "import", "company.csv", "--as", "1", "--yes")

    assert not any(again.get("changed", {}).values())


def test_a_changed_file_changes_just_what_changed(company, tmp_path):
    (tmp_path / "company.csv").write_text(COMPANY.replace("12,Ada Emp", "12,Ada Employee"))
    again = company.says("org", "import", "company.csv", "--as", "1", "--yes")

    assert sum(again["changed"].values()) == 1


def test_every_bad_row_is_named_with_line_column_and_remedy_and_nothing_is_imported(
    company, tmp_path
):
    (tmp_path / "bad.csv").write_text(
        f"{HEADING}\n"
        "20,Fine Person,,,10,,,,,\n"
        '21,"Two\nLines",,,999,,,,,\n'
        "22,Bad Zone,,,10,,,Mars/Base,,\n"
        "22,Twice,,,10,,,,funday,\n"
        "23,,,,10,,robot,,,31 March\n"
    )
    said = company("org", "import", "bad.csv", "--as", "1", "--yes", exits=1)

    for line, column in [(3, "manager"), (5, "time_zone"), (6, "number"), (6, "working_days")]:
        assert re.search(rf"\b{line}\b.*{column}", said), (line, column, said)
    for column in ("name", "kind", "left_on"):
        assert re.search(rf"\b7\b.*{column}", said), (column, said)
    assert "Fine Person" not in company("employee", "list", "--as", "1")


def test_a_refusal_is_its_sentence_and_exit_code_one(company):
    company("plan", "start", "--as", "12")

    assert "one runs at a time" in company("plan", "start", "--as", "12", exits=1)


def test_a_plan_walks_by_short_words(company):
    company("plan", "start", "--as", "ada@x.example")
    task = ("--activity", "mail", "--task", "Find leads", "--need", "leads")
    company("plan", "examine", *task, "--as", "12")

    assert company.says("plan", "show", "--as", "12")["step"] == 2


def test_a_stranger_is_told_that_there_is_nothing(company):
    company("plan", "start", "--as", "12")

    company("plan", "show", "12", "--as", "2", exits=1)


def test_a_missing_database_driver_or_file_is_said_without_a_traceback(shell):
    said = shell("org", "import", "nowhere.csv", "--as", "1", exits=2)

    assert "nowhere.csv" in said
    assert "Traceback" not in said


def test_another_master_key_is_refused_in_a_sentence(company, tmp_path, monkeypatch):
    (tmp_path / "company.key").unlink()
    monkeypatch.setenv("COUNTERSIGN_MASTER_KEY", "A" * 43)
    said = CliRunner().invoke(app, ["inbox", "--as", "1", "--db", company.url])

    assert said.exit_code == 2
    assert "Traceback" not in said.output


@pytest.fixture(params=["sqlite", "postgresql"])
def story(request, tmp_path, monkeypatch) -> Shell:
    """The demo has been played."""
    monkeypatch.chdir(tmp_path)
    if request.param == "sqlite":
        shell = Shell(f"sqlite:///{tmp_path}/story.db")
    else:
        monkeypatch.setenv("COUNTERSIGN_TENANT", request.getfixturevalue("fresh_postgres_schema"))
        monkeypatch.setenv("COUNTERSIGN_KEYRING_URL", f"sqlite:///{tmp_path}/story.keys.db")
        shell = Shell(request.getfixturevalue("postgres_url"))
    shell.told = shell("demo")
    return shell


def test_the_demo_tells_every_story_and_leaves_the_database(story):
    for sentence in (
        "enabled for one of two tasks",
        "accepted in round two",
        "not accepted for now",
        "your month begins again; your entries stay",
        "accepts on behalf of",
        "Nobody accepts their own task.",
        "waiting for HR to name an approver",
    ):
        assert sentence in story.told
    case = re.search(r"countersign replay (\w+) --as (\d+)", story.told)
    assert case
    replayed = story("replay", case[1], "--as", case[2])

    assert "level 2 accepts" in replayed
    assert "process record" in replayed
    assert "reference material" not in replayed, "two years later it has been destroyed"
    assert re.search(r"reading material \w+: destroyed on [\w ]+, certificate \w+", story.told)


def test_a_replay_as_of_an_earlier_day_stops_there(story):
    case = re.search(r"countersign replay (\w+) --as (\d+)", story.told)
    assert case
    earlier = story("replay", case[1], "--as", case[2], "--as-of", "2026-04-17")

    assert "acceptance is asked for: round 1" in earlier
    assert "round 2" not in earlier
    assert "level 1 waits for" in earlier


def test_a_rebuild_of_all_projections_changes_no_answer(story):
    before = story("inbox", "--as", "1016")
    story("projections", "rebuild", "--all")

    assert story("inbox", "--as", "1016") == before


def test_the_demo_does_not_play_over_what_is_there(story):
    said = CliRunner().invoke(app, ["demo", "--db", story.url])

    assert said.exit_code != 0
    assert "Traceback" not in said.output
