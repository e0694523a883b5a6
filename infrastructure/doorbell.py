"""The doorbell: a follower sleeps on it, and wakes when something may have been appended.

It is only a hint. Whoever follows looks for news after every `wait`, whatever woke it, so a ring
that is lost costs one interval and no event.
"""

from typing import Protocol

from .database import Database


class Doorbell(Protocol):
    """Hears what is committed from the moment that it is made."""

    def wait(self, timeout_seconds: float) -> None:
        """Returns when something may have been appended, at a `ring`, or at the time-out."""

    def ring(self) -> None:
        """Ends a `wait`, also the next one, from any thread."""

    def close(self) -> None:
        """Gives back what it holds; not while another thread waits on it."""


def doorbell_for(database: Database) -> Doorbell:
    """The doorbell that this kind of database has."""
    if database.dialect == "sqlite":
        from .dialects.sqlite_doorbell import SqliteDoorbell

        return SqliteDoorbell(database.engine.url)
    from .dialects.postgres_doorbell import PostgresDoorbell  # psycopg is an extra

    return PostgresDoorbell(database.engine, database.schema)
