"""What is easily got wrong between a hold, an erasure and a run; docs/reference/edge-cases.md."""

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.approval import Phase
from countersign.domain.disposal import Fate, RunKind
from countersign.domain.hold import Scope
from countersign.domain.items import ItemKind
from countersign.domain.refusals import GoneAlready


def hold(company, name, **scope):
    placed = c.PlaceHold(scope=Scope(**scope), matter="a dispute", authority="the court")
    return company.when(name, placed).then_events("hold.placed")


def fates(certificate):
    return {each.item: each.fate for each in certificate.done}


@pytest.fixture
def without_ada(company, records):
    """Ada has left, and all about her has been erased."""
    company.leaves("Ada")
    records.in_years()
    records.disposed(records.erasure("Ada"))
    return company


def test_a_hold_on_somebody_already_erased_is_placed_and_brings_nothing_back(without_ada, records):
    ada = without_ada.person("Ada")
    before = records.units(ada)

    hold(without_ada, "Rob", persons=(ada,))

    assert "live" not in before.values()
    assert records.units(ada) == before
    records.all_as_rebuilt()


def test_a_hold_on_what_is_only_a_residue_brings_nothing_back(company, records):
    case = records.closed_case()
    records.in_years()
    issued = records.disposed_case(case)

    hold(company, "Rob", items=(case.plan,))
    company.engine.carry_out(issued.certificate.run)

    assert records.told(case.plan) == []
    assert records.issued(issued.certificate.run) == issued


def test_whoever_placed_a_hold_may_approve_and_what_is_held_stays(company, records):
    held, other = records.closed_case("Ada"), records.closed_case("Bob")
    records.in_years()
    run = records.drafted(*records.refs(held), *records.refs(other))
    hold(company, "Hilda", cases=(held.plan,))

    fate = fates(records.disposed(run).certificate)

    assert (fate[held.plan], fate[held.result]) == (Fate.SPARED, Fate.SPARED)
    assert (fate[other.plan], fate[other.result]) == (Fate.DESTROYED, Fate.DESTROYED)


def erasing(company, name):
    return c.DraftErasure(person=company.person(name), reason="asked for once more")


def test_a_request_for_erasure_that_comes_twice_finds_nothing_left(company, records):
    """Two lists of the same, both approved: the second says that another was before it."""
    company.leaves("Ada")
    records.in_years()
    first, second = records.erasure("Ada"), records.erasure("Ada")
    records.disposed(first)

    again = records.disposed(second).certificate

    assert again.done
    assert {each.fate for each in again.done} == {Fate.GONE_ALREADY}
    assert {(each.units, each.cells) for each in again.done} == {((), 0)}


def test_whoever_is_erased_already_is_said_to_be_and_since_when(company, records):
    records.closed_case()
    company.leaves("Ada")
    records.in_years()
    certificate = records.disposed(records.erasure("Ada")).certificate
    went_on = company.clock.today
    company.clock.wait(days=9)

    told = company.when("Rob", erasing(company, "Ada"))

    told.refused(GoneAlready, on=went_on, certificate=certificate.certificate)
    assert f"on {went_on} under certificate {certificate.certificate}" in told.said.sentence


def test_items_whose_text_is_gone_are_said_to_be(company, records):
    case = records.closed_case()
    records.in_years()
    plan, result = records.refs(case)
    erased = records.drafted_erasure(plan)
    certificate = records.disposed(erased).certificate.certificate

    again = company.when("Rob", c.DraftErasure(items=(plan,), reason="once more"))
    both = records.drafted_erasure(plan, result)

    again.refused(GoneAlready, certificate=certificate)
    assert [each.item.item for each in both.entries] == [case.result]


def test_only_what_has_come_since_is_on_the_next_list(company, records):
    """Who comes back under the old id has a new case, and nothing of what went."""
    company.leaves("Ada")
    records.in_years()
    records.disposed(records.erasure("Ada"))
    ada = company.person("Ada")
    company.does("Hilda", c.RecordReturn(person=ada, effective=company.clock.today))
    item = records.kept("Ada")

    listed = records.erasure("Ada")
    certificate = records.disposed(listed).certificate

    assert [each.item.item for each in listed.entries] == [item]
    assert fates(certificate) == {item: Fate.DESTROYED}
    company.when("Rob", erasing(company, "Ada")).refused(GoneAlready)


def test_an_erased_person_is_not_disposed_of_by_the_schedule_as_well(company, records):
    company.leaves("Ada")
    records.in_years()
    ada = company.person("Ada")
    ref = c.ItemRef(kind=ItemKind.PERSON, item=ada, stream=ada)
    run = records.drafted(ref)
    records.disposed(records.erasure("Ada"))

    assert fates(records.disposed(run).certificate) == {ada: Fate.GONE_ALREADY}
    company.when("Rob", c.DraftDisposal(items=(ref,))).refused(GoneAlready)


def test_who_is_employee_and_approver_is_erased_as_the_one_and_stays_as_the_other(company, records):
    """A hold on them catches both; an erasure takes what is theirs, and no word of others."""
    max_, case = company.person("Max"), company.case("Ada", "enabled")
    own = records.closed_case("Max")
    company.moves("Ada", "Tess")
    company.moves("Bob", "Tess")
    company.leaves("Max")
    records.in_years()
    adas = records.units(case.plan, case.task, case.result)
    placed = hold(company, "Rob", persons=(max_,)).receipt.events[0].event.hold
    assert holds_over(company, case.task) == holds_over(company, own.plan) == (placed,)
    assert {each.fate for each in records.disposed(records.erasure("Max")).certificate.done} == {
        Fate.WITHHELD
    }

    company.does("Rob", c.ReleaseHold(hold=placed, reason="settled"))

    (later,) = company.ask("Rob", q.DisposalRuns(kind=RunKind.ERASURE, limit=1))
    fate = fates(records.issued(later.run).certificate)
    assert fate == dict.fromkeys((max_, own.plan, own.result), Fate.DESTROYED)
    assert set(adas.values()) == {"live"}
    assert records.units(case.plan, case.task, case.result) == adas
    assert case.request.phase is Phase.ENABLED
    assert case.request.decisions[0].approver == max_
    records.all_as_rebuilt()


def holds_over(company, item):
    return company.ask("Rob", q.WhyItem(item=item)).item.holds


def test_a_decision_counts_when_the_name_of_whoever_took_it_is_gone(company, records):
    case = company.case("Ada", "enabled")
    above = company.manager[company.manager["Ada"]]
    company.moves(company.manager["Ada"], "Hilda")
    company.leaves(above)
    records.in_years()

    records.disposed(records.erasure(above))

    assert case.request.phase is Phase.ENABLED
    records.all_as_rebuilt()


def test_somebody_erased_who_comes_back_is_somebody_new(without_ada):
    before = without_ada.person("Ada")

    without_ada.import_rows(without_ada.row("Ada", without_ada.manager["Ada"]))

    assert without_ada.person("Ada") != before
