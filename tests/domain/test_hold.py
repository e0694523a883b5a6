"""Holds: what somebody has a right to see kept stays, also what is made afterwards."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.event import RecordClass
from countersign.domain.hold import HoldPlaced, HoldReleased, Holds, Scope, evolve, place, release
from countersign.domain.refusals import HoldUnbounded, PeriodEmpty, UnknownHold
from countersign.domain.sealed import Sealed

from .items_made import DAYS, items, reading

STORY = (evolve, Holds())
ON = date(2026, 3, 2)


def placing(hold="h1", **scope):
    said = {"matter": Sealed.of("m"), "authority": Sealed.of("a"), "review_by": None}
    return {"hold": hold, "scope": Scope(**scope), "by": "rita", "on": ON, **said}


def test_a_hold_names_what_it_holds(given):
    given().when(place, **placing()).refused(HoldUnbounded)


def test_a_time_must_not_end_before_it_begins(given):
    between = {"made_from": date(2026, 2, 1), "made_until": date(2026, 1, 1)}

    given().when(place, **placing(**between)).refused(PeriodEmpty)


def test_all_overlapping_holds_must_lift(given):
    item = reading()
    story = given().when(place, **placing("h1", persons=("ada",))).then(HoldPlaced)
    story = story.when(place, **placing("h2", items=(item.item,)))
    gone = {"reason": Sealed.of("r"), "by": "rita", "on": ON}
    assert len(story.state.over(item)) == 2
    story = story.when(release, hold="h1", **gone).then(HoldReleased)
    assert len(story.state.over(item)) == 1
    assert story.when(release, hold="h2", **gone).state.over(item) == ()
    story.when(release, hold="h1", **gone).refused(UnknownHold)


def test_a_hold_is_a_predicate_that_catches_what_is_made_later():
    scope = Scope(persons=("ada",), classes=(RecordClass.REFERENCE_MATERIAL,))

    assert scope.covers(reading(created_on=date(2040, 1, 1)))
    assert not scope.covers(reading(owner="bob", persons=("bob",)))


def test_what_has_no_date_is_held_whatever_the_time_says():
    scope = Scope(made_from=date(2030, 1, 1))

    assert scope.covers(reading(created_on=None))
    assert not scope.covers(reading(created_on=date(2029, 12, 31)))


@pytest.mark.parametrize(("made", "held"), [(1, False), (2, True), (4, True), (5, False)])
def test_both_days_of_a_time_are_held(made, held):
    scope = Scope(made_from=date(2026, 1, 2), made_until=date(2026, 1, 4))

    assert scope.covers(reading(created_on=date(2026, 1, made))) is held


@given(item=items(), first=DAYS, last=DAYS)
def test_naming_more_never_holds_more(item, first, last):
    wide = Scope(persons=item.persons)
    narrow = Scope(persons=item.persons, made_from=min(first, last), made_until=max(first, last))

    assert wide.covers(item)
    assert wide.covers(item) or not narrow.covers(item)


@given(item=items(), persons=st.lists(st.sampled_from(["ada", "bob", "carl"]), min_size=1))
def test_of_a_list_one_is_enough(item, persons):
    assert Scope(persons=tuple(persons)).covers(item) is bool(set(persons) & set(item.persons))
