"""The recorder: appends a batch under the lock, all of it or none, and reads what was recorded."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import starmap

from .batch import Batch, FoldedState, Outcome, Repeated
from .database import Database, Tx

UUID_FORM = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""As which streams are named; nothing else may be asked of a database that knows ids as such."""

ROW = "position, stream, version, name, recorded_at, salt, body, leaf, certificate"

# Times never run backwards, so the place is found by halving steps. A residue without a time of
# its own counts with the next event that has one.
POSITION_AT = """
WITH RECURSIVE search(low, step) AS (
    SELECT CAST(0 AS BIGINT), CAST(:step AS BIGINT)
    UNION ALL
    SELECT CASE WHEN low + step <= :head AND coalesce((
        SELECT e.recorded_at FROM cs_event e
        WHERE e.position >= low + step AND e.recorded_at IS NOT NULL
        ORDER BY e.position LIMIT 1
    ) <= :recorded_at, 1 = 1) THEN low + step ELSE low END, step / 2
    FROM search WHERE step > 0
)
SELECT max(low) FROM search
"""


@dataclass(slots=True)
class StoredRow:
    """One row of the journal; of a residue only position, leaf and certificate are sure."""

    position: int
    stream: str | None
    version: int | None
    name: str | None
    recorded_at: int | None
    salt: bytes | None
    body: bytes | None
    leaf: bytes
    certificate: str | None


def recorder_for(database: Database) -> "Recorder":
    """The recorder that speaks to this kind of database."""
    if database.dialect == "sqlite":
        from .recorder_sqlite import SqliteRecorder

        return SqliteRecorder(database)
    from .recorder_postgres import PostgresRecorder  # psycopg is an extra

    return PostgresRecorder(database)


class Recorder(ABC):
    """Every method works inside the transaction that it is handed."""

    streams_asked: str  # how a list of stream ids is put into SQL, as `:streams`

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, tx: Tx, batch: Batch) -> Outcome:
        """Writes all of the batch, or nothing and says why.

        Takes the lock (held until the transaction ends) before it looks at anything. A stream
        that is written must stand right before its first new version, whether or not the basis
        says so. Raises ValueError for a batch that contradicts itself, LockTimeout when the lock
        does not come in time.
        """
        return self.append_on(tx, batch, _whole_basis(batch))

    @abstractmethod
    def append_on(self, tx: Tx, batch: Batch, basis: Iterable[tuple[str, int]]) -> Outcome:
        """As `append`, on just this basis; a version already there raises the driver's error."""

    @abstractmethod
    def appending(self) -> AbstractContextManager[Tx]:
        """The cheapest transaction that can carry a single append."""

    def commit(self, batch: Batch) -> Outcome:
        """`append` in a transaction of its own."""
        with self.appending() as tx:
            return self.append(tx, batch)

    def history(
        self, tx: Tx, stream: str, *, after: int = 0, until: int | None = None
    ) -> list[StoredRow]:
        """The stream's rows with versions above `after` and up to `until`, in order."""
        bound = "" if until is None else " AND version <= :until"
        sql = f"SELECT {ROW} FROM cs_event WHERE stream = :stream AND version > :after{bound}"
        found = tx.all(f"{sql} ORDER BY version", stream=stream, after=after, until=until)
        return list(starmap(StoredRow, found))

    def since(
        self,
        tx: Tx,
        position: int,
        limit: int,
        *,
        until: int | None = None,
        names: Sequence[str] = (),
    ) -> list[StoredRow]:
        """Up to `limit` rows with positions above `position` and up to `until`, in order.

        `names` keeps to events of these names (our own words, never a caller's).
        """
        bound = "" if until is None else " AND position <= :until"
        if names:
            bound += f" AND name IN ({', '.join(repr(name) for name in names)})"
        sql = f"SELECT {ROW} FROM cs_event WHERE position > :position{bound}"
        sql += " ORDER BY position LIMIT :limit"
        found = tx.all(sql, position=position, limit=limit, until=until)
        return list(starmap(StoredRow, found))

    def head(self, tx: Tx) -> int:
        """The newest position; 0 while the journal is empty."""
        row = tx.one("SELECT max(position) FROM cs_event")
        return (row and row[0]) or 0

    def position_at(self, tx: Tx, recorded_at: int) -> int:
        """The last position recorded by that time (microseconds, included); 0 before the first."""
        head = self.head(tx)
        step = 1 << head.bit_length()
        row = tx.one(POSITION_AT, head=head, step=step, recorded_at=recorded_at)
        return int(row[0]) if row else 0

    def versions(self, tx: Tx, streams: Sequence[str]) -> dict[str, int]:
        """Where each stream stands; 0 if nothing was ever written to it."""
        found = tx.all(
            "SELECT stream, max(version) FROM cs_event"
            f" WHERE stream {self.streams_asked} GROUP BY stream",
            streams=self.asked(streams),
        )
        return dict.fromkeys(streams, 0) | dict(found)

    def state(self, tx: Tx, stream: str) -> FoldedState | None:
        """The stream's folded state, if one is kept."""
        row = tx.one(
            "SELECT stream, version, fold, body FROM cs_state WHERE stream = :stream",
            stream=stream,
        )
        return FoldedState(*row) if row else None

    def state_version(self, tx: Tx, stream: str) -> int | None:
        """After which version the stream's state was kept, if one is."""
        row = tx.one("SELECT version FROM cs_state WHERE stream = :stream", stream=stream)
        return row[0] if row else None

    def states(self, tx: Tx, streams: Sequence[str]) -> dict[str, FoldedState]:
        """The folded states that are kept of these streams."""
        found = tx.all(
            f"SELECT stream, version, fold, body FROM cs_state WHERE stream {self.streams_asked}",
            streams=self.asked(streams),
        )
        return {row[0]: FoldedState(*row) for row in found}

    def receipt(self, tx: Tx, actor: str, command: str) -> Repeated | None:
        """What this command of this actor was answered with, if it was."""
        row = tx.one(
            "SELECT digest, first, last FROM cs_receipt"
            " WHERE actor = :actor AND command = :command",
            actor=actor,
            command=command,
        )
        return Repeated(*row) if row else None

    def shrink(self, tx: Tx, stream: str, certificate: str) -> int:
        """Leaves position, leaf and certificate of the stream's rows; says how many there were."""
        tx.run("DELETE FROM cs_state WHERE stream = :stream", stream=stream)
        return tx.run(
            "UPDATE cs_event SET stream = NULL, version = NULL, name = NULL, recorded_at = NULL,"
            " salt = NULL, body = NULL, certificate = :certificate WHERE stream = :stream",
            stream=stream,
            certificate=certificate,
        )

    def track(self, tx: Tx, name: str, position: int, updated: int) -> bool:
        """Moves the follower's place forward, at `updated` (microseconds); False if no step."""
        moved = tx.run(
            "INSERT INTO cs_tracking AS t (name, position, updated)"
            " VALUES (:name, :position, :updated)"
            " ON CONFLICT (name) DO UPDATE SET position = excluded.position,"
            " updated = excluded.updated WHERE t.position < excluded.position",
            name=name,
            position=position,
            updated=updated,
        )
        return moved == 1

    def tracked(self, tx: Tx, name: str) -> int | None:
        """The follower's place, if it has one."""
        row = tx.one("SELECT position FROM cs_tracking WHERE name = :name", name=name)
        return int(row[0]) if row else None

    def asked(self, streams: Sequence[str]) -> object:
        """The value of `:streams`."""
        return json.dumps(list(streams))


def _whole_basis(batch: Batch) -> list[tuple[str, int]]:
    """The basis, and of streams that it leaves out where they must stand for the rows to follow."""
    basis = list(batch.basis)
    standing = dict(basis)
    for row in batch.rows:
        if row.stream not in standing:
            basis.append((row.stream, row.version - 1))
            standing[row.stream] = row.version - 1
        if row.version != standing[row.stream] + 1:
            raise ValueError(f"{row.name} is version {row.version} of {row.stream}, out of turn.")
        standing[row.stream] = row.version
    if batch.cells and not {cell.unit for cell in batch.cells} <= {u.unit for u in batch.units}:
        raise ValueError("A cell needs its retention unit in the same batch.")
    if batch.kept and not {kept.unit for kept in batch.kept} <= {u.unit for u in batch.units}:
        raise ValueError("A file needs its retention unit in the same batch.")
    return basis
