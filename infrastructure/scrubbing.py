"""Scrubbing: what was deleted leaves the files too, as far as each database allows, and no longer.

SQLite overwrites what it frees, and its log is emptied by a truncating checkpoint; that waits for
readers who still look at the state of before. PostgreSQL removes dead rows by VACUUM, once nobody
can see them any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic, sleep

from .database import Database, LockTimeout, Tx

PAUSE_SECONDS = 0.02
LONGEST_SECONDS = 2.0

# Who began before us may still see what was there before us.
LOOKING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL"
    " AND xact_start < CAST(:since AS timestamptz)"
)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """`left` counts what stood in the way: pages of SQLite's log, transactions on PostgreSQL."""

    clean: bool
    left: int = 0


def scrub(database: Database, tables: Iterable[str]) -> Scrubbed:
    """Waits a little for others, and says whether they were in the way till then."""
    seconds = min(database.lock_timeout_seconds, LONGEST_SECONDS)
    if database.dialect == "sqlite":
        return _truncated(database, seconds)
    return _vacuumed(database, tables, seconds)


def _truncated(database: Database, seconds: float) -> Scrubbed:
    """The driver waits for readers; other writers wait for us meanwhile."""
    with database.autocommit() as tx:
        usual = tx.one("PRAGMA busy_timeout")
        tx.run(f"PRAGMA busy_timeout={round(seconds * 1000)}")
        try:
            row = tx.one("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            tx.run(f"PRAGMA busy_timeout={usual[0] if usual else 0}")
    busy, pages = (row[0], row[1]) if row else (0, 0)
    return Scrubbed(clean=not busy, left=max(pages, 0) if busy else 0)


def _vacuumed(database: Database, tables: Iterable[str], seconds: float) -> Scrubbed:
    with database.autocommit() as tx:
        others = _awaited(tx, seconds)
        try:
            for table in tables:
                tx.run(f"VACUUM {table}")
        except LockTimeout:
            return Scrubbed(clean=False, left=others + 1)
    return Scrubbed(clean=not others, left=others)


def _awaited(tx: Tx, seconds: float) -> int:
    """How many of those who began before still look when the time is over."""
    row = tx.one("SELECT CAST(clock_timestamp() AS text)")
    since, ends = row and row[0], monotonic() + seconds
    while True:
        found = tx.one(LOOKING, since=since)
        others = found[0] if found else 0
        if not others or monotonic() > ends:
            return int(others)
        sleep(PAUSE_SECONDS)
