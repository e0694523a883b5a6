"""The rules that may never break, whatever happens between the two acceptances (RULES D4, E)."""

from datetime import timedelta

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.lifecycle import Step
from countersign.domain.refusals import (
    CaseFrozen,
    DecidedOtherLevel,
    LastRound,
    NothingToDecide,
    NotInEvidence,
    NotSettledYet,
    NotTheApprover,
    NotYourReport,
    OwnWork,
    PlanNotStarted,
    StaleEvidence,
    UnknownActor,
)
from countersign.domain.result import ResultKind, Route


@pytest.fixture
def asked(on_sqlite):
    return on_sqlite.case("Ada", until="asked")


@pytest.fixture
def half(asked):
    """Max has accepted; it is Vera's turn."""
    return asked.walk("accepted")


def acceptances(case):
    return [
        (case.company.name(each.approver), each.card.level, each.card.standing)
        for each in case.request.decisions
        if each.verb == "accepted"
    ]


def test_after_a_reorganisation_the_new_line_decides_and_what_was_given_stands(on_sqlite, half):
    on_sqlite.import_rows(on_sqlite.row("Zoe", "Tess"))
    on_sqlite.moves("Ada", "Zoe")

    half.accept("Vera").refused(NotTheApprover, level=2)
    half.accept("Tess").then_events("approval.accepted", "approval.enabled")
    assert acceptances(half) == [("Max", 1, "line"), ("Tess", 2, "line")]


def test_who_has_accepted_level_1_never_accepts_level_2(on_sqlite, half):
    on_sqlite.moves("Ada", "Bob")
    on_sqlite.moves("Bob", "Max")

    half.accept("Max").refused(DecidedOtherLevel)
    half.accept("Vera").then_among("approval.enabled")


def test_whoever_stood_in_at_level_1_never_accepts_level_2(on_sqlite, asked):
    on_sqlite.appoints("Max", "Tess")
    asked.accept("Tess").then_events("approval.accepted")
    on_sqlite.appoints("Vera", "Tess", alternate=on_sqlite.person("Carl"))

    asked.accept("Tess").refused(DecidedOtherLevel)
    asked.accept("Max").refused(DecidedOtherLevel)
    asked.accept("Carl").then_among("approval.enabled")
    assert acceptances(asked) == [("Tess", 1, "stand_in"), ("Carl", 2, "stand_in")]


def test_the_employee_never_decides_not_even_as_a_stand_in(on_sqlite, asked):
    on_sqlite.appoints("Max", "Ada")

    asked.accept("Ada").refused(OwnWork)
    asked.accept("Vera").then_events("approval.accepted")
    asked.accept("Max").refused(DecidedOtherLevel)


def test_a_stand_in_decides_what_was_open_already_and_only_in_time(on_sqlite, asked):
    asked.accept("Tess").refused(NotTheApprover)
    on_sqlite.appoints("Max", "Tess", days=3)
    assert ("decide", "Ada") in on_sqlite.inbox("Tess")
    on_sqlite.clock.wait(days=3)

    asked.accept("Tess").refused(NotTheApprover)
    asked.accept("Max").then_events("approval.accepted")


def test_a_stand_in_that_was_ended_decides_no_more(on_sqlite, asked):
    appointment = on_sqlite.appoints("Max", "Tess")
    ended = c.EndStandIn(
        person=on_sqlite.person("Max"), appointment=appointment, effective=on_sqlite.clock.today
    )
    on_sqlite.does("Max", ended)

    asked.accept("Tess").refused(NotTheApprover)


def test_an_approver_who_has_left_is_climbed_over(on_sqlite, half):
    on_sqlite.import_rows(on_sqlite.row("Olaf", None), on_sqlite.row("Vera", "Olaf"))
    on_sqlite.leaves("Vera")

    half.accept("Vera").refused(UnknownActor)
    half.accept("Olaf").then_among("approval.enabled")


def test_where_nobody_is_left_above_hr_names_somebody_who_then_decides(on_sqlite, half):
    on_sqlite.leaves("Vera")
    assert ("name_approver", "Ada") in on_sqlite.inbox("Hilda")
    on_sqlite.names_approver(half, 2, "Carl").then_events("approval.approver_named")

    assert ("name_approver", "Ada") not in on_sqlite.inbox("Hilda")
    half.accept("Carl").then_among("approval.enabled")
    assert acceptances(half)[1] == ("Carl", 2, "named")


def test_a_person_named_between_the_acceptances_takes_the_place_of_the_line(on_sqlite, half):
    on_sqlite.names_approver(half, 2, "Tess")

    half.accept("Vera").refused(NotTheApprover)
    half.accept("Tess").then_among("approval.enabled")


def test_an_outsider_may_be_named(on_sqlite, half):
    registered = on_sqlite.does("Hilda", c.RegisterOutsider(name="Olga"))
    on_sqlite.people["Olga"] = registered.events[0].stream
    on_sqlite.names_approver(half, 2, "Olga")

    half.accept("Olga").then_among("approval.enabled")


def test_the_top_of_the_house_is_decided_by_people_whom_hr_names(on_sqlite):
    case = on_sqlite.case("Vera", until="asked")
    assert ("name_approver", "Vera") in on_sqlite.inbox("Hilda")
    registered = on_sqlite.does("Hilda", c.RegisterOutsider(name="Olga"))
    on_sqlite.people["Olga"] = registered.events[0].stream
    registered = on_sqlite.does("Hilda", c.RegisterOutsider(name="Otto"))
    on_sqlite.people["Otto"] = registered.events[0].stream
    on_sqlite.names_approver(case, 1, "Olga")
    on_sqlite.names_approver(case, 2, "Otto")

    case.accept("Olga").then_events("approval.accepted")
    case.accept("Otto").then_among("approval.enabled")


def test_a_result_noted_later_is_no_part_of_what_was_frozen(asked):
    shown = asked.request.evidence
    asked.note("a second lead")

    assert asked.request.evidence == shown
    asked.accept("Max").then_events("approval.accepted")


def test_an_amended_result_goes_back_to_level_1(on_sqlite, half):
    finding = c.FindingWish(
        kind=ResultKind.LEAD, route=Route.TIP, channel="X", what="better", confirmable_by="them"
    )
    amended = on_sqlite.when("Ada", c.AmendResult(result=half.result, finding=finding))
    amended.then_events("result.amended", "approval.evidence_changed")

    half.accept("Vera", evidence=1).refused(NotTheApprover, level=1)
    half.accept("Max", evidence=1).refused(StaleEvidence, seen=1, current=2)
    half.accept("Max", evidence=2).then_events("approval.accepted")
    half.accept("Vera", evidence=2).then_among("approval.enabled")


def test_what_was_retracted_is_no_ground_for_accepting(on_sqlite):
    case = on_sqlite.case("Ada", until="noted")
    second = case.note("a second lead")
    case.walk("asked")
    on_sqlite.when("Ada", c.RetractResult(result=case.result)).then_among(
        "result.retracted", "approval.evidence_changed"
    )

    case.accept("Max", evidence=2).refused(NotInEvidence)
    case.result = second
    case.accept("Max", evidence=2).then_events("approval.accepted")


def test_with_its_last_result_a_task_leaves_the_request(on_sqlite, asked):
    on_sqlite.when("Ada", c.RetractResult(result=asked.result)).then_among("approval.ended")

    asked.accept("Max").refused(NothingToDecide)
    assert on_sqlite.inbox("Max") == []
    assert asked.request.end_reason == "no_result_left"


def test_a_result_retracted_after_both_accepted_leaves_the_acceptance_in_force(on_sqlite, asked):
    asked.walk("enabled")
    on_sqlite.does("Ada", c.RetractResult(result=asked.result))

    assert asked.request.phase == "enabled"


def test_the_third_round_is_the_last(on_sqlite, asked):
    for number in (1, 2):
        assert asked.request.round == number
        back = c.ReturnTask(
            task=asked.task, evidence=number, missing="more", to_step=Step.NOTE_RESULTS
        )
        on_sqlite.when("Max", back).then_events("approval.returned")
        asked.does(c.AskForAcceptance(plan=asked.plan, task=asked.task))

    last = c.ReturnTask(task=asked.task, evidence=3, missing="more", to_step=Step.NOTE_RESULTS)
    on_sqlite.when("Max", last).refused(LastRound, rounds=3)
    asked.accept("Max", evidence=3).then_events("approval.accepted")


def test_a_withdrawal_costs_no_round(on_sqlite, asked):
    on_sqlite.does("Ada", c.WithdrawRequest(task=asked.task))
    asked.does(c.AskForAcceptance(plan=asked.plan, task=asked.task))

    assert (asked.request.request, asked.request.round) == (1, 1)


def test_acceptance_is_asked_for_after_the_last_step(on_sqlite):
    case = on_sqlite.case("Ada", until="noted")
    asks = c.AskForAcceptance(plan=case.plan, task=case.task)

    on_sqlite.when("Ada", asks).refused(NotSettledYet)


def test_who_leaves_freezes_what_is_open_in_the_same_breath(on_sqlite, half):
    on_sqlite.leaves("Ada")

    assert on_sqlite.events()[-3:] == ["approval.frozen", "plan.closed", "employee.plan_closed"]
    half.accept("Vera").refused(CaseFrozen)
    assert on_sqlite.inbox("Vera") == []
    board = on_sqlite.ask("engine", q.PlanBoard(plan=half.plan))
    assert (board.closed, board.tasks[0].request.phase) == ("left", "frozen")


def test_who_leaves_loses_the_acceptance(on_sqlite, half):
    half.walk("enabled")
    on_sqlite.leaves("Ada")

    request = on_sqlite.ask("engine", q.PlanBoard(plan=half.plan)).tasks[0].request
    assert (request.phase, request.end_reason) == ("ended", "left")
    assert on_sqlite.ask("engine", q.DueDates(case=half.plan)) == []


def test_the_engine_and_not_hr_closed_the_case(on_sqlite, half):
    left = on_sqlite.leaves("Ada")
    trail = on_sqlite.ask("engine", q.AuditTrail(case=half.plan))

    assert {(each.actor, each.role, each.via) for each in trail[-3:]} == {
        ("engine", "engine", "engine")
    }
    assert {each.cause for each in trail[-3:]} == {left.events[0].envelope.id}


def test_who_returns_starts_anew(on_sqlite, half):
    on_sqlite.leaves("Ada")
    on_sqlite.clock.wait(days=40)
    back = c.RecordReturn(person=on_sqlite.person("Ada"), effective=on_sqlite.clock.today)
    on_sqlite.when("Hilda", back).then_events("employee.returned")

    half.accept("Vera").refused(CaseFrozen)
    fresh = on_sqlite.case("Ada", until="examined")
    assert fresh.plan != half.plan
    assert on_sqlite.ask("Ada", q.PlanBoard(person=on_sqlite.person("Ada"))).plan == fresh.plan


def test_an_acceptance_does_not_survive_somebody_leaving_later(on_sqlite, half):
    """Recorded today, effective in a month: until then nothing is closed, and then it is."""
    half.walk("enabled")
    later = on_sqlite.clock.today + timedelta(days=30)
    leaving = c.RecordLeaving(person=on_sqlite.person("Ada"), effective=later)
    on_sqlite.when("Hilda", leaving).then_events("employee.left")
    assert half.request.phase == "enabled"

    (due,) = (
        each for each in on_sqlite.ask("engine", q.DueDates(until=later)) if each.kind == "leaving"
    )
    on_sqlite.clock.go(later)
    on_sqlite.does("engine", c.CloseCases(person=due.person))
    assert on_sqlite.ask("engine", q.PlanBoard(plan=half.plan)).tasks[0].request.phase == "ended"


@pytest.mark.parametrize(("days", "moved"), [(30, 0), (60, 60)])
def test_a_long_leave_pauses_validity_and_a_holiday_does_not(on_sqlite, half, days, moved):
    half.walk("enabled")
    until, start = half.request.until, on_sqlite.clock.today + timedelta(days=1)
    away = c.NoteAbsence(
        person=on_sqlite.person("Ada"), start=start, end=start + timedelta(days=days)
    )
    on_sqlite.does("Ada", away)

    assert (half.request.until - until).days == moved


def test_a_leave_that_was_cancelled_pauses_nothing(on_sqlite, half):
    half.walk("enabled")
    until, start = half.request.until, on_sqlite.clock.today + timedelta(days=1)
    ada = on_sqlite.person("Ada")
    away = on_sqlite.does(
        "Ada", c.NoteAbsence(person=ada, start=start, end=start.replace(year=2027))
    )
    on_sqlite.does("Ada", c.CancelAbsence(person=ada, absence=away.events[0].event.absence))

    assert half.request.until == until


def test_the_expiry_that_is_due_moves_with_the_leave(on_sqlite, half):
    half.walk("enabled")
    start = on_sqlite.clock.today + timedelta(days=1)
    on_sqlite.does(
        "Ada",
        c.NoteAbsence(person=on_sqlite.person("Ada"), start=start, end=start + timedelta(days=60)),
    )

    (expiry,) = (
        due for due in on_sqlite.ask("Ada", q.DueDates(case=half.plan)) if due.kind == "expiry"
    )
    assert expiry.due_on == half.request.until


def test_every_decision_carries_its_card(on_sqlite, asked):
    on_sqlite.appoints("Max", "Tess")
    accepted = asked.accept("Tess").receipt.events[0]
    card = accepted.event.card

    assert (card.level, card.standing, card.on_behalf_of) == (
        1,
        "stand_in",
        on_sqlite.person("Max"),
    )
    assert card.line == (on_sqlite.person("Max"),)
    assert (card.evidence, card.digest) == (1, asked.request.evidence.digest)
    assert (accepted.envelope.role, accepted.envelope.on_behalf_of) == (
        "level_1_stand_in",
        on_sqlite.person("Max"),
    )


def test_of_two_who_decide_at_once_one_is_told_that_it_is_decided(on_sqlite, asked):
    on_sqlite.appoints("Max", "Tess")
    asked.accept("Tess").then_events("approval.accepted")

    asked.accept("Max").refused(DecidedOtherLevel)


def test_an_abandoned_plan_asks_nobody_any_more(on_sqlite, half):
    on_sqlite.when("Ada", c.AbandonPlan(plan=half.plan)).then_events(
        "approval.withdrawn", "plan.closed", "employee.plan_closed"
    )

    assert on_sqlite.inbox("Vera") == []
    assert on_sqlite.ask("engine", q.DueDates(case=half.plan)) == []
    with pytest.raises(PlanNotStarted):
        half.board("Bob")


def test_a_loop_in_the_chart_names_two_different_people(on_sqlite):
    on_sqlite.moves("Vera", "Ada")
    case = on_sqlite.case("Ada", until="enabled")

    assert acceptances(case) == [("Max", 1, "line"), ("Vera", 2, "line")]


def test_a_policy_of_today_never_rewrites_a_request_of_yesterday(on_sqlite, asked):
    from countersign.domain.policy import Terms

    on_sqlite.does("Hilda", c.SetPolicy(terms=Terms(rounds=1, valid_months=1), reason="stricter"))
    back = c.ReturnTask(task=asked.task, evidence=1, missing="more", to_step=Step.NOTE_RESULTS)
    on_sqlite.when("Max", back).then_events("approval.returned")
    asked.does(c.AskForAcceptance(plan=asked.plan, task=asked.task))
    asked.accept("Max", evidence=2)
    asked.accept("Vera", evidence=2)

    assert asked.request.until == on_sqlite.clock.today.replace(year=2027)


def test_no_inbox_holds_what_its_owner_may_not_do(on_sqlite, asked):
    """After a reorganisation the new manager acknowledges; the former one may not any more."""
    assert ("acknowledge", "Ada") in on_sqlite.inbox("Max")
    on_sqlite.moves("Ada", "Tess")
    on_sqlite.when("Max", c.AcknowledgeResult(result=asked.result)).refused(NotYourReport)

    assert on_sqlite.inbox("Max") == []


def test_a_leaver_leaves_nothing_in_an_inbox(on_sqlite, asked):
    on_sqlite.leaves("Ada")

    assert on_sqlite.inbox("Max") == []
