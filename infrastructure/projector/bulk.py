"""Bulk folding: many pages in a row, with what is open kept in memory within bounds."""

from collections.abc import Iterable

from ...application.ports import Recorded
from ..projections.intervals import Book, Changes, Load, Open, Pages, Spread
from .folding import Skips, fold
from .projection import Projection

ROOM = 4_000
"""So many open rows of one table are remembered; those of a finished case are seldom needed."""

BITS = 27
LAST_BIT = (1 << BITS) - 1
SPREAD = 0x9E37_79B9_7F4A_7C15


class Keys:
    """The keys that tables may hold (a Bloom filter): never misses one, seldom sees one too many.

    Sixteen megabytes, whatever there is; at a million keys one wrong guess in some 90,000.
    """

    def __init__(self) -> None:
        self._bits = bytearray(1 << (BITS - 3))

    def add(self, table: str, key: str) -> None:
        bits, drawn = self._bits, hash(key) ^ hash(table)
        for place in (drawn, drawn >> BITS, (drawn * SPREAD) >> BITS):
            bits[(place & LAST_BIT) >> 3] |= 1 << (place & 7)

    def has(self, table: str, key: str) -> bool:
        bits, drawn = self._bits, hash(key) ^ hash(table)
        if not bits[(drawn & LAST_BIT) >> 3] & (1 << (drawn & 7)):
            return False
        place = drawn >> BITS
        if not bits[(place & LAST_BIT) >> 3] & (1 << (place & 7)):
            return False
        place = (drawn * SPREAD) >> BITS
        return bool(bits[(place & LAST_BIT) >> 3] & (1 << (place & 7)))


class BulkPages(Pages):
    """Pages that stay open from one page of events to the next."""

    def __init__(self, book: Book, load: Load, known: Keys) -> None:
        super().__init__(book, load)
        self._known = known
        self._older: dict[str, Open | None] = {}

    def take(self) -> Changes:
        """Also forgets what has not been touched for long, once it is more than there is room."""
        table, known = self._book.table, self._known
        for key in self._new:
            known.add(table, key)
        changes = super().take()
        if len(self._open) > ROOM:
            self._older, self._open = self._open, {}
        return changes

    def _held(self, key: str) -> Open | None:
        try:
            return self._open[key]
        except KeyError:
            pass
        found = self._older.pop(key) if key in self._older else self._loaded(key)
        self._open[key] = found
        return found

    def _loaded(self, key: str) -> Open | None:
        return self._load(self._book, key) if self._known.has(self._book.table, key) else None


class Folder:
    """Folds rows of the journal for some projections; holds what is open meanwhile."""

    def __init__(self, load: Load, skips: Skips) -> None:
        self._known = known = Keys()
        self._pages = Spread(lambda book: BulkPages(book, load, known))
        self._skips = skips

    def knows(self, table: str, keys: Iterable[str]) -> None:
        """These keys are in the table already."""
        for key in keys:
            self._known.add(table, key)

    def fold(
        self, events: Iterable[tuple[Iterable[Projection], Recorded]]
    ) -> list[tuple[Book, Changes]]:
        """What events change, each folded for some projections. Raises Unfolded."""
        for projections, recorded in events:
            fold(projections, self._pages, recorded, self._skips)
        return list(self._pages.take())
