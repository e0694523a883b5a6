"""PostgreSQL through psycopg 3: a schema for each tenant, names always qualified."""

import re
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format, TransactionStatus
from psycopg.rows import tuple_row
from psycopg.types.numeric import Int2Dumper
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from . import postgres_arrays
from .errors import HostTransactionUnfit, LockTimeout
from .face import Cursor, Name

FEW = 20

TOKEN = re.compile(
    r"""
      (?P<string> '(?:[^']|'')*' )
    | (?P<quoted> "[^"]*" )
    | (?P<comment> --[^\n]* )
    | (?P<cast> :: )
    | (?P<each> \bjson_each\(\s*:(?P<list>\w+)\s*\) )
    | (?P<bare> \b(?: CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?
                    | CONSTRAINT\s+ | RENAME\s+TO\s+ ) cs_\w+ )
    | (?P<ours> (?<![.\w]) cs_\w+ )
    | : (?P<name> [A-Za-z_]\w* )
    | (?P<percent> % )
    """,
    re.VERBOSE | re.IGNORECASE,
)


class PostgresDialect:
    """Connections stand in autocommit; a transaction is begun by us, in plain words."""

    name: Name = "postgresql"
    begin_reading = ""
    begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    begin_writing = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"

    def engine(self, url: URL, *, pool_size: int, lock_timeout_seconds: float) -> Engine:
        """A pool; every connection knows the lock time-out from its first moment."""
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            pool_reset_on_return=None,
            pool_use_lifo=True,
        )
        event.listen(engine, "connect", _connected(lock_timeout_seconds))
        return engine

    def schema(self, tenant: str | None) -> str:
        """`countersign`, or `countersign_TENANT`."""
        return "countersign" if tenant is None else f"countersign_{tenant}"

    def tenant_url(self, url: URL, tenant: str | None) -> URL:
        """Tenants share the server's database."""
        return url

    def translate(self, sql: str, schema: str) -> str:
        """`:name` becomes `%(name)s`, `cs_event` becomes `"schema".cs_event`, % is doubled."""

        def word(match: re.Match[str]) -> str:
            if match["name"]:
                return f"%({match['name']})s"
            if match["each"]:
                given = f"CAST(%({match['list']})s AS json)"
                return f"json_array_elements_text({given}) AS json_each(value)"
            if match["ours"]:
                return f'"{schema}".{match["ours"]}'
            return match[0].replace("%", "%%")

        return TOKEN.sub(word, sql)

    def cursor(self, driver: Any, kept: MutableMapping[Any, Any]) -> Cursor:
        """One for the connection's whole life: a new one costs as much as what it is used for."""
        cursor: Cursor = kept.get("cursor") or kept.setdefault("cursor", driver.cursor(binary=True))
        return cursor

    def put_away(self, cursor: Cursor) -> None:
        """It has its whole result already, and holds nothing on the server."""

    def in_transaction(self, driver: Any) -> bool:
        """Anything but idle, a failed transaction as well."""
        return bool(driver.info.transaction_status != TransactionStatus.IDLE)

    def fill(
        self, cursor: Cursor, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """COPY; for a few rows INSERT, which needs fewer round trips."""
        names = ", ".join(columns)
        if len(rows) < FEW:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
            return
        into: Any = cursor
        with into.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def transient(self, error: BaseException) -> bool:
        """Lost, shutting down, out of room, deadlocked; not what a statement did wrong."""
        return isinstance(error, errors.OperationalError | errors.InterfaceError)

    def broken(self, driver: Any) -> bool:
        """Closed by either side."""
        return bool(driver.closed)

    def lock_timeout(self, error: Exception) -> LockTimeout | None:
        """A lock not granted in time is a `LockTimeout`."""
        if isinstance(error, errors.LockNotAvailable):
            return LockTimeout("Another transaction holds the journal; nothing was written.")
        return None

    def adopt(self, connection: Connection, url: URL, schema: str, lock_timeout: float) -> Cursor:
        """An open READ COMMITTED transaction of this database, which gets our lock time-out.

        Our adapters are the cursor's alone; the host's connection keeps its own.
        """
        driver: Any = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            raise HostTransactionUnfit("Use a connection of psycopg 3 (postgresql+psycopg://).")
        status = driver.info.transaction_status
        if status == TransactionStatus.INERROR:
            raise HostTransactionUnfit("The transaction has failed: roll it back, begin another.")
        begun = not driver.autocommit or status == TransactionStatus.INTRANS
        if not (connection.in_transaction() and begun):
            raise HostTransactionUnfit("No transaction is open: begin one on the connection.")
        cursor: Any = driver.cursor(binary=True, row_factory=tuple_row)
        _adapt(cursor.adapters)
        _check_session(cursor, schema, lock_timeout)
        return cursor  # type: ignore[no-any-return]


def _check_session(cursor: Cursor, schema: str, lock_timeout: float) -> None:
    cursor.execute(
        "SELECT current_setting('transaction_isolation'),"
        " current_setting('transaction_read_only'), to_regclass(%(event)s) IS NOT NULL,"
        " set_config('lock_timeout', %(timeout)s, true)",
        {"event": f'"{schema}".cs_event', "timeout": _milliseconds(lock_timeout)},
    )
    isolation, read_only, here, _ = cursor.fetchone()
    if not here:
        raise HostTransactionUnfit("This connection leads to another database.")
    if isolation != "read committed" or read_only != "off":
        wanted = "ISOLATION LEVEL READ COMMITTED READ WRITE"
        raise HostTransactionUnfit(f"The transaction is {isolation}: begin it with {wanted}.")


class _TextId(Loader):
    """A uuid as the server writes it."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class _BinaryId(Loader):
    """A uuid of sixteen bytes, as the server would write it."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        hexed = bytes(data).hex()
        return f"{hexed[:8]}-{hexed[8:12]}-{hexed[12:16]}-{hexed[16:20]}-{hexed[20:]}"


class _ZeroOrOne(Int2Dumper):
    """A bool goes in as a number, as on SQLite."""

    def dump(self, value: Any) -> Buffer | None:
        return b"1" if value else b"0"


def _adapt(adapters: Any) -> None:
    adapters.register_loader("uuid", _TextId)
    adapters.register_loader("uuid", _BinaryId)
    adapters.register_dumper(bool, _ZeroOrOne)
    postgres_arrays.register(adapters)


def _connected(lock_timeout: float) -> Callable[[Any, Any], None]:
    def connected(driver: Any, record: Any) -> None:
        driver.autocommit = True
        _adapt(driver.adapters)
        timeout = (_milliseconds(lock_timeout),)
        driver.execute("SELECT set_config('lock_timeout', %s, false)", timeout)

    return connected


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
