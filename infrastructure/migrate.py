"""Migrations: any number of processes may start at once; one makes the tables, all find them."""

from pathlib import Path

from .database import Database, Tx

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 0x6373_0002  # the first key of our advisory lock, the second is the schema's name


class NewerDatabase(Exception):
    """The tables were made by a later version of countersign than this one."""


def upgrade(database: Database) -> None:
    """Brings the tenant's tables to the newest version; costs one question when they are there.

    Raises LockTimeout (SQLite) when another writer holds the file for too long, NewerDatabase
    when the tables are ahead of us.
    """
    found, known = status(database)
    if found == known:
        return
    if found is not None and found > known:
        raise NewerDatabase(
            f"The database is at version {found}; this countersign knows {known} at most. "
            "Upgrade countersign."
        )
    with database.writing() as tx:
        if database.dialect == "postgresql":
            _lock(tx)
        if _found(tx) != known:
            _run(tx)


def status(database: Database) -> tuple[str | None, str]:
    """The version that the tables have (None: there are none) and the newest that we know."""
    with database.reading() as tx:
        return _found(tx), newest()


def _found(tx: Tx) -> str | None:
    if tx.dialect == "sqlite":
        here = tx.one("SELECT 1 FROM sqlite_master WHERE name = 'cs_alembic'")
    else:
        here = tx.one(
            "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = :schema"
            " AND tablename = 'cs_alembic'",
            schema=tx.schema,
        )
    row = tx.one("SELECT version_num FROM cs_alembic") if here else None
    return str(row[0]) if row else None


def newest() -> str:
    """Versions are numbered, and the number begins the file's name."""
    return max(file.name[:4] for file in (SCRIPTS / "versions").glob("[0-9]*.py"))


def _lock(tx: Tx) -> None:
    """Waits without limit: another process may be at a long step."""
    tx.run("SET LOCAL lock_timeout = 0")
    tx.run("SELECT pg_advisory_xact_lock(:lock, hashtext(:schema))", lock=LOCK, schema=tx.schema)
    if not tx.one("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = :name", name=tx.schema):
        tx.run(f'CREATE SCHEMA "{tx.schema}"')


def _run(tx: Tx) -> None:
    from alembic import command  # slow to import, and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    tx.connection.begin()  # for Alembic to see; the driver's transaction is begun and ended by us
    config.attributes.update(connection=tx.connection, schema=tx.schema or None)
    command.upgrade(config, "head")
