"""Backups of a database and its keyring, and what is told when one is restored."""

import sqlite3
from contextlib import closing
from typing import Any

from countersign.domain.disposal import DisposalReapplied
from countersign.infrastructure import codec


class Backup:
    """A backup of the main database, of the keyring, or of both, and the way back to it."""

    def __init__(self, place, tmp_path):
        self._place, self._tmp_path = place, tmp_path
        self._main: dict[str, Any] = {}
        self._keys = b""

    def take(self, house):
        (self._file,) = self._tmp_path.glob("keys*.db")
        with closing(sqlite3.connect(self._file)) as keys:
            self._keys = keys.serialize()
        self._main = dumped(house.database)

    def restore_main(self):
        database = self._place.open()
        restored(database, self._main)
        database.close()

    def restore_keys(self):
        for path in self._tmp_path.glob(f"{self._file.name}*"):
            path.unlink()
        self._file.write_bytes(self._keys)


def dumped(database):
    """Every table of ours with its rows, whatever kind of database it is."""
    with database.reading() as tx:
        return {
            table: (columns(tx, table), tx.all(f"SELECT * FROM {table}")) for table in tables(tx)
        }


def restored(database, dump):
    """As from a backup: the guards of the journal are not asked."""
    with database.writing() as tx:
        unguarded(tx)
        for table in tables(tx):
            if table not in dump:
                tx.run(f"DROP TABLE {table}")
        for table, (names, rows) in dump.items():
            tx.run(f"DELETE FROM {table}")
            if rows:
                tx.fill(table, names, rows)


def unguarded(tx):
    if tx.dialect == "postgresql":
        tx.run("SET LOCAL session_replication_role = replica")
        return
    guards = tx.all("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (guard,) in guards:
        tx.run(f"DROP TRIGGER {guard}")


def tables(tx):
    if tx.dialect == "sqlite":
        found = tx.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'cs_%'")
    else:
        found = tx.all(
            "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = :schema"
            " AND tablename <> 'cs_alembic'",
            schema=tx.schema,
        )
    return [name for (name,) in found]


def columns(tx, table):
    if tx.dialect == "sqlite":
        return [row[1] for row in tx.all(f"PRAGMA table_info({table})")]
    found = tx.all(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = :schema"
        " AND table_name = :name ORDER BY ordinal_position",
        schema=tx.schema,
        name=table,
    )
    return [name for (name,) in found]


def reapplied(company):
    with company.house.database.reading() as tx:
        rows = company.house.recorder.since(tx, 0, 1_000_000, names=[DisposalReapplied.name])
    return [codec.recorded(row).event for row in rows]
