"""The keyring's place: a database of its own, beside the one whose keys it keeps."""

from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .dialects.sqlite import in_memory

SETTING = "COUNTERSIGN_KEYRING_URL"
ALREADY_THERE = ("42P04", "23505")


class KeyringUnavailable(Exception):
    """The keyring's database cannot be reached or made; the sentence names the setting."""


def keyring_url_for(database_url: str) -> str:
    """`x.db` has its keys in `x.keys.db`, the PostgreSQL database `x` in `x_keys`."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _in_full(url if in_memory(url) else url.set(database=_beside(str(url.database))))
    if not url.database:
        raise KeyringUnavailable(f"The database URL names no database; set {SETTING}.")
    return _in_full(url.set(database=f"{url.database}_keys"))


def ensure_database(url: str, *, beside: str | None = None) -> bool:
    """Whether the keyring's database had to be made; SQLite makes its file when first opened.

    On PostgreSQL it is made from within `beside` (a URL; by default the database `postgres` of
    the same server). Raises KeyringUnavailable where that is not allowed or not possible.
    """
    wanted = make_url(url)
    if wanted.get_backend_name() == "sqlite":
        return False
    unreachable = _trouble(wanted)
    if unreachable is None:
        return False
    maintenance = make_url(beside) if beside else wanted.set(database="postgres")
    trouble = _created(maintenance, str(wanted.database)) or _trouble(wanted)
    if trouble is not None:
        raise KeyringUnavailable(_sentence(wanted, unreachable, trouble))
    return True


def _beside(file: str) -> str:
    path = Path(file)
    return str(path.with_name(f"{path.stem}.keys{path.suffix}"))


def _in_full(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _created(maintenance: URL, name: str) -> str | None:
    """From template0, which nobody is ever connected to."""
    quoted = name.replace('"', '""')
    return _trouble(maintenance, f'CREATE DATABASE "{quoted}" TEMPLATE template0')


def _trouble(url: URL, sql: str = "SELECT 1") -> str | None:
    """The server's complaint, or None; that another process came first is none."""
    try:
        _say(url, sql)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in ALREADY_THERE:
            return None
        return str(error.orig).strip()
    return None


def _say(url: URL, sql: str) -> None:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            connection.execute(text(sql))
    finally:
        engine.dispose()


def _sentence(url: URL, *troubles: str) -> str:
    return (
        f"The keyring's database {url.database!r} is not there and could not be made "
        f"({'; '.join(dict.fromkeys(troubles))}). "
        f"Make it by hand, or name another in {SETTING}."
    )
