"""SQLite: one file, one writer at a time, every commit on the disk before it returns."""

import sqlite3
import time
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from .errors import HostTransactionUnfit, LockTimeout
from .face import Cursor, Name

BUSY = 5  # the low byte of every SQLITE_BUSY_… code
PASSING = (BUSY, 6, 7, 8, 10, 13, 14)  # locked, no memory, read-only, I/O error, full, not openable
PAUSE_SECONDS = 0.005

USE_BEGIN_IMMEDIATE = "begin the transaction with BEGIN IMMEDIATE, before anything is read in it"


class SqliteDialect:
    """`WAL` and `synchronous=FULL`; transactions are begun by us, never by the driver."""

    name: Name = "sqlite"
    begin_reading = "BEGIN DEFERRED"
    begin_snapshot = "BEGIN DEFERRED"
    begin_writing = "BEGIN IMMEDIATE"

    def engine(self, url: URL, *, pool_size: int, lock_timeout_seconds: float) -> Engine:
        """A pool of connections to the file; to memory there is only one, shared by all."""
        arguments = {
            "check_same_thread": False,
            "timeout": lock_timeout_seconds,
            "cached_statements": 512,
        }
        if in_memory(url):
            engine = create_engine(
                url, poolclass=StaticPool, connect_args=arguments, pool_reset_on_return=None
            )
        else:
            engine = create_engine(
                url,
                poolclass=QueuePool,
                pool_size=pool_size,
                max_overflow=0,
                connect_args=arguments,
                pool_reset_on_return=None,
                pool_use_lifo=True,
            )
        event.listen(engine, "connect", _connected(lock_timeout_seconds))
        return engine

    def schema(self, tenant: str | None) -> str:
        """A file has no schema to name."""
        return ""

    def tenant_url(self, url: URL, tenant: str | None) -> URL:
        """`name.TENANT.db` beside `name.db`."""
        if tenant is None or in_memory(url):
            return url
        path = Path(str(url.database))
        return url.set(database=str(path.with_name(f"{path.stem}.{tenant}{path.suffix}")))

    def translate(self, sql: str, schema: str) -> str:
        """Our SQL is SQLite's."""
        return sql

    def cursor(self, driver: Any, kept: MutableMapping[Any, Any]) -> Cursor:
        """A new one for each transaction."""
        return driver.cursor()  # type: ignore[no-any-return]

    def put_away(self, cursor: Cursor) -> None:
        """A statement left half read would hold its snapshot."""
        cursor.close()

    def in_transaction(self, driver: Any) -> bool:
        """As the driver knows it."""
        return bool(driver.in_transaction)

    def fill(
        self, cursor: Cursor, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """One statement for all."""
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def transient(self, error: BaseException) -> bool:
        """Busy, locked, full, unreadable; not a table that is missing."""
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in PASSING

    def broken(self, driver: Any) -> bool:
        """A file does not hang up."""
        return False

    def lock_timeout(self, error: Exception) -> LockTimeout | None:
        """Busy for longer than the time-out is a `LockTimeout`."""
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF == BUSY:
            return LockTimeout("Another writer holds the database; nothing was written.")
        return None

    def adopt(self, connection: Connection, url: URL, schema: str, lock_timeout: float) -> Cursor:
        """The same file, and the write lock held: asked for, it comes at once."""
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:
            raise HostTransactionUnfit(f"No transaction is open: {USE_BEGIN_IMMEDIATE}.")
        cursor: Any = driver.cursor()
        cursor.row_factory = None  # a host may have set its own
        if not in_memory(url) and _file(cursor) != Path(str(url.database)).resolve():
            raise HostTransactionUnfit("This connection leads to another database file.")
        _take_write_lock(cursor)
        return cursor  # type: ignore[no-any-return]


def in_memory(url: URL) -> bool:
    """Whether the database vanishes with its connection."""
    return url.database in (None, "", ":memory:")


def _connected(lock_timeout: float) -> Callable[[Any, Any], None]:
    def connected(driver: Any, record: Any) -> None:
        driver.isolation_level = None
        _use_wal(driver, time.monotonic() + lock_timeout)
        driver.execute("PRAGMA synchronous=FULL")
        driver.execute("PRAGMA foreign_keys=ON")
        driver.execute("PRAGMA secure_delete=ON")
        driver.execute("PRAGMA temp_store=MEMORY")

    return connected


def _use_wal(driver: Any, deadline: float) -> None:
    """Switching the mode does not wait for the busy time-out: many may start at once."""
    while driver.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        try:
            driver.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def _file(cursor: Cursor) -> Path:
    cursor.execute("PRAGMA database_list")
    return Path(next(row[2] for row in cursor.fetchall() if row[1] == "main")).resolve()


def _take_write_lock(cursor: Cursor) -> None:
    """A write that changes nothing needs the lock all the same, and a fresh snapshot."""
    cursor.execute("PRAGMA busy_timeout")
    (before,) = cursor.fetchone()
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        cursor.execute("DELETE FROM cs_meta WHERE key IS NULL")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != BUSY:
            raise HostTransactionUnfit(f"The journal's tables are not here: {error}.") from error
        unfit = f"The write lock is not held: {USE_BEGIN_IMMEDIATE}."
        raise HostTransactionUnfit(unfit) from error
    finally:
        cursor.execute(f"PRAGMA busy_timeout={int(before)}")
