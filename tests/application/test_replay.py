"""Replay: what each event of a case has changed, as far as the reader sees it."""

import pytest

from countersign.application import commands as c
from countersign.application.replay import Replay, changes, replay
from countersign.domain.employee import Role
from countersign.domain.refusals import NotFound


@pytest.fixture
def enabled(on_sqlite):
    return on_sqlite.case("Ada", until="enabled")


def replayed(case, reader=None, **more) -> Replay:
    company = case.company
    return replay(company.engine, company.actor(reader or case.owner), case.plan, **more)


def changed(told, name):
    return [each.changed for each in told.entries if each.name == f"{name}.v1"]


def test_every_event_of_the_case_is_told_in_order(enabled):
    positions = [entry.position for entry in replayed(enabled).entries]

    assert positions == sorted(positions)
    assert replayed(enabled).entries[-1].name == "approval.enabled.v1"


def test_a_step_is_told_from_where_to_where(enabled):
    told = changed(replayed(enabled), "plan.step_completed")

    assert told[0] == ("step 1 → 2",)
    assert told[-1] == ("step 8 → -", "task 1: standing running → settled")


def test_the_month_is_told_with_the_day_on_which_it_can_be_complete(enabled):
    (reckoned,) = changed(replayed(enabled), "plan.month_reckoned")

    assert "task 1: month ready on - → 2026-04-02" in reckoned


def test_the_levels_are_told_and_none_is_invented_beyond_the_second(enabled):
    first, second = changed(replayed(enabled), "approval.accepted")

    assert "task 1: level 1 → 2" in first
    assert "task 1: level 2 → -" in second


def test_a_replay_as_of_a_position_stops_there_with_the_state_of_then(enabled):
    asked = next(e for e in replayed(enabled).entries if e.name == "approval.asked.v1")
    earlier = replayed(enabled, as_of=asked.position)

    (task,) = earlier.board.tasks
    assert earlier.entries[-1].event == asked.event
    assert task.request is not None
    assert task.request.level == 1


def test_who_may_decide_is_asked_for_a_day(on_sqlite):
    case = on_sqlite.case("Ada", until="asked")
    today = on_sqlite.clock.today
    on_sqlite.moves("Ada", "Tess", effective=today.replace(year=today.year + 1))

    def holder(day):
        (task,) = replayed(case, effective=day).board.tasks
        assert task.request is not None
        assert task.request.seat is not None
        return on_sqlite.name(task.request.seat.holder or "")

    assert holder(today) == "Max"
    assert holder(today.replace(year=today.year + 2)) == "Tess"


def test_a_long_case_is_read_page_by_page(enabled, monkeypatch):
    whole = replayed(enabled)
    monkeypatch.setattr("countersign.application.replay.PAGE", 7)

    assert replayed(enabled) == whole


def test_an_auditor_replays_with_a_reason_and_nobody_else_does(enabled):
    company = enabled.company
    company.does("Hilda", c.GrantRole(person=company.person("Bob"), role=Role.AUDITOR))

    assert replayed(enabled, "Bob", reason="yearly").entries == replayed(enabled).entries
    with pytest.raises(NotFound):
        replayed(enabled, "Bob")
    with pytest.raises(NotFound):
        replayed(enabled, "Carl")


def test_nothing_changes_between_the_same_boards(enabled):
    board = enabled.board()

    assert changes(board, board) == ()
    assert changes(None, board) == ("the plan is there",)
    assert changes(board, None) == ()
