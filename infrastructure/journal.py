"""The journal: recalls, seals and appends for one command at a time, on either database."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from ..application.aggregates import RESULT, Aggregate
from ..application.ports import (
    Claim,
    Decided,
    Doorbell,
    Ids,
    Link,
    LiveUnit,
    LoggedMonth,
    LoggedRead,
    Moved,
    Receipt,
    Recorded,
    Signature,
    Uploaded,
    Write,
)
from ..domain.classification import RULES, classify
from ..domain.disposal import (
    Certificate,
    CertificateIssued,
    DisposalRun,
    ItemDestroyed,
    Residue,
)
from ..domain.event import Id, PersonId, Value
from ..domain.file import File
from ..domain.refusals import CommandReused, Disposed, IdentityTaken, Stale
from ..domain.sealed import Erased, Sealed
from . import codec, log_months, migrate
from .batch import (
    Appended,
    Batch,
    Cell,
    FoldedState,
    Identity,
    Kept,
    Outcome,
    ReceiptKey,
    Repeated,
    Row,
    Taken,
    Unit,
    UnitGone,
)
from .blobs import Blobs
from .database import Database, Tx
from .disposer import Disposer
from .doorbell import doorbell_for
from .identity import Identities, NoIdentity, oidc
from .keyring import Keyring
from .projector.follower import Projector
from .projector.quarantine import held_up_version
from .recent import Recent
from .recorder import UUID_FORM, Recorder
from .vault import Sealer, Vault, unit_id

State = TypeVar("State", bound=Value)

PAGE = 500


class KeptJournal:
    """Events on SQLite or PostgreSQL; text in the vault, keys in the keyring."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        vault: Vault,
        blobs: Blobs,
        projector: Projector,
        new_id: Ids,
        states: "Recent[str, tuple[int, Any]]",
        disposer: Disposer,
    ) -> None:
        self.database = database
        self.recorder = recorder
        self.vault = vault
        self.blobs = blobs
        self.projector = projector
        self.new_id = new_id
        self.states = states
        self.identities = Identities(vault.keyring)
        self.disposer = disposer

    @property
    def keyring(self) -> Keyring:
        return self.vault.keyring

    @contextmanager
    def session(
        self, host: object | None = None, *, destroys: bool = False
    ) -> Iterator["JournalSession"]:
        """On SQLite recall, append and the live projections are one transaction."""
        if host is not None:
            yield self._hosted(host)
            return
        whole = self._embedded or destroys
        begin = self.database.writing if whole else self.database.autocommit
        with begin() as tx:
            session = JournalSession(self, tx, live=self._embedded)
            yield session
            session.tidy()
        session.committed()

    def _hosted(self, host: object) -> "JournalSession":
        if not isinstance(host, Connection):
            raise TypeError("Hand in the SQLAlchemy connection that your transaction is open on.")
        return JournalSession(self, self.database.adopt(host), live=False, provisional=True)

    @property
    def _embedded(self) -> bool:
        return self.database.dialect == "sqlite"

    def settled(self, receipt: Receipt) -> None:
        units: dict[str, str] = {}
        streams: dict[str, str] = {}
        for event in (recorded.event for recorded in receipt.events):
            if isinstance(event, ItemDestroyed):
                units |= dict.fromkeys(event.done.units, event.certificate)
                streams |= dict.fromkeys(event.done.residue, event.certificate)
        self.gone(units, streams)
        self.projector.wait_for(receipt.position)

    def gone(self, units: dict[str, str], streams: dict[str, str]) -> None:
        """It is committed that they are gone: now their keys go, and what is remembered of them."""
        self.states.forget(streams)
        if units or streams:
            self.disposer.afterwards(units, streams)

    def told(self, tx: Tx, stream: str) -> list[Recorded]:
        """Everything that is recorded of a stream, in order."""
        rows = self.recorder.history(tx, stream)
        return [codec.recorded(row) for row in rows if row.body is not None]

    def position(self) -> int:
        with self.database.reading() as tx:
            return self.recorder.head(tx)

    def version(self, stream: str) -> int:
        with self.database.reading() as tx:
            return _version(self.recorder, tx, stream)

    def whose(self, kind: str, value: str, issuer: str | None = None) -> PersonId | None:
        """An empty value is nobody's."""
        try:
            known_as = oidc(issuer or "", value) if kind == "oidc" else value
            with self.database.reading() as tx:
                return self.identities.find(tx, kind, known_as)  # type: ignore[arg-type]
        except NoIdentity:
            return None

    def follow(self, after: int, names: frozenset[str]) -> Iterator[Recorded]:
        while page := self._page(after, names):
            after = page[-1].position
            yield from page

    def since(self, after: int, limit: int) -> list[Recorded]:
        """A residue is passed over: nothing of it is left to be told."""
        while True:
            with self.database.reading() as tx:
                rows = self.recorder.since(tx, after, limit)
            found = [codec.recorded(row) for row in rows if row.body is not None]
            if found or len(rows) < limit:
                return found
            after = rows[-1].position

    def look_for(self, state: DisposalRun, run: Id) -> tuple[Residue, ...]:
        return self.disposer.look_for(state, run)

    def hand_out(self, issued: CertificateIssued) -> None:
        self.disposer.hand_out(issued)

    def doorbell(self) -> Doorbell:
        return doorbell_for(self.database)

    def is_current(self) -> bool:
        found, known = migrate.status(self.database)
        return found == known

    def _page(self, after: int, names: frozenset[str]) -> list[Recorded]:
        with self.database.reading() as tx:
            rows = self.recorder.since(tx, after, PAGE, names=sorted(names))
        return [codec.recorded(row) for row in rows if row.body is not None]


class JournalSession:
    """One command's look at the journal, and its one append."""

    def __init__(
        self, journal: KeptJournal, tx: Tx, *, live: bool, provisional: bool = False
    ) -> None:
        self._journal = journal
        self._recorder = journal.recorder
        self._tx = tx
        self._live = live
        self._provisional = provisional
        self._read: dict[tuple[str, str], tuple[int, Any]] = {}
        self._written: dict[str, tuple[int, Any]] = {}
        self._sealer: Sealer = journal.vault.sealer(tx)
        self._decided: Decided | None = None  # once it is appended
        self._copies: list[Id] = []

    def receipt(self, actor: str, command: str, content: bytes) -> Receipt | None:
        found = self._recorder.receipt(self._tx, actor, command)
        return None if found is None else self._repeated(found, content)

    def recall(self, aggregate: Aggregate[State], stream: str) -> tuple[int, State]:
        place = aggregate.name, stream
        if place not in self._read:
            self._read[place] = self._recalled(aggregate, stream)
        version, state = self._read[place]
        return version, state

    def version(self, stream: str) -> int:
        return _version(self._recorder, self._tx, stream)

    def whose(self, kind: str, value: str) -> PersonId | None:
        return self._journal.identities.find(self._tx, kind, value)  # type: ignore[arg-type]

    def says(self, sealed: Sealed, text: str) -> bool:
        return self._journal.vault.same(self._tx, sealed, text)

    def texts(self, sealed: Iterable[Sealed]) -> dict[Sealed, str | Erased]:
        return self._journal.vault.open(self._tx, sealed)

    def uploaded(self, blob: Id, person: PersonId, at: datetime) -> Uploaded | None:
        return self._journal.blobs.uploaded(self._tx, blob, person, at)

    def copied(self, file: File, person: PersonId, at: datetime) -> Uploaded:
        copy = self._journal.blobs.copy(self._tx, file, person, at)
        self._copies.append(copy.blob)
        return copy

    def held_up(self, projection: str, position: int) -> int | None:
        return held_up_version(self._tx, projection, position)

    def live_units(self, streams: Sequence[str]) -> tuple[LiveUnit, ...]:
        return self._journal.disposer.live_units(self._tx, streams)

    def live_units_about(self, person: PersonId) -> tuple[LiveUnit, ...]:
        return self._journal.disposer.live_units_about(self._tx, person)

    def destroyed_under(self, streams: Sequence[str]) -> tuple[tuple[Id, Id | None], ...]:
        return self._journal.disposer.destroyed_under(self._tx, streams)

    def log_months(self, until: date) -> tuple[Id, ...]:
        return log_months.months(self._tx, until)

    def log_month(
        self, month: Id, until: date, spared: Collection[PersonId] = ()
    ) -> LoggedMonth | None:
        return log_months.month(self._tx, month, until, spared)

    def reads_in(self, month: Id, about: Collection[Id] | None) -> Iterable[LoggedRead]:
        return log_months.reads(self._tx, month, about)

    def unit_of_copy(self, stream: str, owner: PersonId, copy: str) -> str:
        return unit_id(stream, RESULT.series, owner, copy)

    def certificate_of(self, stream: str) -> str | None:
        return self._journal.disposer.certificates(self._tx, (stream,)).get(stream)

    def sign(self, certificate: Certificate) -> Signature:
        return self._journal.disposer.sign(certificate)

    def append(self, decided: Decided) -> Receipt:
        """On SQLite the live projections follow in the same transaction."""
        self._refuse_gone(decided)
        for claim in decided.claims:
            key = self._journal.blobs.key_of(self._tx, claim.blob)
            self._sealer.lives_by(claim.blob, key)
        composed = _Composition(self._sealer, self._read, self._journal.new_id)
        for write in decided.writes:
            composed.add(write, decided)
        batch = self._batch(decided, composed)
        outcome = self._append(batch)
        if isinstance(outcome, Appended):
            self._decided = decided
            receipt = self._receipt(outcome, composed)
            self._journal.disposer.within(self._tx, decided)
            return receipt
        return self._refused(outcome, decided)

    def _refuse_gone(self, decided: Decided) -> None:
        """A stream that has shrunk reads as empty; nothing may be added to it all the same."""
        fresh = [
            write.stream
            for write in decided.writes
            if not self._read[write.aggregate.name, write.stream][0]
        ]
        for certificate in self._journal.disposer.certificates(self._tx, fresh).values():
            raise Disposed(certificate=certificate)

    def _append(self, batch: Batch) -> Outcome:
        """Under SQLite's lock since before the first read nothing can have moved."""
        if self._live:
            return self._recorder.append_on(self._tx, batch, ())
        return self._recorder.append(self._tx, batch)

    def tidy(self) -> None:
        """What was copied and is not wanted after all goes, where nothing was refused."""
        if self._decided is None:
            self._journal.blobs.undo(self._tx, self._copies)

    def committed(self) -> None:
        """What was learnt is shared once it is true."""
        if self._decided is None:
            return
        self._sealer.committed()
        self._journal.states.put(self._written)
        self._journal.gone(dict(self._decided.shredded), dict(self._decided.residue))

    def _remembered(self, aggregate: Aggregate[State], stream: str) -> tuple[int, State] | None:
        """What another command left behind, if it is of this kind."""
        known = self._journal.states.get(stream)
        is_of_kind = known is not None and isinstance(known[1], type(aggregate.initial))
        return known if is_of_kind else None

    def _recalled(self, aggregate: Aggregate[State], stream: str) -> tuple[int, State]:
        if not UUID_FORM.fullmatch(stream):
            return 0, aggregate.initial
        known = self._remembered(aggregate, stream)
        if known is not None and known[0] == self._recorder.state_version(self._tx, stream):
            return known
        kept = self._recorder.state(self._tx, stream)
        if kept is None or kept.fold != aggregate.fold_name:
            return self._folded(aggregate, stream)
        state = type(aggregate.initial).model_validate_json(kept.body)
        return kept.version, state

    def _folded(self, aggregate: Aggregate[State], stream: str) -> tuple[int, State]:
        version, state = 0, aggregate.initial
        for row in self._recorder.history(self._tx, stream):
            version, state = row.version or 0, aggregate.evolve(state, codec.recorded(row).event)
        return version, state

    def _batch(self, decided: Decided, composed: "_Composition") -> Batch:
        envelope = decided.envelope
        identities = tuple(
            identity for link in decided.links for identity in self._identities(link)
        )
        return Batch(
            recorded_at=codec.microseconds(envelope.occurred),
            basis=tuple(read for read in decided.basis if UUID_FORM.fullmatch(read[0])),
            rows=tuple(composed.rows),
            cells=tuple(composed.cells),
            units=tuple(composed.units),
            kept=tuple(_kept(claim, decided) for claim in decided.claims),
            states=tuple(composed.states()),
            identities=_last_word(identities),
            shredded=decided.shredded,
            receipt=ReceiptKey(envelope.actor, envelope.command, self._digest(decided.content)),
        )

    def _identities(self, link: Link) -> Iterator[Identity]:
        """Whoever gets a value of a kind gives up the one that led to them before."""
        if link.person is not None:
            former = self._tx.all(
                "SELECT hashed FROM cs_identity WHERE kind = :kind AND person = :person",
                kind=link.kind,
                person=link.person,
            )
            yield from (Identity(link.kind, hashed, None) for (hashed,) in former)
        yield self._journal.identities.belongs(link.kind, link.value, link.person)  # type: ignore[arg-type]

    def _digest(self, content: bytes) -> bytes:
        return self._journal.keyring.keyed("command", content)

    def _receipt(self, appended: Appended, composed: "_Composition") -> Receipt:
        events = tuple(composed.recorded(appended))
        self._written = composed.states_after
        if self._live:
            self._journal.projector.live(self._tx, events)
        return Receipt(position=appended.last, events=events, provisional=self._provisional)

    def _refused(self, outcome: Outcome, decided: Decided) -> Receipt:
        match outcome:
            case Repeated():
                return self._repeated(outcome, decided.content)
            case Taken(kind=kind):
                raise IdentityTaken(kind=kind)
            case UnitGone(unit=unit):
                self._journal.vault.forget((unit,))
        if self._provisional:
            raise Stale
        raise Moved

    def _repeated(self, found: Repeated, content: bytes) -> Receipt:
        if found.digest != self._digest(content):
            raise CommandReused
        count = found.last - found.first + 1
        rows = self._recorder.since(self._tx, found.first - 1, count) if count else []
        events = tuple(codec.recorded(row) for row in rows if row.body is not None)
        return Receipt(
            position=found.last, events=events, repeated=True, provisional=self._provisional
        )


def _kept(claim: Claim, decided: Decided) -> Kept:
    write = next(each for each in decided.writes if each.stream == claim.stream)
    unit = unit_id(write.stream, write.aggregate.series, write.owner, claim.blob)
    return Kept(claim.blob, unit)


def _version(recorder: Recorder, tx: Tx, stream: str) -> int:
    return recorder.versions(tx, [stream])[stream] if UUID_FORM.fullmatch(stream) else 0


def _last_word(identities: tuple[Identity, ...]) -> tuple[Identity, ...]:
    """Everything that is freed, and of the claims to one place the last."""
    freed = tuple(each for each in identities if each.person is None)
    claims = {(each.kind, each.hashed): each for each in identities if each.person is not None}
    return (*freed, *claims.values())


class _Composition:
    """What a command's writes become: rows, cells, units, and the states after them."""

    def __init__(
        self, sealer: Sealer, read: dict[tuple[str, str], tuple[int, Any]], new_id: Ids
    ) -> None:
        self._sealer = sealer
        self._new_id = new_id
        self._read = read
        self.states_after: dict[str, tuple[int, Any]] = {}
        self._folds: dict[str, str] = {}
        self.rows: list[Row] = []
        self.cells: list[Cell] = []
        self.units: list[Unit] = []

    def add(self, write: Write, decided: Decided) -> None:
        read = self._read[write.aggregate.name, write.stream]
        version, state = self.states_after.get(write.stream) or read
        for event in write.events:
            version += 1
            event_id = self._new_id()
            sealing = self._sealer.seal(
                event_id=event_id,
                stream=write.stream,
                series=write.aggregate.series,
                owner=write.owner,
                event=event,
            )
            self.cells += sealing.cells
            self.units += sealing.units
            envelope = decided.envelope.about(
                event=event_id,
                case=write.case,
                record_class=classify(event.name).record_class,
                rule=RULES,
                basis=() if self.rows else decided.basis,
            )
            body = codec.body(envelope, codec.said_by(sealing.event))
            self.rows.append(Row(write.stream, version, event.name, body))
            state = write.aggregate.evolve(state, sealing.event)
        self.states_after[write.stream] = (version, state)
        self._folds[write.stream] = write.aggregate.fold_name

    def states(self) -> Iterator[FoldedState]:
        for stream, (version, state) in self.states_after.items():
            body = state.model_dump_json().encode()
            yield FoldedState(stream, version, self._folds[stream], body)

    def recorded(self, appended: Appended) -> Iterator[Recorded]:
        at = appended.recorded_at
        for position, row in enumerate(self.rows, appended.first):
            head, said = codec.parted(row.body)
            yield Recorded(
                position, row.stream, row.version, row.name, at, head, said, codec.READING
            )
