"""Transactions, SQL written once, and the host's own transaction, on each kind of database."""

from contextlib import suppress

import pytest
import sqlalchemy
from sqlalchemy import text

from countersign.infrastructure.batch import Appended, Batch, Row
from countersign.infrastructure.database import (
    HostTransactionUnfit,
    LockTimeout,
    open_database,
)
from countersign.infrastructure.migrate import upgrade
from countersign.infrastructure.recorder import recorder_for

PLAN = "00000000-0000-4000-8000-000000000001"
BATCH = Batch(recorded_at=1, rows=(Row(PLAN, 1, "plan.begun.v1", b"{}"),))
PUT = "INSERT INTO cs_meta (key, value) VALUES (:key, :value)"
ALL = "SELECT key, value FROM cs_meta ORDER BY key"


class Undone(Exception):
    """Rolls a transaction back."""


BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN"}


@pytest.fixture
def host(place):
    """A host's engine on the same database, set up its own way."""
    engine = sqlalchemy.create_engine(place.url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


@pytest.fixture
def host_connection(host, database):
    with host.connect() as connection:
        connection.exec_driver_sql(BEGIN[database.dialect])
        yield connection


def everything(database):
    with database.reading() as tx:
        return tx.all(ALL)


def test_sql_is_written_once(database):
    with database.writing() as tx:
        tx.many(PUT, [{"key": "b", "value": "50%"}, {"key": "a", "value": "12:30"}])
        assert tx.one("SELECT value FROM cs_meta WHERE value LIKE '%:30' -- :no %s") == ("12:30",)
        assert tx.run("UPDATE cs_meta SET value = CAST(:n AS TEXT) WHERE key = :key", n=5, key="b")
        assert tx.one("SELECT value FROM cs_meta WHERE key = :key", key="z") is None
    assert everything(database) == [("a", "12:30"), ("b", "5")]


def test_a_list_is_asked_for_as_json(database):
    with database.writing() as tx:
        tx.many(PUT, [{"key": key, "value": ""} for key in "abc"])
        among = "SELECT key FROM cs_meta WHERE key IN (SELECT value FROM json_each(:keys))"
        assert sorted(tx.all(among, keys='["a", "c"]')) == [("a",), ("c",)]


def test_text_sorts_by_code_point(database):
    with database.writing() as tx:
        tx.many(PUT, [{"key": key, "value": ""} for key in ("ä", "b", "Z", "a")])
    assert [key for key, _ in everything(database)] == ["Z", "a", "b", "ä"]


def test_a_transaction_that_raises_leaves_nothing(database):
    with suppress(Undone), database.writing() as tx:
        tx.run(PUT, key="a", value="")
        raise Undone
    assert everything(database) == []


def test_a_savepoint_undoes_its_own_part_alone(database):
    with database.writing() as tx:
        tx.run(PUT, key="kept", value="")
        with suppress(Undone), tx.savepoint():
            tx.run(PUT, key="undone", value="")
            raise Undone
        with tx.savepoint():
            tx.run(PUT, key="kept too", value="")
    assert [key for key, _ in everything(database)] == ["kept", "kept too"]


def test_a_snapshot_stays_as_it_was(database, another_database):
    with database.reading(snapshot=True) as tx:
        assert tx.all(ALL) == []
        with another_database().writing() as other:
            other.run(PUT, key="a", value="")
        assert tx.all(ALL) == []
    assert everything(database) == [("a", "")]


def test_core_works_on_the_same_transaction(database):
    with suppress(Undone), database.writing() as tx:
        tx.run(PUT, key="a", value="")
        assert tx.connection.execute(text("SELECT 1")).scalar_one() == 1
        raise Undone
    assert everything(database) == []


def test_the_append_goes_with_the_hosts_commit(database, host_connection):
    recorder = recorder_for(database)
    with database.reading() as tx:
        assert recorder.head(tx) == 0
    done = recorder.append(database.adopt(host_connection), BATCH)
    host_connection.commit()
    assert done == Appended(1, 1, 1)
    with database.reading() as tx:
        assert recorder.head(tx) == 1


def test_the_append_goes_with_the_hosts_rollback(database, host_connection):
    recorder = recorder_for(database)
    recorder.append(database.adopt(host_connection), BATCH)
    host_connection.rollback()
    with database.reading() as tx:
        assert recorder.head(tx) == 0


def test_a_host_without_a_transaction_is_told_to_begin_one(database, host):
    with host.connect() as connection:
        with pytest.raises(HostTransactionUnfit, match="No transaction is open"):
            database.adopt(connection)
        assert not connection.in_transaction()


def test_a_host_on_another_kind_of_database_is_told_so(database):
    other = {"sqlite": "postgresql+psycopg://", "postgresql": "sqlite://"}[database.dialect]

    class Connection:
        dialect = sqlalchemy.create_engine(other).dialect

    with pytest.raises(HostTransactionUnfit, match=f"Use a connection to {database.dialect}"):
        database.adopt(Connection())


def test_a_host_in_another_place_is_told_so(host_connection, tmp_path, place):
    elsewhere = open_database(
        f"sqlite:///{tmp_path}/elsewhere.db" if place.tenant is None else place.url,
        tenant="elsewhere",
    )
    with pytest.raises(HostTransactionUnfit, match="another database"):
        elsewhere.adopt(host_connection)
    elsewhere.close()


def test_a_host_that_must_wait_for_the_lock_waits_no_longer_than_ours(
    database, host, another_database
):
    hurried = another_database(lock_timeout_seconds=0.05)
    with database.writing() as tx, host.connect() as connection:
        recorder_for(database).append(tx, BATCH)
        connection.exec_driver_sql("BEGIN")
        with pytest.raises((LockTimeout, HostTransactionUnfit)):
            recorder_for(hurried).append(hurried.adopt(connection), BATCH)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_host_on_postgresql_must_read_what_is_committed(postgres_tables, level):
    database, engine = postgres_tables
    with engine.connect().execution_options(isolation_level=level) as connection:
        connection.begin()
        with pytest.raises(HostTransactionUnfit, match="READ COMMITTED"):
            database.adopt(connection)


def test_a_host_on_postgresql_in_autocommit_is_told_to_begin(postgres_tables):
    database, engine = postgres_tables
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.begin()
        with pytest.raises(HostTransactionUnfit, match="No transaction is open"):
            database.adopt(connection)


def test_the_lock_time_out_ends_with_the_hosts_transaction(postgres_tables):
    database, engine = postgres_tables
    with engine.connect() as connection:
        connection.begin()
        database.adopt(connection)
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "10s"
        connection.rollback()
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "0"


@pytest.fixture
def postgres_tables(postgres_url, fresh_postgres_schema):
    database = open_database(postgres_url, tenant=fresh_postgres_schema)
    upgrade(database)
    engine = sqlalchemy.create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    yield database, engine
    engine.dispose()
    database.close()


def test_a_lost_connection_fails_once_and_then_is_replaced(postgres_tables):
    database, _ = postgres_tables
    kill = "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises(database.engine.dialect.loaded_dbapi.Error), database.writing() as tx:
        tx.run(kill)
    assert everything(database) == []


def test_a_deferred_transaction_on_sqlite_that_is_behind_is_unfit(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/journal.db")
    upgrade(database)
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/journal.db")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT * FROM cs_meta").all()
        recorder_for(database).commit(BATCH)
        with pytest.raises(HostTransactionUnfit, match="BEGIN IMMEDIATE"):
            database.adopt(connection)
    engine.dispose()
    database.close()


def test_sqlite_commits_are_on_the_disk_before_they_return(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/journal.db")
    with database.reading() as tx:
        assert tx.one("PRAGMA journal_mode") == ("wal",)
        assert tx.one("PRAGMA synchronous") == (2,)
        assert tx.one("PRAGMA foreign_keys") == (1,)
        assert tx.one("PRAGMA secure_delete") == (1,)
    database.close()


def test_memory_is_one_database_for_all_its_users():
    database = open_database("sqlite://")
    upgrade(database)
    with database.writing() as tx:
        tx.run(PUT, key="a", value="")
        with database.reading() as inner:
            assert inner.all(ALL) == [("a", "")]
    assert everything(database) == [("a", "")]
    database.close()


def test_tenants_on_sqlite_have_a_file_each(tmp_path):
    for tenant in ("acme", "zenith"):
        database = open_database(f"sqlite:///{tmp_path}/house.db", tenant=tenant)
        upgrade(database)
        database.close()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"house.acme.db", "house.zenith.db"}


@pytest.mark.parametrize("name", ["", "Acme", "a;b", '"', "../up", "ä"])
def test_a_tenants_name_is_a_plain_word(name):
    with pytest.raises(ValueError, match="tenant's name"):
        open_database("sqlite://", tenant=name)


def test_another_kind_of_database_is_refused():
    with pytest.raises(ValueError, match="SQLite or PostgreSQL"):
        open_database("mysql://localhost/x")


def test_every_way_to_write_a_postgresql_url_leads_to_psycopg():
    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        database = open_database(f"{scheme}://localhost/x")
        assert database.engine.dialect.driver == "psycopg"
