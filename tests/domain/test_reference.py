"""Reading material: its owner's alone, citable, and disposable after a year."""

from datetime import date

import pytest

from countersign.domain.reference import (
    DiscardReason,
    ItemCited,
    ItemDiscarded,
    ItemKept,
    Medium,
    ReferenceItem,
    cite,
    discard,
    evolve,
    keep,
)
from countersign.domain.refusals import EvidenceUnavailable, NotYetDisposable, UnknownItem
from countersign.domain.sealed import Sealed

STORY = (evolve, ReferenceItem())

TITLE = Sealed.of("Ten ways to find a supplier")
KEPT_ON = date(2024, 2, 29)
A_YEAR_ON = date(2025, 2, 28)
KEPT = ItemKept(owner="ada", medium=Medium.ARTICLE, title=TITLE, kept_on=KEPT_ON)
CITED = ItemCited(result="lead", copy_id="copy", on=date(2024, 3, 4))
DISCARDED = ItemDiscarded(reason=DiscardReason.MIS_SAVED, on=date(2024, 3, 1))


def test_an_item_is_kept_for_its_owner(given):
    given().when(keep, owner="ada", medium=Medium.ARTICLE, title=TITLE, on=KEPT_ON).then(KEPT)


def test_keeping_the_same_item_again_changes_nothing(given):
    given(KEPT).when(keep, owner="ada", medium=Medium.TIP, title=TITLE, on=A_YEAR_ON).then()


def test_a_year_after_29_february_is_28_february(given):
    assert given(KEPT).state.disposable_from == A_YEAR_ON


def test_an_item_may_be_discarded_from_its_year_on(given):
    given(KEPT).when(discard, on=A_YEAR_ON).then(
        ItemDiscarded(reason=DiscardReason.YEAR_OVER, on=A_YEAR_ON)
    )


@pytest.mark.parametrize("day", [date(2024, 3, 8), date(2025, 2, 27)])
def test_before_its_year_an_item_stays(given, day):
    given(KEPT).when(discard, on=day).refused(NotYetDisposable, disposable_from=A_YEAR_ON)


def test_a_mis_save_may_be_struck_within_seven_days(given):
    day = date(2024, 3, 7)
    given(KEPT).when(discard, on=day).then(ItemDiscarded(reason=DiscardReason.MIS_SAVED, on=day))


def test_personal_data_may_go_at_any_time(given):
    day = date(2024, 8, 1)
    given(KEPT).when(discard, on=day, because_of_personal_data=True).then(
        ItemDiscarded(reason=DiscardReason.PERSONAL_DATA, on=day)
    )


def test_discarding_twice_changes_nothing(given):
    given(KEPT, DISCARDED).when(discard, on=A_YEAR_ON).then()


def test_citing_says_which_copy_is_the_record(given):
    given(KEPT).when(cite, result="lead", copy_id="copy", on=CITED.on).then(CITED)


def test_citing_twice_for_one_result_changes_nothing(given):
    given(KEPT, CITED).when(cite, result="lead", copy_id="another", on=CITED.on).then()


def test_an_item_may_serve_two_results(given):
    given(KEPT, CITED).when(cite, result="tip", copy_id="another", on=CITED.on).then(ItemCited)


def test_a_cited_item_stays_what_it_was(given):
    assert given(KEPT, CITED).state.disposable_from == A_YEAR_ON


def test_nothing_is_left_to_copy_of_a_discarded_item(given):
    given(KEPT, DISCARDED).when(cite, result="lead", copy_id="copy", on=CITED.on).refused(
        EvidenceUnavailable
    )


def test_an_unknown_item_cannot_be_cited(given):
    given().when(cite, result="lead", copy_id="copy", on=CITED.on).refused(UnknownItem)


def test_an_unknown_item_cannot_be_discarded(given):
    given().when(discard, on=A_YEAR_ON).refused(UnknownItem)
