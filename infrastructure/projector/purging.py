"""Purging: what events that have gone wrote into any copy goes too, as a fold without them has it.

Live copies are purged, kept ones, and those that are being built: a build that has read the events
already finds that its copy has shrunk, and reads again.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence

from ..database import Database, Tx
from ..projections.intervals import ORDINALS, Book, Pages, Spread, stored_row
from ..recorder import Recorder
from . import copies, quarantine
from .copies import Copy, Shelf
from .folding import decoded, fold, skips
from .projection import Projection, Unfolded

log = logging.getLogger("countersign.projector")

# A row's id begins with the position of the event that opened it.
OPENED = (
    "SELECT t.{column} FROM json_each(:positions) CROSS JOIN {table} t"
    f" WHERE t.id >= CAST(json_each.value AS BIGINT) * {1 << ORDINALS}"
    f" AND t.id < (CAST(json_each.value AS BIGINT) + 1) * {1 << ORDINALS}"
)
AMONG = "(SELECT value FROM json_each(:{}))"


def purge(
    tx: Tx,
    database: Database,
    recorder: Recorder,
    projections: Iterable[Projection],
    positions: Sequence[int],
) -> None:
    """To be called when the events at these positions can no longer be read.

    Whoever makes copies, or moves the live ones, has been kept out by the caller.
    """
    tx.run("UPDATE cs_projection SET shrunk = shrunk + 1")
    known = {(each.name, each.version): each for each in projections}
    for copy in copies.everything(tx):
        purged = _Purged(tx, copy, positions)
        projection = known.get((copy.name, copy.version))
        if projection is not None:
            purged.keys_refolded(database, recorder, projection)
        for table in copies.tables(tx, copy.number):
            purged.delete(table)
        quarantine.forget(tx, copy.number, positions)


def left(tx: Tx, positions: Sequence[int]) -> int:
    """How many rows of any copy were still opened by these events."""
    return sum(
        len(tx.all(OPENED.format(column="id", table=table), positions=json.dumps(list(positions))))
        for copy in copies.everything(tx)
        for table in copies.tables(tx, copy.number)
    )


class _Purged:
    """One copy without the events of some positions."""

    def __init__(self, tx: Tx, copy: Copy, positions: Sequence[int]) -> None:
        self._tx = tx
        self._copy = copy
        self._gone = frozenset(positions)
        self._listed = json.dumps(list(positions))

    def delete(self, table: str) -> None:
        """The rows that the events had opened."""
        opened = OPENED.format(column="id", table=table)
        self._tx.run(f"DELETE FROM {table} WHERE id IN ({opened})", positions=self._listed)

    def keys_refolded(self, database: Database, recorder: Recorder, projection: Projection) -> None:
        """Keys that other events have written to as well are folded anew from those alone."""
        shelf = Shelf(database, (projection,), {projection.name: self._copy.number}).on(self._tx)
        shared: dict[Book, set[str]] = {}
        others: set[int] = set()
        for book in projection.books:
            if book.keyed:
                keys, touched = self._shared(shelf, book)
                shared[book] = keys
                others |= touched
        if not others:
            return
        for book, keys in shared.items():
            where = f"key IN {AMONG.format('keys')}"
            shelf.run(f"DELETE FROM {book.table} WHERE {where}", keys=json.dumps(sorted(keys)))
        self._refold(shelf, recorder, projection, shared, sorted(others))

    def _shared(self, shelf: Tx, book: Book) -> tuple[set[str], set[int]]:
        """Keys of the book that other events have opened or closed too, and where those stand."""
        opened = OPENED.format(column="key", table=book.table)
        rows = shelf.all(
            f"SELECT key, from_position, until_position FROM {book.table} WHERE key IN ({opened})",
            positions=self._listed,
        )
        keys: set[str] = set()
        touched: set[int] = set()
        for key, *places in rows:
            others = {place for place in places if place is not None} - self._gone
            if others:
                keys.add(key)
                touched |= others
        return keys, touched

    def _refold(
        self,
        shelf: Tx,
        recorder: Recorder,
        projection: Projection,
        shared: Mapping[Book, set[str]],
        positions: Sequence[int],
    ) -> None:
        """Of what the events write, only the rows of these keys; the others have theirs."""
        nothing: set[str] = set()
        pages = Spread(
            lambda book: Pages(
                book,
                lambda of, key: (
                    None if key in shared.get(of, nothing) else stored_row(shelf, of, key)
                ),
            )
        )
        left_out = skips(self._tx, recorder)
        for position in positions:
            for recorded in decoded(recorder.since(self._tx, position - 1, 1, until=position)):
                try:
                    fold((projection,), pages, recorded, left_out)
                except Unfolded as error:  # a disposal that is due does not wait for a projection
                    log.error("left out after a disposal: %s", error)
        for book, changes in pages.take():
            mine = [row for row in changes.added if row[1] in shared.get(book, nothing)]
            if mine:
                shelf.fill(book.table, book.all_columns, mine)
