"""Quarantine: an event that cannot be folded holds up its own partition, and nobody else."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..database import Tx
from .copies import Copy, now

ATTEMPTS = 4
"""So many times an event is tried before its partition is set aside."""

FIRST_PAUSE_US = 50_000
LONGEST_PAUSE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A partition that is set aside since an event could not be folded; later ones wait."""

    copy: int
    part: str
    position: int
    attempts: int
    since: int
    error: str
    waiting: int


def pause(attempts: int) -> int:
    """How long to wait after so many attempts, in microseconds."""
    return int(min(FIRST_PAUSE_US * 4 ** (attempts - 1), LONGEST_PAUSE_US))


def parts(tx: Tx, copy: Copy) -> set[str]:
    """The partitions that are set aside."""
    if not copy.quarantined:
        return set()
    found = tx.all("SELECT part FROM cs_quarantine WHERE copy = :copy", copy=copy.number)
    return {part for (part,) in found}


def listed(tx: Tx, copy: int | None = None) -> list[Quarantined]:
    """Every partition that is set aside, in the order in which they were."""
    of_copy = "" if copy is None else " WHERE q.copy = :copy"
    found = tx.all(
        "SELECT q.copy, q.part, q.position, q.attempts, q.since, q.error, (SELECT count(*)"
        " FROM cs_waiting w WHERE w.copy = q.copy AND w.part = q.part)"
        f" FROM cs_quarantine q{of_copy} ORDER BY q.since, q.copy, q.position",
        copy=copy,
    )
    return [Quarantined(*row) for row in found]


def held_up_version(tx: Tx, projection: str, position: int) -> int | None:
    """The version of a live copy that cannot fold the event at a position; None if all can."""
    row = tx.one(
        "SELECT p.version FROM cs_projection p LEFT JOIN cs_quarantine q ON q.copy = p.copy"
        " WHERE p.name = :projection AND p.state = 'live' AND (q.position = :position"
        " OR (p.attempts > 0 AND p.position = :before)) ORDER BY p.version DESC",
        projection=projection,
        position=position,
        before=position - 1,
    )
    return row[0] if row else None


def set_aside(tx: Tx, copy: int, part: str, position: int, attempts: int, error: str) -> None:
    """Sets a partition aside, or notes another failure of one that is."""
    tx.run(
        "INSERT INTO cs_quarantine AS q (copy, part, position, attempts, since, error)"
        " VALUES (:copy, :part, :position, :attempts, :since, :error) ON CONFLICT (copy, part)"
        " DO UPDATE SET position = excluded.position, error = excluded.error,"
        " attempts = q.attempts + excluded.attempts",
        copy=copy,
        part=part,
        position=position,
        attempts=attempts,
        since=now(),
        error=error,
    )
    _count(tx, copy)


def wait(tx: Tx, copy: int, waiting: Iterable[tuple[str, int]]) -> None:
    """Notes events (partition, position) that wait for their partition's release."""
    rows = [(copy, part, position) for part, position in waiting]
    if rows:
        tx.fill("cs_waiting", ("copy", "part", "position"), rows)


def waiting(tx: Tx, copy: int, part: str, limit: int, after: int = 0) -> list[int]:
    """The positions that wait, in order."""
    found = tx.all(
        "SELECT position FROM cs_waiting WHERE copy = :copy AND part = :part"
        " AND position > :after ORDER BY position LIMIT :limit",
        copy=copy,
        part=part,
        after=after,
        limit=limit,
    )
    return [position for (position,) in found]


def wait_no_more(tx: Tx, copy: int, part: str, until: int) -> None:
    """The events up to a position are folded."""
    tx.run(
        "DELETE FROM cs_waiting WHERE copy = :copy AND part = :part AND position <= :until",
        copy=copy,
        part=part,
        until=until,
    )


def release(tx: Tx, copy: int, part: str) -> None:
    """The partition is followed like the others again."""
    tx.run("DELETE FROM cs_quarantine WHERE copy = :copy AND part = :part", copy=copy, part=part)
    _count(tx, copy)


def _count(tx: Tx, copy: int) -> None:
    tx.run(
        "UPDATE cs_projection SET quarantined = (SELECT count(*) FROM cs_quarantine"
        " WHERE cs_quarantine.copy = :copy) WHERE copy = :copy",
        copy=copy,
    )


def forget(tx: Tx, copy: int, positions: Sequence[int]) -> None:
    """These events have gone; a partition that waited for nothing else is whole again."""
    among = "(SELECT CAST(value AS BIGINT) FROM json_each(:positions))"
    told = {"copy": copy, "positions": json.dumps(list(positions))}
    tx.run(f"DELETE FROM cs_waiting WHERE copy = :copy AND position IN {among}", **told)
    freed = tx.run(
        f"DELETE FROM cs_quarantine WHERE copy = :copy AND position IN {among} AND NOT EXISTS ("
        "SELECT 1 FROM cs_waiting w WHERE w.copy = cs_quarantine.copy"
        " AND w.part = cs_quarantine.part)",
        **told,
    )
    if freed:
        _count(tx, copy)
