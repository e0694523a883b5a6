"""Blobs: the bytes of files, in sealed chunks, first somebody's upload and then a file's.

An upload is claimed by a command in one row, whatever its size. What nobody claims is `going`
before its key is destroyed, and its row is the last thing of it to go; so a crash at any moment
leaves nothing that could be claimed without a key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag

from ..application.ports import Ids, Uploaded
from ..application.sniffing import Sniffer
from ..domain.event import Id, PersonId
from ..domain.file import File
from ..domain.media import Media, agreed
from ..domain.refusals import (
    FileDestroyed,
    FileEmpty,
    FileTooLarge,
    TooManyUploads,
    UnknownUpload,
)
from . import chunks, codec
from .chunks import Chain, label
from .data_key import Key
from .database import Database, Tx
from .keyring import Keyring
from .settings import LARGEST
from .vault import Lost, Tampered

LIFETIME = timedelta(days=1)
WAITING = 10
"""How many uploads of one person may be on their way or wait to be attached."""

MINE = 0x6373_0003  # the first key of our advisory lock, the second is the person

WAITS = "SELECT blob, media_type, size, commitment, begun FROM cs_blob WHERE person = :person"
IS_WHOLE = " AND state = 'whole' AND begun > :after"


class Blobs:
    """One for an engine; threads may share it."""

    def __init__(
        self, database: Database, keyring: Keyring, new_id: Ids, limit: int = LARGEST
    ) -> None:
        self.limit = limit
        self._database = database
        self._keyring = keyring
        self._new_id = new_id

    def begin(self, person: PersonId, declared: str | None, at: datetime) -> "Arriving":
        """Raises TooManyUploads."""
        self.sweep(at)
        blob, key = self._new_id(), self._keyring.mint()
        with self._database.writing() as tx:
            if tx.dialect == "postgresql":
                lock = "SELECT pg_advisory_xact_lock(:mine, hashtext(:person))"
                tx.one(lock, mine=MINE, person=person)
            here = tx.one("SELECT count(*) FROM cs_blob WHERE person = :person", person=person)
            if here and here[0] >= WAITING:
                raise TooManyUploads(limit=WAITING)
            _insert(tx, blob, person, key, at)
        return Arriving(self, blob, key, declared, at)

    def waiting(self, person: PersonId, at: datetime) -> list[Uploaded]:
        """Oldest first."""
        with self._database.reading() as tx:
            rows = tx.all(f"{WAITS}{IS_WHOLE} ORDER BY begun", person=person, after=_oldest(at))
        return [_uploaded(*row) for row in rows]

    def uploaded(self, tx: Tx, blob: Id, person: PersonId, at: datetime) -> Uploaded | None:
        """Within a command's transaction."""
        row = tx.one(
            f"{WAITS}{IS_WHOLE} AND blob = :blob", person=person, after=_oldest(at), blob=blob
        )
        return _uploaded(*row) if row else None

    def key_of(self, tx: Tx, blob: Id) -> str:
        """The id of the key that a blob lives by. Raises Lost."""
        row = tx.one("SELECT key_id FROM cs_blob WHERE blob = :blob", blob=blob)
        if row is None:
            raise Lost(f"File {blob} is gone, and no certificate says why.")
        return str(row[0])

    def withdraw(self, person: PersonId, blob: Id) -> None:
        """Raises UnknownUpload."""
        with self._database.writing() as tx:
            gone = tx.run(
                "UPDATE cs_blob SET state = 'going' WHERE blob = :blob AND person = :person",
                blob=blob,
                person=person,
            )
        if not gone:
            raise UnknownUpload
        self._drop()

    def sweep(self, at: datetime) -> int:
        """Looks first: where nothing is to be swept, nothing is locked."""
        late = {"oldest": _oldest(at)}
        with self._database.reading() as tx:
            if tx.one(f"SELECT 1 FROM cs_blob WHERE {FORGOTTEN} LIMIT 1", **late) is None:
                return 0
        with self._database.writing() as tx:
            tx.run(f"UPDATE cs_blob SET state = 'going' WHERE {FORGOTTEN}", **late)
        return self._drop()

    def copy(self, tx: Tx, file: File, person: PersonId, at: datetime) -> Uploaded:
        """All chunks once more under a fresh key, in the transaction of whoever will claim them."""
        blob, key = self._new_id(), self._keyring.mint()
        source = self._opened(tx, file.copy_id, file.size, file.commitment)
        chain = Chain(key, blob)
        _insert(tx, blob, person, key, at)
        for place, piece in enumerate(source.read(tx)):
            chain.add(piece)
            last = place == chunks.count(file.size) - 1
            _put(tx, blob, place, key.seal(label(blob, place, last=last), piece))
        made = Uploaded(blob, file.media_type, file.size, chain.commitment, at + LIFETIME)
        _finish(tx, made)
        return made

    def undo(self, tx: Tx, copies: Sequence[Id]) -> None:
        """Copies that nobody claims after all, still within the transaction that made them."""
        for blob in copies:
            tx.run("DELETE FROM cs_chunk WHERE blob = :blob", blob=blob)
            tx.run("DELETE FROM cs_blob WHERE blob = :blob AND state <> 'kept'", blob=blob)

    def open(self, copy_id: Id, size: int, commitment: str) -> "OpenedFile":
        """Raises FileDestroyed, Lost, or Tampered where even the number of bytes is wrong."""
        with self._database.reading() as tx:
            return self._opened(tx, copy_id, size, commitment)

    def _opened(self, tx: Tx, blob: Id, size: int, commitment: str) -> "OpenedFile":
        key = self._living_key(tx, blob)
        _complete(tx, blob, size)
        return OpenedFile(self._database, key, blob, size, commitment)

    def _living_key(self, tx: Tx, blob: Id) -> Key:
        row = tx.one(
            "SELECT b.unit, u.key_id, u.certificate FROM cs_blob b"
            " JOIN cs_unit u ON u.unit = b.unit WHERE b.blob = :blob",
            blob=blob,
        )
        if row is None:
            raise Lost(f"File {blob} is gone, and no certificate says why.")
        unit, key_id, certificate = row
        key = None if certificate else self._keyring.key(key_id)
        certificate = certificate or (None if key else self._keyring.fenced((unit,)).get(unit))
        if certificate:
            raise FileDestroyed(certificate=certificate)
        if key is None:
            raise Lost(f"The key of file {blob} is gone, and no certificate says why.")
        return key

    def put(self, blob: Id, place: int, sealed: bytes) -> None:
        """One chunk, in a transaction of its own. Raises UnknownUpload once it is swept."""
        with self._database.writing() as tx:
            if not _put(tx, blob, place, sealed):
                raise UnknownUpload

    def finish(self, made: Uploaded) -> None:
        """Raises UnknownUpload once it is swept."""
        with self._database.writing() as tx:
            if not _finish(tx, made):
                raise UnknownUpload

    def abandon(self, blob: Id) -> None:
        """An upload that will not be finished."""
        with self._database.writing() as tx:
            tx.run(
                "UPDATE cs_blob SET state = 'going' WHERE blob = :blob AND state = 'arriving'",
                blob=blob,
            )
        self._drop()

    def _drop(self) -> int:
        """First the keys, then the bytes, then the rows; whatever a crash has left as well."""
        with self._database.reading() as tx:
            going = dict(
                tx.all("SELECT blob, key_id FROM cs_blob WHERE state = 'going' AND person <> ''")
            )
        if going:
            self._keyring.destroy(going.values(), {})
        for blob in going:
            with self._database.writing() as tx:
                tx.run("DELETE FROM cs_chunk WHERE blob = :blob", blob=blob)
                tx.run("DELETE FROM cs_blob WHERE blob = :blob AND state = 'going'", blob=blob)
        return len(going)


FORGOTTEN = "person <> '' AND (state = 'going' OR begun <= :oldest)"


class Arriving:
    """Holds back one chunk, since only the end tells which is the last."""

    def __init__(
        self, blobs: Blobs, blob: Id, key: Key, declared: str | None, at: datetime
    ) -> None:
        self.size = 0
        self._blobs = blobs
        self._blob = blob
        self._key = key
        self._declared = declared
        self._expires = at + LIFETIME
        self._chain = Chain(key, blob)
        self._sniffer = Sniffer()
        self._held = bytearray()
        self._place = 0
        self._done = False

    def write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self._blobs.limit:
            raise FileTooLarge(limit=self._blobs.limit)
        self._held += piece
        while len(self._held) > chunks.SIZE:
            self._seal(bytes(self._held[: chunks.SIZE]), last=False)
            del self._held[: chunks.SIZE]

    def finish(self) -> Uploaded:
        if not self.size:
            raise FileEmpty
        self._seal(bytes(self._held), last=True)
        self._held.clear()
        media = agreed(self._sniffer.told(), self._declared)
        made = Uploaded(self._blob, media, self.size, self._chain.commitment, self._expires)
        self._blobs.finish(made)
        self._done = True
        return made

    def abandon(self) -> None:
        if not self._done:
            self._done = True
            self._held.clear()
            self._blobs.abandon(self._blob)

    def __enter__(self) -> "Arriving":
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        """Looked at before it is kept: what is not welcome is never written."""
        self._sniffer.see(piece)
        self._chain.add(piece)
        sealed = self._key.seal(label(self._blob, self._place, last=last), piece)
        self._blobs.put(self._blob, self._place, sealed)
        self._place += 1


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """Reads a chunk at a time, each in a transaction of its own."""

    _database: Database
    _key: Key
    _blob: Id
    size: int
    _commitment: str

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Of the whole the last piece comes only when all of it is as the journal says."""
        stop = self.size if stop is None else min(stop, self.size)
        if (start, stop) == (0, self.size):
            yield from self._whole(self._fetch)
            return
        for place in range(start // chunks.SIZE, chunks.count(stop)):
            begins = place * chunks.SIZE
            piece = self._piece(self._fetch(place), place)
            yield piece[max(0, start - begins) : stop - begins]

    def read(self, tx: Tx) -> Iterator[bytes]:
        """The whole, within one transaction."""
        return self._whole(lambda place: _chunk(tx, self._blob, place))

    def _whole(self, fetch: Any) -> Iterator[bytes]:
        chain = Chain(self._key, self._blob)
        many = chunks.count(self.size)
        for place in range(many):
            piece = self._piece(fetch(place), place)
            chain.add(piece)
            if place == many - 1 and chain.commitment != self._commitment:
                raise Tampered(f"File {self._blob} is not what the journal committed to.")
            yield piece

    def _fetch(self, place: int) -> bytes | None:
        with self._database.reading() as tx:
            return _chunk(tx, self._blob, place)

    def _piece(self, sealed: bytes | None, place: int) -> bytes:
        if sealed is None:
            raise Lost(f"Chunk {place} of file {self._blob} is gone.")
        last = place == chunks.count(self.size) - 1
        try:
            return self._key.open(label(self._blob, place, last=last), sealed)
        except InvalidTag:
            where = f"Chunk {place} of file {self._blob}"
            raise Tampered(f"{where} is not the one that was sealed there.") from None


def _insert(tx: Tx, blob: Id, person: PersonId, key: Key, at: datetime) -> None:
    tx.run(
        "INSERT INTO cs_blob (blob, person, key_id, state, size, chunks, begun)"
        " VALUES (:blob, :person, :key, 'arriving', 0, 0, :begun)",
        blob=blob,
        person=person,
        key=key.id,
        begun=codec.microseconds(at),
    )


def _put(tx: Tx, blob: Id, place: int, sealed: bytes) -> bool:
    """Only onto an upload that is still arriving and has come this far."""
    moved = tx.run(
        "UPDATE cs_blob SET chunks = chunks + 1"
        " WHERE blob = :blob AND state = 'arriving' AND chunks = :place",
        blob=blob,
        place=place,
    )
    if moved:
        tx.run(
            "INSERT INTO cs_chunk (blob, place, sealed) VALUES (:blob, :place, :sealed)",
            blob=blob,
            place=place,
            sealed=sealed,
        )
    return moved == 1


def _finish(tx: Tx, made: Uploaded) -> bool:
    done = tx.run(
        "UPDATE cs_blob SET state = 'whole', media_type = :media, size = :size,"
        " commitment = :commitment WHERE blob = :blob AND state = 'arriving'",
        media=made.media_type.value,
        size=made.size,
        commitment=made.commitment,
        blob=made.blob,
    )
    return done == 1


def _chunk(tx: Tx, blob: Id, place: int) -> bytes | None:
    row = tx.one(
        "SELECT sealed FROM cs_chunk WHERE blob = :blob AND place = :place", blob=blob, place=place
    )
    return row[0] if row else None


def _complete(tx: Tx, blob: Id, size: int) -> None:
    """Before the first byte is given out: as many chunks, and as long, as the journal says."""
    row = tx.one(
        "SELECT count(*), coalesce(max(place), -1), coalesce(sum(length(sealed)), 0)"
        " FROM cs_chunk WHERE blob = :blob",
        blob=blob,
    )
    there, furthest, length = (int(each) for each in row or (0, -1, 0))
    wanted = chunks.count(size)
    if there < wanted:
        raise Lost(f"{wanted - there} of {wanted} chunks of file {blob} are gone.")
    if (there, furthest, length) != (wanted, wanted - 1, chunks.sealed_size(size)):
        raise Tampered(f"File {blob} has other chunks than were sealed.")


def _uploaded(blob: str, media: str, size: int, commitment: str, begun: int) -> Uploaded:
    return Uploaded(blob, Media(media), size, commitment, codec.moment(begun) + LIFETIME)


def _oldest(at: datetime) -> int:
    return codec.microseconds(at - LIFETIME)
