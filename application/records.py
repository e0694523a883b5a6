"""The records desk: how long things are kept, what holds them, and how they go."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from ..domain import disposal, hold, reference, schedule
from ..domain.disposal import DisposalRun, Done, Entry, Fate, Ground, RunKind, Withheld
from ..domain.event import Event, Id, ItemId, PersonId, PlanId
from ..domain.items import Item, ItemKind
from ..domain.refusals import (
    DayAhead,
    GoneAlready,
    NotDemotable,
    NothingToDispose,
    OnHold,
    Refusal,
    RunNotApproved,
    SeriesIncomplete,
    Stale,
    TransferNeeded,
    UnknownItem,
    UnknownPerson,
    YearsNotConfirmed,
)
from ..domain.retention import Because, Evaluation, RetentionOutcome, evaluate
from ..domain.schedule import Action, Confirm, Duration, Group, Series
from ..domain.sealed import Sealed
from . import commands as c
from . import log_months
from .aggregates import (
    HOLDS,
    HOLDS_STREAM,
    PLAN,
    REFERENCE,
    RESULT,
    RUN,
    SCHEDULE,
    SCHEDULE_STREAM,
)
from .desk import Desk, Handler, sealed
from .envelope import ENGINE
from .items import case_of, item_of, ref_of, streams_of, units_of
from .ports import GoneReads, LiveUnit, LoggedMonth

# The schedule


def propose_schedule(desk: Desk, command: c.ProposeSchedule) -> None:
    _propose(desk, command.rows, command.reason)


def confirm_periods(desk: Desk, command: c.ConfirmPeriods) -> None:
    """The other rows stay as they are; a series that is not there cannot be confirmed."""
    wanted = {each.series: each for each in command.periods}
    rows = [_confirmed(row, wanted.pop(row.code, None)) for row in _rows_in_force(desk)]
    if wanted:
        raise UnknownItem
    _propose(desk, rows, command.reason)


def approve_schedule(desk: Desk, command: c.ApproveSchedule) -> None:
    """Raises Stale where another version waits than the one that was looked at."""
    state = desk.schedule()
    if state.proposal and state.proposal.version.number != command.version:
        raise Stale
    events = schedule.approve(state, by=desk.actor.person, on=_today(desk))
    desk.write(SCHEDULE, SCHEDULE_STREAM, events, owner=ENGINE)


def withdraw_proposal(desk: Desk, command: c.WithdrawProposal) -> None:
    events = schedule.withdraw(desk.schedule(), by=desk.actor.person, on=_today(desk))
    desk.write(SCHEDULE, SCHEDULE_STREAM, events, owner=ENGINE)


def _propose(desk: Desk, rows: Sequence[c.SeriesRow], reason: str) -> None:
    events = schedule.propose(
        desk.schedule(),
        rows=[series_of(row) for row in rows],
        digest=digest_of(rows),
        by=desk.actor.person,
        reason=sealed(reason),
        on=_today(desk),
    )
    desk.write(SCHEDULE, SCHEDULE_STREAM, events, owner=ENGINE)


def series_of(row: c.SeriesRow) -> Series:
    """What covers something must be computable; what covers nothing only describes."""
    computable = bool(row.covers) and row.descriptive is None
    if row.covers and row.descriptive is None and (why := _gap(row)):
        raise SeriesIncomplete(series=row.code, groups=", ".join(row.covers), why=why)
    return Series(
        code=row.code,
        covers=row.covers if computable else (),
        trigger=row.trigger,
        cutoff=row.cutoff,
        minimum=_duration(row.minimum),
        maximum=_duration(row.maximum),
        action=row.action,
        confirm=row.confirm,
        descriptive=None if computable else row.descriptive or "covers nothing",
        words=Sealed.of(json.dumps(row.words, ensure_ascii=False)) if row.words else None,
    )


def digest_of(rows: Sequence[c.SeriesRow]) -> str:
    """SHA-256 over the rows as JSON with sorted keys; the same file gives the same digest."""
    said = [row.model_dump(mode="json") for row in rows]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _gap(row: c.SeriesRow) -> str | None:
    if row.action is None:
        return "it says no action"
    if row.trigger is None and row.action is not Action.KEEP:
        return "it says no trigger"
    if set(row.covers) & {Group.READING, Group.ACCESS, Group.CONTROL} and (
        row.trigger is schedule.Trigger.EVENT
    ):
        return "nothing ends its use, so that its period begins with its making"
    if Group.ACCESS in row.covers and not _goes_or_stays(row):
        return "nobody is asked about the access log: it is kept, or destroyed automatically"
    return None


def _goes_or_stays(row: c.SeriesRow) -> bool:
    by_itself = row.action is Action.DESTROY and row.confirm is Confirm.AUTOMATIC
    return by_itself or row.action is Action.KEEP


def _duration(text: str | None) -> Duration | None:
    return None if text is None else Duration.read(text)


def _rows_in_force(desk: Desk) -> list[c.SeriesRow]:
    rows = desk.schedule().current.rows
    words = desk.session.texts(row.words for row in rows if row.words)
    return [row_of(row, words.get(row.words) if row.words else None) for row in rows]


def row_of(row: Series, words: object) -> c.SeriesRow:
    """A series as it would be proposed again."""
    return c.SeriesRow(
        code=row.code,
        covers=row.covers,
        trigger=row.trigger,
        cutoff=row.cutoff,
        minimum=str(row.minimum) if row.minimum else None,
        maximum=str(row.maximum) if row.maximum else None,
        action=row.action,
        confirm=row.confirm,
        descriptive=row.descriptive,
        words=json.loads(words) if isinstance(words, str) else {},
    )


def _confirmed(row: c.SeriesRow, period: c.ConfirmedPeriod | None) -> c.SeriesRow:
    if period is None:
        return row
    words = {**row.words, "x_authority": period.authority}
    return row.model_copy(update={"minimum": period.minimum, "words": words})


# Holds


def place_hold(desk: Desk, command: c.PlaceHold) -> None:
    events = hold.place(
        desk.holds(),
        hold=desk.new_id(),
        scope=command.scope,
        matter=sealed(command.matter),
        authority=sealed(command.authority),
        by=desk.actor.person,
        review_by=command.review_by,
        on=_today(desk),
    )
    desk.write(HOLDS, HOLDS_STREAM, events, owner=ENGINE)


def release_hold(desk: Desk, command: c.ReleaseHold) -> None:
    events = hold.release(
        desk.holds(),
        hold=command.hold,
        reason=sealed(command.reason),
        by=desk.actor.person,
        on=_today(desk),
    )
    desk.write(HOLDS, HOLDS_STREAM, events, owner=ENGINE)


# Drafts


def draft_disposal(desk: Desk, command: c.DraftDisposal) -> None:
    """What may not go is left out; nothing left is a refusal that says why."""
    on = command.on or _today(desk)
    if on > _today(desk):
        raise DayAhead(on=on)
    found = _found(desk, command.items)
    spent = [item for item in found if item.kind is ItemKind.PERSON and not units_of(desk, item)]
    if spent == found:
        raise _gone_already(desk, spent)
    looked_at = [_entry(desk, item, on) for item in found if item not in spent]
    entries = [each for each in looked_at if each.evaluation.may_go]
    if not entries:
        _say_why(looked_at)
    _draft(desk, RunKind.SCHEDULE, entries, evaluated_on=on)


def draft_demotion(desk: Desk, command: c.DraftDemotion) -> None:
    entries = [_entry(desk, item, _today(desk)) for item in _found(desk, command.items)]
    for entry in entries:
        _demotable(desk, entry)
    _draft(desk, RunKind.DEMOTION, entries, reason=sealed(command.reason))


def draft_erasure(desk: Desk, command: c.DraftErasure) -> None:
    """Everything is listed, also what must stay, with the ground for it; nothing that is gone."""
    if command.person is not None and not desk.person(command.person).known:
        raise UnknownPerson
    found = _about(desk, command.person) if command.person else _found(desk, command.items)
    there = [item for item in found if _texts(desk, item, command.person)]
    if not there:
        raise _gone_already(desk, found or _themselves(desk, command.person))
    entries = [_erasable(desk, _entry(desk, item, _today(desk))) for item in there]
    _draft(
        desk,
        RunKind.ERASURE,
        entries,
        person=command.person,
        reason=sealed(command.reason),
    )


def sweep_reading(desk: Desk, command: c.SweepReading) -> None:
    """By the engine, without anybody's approval; its owner had notice."""
    entries = [_entry(desk, item, _today(desk)) for item in _still_there(desk, command.items)]
    ready = [entry for entry in entries if _swept(entry)]
    _draft(desk, RunKind.SWEEP, ready, approved=True)


def sweep_access_log(desk: Desk, command: c.SweepAccessLog) -> None:
    """By the engine, as reading material is; what a hold keeps of a month is left out."""
    months = desk.session.log_months(_today(desk))
    refs = (c.ItemRef(kind=ItemKind.ACCESS_LOG, item=each, stream=each) for each in months)
    entries = [_entry(desk, item, _today(desk)) for item in _still_there(desk, refs)]
    ready = [entry for entry in entries if _swept(entry) and _reads_left(desk, entry.item)]
    if not ready:
        raise NothingToDispose
    _draft(desk, RunKind.SWEEP, ready, approved=True)


def resume_erasure(desk: Desk, command: c.ResumeErasure) -> None:
    """A run of its own under the approval of the first, for what only a hold had kept."""
    first = desk.run(command.run)
    held = [
        each.item
        for each in first.done
        if any(ground.ground is Ground.ON_HOLD for ground in each.withheld)
    ]
    refs = [ref_of(entry.item) for entry in first.entries if entry.item.item in held]
    there = [item for item in _still_there(desk, refs) if _texts(desk, item, first.person)]
    entries = [_erasable(desk, _entry(desk, item, _today(desk))) for item in there]
    _draft(
        desk,
        RunKind.ERASURE,
        [entry for entry in entries if not entry.withheld],
        person=first.person,
        follows=command.run,
        approved=True,
    )


def notice_reading(desk: Desk, command: c.NoticeReading) -> None:
    state = desk.item(command.item)
    assert state.owner is not None
    on = desk.today(state.owner)
    (row, *_) = desk.schedule().current.covering(Group.READING)
    begins = row.begins(state.kept_on or on)
    assert row.minimum is not None
    grace = (row.maximum or row.minimum).after(begins) - row.minimum.after(begins)
    latest = (row.maximum or row.minimum).after(begins)
    events = reference.notice(state, goes_from=max(latest, on + grace), on=on)
    desk.write(REFERENCE, command.item, events, owner=state.owner)


def _found(desk: Desk, refs: Sequence[c.ItemRef]) -> list[Item]:
    """Raises UnknownItem unless all are there."""
    found = _still_there(desk, refs)
    if len(found) < len(refs):
        raise UnknownItem
    return found


def _still_there(desk: Desk, refs: Iterable[c.ItemRef]) -> list[Item]:
    return [item for ref in refs if (item := item_of(desk, ref)) is not None]


def _about(desk: Desk, person: PersonId) -> list[Item]:
    """Every item that holds text about somebody."""
    refs: dict[Id, c.ItemRef] = {}
    for unit in desk.session.live_units_about(person):
        for ref in _refs_in(desk, unit):
            refs.setdefault(ref.item, ref)
    return [item for ref in refs.values() if (item := item_of(desk, ref)) is not None]


def _themselves(desk: Desk, person: PersonId | None) -> list[Item]:
    ref = c.ItemRef(kind=ItemKind.PERSON, item=person or "", stream=person or "")
    return _still_there(desk, [ref])


def _texts(desk: Desk, item: Item, person: PersonId | None) -> tuple[LiveUnit, ...]:
    """What holds the item's text; of somebody, what of it is about them."""
    units = units_of(desk, item)
    return tuple(unit for unit in units if person in (None, unit.subject))


def _gone_already(desk: Desk, found: Sequence[Item]) -> Refusal:
    """Under which certificate it went, and when; the newest, where it was several."""
    ends = [end for item in found for end in _ends(desk, item)]
    if not ends:
        return NothingToDispose()
    on, certificate = max(ends)
    return GoneAlready(on=on, certificate=certificate)


def _ends(desk: Desk, item: Item) -> Iterable[tuple[date, Id]]:
    """A run that is not certified yet is going on now."""
    for certificate, run in desk.session.destroyed_under((item.stream,)):
        if run is None:
            yield _today(desk), certificate
            continue
        for done in desk.run(run).done:
            if done.item == item.item and done.fate is Fate.DESTROYED:
                yield done.on, certificate


def _refs_in(desk: Desk, unit: LiveUnit) -> Iterable[c.ItemRef]:
    """The items that lie in a unit's stream, whatever kind of stream it is."""
    stream = unit.stream
    if desk.recall(REFERENCE, stream).owner is not None:
        return (c.ItemRef(kind=ItemKind.REFERENCE, item=stream, stream=stream),)
    result = desk.recall(RESULT, stream)
    if result.employee is not None:
        copies = [c.ItemRef(kind=ItemKind.COPY, item=copy, stream=stream) for copy in result.copies]
        return (c.ItemRef(kind=ItemKind.RESULT, item=stream, stream=stream), *copies)
    tried = (
        c.ItemRef(kind=kind, item=stream, stream=stream)
        for kind in (ItemKind.PERSON, ItemKind.REQUEST, ItemKind.PLAN)
    )
    return tuple(ref for ref in tried if item_of(desk, ref) is not None)


def _entry(desk: Desk, item: Item, on: date) -> Entry:
    version = desk.schedule().current
    found = evaluate(item, version, desk.holds().active.values(), on)
    return Entry(item=item, evaluation=found)


def _draft(
    desk: Desk,
    kind: RunKind,
    entries: Sequence[Entry],
    *,
    person: PersonId | None = None,
    follows: Id | None = None,
    reason: Sealed | None = None,
    approved: bool = False,
    evaluated_on: date | None = None,
) -> Id:
    run, certificate = desk.new_id(), desk.new_id()
    events = disposal.draft(
        desk.run(run),
        run_id=run,
        kind=kind,
        certificate=certificate,
        entries=entries,
        schedule=desk.schedule().current.number,
        by=desk.actor.person,
        person=person,
        follows=follows,
        reason=reason,
        approved=approved,
        evaluated_on=evaluated_on or _today(desk),
        on=_today(desk),
    )
    desk.write(RUN, run, events, owner=ENGINE)
    return run


def _say_why(looked_at: Sequence[Entry]) -> None:
    """That nobody has confirmed the years is the first thing to know."""
    unconfirmed = {
        reason.series or ""
        for entry in looked_at
        for reason in entry.evaluation.reasons
        if reason.code is Because.YEARS_NOT_CONFIRMED
    }
    if unconfirmed:
        raise YearsNotConfirmed(series=", ".join(sorted(unconfirmed)))
    raise NothingToDispose


# Approval and execution


def approve_disposal(desk: Desk, command: c.ApproveDisposal) -> None:
    events = disposal.approve(
        desk.run(command.run), by=desk.actor.person, seen=command.fingerprint, on=_today(desk)
    )
    desk.write(RUN, command.run, events, owner=ENGINE)


def abandon_disposal(desk: Desk, command: c.AbandonDisposal) -> None:
    events = disposal.abandon(
        desk.run(command.run),
        by=desk.actor.person,
        reason=sealed(command.reason),
        on=_today(desk),
    )
    desk.write(RUN, command.run, events, owner=ENGINE)


def record_transfer(desk: Desk, command: c.RecordTransfer) -> None:
    events = disposal.transferred(
        desk.run(command.run),
        transfer=command.transfer,
        receiver=sealed(command.receiver),
        by=desk.actor.person,
        on=_today(desk),
    )
    desk.write(RUN, command.run, events, owner=ENGINE)


def destroy_next(desk: Desk, command: c.DestroyNext) -> None:
    """Each item is evaluated anew; the basis holds all that was read, so a late hold wins."""
    run = desk.run(command.run)
    _ready(run)
    now = run.left[: command.at_most]
    cases = {entry.item.item: entry.item.case for entry in now}
    done = {entry.item.item: _done(desk, run, command.run, entry) for entry in now}
    for item, streams in _whole_cases(desk, run, cases, done).items():
        done[item] = done[item].model_copy(update={"residue": streams})
    for each in done.values():
        _carry_out(desk, command.run, each)


def certify_disposal(desk: Desk, command: c.CertifyDisposal) -> None:
    certificate = disposal.certified(
        desk.run(command.run), run_id=command.run, residues=command.residues, on=_today(desk)
    )
    if certificate is None:
        return
    signed = desk.session.sign(certificate)
    issued = disposal.CertificateIssued(
        certificate=certificate, signature=signed.signature, key=signed.key
    )
    desk.write(RUN, command.run, [issued], owner=ENGINE)


def _ready(run: DisposalRun) -> None:
    if run.phase is disposal.RunPhase.COMPLETED:
        return
    if run.phase is not disposal.RunPhase.APPROVED:
        raise RunNotApproved
    transfers = any(entry.evaluation.action is Action.TRANSFER for entry in run.entries)
    if run.kind is RunKind.SCHEDULE and transfers and run.transfer is None:
        raise TransferNeeded


def _carry_out(desk: Desk, run_id: Id, done: Done) -> None:
    events = disposal.destroy(desk.run(run_id), run_id=run_id, done=done)
    desk.write(RUN, run_id, events, owner=ENGINE)


def _done(desk: Desk, run: DisposalRun, run_id: Id, entry: Entry) -> Done:
    """What becomes of an entry now; marks on the desk what is destroyed with it."""
    item = item_of(desk, ref_of(entry.item))
    if item is None or _is_spent(desk, run, item):
        return _without(desk, entry, Fate.GONE_ALREADY)
    now = _entry(desk, item, _today(desk))
    withheld = _obstacle(desk, run, now)
    if withheld is not None:
        fate = Fate.WITHHELD if withheld else Fate.SPARED
        return _without(desk, now, fate, withheld)
    if item.kind is ItemKind.ACCESS_LOG:
        return _month_done(desk, run, run_id, now)
    if item.kind is ItemKind.PERSON:
        desk.forgotten.append(item.item)
    return _destroyed(desk, run, now, _doomed(desk, run, item), residue=_residue(run, item))


def _month_done(desk: Desk, run: DisposalRun, run_id: Id, now: Entry) -> Done:
    """Whole, it leaves its id as what has shrunk; else what a hold keeps goes another time."""
    month = now.item
    kept = log_months.kept_by_holds(desk, month)
    holds = sorted({hold for each in kept.values() for hold in each})
    withheld = tuple(Withheld(ground=Ground.ON_HOLD, hold=each) for each in holds)
    all_of_it = desk.session.log_month(month.item, _today(desk))
    going = desk.session.log_month(month.item, _today(desk), kept)
    if going is None or all_of_it is None:
        return _without(desk, now, Fate.SPARED, withheld)
    events = disposal.reads_destroyed(
        run,
        run_id=run_id,
        month=month.item,
        entries=going.entries,
        kept=all_of_it.entries - going.entries,
        on=_today(desk),
    )
    desk.write(RUN, run_id, events, owner=ENGINE)
    desk.reads.append(GoneReads(month.item, frozenset(kept)))
    units = [unit for unit in units_of(desk, month) if unit.subject not in kept]
    residue = () if kept else (month.stream,)
    return _destroyed(desk, run, now, units, residue=residue, withheld=withheld)


def _reads_left(desk: Desk, month: Item) -> LoggedMonth | None:
    """What of a month no hold keeps."""
    kept = log_months.kept_by_holds(desk, month)
    return desk.session.log_month(month.item, _today(desk), kept)


def _destroyed(
    desk: Desk,
    run: DisposalRun,
    entry: Entry,
    units: Sequence[LiveUnit],
    *,
    residue: tuple[Id, ...] = (),
    withheld: tuple[Withheld, ...] = (),
) -> Done:
    """Marks on the desk what goes, and says so."""
    assert run.certificate is not None
    desk.shredded += [(unit.unit, run.certificate) for unit in units]
    desk.residue += [(stream, run.certificate) for stream in residue]
    return Done(
        item=entry.item.item,
        fate=Fate.DESTROYED,
        evaluation=entry.evaluation,
        withheld=withheld,
        units=tuple(unit.unit for unit in units),
        cells=sum(unit.cells for unit in units),
        octets=sum(unit.octets for unit in units),
        residue=residue,
        holds_version=desk.basis[HOLDS_STREAM],
        on=_today(desk),
    )


def _without(desk: Desk, entry: Entry, fate: Fate, withheld: tuple[Withheld, ...] = ()) -> Done:
    desk.holds()
    return Done(
        item=entry.item.item,
        fate=fate,
        evaluation=entry.evaluation,
        withheld=withheld,
        holds_version=desk.basis[HOLDS_STREAM],
        on=_today(desk),
    )


def _obstacle(desk: Desk, run: DisposalRun, now: Entry) -> tuple[Withheld, ...] | None:
    """None: it may go. Nothing in it: it is spared. Else the grounds on which it is withheld."""
    match run.kind:
        case RunKind.SCHEDULE:
            return None if now.evaluation.may_go else ()
        case RunKind.SWEEP:
            return None if _swept(now) else ()
        case RunKind.ERASURE:
            return _erasable(desk, now).withheld or None
        case RunKind.DEMOTION:
            return None if _is_demotable(desk, now) else ()
    return () if now.evaluation.outcome is RetentionOutcome.HELD else None


def _doomed(desk: Desk, run: DisposalRun, item: Item) -> tuple[LiveUnit, ...]:
    """An erasure takes what is about the person; what is about others in the item stays."""
    return _texts(desk, item, run.person if run.kind is RunKind.ERASURE else None)


def _is_spent(desk: Desk, run: DisposalRun, item: Item) -> bool:
    """Another run has taken its text. Records stay on the list till the whole case has shrunk."""
    takes_text = run.kind is RunKind.ERASURE or item.kind is ItemKind.PERSON
    return takes_text and not _doomed(desk, run, item)


def _residue(run: DisposalRun, item: Item) -> tuple[Id, ...]:
    """Reading material leaves nothing but its residue; cases shrink when all of them has gone."""
    if item.kind is not ItemKind.REFERENCE or run.kind is RunKind.DEMOTION:
        return ()
    return (item.stream,)


def _whole_cases(
    desk: Desk,
    run: DisposalRun,
    cases: Mapping[ItemId, PlanId | None],
    done: Mapping[ItemId, Done],
) -> dict[ItemId, tuple[Id, ...]]:
    """The period of a case is over when all that belongs to it may go and its text has gone.

    Its streams shrink with the last of its items, and are named there: the certificate tells.
    """
    if run.kind is not RunKind.SCHEDULE:
        return {}
    assert run.certificate is not None
    last = {cases[item]: item for item, each in done.items() if each.fate is Fate.DESTROYED}
    whole: dict[ItemId, tuple[Id, ...]] = {}
    for plan, item in last.items():
        if plan is None or desk.recall(PLAN, plan).employee is None:
            continue
        found = case_of(desk, plan).items()
        if _is_over(desk, found):
            whole[item] = streams_of(found)
            desk.residue += [(stream, run.certificate) for stream in whole[item]]
    return whole


def _is_over(desk: Desk, found: Sequence[Item]) -> bool:
    due = all(_entry(desk, item, _today(desk)).evaluation.may_go for item in found)
    going = {unit for unit, _ in desk.shredded}
    live = {unit.unit for unit in desk.session.live_units(streams_of(found))}
    return due and live <= going


def _swept(entry: Entry) -> bool:
    """Nothing holds it and nobody is asked; of reading material its owner has known long enough."""
    item, found = entry.item, entry.evaluation
    by_itself = found.confirm is Confirm.AUTOMATIC and found.action is Action.DESTROY
    if item.group is Group.ACCESS:
        return by_itself and found.may_go
    known = item.noticed_on is not None or item.discarded
    return known and by_itself and found.outcome is RetentionOutcome.OVERDUE


def _erasable(desk: Desk, entry: Entry) -> Entry:
    """Erasure yields to holds and to what must be kept, and only as far as that goes."""
    return entry.model_copy(update={"withheld": tuple(_grounds(desk, entry))})


def _grounds(desk: Desk, entry: Entry) -> Iterable[Withheld]:
    item, found = entry.item, entry.evaluation
    for reason in found.reasons:
        if reason.code is Because.ON_HOLD:
            yield Withheld(ground=Ground.ON_HOLD, hold=reason.hold)
    match item.group:
        case Group.PEOPLE if desk.person(item.item).serves_on(_today(desk)):
            yield Withheld(ground=Ground.IN_SERVICE)
        case Group.SUBMITTED if not _past_minimum(found):
            yield Withheld(ground=Ground.RETENTION, series=", ".join(found.series), until=found.due)
        case Group.NEVER_SUBMITTED if item.triggered_on is None:
            yield Withheld(ground=Ground.CASE_OPEN)


def _past_minimum(found: Evaluation) -> bool:
    return found.due is not None and found.evaluated_on >= found.due


def _demotable(desk: Desk, entry: Entry) -> None:
    if not _is_demotable(desk, entry):
        raise NotDemotable


def _is_demotable(desk: Desk, entry: Entry) -> bool:
    item = entry.item
    if item.kind is not ItemKind.COPY or entry.evaluation.outcome is RetentionOutcome.HELD:
        return False
    retracted = desk.recall(RESULT, item.stream).retracted
    return retracted and item.group is Group.NEVER_SUBMITTED


def discarded(desk: Desk, item: Item, events: Sequence[Event]) -> None:
    """What its owner throws away goes the same way: a run of one, certified like any other."""
    entry = _entry(desk, item, _today(desk))
    if entry.evaluation.outcome is RetentionOutcome.HELD:
        raise OnHold
    run_id = _draft(desk, RunKind.DISCARD, [entry], approved=True)
    done = _destroyed(desk, desk.run(run_id), entry, units_of(desk, item))
    desk.write(REFERENCE, item.item, events, owner=item.owner)
    _carry_out(desk, run_id, done)


def _today(desk: Desk) -> date:
    """The day of whoever acts; the engine's is that of its clock."""
    return desk.now.date() if desk.actor.is_engine else desk.today(desk.actor.person)


HANDLES: dict[type[c.Command], Handler] = {
    c.ProposeSchedule: propose_schedule,
    c.ConfirmPeriods: confirm_periods,
    c.ApproveSchedule: approve_schedule,
    c.WithdrawProposal: withdraw_proposal,
    c.PlaceHold: place_hold,
    c.ReleaseHold: release_hold,
    c.DraftDisposal: draft_disposal,
    c.DraftDemotion: draft_demotion,
    c.DraftErasure: draft_erasure,
    c.ApproveDisposal: approve_disposal,
    c.AbandonDisposal: abandon_disposal,
    c.RecordTransfer: record_transfer,
    c.DestroyNext: destroy_next,
    c.NoticeReading: notice_reading,
    c.SweepReading: sweep_reading,
    c.SweepAccessLog: sweep_access_log,
    c.ResumeErasure: resume_erasure,
    c.CertifyDisposal: certify_disposal,
}
