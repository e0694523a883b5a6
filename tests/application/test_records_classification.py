"""Record or reference, at the edges: what is cited is copied, and what was read stays reading."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.items import ItemKind
from countersign.domain.refusals import DayAhead, EvidenceUnavailable, Refusal, UnknownItem
from countersign.domain.schedule import Group
from countersign.domain.sealed import Erased
from countersign.infrastructure import journal


@pytest.fixture
def case(on_sqlite):
    case = on_sqlite.case("Ada", until="checked")
    case.result = case.note()
    return case


def kept(case, title="an article"):
    return case.does(c.KeepItem(title=title)).events[0].stream


def citing(case, item):
    return c.AddEvidence(result=case.result, evidence=c.EvidenceWish(item=item))


def cited(case, item):
    events = case.does(citing(case, item)).events
    return next(each.event for each in events if each.stream == case.result).evidence.copy_id


def titles(case):
    (task,) = case.board().tasks
    return [each.title for result in task.results for each in result.evidence]


def register(case, **filters):
    return case.company.ask("Ada", q.Register(**filters))


def swept(company):
    company.clock.wait(days=370)
    company.engine.fire_due()
    company.clock.wait(days=40)
    company.engine.fire_due()


def test_what_its_owner_discarded_before_citing_cannot_be_cited(case):
    item = kept(case)
    case.does(c.DiscardItem(item=item))

    case.company.when("Ada", citing(case, item)).refused(EvidenceUnavailable)


def test_what_its_owner_discards_after_citing_stays_as_a_record_copy(case):
    item = kept(case)
    cited(case, item)
    case.does(c.DiscardItem(item=item))

    assert titles(case) == ["an article"]
    (read,) = case.company.ask("Ada", q.ReadingList(person=case.company.person("Ada")))
    assert isinstance(read.title, Erased)


def test_what_is_cited_under_notice_is_copied_and_goes_all_the_same(case):
    item = kept(case)
    case.company.clock.wait(days=370)
    case.company.engine.fire_due()
    cited(case, item)
    case.company.clock.wait(days=40)
    case.company.engine.fire_due()

    assert titles(case) == ["an article"]
    (end,) = register(case, starts=item)
    assert end.residue


def test_what_has_been_destroyed_cannot_be_cited(case):
    item = kept(case)
    swept(case.company)

    case.company.when("Ada", citing(case, item)).refused(UnknownItem)


def test_a_record_copy_is_no_reading_material_and_is_not_cited_again(case):
    copy = cited(case, kept(case))

    case.company.when("Ada", citing(case, copy)).refused(UnknownItem)


def test_an_item_cited_in_two_cases_has_a_copy_in_each_with_a_period_of_its_own(case):
    item = kept(case)
    first = cited(case, item)
    case.does(c.AbandonPlan(plan=case.plan))
    closed = case.company.clock.today
    again = case.company.case("Ada", until="checked")
    again.result = again.note()
    second = cited(again, item)

    by_id = {each.item: each for each in register(case, kind=ItemKind.COPY)}
    assert by_id[first].triggered_on == closed
    assert by_id[second].triggered_on is None


def test_the_same_words_read_and_brought_are_two_things(case):
    item = kept(case, "the same words")
    brought = c.EvidenceWish(title="the same words")
    case.does(c.AddEvidence(result=case.result, evidence=brought))
    case.does(c.DiscardItem(item=item))

    assert titles(case) == ["the same words"]


def test_a_copy_stays_when_its_result_is_retracted(case):
    """Until its short period is over, or two people say that it was no record."""
    copy = cited(case, kept(case))
    case.does(c.RetractResult(result=case.result))

    (found,) = register(case, starts=copy)
    assert (found.state, found.group) == (q.ItemState.LIVE, Group.NEVER_SUBMITTED)


def test_an_old_item_keeps_the_rules_by_which_it_was_classed(case, monkeypatch):
    old = kept(case)
    monkeypatch.setattr(journal, "RULES", 2)
    new = kept(case)

    rules = [case.company.ask("Ada", q.WhyItem(item=item)).rule for item in (old, new)]
    assert rules == [1, 2]


def test_what_was_found_earlier_was_still_made_on_the_day_it_was_noted(case):
    """A backdated day moves no period."""
    today = case.company.clock.today
    noted = case.note("an older lead", found_on=today - timedelta(days=5))

    (found,) = register(case, starts=noted)
    assert found.created_on == today


def test_nothing_is_drafted_for_a_day_that_is_still_to_come(case):
    item = kept(case)
    ref = c.ItemRef(kind=ItemKind.REFERENCE, item=item, stream=item)
    tomorrow = case.company.clock.today + timedelta(days=1)

    draft = c.DraftDisposal(items=(ref,), on=tomorrow)
    case.company.when("Rob", draft).refused(DayAhead)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["keep", "cite", "discard", "retract", "note", "sweep"]), st.integers(0, 2)
    ),
    min_size=4,
    max_size=10,
)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_there_is_no_citation_without_a_record_copy(fresh_company, steps):
    with fresh_company() as company:
        case = company.case("Ada", until="checked")
        items, results = [kept(case)], [case.note()]
        for step, number in steps:
            one_step(case, step, items, results, number)
        copies_of_every_citation(company)


def one_step(case, step, items, results, number):
    item, result = items[number % len(items)], results[number % len(results)]
    case.result = result
    try:
        match step:
            case "keep":
                items.append(kept(case))
            case "note":
                results.append(case.note())
            case "cite":
                case.does(citing(case, item))
            case "discard":
                case.does(c.DiscardItem(item=item))
            case "retract":
                case.does(c.RetractResult(result=result))
            case "sweep":
                swept(case.company)
    except Refusal:
        return


def copies_of_every_citation(company):
    """Each stands in the same command as the citation, is registered, and its text can be read."""
    trail = company.ask("Ada", q.AuditTrail(person=company.person("Ada")))
    citations = [entry for entry in trail if entry.name == "reference.cited.v1"]
    added = {
        (entry.command, entry.says["evidence.copy_id"]): entry
        for entry in trail
        if entry.name == "result.evidence_added.v1"
    }
    for citation in citations:
        copy = added[citation.command, citation.says["copy_id"]]
        assert copy.says["evidence.item"] == citation.stream
        assert copy.text["evidence.title"] == "an article"
        (found,) = company.ask("Ada", q.Register(starts=citation.says["copy_id"]))
        assert found.kind is ItemKind.COPY
