"""Projections by the command line: built anew, compared, gone back to, held up and let go."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial

import pytest
from rich.console import Console
from typer.testing import CliRunner

from countersign.infrastructure.assembly import House, Progress, open_house
from countersign.infrastructure.projections.inbox import InboxProjection
from countersign.infrastructure.projections.people import PeopleProjection
from countersign.infrastructure.projections.plan_board import PlanBoardProjection
from countersign.interfaces.cli import progress, worker
from countersign.interfaces.cli.app import app

INIT = (
    "init --number 1 --name Hilda --email hilda@x.example"
    " --second-number 2 --second-name Rob --second-email rob@x.example"
)
PEOPLE = """number,name,manager,top
1,Hilda,10,
2,Rob,10,
10,Tess,,yes
11,Max,10,
12,Ada,11,
13,Bob,11,
"""
NAMES = ("people", "plan_board", "inbox", "audit_trail", "due_dates", "reading_list")
UNTIL_TOLD = "import sys; from countersign.interfaces.cli.app import main; main()"


class Shell:
    """Runs commands on one database; `complaint` is what the last one said on standard error."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.complaint = ""

    def __call__(self, line: str, *more: str, exits: int = 0) -> str:
        words = [*line.split(), *more]
        ran = CliRunner().invoke(app, words, env={"COUNTERSIGN_DATABASE_URL": self.url})
        assert ran.exit_code == exits, ran.output
        assert "Traceback" not in ran.output
        self.complaint = ran.stderr
        return ran.stdout

    def says(self, line: str, *more: str, exits: int = 0):
        return json.loads(self(line, *more, "--json", exits=exits))

    @contextmanager
    def house(self):
        """The engine's parts, as a host would open them."""
        opened = open_house(self.url)
        try:
            yield opened
        finally:
            opened.close()

    def damage(self, sql: str) -> None:
        """Does to the live tables what nothing here ever does."""
        with self.house() as house, house.database.writing() as tx:
            assert house.projector.on_live(tx).run(sql)

    def starts(self, *words: str) -> subprocess.Popen[str]:
        """A command in a process of its own."""
        env = os.environ | {"COUNTERSIGN_DATABASE_URL": self.url}
        arguments = [sys.executable, "-c", UNTIL_TOLD, *words]
        return subprocess.Popen(arguments, env=env, stderr=subprocess.PIPE, text=True)


def small_company(shell: Shell) -> Shell:
    """Ada and Bob have each begun a plan."""
    shell(INIT)
    shell("org import people.csv --yes --as 1")
    shell("plan start --as 12")
    shell("plan start --as 13")
    return shell


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COUNTERSIGN_AS", raising=False)
    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    return tmp_path


@pytest.fixture
def shell(here) -> Shell:
    return small_company(Shell(f"sqlite:///{here}/company.db"))


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request, here, monkeypatch) -> Shell:
    """The same company on each kind of database."""
    if request.param == "sqlite":
        return small_company(Shell(f"sqlite:///{here}/company.db"))
    monkeypatch.setenv("COUNTERSIGN_TENANT", request.getfixturevalue("fresh_postgres_schema"))
    monkeypatch.setenv("COUNTERSIGN_KEYRING_URL", f"sqlite:///{here}/keys.db")
    return small_company(Shell(request.getfixturevalue("postgres_url")))


# Built anew


def test_a_rebuild_says_of_each_what_was_compared_and_switches(anywhere):
    said = anywhere("projections rebuild --all")

    for name in NAMES:
        row = rf"^{name} +same +\d+ +(\d+ rows) +\1 +([0-9a-f]{{12}}) +\2$"
        assert re.search(row, said, re.MULTILINE)
    assert "Switched at position" in said
    assert "rollback" in said


def test_a_short_rebuild_says_nothing_on_its_way(shell):
    assert "folding" not in shell("projections rebuild --all")
    assert shell.complaint == ""


def test_in_json_the_digest_is_whole(shell):
    told = shell.says("projections rebuild inbox people inbox")
    inbox, people = told["comparisons"]

    assert told["projections"] == ["inbox", "people"]
    assert told["switched"]
    assert inbox["same"]
    assert len(people["live"]["digest"]) == 64
    assert people["live"] == people["built"]


def test_a_dry_run_tells_the_estimate_and_switches_nothing(shell):
    before = shell.says("projections status")
    said = shell("projections rebuild --all --dry-run")

    assert re.search(r"A rebuild takes about [\d.]+ s: \d+ events folded in .*/s\)", said)
    assert shell.says("projections status") == before


def test_a_dry_run_that_differs_names_the_rows_and_ends_with_one(shell):
    shell.damage("DELETE FROM cs_p_plan")
    said = shell("projections rebuild plan_board --dry-run", exits=1)

    assert "4 rows of plan_board" in said
    assert re.search(r"cs_p_plan [0-9a-f-]{36}, from position \d+: only in the one", said)
    assert "Nothing was switched" in said


def test_a_rebuild_that_differs_is_switched_all_the_same_and_says_so(anywhere):
    anywhere.damage("DELETE FROM cs_p_plan")
    anywhere("plan show --as 12", exits=1)
    said = anywhere("projections rebuild plan_board")

    assert re.search(r"^plan_board +differs +\d+ +0 rows +4 rows ", said, re.MULTILINE)
    assert "The new tables say what the journal says." in said
    anywhere("plan show --as 12")


def test_a_rebuild_goes_back_and_forth(shell):
    shell.damage("DELETE FROM cs_p_plan")
    shell("projections rebuild plan_board")

    assert "the same command goes back" in shell("projections rollback plan_board")
    shell("plan show --as 12", exits=1)
    shell("projections rollback plan_board")
    shell("plan show --as 12")


def test_where_nothing_is_kept_there_is_no_way_back(shell):
    shell("projections rollback inbox", exits=1)

    assert "No earlier copy of inbox" in shell.complaint


def test_the_second_of_two_rebuilds_says_who_holds_it(anywhere):
    def another(told: Progress) -> None:
        anywhere("projections rebuild inbox people", exits=1)

    with anywhere.house() as house:
        house.rebuild(("inbox",), report=another)

    assert re.search(rf"inbox is being built by \S+:{os.getpid()}:\w+ since", anywhere.complaint)


class Killed(Exception):
    pass


def broken_off(shell: Shell, *names: str) -> None:
    def killed(told: Progress) -> None:
        if told.step == "folding":
            raise Killed

    with shell.house() as house, pytest.raises(Killed):
        house.rebuild(names, report=killed)


def test_a_rebuild_that_was_broken_off_goes_on(anywhere):
    broken_off(anywhere, "inbox")
    told = anywhere.says("projections rebuild inbox --resume")

    assert told["resumed_at"] > 0
    assert told["same"]


def test_a_rebuild_may_begin_anew(shell):
    broken_off(shell, "inbox")

    assert shell.says("projections rebuild inbox --restart")["resumed_at"] == 0
    shell("projections rebuild inbox --resume", exits=1)
    assert "No build of inbox was broken off." in shell.complaint


def test_whoever_breaks_a_rebuild_off_hears_how_it_goes_on(shell, monkeypatch):
    def interrupted(house: House, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(House, "rebuild", interrupted)
    shell("projections rebuild inbox", exits=130)

    assert "The same command goes on from where it was." in shell.complaint


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("rebuild", "Give --all, or some of: people"),
        ("rebuild inbox --all", "Give --all, or some of: people"),
        ("rebuild boxin", "boxin is no projection. There are: people"),
        ("verify boxin", "boxin is no projection"),
        ("rollback boxin", "boxin is no projection"),
        ("quarantine retry boxin", "boxin is no projection"),
        ("rebuild --all --resume --restart", "one at a time"),
        ("rebuild --all --dry-run --resume", "one at a time"),
    ],
)
def test_what_cannot_be_understood_is_told_in_a_sentence(shell, words, says):
    shell(f"projections {words}", exits=2)

    assert says in shell.complaint


# Compared


def test_without_drift_a_verification_ends_with_nought(anywhere):
    said = anywhere("projections verify")

    assert "No drift up to position" in said
    assert all(name in said for name in NAMES)


def test_drift_is_named_by_row_and_column(anywhere):
    anywhere.damage("UPDATE cs_p_plan SET doc = '{\"step\": 8}' WHERE until_position IS NULL")
    told = anywhere.says("projections verify inbox plan_board", exits=1)
    said = anywhere("projections verify plan_board", exits=1)
    inbox, plan_board = told["comparisons"]

    assert inbox["same"]
    assert plan_board["differing"] == len(plan_board["differences"]) == 2
    assert plan_board["differences"][0]["live"] == {"doc": '{"step": 8}'}
    key = plan_board["differences"][0]["key"]
    assert re.search(rf"  cs_p_plan {key}, from position \d+: not the same in doc \(.*step", said)
    assert "Drift at position" in said


def test_a_row_that_can_no_longer_be_read_is_drift_like_any_other(shell):
    shell.damage("UPDATE cs_p_plan SET doc = '[' WHERE until_position IS NULL")

    assert "not the same in doc (" in shell("projections verify plan_board", exits=1)


def test_a_verification_leaves_nothing_behind(shell):
    before = shell.says("projections status")
    shell("projections verify")

    assert shell.says("projections status") == before


# How they are


def test_status_says_of_each_where_it_stands(shell):
    shell("projections rebuild inbox")
    said = shell("projections status")

    for name in NAMES:
        assert re.search(rf"^{name} +\d+ +live +\d+ +0 events", said, re.MULTILINE)
    assert re.search(r"^inbox +1 +kept +\d+ ", said, re.MULTILINE)


def test_status_is_what_the_engine_is_asked_for(shell):
    told = shell.says("projections status")
    with shell.house() as house:
        asked = house.health()

    assert told == asked.model_dump(mode="json")
    assert told["healthy"]


def test_status_only_looks_and_a_worker_follows(anywhere):
    anywhere("plan examine --activity mail --need leads --as 12 --task", "Find leads")
    before = anywhere.says("projections status")
    again = anywhere.says("projections status")
    anywhere("worker --once")
    after = anywhere.says("projections status")

    def behind(told):
        return {each["lag_events"] for each in told["projections"]}

    assert behind(before) == behind(again)
    assert behind(after) == {0}
    assert behind(before) == {0} or anywhere.url.startswith("postgresql")


def test_a_newer_version_is_built_beside_the_older_which_stays(anywhere, monkeypatch):
    monkeypatch.setattr(InboxProjection, "version", 2)
    said = anywhere("projections status", exits=1)
    assert re.search(r"^inbox +1 +live for another version ", said, re.MULTILINE)
    assert "Not built yet in the version known here: inbox." in said

    anywhere("db upgrade")
    said = anywhere("projections status")
    assert re.search(r"^inbox +1 +live for another version ", said, re.MULTILINE)
    assert re.search(r"^inbox +2 +live +\d+ +0 events", said, re.MULTILINE)

    monkeypatch.setattr(InboxProjection, "version", 1)
    assert anywhere("inbox --as 11").strip() != ""


def test_what_was_never_live_is_not_compared(shell, monkeypatch):
    monkeypatch.setattr(InboxProjection, "version", 2)
    said = shell("projections rebuild inbox")

    assert re.search(r"^inbox +nothing live yet ", said, re.MULTILINE)
    assert said.splitlines()[-1].startswith("Switched at position")
    shell("projections rollback inbox", exits=1)


# Held up


@pytest.fixture
def stumbles(monkeypatch):
    """Lets a projection stumble over events of a name; returns what mends it."""

    def make(projection, name):
        fold = projection.fold

        def stumbling(self, pages, recorded):
            if recorded.name == f"{name}.v1":
                raise KeyError("nowhere")
            fold(self, pages, recorded)

        monkeypatch.setattr(projection, "fold", stumbling)
        return partial(monkeypatch.setattr, projection, "fold", fold)

    return make


def tried_often_enough(shell: Shell, name: str) -> None:
    shell("policy show --as 1")
    for _ in range(4):
        tried = CliRunner().invoke(
            app, ["projections", "quarantine", "retry", name, "--db", shell.url]
        )
        assert "Traceback" not in tried.output


@pytest.fixture
def held_up(anywhere, stumbles):
    """Ada's plan is set aside on the plan board; Bob's goes on."""
    for number in (12, 13):
        task = ("--activity", "mail", "--need", "leads", "--task", "Find leads")
        anywhere("plan examine", *task, "--as", str(number))
    mend = stumbles(PlanBoardProjection, "plan.use_pinpointed")
    anywhere("plan pinpoint --point am --purpose leads --channel LinkedIn --as 12")
    tried_often_enough(anywhere, "plan_board")
    anywhere("plan simple --action search --as 12")
    anywhere("policy show --as 1")
    return anywhere, mend


def test_what_is_held_up_is_listed(held_up):
    shell, _ = held_up
    (entry,) = shell.says("projections quarantine list")
    said = shell("projections quarantine list")

    assert entry["projection"] == "plan_board"
    assert entry["attempts"] >= 4
    assert entry["waiting"] == 3
    assert entry["error"].startswith("plan.use_pinpointed.v1: KeyError")
    assert entry["partition"] in said


def test_status_ends_with_one_while_something_is_held_up(held_up):
    shell, _ = held_up
    part = shell.says("projections quarantine list")[0]["partition"]
    said = shell("projections status", exits=1)

    assert f"plan_board has set aside: {part}\n" in said
    assert re.search(r"^plan_board +\d+ +live +\d+ +0 events +\S+ +1 ", said, re.MULTILINE)
    assert "projections quarantine list" in said


def test_others_go_on(held_up):
    shell, _ = held_up
    shell("plan simple --action search --as 13", exits=1)

    assert shell.says("plan show --as 13")["step"] == 2
    assert shell.says("plan show --as 12")["step"] == 2


def test_what_is_held_up_is_shown_with_what_waits(held_up):
    shell, _ = held_up
    (entry,) = shell.says("projections quarantine list")
    part = entry["partition"][:8]
    told = shell.says(f"projections quarantine show plan_board {part}")
    said = shell("projections quarantine show plan_board")

    assert told["event"]["name"] == "plan.use_pinpointed.v1"
    assert told["event"]["position"] == entry["position"]
    assert told["event"]["stream"] in said
    assert "plan.routine_set.v1" in [each["name"] for each in told["waiting"]]
    assert f"held up at position {entry['position']}: plan.use_pinpointed.v1" in said
    assert "KeyError" in said
    assert "events that wait behind it: 3" in said


def test_as_long_as_the_cause_is_there_a_retry_changes_nothing(held_up):
    shell, _ = held_up
    said = shell("projections quarantine retry plan_board", exits=1)
    (entry,) = shell.says("projections quarantine list")

    assert "is held up still: plan_board cannot fold plan.use_pinpointed.v1" in said
    assert entry["waiting"] == 3


def test_once_mended_a_retry_folds_all_and_is_as_good_as_a_rebuild(held_up):
    shell, mend = held_up
    mend()
    said = shell("projections quarantine retry plan_board")

    assert "goes on: 4 events folded." in said
    assert shell("projections quarantine list") == "Nothing is held up.\n"
    assert shell.says("plan show --as 12")["step"] == 4
    shell("projections verify")


def test_a_skip_leaves_one_event_out_and_a_rebuild_leaves_it_out_too(held_up):
    shell, _ = held_up
    part = shell.says("projections quarantine list")[0]["partition"]
    skip = f"projections quarantine skip plan_board {part} --reason"
    said = shell(skip, "see the notes", "--as", "1")

    assert re.search(r"Plan board 1 goes on without event \d+\.", said)
    assert "goes on: 3 events folded." in said
    assert shell.says("projections status")["healthy"]
    shell("projections verify")


def test_a_skip_is_an_engineers_and_on_record(held_up):
    shell, _ = held_up
    skip = ("projections quarantine skip plan_board", "--reason", "see the notes")
    shell(*skip, exits=2)
    assert "--as PERSON" in shell.complaint
    shell(*skip, "--as", "12", exits=1)
    assert "RoleNeeded" in shell.complaint

    told = shell.says(*skip, "--as", "1")
    assert [each["name"] for each in told["receipt"]["events"]] == ["projection.event_skipped.v1"]
    assert told["error"] is None


def test_what_is_not_held_up_is_neither_shown_nor_skipped(shell):
    shell("projections quarantine show inbox", exits=1)
    assert "NothingSetAside" in shell.complaint
    shell("projections quarantine skip inbox 3f2a81c9 --reason none --as 1", exits=1)
    assert "nothing is held up under 3f2a81c9" in shell.complaint

    assert shell("projections quarantine retry inbox") == "Of inbox nothing is held up.\n"


def test_of_several_one_must_be_named(shell, stumbles):
    mend = stumbles(PlanBoardProjection, "plan.job_examined")
    for number in (12, 13):
        task = ("--activity", "mail", "--need", "leads", "--task", "Find leads")
        shell("plan examine", *task, "--as", str(number))
        tried_often_enough(shell, "plan_board")
    shell("projections quarantine show plan_board", exits=1)
    assert "WhichPartition" in shell.complaint

    mend()
    assert len(shell.says("projections quarantine retry plan_board")) == 2
    assert shell.says("projections quarantine list") == []


@pytest.fixture
def without_people(shell, stumbles):
    """People stand still as a whole: where one is missing, another's approver would be wrong."""
    mend = stumbles(PeopleProjection, "employee.absence_noted")
    shell("employee absent --from 2027-01-04 --until 2027-01-11 --as 13")
    shell("employee absent --from 2027-02-04 --until 2027-02-11 --as 13")
    tried_often_enough(shell, "people")
    return shell, mend


def test_a_projection_that_stands_still_is_listed_as_a_whole(without_people):
    shell, _ = without_people
    (entry,) = shell.says("projections quarantine list")
    shell("employee list --as 1", exits=1)

    assert entry["partition"] is None
    assert "people" in shell.complaint
    assert "all of it" in shell("projections quarantine list")
    assert "employee.absence_noted.v1" in shell("projections quarantine show people")
    said = shell("projections status", exits=1)
    assert re.search(r"^people +1 +stands still ", said, re.MULTILINE)


def test_once_mended_it_goes_on_from_there(without_people):
    shell, mend = without_people
    mend()
    said = shell("projections quarantine retry people")

    assert re.search(r"people goes on: \d+ events folded\.", said)
    shell("employee list --as 1")


def test_what_people_stumble_over_is_skipped_though_nobody_can_be_asked_for(without_people):
    shell, _ = without_people
    skip = ("projections quarantine skip people", "--reason", "see the notes", "--as", "1")
    assert "is held up still" in shell(*skip, exits=1)
    assert "goes on" in shell(*skip)

    assert shell.says("projections status")["healthy"]
    shell("projections verify people")


# Progress


def at(step: str, done: int, total: int = 1000, remaining: float | None = 2.0) -> Progress:
    return Progress(step, done, total, 500.0, remaining, 64 * 2**20)


@pytest.fixture
def seconds(monkeypatch):
    """A clock that a test turns."""

    class Turned:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    return Turned()


@pytest.mark.parametrize(
    ("pace", "heard"),
    [(0.25, [40, *range(100, 1000, 100)]), (0.0625, [160, 320, 480, 640, 800, 960])],
)
def test_a_pipe_hears_early_and_of_every_tenth_but_not_twice_a_second(seconds, pace, heard):
    told: list[Progress] = []
    lines = progress.Lines(told.append, seconds)
    for done in range(0, 1000, 10):
        lines(at("folding", done))
        seconds.now += pace

    assert [each.done for each in told] == heard


def test_a_pipe_hears_every_five_seconds_however_little_is_done(seconds):
    told: list[Progress] = []
    lines = progress.Lines(told.append, seconds)
    for done in range(5):
        seconds.now += 3
        lines(at("folding", done))

    assert [each.done for each in told] == [0, 2, 4]


def test_a_line_has_rate_estimate_and_memory():
    said = progress.line(at("folding", 250))

    assert said == "folding: 25 %, 250 of 1,000 events, 500/s, 2.0 s to go, 64 MB"
    assert progress.line(at("indexing", 5, 10, None)) == "indexing: 50 %, 64 MB"
    assert [progress.duration(s) for s in (12, 80, 11_100)] == ["12 s", "1 min 20 s", "3 h 5 min"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_a_bar_with_rate_estimate_and_memory(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Terminal()
    out = Console(file=screen, force_terminal=True, width=120)
    with progress.shown(out, as_json=False) as report:
        assert screen.getvalue() == ""
        report(at("folding", 250))

    assert "250 of 1,000 events, 500/s, 2.0 s to go, 64 MB" in screen.getvalue()


def test_a_terminal_that_cannot_draw_gets_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(progress, "SOONEST_SECONDS", 0.0)
    screen = Terminal()
    with progress.shown(Console(file=screen, force_terminal=True, width=120), as_json=False) as say:
        say(at("folding", 250))

    assert screen.getvalue().startswith("folding: 25 %, 250 of 1,000 events")


def test_in_json_progress_is_lines_beside_the_answer(capsys, monkeypatch):
    monkeypatch.setattr(progress, "SOONEST_SECONDS", 0.0)
    with progress.shown(Console(file=Terminal()), as_json=True) as report:
        report(at("folding", 250))
    said = capsys.readouterr()

    assert json.loads(said.err)["progress"]["remaining"] == 2.0
    assert said.out == ""


# Workers


def test_workers_follow_one_at_a_time_and_end_in_good_order(anywhere):
    first = anywhere.starts("worker")
    assert first.stderr.readline().endswith("follows the journal\n")
    second = anywhere.starts("worker", "--json")
    stands_by = json.loads(second.stderr.readline())
    assert re.match(rf"stands by; at work is \S+:{first.pid}:\w+", stands_by["says"])

    first.send_signal(signal.SIGTERM)
    assert first.communicate(timeout=20)[1].endswith("has ended in good order\n")
    assert json.loads(second.stderr.readline())["says"] == "follows the journal"
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=20)

    assert (first.returncode, second.returncode) == (0, 0)


def test_a_fault_is_logged_with_where_it_was_and_not_with_what_was_given():
    given = "Ada's number is 12"
    try:
        raise ValueError(given)
    except ValueError:
        said = worker.Lines().formatException(sys.exc_info())

    assert "test_cli_projections.py" in said
    assert said.endswith("ValueError")
    assert given not in said


def test_one_turn_is_enough_for_a_timetable(shell):
    shell("worker --once")

    assert "follows the journal" in shell.complaint
    assert shell.complaint.endswith("has ended in good order\n")
    assert {each["holder"] for each in shell.says("projections status")["projections"]} == {None}
