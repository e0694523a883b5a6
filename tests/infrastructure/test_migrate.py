"""Migrations: everybody may start at once, and the tables are what the schema says."""

import re
import subprocess
import sys
from contextlib import suppress
from typing import Any

from countersign.infrastructure.database import Database
from countersign.infrastructure.migrate import newest, status, upgrade
from countersign.infrastructure.schema import METADATA

START = """
import sys
from countersign.infrastructure.database import open_database
from countersign.infrastructure.migrate import status, upgrade
database = open_database(sys.argv[1], tenant=sys.argv[2] or None)
print("ready", flush=True)
sys.stdin.readline()
upgrade(database)
current, newest = status(database)
assert current == newest, current
database.close()
"""

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, o.collname,
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_collation o ON o.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'r' AND a.attnum > 0
ORDER BY c.relname, a.attnum
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = CAST(:schema AS regnamespace) ORDER BY 1, 2
"""
INDEXES = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = :schema ORDER BY 1, 2"
TABLES = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') ORDER BY name"


class Undone(Exception):
    """Rolls a transaction back."""


def portrait(tx):
    """All that a database knows of our tables, apart from Alembic's own."""
    if tx.dialect == "sqlite":
        found = [(name, re.sub(r"\s+", " ", sql or "")) for name, sql in tx.all(TABLES)]
    else:
        asked = (COLUMNS, CONSTRAINTS, INDEXES)
        found = [row for sql in asked for row in tx.all(sql, schema=tx.schema)]
    return [row for row in found if "cs_alembic" not in row[0]]


def as_the_schema_says(database: Database):
    """What METADATA would make, seen and undone."""
    seen = []
    with suppress(Undone), database.writing() as tx:
        if tx.schema:
            tx.run(f'CREATE SCHEMA "{tx.schema}"')
        METADATA.create_all(tx.connection)
        seen.extend(portrait(tx))
        raise Undone
    return seen


def test_the_migrated_tables_are_those_of_the_schema(empty_database):
    expected = as_the_schema_says(empty_database)
    upgrade(empty_database)
    with empty_database.reading() as tx:
        assert portrait(tx) == expected
    assert len(expected) > len(METADATA.tables)


def test_status_tells_where_the_tables_stand(empty_database):
    assert status(empty_database) == (None, newest())
    upgrade(empty_database)
    upgrade(empty_database)
    assert status(empty_database) == (newest(), newest())


def test_a_current_database_does_not_load_alembic(place, database):
    asks = f"{START}\nassert 'alembic' not in sys.modules"
    arguments = [sys.executable, "-c", asks, place.url, place.tenant or ""]
    subprocess.run(arguments, input=b"go\n", check=True, stdout=subprocess.DEVNULL)


def test_eight_processes_may_start_at_once_on_an_empty_database(place):
    arguments = [sys.executable, "-c", START, place.url, place.tenant or ""]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    started: list[Any] = [subprocess.Popen(arguments, **pipes) for _ in range(8)]
    assert [process.stdout.readline() for process in started] == [b"ready\n"] * 8
    for process in started:
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
    assert [process.returncode for process in started] == [0] * 8
