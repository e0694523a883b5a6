"""Who sees what, and when (RULES F): the table in docs/reference/access.md against the answers."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.employee import Role
from countersign.domain.lifecycle import Step
from countersign.domain.plan import Verdict
from countersign.domain.policy import Starting, Terms
from countersign.domain.refusals import NotFound, NotYours, PlanNotStarted, RoleNeeded

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "access.md"

READERS = {
    "the employee": "Ada",
    "the line manager": "Max",
    "the level above": "Vera",
    "the manager's stand-in": "Tess",
    "HR": "Hilda",
    "an auditor with a reason": "Audrey",
    "an auditor without": "Audrey",
    "the records manager": "Rory",
    "a colleague": "Bob",
}

WORDS = {
    "task and need": "three leads a month",
    "the ordinary day": "stamp the letters",
    "how it is done": "early mornings",
    "practice log": "wrote to somebody",
    "methods": "ask twice",
    "first result": "a lead named Acme",
    "second result": "a lead named Zeta",
    "the approvers' words": "which of them?",
}


@pytest.fixture
def story(on_sqlite):
    """Ada's plan, with a text of its own in every corner, before anybody was told of it."""
    company = on_sqlite
    company.import_rows(company.row("Audrey", "Vera"), company.row("Rory", "Vera"))
    company.does("Hilda", c.GrantRole(person=company.person("Audrey"), role=Role.AUDITOR))
    company.does("Hilda", c.GrantRole(person=company.person("Rory"), role=Role.RECORDS))
    case = company.case("Ada", until="started")
    case.does(c.ExamineJob(plan=case.plan, activities=("stamp the letters",), tasks=(wish(),)))
    case.task = case.board().tasks[0].task
    case.walked.append("examined")
    both = {"plan": case.plan, "task": case.task}
    case.does(c.PinpointUse(**both, point="early mornings", purpose="it", channels=("X",)))
    case.walked.append("pinpointed")
    case.walk("practised")
    day = c.PracticeDay(on=company.clock.today, note="wrote to somebody")
    case.does(c.LogPractice(plan=case.plan, days=(day,)))
    case.does(c.CheckResults(**both, verdict=Verdict.KEEP, methods=("ask twice",)))
    case.walked.append("checked")
    case.result = case.note("a lead named Acme")
    case.walked.append("noted")
    case.walk("settled")
    return case


def wish():
    return c.TaskWish(title="find leads", need="three leads a month")


def nothing(case):
    """Nothing happens."""


def tell(case):
    case.does(c.TellResult(result=case.result))
    case.other = case.note("a lead named Zeta")


def ask(case):
    tell(case)
    case.does(c.RetractResult(result=case.other))
    case.walk("asked")
    case.company.appoints("Max", "Tess")
    case.company.does("Max", c.AskQuestion(task=case.task, text="which of them?"))


def accept(case):
    ask(case)
    case.walk("accepted")


def enable(case):
    ask(case)
    case.walk("enabled")


MOMENTS = {
    "before anything is told": nothing,
    "once a result is told": tell,
    "while level 1 decides": ask,
    "while level 2 decides": accept,
    "once both have accepted": enable,
}


def seen(case, reader):
    reason = "a complaint" if reader == "an auditor with a reason" else None
    try:
        board = case.board(READERS[reader], reason=reason)
    except NotFound:
        return []
    text = board.model_dump_json()
    practised = any(task.practice_days for task in board.tasks)
    found = [name for name, words in WORDS.items() if words in text]
    return ["status and dates", *(["practice days"] if practised else []), *found]


def on_the_page(moment):
    _, _, rest = PAGE.read_text("utf-8").partition(f"### {moment[0].upper()}{moment[1:]}\n")
    lines = [line for line in rest.partition("\n#")[0].splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"\|", line)[1:-1]] for line in lines[2:]]
    return dict(rows)


@pytest.mark.parametrize("moment", MOMENTS)
def test_everybody_sees_what_the_page_says(story, moment):
    MOMENTS[moment](story)

    sees = {reader: ", ".join(seen(story, reader)) or "nothing" for reader in READERS}

    assert sees == on_the_page(moment)


def test_a_manager_who_is_told_freely_sees_nothing_of_a_start(on_sqlite):
    on_sqlite.does("Hilda", c.SetPolicy(terms=Terms(starting=Starting.FREE), reason="free"))
    case = on_sqlite.case("Ada", until="settled")

    with pytest.raises(PlanNotStarted):
        case.board("Max")


def test_a_former_approver_keeps_their_own_decisions(on_sqlite):
    case = on_sqlite.case("Ada", until="asked")
    on_sqlite.does(
        "Max",
        c.ReturnTask(
            task=case.task, evidence=1, missing="a second lead", to_step=Step.NOTE_RESULTS
        ),
    )
    case.does(c.WithdrawRequest(task=case.task))
    on_sqlite.moves("Ada", "Tess")
    case.note("a lead named Zeta")
    case.does(c.AskForAcceptance(plan=case.plan, task=case.task))
    board = case.board("Max")

    assert "a second lead" in board.model_dump_json()
    assert [each.verb for task in board.tasks for each in task.request.decisions] == ["returned"]


def test_an_approver_of_one_task_sees_nothing_of_its_sister(on_sqlite):
    case = on_sqlite.case("Ada", until="enabled")
    case.does(c.BeginCycle(plan=case.plan))
    wish = c.TaskWish(title="quiet sister", need="peace")
    case.does(c.ExamineJob(plan=case.plan, activities=("calls",), tasks=(wish,)))

    assert "quiet sister" in case.board("Max").model_dump_json()
    assert "quiet sister" not in case.board("Vera").model_dump_json()


def test_a_person_named_for_one_task_sees_nothing_of_its_sister(on_sqlite):
    case = on_sqlite.case("Ada", until="asked")
    case.does(c.BeginCycle(plan=case.plan))
    wish = c.TaskWish(title="quiet sister", need="peace")
    case.does(c.ExamineJob(plan=case.plan, activities=("calls",), tasks=(wish,)))
    on_sqlite.names_approver(case, 1, "Carl")

    assert "quiet sister" not in case.board("Carl").model_dump_json()


def test_whoever_was_manager_once_sees_no_more_by_asking_about_that_day(on_sqlite):
    then = on_sqlite.clock.today
    case = on_sqlite.case("Ada", until="asked")
    on_sqlite.moves("Ada", "Tess")
    moment = on_sqlite.clock.now
    on_sqlite.clock.wait(days=1)

    for words in ({"effective": then}, {"as_of": moment - timedelta(days=1)}, {"as_of": 40}):
        with pytest.raises(PlanNotStarted):
            case.board("Max", **words)


def test_whoever_becomes_manager_sees_nothing_by_asking_about_that_day(on_sqlite):
    case = on_sqlite.case("Ada", until="asked")
    later = on_sqlite.clock.today + timedelta(days=30)
    on_sqlite.moves("Ada", "Tess", later)

    with pytest.raises(PlanNotStarted):
        case.board("Tess", effective=later)
    on_sqlite.clock.go(later)
    assert case.board("Tess").plan == case.plan


def test_an_inbox_and_a_reading_list_are_their_owners_alone(on_sqlite):
    on_sqlite.does("Ada", c.KeepItem(title="an article"))
    for question in (q.Inbox, q.ReadingList):
        about_ada = question(person=on_sqlite.person("Ada"), reason="curious")
        on_sqlite.ask("Ada", about_ada)
        for other in ("Max", "Vera", "Hilda", "Bob"):
            with pytest.raises(NotYours):
                on_sqlite.ask(other, about_ada)


def test_an_employee_reads_the_whole_trail_of_their_plan(story):
    enable(story)
    trail = story.company.ask("Ada", q.AuditTrail(case=story.plan))

    assert trail[-1].name == "approval.enabled.v1"
    assert {"three leads a month", "wrote to somebody"} <= texts(trail)


def test_hr_and_records_read_of_the_work_what_and_when_but_not_what_was_said(story):
    enable(story)
    for reader in ("Hilda", "Rory"):
        trail = story.company.ask(reader, q.AuditTrail(case=story.plan))
        assert [each.name for each in trail][-1] == "approval.enabled.v1"
        assert texts(trail) == set()
        assert {each.says is None for each in trail if each.name.startswith("plan.")} == {True}


def test_an_auditor_reads_text_for_a_reason_and_nothing_without(story):
    enable(story)
    trail = story.company.ask("Audrey", q.AuditTrail(case=story.plan, reason="a complaint"))

    assert "three leads a month" in texts(trail)
    with pytest.raises(NotFound):
        story.company.ask("Audrey", q.AuditTrail(case=story.plan))


def test_nobody_reads_in_a_trail_of_a_plan_that_was_not_told(story):
    for reader, reason in (("Hilda", None), ("Audrey", "a complaint")):
        for question in (
            q.AuditTrail(case=story.plan, reason=reason),
            q.AuditTrail(person=story.company.person("Ada"), reason=reason),
            q.AuditTrail(reason=reason),
        ):
            cases = {each.case for each in story.company.ask(reader, question)}
            assert story.plan not in cases


def test_nobody_reads_in_a_trail_what_somebody_reads(on_sqlite):
    on_sqlite.does("Rob", c.GrantRole(person=on_sqlite.person("Hilda"), role=Role.AUDITOR))
    on_sqlite.does("Ada", c.KeepItem(title="my own article"))
    trail = on_sqlite.ask("Hilda", q.AuditTrail(reason="curious"))
    kept = [each for each in trail if each.name == "reference.kept.v1"]

    assert [(each.text, each.says) for each in kept] == [({}, None)]


@pytest.mark.parametrize("reader", ["Max", "Vera", "Bob"])
def test_the_trail_of_a_case_is_nobody_elses(story, reader):
    enable(story)

    with pytest.raises(NotFound):
        story.company.ask(reader, q.AuditTrail(case=story.plan, reason="curious"))


def test_due_dates_of_all_are_for_hr_without_what_anybody_reads(story):
    company = story.company
    ask(story)
    company.does("Ada", c.KeepItem(title="an article"))

    assert {due.kind for due in company.ask("Hilda", q.DueDates())} == {
        *("remind", "overdue", "lapse")
    }
    for other in ("Ada", "Max", "Audrey"):
        with pytest.raises(RoleNeeded):
            company.ask(other, q.DueDates())


def test_due_dates_of_a_case_are_for_whoever_sees_the_case(story):
    ask(story)
    company = story.company
    for reader in ("Ada", "Max", "Tess", "Hilda"):
        assert company.ask(reader, q.DueDates(case=story.plan))
    with pytest.raises(PlanNotStarted):
        company.ask("Bob", q.DueDates(case=story.plan))


def test_that_somebody_has_a_plan_is_not_told_to_others(on_sqlite):
    case = on_sqlite.case("Ada", until="started")
    who = q.WhoIs(known_as="Ada")

    assert on_sqlite.ask("Ada", who).plan == case.plan
    assert on_sqlite.ask("Bob", who).plan is None
    assert {each.plan for each in on_sqlite.ask("Bob", q.People())} == {None}


def texts(trail):
    return {text for entry in trail for text in entry.text.values()}
