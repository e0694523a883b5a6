"""Compare: two copies hold the same rows, told by their number, a digest and the first differences.

Both are looked at as they were at one position, so neither has to stand still.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ..database import Database
from ..projections.intervals import ORDINALS, Book
from .copies import Copy, Shelf
from .progress import Meter, Report, silent
from .projection import Projection

PAGE = 5000
SHOWN = 5
MODULUS = 1 << 256

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that only one copy has (the other is None), or that differs in these columns."""

    table: str
    key: str
    position: int
    live: dict[str, Any] | None
    built: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Side:
    """Rows, and the sum of their SHA-256 digests modulo 2^256: whatever order they stand in."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A projection's live copy beside another, both as of one position."""

    projection: str
    position: int
    live: Side
    built: Side
    differing: int
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        return self.live == self.built and not self.differing


def compare(
    database: Database, projection: Projection, live: Copy, built: Copy, report: Report = silent
) -> Comparison:
    """Reads both copies through once, side by side, in bounded memory."""
    position = min(live.position, built.position)
    whole = _Comparing(position)
    meter, total = Meter(report, "comparing"), position * len(projection.books)
    for done, book in enumerate(projection.books):
        ours = _rows(database, projection, live, book, position)
        theirs = _rows(database, projection, built, book, position)
        for read_to in whole.side_by_side(book, ours, theirs):
            meter.tell(done * position + read_to, total)
    meter.tell(total, total)
    return whole.result(projection.name)


class _Comparing:
    def __init__(self, position: int) -> None:
        self._position = position
        self._rows = [0, 0]
        self._sums = [0, 0]
        self._differing = 0
        self._shown: list[Difference] = []

    def side_by_side(self, book: Book, live: Iterator[Row], built: Iterator[Row]) -> Iterator[int]:
        """Walks both in the order of ids; says now and then to which position it has come."""
        left, right = next(live, None), next(built, None)
        while left is not None or right is not None:
            if right is None or (left is not None and left[0] < right[0]):
                self._count(0, book, left)
                self._differ(book, left, None)
                left = next(live, None)
            elif left is None or right[0] < left[0]:
                self._count(1, book, right)
                self._differ(book, None, right)
                right = next(built, None)
            else:
                self._both(book, left, right)
                left, right = next(live, None), next(built, None)
            if left is not None and not sum(self._rows) % PAGE:
                yield left[0] >> ORDINALS

    def result(self, projection: str) -> Comparison:
        live, built = (
            Side(rows, f"{total:064x}") for rows, total in zip(self._rows, self._sums, strict=True)
        )
        shown = tuple(self._shown)
        return Comparison(projection, self._position, live, built, self._differing, shown)

    def _both(self, book: Book, left: Row, right: Row) -> None:
        if left == right:
            value = _value(book, left)
            for side in (0, 1):
                self._rows[side] += 1
                self._sums[side] = (self._sums[side] + value) % MODULUS
            return
        self._count(0, book, left)
        self._count(1, book, right)
        self._differ(book, left, right)

    def _count(self, side: int, book: Book, row: Row | None) -> None:
        assert row is not None
        self._rows[side] += 1
        self._sums[side] = (self._sums[side] + _value(book, row)) % MODULUS

    def _differ(self, book: Book, left: Row | None, right: Row | None) -> None:
        self._differing += 1
        if len(self._shown) >= SHOWN:
            return
        known = left or right
        assert known is not None
        ours, theirs = _named(book, left), _named(book, right)
        if ours and theirs:
            apart = [name for name in ours if ours[name] != theirs[name]]
            ours = {name: ours[name] for name in apart}
            theirs = {name: theirs[name] for name in apart}
        self._shown.append(Difference(book.table, known[1], known[-2], ours, theirs))


def _rows(
    database: Database, projection: Projection, copy: Copy, book: Book, position: int
) -> Iterator[Row]:
    """The rows as they were at the position: what came later is not there, what ended later is."""
    shelf = Shelf(database, (projection,), {projection.name: copy.number})
    columns = ", ".join(book.all_columns)
    sql = (
        f"SELECT {columns} FROM {book.table} WHERE id > :last AND id < :bound"
        f" ORDER BY id LIMIT {PAGE}"
    )
    last, bound = -1, (position + 1) << ORDINALS
    while True:
        with database.reading() as tx:
            page = shelf.on(tx).all(sql, last=last, bound=bound)
        for row in page:
            yield row if (row[-1] or 0) <= position else (*row[:-1], None)
        if len(page) < PAGE:
            return
        last = page[-1][0]


def _value(book: Book, row: Row) -> int:
    told = "\x1f".join("\x00" if cell is None else str(cell) for cell in (book.table, *row))
    return int.from_bytes(sha256(told.encode()).digest())


def _named(book: Book, row: Row | None) -> dict[str, Any] | None:
    return None if row is None else dict(zip(book.all_columns, row, strict=True))
