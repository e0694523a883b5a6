"""The database: a pool, transactions begun in plain words, and SQL written once for both kinds."""

import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.pool import PoolProxiedConnection

from .dialects.errors import HostTransactionUnfit, LockTimeout
from .dialects.face import Cursor, Dialect, Name
from .dialects.sqlite import SqliteDialect, in_memory

__all__ = ["Database", "HostTransactionUnfit", "LockTimeout", "Tx", "open_database"]

POOL_TIMEOUT_SECONDS = 30.0
TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
TABLE = re.compile(r"\b(cs_[a-z0-9]+(?:_[a-z0-9]+)*)(__\w+)?\b")


def open_database(
    url: str,
    *,
    tenant: str | None = None,
    pool_size: int = 10,
    lock_timeout_seconds: float = 10.0,
) -> "Database":
    """Opens `sqlite:///file.db`, `sqlite://` (memory) or `postgresql://…`; connects when used.

    One tenant is one PostgreSQL schema or one SQLite file. Raises ValueError for another kind of
    URL, or for a tenant's name that is no plain lower-case word.
    """
    if tenant is not None and not TENANT.fullmatch(tenant):
        raise ValueError(
            f"A tenant's name has lower-case letters, digits, - and _: not {tenant!r}."
        )
    parsed = make_url(url)
    dialect = _dialect(parsed.get_backend_name())
    parsed = dialect.tenant_url(parsed, tenant)
    engine = dialect.engine(parsed, pool_size=pool_size, lock_timeout_seconds=lock_timeout_seconds)
    return Database(
        engine,
        dialect,
        dialect.schema(tenant),
        pool_size=pool_size,
        lock_timeout_seconds=lock_timeout_seconds,
    )


def _dialect(backend: str) -> Dialect:
    if backend == "sqlite":
        return SqliteDialect()
    if backend in ("postgresql", "postgres"):
        from .dialects.postgres import PostgresDialect  # psycopg is an extra

        return PostgresDialect()
    raise ValueError(f"The journal lives on SQLite or PostgreSQL, not on {backend}.")


class Tx:
    """One transaction (or, on PostgreSQL, one connection in autocommit) and its driver cursor.

    SQL is written once: parameters as `:name`, tables as `cs_…`. Ids come back as str, bytes as
    bytes. Every method raises LockTimeout when a lock did not come in time.
    """

    __slots__ = ("_connection", "_database", "_savepoints", "_words", "cursor", "dialect", "schema")

    def __init__(
        self, database: "Database", cursor: Cursor, connection: Connection | PoolProxiedConnection
    ) -> None:
        self.dialect: Name = database.dialect
        self.schema = database.schema
        self.cursor = cursor
        self._database = database
        self._words = database.words
        self._connection = connection
        self._savepoints = 0

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection, for what Core says better than text."""
        if not isinstance(self._connection, Connection):
            self._connection = Connection(self._database.engine, connection=self._connection)
        return self._connection

    def all(self, sql: str, **params: object) -> list[tuple[Any, ...]]:
        """Every row of the answer."""
        try:
            self.cursor.execute(self._words[sql], params)
            return self.cursor.fetchall()
        except Exception as error:
            self._database.explain(error)
            raise

    def one(self, sql: str, **params: object) -> tuple[Any, ...] | None:
        """The first row of the answer, or None."""
        try:
            self.cursor.execute(self._words[sql], params)
            return self.cursor.fetchone()  # type: ignore[no-any-return]
        except Exception as error:
            self._database.explain(error)
            raise

    def run(self, sql: str, **params: object) -> int:
        """The number of rows that the statement touched."""
        try:
            self.cursor.execute(self._words[sql], params)
            return self.cursor.rowcount
        except Exception as error:
            self._database.explain(error)
            raise

    def many(self, sql: str, rows: Sequence[Mapping[str, object]]) -> None:
        """The same statement for every row."""
        try:
            self.cursor.executemany(self._words[sql], rows)
        except Exception as error:
            self._database.explain(error)
            raise

    def fill(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Adds the rows, each with its values in the order of the columns, the fastest way."""
        try:
            self._database.fill(self.cursor, self._words[table], columns, rows)
        except Exception as error:
            self._database.explain(error)
            raise

    def named(self, words: "Words") -> "Tx":
        """The same transaction, with other names for some tables."""
        other = Tx(self._database, self.cursor, self._connection)
        other._words = words
        return other

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is done within is undone alone if it raises."""
        self._savepoints += 1
        name = f"inner_{self._savepoints}"
        self.cursor.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.cursor.execute(f"ROLLBACK TO SAVEPOINT {name}")
            raise
        finally:
            self.cursor.execute(f"RELEASE SAVEPOINT {name}")


class Words(dict[str, str]):
    """Our SQL to the database's, translated when first met.

    `tables` says which tables go by another name than SQL calls them; an index whose name is its
    table's, two underscores and more goes with its table.
    """

    def __init__(
        self, dialect: Dialect, schema: str, tables: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__()
        self._dialect = dialect
        self._schema = schema
        self._tables = tables

    def __missing__(self, sql: str) -> str:
        called = TABLE.sub(self._called, sql) if self._tables else sql
        self[sql] = self._dialect.translate(called, self._schema)
        return self[sql]

    def _called(self, match: re.Match[str]) -> str:
        return self._tables.get(match[1], match[1]) + (match[2] or "")


class Database:
    """One tenant's place: a pool and the ways to begin a transaction on it.

    `words` maps our SQL to this database's; `schema` is '' on SQLite.
    """

    def __init__(
        self,
        engine: Engine,
        dialect: Dialect,
        schema: str,
        *,
        pool_size: int,
        lock_timeout_seconds: float,
    ) -> None:
        names = {None: schema} if schema else {}
        self.engine = engine.execution_options(schema_translate_map=names)
        self.dialect: Name = dialect.name
        self.schema = schema
        self.words = Words(dialect, schema)
        self.lock_timeout_seconds = lock_timeout_seconds
        self._kind = dialect
        self._writer = threading.Lock()
        alone = self.dialect == "sqlite" and in_memory(engine.url)
        self._leases: Leases | Turns = Turns(engine) if alone else Leases(engine, pool_size)

    def reading(self, *, snapshot: bool = False) -> AbstractContextManager[Tx]:
        """For questions. On PostgreSQL every statement sees the newest, unless `snapshot`."""
        return self._tx(self._kind.begin_snapshot if snapshot else self._kind.begin_reading)

    def writing(self) -> AbstractContextManager[Tx]:
        """Commits at the end, rolls back on any exception. On SQLite it holds the write lock."""
        if self.dialect == "sqlite":
            return self._in_turn()
        return self._tx(self._kind.begin_writing)

    def autocommit(self) -> AbstractContextManager[Tx]:
        """Every statement is its own transaction (on PostgreSQL, an append in one round trip)."""
        return self._tx("")

    def adopt(self, connection: Connection) -> Tx:
        """The host's own open transaction, on the host's connection; the host commits.

        Raises HostTransactionUnfit, saying what to do, unless it is READ COMMITTED (PostgreSQL) or
        holds the write lock (SQLite). On PostgreSQL it gets our lock time-out until its end.
        """
        if connection.dialect.name != self.dialect:
            theirs = connection.dialect.name
            raise HostTransactionUnfit(f"Use a connection to {self.dialect}, not to {theirs}.")
        cursor = self._kind.adopt(
            connection, self.engine.url, self.schema, self.lock_timeout_seconds
        )
        return Tx(self, cursor, connection)

    def words_with(self, tables: Mapping[str, str]) -> Words:
        """Our SQL in this database's words, with other names for some tables."""
        return Words(self._kind, self.schema, tables)

    def fill(
        self, cursor: Cursor, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Adds rows to a table, named as the database names it."""
        self._kind.fill(cursor, table, columns, rows)

    def transient(self, error: BaseException) -> bool:
        """Whether trying again later may help: a lost connection, a lock, a full disk."""
        return isinstance(error, LockTimeout) or self._kind.transient(error)

    def explain(self, error: Exception) -> None:
        """Raises LockTimeout if that is what the driver's error means."""
        if locked := self._kind.lock_timeout(error):
            raise locked from error

    def close(self) -> None:
        """Gives every pooled connection back to the system."""
        self._leases.close()

    @contextmanager
    def _in_turn(self) -> Iterator[Tx]:
        """Threads queue here: SQLite's own waiting sleeps, and wakes too late or too early."""
        if not self._writer.acquire(timeout=self.lock_timeout_seconds):
            raise LockTimeout("Another writer holds the database; nothing was written.")
        try:
            with self._tx(self._kind.begin_writing) as tx:
                yield tx
        finally:
            self._writer.release()

    @contextmanager
    def _tx(self, begin: str) -> Iterator[Tx]:
        lease = self._leases.take()
        driver: Any = lease.driver_connection
        try:
            cursor = self._kind.cursor(driver, lease.info)
            if begin == self._kind.begin_reading and self._kind.in_transaction(driver):
                begin = ""  # memory only: a reader within its own thread's transaction
            try:
                self._say(cursor, begin)
                yield Tx(self, cursor, lease)
                self._say(cursor, begin and "COMMIT")
            except BaseException:
                if begin and not self._kind.broken(driver) and self._kind.in_transaction(driver):
                    cursor.execute("ROLLBACK")
                raise
            finally:
                self._kind.put_away(cursor)
        finally:
            lost = self._kind.broken(driver) or self._kind.in_transaction(driver)
            self._leases.give(lease, lost=lost)

    def _say(self, cursor: Cursor, words: str) -> None:
        if not words:
            return
        try:
            cursor.execute(words)
        except Exception as error:
            self.explain(error)
            raise


class Leases:
    """Connections handed out and taken back, the last one first; those lost are never seen again.

    SQLAlchemy makes them; between two transactions they wait here, which costs less.
    """

    def __init__(self, engine: Engine, size: int) -> None:
        self._engine = engine
        self._free = threading.BoundedSemaphore(size)
        self._idle: deque[PoolProxiedConnection] = deque()
        self._closed = False

    def take(self) -> PoolProxiedConnection:
        """Raises TimeoutError if all are in use for too long."""
        if not self._free.acquire(timeout=POOL_TIMEOUT_SECONDS):
            raise TimeoutError(f"No connection came free within {POOL_TIMEOUT_SECONDS} seconds.")
        with suppress(IndexError):
            return self._idle.pop()
        try:
            return self._engine.raw_connection()
        except BaseException:
            self._free.release()
            raise

    def give(self, lease: PoolProxiedConnection, *, lost: bool) -> None:
        """With a lost one (or one left in a transaction) the idle go too: few are lost alone."""
        if lost:
            lease.invalidate()
        else:
            self._idle.append(lease)
        if lost or self._closed:
            self._let_go()
        self._free.release()

    def close(self) -> None:
        """What is handed out meanwhile is closed when it comes back."""
        self._closed = True
        self._let_go()
        self._engine.dispose()

    def _let_go(self) -> None:
        with suppress(IndexError):
            while True:
                lease = self._idle.pop()
                lease.detach()  # else it would go back to wait in SQLAlchemy's pool
                lease.close()


class Turns:
    """A database in memory has a single connection; its users take turns, a thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.RLock()

    def take(self) -> PoolProxiedConnection:
        """Waits for its turn."""
        self._turn.acquire()
        return self._engine.raw_connection()

    def give(self, lease: PoolProxiedConnection, *, lost: bool) -> None:
        """Ends the turn."""
        self._turn.release()

    def close(self) -> None:
        """The database is gone."""
        self._engine.dispose()
