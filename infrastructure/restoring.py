"""Restoring: whatever an older backup has brought back, and should be gone, goes before any read.

The keyring's fences tell of an older main database, the main database of an older keyring, and the
certificates in their folder of both being old.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from ..application.aggregates import RUN
from ..application.envelope import ENGINE, Envelope
from ..application.ports import Clock, Decided, GoneReads, Ids, Moved, Session, Write
from ..domain.disposal import Fate, reapply
from ..domain.event import Id, PersonId
from ..domain.items import ItemKind
from . import log_months
from .certificates import Signed
from .database import Database, Tx
from .disposer import STREAM, Disposer, forgotten
from .journal import KeptJournal
from .keyring import Keyring
from .pages import paged, some

log = logging.getLogger("countersign")

TRIES = 5
PEOPLE = "SELECT stream FROM cs_unit WHERE series = 'person' AND subject = CAST(stream AS text) AND"


@dataclass(slots=True)
class _Again:
    """What has to go once more under one certificate."""

    signed: Signed | None = None
    units: set[Id] = field(default_factory=set)
    streams: set[Id] = field(default_factory=set)
    persons: set[PersonId] = field(default_factory=set)


class Restorer:
    """Called at every start; costs some questions when nothing was restored."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        journal: KeptJournal,
        disposer: Disposer,
        clock: Clock,
        new_id: Ids,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._journal = journal
        self._disposer = disposer
        self._clock = clock
        self._new_id = new_id

    def put_right(self) -> None:
        """Raises CertificateRefused before anything is destroyed because of a forged one."""
        for _ in range(TRIES):
            with suppress(Moved):  # another process starts too, and has done some of it
                self._put_right()
                break
        else:
            self._put_right()
        self._hand_out_missing()

    def _put_right(self) -> None:
        wanted: dict[Id, _Again] = {}
        for signed in self._unknown():
            _from_certificate(wanted, signed)
        with self._database.writing() as tx:  # on SQLite a reader would look at an older moment
            for unit, certificate in self._keyring.reconcile(tx):
                wanted.setdefault(certificate, _Again()).units.add(unit)
            for stream, certificate in self._streams_back(tx):
                wanted.setdefault(certificate, _Again()).streams.add(stream)
            unfenced = self._unfenced(tx)
        if unfenced:
            self._disposer.afterwards({}, unfenced)
        for certificate, again in wanted.items():
            self._apply(certificate, again)

    def _unknown(self) -> list[Signed]:
        """Certificates that were kept beside the database, and that it has never heard of."""
        folder = self._disposer.folder
        there = folder.ids() if folder else set()
        if folder is None or not there:
            return []
        with self._database.reading() as tx:
            known = self._disposer.known(tx)
        return folder.read(there - known.keys(), self._disposer.signer.public_key)

    def _streams_back(self, tx: Tx) -> Iterator[tuple[Id, Id]]:
        """Streams that the keyring has fenced, and of which something is there all the same."""
        for page in self._keyring.fences(STREAM):
            fenced = {name.removeprefix(STREAM): certificate for name, certificate in page}
            versions = self._journal.recorder.versions(tx, list(fenced))
            back = {stream for stream, at in versions.items() if at}
            back |= log_months.there(tx, fenced).keys()
            yield from ((stream, fenced[stream]) for stream in sorted(back))

    def _unfenced(self, tx: Tx) -> dict[Id, Id]:
        """Streams that have shrunk, and of which an older keyring does not know it."""
        found: dict[Id, Id] = {}
        for page in paged(tx, "CAST(stream AS text), certificate", "cs_gone"):
            fenced = self._keyring.fenced(f"{STREAM}{stream}" for stream, _ in page)
            found |= {s: certificate for s, certificate in page if f"{STREAM}{s}" not in fenced}
        return found

    def _apply(self, certificate: Id, again: _Again) -> None:
        issued = again.signed.certificate if again.signed else None
        stream = issued.run if issued else certificate
        with self._journal.session(destroys=True) as session:
            units, streams, months, persons = self._still_there(session, again)
            version, run = session.recall(RUN, stream)
            events = reapply(
                run,
                certificate=certificate,
                issued=issued,
                signature=again.signed.signature if again.signed else None,
                key=again.signed.key if again.signed else None,
                units=units,
                residue=sorted({*streams, *months}),
                forgotten=persons,
                on=self._clock().date(),
            )
            if not events or not (issued or units or streams or months or persons):
                return
            session.append(
                Decided(
                    writes=(Write(stream, RUN, tuple(events), ENGINE, None),),
                    basis=((stream, version),),
                    envelope=self._envelope(),
                    shredded=tuple((unit, certificate) for unit in sorted(again.units)),
                    residue=tuple((each, certificate) for each in sorted(again.streams)),
                    forgotten=tuple(persons),
                    reads=tuple(GoneReads(month) for month in months),
                )
            )
        log.warning("what had gone under certificate %s was restored, and went again", certificate)

    def _still_there(
        self, session: Session, again: _Again
    ) -> tuple[list[Id], list[Id], list[Id], list[PersonId]]:
        """What the restored database really had of it."""
        with self._database.reading() as tx:
            live = "SELECT unit FROM cs_unit WHERE state = 'live' AND unit"
            units = sorted(unit for (unit,) in some(tx, live, again.units))
            persons = again.persons | {person for (person,) in some(tx, f"{PEOPLE} unit", units)}
            led_to = "SELECT person FROM cs_identity WHERE person"
            known = sorted({person for (person,) in some(tx, led_to, persons)})
            months = sorted(log_months.there(tx, again.streams))
        streams = sorted(stream for stream in again.streams if session.version(stream))
        return units, streams, months, known

    def _envelope(self) -> Envelope:
        return Envelope(
            actor=ENGINE,
            role=ENGINE,
            via=ENGINE,
            command=self._new_id(),
            occurred=self._clock(),
        )

    def _hand_out_missing(self) -> None:
        """Certificates that a crash, or the want of a folder, has kept from being handed out."""
        folder = self._disposer.folder
        if folder is None:
            return
        there = folder.ids()
        with self._database.reading() as tx:
            known = self._disposer.known(tx)
            runs = {run for certificate, run in known.items() if certificate not in there}
            told = [each for run in sorted(runs) for each in self._journal.told(tx, run)]
        self._disposer.hand_out_missing(told)


def _from_certificate(wanted: dict[Id, _Again], signed: Signed) -> None:
    certificate = signed.certificate
    gone = [each for each in certificate.done if each.fate is Fate.DESTROYED]
    kinds: dict[Id, ItemKind] = {each.item.item: each.item.kind for each in certificate.entries}
    wanted[certificate.certificate] = _Again(
        signed=signed,
        units=_all(each.units for each in gone),
        streams=_all(each.residue for each in gone),
        persons=set(forgotten(kinds, gone)),
    )


def _all(parts: Iterable[tuple[Id, ...]]) -> set[Id]:
    return {each for part in parts for each in part}
