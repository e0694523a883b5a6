"""The disposer: the one path by which anything is destroyed, and where it is looked for afterwards.

Units, rows, identities and what projections made of them go in the transaction of the append that
says so; keys, which lie in a database of their own, right after it, and at the next start if a
crash came between.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain

from ..application.ports import Clock, Decided, LiveUnit, Recorded, Signature
from ..domain.disposal import (
    Certificate,
    CertificateIssued,
    DisposalReapplied,
    DisposalRun,
    Done,
    Fate,
    Residue,
    Store,
)
from ..domain.event import Id, PersonId
from ..domain.items import ItemKind
from . import log_months
from .certificates import CertificateFolder, Signed, Signer
from .database import Database, Tx
from .pages import some
from .projector import copies
from .projector.follower import Projector
from .projector.purging import left, purge
from .recorder import Recorder
from .scrubbing import Scrubbed, scrub
from .vault import Vault

LIVE = (
    "SELECT u.unit, u.stream, u.subject, count(c.sealed), coalesce(sum(length(c.sealed)), 0)"
    " + coalesce((SELECT sum(length(k.sealed)) FROM cs_blob b JOIN cs_chunk k ON k.blob = b.blob"
    " WHERE b.unit = u.unit), 0)"
    " FROM cs_unit u LEFT JOIN cs_cell c ON c.unit = u.unit WHERE u.state = 'live' AND {which}"
    " GROUP BY u.unit, u.stream, u.subject ORDER BY u.unit"
)
KEYS_OF = "SELECT key_id FROM cs_unit WHERE unit"
STREAM = "stream:"
"""Begins the name by which the keyring fences a whole stream."""

KNOWN = "certificate:"
"""Begins the name under which `cs_meta` keeps the run of a certificate that the journal knows."""

TOUCHED = ("cs_cell", "cs_blob", "cs_chunk", "cs_unit", "cs_event", "cs_state", "cs_identity")
EMPTIED = (
    "UPDATE cs_blob SET media_type = NULL, size = 0, chunks = 0, commitment = NULL, begun = 0"
    " WHERE unit IN (SELECT value FROM json_each(:units))"
)
"""What stays says which unit a file was of, and so under which certificate it went."""

FILES = "SELECT count(k.place) FROM cs_blob b LEFT JOIN cs_chunk k ON k.blob = b.blob WHERE b.unit"


class Disposer:
    """Knows every place in which something of an item could lie."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        vault: Vault,
        projector: Projector,
        clock: Clock,
        *,
        folder: CertificateFolder | None = None,
        backup_days: int | None = None,
    ) -> None:
        self.signer = Signer(vault.keyring)
        self.folder = folder
        self._database = database
        self._recorder = recorder
        self._vault = vault
        self._keyring = vault.keyring
        self._projector = projector
        self._clock = clock
        self._backup_days = backup_days

    # Looked up by whoever decides

    def live_units(self, tx: Tx, streams: Sequence[str]) -> tuple[LiveUnit, ...]:
        rows = tx.all(
            LIVE.format(which=f"u.stream {self._recorder.streams_asked}"),
            streams=self._recorder.asked(streams),
        )
        return tuple(LiveUnit(*row) for row in rows)

    def live_units_about(self, tx: Tx, person: PersonId) -> tuple[LiveUnit, ...]:
        rows = tx.all(LIVE.format(which="u.subject = :person"), person=person)
        return tuple(LiveUnit(*row) for row in rows)

    def certificates(self, tx: Tx, streams: Sequence[str]) -> dict[str, str]:
        """Those of the streams that have shrunk, each with the certificate."""
        if not streams:
            return {}
        found = tx.all(
            f"SELECT stream, certificate FROM cs_gone WHERE stream {self._recorder.streams_asked}",
            streams=self._recorder.asked(streams),
        )
        return dict(found)

    def destroyed_under(self, tx: Tx, streams: Sequence[str]) -> tuple[tuple[Id, Id | None], ...]:
        """Certificates under which units of these streams went, with the run once it is over."""
        rows = tx.all(
            "SELECT DISTINCT u.certificate, m.value FROM cs_unit u"
            " LEFT JOIN cs_meta m ON m.key = :known || u.certificate"
            f" WHERE u.state = 'destroyed' AND u.stream {self._recorder.streams_asked}",
            known=KNOWN,
            streams=self._recorder.asked(streams),
        )
        return tuple((certificate, run) for certificate, run in rows)

    # What goes

    def within(self, tx: Tx, decided: Decided) -> None:
        """What goes in the very transaction in which it is recorded that it went."""
        if decided.residue:
            self._shrink(tx, dict(decided.residue))
        if decided.shredded:
            tx.run(EMPTIED, units=json.dumps([unit for unit, _ in decided.shredded]))
        for gone in decided.reads:
            log_months.dispose(tx, gone.month, gone.spared)
        for person in decided.forgotten:
            tx.run("DELETE FROM cs_identity WHERE person = :person", person=person)
        for write in decided.writes:
            for event in write.events:
                if certificate := _certified_by(event):
                    self._know(tx, certificate, write.stream)

    def afterwards(self, units: Mapping[str, str], streams: Mapping[str, str]) -> bool:
        """Keys go, and fences keep them from being minted anew; may be repeated.

        Both are named with their certificates. False where keys are unreachable, but may still be
        in the keyring's log.
        """
        with self._database.reading() as tx:
            keys = [key for (key,) in some(tx, KEYS_OF, units)]
        self._vault.forget(units)
        fences = {**units, **{f"{STREAM}{stream}": each for stream, each in streams.items()}}
        return self._keyring.destroy(keys, fences) if fences else True

    def _shrink(self, tx: Tx, streams: Mapping[str, str]) -> None:
        """Rows become residue, and every copy of every projection is as though folded without."""
        copies.lock_making(tx)
        self._projector.live_copies(tx, lock=True)
        positions = self._positions(tx, list(streams))
        for stream, certificate in streams.items():
            tx.run(
                "INSERT INTO cs_gone (stream, certificate) VALUES (:stream, :certificate)"
                " ON CONFLICT DO NOTHING",
                stream=stream,
                certificate=certificate,
            )
            self._recorder.shrink(tx, stream, certificate)
        if positions:
            purge(tx, self._database, self._recorder, self._projector.projections, positions)

    def _positions(self, tx: Tx, streams: Sequence[str]) -> list[int]:
        found = tx.all(
            f"SELECT position FROM cs_event WHERE stream {self._recorder.streams_asked}"
            " ORDER BY position",
            streams=self._recorder.asked(streams),
        )
        return [position for (position,) in found]

    def _know(self, tx: Tx, certificate: str, run: str) -> None:
        tx.run(
            "INSERT INTO cs_meta (key, value) VALUES (:key, :run) ON CONFLICT DO NOTHING",
            key=f"{KNOWN}{certificate}",
            run=run,
        )

    # What is proved

    def sign(self, certificate: Certificate) -> Signature:
        return Signature(self.signer.sign(certificate), self.signer.key)

    def hand_out(self, issued: CertificateIssued) -> None:
        if self.folder is not None:
            self.folder.put(self._signed(issued.certificate, issued.signature, issued.key))

    def hand_out_missing(self, told: Iterable[Recorded]) -> None:
        """Certificates of these events that have no file yet: a crash, or a setting that is new."""
        for recorded in told:
            event = recorded.event
            if isinstance(event, CertificateIssued):
                self.hand_out(event)
            elif isinstance(event, DisposalReapplied) and self.folder and event.issued:
                assert event.signature is not None
                assert event.key is not None
                self.folder.put(self._signed(event.issued, event.signature, event.key))

    def known(self, tx: Tx) -> dict[str, str]:
        """Every certificate that the journal knows, with the run that it belongs to."""
        found = tx.all(
            "SELECT key, value FROM cs_meta WHERE substr(key, 1, :length) = :beginning",
            length=len(KNOWN),
            beginning=KNOWN,
        )
        return {key.removeprefix(KNOWN): run for key, run in found}

    def _signed(self, certificate: Certificate, signature: str, key: str) -> Signed:
        document = certificate.model_dump(mode="json")
        return Signed(document, signature, key, self.signer.public_key.hex())

    # What is left

    def look_for(self, state: DisposalRun, run: Id) -> tuple[Residue, ...]:
        """Finishes what is left to do outside the transactions, then looks into every store."""
        assert state.certificate is not None
        gone = [each for each in state.done if each.fate is Fate.DESTROYED]
        units = dict.fromkeys(chain.from_iterable(each.units for each in gone), state.certificate)
        streams = dict.fromkeys(
            chain.from_iterable(each.residue for each in gone), state.certificate
        )
        with self._database.reading() as tx:
            streams |= self._shrunk_by(tx, state.certificate)
        keys_scrubbed = self.afterwards(units, streams)
        main = scrub(self._database, self._touched(bool(streams), reads=bool(state.reads)))
        with self._database.reading() as tx:
            found = [
                self._cells_left(tx, units),
                self._files_left(tx, units),
                self._keys_left(tx, units, scrubbed=keys_scrubbed),
                self._journal_left(tx, streams),
                self._projections_left(tx, state.certificate),
                self._identities_left(tx, state, gone),
                *self._reads_left(tx, state, streams),
            ]
        return (*found, self._log_left(main), self._backups(), *self._transferred(state))

    def _shrunk_by(self, tx: Tx, certificate: str) -> dict[str, str]:
        """Also streams that belong to no entry of their own, such as those of a whole case."""
        found = tx.all(
            "SELECT stream, certificate FROM cs_gone WHERE certificate = :certificate",
            certificate=certificate,
        )
        return dict(found)

    def _touched(self, shrunk: bool, *, reads: bool) -> list[str]:
        tables = [*TOUCHED, "cs_access"] if reads else list(TOUCHED)
        if not shrunk or self._database.dialect == "sqlite":
            return tables
        with self._database.reading() as tx:
            for copy in copies.everything(tx):
                tables += copies.tables(tx, copy.number)
        return tables

    def _cells_left(self, tx: Tx, units: Iterable[str]) -> Residue:
        found = some(tx, "SELECT sealed IS NULL FROM cs_cell WHERE unit", units)
        emptied = [bool(empty) for (empty,) in found]
        full = emptied.count(False)
        return Residue(store=Store.CELLS, clean=not full, looked_at=len(emptied), left=full)

    def _files_left(self, tx: Tx, units: Iterable[str]) -> Residue:
        """Chunks go as rows; what they were chunks of still says which unit destroyed them."""
        files = list(some(tx, "SELECT blob FROM cs_blob WHERE unit", units))
        chunks = sum(count for (count,) in some(tx, FILES, units))
        return Residue(store=Store.FILES, clean=not chunks, looked_at=len(files), left=chunks)

    def _keys_left(self, tx: Tx, units: Mapping[str, str], *, scrubbed: bool) -> Residue:
        keys = [key for (key,) in some(tx, KEYS_OF, units)]
        unfenced = len(units) - len(self._keyring.fenced(units))
        kept = len(self._keyring.keys(keys)) + unfenced
        return Residue(
            store=Store.KEYS, clean=scrubbed and not kept, looked_at=len(keys), left=kept
        )

    def _journal_left(self, tx: Tx, streams: Mapping[str, str]) -> Residue:
        rows = len(self._positions(tx, list(streams))) if streams else 0
        states = len(self._recorder.states(tx, list(streams))) if streams else 0
        found = rows + states
        return Residue(store=Store.JOURNAL, clean=not found, looked_at=len(streams), left=found)

    def _projections_left(self, tx: Tx, certificate: str) -> Residue:
        rows = tx.all(
            "SELECT position FROM cs_event WHERE certificate = :certificate",
            certificate=certificate,
        )
        found = left(tx, [position for (position,) in rows]) if rows else 0
        return Residue(store=Store.PROJECTIONS, clean=not found, looked_at=len(rows), left=found)

    def _identities_left(self, tx: Tx, state: DisposalRun, gone: Sequence[Done]) -> Residue:
        kinds = {each.item.item: each.item.kind for each in state.entries}
        persons = forgotten(kinds, gone)
        found = list(some(tx, "SELECT person FROM cs_identity WHERE person", persons))
        return Residue(
            store=Store.IDENTITIES, clean=not found, looked_at=len(persons), left=len(found)
        )

    def _reads_left(
        self, tx: Tx, state: DisposalRun, streams: Iterable[str]
    ) -> tuple[Residue, ...]:
        """Of months that went whole; what a hold keeps of others is no residue."""
        if not state.reads:
            return ()
        left = sum(log_months.there(tx, streams).values())
        store = Store.ACCESS_LOG
        return (Residue(store=store, clean=not left, looked_at=state.reads, left=left),)

    def _log_left(self, main: Scrubbed) -> Residue:
        """PostgreSQL's log is archived with its backups, and goes with them."""
        store = Store.WRITE_AHEAD_LOG
        if self._database.dialect == "sqlite":
            return Residue(store=store, clean=main.clean, left=main.left)
        return Residue(store=store, clean=False, left=main.left, until=self._horizon())

    def _backups(self) -> Residue:
        """Nobody can look into them from here; the setting says when the last of them goes."""
        return Residue(store=Store.BACKUPS, clean=self._backup_days == 0, until=self._horizon())

    def _transferred(self, state: DisposalRun) -> tuple[Residue, ...]:
        if state.transfer is None:
            return ()
        items = state.transfer.items
        return (Residue(store=Store.TRANSFERRED, clean=False, looked_at=items, left=items),)

    def _horizon(self) -> date | None:
        """The day on which the last backup from before today is gone."""
        if self._backup_days is None:
            return None
        return self._clock().date() + timedelta(days=self._backup_days)


def forgotten(kinds: Mapping[str, ItemKind], gone: Iterable[Done]) -> list[PersonId]:
    """The persons among what was destroyed: nobody is led to them any more."""
    return [each.item for each in gone if kinds.get(each.item) is ItemKind.PERSON]


def _certified_by(event: object) -> str | None:
    """The certificate that an event brings whole."""
    match event:
        case CertificateIssued(certificate=certificate):
            return certificate.certificate
        case DisposalReapplied(issued=Certificate() as issued):
            return issued.certificate
    return None
