"""Items: what starts a period follows from the states, and is stored nowhere (RULES G1)."""

from datetime import date, timedelta

import pytest

from countersign.domain.approval import Acceptance, Approval, Phase
from countersign.domain.employee import Employee, Service
from countersign.domain.items import (
    OBJECTION_DAYS,
    Awaited,
    Case,
    ItemKind,
    ended_on,
    of_person,
    of_reference,
)
from countersign.domain.plan import Plan
from countersign.domain.reference import ReferenceItem
from countersign.domain.result import Result
from countersign.domain.schedule import Group

DAY = date(2026, 3, 2)
CLOSED = date(2026, 9, 1)


def approval(phase, **more):
    about = {"employee": "ada", "plan": "p", "task": "t", "request": 1, "asked_on": DAY}
    return Approval.model_validate(about | {"phase": phase} | more)


def case(requests=None, results=None, closed=None):
    state = Plan(employee="ada", started_on=DAY, closed_on=closed)
    return Case(plan="p", state=state, requests=requests or {}, results=results or {})


def result(task="t", **copies):
    return Result(employee="ada", plan="p", task=task, noted_on=DAY, copies=copies)


def by_id(made):
    return {item.item: item for item in made.items()}


@pytest.mark.parametrize(
    ("phase", "more", "expected"),
    [
        (Phase.OPEN, {}, None),
        (Phase.RETURNED, {}, None),
        (Phase.ENABLED, {"until": CLOSED}, CLOSED),
        (Phase.WITHDRAWN, {"ended_on": CLOSED}, CLOSED),
        (Phase.ENDED, {"ended_on": CLOSED}, CLOSED),
        (Phase.FROZEN, {"ended_on": CLOSED}, CLOSED),
        (Phase.DECLINED, {"ended_on": CLOSED}, CLOSED + timedelta(days=OBJECTION_DAYS)),
    ],
)
def test_a_requests_use_is_over_when_nothing_can_be_decided_any_more(phase, more, expected):
    assert ended_on(approval(phase, **more)) == expected


def test_asking_again_after_the_trigger_suspends_it():
    ended = by_id(case({"t": approval(Phase.WITHDRAWN, ended_on=CLOSED)}))["t"]
    again = by_id(case({"t": approval(Phase.OPEN, ended_on=None)}))["t"]

    assert (ended.triggered_on, ended.awaits) == (CLOSED, None)
    assert (again.triggered_on, again.awaits) == (None, Awaited.REQUEST_ENDS)


def test_a_plan_stays_as_long_as_the_longest_of_its_requests():
    requests = {
        "t": approval(Phase.ENABLED, until=date(2028, 1, 1)),
        "u": approval(Phase.WITHDRAWN, ended_on=DAY),
    }

    assert by_id(case(requests, closed=CLOSED))["p"].triggered_on == date(2028, 1, 1)
    assert by_id(case(requests))["p"].awaits is Awaited.PLAN_ENDS


def test_an_abandoned_case_waits_for_its_open_request_and_says_so():
    item = by_id(case({"t": approval(Phase.OPEN)}, closed=CLOSED))["p"]

    assert (item.triggered_on, item.awaits) == (None, Awaited.REQUEST_ENDS)


def test_what_was_never_submitted_is_counted_from_the_end_of_the_plan():
    items = by_id(case(results={"r": result(k=DAY)}, closed=CLOSED))

    assert {each.group for each in items.values()} == {Group.NEVER_SUBMITTED}
    assert {each.triggered_on for each in items.values()} == {CLOSED}


def test_a_copy_is_kept_as_long_as_the_result_that_cites_it():
    requests = {"t": approval(Phase.ENABLED, until=date(2028, 1, 1))}
    items = by_id(case(requests, {"r": result(k=CLOSED)}))

    assert items["k"].triggered_on == items["r"].triggered_on == date(2028, 1, 1)
    assert (items["k"].created_on, items["k"].stream) == (CLOSED, "r")
    assert items["r"].copies == ("k",)


def test_of_two_results_that_cite_one_item_each_has_a_copy_of_its_own():
    """One is voided, the other's copy stays; the two have periods of their own."""
    requests = {"t": approval(Phase.ENABLED, until=date(2028, 1, 1))}
    results = {"r": result(k=DAY), "s": result("u", m=DAY)}
    items = by_id(case(requests, results, closed=CLOSED))

    assert items["k"].triggered_on == date(2028, 1, 1)
    assert items["m"].triggered_on == CLOSED


def test_whoever_decided_is_among_those_whom_it_is_about():
    given = {1: Acceptance(approver="max", holder="mia", evidence=1)}
    decided = approval(Phase.ENABLED, until=CLOSED, acceptances=given, named={2: "vera"})

    assert by_id(case({"t": decided}))["t"].persons == ("ada", "max", "mia", "vera")


def test_being_cited_makes_no_record_of_what_was_read():
    state = ReferenceItem(owner="ada", kept_on=DAY, cited_by=("r",))

    assert of_reference("i", state).group is Group.READING


def test_a_persons_period_begins_when_they_leave_and_ends_its_beginning_when_they_return():
    joined = Service(effective=DAY, serves=True)
    left = Service(effective=CLOSED, serves=False)
    back = Service(effective=date(2027, 1, 1), serves=True)

    assert of_person("ada", Employee(service=(joined,))).awaits is Awaited.PERSON_LEAVES
    assert of_person("ada", Employee(service=(joined, left))).triggered_on == CLOSED
    assert of_person("ada", Employee(service=(joined, left, back))).triggered_on is None


def test_the_items_of_a_case_stand_in_an_order_that_is_always_the_same():
    requests = {task: approval(Phase.OPEN) for task in ("u", "t")}
    results = {each: result() for each in ("s", "r")}

    kinds = [(item.kind, item.item) for item in case(requests, results).items()]
    assert kinds == [
        (ItemKind.PLAN, "p"),
        *((ItemKind.REQUEST, task) for task in ("t", "u")),
        *((ItemKind.RESULT, each) for each in ("r", "s")),
    ]
