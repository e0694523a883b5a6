"""Intervals: a row holds from one position to another, so that every answer has an earlier one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from ..database import Tx
from ..pages import some

Doc = dict[str, Any]
"""A row's content in plain JSON values: references, never text."""

Content = Doc | BaseModel
"""What a row is written from; read again it is a Doc."""


class Parted(StrEnum):
    """What keeps events in order: those of one case (or stream) are folded one after the other."""

    BY_CASE = "case"
    BY_STREAM = "stream"


ORDINALS = 12
"""A row's id is its position, shifted by so many bits, and which row of that event's it is."""


@dataclass(frozen=True, eq=False)
class Book:
    """A table of intervals: one key, some columns to look rows up by, and a document.

    A row holds from `from_position` on, and up to but not including `until_position`; the row
    that holds now has none. Rows are closed, never deleted. A row's id follows from the event
    that opened it, so two foldings of one journal give the same ids. A key's newest row is found
    by an index; `listed` books, of which all that holds now is asked for, have one for that, and
    `current` names columns by which only what holds now is looked up; books that are not `keyed`
    only ever grow, and no row of theirs is looked up by its key.
    """

    table: str
    columns: tuple[str, ...] = ()
    indexed: tuple[tuple[str, ...], ...] = ()
    listed: bool = False
    keyed: bool = True
    current: tuple[tuple[str, ...], ...] = ()

    def ddl(self, dialect: str) -> str:
        """The statement that makes the table, bare: enough to add rows and to close them."""
        id_type = "INTEGER" if dialect == "sqlite" else "BIGINT"
        columns = "".join(f" {column} TEXT," for column in self.columns)
        return (
            f"CREATE TABLE {self.table} (id {id_type} PRIMARY KEY, key TEXT NOT NULL,{columns}"
            " doc TEXT NOT NULL, from_position BIGINT NOT NULL, until_position BIGINT)"
        )

    @cached_property
    def by_key(self) -> str:
        """The statement for the index by which a key's rows are found."""
        return (
            f"CREATE UNIQUE INDEX IF NOT EXISTS {self.table}__key"
            f" ON {self.table} (key, from_position)"
        )

    def indexes(self) -> Iterator[str]:
        """The statements that make a filled table fit for questions."""
        if self.keyed:
            yield self.by_key
        for indexed in self.indexed:
            name = f"{self.table}__{'_'.join(indexed)}"
            yield f"CREATE INDEX IF NOT EXISTS {name} ON {self.table} ({', '.join(indexed)})"
        if self.listed:
            yield (
                f"CREATE INDEX IF NOT EXISTS {self.table}__now"
                f" ON {self.table} (key) WHERE until_position IS NULL"
            )
        for columns in self.current:
            yield (
                f"CREATE INDEX IF NOT EXISTS {self.table}__now_{'_'.join(columns)}"
                f" ON {self.table} ({', '.join(columns)}) WHERE until_position IS NULL"
            )

    def drop(self) -> str:
        return f"DROP TABLE IF EXISTS {self.table}"

    @cached_property
    def all_columns(self) -> tuple[str, ...]:
        """In the order in which a row is written."""
        return ("id", "key", *self.columns, "doc", "from_position", "until_position")

    @cached_property
    def load(self) -> str:
        names = ", ".join(("doc", "id", "from_position", "until_position", *self.columns))
        newest = "ORDER BY from_position DESC LIMIT 1"
        return f"SELECT {names} FROM {self.table} WHERE key = :key {newest}"

    @cached_property
    def close(self) -> str:
        return f"UPDATE {self.table} SET until_position = :until WHERE id = :id"

    @cached_property
    def close_many(self) -> str:
        """PostgreSQL's way: one statement for a page."""
        return (
            f"UPDATE {self.table} AS open SET until_position = over.until FROM unnest("
            "CAST(:ids AS bigint[]), CAST(:untils AS bigint[])) AS over(id, until)"
            " WHERE open.id = over.id"
        )

    def rows(
        self, tx: Tx, at: int | None, where: str = "", **params: object
    ) -> list[tuple[str, Doc]]:
        """Keys and documents that held right after position `at` (None: that hold now)."""
        return self.part(tx, at, where, params)

    def part(
        self,
        tx: Tx,
        at: int | None,
        where: str,
        params: Mapping[str, object],
        *,
        order: str = "from_position, key",
        limit: int | None = None,
        skip: int = 0,
    ) -> list[tuple[str, Doc]]:
        """As `rows`, in another order, and no more than are asked for."""
        asked = dict(params) if at is None else {**params, "at": at}
        narrowed = f" AND {where}" if where else ""
        at_most = "" if limit is None else f" LIMIT {limit:d} OFFSET {skip:d}"
        found = tx.all(
            f"SELECT key, doc FROM {self.table} WHERE {held(at)}{narrowed}"
            f" ORDER BY {order}{at_most}",
            **asked,
        )
        return [(key, read_doc(doc)) for key, doc in found]

    def rows_of(self, tx: Tx, at: int | None, keys: Iterable[str]) -> dict[str, Doc]:
        """As `rows`, those of the keys that there are, by key, a thousand to a query."""
        moment = {} if at is None else {"at": at}
        select = f"SELECT key, doc FROM {self.table} WHERE {held(at)} AND key"
        return {key: read_doc(doc) for key, doc in some(tx, select, keys, **moment)}

    def row(self, tx: Tx, at: int | None, key: str) -> Doc | None:
        found = self.rows(tx, at, "key = :key", key=key)
        return found[0][1] if found else None

    def write(self, tx: Tx, changes: "Changes") -> None:
        """Adds the rows that a page has opened, and closes those that were there before it."""
        if changes.added:
            tx.fill(self.table, self.all_columns, changes.added)
        if not changes.closed:
            return
        if len(changes.closed) == 1:
            until, row = changes.closed[0]
            tx.run(self.close, until=until, id=row)
        elif tx.dialect == "postgresql":
            untils, ids = zip(*changes.closed, strict=True)
            tx.run(self.close_many, ids=list(ids), untils=list(untils))
        else:
            tx.many(self.close, [{"until": until, "id": row} for until, row in changes.closed])


def held(at: int | None) -> str:
    """The condition for rows that held right after position `:at` (None: that hold now)."""
    if at is None:
        return "until_position IS NULL"
    return "from_position <= :at AND (until_position IS NULL OR until_position > :at)"


@dataclass(slots=True)
class Changes:
    """What a page does to a table: whole rows to add, and (until, id) of rows to close."""

    added: list[tuple[Any, ...]] = field(default_factory=list)
    closed: list[tuple[int, int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.closed)


@dataclass(slots=True)
class Open:
    """A key's newest row: its content, its id, since which position, and whether it is written."""

    doc: Content
    columns: tuple[str | None, ...]
    id: int
    since: int
    stored: bool


State = TypeVar("State", bound=BaseModel)

Load = Callable[[Book, str], Open | None]
"""The key's open row as it is written in the table; None if it has none."""


class TooManyRows(RuntimeError):
    """One event opened more rows of one table than an id has room for."""


class Pages:
    """The open rows of one table while events are folded; `take` hands over what is to be written.

    What has been looked up is remembered, so several pages may be folded one after the other.
    """

    def __init__(self, book: Book, load: Load) -> None:
        self._book = book
        self._load = load
        self._open: dict[str, Open | None] = {}
        self._fresh: dict[str, Open] = {}
        self._new: list[str] = []
        self._changes = Changes()
        self._position = 0
        self._ordinal = 0

    def get(self, key: str) -> Doc | None:
        """The document that holds now, as a copy of its top level."""
        held = self._held(key)
        if held is None:
            return None
        return dict(held.doc) if isinstance(held.doc, dict) else held.doc.model_dump(mode="json")

    def state(self, key: str, kind: type[State]) -> State:
        """The state that holds now, or one with nothing in it; folded from, without its JSON."""
        held = self._held(key)
        if held is not None and isinstance(held.doc, kind):
            return held.doc
        return kind.model_validate({} if held is None else held.doc)

    def put(self, key: str, doc: Content, position: int, *columns: str | None) -> None:
        """From this position on the key has this document; columns default to the former ones."""
        held = self._held(key)
        if held is None:
            opened = Open(doc, columns, self._id(position), position, stored=False)
            self._new.append(key)
        else:
            same_event = held.since == position
            row = held.id if same_event else self._id(position)
            opened = Open(doc, columns or held.columns, row, position, stored=False)
            if not same_event:
                self._close(held, key, position)
        self._open[key] = self._fresh[key] = opened

    def add(self, key: str, doc: Doc, position: int, *columns: str | None) -> None:
        """A row under a key that never had one and never will have another."""
        row = (self._id(position), key, *columns, _text(doc), position, None)
        self._changes.added.append(row)

    def end(self, key: str, position: int) -> None:
        """From this position on the key has no row."""
        held = self._held(key)
        if held is not None:
            if held.since < position:
                self._close(held, key, position)
            self._fresh.pop(key, None)
            self._open[key] = None

    def take(self) -> Changes:
        """What has changed since it was last taken; from now on it counts as written."""
        changes, self._changes = self._changes, Changes()
        for key, opened in self._fresh.items():
            changes.added.append(self._row(key, opened, None))
            opened.stored = True
        self._fresh.clear()
        self._new.clear()
        return changes

    def _held(self, key: str) -> Open | None:
        try:
            return self._open[key]
        except KeyError:
            found = self._open[key] = self._load(self._book, key)
            return found

    def _close(self, held: Open, key: str, position: int) -> None:
        if held.stored:
            self._changes.closed.append((position, held.id))
        else:
            self._changes.added.append(self._row(key, held, position))

    def _id(self, position: int) -> int:
        if position != self._position:
            self._position, self._ordinal = position, 0
        self._ordinal += 1
        if self._ordinal >> ORDINALS:
            raise TooManyRows(f"{self._book.table}, position {position}")
        return (position << ORDINALS) + self._ordinal - 1

    def _row(self, key: str, held: Open, until: int | None) -> tuple[Any, ...]:
        columns = held.columns or (None,) * len(self._book.columns)
        return (held.id, key, *columns, _text(held.doc), held.since, until)


class Spread(dict[Book, Pages]):
    """The pages of every table that an event turns to, opened when first turned to."""

    def __init__(self, open_pages: Callable[[Book], Pages]) -> None:
        super().__init__()
        self._open_pages = open_pages

    def __missing__(self, book: Book) -> Pages:
        pages = self[book] = self._open_pages(book)
        return pages

    def take(self) -> Iterable[tuple[Book, Changes]]:
        """Every table that has changed, and how."""
        for book, pages in self.items():
            changes = pages.take()
            if changes:
                yield book, changes


def stored_row(tx: Tx, book: Book, key: str) -> Open | None:
    """The key's open row in the table."""
    row = tx.one(book.load, key=key)
    if row is None or row[3] is not None:
        return None
    doc, number, since, _, *columns = row
    return Open(read_doc(doc), tuple(columns), number, since, stored=True)


def read_doc(text: str) -> Doc:
    doc: Doc = from_json(text, cache_strings="keys")
    return doc


def _text(content: Content) -> str:
    return to_json(content).decode() if content else "{}"
