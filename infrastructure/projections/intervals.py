"""Intervals: a row holds from one position to another, so that every answer has an earlier one."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic_core import from_json, to_json

from ..database import Tx

Doc = dict[str, Any]
"""A row's content in plain JSON values: references, never text."""


@dataclass(frozen=True)
class Book:
    """A table of intervals: one key, some columns to look rows up by, and a document.

    A row holds from `from_position` on, and up to but not including `until_position`; the row
    that holds now has none. Rows are closed, never deleted. A key's newest row is found by the
    primary key; `listed` books, of which all that holds now is asked for, have an index for that.
    """

    table: str
    columns: tuple[str, ...] = ()
    indexed: tuple[tuple[str, ...], ...] = ()
    listed: bool = False

    def ddl(self) -> Iterator[str]:
        """The statements that make the table, the same for both databases."""
        columns = "".join(f" {column} TEXT," for column in self.columns)
        yield (
            f"CREATE TABLE {self.table} (key TEXT NOT NULL,{columns} doc TEXT NOT NULL,"
            " from_position BIGINT NOT NULL, until_position BIGINT,"
            " PRIMARY KEY (key, from_position))"
        )
        for indexed in self.indexed:
            name = f"ix_{self.table}_{'_'.join(indexed)}"
            yield f"CREATE INDEX {name} ON {self.table} ({', '.join(indexed)})"
        if self.listed:
            name = f"ix_{self.table}_now"
            yield f"CREATE INDEX {name} ON {self.table} (key) WHERE until_position IS NULL"

    def drop(self) -> str:
        return f"DROP TABLE IF EXISTS {self.table}"

    @cached_property
    def insert(self) -> str:
        names = ("key", *self.columns, "doc", "from_position", "until_position")
        values = ", ".join(f":{name}" for name in names)
        return f"INSERT INTO {self.table} ({', '.join(names)}) VALUES ({values})"

    @cached_property
    def load(self) -> str:
        names = ", ".join(("doc", "from_position", "until_position", *self.columns))
        newest = "ORDER BY from_position DESC LIMIT 1"
        return f"SELECT {names} FROM {self.table} WHERE key = :key {newest}"

    @cached_property
    def close(self) -> str:
        return (
            f"UPDATE {self.table} SET until_position = :until"
            " WHERE key = :key AND from_position = :since"
        )

    def rows(
        self, tx: Tx, at: int | None, where: str = "", **params: object
    ) -> list[tuple[str, Doc]]:
        """Keys and documents that held right after position `at` (None: that hold now)."""
        if at is None:
            held = "until_position IS NULL"
        else:
            held = "from_position <= :at AND (until_position IS NULL OR until_position > :at)"
            params["at"] = at
        narrowed = f" AND {where}" if where else ""
        found = tx.all(
            f"SELECT key, doc FROM {self.table} WHERE {held}{narrowed} ORDER BY from_position, key",
            **params,
        )
        return [(key, from_json(doc)) for key, doc in found]

    def row(self, tx: Tx, at: int | None, key: str) -> Doc | None:
        found = self.rows(tx, at, "key = :key", key=key)
        return found[0][1] if found else None


@dataclass(slots=True)
class _Open:
    """A key's newest row within a page: since which position it holds, or that it is closed."""

    doc: Doc | None
    columns: tuple[str | None, ...]
    since: int
    stored: bool


class Pages:
    """The open rows of one book while a page of events is applied; writes them out at its end."""

    def __init__(self, tx: Tx, book: Book) -> None:
        self._tx = tx
        self._book = book
        self._open: dict[str, _Open | None] = {}
        self._closed: list[dict[str, object]] = []
        self._inserts: list[dict[str, object]] = []

    def get(self, key: str) -> Doc | None:
        """The document that holds now, as a copy of its top level."""
        held = self._held(key)
        return None if held is None or held.doc is None else dict(held.doc)

    def put(self, key: str, doc: Doc, position: int, *columns: str | None) -> None:
        """From this position on the key has this document; columns default to the former ones."""
        held = self._held(key)
        if held is not None:
            columns = columns or held.columns
            self._end(key, held, position)
        self._open[key] = _Open(doc, columns, position, stored=False)

    def end(self, key: str, position: int) -> None:
        """From this position on the key has no row."""
        held = self._held(key)
        if held is not None:
            self._end(key, held, position)
            self._open[key] = None

    def flush(self) -> None:
        """Writes out what the page has changed."""
        if not self._open:
            return
        fresh = [
            self._row(key, held, None)
            for key, held in self._open.items()
            if held is not None and not held.stored
        ]
        _each(self._tx, self._book.close, self._closed)
        _each(self._tx, self._book.insert, self._inserts + fresh)

    def _held(self, key: str) -> _Open | None:
        if key not in self._open:
            self._open[key] = self._load(key)
        return self._open[key]

    def _load(self, key: str) -> _Open | None:
        row = self._tx.one(self._book.load, key=key)
        if row is None or row[2] is not None:
            return None
        return _Open(from_json(row[0]), tuple(row[3:]), row[1], stored=True)

    def _end(self, key: str, held: _Open, position: int) -> None:
        if held.stored:
            self._closed.append({"key": key, "since": held.since, "until": position})
        elif held.since < position:
            self._inserts.append(self._row(key, held, position))

    def _row(self, key: str, held: _Open, until: int | None) -> dict[str, object]:
        columns = held.columns or (None,) * len(self._book.columns)
        return {
            "key": key,
            **dict(zip(self._book.columns, columns, strict=True)),
            "doc": to_json(held.doc).decode(),
            "from_position": held.since,
            "until_position": until,
        }


def _each(tx: Tx, sql: str, rows: list[dict[str, object]]) -> None:
    if len(rows) == 1:
        tx.run(sql, **rows[0])
    elif rows:
        tx.many(sql, rows)
