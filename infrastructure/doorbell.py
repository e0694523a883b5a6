"""The doorbell: a follower sleeps on it, and wakes when something may have been appended."""

from ..application.ports import Doorbell
from .database import Database


def doorbell_for(database: Database) -> Doorbell:
    """The doorbell that this kind of database has."""
    if database.dialect == "sqlite":
        from .dialects.sqlite_doorbell import SqliteDoorbell

        return SqliteDoorbell(database.engine.url)
    from .dialects.postgres_doorbell import PostgresDoorbell  # psycopg is an extra

    return PostgresDoorbell(database.engine, database.schema)
