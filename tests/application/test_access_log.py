"""Who has looked (RULES F3): what is logged, of whom, as what; and who is shown it."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.access_log import RULES, Concerned, disposable_from
from countersign.application.questions import Sight
from countersign.application.replay import replay
from countersign.domain.employee import Role
from countersign.domain.event import RecordClass
from countersign.domain.refusals import NotFound

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "access.md"
AUDIT = "a complaint of last week"


def cast(company):
    """An auditor and a records manager beside the two administrators."""
    company.import_rows(company.row("Audrey", "Vera"), company.row("Rory", "Vera"))
    company.does("Hilda", c.GrantRole(person=company.person("Audrey"), role=Role.AUDITOR))
    company.does("Hilda", c.GrantRole(person=company.person("Rory"), role=Role.RECORDS))
    return company


@pytest.fixture
def asked(company):
    """Ada's task waits for Max to decide; on each kind of database."""
    return cast(company).case("Ada", until="asked")


@pytest.fixture
def told(on_sqlite):
    """Ada has told a result and not asked yet."""
    case = cast(on_sqlite).case("Ada", until="settled")
    case.does(c.TellResult(result=case.result))
    return case


def logged(company, name="Ada", **words):
    """What somebody is shown of who has looked, the oldest first."""
    company.house.access_log.flush()
    reads = company.ask(name, q.Reads(person=company.person(name)), **words)
    return [(company.name(each.reader), each.sight.value, each.what) for each in reversed(reads)]


def entries(company, name="Ada"):
    company.house.access_log.flush()
    return company.ask(name, q.Reads(person=company.person(name)))


# By sight


def test_looking_at_ones_own_logs_nothing(asked):
    company, ada = asked.company, asked.company.person("Ada")
    company.ask("Ada", q.PlanBoard(plan=asked.plan))
    company.ask("Ada", q.Plans())
    company.ask("Ada", q.Inbox(person=ada))
    company.ask("Ada", q.AuditTrail(person=ada))
    company.ask("Ada", q.AuditTrail(case=asked.plan))
    company.ask("Ada", q.DueDates(case=asked.plan))
    company.ask("Ada", q.Calendar(person=ada))
    company.ask("Ada", q.ReadingList(person=ada))
    company.ask("Ada", q.Reads(person=ada))
    replay(company.engine, company.actor("Ada"), asked.plan)

    assert logged(company) == []


def test_the_engine_itself_logs_nothing(asked):
    asked.board("engine")
    asked.company.ask("engine", q.AuditTrail(person=asked.company.person("Ada")))

    assert logged(asked.company) == []


def test_whoever_may_decide_today_is_not_logged(asked):
    company = asked.company
    company.appoints("Max", "Tess")
    for approver in ("Max", "Tess"):
        asked.board(approver)
        company.ask(approver, q.DueDates(case=asked.plan))
        company.ask(approver, q.Inbox(person=company.person(approver), kind="decide"))

    assert logged(company) == []


def test_once_it_is_decided_whoever_decided_is_logged(asked):
    asked.walk("accepted")
    asked.board("Max")
    asked.board("Vera")

    assert logged(asked.company) == [("Max", "level_1", "PlanBoard")]


def test_what_the_approver_of_today_asks_about_earlier_is_not_logged(asked):
    asked.board("Max", as_of=asked.company.engine.position() - 1)

    assert logged(asked.company) == []


def test_a_manager_who_was_told_and_not_asked_is_logged(told):
    told.board("Max")

    assert logged(told.company) == [("Max", "level_1", "PlanBoard")]


def test_a_former_approver_is_logged(told):
    company = told.company
    told.walk("asked")
    company.does("Max", c.DeclineTask(task=told.task, evidence=1, reason="one is too few"))
    company.moves("Ada", "Tess")
    told.note("a lead named Zeta")
    told.does(c.AskForAcceptance(plan=told.plan, task=told.task))
    told.board("Max")

    assert logged(company) == [("Max", "former_approver", "PlanBoard")]


def test_hr_is_logged_whatever_of_a_case_it_looks_at(asked):
    company = asked.company
    asked.board("Hilda")
    company.ask("Hilda", q.AuditTrail(case=asked.plan))
    company.ask("Hilda", q.DueDates(case=asked.plan))
    company.ask("Hilda", q.Calendar(person=company.person("Ada")))

    assert logged(company) == [
        ("Hilda", "hr", "PlanBoard"),
        ("Hilda", "hr", "AuditTrail"),
        ("Hilda", "hr", "DueDates"),
        ("Hilda", "hr", "Calendar"),
    ]


def test_an_auditor_is_logged_with_the_reason(asked):
    asked.board("Audrey", reason=AUDIT)
    (read,) = entries(asked.company)

    assert read.sight is Sight.AUDITOR
    assert (read.reader_name, read.what, read.case) == ("Audrey", "PlanBoard", asked.plan)
    assert (read.reason, read.at, read.times) == (AUDIT, asked.company.clock.now, 1)
    assert read.record_class is RecordClass.CONTROL_RECORD


def test_a_records_manager_is_logged(asked):
    asked.company.ask("Rory", q.AuditTrail(case=asked.plan))

    assert logged(asked.company) == [("Rory", "records", "AuditTrail")]


def test_whoever_is_turned_away_has_seen_nothing(asked):
    for reader in ("Bob", "Audrey", "Rory"):
        with pytest.raises(NotFound):
            asked.board(reader)

    assert logged(asked.company) == []


def test_a_trail_of_a_person_is_logged_even_where_nothing_shows(asked):
    company = asked.company
    company.ask("Hilda", q.AuditTrail(person=company.person("Ada")))
    company.ask("Hilda", q.AuditTrail(person=company.person("Ada"), after=10**9))

    assert logged(company) == [("Hilda", "hr", "AuditTrail")] * 2


def test_a_trail_of_an_approver_concerns_whose_case_it_shows_as_well(asked):
    company = asked.company
    asked.walk("accepted")
    company.ask("Hilda", q.AuditTrail(person=company.person("Max")))

    assert logged(company, "Max") == [("Hilda", "hr", "AuditTrail")]
    assert [(each.what, each.case) for each in entries(company)] == [("AuditTrail", asked.plan)]


def test_a_replay_is_two_reads_and_not_one_for_every_event(asked):
    company = asked.company
    told = replay(company.engine, company.actor("Audrey"), asked.plan, reason=AUDIT)

    assert len(told.entries) > 20
    assert logged(company) == [
        ("Audrey", "auditor", "PlanBoard"),
        ("Audrey", "auditor", "AuditTrail"),
    ]


def test_what_was_asked_as_of_an_earlier_moment_says_so(asked):
    then = asked.company.engine.position() - 1
    day = asked.company.clock.today
    asked.board("Hilda", as_of=then, effective=day - timedelta(days=1))
    asked.board("Hilda", as_of=then + 1, effective=day)
    now, before = entries(asked.company)

    assert (before.as_of, before.effective, before.position) == (
        *(then, day - timedelta(days=1)),
        then + 1,
    )
    assert (now.as_of, now.effective, now.position) == (None, None, then + 1)


# Lists


def test_a_list_is_counted_up_for_a_day(asked):
    company = asked.company
    first = company.clock.now
    company.ask("Hilda", q.Plans())
    company.clock.wait(hours=2)
    company.ask("Hilda", q.Plans())
    (read,) = entries(company)
    assert (read.what, read.times, read.at, read.until) == ("Plans", 2, first, company.clock.now)

    company.clock.wait(days=1)
    company.ask("Hilda", q.Plans())
    assert [each.times for each in entries(company)] == [1, 2]


def test_a_list_concerns_those_on_the_part_that_was_shown(asked):
    company = asked.company
    company.case("Bob", until="asked")
    company.ask("Hilda", q.Plans(limit=1))

    assert logged(company, "Ada") == [("Hilda", "hr", "Plans")]
    assert logged(company, "Bob") == []


def test_due_dates_of_all_concern_whose_cases_they_are(asked):
    asked.company.ask("Hilda", q.DueDates())

    assert logged(asked.company) == [("Hilda", "hr", "DueDates")]


def test_a_trail_of_all_is_counted_up_unless_an_auditor_reads_it(asked):
    company = asked.company
    for _ in range(2):
        company.ask("Rory", q.AuditTrail())
        company.ask("Audrey", q.AuditTrail(reason=AUDIT))
    of_case = [each for each in entries(company) if each.case == asked.plan]

    assert sorted((company.name(each.reader), each.times) for each in of_case) == [
        ("Audrey", 1),
        ("Audrey", 1),
        ("Rory", 2),
    ]


def test_what_waits_in_an_inbox_concerns_others_unless_it_is_to_decide(asked):
    company = asked.company
    company.ask("Max", q.Inbox(person=company.person("Max")))
    kinds = {kind for kind, _ in company.inbox("Max")}

    assert kinds == {"decide", "acknowledge"}
    assert logged(company) == [("Max", "level_1", "Inbox")]


def test_people_and_counts_are_not_logged(asked):
    company = asked.company
    company.ask("Bob", q.WhoIs(known_as="Ada"))
    company.ask("Bob", q.People())
    company.ask("Hilda", q.Funnel())
    company.ask("Hilda", q.AuditTrail(person="policy"))

    assert logged(company) == []


# Exports


def test_an_export_is_logged_before_it_leaves(asked):
    company = asked.company
    about = [Concerned(company.person("Ada"), asked.plan, Sight.RECORDS)]
    company.engine.exported("transfer_pack", company.actor("Rory"), about, reason=AUDIT)
    (read,) = entries(company)

    assert (read.what, read.is_export, read.reason) == ("transfer_pack", True, AUDIT)
    assert company.house.access_log.lost == 0


def test_an_export_is_named_by_a_word_of_ours(asked):
    company = asked.company
    with pytest.raises(ValueError, match="word of ours"):
        company.engine.exported("Ada's pack", company.actor("Rory"), [])


# Who is shown it


def test_who_has_looked_is_for_whom_it_concerns(asked):
    asked.board("Hilda")
    company = asked.company
    about_ada = q.Reads(person=company.person("Ada"))
    for other in ("Max", "Vera", "Hilda", "Rory", "Bob", "Audrey"):
        with pytest.raises(NotFound):
            company.ask(other, about_ada)


def test_an_auditor_with_a_reason_is_shown_it_and_logged_too(asked):
    company = asked.company
    asked.board("Hilda")
    company.house.access_log.flush()
    shown = company.ask("Audrey", q.Reads(person=company.person("Ada"), reason=AUDIT))

    assert [each.what for each in shown] == ["PlanBoard"]
    assert logged(company) == [("Hilda", "hr", "PlanBoard"), ("Audrey", "auditor", "Reads")]


def test_as_of_an_earlier_position_later_reads_are_not_there(asked):
    company = asked.company
    asked.board("Hilda")
    then = company.engine.position()
    company.does("Bob", c.KeepItem(title="an article"))
    asked.board("Hilda")

    assert len(logged(company)) == 2
    assert len(logged(company, as_of=then)) == 1


def test_it_comes_in_parts_the_newest_first(asked):
    for _ in range(3):
        asked.board("Hilda")
    company = asked.company
    every = entries(company)
    first = company.ask("Ada", q.Reads(person=company.person("Ada"), limit=2))
    rest = company.ask("Ada", q.Reads(person=company.person("Ada"), after=first[-1].number))

    assert [each.number for each in (*first, *rest)] == [each.number for each in every]
    assert [each.number for each in every] == sorted((e.number for e in every), reverse=True)


# The page


def rows(heading):
    _, _, rest = PAGE.read_text("utf-8").partition(f"## {heading}\n")
    lines = [line for line in rest.partition("\n#")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"\|", line)[1:-1]] for line in lines[2:]]


def test_the_page_says_what_is_logged():
    said = {name.strip("`"): words for name, words in rows("What is logged")}

    assert said == {question.__name__: rule.says for question, rule in RULES.items()}


def test_every_question_has_its_rule():
    assert set(RULES) == {*q.QUESTIONS.values(), q.Reads} - {q.Part}


@pytest.mark.parametrize(
    ("read_on", "months", "goes_on"),
    [
        (date(2026, 3, 31), 12, date(2027, 4, 1)),
        (date(2026, 3, 1), 12, date(2027, 4, 1)),
        (date(2026, 12, 5), 12, date(2028, 1, 1)),
        (date(2026, 11, 5), 1, date(2027, 1, 1)),
    ],
)
def test_a_month_goes_together_on_the_first_of_the_month_after(read_on, months, goes_on):
    assert disposable_from(read_on, months) == goes_on
