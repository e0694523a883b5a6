"""The recorder on PostgreSQL: one call of one function, one round trip."""

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from .batch import (
    Appended,
    Batch,
    Cell,
    FoldedState,
    Identity,
    Kept,
    Moved,
    Outcome,
    Repeated,
    Row,
    Taken,
    Unit,
    UnitGone,
    UploadGone,
)
from .database import Database, Tx
from .dialects.postgres_arrays import byteas, integers, texts, uuids
from .ledger import SALT_BYTES, content_hash
from .recorder import Recorder

PARAMETERS = 33  # of cs_append_v2, see migrations/sql/append_v2.sql


class PostgresRecorder(Recorder):
    """The lock is taken by the function itself and lasts until the transaction ends."""

    streams_asked = "= ANY (CAST(:streams AS uuid[]))"

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        marks = ", ".join(["%s"] * PARAMETERS)
        self._call = f'SELECT * FROM "{database.schema}".cs_append_v2({marks})'

    def append_on(self, tx: Tx, batch: Batch, basis: Iterable[tuple[str, int]]) -> Outcome:
        cursor: Any = tx.cursor
        try:
            cursor.execute(self._call, _arguments(batch, list(basis)), prepare=True)
            return _outcome(*cursor.fetchone())
        except Exception as error:
            self.database.explain(error)
            raise

    def appending(self) -> AbstractContextManager[Tx]:
        return self.database.autocommit()

    def asked(self, streams: Sequence[str]) -> object:
        return list(streams)


def _arguments(batch: Batch, basis: Sequence[tuple[str, int]]) -> list[object]:
    """In the order of the function's parameters."""
    receipt = batch.receipt
    return [
        batch.recorded_at,
        *((receipt.actor, receipt.command, receipt.digest) if receipt else (None, None, None)),
        uuids([stream for stream, _ in basis]),
        integers([version for _, version in basis]),
        *(_events(batch.rows) if batch.rows else NO_EVENTS),
        *(_cells(batch.cells) if batch.cells else NO_CELLS),
        *(_units(batch.units) if batch.units else NO_UNITS),
        *(_kept(batch.kept) if batch.kept else NO_KEPT),
        *(_states(batch.states) if batch.states else NO_STATES),
        *(_identities(batch.identities) if batch.identities else NO_IDENTITIES),
        *(_shredded(batch.shredded) if batch.shredded else NO_SHREDDED),
    ]


def _events(rows: Sequence[Row]) -> tuple[object, ...]:
    return (
        uuids([row.stream for row in rows]),
        integers([row.version for row in rows]),
        texts([row.name for row in rows]),
        byteas([os.urandom(SALT_BYTES) for _ in rows]),
        byteas([row.body for row in rows]),
        byteas([content_hash(row.stream, row.version, row.name, row.body) for row in rows]),
    )


def _cells(cells: Sequence[Cell]) -> tuple[object, ...]:
    return (
        texts([cell.cell for cell in cells]),
        texts([cell.unit for cell in cells]),
        byteas([cell.sealed for cell in cells]),
    )


def _units(units: Sequence[Unit]) -> tuple[object, ...]:
    return (
        texts([unit.unit for unit in units]),
        uuids([unit.stream for unit in units]),
        texts([unit.series for unit in units]),
        texts([unit.subject for unit in units]),
        texts([unit.key for unit in units]),
    )


def _kept(kept: Sequence[Kept]) -> tuple[object, ...]:
    return (texts([each.blob for each in kept]), texts([each.unit for each in kept]))


def _states(states: Sequence[FoldedState]) -> tuple[object, ...]:
    return (
        uuids([state.stream for state in states]),
        integers([state.version for state in states]),
        texts([state.fold for state in states]),
        byteas([state.body for state in states]),
    )


def _identities(identities: Sequence[Identity]) -> tuple[object, ...]:
    freed = [identity for identity in identities if not identity.person]
    claimed = [identity for identity in identities if identity.person]
    return (
        texts([identity.kind for identity in freed]),
        byteas([identity.hashed for identity in freed]),
        texts([identity.kind for identity in claimed]),
        byteas([identity.hashed for identity in claimed]),
        texts([identity.person or "" for identity in claimed]),
    )


def _shredded(shredded: Sequence[tuple[str, str]]) -> tuple[object, ...]:
    return (
        texts([unit for unit, _ in shredded]),
        texts([certificate for _, certificate in shredded]),
    )


NO_EVENTS = _events(())
NO_CELLS = _cells(())
NO_UNITS = _units(())
NO_KEPT = _kept(())
NO_STATES = _states(())
NO_IDENTITIES = _identities(())
NO_SHREDDED = _shredded(())


def _outcome(status: str, a: int, b: int, c: str, d: str, e: bytes) -> Outcome:
    """The function's row, as the value that it stands for."""
    match status:
        case "appended":
            return Appended(a, b, int(c))
        case "moved":
            return Moved(c, a, b)
        case "gone":
            return UnitGone(c)
        case "swept":
            return UploadGone(c)
        case "repeated":
            return Repeated(e, a, b)
    return Taken(c, d)
