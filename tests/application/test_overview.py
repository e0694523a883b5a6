"""What is listed and counted for whoever looks after many plans."""

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.desk import Actor
from countersign.domain.approval import Phase
from countersign.domain.employee import Kind, Role
from countersign.domain.lifecycle import Step
from countersign.domain.refusals import NotFound, RoleNeeded


@pytest.fixture
def busy(company):
    """Ada has asked, Bob has only begun."""
    company.case("Ada", until="asked")
    company.case("Bob", until="examined")
    return company


def names(company, plans):
    return [company.name(plan.employee) for plan in plans]


def test_hr_follows_the_plans_that_were_told_and_everybody_their_own(busy):
    assert names(busy, busy.ask("Hilda", q.Plans())) == ["Ada"]
    assert names(busy, busy.ask("Bob", q.Plans())) == ["Bob"]
    assert names(busy, busy.ask("Carl", q.Plans())) == []


def test_a_list_of_plans_says_nothing_of_what_they_are_about(busy):
    (plan,) = busy.ask("Hilda", q.Plans())

    assert plan.employee_name == "Ada"
    assert [(task.phase, task.level) for task in plan.tasks] == [(Phase.OPEN, 1)]
    assert "find leads" not in plan.model_dump_json()


def test_plans_can_be_narrowed(busy):
    assert busy.ask("Hilda", q.Plans(phase=Phase.OPEN, level=2)) == []
    assert busy.ask("Hilda", q.Plans(step=Step.PINPOINT_USE)) == []
    assert busy.ask("Hilda", q.Plans(is_open=False)) == []
    assert names(busy, busy.ask("Bob", q.Plans(step=Step.PINPOINT_USE, is_open=True))) == ["Bob"]


def test_counts_under_five_are_hidden(on_sqlite):
    chart = {f"Worker {number}": "Max" for number in range(6)}
    on_sqlite.import_rows(*(on_sqlite.row(name, manager) for name, manager in chart.items()))
    for name in chart:
        on_sqlite.case(name, until="examined")
    on_sqlite.case("Ada", until="started")

    funnel = on_sqlite.ask("Hilda", q.Funnel())

    counts = {each.step: each.plans for each in funnel.steps}
    assert counts == dict.fromkeys(Step) | {Step.PINPOINT_USE: 6}
    assert funnel.enabled is None


@pytest.mark.parametrize("question", [q.Funnel(), q.ProjectionHealth()])
def test_counts_and_positions_are_not_for_everybody(on_sqlite, question):
    with pytest.raises(RoleNeeded):
        on_sqlite.ask("Ada", question)


def test_a_role_may_be_brought_along(on_sqlite):
    ada = Actor(on_sqlite.person("Ada"), roles=frozenset({Role.HR}))

    assert on_sqlite.engine.ask(q.Funnel(), ada).between_cycles is None
    registered = on_sqlite.engine.handle(c.RegisterOutsider(name="Olga"), ada)
    assert registered.events[0].envelope.role == "hr"


def test_a_calendar_is_for_oneself_and_hr(on_sqlite):
    on_sqlite.appoints("Max", "Tess")
    today = on_sqlite.clock.today
    away = c.NoteAbsence(person=on_sqlite.person("Max"), start=today, end=today.replace(day=9))
    on_sqlite.does("Max", away)
    question = q.Calendar(person=on_sqlite.person("Max"))

    for name in ("Max", "Hilda"):
        calendar = on_sqlite.ask(name, question)
        assert [each.end for each in calendar.absences] == [today.replace(day=9)]
        assert [on_sqlite.name(each.stand_in) for each in calendar.stand_ins] == ["Tess"]
        assert [on_sqlite.name(line.manager) for line in calendar.lines] == ["Vera"]
    with pytest.raises(NotFound):
        on_sqlite.ask("Ada", question)


def test_people_can_be_narrowed_and_taken_in_parts(on_sqlite):
    under_max = on_sqlite.ask("Ada", q.People(manager=on_sqlite.person("Max")))
    everybody = on_sqlite.ask("Ada", q.People())

    assert {each.name for each in under_max} == {"Ada", "Bob"}
    assert {each.name for each in on_sqlite.ask("Ada", q.People(role=Role.HR))} == {"Hilda", "Rob"}
    assert on_sqlite.ask("Ada", q.People(kind=Kind.OUTSIDER)) == []
    assert on_sqlite.ask("Ada", q.People(skip=2, limit=3)) == everybody[2:5]


def test_a_part_of_a_trail_is_full_while_there_is_more(busy):
    """What is hidden from HR, Bob's untold plan, does not count."""
    whole = busy.ask("Hilda", q.AuditTrail())
    page = busy.ask("Hilda", q.AuditTrail(limit=5, after=whole[20].position))

    assert [each.position for each in page] == [each.position for each in whole[21:26]]
    assert len(whole) < len(busy.events())


def test_an_engineer_sees_how_far_every_projection_has_come(company):
    health = company.ask("Hilda", q.ProjectionHealth())

    assert {each.name for each in health.projections} == set(company.house.projections)
    assert {each.lag_events for each in health.projections} == {0}
    assert health.healthy
