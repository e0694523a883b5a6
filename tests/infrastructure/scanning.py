"""Scans the raw bytes of everything that a company keeps anywhere."""

from pathlib import Path

import psycopg
from psycopg import sql


def found(wanted, haystacks):
    """Which kinds of needles show, and where."""
    haystacks = list(haystacks)
    return {
        (kind, place)
        for kind, parts in wanted.items()
        for part in parts
        for place, data in haystacks
        if part in data
    }


def files(tmp_path):
    """Every file that there is: databases, logs, shared memory, keyring, certificates."""
    for path in sorted(Path(tmp_path).rglob("*")):
        if path.is_file():
            yield path.suffix or path.name, path.read_bytes()


def columns(place, database):
    """On PostgreSQL every column of every table of the tenant, as text and as bytes."""
    with psycopg.connect(place.url) as connection:
        tables = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = %s",
            [database.schema],
        ).fetchall()
        for table, column, kind in tables:
            cell = sql.Identifier(column)
            as_bytes = (
                sql.SQL("{}").format(cell)
                if kind == "bytea"
                else sql.SQL("convert_to(CAST({} AS text), 'UTF8')").format(cell)
            )
            rows = connection.execute(
                sql.SQL("SELECT {} FROM {}.{} WHERE {} IS NOT NULL").format(
                    as_bytes, sql.Identifier(database.schema), sql.Identifier(table), cell
                )
            ).fetchall()
            yield f"{table}.{column}", b"\x00".join(bytes(each) for (each,) in rows)


def scanned(company, place, tmp_path):
    yield from files(tmp_path)
    if company.house.database.dialect == "postgresql":
        yield from columns(place, company.house.database)
