"""Retention: what the schedule says of an item on a day, with every reason; it reads no clock."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from countersign.domain.hold import Hold, Scope
from countersign.domain.retention import Because, RetentionOutcome, evaluate
from countersign.domain.schedule import (
    SHIPPED,
    Action,
    Confirm,
    Cutoff,
    Duration,
    Group,
    Trigger,
    Version,
    lets_go_earlier,
)

from .items_made import DAYS, any_series, holds, items, reading, record, series, version, versions

ON_ADA = Hold(hold="h1", scope=Scope(persons=("ada",)), by="rita", placed_on=date(2026, 3, 2))


def outcome(item, rows, on, held=()):
    return evaluate(item, rows, held, on).outcome


# Reading material, under the schedule that ships


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2027, 3, 1), RetentionOutcome.NOT_DUE),
        (date(2027, 3, 2), RetentionOutcome.ELIGIBLE),
        (date(2027, 4, 2), RetentionOutcome.ELIGIBLE),
        (date(2027, 4, 3), RetentionOutcome.OVERDUE),
    ],
)
def test_reading_material_may_go_after_a_year_and_is_overdue_after_a_month_of_grace(on, expected):
    assert outcome(reading(), Version(), on) is expected


def test_a_late_notice_gives_the_whole_grace_all_the_same():
    item = reading(noticed_on=date(2028, 1, 10))

    assert outcome(item, Version(), date(2028, 2, 10)) is RetentionOutcome.ELIGIBLE
    assert outcome(item, Version(), date(2028, 2, 11)) is RetentionOutcome.OVERDUE


# Dates


def test_29_february_plus_a_year_is_28_february():
    item = reading(created_on=date(2028, 2, 29))

    assert evaluate(item, Version(), (), date(2028, 3, 1)).due == date(2029, 2, 28)


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        (date(2026, 12, 31), date(2033, 12, 31)),
        (date(2027, 1, 1), date(2034, 12, 31)),
        (date(2026, 1, 1), date(2033, 12, 31)),
    ],
)
def test_a_trigger_on_the_last_day_of_the_year_belongs_to_that_year(ended, due):
    rows = version(series(cutoff=Cutoff.CALENDAR_YEAR))

    assert evaluate(record(triggered_on=ended), rows, (), ended).due == due


def test_dates_are_civil_so_that_no_hour_and_no_zone_moves_them():
    """Whatever the hour of the change of clocks was: a day is a day."""
    changes = date(2026, 3, 29)

    assert evaluate(record(triggered_on=changes), version(series()), (), changes).due == date(
        2033, 3, 29
    )


def test_a_trigger_that_has_not_come_is_awaited_and_says_so():
    found = evaluate(record(triggered_on=None), version(series()), (), date(2099, 1, 1))

    assert found.outcome is RetentionOutcome.AWAITING_TRIGGER
    assert found.reasons[0].code is Because.TRIGGER_AWAITED
    assert not found.may_go


def test_a_trigger_that_is_taken_back_is_awaited_again():
    """Asking again suspends it."""
    rows, on = version(series(minimum="P1Y")), date(2028, 1, 1)

    assert outcome(record(), rows, on) is RetentionOutcome.ELIGIBLE
    assert outcome(record(triggered_on=None), rows, on) is RetentionOutcome.AWAITING_TRIGGER


def test_a_trigger_that_is_corrected_counts_from_its_new_day():
    rows = version(series(minimum="P1Y"))
    moved = record(triggered_on=date(2027, 3, 2))

    assert evaluate(moved, rows, (), date(2027, 4, 1)).due == date(2028, 3, 2)


def test_a_day_ahead_is_reckoned_like_any_other():
    """A preview is no decision: a draft is refused for a day that is still to come."""
    assert outcome(reading(), Version(), date(2090, 1, 1)) is RetentionOutcome.OVERDUE


def test_an_earlier_day_never_makes_something_eligible():
    """A clock that jumps back keeps; it never destroys."""
    assert outcome(reading(), Version(), date(1990, 1, 1)) is RetentionOutcome.NOT_DUE


def test_an_item_without_any_date_cannot_be_evaluated_and_never_goes():
    found = evaluate(reading(created_on=None), Version(), (), date(2099, 1, 1))

    assert found.outcome is RetentionOutcome.CANNOT_EVALUATE
    assert found.reasons[0].code is Because.NO_DATE


def test_a_maximum_before_another_minimum_is_a_conflict_that_a_person_decides():
    rows = version(series("A"), series("B", minimum="P1Y", maximum=Duration(years=2)))
    found = evaluate(record(), rows, (), date(2099, 1, 1))

    assert found.outcome is RetentionOutcome.CONFLICT
    assert {reason.series for reason in found.reasons} == {"A", "B"}


# What else it says


def test_of_several_series_the_longest_governs():
    rows = version(series("A", minimum="P2Y"), series("B", minimum="P9Y"))

    assert evaluate(record(), rows, (), date(2030, 1, 1)).due == date(2035, 3, 2)


def test_if_one_series_asks_for_two_persons_two_are_asked():
    rows = version(
        series("A", confirm=Confirm.AUTOMATIC), series("B", minimum="P1Y", confirm="two_persons")
    )

    assert evaluate(record(), rows, (), date(2040, 1, 1)).confirm is Confirm.TWO_PERSONS


def test_years_that_nobody_has_confirmed_are_never_over():
    found = evaluate(record(), Version(), (), date(2999, 1, 1))

    assert found.outcome is RetentionOutcome.CANNOT_EVALUATE
    assert found.reasons[0].code is Because.YEARS_NOT_CONFIRMED


def test_what_is_kept_for_good_is_permanent():
    rows = version(series(action=Action.KEEP, minimum=None))

    assert outcome(record(), rows, date(2999, 1, 1)) is RetentionOutcome.PERMANENT


def test_what_is_to_be_reviewed_does_not_go_by_itself():
    found = evaluate(record(), version(series(action=Action.REVIEW)), (), date(2040, 1, 1))

    assert found.outcome is RetentionOutcome.REVIEW_DUE
    assert not found.may_go


def test_a_hold_beats_a_maximum_and_the_reasons_behind_it_stay_in_sight():
    found = evaluate(reading(), Version(), (ON_ADA,), date(2030, 1, 1))

    assert found.outcome is RetentionOutcome.HELD
    assert [reason.code for reason in found.reasons[:2]] == [Because.ON_HOLD, Because.MINIMUM_OVER]


def test_a_group_without_a_series_cannot_be_evaluated():
    bare = Version(rows=SHIPPED[1:])

    assert outcome(reading(), bare, date(2099, 1, 1)) is RetentionOutcome.CANNOT_EVALUATE


# Properties


@given(item=items(), rows=versions(), held=holds(), on=DAYS)
def test_it_is_total_deterministic_and_never_without_a_reason(item, rows, held, on):
    found = evaluate(item, rows, held, on)

    assert found == evaluate(item, rows, held, on)
    assert found.reasons
    assert found.schedule == rows.number
    assert found.evaluated_on == on


@given(item=items(), rows=versions(), held=holds(), on=DAYS)
def test_another_hold_never_makes_anything_eligible(item, rows, held, on):
    before = evaluate(item, rows, held, on)

    assert before.may_go or not evaluate(item, rows, [*held, ON_ADA], on).may_go


@given(item=items(), rows=versions(), on=DAYS, later=st.integers(0, 20_000))
def test_what_may_go_may_still_go_later(item, rows, on, later):
    """Time alone takes nothing back."""
    before = evaluate(item, rows, (), on)

    assert not before.may_go or evaluate(item, rows, (), on + timedelta(days=later)).may_go


@given(item=items(), on=DAYS, more=st.integers(1, 600), row=any_series(Group.SUBMITTED, "S"))
def test_a_schedule_that_keeps_longer_lets_nothing_go_earlier(item, on, more, row):
    if row.minimum is None:
        return
    row = row.model_copy(update={"maximum": None})
    longer = row.minimum.model_copy(update={"months": row.minimum.months + more})
    before = version(row)
    after = version(row.model_copy(update={"minimum": longer}), number=3)

    assert lets_go_earlier(before, after) == ()
    assert evaluate(item, before, (), on).may_go or not evaluate(item, after, (), on).may_go


ROWS = st.lists(any_series(Group.SUBMITTED, "S"), min_size=1, max_size=2).map(
    lambda rows: version(*(row.model_copy(update={"code": f"S{n}"}) for n, row in enumerate(rows)))
)


@given(made=DAYS, ended=st.none() | st.integers(0, 9000), on=DAYS, before=ROWS, change=ROWS)
def test_a_version_that_is_adopted_at_once_lets_nothing_go_earlier(made, ended, on, before, change):
    """Whatever needs no second person makes nothing eligible that was not (RULES G3)."""
    assume(lets_go_earlier(before, change) == ())
    ended_on = None if ended is None else made + timedelta(days=ended)
    item = record(created_on=made, triggered_on=ended_on)
    was, now = evaluate(item, before, (), on), evaluate(item, change, (), on)

    assert was.may_go or not now.may_go, (was, now)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"trigger": Trigger.CREATION, "minimum": Duration(years=8)}),
        ({}, {"confirm": Confirm.AUTOMATIC, "minimum": Duration(years=8)}),
        ({"action": Action.REVIEW}, {"minimum": Duration(years=8)}),
        ({"action": Action.TRANSFER}, {"minimum": Duration(years=8)}),
        ({}, {"cutoff": Cutoff.CALENDAR_YEAR, "minimum": Duration(years=6, months=11)}),
    ],
)
def test_more_years_do_not_hide_what_goes_more_easily(before, after):
    was, now = version(series(**before)), version(series(**after))

    assert lets_go_earlier(was, now) == (Group.SUBMITTED,)


def test_a_shorter_time_of_grace_lets_reading_material_go_earlier():
    (row,) = Version().covering(Group.READING)
    hasty = row.model_copy(update={"maximum": Duration(years=1, days=1)})

    assert lets_go_earlier(Version(), version(hasty)) == (Group.READING,)


def test_reading_material_is_reckoned_from_its_making():
    (row,) = Version().covering(Group.READING)

    assert row.trigger is Trigger.CREATION
