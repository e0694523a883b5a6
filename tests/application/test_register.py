"""The register: what is kept, of which class, what the schedule says of it, and who sees it."""

from datetime import date, timedelta

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.desk import THE_ENGINE
from countersign.application.replay import replay
from countersign.domain.disposal import Fate, RunKind, RunPhase
from countersign.domain.employee import Role
from countersign.domain.hold import Scope
from countersign.domain.items import ItemKind
from countersign.domain.refusals import (
    Destroyed,
    NotFound,
    PlanNotStarted,
    UnknownItem,
    UnknownRun,
    UnknownSchedule,
)
from countersign.domain.retention import Because, RetentionOutcome
from countersign.domain.sealed import Erased

YEARS = {"PR-ENABLE": "P7Y", "PR-SHORT": "P2Y", "PR-PEOPLE": "P2Y"}


@pytest.fixture
def office(company):
    """Rita keeps the records with Rob; Hilda keeps to people; Carl audits."""
    company.import_rows(company.row("Rita", "Vera"))
    for name, role in (("Rita", Role.RECORDS), ("Carl", Role.AUDITOR)):
        company.does("Hilda", c.GrantRole(person=company.person(name), role=role))
    hilda = company.person("Hilda")
    company.does("Rob", c.WithdrawRole(person=hilda, role=Role.RECORDS))
    return company


def confirmed(company, **years):
    periods = tuple(
        c.ConfirmedPeriod(series=series, minimum=minimum, authority="the board")
        for series, minimum in (years or YEARS).items()
    )
    company.does("Rita", c.ConfirmPeriods(periods=periods, reason="settled"))
    company.does("Rob", c.ApproveSchedule(version=2))


def kept(company, name, title="an article"):
    return company.does(name, c.KeepItem(title=title)).events[0].stream


def register(company, name, **filters):
    return company.ask(name, q.Register(**filters))


def ref(item):
    return c.ItemRef(kind=item.kind, item=item.item, stream=item.stream)


def hold_on(company, **scope):
    placed = c.PlaceHold(scope=Scope(**scope), matter="the claim", authority="a court")
    return company.does("Rita", placed).events[0].event.hold


def drafted(company, items, name="Rita"):
    event = company.does(name, c.DraftDisposal(items=tuple(map(ref, items)))).events[0]
    return event.stream, event.event.fingerprint


def disposed(company, items):
    """A run from its draft to its certificate."""
    run, seen = drafted(company, items)
    return carried_out(company, run, seen)


def carried_out(company, run, seen):
    company.does("Rob", c.ApproveDisposal(run=run, fingerprint=seen))
    company.does("Rob", c.DestroyNext(run=run))
    return company.ask("Rita", q.Disposal(run=run))


def closed_case(company, owner="Ada", until="noted"):
    case = company.case(owner, until="checked")
    item = kept(company, owner)
    case.result = case.note()
    if until == "cited":
        case.does(c.AddEvidence(result=case.result, evidence=c.EvidenceWish(item=item)))
    case.does(c.TellResult(result=case.result))
    case.does(c.AbandonPlan(plan=case.plan))
    return case


def swept(company, item):
    company.clock.wait(days=370)
    company.engine.fire_due()
    company.clock.wait(days=40)
    company.engine.fire_due()
    return item


def kinds(items):
    return sorted(item.kind.value for item in items)


# What stands in it


def test_reading_material_stands_in_it_with_the_day_from_which_it_may_go(office):
    item = kept(office, "Ada")
    (found,) = register(office, "Rita", kind=ItemKind.REFERENCE)

    assert (found.item, found.owner) == (item, office.person("Ada"))
    assert found.evaluation.outcome is RetentionOutcome.NOT_DUE
    assert found.evaluation.due == date(2027, 3, 2)
    assert found.state is q.ItemState.LIVE


def test_a_case_stands_in_it_with_all_that_belongs_to_it(office):
    case = office.case("Ada", until="enabled")
    found = register(office, "Rita", case=case.plan)

    assert kinds(found) == ["plan", "request", "result"]
    assert {item.owner for item in found} == {office.person("Ada")}
    request = next(item for item in found if item.kind is ItemKind.REQUEST)
    assert request.triggered_on == case.request.until
    assert request.evaluation.outcome is RetentionOutcome.CANNOT_EVALUATE
    assert request.evaluation.reasons[0].code is Because.YEARS_NOT_CONFIRMED


def test_a_file_stands_in_it_as_the_record_copy_that_it_is(office):
    item = kept(office, "Ada")
    read = office.uploads("Ada", b"what was read")
    office.does("Ada", c.KeepFile(item=item, upload=read, name="article.txt"))
    case = office.case("Ada", "noted")
    leads = office.uploads("Ada")
    case.does(c.AttachFile(result=case.result, upload=leads, name="leads.txt"))
    case.does(c.AddEvidence(result=case.result, evidence=c.EvidenceWish(item=item)))

    stories = [
        office.ask("Ada", q.WhyItem(item=each.item))
        for each in register(office, "Ada", kind=ItemKind.COPY)
    ]
    (by_itself,) = (each for each in stories if each.item.item == leads)
    assert by_itself.item.because == "brought as evidence of a result"
    assert (by_itself.classed_by, by_itself.copied_from) == ("result.file_attached.v1", None)
    assert [each.copied_from for each in stories if each is not by_itself] == [item, item]


def test_the_register_says_what_the_desk_would_decide(office):
    """One implementation: whatever is drafted stood in the register with the same outcome."""
    confirmed(office)
    closed_case(office)
    office.clock.wait(days=800)
    due = register(office, "Rita", may_go=True)
    run, _ = drafted(office, due)
    entries = office.ask("Rita", q.Disposal(run=run)).entries

    assert kinds(due) == ["plan", "reference", "result"]
    assert {e.item.item: e.evaluation for e in entries} == {i.item: i.evaluation for i in due}


def test_who_has_left_stands_in_it_with_the_day(office):
    office.leaves("Bob")
    (found,) = register(office, "Rita", owner=office.person("Bob"), kind=ItemKind.PERSON)

    assert found.triggered_on == office.clock.today
    assert found.awaits is None


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"kind": ItemKind.RESULT}, ["result"]),
        ({"kind": ItemKind.COPY}, ["copy"]),
        ({"group": "reading"}, ["reference"]),
        ({"group": "never_submitted"}, ["copy", "plan", "result"]),
        ({"record_class": "reference_material"}, ["reference"]),
        ({"record_class": "control_record"}, []),
        ({"outcome": RetentionOutcome.NOT_DUE}, ["reference"]),
        ({"may_go": True}, []),
        ({"state": q.ItemState.DESTROYED}, []),
    ],
)
def test_it_is_narrowed_down(office, filters, expected):
    closed_case(office, until="cited")

    assert kinds(register(office, "Rita", owner=office.person("Ada"), **filters)) == expected


def test_an_item_is_found_by_how_its_id_begins(office):
    case = closed_case(office)

    for item in (case.plan, case.result):
        assert [each.item for each in register(office, "Rita", starts=item[:8])] == [item]


def test_a_part_is_the_same_as_that_part_of_the_whole(office):
    closed_case(office, until="cited")
    kept(office, "Bob")
    whole = register(office, "Rita")

    parts = [register(office, "Rita", skip=skip, limit=2) for skip in range(0, len(whole), 2)]
    assert [item for part in parts for item in part] == whole
    assert len(whole) > 6


def test_why_an_item_is_what_it_is_always_has_an_answer(office):
    case = closed_case(office, until="cited")
    (copy,) = register(office, "Rita", case=case.plan, kind=ItemKind.COPY)
    (read,) = register(office, "Rita", kind=ItemKind.REFERENCE)
    why = office.ask("Rita", q.WhyItem(item=copy.item))

    assert why.copied_from == read.item
    assert why.for_result == case.result
    assert why.item.because == "copied because a result cites it as evidence"
    assert [row.code for row in why.series] == ["PR-SHORT"]
    assert office.ask("Rita", q.WhyItem(item=read.item)).cited_by == (case.result,)


def test_a_hold_shows_on_what_it_covers(office):
    kept(office, "Ada")
    hold = hold_on(office, persons=(office.person("Ada"),))
    (found,) = register(office, "Ada", kind=ItemKind.REFERENCE)

    assert found.holds == (hold,)
    assert found.evaluation.outcome is RetentionOutcome.HELD


def test_as_of_before_the_hold_it_was_not_held(office):
    kept(office, "Ada")
    before = office.engine.position()
    hold_on(office, persons=(office.person("Ada"),))
    wanted = q.Register(kind=ItemKind.REFERENCE)
    (then,) = office.ask("Rita", wanted, as_of=before)

    assert then.evaluation.outcome is RetentionOutcome.NOT_DUE


# What is no more


def test_swept_material_stays_known_through_the_run_that_took_it(office):
    item = swept(office, kept(office, "Ada"))
    (found,) = register(office, "Rita", state=q.ItemState.DESTROYED)

    assert found.item == item
    assert found.residue
    assert found.destroyed_on == office.clock.today
    assert found.evaluation.outcome is RetentionOutcome.OVERDUE
    assert office.ask("Ada", q.WhyItem(item=item)).item == found


def test_known_then_destroyed_since(office):
    """Also as of a moment before: never an empty answer."""
    item = kept(office, "Ada")
    before = office.engine.position()
    swept(office, item)
    then = office.ask("Rita", q.Register(kind=ItemKind.REFERENCE), as_of=before)

    assert [(each.item, each.state) for each in then] == [(item, q.ItemState.DESTROYED)]


def test_what_was_not_there_yet_is_not_shown_as_destroyed(office):
    before = office.engine.position()
    office.clock.wait(days=1)
    swept(office, kept(office, "Ada"))

    assert office.ask("Rita", q.Register(kind=ItemKind.REFERENCE), as_of=before) == []


def test_its_owner_is_told_what_became_of_reading_material(office):
    item = swept(office, kept(office, "Ada"))
    wanted = q.ReadingList(person=office.person("Ada"), item=item)

    with pytest.raises(Destroyed) as refused:
        office.ask("Ada", wanted)
    assert refused.value.details["on"] == office.clock.today
    assert refused.value.details["certificate"]
    with pytest.raises(UnknownItem):
        office.ask("Bob", q.ReadingList(person=office.person("Bob"), item=item))


def gone_case(company):
    confirmed(company)
    case = closed_case(company)
    before = company.engine.position()
    company.clock.wait(days=800)
    disposed(company, register(company, "Rita", case=case.plan, may_go=True))
    return case, before


def test_a_destroyed_case_says_so_to_whoever_may_know(office):
    case, before = gone_case(office)
    asked = [q.PlanBoard(plan=case.plan), q.AuditTrail(case=case.plan)]

    for question in asked:
        for as_of in (None, before):
            for name in ("Ada", "Rita"):
                with pytest.raises(Destroyed):
                    office.ask(name, question, as_of=as_of)
            with pytest.raises(NotFound) as refused:
                office.ask("Bob", question, as_of=as_of)
            assert type(refused.value) is not Destroyed


def test_a_destroyed_case_is_not_replayed(office):
    case, before = gone_case(office)

    for as_of in (None, before):
        with pytest.raises(Destroyed):
            replay(office.engine, office.actor("Ada"), case.plan, as_of=as_of)


def test_a_destroyed_case_is_in_no_list_of_plans(office):
    case, _ = gone_case(office)

    assert office.ask("Ada", q.Plans()) == []
    with pytest.raises(PlanNotStarted):
        office.ask("Ada", q.PlanBoard(person=office.person("Ada")))
    states = {each.state for each in register(office, "Ada", case=case.plan)}
    assert states == {q.ItemState.DESTROYED}


def test_text_that_has_gone_says_on_which_day(office):
    item = kept(office, "Ada")
    office.does("Ada", c.DiscardItem(item=item))
    (found,) = office.ask("Ada", q.ReadingList(person=office.person("Ada")))

    assert isinstance(found.title, Erased)
    assert found.title.on == office.clock.today


def test_a_persons_trail_tells_of_the_gap(office):
    item = swept(office, kept(office, "Ada"))
    trail = office.ask("Ada", q.AuditTrail(person=office.person("Ada")))
    ends = [entry for entry in trail if entry.destroyed]

    assert [entry.says["done.item"] for entry in ends] == [item]
    assert ends[0].certificate == register(office, "Ada", starts=item)[0].certificate


# Who sees what


def test_an_owner_sees_their_own_and_nobody_elses(office):
    kept(office, "Ada")
    kept(office, "Bob")
    ada = office.person("Ada")

    assert {each.owner for each in register(office, "Ada")} == {ada}
    with pytest.raises(NotFound):
        register(office, "Bob", owner=ada)
    for name in ("Hilda", "Max"):
        with pytest.raises(NotFound):
            register(office, name, owner=ada)


def test_an_auditor_sees_all_with_a_reason_and_else_their_own(office):
    kept(office, "Ada")

    assert {each.owner for each in register(office, "Carl")} == {office.person("Carl")}
    assert office.person("Ada") in {each.owner for each in register(office, "Carl", reason="x")}


def test_a_plan_that_nobody_was_told_of_is_its_owners_alone(office):
    case = office.case("Ada", until="noted")
    why = q.WhyItem(item=case.result)

    assert kinds(register(office, "Ada", case=case.plan)) == ["plan", "result"]
    assert register(office, "Rita", case=case.plan) == []
    with pytest.raises(UnknownItem):
        office.ask("Rita", why)
    case.does(c.AbandonPlan(plan=case.plan))
    assert kinds(register(office, "Rita", case=case.plan)) == ["plan", "result"]
    assert office.ask("Rita", why).item.item == case.result


def test_the_schedule_is_for_everybody_and_a_proposal_for_those_whose_work_it_is(office):
    periods = (c.ConfirmedPeriod(series="PR-ENABLE", minimum="P7Y", authority="the board"),)
    office.does("Rita", c.ConfirmPeriods(periods=periods, reason="settled"))

    assert office.ask("Ada", q.Schedule()).proposal is None
    assert office.ask("Rob", q.Schedule()).proposal == 2
    proposed = office.ask("Rob", q.Schedule(version=2))
    assert (proposed.in_force, proposed.reason) == (False, "settled")
    with pytest.raises(NotFound):
        office.ask("Ada", q.Schedule(version=2))
    with pytest.raises(UnknownSchedule):
        office.ask("Rob", q.Schedule(version=3))
    office.does("Rob", c.ApproveSchedule(version=2))
    assert office.ask("Ada", q.Schedule()).version == 2
    assert office.ask("Ada", q.Schedule(version=1)).in_force is False


def test_holds_are_for_records_and_auditors_with_their_words(office):
    hold = hold_on(office, persons=(office.person("Ada"),))

    for name, reason in (("Rita", None), ("Carl", "a check")):
        (found,) = office.ask(name, q.LegalHolds(reason=reason))
        assert (found.hold, found.matter) == (hold, "the claim")
    for name in ("Ada", "Hilda", "Carl"):
        with pytest.raises(NotFound):
            office.ask(name, q.LegalHolds())
    office.does("Rita", c.ReleaseHold(hold=hold, reason="settled"))
    assert office.ask("Rita", q.LegalHolds()) == []
    (released,) = office.ask("Rita", q.LegalHolds(released=True))
    assert released.release_reason == "settled"


def test_an_owner_sees_their_own_entries_of_a_run_and_of_its_certificate(office):
    items = [kept(office, name) for name in ("Ada", "Bob")]
    swept(office, items[0])
    (run,) = office.ask("Rita", q.DisposalRuns())
    assert (run.kind, run.phase, run.destroyed) == (RunKind.SWEEP, RunPhase.COMPLETED, 2)

    assert [each.run for each in office.ask("Ada", q.DisposalRuns())] == [run.run]
    assert [e.item.item for e in office.ask("Ada", q.Disposal(run=run.run)).entries] == [items[0]]
    seen = office.ask("Ada", q.CertificateOf(certificate=run.certificate))
    assert [e.item.item for e in seen.certificate.entries] == [items[0]]
    assert not seen.whole
    whole = office.ask("Rita", q.CertificateOf(certificate=run.certificate))
    assert whole.whole
    assert len(whole.certificate.done) == 2
    assert office.ask("Tess", q.DisposalRuns()) == []
    for question in (q.Disposal(run=run.run), q.CertificateOf(certificate=run.certificate)):
        with pytest.raises(UnknownRun):
            office.ask("Tess", question)


def test_what_the_engine_asks_is_for_the_engine(office):
    for question in (q.ReadingToGo(on=office.clock.today), q.SuspendedErasures(hold="none")):
        with pytest.raises(NotFound):
            office.ask("Rita", question)


# The sweep, and what is suspended


def to_go(company):
    return company.engine.ask(q.ReadingToGo(on=company.clock.today), THE_ENGINE)


def test_the_sweep_is_told_of_what_needs_notice_and_then_of_what_goes(office):
    item = kept(office, "Ada")
    office.clock.go(date(2027, 3, 1))
    assert to_go(office) == []
    office.clock.go(date(2027, 3, 2))
    assert [(each.item, each.is_noticed) for each in to_go(office)] == [(item, False)]
    office.engine.fire_due()
    assert to_go(office) == []
    office.clock.go(date(2027, 4, 2))
    assert to_go(office) == []
    office.clock.go(date(2027, 4, 3))
    assert [(each.item, each.is_noticed) for each in to_go(office)] == [(item, True)]
    hold_on(office, items=(item,))
    assert to_go(office) == []


def test_an_owner_has_it_in_the_inbox_from_notice_to_sweep(office):
    item = kept(office, "Ada")
    ada = office.person("Ada")
    office.clock.go(date(2027, 3, 2))
    office.engine.fire_due()
    (waiting,) = office.ask("Ada", q.Inbox(person=ada))
    (reading,) = office.ask("Ada", q.ReadingList(person=ada))

    assert (waiting.kind, waiting.item, waiting.title) == ("reading_goes", item, "an article")
    assert waiting.due_on == reading.goes_from == date(2027, 4, 2)
    assert reading.noticed_on == office.clock.today
    office.clock.wait(days=40)
    office.engine.fire_due()
    assert office.ask("Ada", q.Inbox(person=ada)) == []


def inbox(company, name):
    found = company.ask(name, q.Inbox(person=company.person(name)))
    return [item.kind for item in found]


def test_what_waits_for_another_records_manager_is_in_their_inbox_alone(office):
    item = kept(office, "Ada")
    periods = (c.ConfirmedPeriod(series="PR-ENABLE", minimum="P7Y", authority="the board"),)
    office.does("Rita", c.ConfirmPeriods(periods=periods, reason="settled"))
    office.clock.wait(days=370)
    drafted(office, register(office, "Rita", starts=item))

    assert sorted(inbox(office, "Rob")) == ["approve_disposal", "approve_schedule"]
    for name in ("Rita", "Hilda", "Ada"):
        assert inbox(office, name) == []


def test_a_hold_is_to_be_looked_at_again(office):
    review = office.clock.today + timedelta(days=30)
    scope = Scope(persons=(office.person("Ada"),))
    held = c.PlaceHold(scope=scope, matter="m", authority="a", review_by=review)
    office.does("Rita", held)

    assert inbox(office, "Rita") == []
    (due,) = office.ask("Rita", q.DueDates(kind="hold_review"))
    assert due.due_on == review
    assert office.ask("Hilda", q.DueDates(kind="hold_review")) == []
    office.clock.go(review)
    assert inbox(office, "Rita") == inbox(office, "Rob") == ["hold_review"]


def erased(company, name):
    draft = c.DraftErasure(person=company.person(name), reason="asked")
    event = company.does("Rita", draft).events[0]
    return carried_out(company, event.stream, event.event.fingerprint)


def suspended(company, hold):
    return list(company.engine.ask(q.SuspendedErasures(hold=hold), THE_ENGINE))


def test_an_erasure_that_a_hold_suspended_is_found_until_it_is_taken_up(office):
    item = kept(office, "Ada")
    hold = hold_on(office, items=(item,))
    first = erased(office, "Ada")
    fates = {each.item: each.fate for each in first.done}

    assert fates[item] is Fate.WITHHELD
    assert suspended(office, hold) == [first.summary.run]
    office.does("Rita", c.ReleaseHold(hold=hold, reason="settled"))
    (later, *_) = office.ask("Rita", q.DisposalRuns())
    assert (later.follows, later.destroyed) == (first.summary.run, 1)
    assert suspended(office, hold) == []
    assert register(office, "Rita", starts=item)[0].state is q.ItemState.DESTROYED


def test_a_hold_that_came_after_the_erasure_resumes_it_too(office):
    item = kept(office, "Ada")
    first = hold_on(office, items=(item,))
    erased(office, "Ada")
    second = hold_on(office, persons=(office.person("Ada"),))
    office.does("Rita", c.ReleaseHold(hold=first, reason="settled"))
    assert register(office, "Rita", starts=item)[0].state is q.ItemState.LIVE

    office.does("Rita", c.ReleaseHold(hold=second, reason="settled"))
    assert register(office, "Rita", starts=item)[0].state is q.ItemState.DESTROYED
