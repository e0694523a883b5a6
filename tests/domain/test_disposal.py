"""Disposal runs: a frozen list, approved by another, carried out item by item, certified."""

from datetime import date

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from countersign.domain.disposal import (
    CertificateIssued,
    DisposalRun,
    Done,
    Entry,
    Fate,
    ItemDestroyed,
    ItemSpared,
    RunAbandoned,
    RunApproved,
    RunDrafted,
    RunKind,
    RunPhase,
    abandon,
    approve,
    certified,
    destroy,
    draft,
    evolve,
    fingerprint,
)
from countersign.domain.event import fold
from countersign.domain.refusals import (
    NothingToDispose,
    OwnCaseInRun,
    OwnRun,
    RunNotApproved,
    RunNotDrafted,
    RunOver,
    UnknownRun,
)
from countersign.domain.retention import evaluate
from countersign.domain.schedule import Version
from countersign.domain.sealed import Sealed

from .items_made import DAYS, holds, items, reading, versions

STORY = (evolve, DisposalRun())
ON = date(2028, 3, 2)
WHY = Sealed.of("why")


def entry(item="i1", owner="ada"):
    made = reading(item=item, stream=item, owner=owner, persons=(owner,))
    return Entry(item=made, evaluation=evaluate(made, Version(), (), ON))


ENTRIES = (entry("i1"), entry("i2"))
SEEN = fingerprint(ENTRIES)


def drafting(entries=ENTRIES, **more):
    words = {"run_id": "run", "kind": RunKind.SCHEDULE, "certificate": "cert", "schedule": 1}
    return words | {"entries": entries, "by": "rita", "evaluated_on": ON, "on": ON} | more


def done(item, fate=Fate.DESTROYED):
    return Done(item=item, fate=fate, evaluation=entry(item).evaluation, on=ON)


@pytest.fixture
def waiting(given):
    return given().when(draft, **drafting())


@pytest.fixture
def approved(waiting):
    return waiting.when(approve, by="rob", seen=SEEN, on=ON)


def test_a_list_is_frozen_and_waits_for_another_person(waiting):
    waiting.then(RunDrafted)
    assert waiting.state.phase is RunPhase.DRAFTED
    waiting.when(approve, by="rita", seen=SEEN, on=ON).refused(OwnRun)
    waiting.when(approve, by="rob", seen=SEEN, on=ON).then(RunApproved)


def test_a_run_over_nothing_is_refused(given):
    given().when(draft, **drafting(())).refused(NothingToDispose)


def test_nobody_approves_the_disposal_of_their_own(waiting):
    waiting.when(approve, by="ada", seen=SEEN, on=ON).refused(OwnCaseInRun)
    waiting.when(approve, by="rob", seen=SEEN, own=("ada",), on=ON).refused(OwnCaseInRun)


def test_another_list_than_the_one_looked_at_is_not_approved(waiting):
    waiting.when(approve, by="rob", seen="0" * 64, on=ON).refused(RunNotDrafted)


def test_nothing_goes_before_the_approval(waiting):
    waiting.when(destroy, run_id="run", done=done("i1")).refused(RunNotApproved)


def test_a_run_that_never_was_is_unknown(given):
    given().when(destroy, run_id="run", done=done("i1")).refused(UnknownRun)
    given().when(approve, by="rob", seen=SEEN, on=ON).refused(UnknownRun)


def test_an_end_is_told_once(approved):
    story = approved.when(destroy, run_id="run", done=done("i1")).then(ItemDestroyed)

    story.when(destroy, run_id="run", done=done("i1")).then()
    story.when(destroy, run_id="run", done=done("i2", Fate.SPARED)).then(ItemSpared)


def test_what_has_begun_is_not_given_up(approved):
    approved.when(abandon, by="rita", reason=WHY, on=ON).then(RunAbandoned)
    begun = approved.when(destroy, run_id="run", done=done("i1"))
    begun.when(abandon, by="rita", reason=WHY, on=ON).refused(RunOver)


def test_it_is_certified_when_something_has_become_of_every_entry(approved):
    story = approved.when(destroy, run_id="run", done=done("i1"))
    with pytest.raises(RunNotApproved):
        certified(story.state, run_id="run", residues=(), on=ON)
    story = story.when(destroy, run_id="run", done=done("i2", Fate.SPARED))
    found = certified(story.state, run_id="run", residues=(), on=ON)

    assert found is not None
    assert (found.destroyed, found.with_exceptions) == (1, True)
    assert (found.drafted_by, found.approved_by) == ("rita", ("rob",))


def test_a_run_that_is_certified_is_not_certified_again(approved):
    story = approved.when(destroy, run_id="run", done=done("i1"))
    story = story.when(destroy, run_id="run", done=done("i2"))
    found = certified(story.state, run_id="run", residues=(), on=ON)
    assert found is not None
    issued = CertificateIssued(certificate=found, signature="s", key="k")

    assert certified(fold(evolve, story.state, [issued]), run_id="run", residues=(), on=ON) is None


@given_any(items=st.lists(items(), min_size=1, max_size=4), rows=versions(), held=holds(), on=DAYS)
def test_every_entry_of_a_certificate_recomputes_to_its_outcome(items, rows, held, on):
    """From what stands in it, the version that it pins and the holds: by anybody."""
    entries = tuple(
        Entry(item=made, evaluation=evaluate(made, rows, held, on))
        for made in (each.model_copy(update={"item": str(n)}) for n, each in enumerate(items))
    )
    words = drafting(entries, schedule=rows.number, evaluated_on=on, approved=True)
    run = fold(evolve, DisposalRun(), draft(DisposalRun(), **words))
    for each in entries:
        end = Done(item=each.item.item, fate=Fate.SPARED, evaluation=each.evaluation, on=on)
        run = fold(evolve, run, destroy(run, run_id="run", done=end))
    found = certified(run, run_id="run", residues=(), on=on)
    assert found is not None
    again = type(found).model_validate_json(found.model_dump_json())

    assert again.fingerprint == fingerprint(again.entries)
    for each in again.entries:
        assert evaluate(each.item, rows, held, again.evaluated_on) == each.evaluation
