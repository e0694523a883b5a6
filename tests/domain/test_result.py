"""Results are tangible, told by the employee, and acknowledged by a word."""

from datetime import date
from typing import Any

import pytest

from countersign.domain.plan import ValueKind
from countersign.domain.refusals import (
    NotTangible,
    ResultNotTold,
    ResultRetracted,
    UnknownResult,
)
from countersign.domain.result import (
    Evidence,
    EvidenceAdded,
    Finding,
    Result,
    ResultAcknowledged,
    ResultAmended,
    ResultHidden,
    ResultKind,
    ResultNoted,
    ResultRetractedByOwner,
    ResultShown,
    ResultTold,
    Route,
    acknowledge,
    add_evidence,
    amend,
    evolve,
    hide,
    note,
    retract,
    show,
    tell,
)
from countersign.domain.sealed import Sealed

STORY = (evolve, Result())

DAY, LATER = date(2024, 3, 4), date(2024, 3, 11)
CONFIRMED = Finding(
    kind=ResultKind.LEAD,
    value=ValueKind.INDIRECT,
    route=Route.TIP,
    channel=Sealed.of("a professional network"),
    what=Sealed.of("a buyer who looks for our parts"),
    confirmable_by=Sealed.of("Bob spoke to the buyer"),
)
UNCONFIRMED = CONFIRMED.model_copy(update={"confirmable_by": None})
ARTICLE = Evidence(copy_id="copy", title=Sealed.of("The article"), item="article")
SCREENSHOT = Evidence(copy_id="shot", title=Sealed.of("A screenshot"))
WHOSE: dict[str, Any] = {"employee": "ada", "plan": "plan", "task": "leads", "found_on": DAY}


def noted(finding=CONFIRMED, evidence=()):
    return ResultNoted(**WHOSE, evidence=evidence, on=DAY, **dict(finding))


TOLD = ResultTold(manager="bob", on=DAY)
ACKNOWLEDGED = ResultAcknowledged(manager="bob", on=DAY)
SHOWN = ResultShown(on=DAY)
RETRACTED = ResultRetractedByOwner(on=DAY)


def test_a_result_that_somebody_can_confirm_is_tangible(given):
    given().when(note, **WHOSE, finding=CONFIRMED, on=DAY).then(noted())


def test_a_result_that_somebody_can_look_at_is_tangible(given):
    given().when(note, **WHOSE, finding=UNCONFIRMED, evidence=[ARTICLE], on=DAY).then(
        noted(UNCONFIRMED, (ARTICLE,))
    )


def test_what_nobody_can_look_at_or_confirm_is_not_tangible(given):
    given().when(note, **WHOSE, finding=UNCONFIRMED, on=DAY).refused(NotTangible)


def test_noting_again_changes_nothing(given):
    given(noted()).when(note, **WHOSE, finding=CONFIRMED, on=LATER).then()


def test_an_amendment_is_the_next_revision(given):
    other = CONFIRMED.model_copy(update={"route": Route.SEARCH})
    given(noted()).when(amend, finding=other, on=LATER).then(
        ResultAmended(revision=2, on=LATER, **dict(other))
    )


def test_an_amendment_may_not_make_a_result_intangible(given):
    given(noted()).when(amend, finding=UNCONFIRMED, on=LATER).refused(NotTangible)


@pytest.mark.parametrize("evidence", [ARTICLE, SCREENSHOT])
def test_with_evidence_added_nobody_needs_to_confirm(given, evidence):
    given(noted(), EvidenceAdded(evidence=evidence, revision=2, on=DAY)).when(
        amend, finding=UNCONFIRMED, on=LATER
    ).then(ResultAmended)


def test_added_evidence_is_the_next_revision(given):
    given(noted()).when(add_evidence, evidence=ARTICLE, on=LATER).then(
        EvidenceAdded(evidence=ARTICLE, revision=2, on=LATER)
    )


def test_an_item_is_not_cited_twice(given):
    again = ARTICLE.model_copy(update={"copy_id": "another"})
    given(noted(UNCONFIRMED, (ARTICLE,))).when(add_evidence, evidence=again, on=LATER).then()


def test_the_employee_tells_the_manager(given):
    given(noted()).when(tell, manager="bob", on=DAY).then(TOLD)


def test_telling_the_same_manager_again_changes_nothing(given):
    given(noted(), TOLD).when(tell, manager="bob", on=LATER).then()


def test_a_new_manager_is_told_and_has_acknowledged_nothing(given):
    story = given(noted(), TOLD, ACKNOWLEDGED).when(tell, manager="cy", on=LATER)
    story.then(ResultTold(manager="cy", on=LATER))
    assert (story.state.told_to, story.state.acknowledged) == ("cy", False)


def test_the_manager_acknowledges_what_was_told(given):
    given(noted(), TOLD).when(acknowledge, manager="bob", on=DAY).then(ACKNOWLEDGED)


def test_what_was_not_told_cannot_be_acknowledged(given):
    given(noted()).when(acknowledge, manager="bob", on=DAY).refused(ResultNotTold)


def test_acknowledging_twice_changes_nothing(given):
    given(noted(), TOLD, ACKNOWLEDGED).when(acknowledge, manager="bob", on=LATER).then()


def test_telling_is_not_acknowledging(given):
    assert not given(noted(), TOLD).state.acknowledged


def test_nothing_is_shown_to_colleagues_by_itself(given):
    assert not given(noted(), TOLD, ACKNOWLEDGED).state.shown


def test_the_employee_may_show_a_result_to_colleagues(given):
    given(noted()).when(show, on=DAY).then(SHOWN)


def test_showing_can_be_taken_back(given):
    given(noted(), SHOWN).when(hide, on=LATER).then(ResultHidden(on=LATER))


def test_showing_and_hiding_twice_change_nothing(given):
    given(noted(), SHOWN).when(show, on=LATER).then()
    given(noted()).when(hide, on=LATER).then()


def test_a_retracted_result_is_shown_no_longer(given):
    story = given(noted(), SHOWN).when(retract, on=LATER).then(ResultRetractedByOwner(on=LATER))
    assert (story.state.retracted, story.state.shown) == (True, False)


def test_retracting_twice_changes_nothing(given):
    given(noted(), RETRACTED).when(retract, on=LATER).then()


ON_WHAT_STANDS = [
    (amend, {"finding": CONFIRMED}),
    (add_evidence, {"evidence": ARTICLE}),
    (tell, {"manager": "bob"}),
    (acknowledge, {"manager": "bob"}),
    (show, {}),
]


@pytest.mark.parametrize(("decision", "words"), ON_WHAT_STANDS)
def test_a_retracted_result_is_left_alone(given, decision, words):
    given(noted(), TOLD, RETRACTED).when(decision, **words, on=LATER).refused(ResultRetracted)


@pytest.mark.parametrize(("decision", "words"), [*ON_WHAT_STANDS, (hide, {}), (retract, {})])
def test_an_unknown_result_is_not_there(given, decision, words):
    given().when(decision, **words, on=LATER).refused(UnknownResult)
