"""The practice month: RULES C, told in days."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume
from hypothesis import given as over
from hypothesis import strategies as st

from countersign.domain.calendar import Period, WorkCalendar, WorkPattern
from countersign.domain.policy import Terms
from countersign.domain.practice import Month, month

OFFICE = WorkCalendar()
TERMS = Terms()
DAY = timedelta(days=1)

MONDAY_15 = date(2024, 1, 15)
WEEKLY = [MONDAY_15 + timedelta(weeks=n) for n in range(8)]


def practised(*days, calendar=OFFICE, terms=TERMS, seldom=False):
    return month(days, calendar=calendar, terms=terms, seldom=seldom)


def part_time(*weekdays):
    return WorkCalendar(patterns=(WorkPattern(effective=date(2020, 1, 1), weekdays=weekdays),))


def absent(start, end, calendar=OFFICE):
    period = Period(start=start, end=end)
    return calendar.model_copy(update={"absences": (*calendar.absences, period)})


def test_without_an_entry_nothing_has_begun():
    assert practised() == Month()


def test_the_first_entry_begins_the_month():
    assert practised(MONDAY_15).began == MONDAY_15


def test_the_month_is_met_by_the_first_entry_on_or_after_its_end():
    assert practised(*WEEKLY).met_on == date(2024, 2, 19)


def test_an_entry_on_the_very_last_day_meets_the_month():
    assert practised(*WEEKLY[:5], date(2024, 2, 15)).met_on == date(2024, 2, 15)


def test_a_day_short_of_the_month_does_not():
    assert not practised(*WEEKLY[:5], date(2024, 2, 14)).met


def test_waiting_alone_never_meets_the_month():
    assert not practised(*WEEKLY[:5]).met


@pytest.mark.parametrize(
    ("first", "end"),
    [
        (date(2024, 1, 31), date(2024, 2, 29)),
        (date(2023, 1, 31), date(2023, 2, 28)),
        (date(2024, 8, 31), date(2024, 9, 30)),
    ],
)
def test_from_the_31st_the_month_lasts_until_the_last_day_of_a_shorter_one(first, end):
    days = [first + timedelta(days=n) for n in range(0, 28, 7)]
    before = end - DAY
    assert practised(*days).ready_on == end
    assert not practised(*days, before).met
    assert practised(*days, before, end).met_on == end


def test_the_month_needs_four_practice_days():
    mondays = part_time(0)
    days = [MONDAY_15, date(2024, 2, 12), date(2024, 3, 11), date(2024, 3, 18)]
    assert not practised(*days[:3], calendar=mondays).met
    assert practised(*days, calendar=mondays).met_on == days[3]


def test_two_entries_on_a_day_are_one_practice_day():
    assert practised(MONDAY_15, MONDAY_15).practice_days == 1


def test_a_gap_of_exactly_five_own_working_days_is_no_gap():
    tuesday = date(2024, 1, 23)
    assert OFFICE.idle_days(MONDAY_15, tuesday) == 5
    assert practised(MONDAY_15, tuesday).began == MONDAY_15


def test_a_gap_of_six_own_working_days_begins_the_month_again():
    wednesday = date(2024, 1, 24)
    assert OFFICE.idle_days(MONDAY_15, wednesday) == 6
    again = practised(MONDAY_15, wednesday)
    assert (again.began, again.practice_days, again.began_again) == (wednesday, 1, (wednesday,))


def test_an_entry_within_keeps_the_run_alive_until_the_last_day():
    alive = practised(MONDAY_15)
    assert alive.keep_alive_by == date(2024, 1, 23)
    assert [alive.broken_on(alive.keep_alive_by + n * DAY) for n in (0, 1)] == [False, True]


def test_after_a_gap_the_month_counts_from_the_new_entry():
    fresh = [date(2024, 3, 4) + timedelta(weeks=n) for n in range(6)]
    met = practised(*WEEKLY[:3], *fresh)
    assert (met.began, met.met_on, met.practice_days) == (fresh[0], fresh[5], 6)
    assert met.began_again == (fresh[0],)


def test_a_met_month_knows_no_gap_afterwards():
    met = practised(*WEEKLY[:6], date(2024, 9, 2))
    assert (met.met_on, met.began_again) == (WEEKLY[5], ())


def test_a_met_month_is_broken_on_no_day():
    assert not practised(*WEEKLY).broken_on(date(2030, 1, 1))


def test_weekend_days_do_not_make_a_gap_but_count_as_practice():
    saturday, sunday = date(2024, 1, 20), date(2024, 1, 21)
    assert practised(MONDAY_15, saturday, sunday).practice_days == 3


def test_holidays_do_not_make_a_gap():
    closed = WorkCalendar(holidays=(date(2024, 1, 17), date(2024, 1, 18)))
    assert practised(MONDAY_15, date(2024, 1, 25), calendar=closed).began == MONDAY_15
    assert practised(MONDAY_15, date(2024, 1, 26), calendar=closed).began == date(2024, 1, 26)


def test_holidays_do_not_move_the_end():
    closed = WorkCalendar(holidays=(date(2024, 1, 17), date(2024, 1, 18)))
    assert practised(MONDAY_15, calendar=closed).ready_on == date(2024, 2, 15)


@pytest.mark.parametrize(
    ("weekdays", "last"),
    [((0, 1), date(2024, 2, 5)), ((2,), date(2024, 2, 21)), ((0, 2, 4), date(2024, 1, 29))],
)
def test_a_gap_is_counted_in_a_part_timers_own_working_days(weekdays, last):
    calendar = part_time(*weekdays)
    assert practised(MONDAY_15, calendar=calendar).keep_alive_by == last
    assert practised(MONDAY_15, last, calendar=calendar).began == MONDAY_15
    assert practised(MONDAY_15, last + DAY, calendar=calendar).began == last + DAY


def test_a_new_pattern_counts_from_its_own_day():
    halved = WorkPattern(effective=date(2024, 1, 22), weekdays=(0,))
    calendar = WorkCalendar(patterns=(halved,))
    assert practised(MONDAY_15, calendar=calendar).keep_alive_by == date(2024, 1, 29)


def test_absence_excuses_a_gap():
    away = absent(date(2024, 1, 16), date(2024, 1, 30))
    assert practised(MONDAY_15, date(2024, 1, 30), calendar=away).began == MONDAY_15


def test_absence_noted_after_the_fact_excuses_the_gap_too():
    days = [MONDAY_15, date(2024, 1, 30)]
    assert practised(*days).began == date(2024, 1, 30)
    assert practised(*days, calendar=absent(date(2024, 1, 18), date(2024, 1, 26))).began == days[0]


def test_absence_moves_the_end_by_as_much():
    away = absent(date(2024, 1, 16), date(2024, 1, 23))
    assert practised(MONDAY_15, calendar=away).ready_on == date(2024, 2, 22)
    days = [MONDAY_15, *WEEKLY[2:5], date(2024, 2, 15)]
    assert not practised(*days, date(2024, 2, 21), calendar=away).met
    assert practised(*days, date(2024, 2, 21), date(2024, 2, 22), calendar=away).met


def test_two_absences_that_overlap_move_the_end_once():
    away = absent(date(2024, 1, 16), date(2024, 1, 23))
    away = absent(date(2024, 1, 18), date(2024, 1, 25), calendar=away)
    assert practised(MONDAY_15, calendar=away).ready_on == date(2024, 2, 24)


def test_absence_that_began_with_a_finished_month_takes_nothing_back():
    away = absent(date(2024, 2, 15), date(2024, 6, 15))
    assert practised(*WEEKLY[:5], date(2024, 2, 15), calendar=away).met_on == date(2024, 2, 15)


def test_a_seldom_task_needs_three_occurrences():
    spread = [date(2024, 1, 15), date(2024, 3, 1), date(2024, 6, 3)]
    assert not practised(*spread[:2], seldom=True).met
    assert practised(*spread, seldom=True).met_on == spread[2]


def test_a_seldom_task_needs_them_spread_over_a_month():
    close = [date(2024, 1, 15), date(2024, 1, 22), date(2024, 1, 29)]
    assert not practised(*close, date(2024, 2, 14), seldom=True).met
    assert practised(*close, date(2024, 2, 15), seldom=True).met_on == date(2024, 2, 15)


def test_a_seldom_task_knows_no_gap():
    seldom = practised(date(2024, 1, 15), date(2024, 9, 2), seldom=True)
    assert (seldom.began, seldom.keep_alive_by) == (date(2024, 1, 15), None)
    assert not seldom.broken_on(date(2025, 9, 2))


def test_the_month_is_as_long_as_the_policy_says():
    longer = Terms(practice_months=2, practice_days=2, gap_working_days=40)
    assert practised(MONDAY_15, terms=longer).ready_on == date(2024, 3, 15)


def test_a_stricter_policy_allows_shorter_gaps():
    strict = Terms(gap_working_days=1)
    assert practised(MONDAY_15, date(2024, 1, 17), terms=strict).began == MONDAY_15
    assert practised(MONDAY_15, date(2024, 1, 18), terms=strict).began == date(2024, 1, 18)


def test_ready_on_leaves_days_for_the_entries_that_are_still_needed():
    many = Terms(practice_days=60)
    assert practised(MONDAY_15, date(2024, 1, 16), terms=many).ready_on == date(2024, 3, 14)


FIRST = date(2023, 12, 20)


@st.composite
def calendars(draw):
    """Anybody's year: a pattern, a few absences, a few holidays."""
    dates = st.integers(0, 150).map(lambda n: FIRST + n * DAY)
    weekdays = draw(st.sets(st.integers(0, 6), min_size=1))
    starts = draw(st.lists(st.tuples(dates, st.integers(1, 25)), max_size=3))
    return WorkCalendar(
        patterns=(WorkPattern(effective=date(2020, 1, 1), weekdays=tuple(sorted(weekdays))),),
        absences=tuple(Period(start=start, end=start + n * DAY) for start, n in starts),
        holidays=tuple(draw(st.sets(dates, max_size=4))),
    )


TERMS_OF_ANY_KIND = st.builds(
    Terms,
    practice_months=st.integers(1, 3),
    gap_working_days=st.integers(1, 8),
    practice_days=st.integers(1, 12),
    seldom_occurrences=st.integers(2, 5),
)
STEPS_BETWEEN = st.lists(st.integers(1, 12), max_size=10)


def walked(start, steps):
    days = [start]
    for step in steps:
        days.append(days[-1] + step * DAY)
    return days


@over(calendars(), TERMS_OF_ANY_KIND, STEPS_BETWEEN, st.booleans())
def test_who_practises_daily_from_now_meets_the_month_on_the_day_that_was_foretold(
    calendar, terms, steps, seldom
):
    days = walked(FIRST, steps)
    told = practised(*days, calendar=calendar, terms=terms, seldom=seldom)
    assume(not told.met)
    while days[-1] < told.ready_on:
        assert not practised(*days, calendar=calendar, terms=terms, seldom=seldom).met
        days.append(days[-1] + DAY)
    assert practised(*days, calendar=calendar, terms=terms, seldom=seldom).met_on == told.ready_on


@over(calendars(), TERMS_OF_ANY_KIND, STEPS_BETWEEN, STEPS_BETWEEN, st.booleans())
def test_no_entries_from_now_on_meet_the_month_before_the_foretold_day(
    calendar, terms, steps, more, seldom
):
    days = walked(FIRST, steps)
    told = practised(*days, calendar=calendar, terms=terms, seldom=seldom)
    assume(not told.met)
    then = practised(*walked(days[-1], more), *days, calendar=calendar, terms=terms, seldom=seldom)
    assert not then.met or then.met_on >= told.ready_on


@over(calendars(), TERMS_OF_ANY_KIND, STEPS_BETWEEN)
def test_the_run_lives_until_the_day_that_was_foretold_and_not_a_day_longer(calendar, terms, steps):
    days = walked(FIRST, steps)
    told = practised(*days, calendar=calendar, terms=terms)
    assume(not told.met)
    in_time = practised(*days, told.keep_alive_by, calendar=calendar, terms=terms)
    too_late = practised(*days, told.keep_alive_by + DAY, calendar=calendar, terms=terms)
    assert in_time.began == told.began
    assert too_late.began_again[-1:] == (told.keep_alive_by + DAY,)


@over(calendars(), STEPS_BETWEEN, st.booleans(), st.data())
def test_the_order_in_which_entries_are_made_does_not_matter(calendar, steps, seldom, data):
    days = walked(FIRST, steps)
    shuffled = data.draw(st.permutations(days))
    told = practised(*days, calendar=calendar, seldom=seldom)
    assert practised(*shuffled, days[0], calendar=calendar, seldom=seldom) == told


@over(calendars(), TERMS_OF_ANY_KIND, STEPS_BETWEEN, st.booleans())
def test_a_met_month_lasted_a_month_without_too_long_a_gap(calendar, terms, steps, seldom):
    days = walked(FIRST, [*steps, *[1] * 200])
    met = practised(*days, calendar=calendar, terms=terms, seldom=seldom)
    run = [day for day in days if met.began <= day <= met.met_on]
    idle = [
        sum(calendar.works(one + n * DAY) for n in range(1, (other - one).days))
        for one, other in pairwise(run)
    ]
    assert seldom or all(each <= terms.gap_working_days for each in idle)
    assert len(run) >= (terms.seldom_occurrences if seldom else terms.practice_days)
    assert (met.met_on - met.began).days >= 28 * terms.practice_months
