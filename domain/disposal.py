"""DisposalRun: a frozen list, approved by another, destroyed item by item, and certified.

Design, section 5, and RULES G3. Whatever is destroyed by a schedule, at somebody's wish or by law
goes this way; there is no other. A run that was interrupted goes on where it stood.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .event import Event, Id, ItemId, PersonId, Value
from .items import Item
from .refusals import (
    NothingToDispose,
    OwnCaseInRun,
    OwnRun,
    RunNotApproved,
    RunNotDrafted,
    RunOver,
    UnknownRun,
)
from .retention import Evaluation
from .schedule import Confirm
from .sealed import Sealed

MOST = 500
"""Items in one run: more are left for the next."""


class RunKind(StrEnum):
    """Why something goes: its time is over, its owner or the law wants it, or it was no record."""

    SCHEDULE = "schedule"
    SWEEP = "sweep"
    DISCARD = "discard"
    ERASURE = "erasure"
    DEMOTION = "demotion"


class RunPhase(StrEnum):
    NONE = "none"
    DRAFTED = "drafted"
    APPROVED = "approved"
    COMPLETED = "completed"
    ABANDONED = "abandoned"


class Fate(StrEnum):
    """What became of an entry."""

    DESTROYED = "destroyed"
    SPARED = "spared"
    WITHHELD = "withheld"
    GONE_ALREADY = "gone_already"


class Ground(StrEnum):
    """Why an erasure withholds something."""

    ON_HOLD = "on_hold"
    RETENTION = "retention"
    IN_SERVICE = "in_service"
    CASE_OPEN = "case_open"


class Withheld(Value):
    """`until` is the day on which the ground falls away, where that is known."""

    ground: Ground
    series: str | None = None
    hold: Id | None = None
    until: date | None = None


class Entry(Value):
    """An item with the facts and the outcome that put it on the list."""

    item: Item
    evaluation: Evaluation
    withheld: tuple[Withheld, ...] = ()


class Done(Value):
    """What became of an entry, and with how much.

    `units` are the retention units that were destroyed, `commitments` the number of sealed texts
    that can no longer be opened; `residue` are the streams whose rows shrank.
    """

    item: ItemId
    fate: Fate
    evaluation: Evaluation
    withheld: tuple[Withheld, ...] = ()
    units: tuple[Id, ...] = ()
    cells: int = 0
    octets: int = 0
    residue: tuple[Id, ...] = ()
    holds_version: int = 0
    on: date


class Store(StrEnum):
    """Where something could be left."""

    CELLS = "cells"
    FILES = "files"
    KEYS = "keys"
    JOURNAL = "journal"
    PROJECTIONS = "projections"
    IDENTITIES = "identities"
    ACCESS_LOG = "access_log"
    WRITE_AHEAD_LOG = "write_ahead_log"
    BACKUPS = "backups"
    TRANSFERRED = "transferred"


class Residue(Value):
    """What was looked for in a store and found; `clean` False is told in the certificate.

    With `until`, what is left there goes by itself on that day, as the last backup from before.
    """

    store: Store
    clean: bool
    looked_at: int = 0
    left: int = 0
    until: date | None = None


class Transfer(Value):
    """A pack that was handed over before the destruction: digest of its tag manifest (SHA-512)."""

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
    items: int
    octets: int


class Certificate(Value):
    """What was destroyed, on what ground, by whom and with what outcome; nothing personal.

    Persons stand as ids, items as ids; a stranger recomputes every outcome from the entries.
    """

    format: int = 1
    certificate: Id
    run: Id
    kind: RunKind
    schedule: int
    drafted_by: PersonId
    approved_by: tuple[PersonId, ...]
    drafted_on: date
    evaluated_on: date
    completed_on: date
    fingerprint: str
    entries: tuple[Entry, ...]
    done: tuple[Done, ...]
    residues: tuple[Residue, ...]
    transfer: Transfer | None = None
    follows: Id | None = None

    @property
    def destroyed(self) -> int:
        return sum(each.fate is Fate.DESTROYED for each in self.done)

    @property
    def with_exceptions(self) -> bool:
        spared = any(each.fate in (Fate.SPARED, Fate.WITHHELD) for each in self.done)
        return spared or any(_unexpected(each) for each in self.residues)


def _unexpected(residue: Residue) -> bool:
    """What goes by itself on a known day, and what was handed over on purpose, is as it should."""
    foreseen = residue.until is not None or residue.store is Store.TRANSFERRED
    return not (residue.clean or foreseen)


class DisposalRun(Value):
    phase: RunPhase = RunPhase.NONE
    kind: RunKind = RunKind.SCHEDULE
    certificate: Id | None = None
    entries: tuple[Entry, ...] = ()
    fingerprint: str = ""
    schedule: int = 1
    drafted_by: PersonId | None = None
    drafted_on: date | None = None
    evaluated_on: date | None = None
    needed: int = 1
    approved_by: tuple[PersonId, ...] = ()
    person: PersonId | None = None
    follows: Id | None = None
    transfer: Transfer | None = None
    done: tuple[Done, ...] = ()
    reads: int = 0

    @property
    def left(self) -> tuple[Entry, ...]:
        """Entries that nothing has become of yet, in the list's order."""
        seen = {each.item for each in self.done}
        return tuple(entry for entry in self.entries if entry.item.item not in seen)

    @property
    def is_certified(self) -> bool:
        return self.phase is RunPhase.COMPLETED

    @property
    def is_open(self) -> bool:
        return self.phase in (RunPhase.DRAFTED, RunPhase.APPROVED)


class RunDrafted(Event):
    """The list is frozen; `fingerprint` is SHA-256 over its canonical form."""

    name = "disposal.drafted.v1"

    run: Id
    kind: RunKind
    certificate: Id
    entries: tuple[Entry, ...]
    fingerprint: str
    schedule: int
    by: PersonId
    needed: int
    person: PersonId | None = None
    follows: Id | None = None
    reason: Sealed | None = None
    evaluated_on: date
    on: date


class RunApproved(Event):
    name = "disposal.approved.v1"

    by: PersonId
    fingerprint: str
    on: date


class RunAbandoned(Event):
    name = "disposal.abandoned.v1"

    by: PersonId
    reason: Sealed
    on: date


class RunTransferred(Event):
    """The pack was written and handed over; what is in it is out of our reach from then on."""

    name = "disposal.transferred.v1"

    transfer: Transfer
    receiver: Sealed
    by: PersonId
    on: date


class ItemDestroyed(Event):
    """Recorded in the same transaction as the destruction of the cells; the keys follow."""

    name = "disposal.item_destroyed.v1"

    run: Id
    certificate: Id
    done: Done


class ReadsDestroyed(Event):
    """So many entries of a month of the access log went; so many stayed, which a hold keeps."""

    name = "disposal.reads_destroyed.v1"

    run: Id
    certificate: Id
    month: Id
    entries: int
    kept: int
    on: date


class ItemSpared(Event):
    """Re-evaluated at the moment of destruction, it may not go, or is gone already."""

    name = "disposal.item_spared.v1"

    run: Id
    done: Done


class CertificateIssued(Event):
    """`signature` is Ed25519 (RFC 8032) over the certificate's canonical JSON (RFC 8785), in hex.

    `key` is the first 16 hex digits of SHA-256 of the raw public key.
    """

    name = "disposal.certificate_issued.v1"

    certificate: Certificate
    signature: str
    key: str


class DisposalReapplied(Event):
    """A backup from before a disposal was restored, and what had gone is gone again.

    `issued` is the signed certificate, where it had been kept outside the database; without it
    only the keyring's fences tell what goes.
    """

    name = "disposal.reapplied.v1"

    certificate: Id
    issued: Certificate | None = None
    signature: str | None = None
    key: str | None = None
    units: tuple[Id, ...] = ()
    residue: tuple[Id, ...] = ()
    forgotten: tuple[PersonId, ...] = ()
    on: date


def evolve(run: DisposalRun, event: Event) -> DisposalRun:
    change: dict[str, object] = {}
    match event:
        case RunDrafted():
            change = _drafted(event)
        case RunApproved(by=by):
            approvals = (*run.approved_by, by)
            change = {"approved_by": approvals}
            if len(approvals) >= run.needed:
                change["phase"] = RunPhase.APPROVED
        case RunAbandoned():
            change = {"phase": RunPhase.ABANDONED}
        case RunTransferred(transfer=transfer):
            change = {"transfer": transfer}
        case ItemDestroyed(done=done) | ItemSpared(done=done):
            change = {"done": (*run.done, done)}
        case ReadsDestroyed(entries=entries):
            change = {"reads": run.reads + entries}
        case CertificateIssued():
            change = {"phase": RunPhase.COMPLETED}
        case DisposalReapplied():
            change = _reapplied(event)
    return run.model_copy(update=change) if change else run


def _drafted(event: RunDrafted) -> dict[str, object]:
    return {
        "phase": RunPhase.DRAFTED if event.needed else RunPhase.APPROVED,
        "kind": event.kind,
        "certificate": event.certificate,
        "entries": event.entries,
        "fingerprint": event.fingerprint,
        "schedule": event.schedule,
        "drafted_by": event.by,
        "drafted_on": event.on,
        "evaluated_on": event.evaluated_on,
        "needed": event.needed,
        "person": event.person,
        "follows": event.follows,
    }


def _reapplied(event: DisposalReapplied) -> dict[str, object]:
    """The run is over, also where its own events were lost with the newer database."""
    change: dict[str, object] = {
        "phase": RunPhase.COMPLETED,
        "certificate": event.certificate,
    }
    if (issued := event.issued) is not None:
        change |= {
            "kind": issued.kind,
            "entries": issued.entries,
            "fingerprint": issued.fingerprint,
            "schedule": issued.schedule,
            "drafted_by": issued.drafted_by,
            "drafted_on": issued.drafted_on,
            "evaluated_on": issued.evaluated_on,
            "approved_by": issued.approved_by,
            "follows": issued.follows,
            "transfer": issued.transfer,
            "done": issued.done,
        }
    return change


def fingerprint(entries: Sequence[Entry]) -> str:
    """SHA-256, in hex, over the entries as JSON with sorted keys and no spaces."""
    said = [entry.model_dump(mode="json") for entry in entries]
    return hashlib.sha256(
        json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def draft(
    run: DisposalRun,
    *,
    run_id: Id,
    kind: RunKind,
    certificate: Id,
    entries: Sequence[Entry],
    schedule: int,
    by: PersonId,
    person: PersonId | None = None,
    follows: Id | None = None,
    reason: Sealed | None = None,
    approved: bool = False,
    evaluated_on: date,
    on: date,
) -> list[Event]:
    """Freezes the list; `approved` where somebody's approval stands already, or none is asked."""
    if run.phase is not RunPhase.NONE:
        return []
    if not entries:
        raise NothingToDispose
    return [
        RunDrafted(
            run=run_id,
            kind=kind,
            certificate=certificate,
            entries=tuple(entries),
            fingerprint=fingerprint(entries),
            schedule=schedule,
            by=by,
            needed=0 if approved else 1,
            person=person,
            follows=follows,
            reason=reason,
            evaluated_on=evaluated_on,
            on=on,
        )
    ]


def approve(
    run: DisposalRun, *, by: PersonId, seen: str, on: date, own: Collection[PersonId] = ()
) -> list[Event]:
    """By another person, who has no case of their own on the list (RULES G3).

    `seen` is the fingerprint of the list that was looked at; `own` whose cases count as theirs.
    """
    _known(run)
    if run.phase is not RunPhase.DRAFTED:
        raise RunNotDrafted(phase=run.phase.value)
    if by == run.drafted_by or by in run.approved_by:
        raise OwnRun
    theirs = {by, *own}
    if run.person in theirs or any(entry.item.owner in theirs for entry in run.entries):
        raise OwnCaseInRun
    if seen != run.fingerprint:
        raise RunNotDrafted(phase="another list")
    return [RunApproved(by=by, fingerprint=run.fingerprint, on=on)]


def abandon(run: DisposalRun, *, by: PersonId, reason: Sealed, on: date) -> list[Event]:
    """Before anything of it has gone."""
    _known(run)
    if run.phase is RunPhase.ABANDONED:
        return []
    if not run.is_open or run.done:
        raise RunOver
    return [RunAbandoned(by=by, reason=reason, on=on)]


def transferred(
    run: DisposalRun, *, transfer: Transfer, receiver: Sealed, by: PersonId, on: date
) -> list[Event]:
    _approved(run)
    if run.transfer == transfer:
        return []
    return [RunTransferred(transfer=transfer, receiver=receiver, by=by, on=on)]


def destroy(run: DisposalRun, *, run_id: Id, done: Done) -> list[Event]:
    """One entry's end; what has become of it already is not told twice."""
    _approved(run)
    if done.item not in {entry.item.item for entry in run.left}:
        return []
    if done.fate is Fate.DESTROYED:
        assert run.certificate is not None
        return [ItemDestroyed(run=run_id, certificate=run.certificate, done=done)]
    return [ItemSpared(run=run_id, done=done)]


def reads_destroyed(
    run: DisposalRun, *, run_id: Id, month: Id, entries: int, kept: int, on: date
) -> list[Event]:
    """Beside the entry's own end: a month says how much of it there was."""
    _approved(run)
    assert run.certificate is not None
    return [
        ReadsDestroyed(
            run=run_id,
            certificate=run.certificate,
            month=month,
            entries=entries,
            kept=kept,
            on=on,
        )
    ]


def certified(
    run: DisposalRun, *, run_id: Id, residues: Sequence[Residue], on: date
) -> Certificate | None:
    """What is to be signed, once something has become of every entry; None after that."""
    if run.phase is RunPhase.COMPLETED:
        return None
    _approved(run)
    if run.left:
        raise RunNotApproved
    assert run.certificate is not None
    assert run.drafted_by is not None
    assert run.drafted_on is not None
    assert run.evaluated_on is not None
    return Certificate(
        certificate=run.certificate,
        run=run_id,
        kind=run.kind,
        schedule=run.schedule,
        drafted_by=run.drafted_by,
        approved_by=run.approved_by,
        drafted_on=run.drafted_on,
        evaluated_on=run.evaluated_on,
        completed_on=on,
        fingerprint=run.fingerprint,
        entries=run.entries,
        done=run.done,
        residues=tuple(residues),
        transfer=run.transfer,
        follows=run.follows,
    )


def reapply(
    run: DisposalRun,
    *,
    certificate: Id,
    issued: Certificate | None = None,
    signature: str | None = None,
    key: str | None = None,
    units: Sequence[Id] = (),
    residue: Sequence[Id] = (),
    forgotten: Sequence[PersonId] = (),
    on: date,
) -> list[Event]:
    """What a restored backup had brought back goes once more, and the record says so.

    Of a run that is certified already only what has to go again is told.
    """
    again = units or residue or forgotten
    if not again and run.is_certified:
        return []
    return [
        DisposalReapplied(
            certificate=certificate,
            issued=None if run.is_certified else issued,
            signature=None if run.is_certified else signature,
            key=None if run.is_certified else key,
            units=tuple(units),
            residue=tuple(residue),
            forgotten=tuple(forgotten),
            on=on,
        )
    ]


def needs_two(entries: Sequence[Entry]) -> bool:
    return any(entry.evaluation.confirm is not Confirm.AUTOMATIC for entry in entries)


def _known(run: DisposalRun) -> None:
    if run.phase is RunPhase.NONE:
        raise UnknownRun


def _approved(run: DisposalRun) -> None:
    _known(run)
    if run.phase is not RunPhase.APPROVED:
        raise RunNotApproved
