"""Copies: a projection's tables, possibly several times; one row says how far each has come.

`live` copies are asked and followed, one for each version of the code that still runs. A
`building` one becomes live when it has caught up, and the one before it is `kept`, as it stands,
for a rollback. A `scratch` one is only compared. A number is never given twice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time_ns

from ..database import Database, Tx, Words
from .projection import Projection

COLUMNS = (
    "copy, name, version, state, position, updated, rate, quarantined, attempts, retry_at, error,"
    " shrunk"
)
NUMBER = "projection_copies"
MAKING = 0x6373_0003


@dataclass(frozen=True, slots=True)
class Copy:
    """One row of `cs_projection`; times in microseconds since 1970-01-01T00:00:00Z.

    `shrunk` counts the disposals that went through the copy's tables.
    """

    number: int
    name: str
    version: int
    state: str
    position: int
    updated: int
    rate: float
    quarantined: int
    attempts: int
    retry_at: int
    error: str | None
    shrunk: int = 0


class HasShrunk(Exception):
    """Events that were read have gone since, and so has what they had written: read them again."""


class Shelf:
    """Which copies are asked together: on it a transaction finds their tables by plain names."""

    def __init__(
        self, database: Database, projections: Iterable[Projection], copies: Mapping[str, int]
    ) -> None:
        self.copies = dict(copies)
        self.asked = json.dumps(list(copies.values()))
        self._words: Words = database.words_with(
            {
                book.table: table_of(book.table, copies[projection.name])
                for projection in projections
                if projection.name in copies
                for book in projection.books
            }
        )

    def on(self, tx: Tx) -> Tx:
        return tx.named(self._words)


def table_of(table: str, copy: int) -> str:
    """`cs_p_task` is `cs_p7_task` in copy 7."""
    return f"cs_p{copy}_{table.removeprefix('cs_p_')}"


def now() -> int:
    """Microseconds since 1970-01-01T00:00:00Z, by this machine's clock."""
    return time_ns() // 1000


def moment(microseconds: int) -> str:
    """A time as people read it, in UTC."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def everything(tx: Tx) -> list[Copy]:
    """Every copy that there is, the oldest first."""
    return [Copy(*row) for row in tx.all(f"SELECT {COLUMNS} FROM cs_projection ORDER BY copy")]


def everything_and_head(tx: Tx) -> tuple[list[Copy], int]:
    """Every copy, and the journal's newest position (0: it is empty), seen at once."""
    found, (head,) = _beside(tx, ("(SELECT max(position) FROM cs_event)",))
    return found, head


def everything_and_place(tx: Tx, stream: str) -> tuple[list[Copy], int, int]:
    """As `everything_and_head`, and the version at which a stream stands."""
    version = "(SELECT max(version) FROM cs_event WHERE stream = :stream)"
    beside = ("(SELECT max(position) FROM cs_event)", version)
    found, (head, stands) = _beside(tx, beside, stream=stream)
    return found, head, stands


def _beside(tx: Tx, asked: Sequence[str], **params: str) -> tuple[list[Copy], list[int]]:
    """Every copy, and numbers that are asked for at the same moment; 0 for what is empty."""
    columns = f"{COLUMNS}, {', '.join(asked)}"
    one = "(SELECT 1 AS one) AS always LEFT JOIN cs_projection ON TRUE"
    rows = tx.all(f"SELECT {columns} FROM {one} ORDER BY copy", **params)
    width = len(asked)
    found = [Copy(*row[:-width]) for row in rows if row[0] is not None]
    return found, [number or 0 for number in rows[0][-width:]]


def in_state(tx: Tx, state: str, projection: Projection) -> Copy | None:
    """The newest copy in a state that was made by this version."""
    row = tx.one(
        f"SELECT {COLUMNS} FROM cs_projection WHERE state = :state AND name = :name"
        " AND version = :version ORDER BY copy DESC",
        state=state,
        name=projection.name,
        version=projection.version,
    )
    return Copy(*row) if row else None


def make(tx: Tx, database: Database, projection: Projection, state: str, *, bare: bool) -> Copy:
    """New tables, empty; without indexes for questions if they are to be filled in bulk."""
    number = _next(tx)
    tx.run(
        "INSERT INTO cs_projection (copy, name, version, state, position, updated)"
        " VALUES (:copy, :name, :version, :state, 0, :updated)",
        copy=number,
        name=projection.name,
        version=projection.version,
        state=state,
        updated=now(),
    )
    on_shelf = Shelf(database, (projection,), {projection.name: number}).on(tx)
    for book in projection.books:
        on_shelf.run(book.ddl(tx.dialect))
        for index in () if bare else book.indexes():
            on_shelf.run(index)
    return Copy(number, projection.name, projection.version, state, 0, now(), 0, 0, 0, 0, None)


def again(tx: Tx, seen: Iterable[Copy]) -> list[Copy]:
    """The same copies as they are now; of one that is no more, what was seen last."""
    there = {copy.number: copy for copy in everything(tx)}
    return [there.get(copy.number, copy) for copy in seen]


def remove(tx: Tx, copy: Copy) -> None:
    """What is known of it, and its tables, whichever code made them.

    Its row is locked first, as by whoever purges its tables.
    """
    for kept in ("cs_projection", "cs_quarantine", "cs_waiting"):
        tx.run(f"DELETE FROM {kept} WHERE copy = :copy", copy=copy.number)
    for table in tables(tx, copy.number):
        tx.run(f"DROP TABLE {table}")


def lock_making(tx: Tx) -> None:
    """Nobody makes another copy until this transaction ends; on SQLite nobody can anyway."""
    if tx.dialect == "postgresql":
        tx.run(
            "SELECT pg_advisory_xact_lock(:lock, hashtext(:schema))", lock=MAKING, schema=tx.schema
        )


def tables(tx: Tx, number: int) -> list[str]:
    """The names of a copy's tables, as they are in the database."""
    beginning = f"cs_p{number}_"
    if tx.dialect == "sqlite":
        found = tx.all(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND substr(name, 1, :length) = :beginning ORDER BY name",
            length=len(beginning),
            beginning=beginning,
        )
    else:
        found = tx.all(
            "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = :schema"
            " AND substr(tablename, 1, :length) = :beginning ORDER BY tablename",
            schema=tx.schema,
            length=len(beginning),
            beginning=beginning,
        )
    return [name for (name,) in found]


def move(tx: Tx, copy: Copy, state: str) -> bool:
    """Whether it was still in the state in which it was seen."""
    moved = tx.run(
        "UPDATE cs_projection SET state = :state WHERE copy = :copy AND state = :before",
        state=state,
        copy=copy.number,
        before=copy.state,
    )
    return moved == 1


def _next(tx: Tx) -> int:
    """Two that ask at once take turns: the row is locked until the transaction ends."""
    tx.run(
        "INSERT INTO cs_meta AS m (key, value) VALUES (:key, '1') ON CONFLICT (key)"
        " DO UPDATE SET value = CAST(CAST(m.value AS BIGINT) + 1 AS TEXT)",
        key=NUMBER,
    )
    row = tx.one("SELECT value FROM cs_meta WHERE key = :key", key=NUMBER)
    assert row is not None
    return int(row[0])
