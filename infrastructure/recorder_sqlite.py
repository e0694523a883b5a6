"""The recorder on SQLite: within BEGIN IMMEDIATE, a handful of short statements."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from .batch import Appended, Batch, Identity, Moved, Outcome, Repeated, Taken, UnitGone, UploadGone
from .database import Tx
from .ledger import SALT_BYTES, content_hash, leaf_hash
from .recorder import Recorder

RECEIPT = "SELECT digest, first, last FROM cs_receipt WHERE actor = ? AND command = ?"
VERSION = "SELECT max(version) FROM cs_event WHERE stream = ?"
UNIT = "SELECT state, key_id FROM cs_unit WHERE unit = ?"
UPLOAD = "SELECT 1 FROM cs_blob WHERE blob = ? AND state = 'whole'"
OWNER = "SELECT person FROM cs_identity WHERE kind = ? AND hashed = ?"
HEAD = "SELECT position, recorded_at FROM cs_event ORDER BY position DESC LIMIT 1"
LATEST = (
    "SELECT recorded_at FROM cs_event WHERE recorded_at IS NOT NULL ORDER BY position DESC LIMIT 1"
)

ADD_EVENT = (
    "INSERT INTO cs_event (position, stream, version, name, recorded_at, salt, body, leaf)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
ADD_UNIT = (
    "INSERT OR IGNORE INTO cs_unit (unit, stream, series, subject, key_id, state)"
    " VALUES (?, ?, ?, ?, ?, 'live')"
)
ADD_CELL = "INSERT INTO cs_cell (cell, unit, sealed) VALUES (?, ?, ?)"
SET_STATE = "INSERT OR REPLACE INTO cs_state (stream, version, fold, body) VALUES (?, ?, ?, ?)"
ADD_RECEIPT = "INSERT INTO cs_receipt (actor, command, digest, first, last) VALUES (?, ?, ?, ?, ?)"
FREE = "DELETE FROM cs_identity WHERE kind = ? AND hashed = ?"
CLAIM = "INSERT OR IGNORE INTO cs_identity (kind, hashed, person) VALUES (?, ?, ?)"
DESTROY = (
    "UPDATE cs_unit SET state = 'destroyed', certificate = ? WHERE unit = ? AND state = 'live'"
)
KEEP = "UPDATE cs_blob SET state = 'kept', unit = ?, person = NULL WHERE blob = ?"
SHRED_FILES = "DELETE FROM cs_chunk WHERE blob IN (SELECT blob FROM cs_blob WHERE unit = ?)"
SHRED = "UPDATE cs_cell SET sealed = NULL WHERE unit = ? AND sealed IS NOT NULL"


class SqliteRecorder(Recorder):
    """The lock is the file's own: the transaction must have been begun IMMEDIATE."""

    streams_asked = "IN (SELECT value FROM json_each(:streams))"

    def append_on(self, tx: Tx, batch: Batch, basis: Iterable[tuple[str, int]]) -> Outcome:
        cursor: Any = tx.cursor
        return _obstacle(cursor, batch, basis) or _write(cursor, batch)

    def appending(self) -> AbstractContextManager[Tx]:
        return self.database.writing()


def _obstacle(cursor: Any, batch: Batch, basis: Iterable[tuple[str, int]]) -> Outcome | None:
    """Everything that may stand against the batch, the cheapest first."""
    receipt = batch.receipt
    if receipt and (found := _first(cursor, RECEIPT, (receipt.actor, receipt.command))):
        return Repeated(*found)
    for stream, read in basis:
        version = _first(cursor, VERSION, (stream,))[0] or 0
        if version != read:
            return Moved(stream, read, version)
    for unit in batch.units:
        found = _first(cursor, UNIT, (unit.unit,))
        if found and found != ("live", unit.key):
            return UnitGone(unit.unit)
    for kept in batch.kept:
        if _first(cursor, UPLOAD, (kept.blob,)) is None:
            return UploadGone(kept.blob)
    return _taken(cursor, batch.identities) if batch.identities else None


def _taken(cursor: Any, identities: tuple[Identity, ...]) -> Taken | None:
    """What one batch frees, it may give to somebody else."""
    freed = {(identity.kind, identity.hashed) for identity in identities if not identity.person}
    for identity in identities:
        place = (identity.kind, identity.hashed)
        owner = None if place in freed else _first(cursor, OWNER, place)
        if owner and owner[0] != identity.person:
            return Taken(identity.kind, owner[0])
    return None


def _write(cursor: Any, batch: Batch) -> Appended:
    head, latest = _head(cursor)
    done = Appended(head + 1, head + len(batch.rows), max(batch.recorded_at, latest))
    _each(cursor, ADD_EVENT, _event_rows(batch, done))
    _each(cursor, ADD_UNIT, [(u.unit, u.stream, u.series, u.subject, u.key) for u in batch.units])
    _each(cursor, ADD_CELL, [(c.cell, c.unit, c.sealed) for c in batch.cells])
    _each(cursor, KEEP, [(k.unit, k.blob) for k in batch.kept])
    _each(cursor, SET_STATE, [(s.stream, s.version, s.fold, s.body) for s in batch.states])
    if batch.identities:
        _write_identities(cursor, batch.identities)
    _each(cursor, DESTROY, [(certificate, unit) for unit, certificate in batch.shredded])
    _each(cursor, SHRED, [(unit,) for unit, _ in batch.shredded])
    _each(cursor, SHRED_FILES, [(unit,) for unit, _ in batch.shredded])
    if receipt := batch.receipt:
        kept = (receipt.actor, receipt.command, receipt.digest, done.first, done.last)
        cursor.execute(ADD_RECEIPT, kept)
    return done


def _write_identities(cursor: Any, identities: tuple[Identity, ...]) -> None:
    _each(cursor, FREE, [(i.kind, i.hashed) for i in identities if not i.person])
    _each(cursor, CLAIM, [(i.kind, i.hashed, i.person) for i in identities if i.person])


def _event_rows(batch: Batch, done: Appended) -> list[tuple[object, ...]]:
    at = done.recorded_at
    rows: list[tuple[object, ...]] = []
    for position, row in enumerate(batch.rows, done.first):
        salt = os.urandom(SALT_BYTES)
        content = content_hash(row.stream, row.version, row.name, row.body)
        leaf = leaf_hash(salt, position, at, content)
        rows.append((position, row.stream, row.version, row.name, at, salt, row.body, leaf))
    return rows


def _head(cursor: Any) -> tuple[int, int]:
    """The newest position and the latest time; the newest row may be a residue without one."""
    position, recorded_at = _first(cursor, HEAD) or (0, 0)
    if recorded_at is None:
        (recorded_at,) = _first(cursor, LATEST) or (0,)
    return position, recorded_at


def _first(cursor: Any, sql: str, values: tuple[object, ...] = ()) -> Any:
    return cursor.execute(sql, values).fetchone()


def _each(cursor: Any, sql: str, rows: list[tuple[Any, ...]]) -> None:
    if len(rows) == 1:
        cursor.execute(sql, rows[0])
    elif rows:
        cursor.executemany(sql, rows)
