"""A whole case by the command line: every step and decision as people would type it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from countersign import Actor, open_engine
from countersign.application.questions import AuditTrail, PlanBoard, WhoIs
from countersign.interfaces.cli.app import app

HEADING = "number,name,email,login,manager,top,working_days"
PEOPLE = f"""{HEADING}
1,Hilda,hilda@x.example,,10,,
2,Rob,rob@x.example,,10,,
10,Tess Top,tess@x.example,tess,,yes,
11,Max Middle,max@x.example,max,10,,mon-sun
12,Ada Emp,ada@x.example,ada,11,,mon-fri
13,Bob Emp,bob@x.example,bob,11,,
"""
TODAY = datetime.now(UTC).date()


class Shell:
    """Runs commands on one database, and reads the journal beside them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.runner = CliRunner()

    def __call__(self, line: str, *more: str, exits: int = 0) -> str:
        ran = self.runner.invoke(
            app, [*line.split(), *more], env={"COUNTERSIGN_DATABASE_URL": self.url}
        )
        assert ran.exit_code == exits, ran.output
        self.complaint = ran.stderr
        return ran.stdout

    def says(self, line: str, *more: str):
        return json.loads(self(line, *more, "--json"))

    def events(self, number: str) -> list[str]:
        """What is recorded of somebody's plan."""
        with open_engine(self.url) as engine:
            person = engine.ask(WhoIs(known_as=number), Actor("nobody")).person
            board = engine.ask(PlanBoard(person=person), Actor(person))
            trail = engine.ask(AuditTrail(case=board.plan), Actor(person))
        return [entry.name.removesuffix(".v1") for entry in trail]


@pytest.fixture
def shell(tmp_path, monkeypatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COUNTERSIGN_AS", raising=False)
    (tmp_path / "people.csv").write_text(PEOPLE, "utf-8")
    shell = Shell(f"sqlite:///{tmp_path}/company.db")
    shell(
        "init --number 1 --name Hilda --email hilda@x.example"
        " --second-number 2 --second-name Rob --second-email rob@x.example"
    )
    shell("org import people.csv --yes --as 1")
    return shell


@pytest.fixture
def practised(shell: Shell) -> Shell:
    """Ada is past step 4: the policy of this house takes entries of the last two months."""
    shell("policy set backdate_days=90 --reason tests --as 1")
    shell("plan start --as 12")
    shell("plan examine --activity mail --need leads --as 12 --task", "Find leads")
    shell("plan pinpoint --point am --purpose leads --channel LinkedIn --as ada")
    shell("plan simple --action search --action ask --as ada@x.example")
    days = [TODAY - timedelta(days=past) for past in range(42, -1, -4)]
    shell("plan log --as 12", *(word for day in days for word in ("--on", day.isoformat())))
    return shell


@pytest.fixture
def asked(practised: Shell) -> Shell:
    practised("plan check --verdict keep --as 12")
    practised(
        "result note --kind lead --channel LinkedIn --what quotation --confirmable-by sales --as 12"
    )
    practised("plan review --activity mail --as 12")
    practised("plan settle --as 12")
    practised("approval ask --as 12")
    return practised


def test_a_case_goes_all_the_way_to_enabled(asked):
    assert asked.says("inbox --as 11")[-1]["kind"] == "decide"
    asked("approval accept --evidence 1 --value direct --as 11")
    asked("approval accept --evidence 1 --value direct --as 10")

    assert asked.events("12")[-2:] == ["approval.accepted", "approval.enabled"]
    assert "enabled until" in asked("plan show --as 12")


def test_whoever_accepted_level_one_does_not_accept_level_two(asked):
    asked("approval accept --evidence 1 --value direct --as 11")
    task = asked.says("plan show --as 12")["tasks"][0]["task"]
    before = asked.events("12")

    asked(f"approval accept {task} --evidence 1 --value direct --as 11", exits=1)

    assert "DecidedOtherLevel" in asked.complaint
    assert asked.events("12") == before


def test_a_decision_names_the_evidence_that_was_looked_at(asked):
    assert "evidence version 1" in asked("approval show --as 11")
    asked("result add-evidence --evidence page --locator https://x.example --as 12")

    asked("approval accept --evidence 1 --value direct --as 11", exits=1)
    assert "StaleEvidence" in asked.complaint

    asked("approval accept --evidence 2 --value direct --as 11")


def test_a_return_lands_in_the_employees_inbox_and_is_asked_again(asked):
    asked("approval return --evidence 1 --missing which? --to-step 6 --as 11")
    assert "Returned to you" in asked("inbox --as 12")

    asked("approval ask --as 12")

    assert asked.says("plan show --as 12")["tasks"][0]["request"]["round"] == 2


def test_a_decline_is_not_accepted_for_now(asked):
    assert "Not accepted for now" in asked("approval decline --evidence 1 --reason known --as 11")
    assert "not accepted for now" in asked("plan show --as 12")


def test_questions_go_back_and_forth_and_move_nothing(asked):
    asked("approval question --text since? --as 11")
    assert "A question waits" in asked("inbox --as 12")
    asked("approval answer --text March --as 12")

    assert "since?; March" in asked("approval show --as 11")


def test_a_request_is_withdrawn(asked):
    asked("approval withdraw --as 12")

    assert "withdrawn" in asked("approval show --as 12")
    assert [each["kind"] for each in asked.says("inbox --as 11")] == ["acknowledge"]


def test_a_stand_in_decides_on_behalf_of_the_absent_one(asked):
    until = TODAY + timedelta(days=9)
    asked(f"employee stand-in appoint 13 --from {TODAY} --until {until} --as 11")
    assert "on behalf of Max Middle" in asked("inbox --as 13")
    asked("approval accept --evidence 1 --value indirect --as 13")

    assert "accepted by Bob Emp on behalf of Max Middle" in asked("plan show --as 12")


def test_hr_names_an_approver_by_an_outsiders_address(asked):
    asked("employee outsider Vera --email vera@board.example --as 1")
    task = asked.says("plan show --as 12")["tasks"][0]["task"]
    asked(f"approval name {task} --level 2 --approver vera@board.example --reason due --as 1")
    asked("approval accept --evidence 1 --value direct --as 11")

    assert [each["kind"] for each in asked.says("inbox --as vera@board.example")] == ["decide"]


def test_reading_material_is_cited_and_stays_what_it_was(practised):
    practised("plan check --verdict keep --as 12")
    practised("reference keep --url https://x.example --as 12", "How readers choose")
    (item,) = practised.says("reference list --as 12")
    practised(
        f"result note --kind article --channel press --what it --cite {item['item'][:8]} --as 12"
    )

    (cited,) = practised.says("reference list --as 12")
    (result,) = practised.says("result list --as 12")
    assert cited["record_class"] == "reference_material"
    assert result["evidence"][0]["title"] == "How readers choose"


def test_evidence_that_can_be_opened_is_seen_by_whoever_decides(asked, tmp_path):
    (result,) = asked.says("result list --as 12")
    (tmp_path / "quotation.txt").write_text("three pumps")
    asked(f"result attach {result['result'][:8]} quotation.txt --as 12")
    (file,) = asked.says("result list --as 12")[0]["files"]
    assert "quotation.txt" in asked("plan show 12 --as 11")
    asked(f"result file {file['copy_id'][:8]} --plan 12 --to got.txt --as 11")

    assert (tmp_path / "got.txt").read_text() == "three pumps"
    assert "UnknownFile" not in asked.complaint
    asked(f"result file {file['copy_id'][:8]} --plan 12 --to hr.txt --as 1", exits=1)
    assert "UnknownFile" in asked.complaint


def test_what_the_engine_refuses_is_said_and_not_written(shell):
    shell("plan start --as 12")
    before = shell.events("12")
    shell("approval ask --as 12", exits=1)
    shell("plan log --as 12", exits=1)
    shell("plan settle --as 12", exits=1)

    assert "[" in shell.complaint
    assert shell.events("12") == before


def test_a_refusal_in_json_has_its_name_sentence_and_details(shell):
    shell("plan log --on 2000-01-01 --as 12 --json", exits=1)

    told = json.loads(shell.complaint)
    assert told["refusal"] == "PlanNotStarted"
    assert told["says"].endswith(".")
    assert told["details"] == {}


def test_bad_rows_in_json_are_told_one_by_one(shell, tmp_path):
    (tmp_path / "bad.csv").write_text("number,name,manager,left_on\n20,A,99,soon\n", "utf-8")
    shell("org import bad.csv --yes --as 1 --json", exits=1)

    told = json.loads(shell.complaint)["details"]["problems"]
    assert [(each["row"], each["column"]) for each in told] == [(2, "left_on"), (2, "manager")]
    assert all(each["remedy"] for each in told)


def test_a_dry_run_writes_nothing(shell, tmp_path):
    (tmp_path / "more.csv").write_text(f"{HEADING}\n20,New One,,,11,,\n", "utf-8")
    assert "1 people join" in shell("org import more.csv --dry-run --as 1")

    shell("employee show 20 --as 1", exits=1)


def test_in_a_pipe_an_import_needs_a_word_beforehand(shell, tmp_path):
    (tmp_path / "more.csv").write_text(f"{HEADING}\n20,New One,,,11,,\n", "utf-8")
    shell("org import more.csv --as 1", exits=2)

    assert "--yes" in shell.complaint


def test_only_hr_imports(shell):
    shell("org import people.csv --yes --as 12", exits=1)

    assert "RoleNeeded" in shell.complaint


def test_nobody_in_particular_does_nothing(shell):
    shell("inbox", exits=2)

    assert "--as" in shell.complaint


def test_options_may_stand_before_the_command(shell):
    assert shell(f"--db {shell.url} --as 12 --json inbox").strip() == "[]"


def test_a_person_goes_by_the_beginning_of_an_id(shell):
    person = shell.says("employee show 12 --as 1")["person"]

    assert shell.says(f"employee show {person[:8]} --as 1")["person"] == person
    shell(f"employee show {person[:4]} --as 1", exits=1)


def test_a_wrong_value_is_named_and_not_understood(shell):
    shell("policy set rounds=99 --reason x --as 1", exits=2)
    assert "rounds" in shell.complaint

    shell("policy set rondes=2 --reason x --as 1", exits=2)
    assert "rondes=2" in shell.complaint

    shell("plan log --on gestern --as 12", exits=2)
    assert "gestern" in shell.complaint


def test_an_empty_inbox_says_what_to_do_next(shell):
    assert "countersign plan start" in shell("inbox --as 12")
    shell("plan start --as 12")
    assert "List an ordinary day; nobody sees it yet" in shell("inbox --as 12")
    shell("employee role grant 13 auditor --as 1")
    assert shell("inbox --as 13") == "No cases yet.\n"


def test_hrs_empty_inbox_is_a_checklist(shell):
    shell("employee set-line 13 --as 1")
    said = shell("inbox --as 1")

    assert "Without a manager: Bob Emp" in said
    assert f"The holidays of {TODAY.year} are not set" in said
    assert "top of the house" not in said

    shell("employee set-line 13 --manager 11 --as 1")
    shell(f"policy holidays {TODAY.year} {TODAY.year}-12-25 --as 1")
    assert "Without a manager" not in shell("inbox --as 1")
    assert "holidays" not in shell("inbox --as 1")


def test_a_manager_sees_neither_the_day_nor_the_practice_before_they_are_told(practised):
    said = practised("plan show 12 --as 11")

    assert "Find leads" in said
    assert "practice" not in said.replace("a month of dated practice", "")


def test_a_plan_is_abandoned_and_another_begun(shell):
    shell("plan start --as 12")
    shell("plan abandon --as 12", exits=2)
    shell("plan abandon --yes --as 12")

    shell("plan start --as 12")


def test_lines_absences_and_days_are_changed_and_undone(shell):
    shell("employee set-line 12 --manager 10 --as 1")
    assert "reports to Tess Top" in shell("employee show 12 --as 1")
    shell("employee set-line 12 --manager 10 --top --as 1", exits=2)
    shell("employee working-days mon,tue --as 12")
    shell("employee working-days someday --as 12", exits=2)
    shell("employee time-zone Europe/Lisbon --as 12")
    shell("employee absent --from 2027-01-04 --until 2027-01-11 --as 12")
    shell("employee back --from 2027-01-05 --as 12", exits=2)
    shell("employee back --from 2027-01-04 --as 12")
    shell("employee stand-in appoint 13 --from 2027-01-04 --until 2027-01-11 --as 11")
    shell("employee stand-in end --as 11")
    shell("employee leave 13 --as 1")
    assert "not in service" in shell("employee show 13 --as 1")
    shell("employee return 13 --as 1")
    assert "not in service" not in shell("employee show 13 --as 1")
    shell("employee job-change 12 --as 1")
    shell("policy holidays 2027 2027-01-01 --as 1")


def test_the_tables_are_looked_at_before_and_after(shell, tmp_path):
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"
    assert "no tables yet" in shell(f"db status --db {elsewhere}")
    assert not (tmp_path / "elsewhere.db").exists()
    shell(f"db upgrade --db {elsewhere}")

    status = shell.says(f"db status --db {elsewhere}")
    assert status["up_to_date"]
    assert status["found"] == status["newest"]


def test_a_database_that_is_not_there_is_not_made_by_looking(shell, tmp_path):
    shell(f"inbox --as 1 --db sqlite:///{tmp_path}/none.db", exits=2)

    assert "countersign init" in shell.complaint
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("url", ["nothing", "mysql://x/y", "postgresql://localhost:1/x"])
def test_an_address_that_leads_nowhere_is_told_in_a_sentence(shell, url):
    shell(f"inbox --as 1 --db {url}", exits=2)

    assert "Traceback" not in shell.complaint


def test_a_file_that_is_no_database_is_told_in_a_sentence(shell, tmp_path):
    (tmp_path / "text.db").write_text("not a database at all" * 100)
    shell(f"inbox --as 1 --db sqlite:///{tmp_path}/text.db", exits=2)

    assert "not a database" in shell.complaint


def test_an_unknown_projection_is_named_with_the_known_ones(shell):
    shell("projections rebuild boxin", exits=2)
    assert "inbox" in shell.complaint

    assert shell.says("projections rebuild inbox people")["projections"] == ["inbox", "people"]


@pytest.mark.parametrize(
    "line",
    [
        "inbox --as 12",
        "plan show --as 12",
        "replay --as 12",
        "replay 12 --as 11 --as-of 2000-01-01",
        "approval show --as 11",
        "result list --as 12",
        "reference list --as 12",
        "employee list --as 12",
        "employee show --as 12",
        "policy show --as 1",
        "db status",
        "projections rebuild --all",
        "projections rebuild --all --dry-run",
        "projections verify",
        "projections status",
        "projections quarantine list",
        "projections quarantine show inbox",
        "projections quarantine retry inbox",
        "projections rollback inbox",
        "worker --once",
    ],
)
def test_an_answer_in_json_is_json(asked, line):
    ran = asked.runner.invoke(
        app, [*line.split(), "--json"], env={"COUNTERSIGN_DATABASE_URL": asked.url}
    )

    assert json.loads(ran.stdout or ran.stderr) is not None
    assert "Traceback" not in ran.output


def test_an_employee_is_shown_who_has_looked(asked):
    assert "Nobody else has looked" in asked("employee reads --as 13")
    ada = asked.says("employee show 12 --as 12")["person"]
    asked("plan show", ada, "--as", "1")
    asked("employee role grant 13 auditor --as 1")
    plan = asked.says("plan show --as 12")["plan"]
    asked("replay", plan, "--reason", "a complaint", "--as", "13")

    told = asked.says("employee reads --as 12")
    assert [(each["reader_name"], each["what"], each["reason"]) for each in told] == [
        ("Bob Emp", "AuditTrail", "a complaint"),
        ("Bob Emp", "PlanBoard", "a complaint"),
        ("Hilda", "PlanBoard", None),
    ]
    assert "a complaint" in asked("employee reads --as 12")
    assert len(asked.says("employee reads --as 12 --most 1")) == 1
    asked("employee reads 12 --as 1", exits=1)
    assert "NotFound" in asked.complaint
