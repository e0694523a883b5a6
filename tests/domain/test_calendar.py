"""Civil dates: the rules of months, working days and absence."""

from datetime import date, timedelta

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from countersign.domain.calendar import (
    Period,
    WorkCalendar,
    WorkPattern,
    add_months,
    days,
)

MONDAY = date(2024, 1, 1)
MONDAYS_AND_TUESDAYS = WorkPattern(effective=date(2023, 1, 1), weekdays=(0, 1))


def later(count):
    return MONDAY + timedelta(days=count)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 3, 31), 1, date(2024, 4, 30)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 12, 15), 1, date(2025, 1, 15)),
        (date(2024, 11, 30), 3, date(2025, 2, 28)),
        (date(2024, 5, 5), 0, date(2024, 5, 5)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(day, months, expected):
    assert add_months(day, months) == expected


@over(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 120))
def test_adding_months_never_skips_a_month(day, months):
    later = add_months(day, months)
    assert later.year * 12 + later.month == day.year * 12 + day.month + months


def test_a_period_includes_its_start_and_not_its_end():
    period = Period(start=MONDAY, end=later(2))
    assert [period.covers(later(n)) for n in (-1, 0, 1, 2)] == [False, True, True, False]


def test_a_period_without_an_end_is_for_good():
    assert Period(start=MONDAY).covers(date(2199, 1, 1))


def test_periods_that_touch_do_not_overlap():
    assert not Period(start=MONDAY, end=later(2)).overlaps(Period(start=later(2), end=later(3)))


def test_an_empty_period_overlaps_nothing():
    assert not Period(start=later(1), end=later(1)).overlaps(Period(start=MONDAY, end=later(3)))


PERIODS = st.builds(
    lambda start, length: Period(start=later(start), end=later(start + length)),
    st.integers(0, 12),
    st.integers(0, 8),
)


@over(PERIODS, PERIODS)
def test_periods_overlap_when_they_share_a_day(one, other):
    shared = [n for n in range(25) if one.covers(later(n)) and other.covers(later(n))]
    assert one.overlaps(other) is other.overlaps(one) is bool(shared)


def test_without_a_pattern_the_working_week_is_monday_to_friday():
    calendar = WorkCalendar()
    assert [calendar.works(later(n)) for n in range(7)] == [True] * 5 + [False] * 2


def test_a_holiday_is_no_working_day():
    assert not WorkCalendar(holidays=(MONDAY,)).works(MONDAY)


def test_a_day_of_absence_is_no_working_day():
    calendar = WorkCalendar(absences=(Period(start=MONDAY, end=later(1)),))
    assert [calendar.works(MONDAY), calendar.works(later(1))] == [False, True]


def test_a_part_time_pattern_counts_from_its_day_on():
    halved = WorkPattern(effective=later(7), weekdays=(0, 1))
    calendar = WorkCalendar(patterns=(halved,))
    assert [n for n in range(14) if calendar.works(later(n))] == [0, 1, 2, 3, 4, 7, 8]


def test_idle_days_lie_strictly_between():
    assert WorkCalendar().idle_days(MONDAY, later(1)) == 0
    assert WorkCalendar().idle_days(MONDAY, later(8)) == 5


def test_idle_days_are_the_persons_own():
    calendar = WorkCalendar(patterns=(MONDAYS_AND_TUESDAYS,))
    assert calendar.idle_days(MONDAY, later(14)) == 3


@over(
    st.integers(0, 30),
    st.integers(0, 7),
    st.sets(st.integers(0, 6), min_size=1),
    st.lists(PERIODS, max_size=3),
    st.sets(st.integers(0, 40), max_size=5),
)
def test_the_last_day_within_is_the_last_that_leaves_so_many_idle(
    start, idle, weekdays, absences, holidays
):
    calendar = WorkCalendar(
        patterns=(WorkPattern(effective=MONDAY, weekdays=tuple(sorted(weekdays))),),
        absences=tuple(absences),
        holidays=tuple(later(n) for n in holidays),
    )
    last = calendar.last_day_within(later(start), idle)
    assert calendar.idle_days(later(start), last) <= idle
    assert calendar.idle_days(later(start), last + timedelta(days=1)) > idle


def test_who_never_works_is_given_three_years():
    calendar = WorkCalendar(patterns=(WorkPattern(effective=MONDAY, weekdays=()),))
    assert calendar.last_day_within(MONDAY, 5) == MONDAY + timedelta(days=3 * 366)


def test_absence_moves_the_end_by_as_much():
    calendar = WorkCalendar(absences=(Period(start=date(2024, 1, 20), end=date(2024, 1, 27)),))
    assert calendar.month_after(date(2024, 1, 15), 1) == date(2024, 2, 22)


def test_a_day_in_two_absences_counts_once():
    both = (
        Period(start=date(2024, 1, 20), end=date(2024, 1, 27)),
        Period(start=date(2024, 1, 22), end=date(2024, 1, 24)),
        Period(start=date(2024, 1, 25), end=date(2024, 1, 30)),
    )
    assert WorkCalendar(absences=both).month_after(date(2024, 1, 15), 1) == date(2024, 2, 25)


def test_absence_before_the_first_day_moves_nothing():
    calendar = WorkCalendar(absences=(Period(start=date(2024, 1, 1), end=date(2024, 1, 15)),))
    assert calendar.month_after(date(2024, 1, 15), 1) == date(2024, 2, 15)


def test_of_an_absence_that_began_earlier_only_the_rest_counts():
    calendar = WorkCalendar(absences=(Period(start=date(2024, 1, 1), end=date(2024, 1, 20)),))
    assert calendar.month_after(date(2024, 1, 15), 1) == date(2024, 2, 20)


def test_absence_that_begins_where_the_month_is_over_moves_nothing():
    calendar = WorkCalendar(absences=(Period(start=date(2024, 2, 15), end=date(2024, 3, 15)),))
    assert calendar.month_after(date(2024, 1, 15), 1) == date(2024, 2, 15)


def test_absence_in_the_time_that_absence_added_moves_the_end_further():
    absences = (
        Period(start=date(2024, 2, 16), end=date(2024, 2, 18)),
        Period(start=date(2024, 2, 10), end=date(2024, 2, 14)),
    )
    assert WorkCalendar(absences=absences).month_after(date(2024, 1, 15), 1) == date(2024, 2, 21)


@over(st.lists(PERIODS, max_size=4), st.integers(0, 20))
def test_a_month_always_holds_as_many_days_of_presence_as_without_absence(absences, start):
    calendar = WorkCalendar(absences=tuple(absences))
    first = later(start)
    present = [
        day for day in days(first, calendar.month_after(first, 1)) if not calendar.absent(day)
    ]
    assert len(present) == (add_months(first, 1) - first).days
