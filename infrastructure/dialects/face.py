"""What a database must be able to do, so that the rest of the house need not know which it is."""

from collections.abc import MutableMapping, Sequence
from typing import Any, Literal, Protocol

from sqlalchemy import URL, Connection, Engine

from .errors import LockTimeout

Name = Literal["sqlite", "postgresql"]


class Cursor(Protocol):
    """A driver's own cursor, as far as we use it."""

    rowcount: int

    def execute(self, sql: str, params: Any = ..., /) -> Any: ...
    def executemany(self, sql: str, rows: Any, /) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def fetchone(self) -> Any: ...
    def close(self) -> None: ...


class Dialect(Protocol):
    """One database; `driver` is always the driver's own connection, without SQLAlchemy's coat."""

    name: Name
    begin_reading: str
    begin_snapshot: str
    begin_writing: str

    def engine(self, url: URL, *, pool_size: int, lock_timeout_seconds: float) -> Engine:
        """An engine whose connections begin nothing by themselves."""

    def schema(self, tenant: str | None) -> str:
        """The schema that qualifies our names ('' where there is none)."""

    def tenant_url(self, url: URL, tenant: str | None) -> URL:
        """Where the tenant lives."""

    def translate(self, sql: str, schema: str) -> str:
        """Our SQL (`:name`, `cs_…`) in the words of this database."""

    def cursor(self, driver: Any, kept: MutableMapping[Any, Any]) -> Cursor:
        """Yields tuples, ids as str and bytes as bytes; `kept` lives as long as the connection."""

    def put_away(self, cursor: Cursor) -> None:
        """The transaction needs the cursor no more."""

    def in_transaction(self, driver: Any) -> bool:
        """Whether a transaction is open, sound or failed."""

    def fill(
        self, cursor: Cursor, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Adds the rows, the fastest way."""

    def transient(self, error: BaseException) -> bool:
        """Whether the driver's error is about the database's state and not about what was asked."""

    def broken(self, driver: Any) -> bool:
        """Whether the connection is lost for good."""

    def lock_timeout(self, error: Exception) -> LockTimeout | None:
        """What the driver's error means, if it means that a lock did not come in time."""

    def adopt(self, connection: Connection, url: URL, schema: str, lock_timeout: float) -> Cursor:
        """A cursor in the host's transaction; HostTransactionUnfit if no append may run there."""
