"""What somebody is told of another's case is a read of it, and shown to whose case it is."""

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.questions import Sight
from countersign.domain.employee import Role
from countersign.domain.result import ResultKind, Route
from countersign.infrastructure.access_log import NotLogged
from countersign.interfaces.http import live

INBOX = "/inbox/events"
WHY = "Zq-marker-of-a-reason"


def plan_of(case):
    return f"/plans/{case.plan}/events"


def logged(company, name, *, what=("PlanWatch", "InboxWatch")):
    """What was told of somebody, as (by whom, what, as what, how often); oldest first."""
    company.house.access_log.flush()
    reads = company.ask(name, q.Reads(person=company.person(name)))
    return [
        (company.name(each.reader), each.what, each.sight, each.times)
        for each in reversed(reads)
        if each.what in what
    ]


def asks(company, case, name="Max"):
    return company.does(name, c.AskQuestion(task=case.task, text="since when?"))


def test_what_hr_is_told_of_a_plan_is_counted_up_for_the_day(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="asked")
    with place_here.watches("Hilda", plan_of(case)) as hilda:
        hilda.event("now")
        assert logged(on_sqlite, "Ada") == []
        for _ in range(3):
            asks(on_sqlite, case)
            hilda.event("plan")

    assert logged(on_sqlite, "Ada") == [("Hilda", "PlanWatch", Sight.HR, 3)]
    (begun,) = logged(on_sqlite, "Ada", what=("PlanBoard",))
    assert begun == ("Hilda", "PlanBoard", Sight.HR, 1)


def test_each_day_has_an_entry_of_its_own(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="asked")
    with place_here.watches("Hilda", plan_of(case)) as hilda:
        for _ in range(2):
            hilda.event("now")
            asks(on_sqlite, case)
            hilda.event("plan")
            on_sqlite.clock.wait(days=1)

    assert logged(on_sqlite, "Ada") == [("Hilda", "PlanWatch", Sight.HR, 1)] * 2


def test_a_manager_who_does_not_decide_is_logged_and_one_who_does_is_not(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="settled")
    case.does(c.TellResult(result=case.result))
    with place_here.watches("Max", plan_of(case)) as max_:
        max_.event("now")
        amended(case)
        max_.event("plan")
        assert logged(on_sqlite, "Ada") == [("Max", "PlanWatch", Sight.LEVEL_1, 1)]
        case.walk("asked")
        max_.event("plan")

    assert logged(on_sqlite, "Ada") == [("Max", "PlanWatch", Sight.LEVEL_1, 1)]


def amended(case):
    finding = c.FindingWish(
        kind=ResultKind.LEAD,
        route=Route.SEARCH,
        channel="X",
        what="two leads",
        confirmable_by="the buyer",
    )
    return case.does(c.AmendResult(result=case.result, finding=finding))


def test_nobody_is_logged_in_their_own_case(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="asked")
    with place_here.watches("Ada", plan_of(case)) as ada:
        ada.event("now")
        asks(on_sqlite, case)
        ada.event("plan")

    assert logged(on_sqlite, "Ada") == []


def test_what_comes_into_an_inbox_without_being_ones_own_to_decide_is_logged(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="settled")
    top = on_sqlite.case("Vera", until="settled")
    with place_here.watches("Hilda", INBOX) as hilda, place_here.watches("Max", INBOX) as max_:
        hilda.event("now")
        max_.event("now")
        case.walk("asked")
        max_.event("inbox")
        top.walk("asked")
        hilda.event("inbox")
        top.does(c.WithdrawRequest(task=top.task))
        hilda.event("inbox")

    assert logged(on_sqlite, "Vera") == [("Hilda", "InboxWatch", Sight.HR, 2)]
    assert logged(on_sqlite, "Ada") == [("Max", "InboxWatch", Sight.LEVEL_1, 1)]


def test_a_level_to_decide_that_comes_and_goes_is_not_logged(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="asked")
    on_sqlite.does("Max", c.AcknowledgeResult(result=case.result))
    with place_here.watches("Max", INBOX) as max_:
        max_.event("now")
        case.walk("accepted")
        max_.event("inbox")

    assert logged(on_sqlite, "Ada") == []


@pytest.fixture
def audited(on_sqlite):
    on_sqlite.does("Hilda", c.GrantRole(person=on_sqlite.person("Carl"), role=Role.AUDITOR))
    return on_sqlite.case("Ada", until="asked")


def test_an_auditor_is_logged_with_the_reason_before_anything_is_told(
    on_sqlite, audited, place_here
):
    with place_here.watches("Carl", f"{plan_of(audited)}?reason={WHY}") as carl:
        carl.event("now")
        for _ in range(2):
            asks(on_sqlite, audited)
            carl.event("plan")
            assert on_disk(on_sqlite)[-1] == "PlanWatch"

    reads = on_sqlite.ask("Ada", q.Reads(person=on_sqlite.person("Ada")))
    assert [(each.what, each.reason) for each in reads] == [
        ("PlanWatch", WHY),
        ("PlanWatch", WHY),
        ("PlanBoard", WHY),
    ]


def on_disk(company):
    with company.house.database.reading() as tx:
        return [what for (what,) in tx.all("SELECT what FROM cs_access ORDER BY number")]


def test_what_cannot_be_logged_is_not_told_to_an_auditor_till_it_can_be(
    on_sqlite, audited, place_here, monkeypatch
):
    monkeypatch.setattr(live, "REST_SECONDS", 0.01)
    log = on_sqlite.house.access_log
    failed: list[bool] = []
    real = log.note

    def fails_twice(entries, *, strict):
        if len(failed) < 2:
            failed.append(strict)
            raise NotLogged("Nothing was shown.")
        real(entries, strict=strict)

    with place_here.watches("Carl", f"{plan_of(audited)}?reason={WHY}") as carl:
        carl.event("now")
        monkeypatch.setattr(log, "note", fails_twice)
        position = asks(on_sqlite, audited).position
        said = carl.event("plan")

    assert (said.id, said.name, failed) == (position, "approval.question_asked", [True, True])
    assert on_disk(on_sqlite) == ["PlanBoard", "PlanWatch"]
