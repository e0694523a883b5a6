"""What a decision rested on is checked under the lock: nothing slips in between look and write."""

import uuid
from datetime import timedelta

import pytest

from countersign.application import commands as c
from countersign.application.aggregates import EMPLOYEE
from countersign.domain.employee import Role
from countersign.domain.refusals import (
    CaseFrozen,
    CommandReused,
    NotTheApprover,
    NotYours,
    PlanAlreadyOpen,
    RoleNeeded,
    Stale,
    StaleEvidence,
)
from countersign.domain.result import ResultKind, Route
from countersign.infrastructure.batch import Appended, Batch, Moved

on_postgres = pytest.mark.parametrize("place", ["postgresql"], indirect=True)


class Interruptions:
    """Ids for an engine; with the next ones, something else happens first, through another."""

    def __init__(self):
        self.waiting = []

    def __call__(self):
        if self.waiting:
            self.waiting.pop(0)()
        return str(uuid.uuid4())


@pytest.fixture
def interruptions():
    return Interruptions()


@pytest.fixture
def slow(company, also, interruptions):
    """The company through an engine that is interrupted between recall and append."""
    return also(company, ids=interruptions)


def decides(slow, name, command):
    """With a command id of its own, so that ids are drawn for the events alone."""
    return slow.when(name, command, command_id=f"slow {uuid.uuid4()}")


def reorganised(company, case):
    company.moves("Ada", "Tess")


def amended(company, case):
    finding = c.FindingWish(
        kind=ResultKind.LEAD, route=Route.TIP, channel="X", what="other", confirmable_by="them"
    )
    company.does("Ada", c.AmendResult(result=case.result, finding=finding))


def another_result_retracted(company, case):
    company.does("Ada", c.RetractResult(result=case.second))


def left(company, case):
    company.leaves("Ada")


def named(company, case):
    company.names_approver(case, 1, "Carl").then_events("approval.approver_named")


CHANGES = [
    (reorganised, NotTheApprover),
    (amended, StaleEvidence),
    (another_result_retracted, StaleEvidence),
    (left, CaseFrozen),
    (named, NotTheApprover),
]


@on_postgres
@pytest.mark.parametrize(("change", "refusal"), CHANGES)
def test_a_decision_overtaken_between_recall_and_append_is_refused(
    company, slow, interruptions, change, refusal
):
    case = company.case("Ada", until="noted")
    case.second = case.note("a second lead")
    case.walk("asked")
    interruptions.waiting.append(lambda: change(company, case))

    decides(slow, "Max", case.acceptance()).refused(refusal)
    assert interruptions.waiting == []
    assert "approval.accepted" not in company.events()


@on_postgres
def test_a_stand_in_ended_between_recall_and_append_decides_nothing(company, slow, interruptions):
    case = company.case("Ada", until="asked")
    appointment = company.appoints("Max", "Tess")
    ended = c.EndStandIn(
        person=company.person("Max"), appointment=appointment, effective=company.clock.today
    )
    interruptions.waiting.append(lambda: company.does("Max", ended))

    decides(slow, "Tess", case.acceptance()).refused(NotTheApprover)
    assert "approval.accepted" not in company.events()


@on_postgres
def test_a_reorganisation_further_up_is_noticed_too(company, slow, interruptions):
    case = company.case("Ada", until="accepted")
    interruptions.waiting.append(lambda: company.moves("Max", "Tess"))

    decides(slow, "Vera", case.acceptance()).refused(NotTheApprover)
    assert "approval.enabled" not in company.events()
    case.accept("Tess").then_among("approval.enabled")


@on_postgres
def test_a_role_withdrawn_meanwhile_is_gone(company, slow, interruptions):
    taken = c.WithdrawRole(person=company.person("Hilda"), role=Role.HR)
    interruptions.waiting.append(lambda: company.does("Rob", taken))
    granted = c.GrantRole(person=company.person("Ada"), role=Role.HR)

    decides(slow, "Hilda", granted).refused(RoleNeeded)
    assert company.events()[-1] == "employee.role_withdrawn"


@on_postgres
def test_what_changes_without_harm_is_decided_again_and_stands(company, slow, interruptions):
    case = company.case("Ada", until="asked")
    elsewhere = c.SetTimeZone(person=company.person("Ada"), time_zone="Europe/Amsterdam")
    interruptions.waiting.append(lambda: company.does("Ada", elsewhere))

    decides(slow, "Max", case.acceptance()).then_events("approval.accepted")
    assert company.events().count("approval.accepted") == 1


@on_postgres
def test_when_the_ground_moves_a_second_time_the_decision_is_given_up_as_stale(
    company, slow, interruptions
):
    case = company.case("Ada", until="asked")
    for zone in ("Europe/Amsterdam", "Europe/Paris"):
        elsewhere = c.SetTimeZone(person=company.person("Ada"), time_zone=zone)
        interruptions.waiting.append(lambda moved=elsewhere: company.does("Ada", moved))

    decides(slow, "Max", case.acceptance()).refused(Stale)
    assert interruptions.waiting == []
    assert "approval.accepted" not in company.events()


@on_postgres
def test_one_plan_runs_at_a_time_however_fast_somebody_starts_two(company, slow, interruptions):
    draws = [lambda: None, lambda: company.does("Ada", c.StartPlan())]
    interruptions.waiting.extend(draws)

    decides(slow, "Ada", c.StartPlan()).refused(PlanAlreadyOpen)
    assert company.events().count("plan.started") == 1


@on_postgres
def test_the_same_command_sent_twice_at_once_is_done_once(company, slow, interruptions):
    case = company.case("Ada", until="asked")
    first = []
    accepts = case.acceptance()
    interruptions.waiting.append(
        lambda: first.append(company.does("Max", accepts, command_id="the same"))
    )
    second = slow.does("Max", accepts, command_id="the same")

    assert second.repeated
    assert [each.position for each in second.events] == [each.position for each in first[0].events]
    assert company.events().count("approval.accepted") == 1


@on_postgres
def test_a_command_is_not_refused_for_what_it_has_done_itself(company, also):
    """Sent twice at once: done by the other between this one's first look and its recall."""
    case = company.case("Ada", until="asked")
    accepts = case.acceptance()
    other = [lambda: company.does("Max", accepts, command_id="the same")]

    def clock():
        if other:
            other.pop()()
        return company.clock()

    second = also(company, clock=clock).does("Max", accepts, command_id="the same")
    assert second.repeated
    assert company.events().count("approval.accepted") == 1


@on_postgres
def test_another_command_under_the_same_id_at_once_is_refused(company, slow, interruptions):
    case = company.case("Ada", until="asked")
    declines = c.DeclineTask(task=case.task, evidence=1, reason="not now")
    interruptions.waiting.append(lambda: company.does("Max", declines, command_id="the same"))

    outcome = slow.when("Max", case.acceptance(), command_id="the same")
    outcome.refused(CommandReused)
    assert "approval.accepted" not in company.events()


def test_on_both_databases_an_outdated_basis_is_told_and_nothing_is_written(company):
    """On SQLite the lock is taken before the recall; what it guards is shown below the engine."""
    house, ada = company.house, company.person("Ada")
    with house.journal.session() as session:
        version, _ = session.recall(EMPLOYEE, ada)
    company.moves("Ada", "Tess")
    before = company.events()
    batch = Batch(recorded_at=0, basis=((ada, version),))

    assert house.recorder.commit(batch) == Moved(ada, version, version + 1)
    fresh = Batch(recorded_at=0, basis=((ada, version + 1),))
    assert isinstance(house.recorder.commit(fresh), Appended)
    assert company.events() == before


def test_the_envelope_names_everything_that_a_decision_read(company):
    case = company.case("Ada", until="accepted")
    decided = case.accept("Vera").receipt.events

    basis = dict(decided[0].envelope.basis)
    assert {company.person(name) for name in ("Ada", "Max", "Vera")} <= set(basis)
    assert basis[case.task] == decided[0].version - 1
    assert decided[1].envelope.basis == ()
    assert decided[0].envelope.command == decided[1].envelope.command


def test_nobody_decides_on_what_an_employee_owns(company):
    case = company.case("Ada", until="settled")
    asks = c.AskForAcceptance(plan=case.plan, task=case.task)

    company.when("Bob", asks).refused(NotYours)


def test_an_appointment_that_starts_later_gives_no_right_today(company):
    case = company.case("Ada", until="asked")
    start = company.clock.today + timedelta(days=1)
    appointed = c.AppointStandIn(
        person=company.person("Max"),
        stand_in=company.person("Tess"),
        start=start,
        end=start + timedelta(days=9),
    )
    company.does("Max", appointed)

    case.accept("Tess").refused(NotTheApprover)
    company.clock.go(start)
    case.accept("Tess").then_events("approval.accepted")
