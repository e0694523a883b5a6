"""Filling: the journal into the tables of copies that nobody asks yet, in pages.

The rows and the position of a page are one transaction, so a build that is killed goes on where
it was. First in bulk, into tables without indexes; then the indexes; then what came meanwhile.
"""

import gc
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from time import monotonic

from ..database import Database, Tx
from ..projections.intervals import Book, Changes, Open, stored_row
from ..recorder import Recorder, StoredRow
from .bulk import Folder
from .copies import Copy, HasShrunk, Shelf, again
from .folding import Concerned, apply, decoded, skips
from .progress import Meter, Report
from .projection import Projection
from .workers import Workers

PAGE = 5000
LAST_PAGE = 500
WORTH_WORKERS = 20_000

Step = Callable[[Tx, Copy, int, float], None]
"""Moves a copy to a position at a rate, unless somebody else has moved it."""


@dataclass(frozen=True, slots=True)
class _Page:
    """So many events up to a position, what they change, and the memory that workers have."""

    end: int
    events: int
    changes: list[tuple[Book, Changes]]
    memory: int


class Filling:
    """One build under way. `copies` says how far each has come."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        projections: Mapping[str, Projection],
        begun: list[Copy],
        step: Step,
    ) -> None:
        self.copies = begun
        self._database = database
        self._recorder = recorder
        self._projections = projections
        self._step = step
        chosen = [projections[copy.name] for copy in begun]
        self._books = [book for projection in chosen for book in projection.books]
        self._shelf = Shelf(database, chosen, {copy.name: copy.number for copy in begun})
        self._by_key: set[Book] = set()
        self._one_indexer = threading.Lock()

    def in_bulk(self, until: int | None, workers: int, report: Report) -> None:
        """Until less than a page is left; whoever is behind first catches up with the others."""
        meter = Meter(report, "folding", self._lowest)
        while self._left(until) > (0 if until else PAGE):
            group = [copy for copy in self.copies if copy.position == self._lowest]
            ahead = [copy.position for copy in self.copies if copy.position > self._lowest]
            stop = min([*ahead, *([until] if until else [])], default=None)
            try:
                for position, head, memory in self._pages(group, stop, workers):
                    meter.tell(position, until or head, memory)
            except HasShrunk:
                self._look_again()

    def index(self, report: Report) -> None:
        """Makes the tables fit for questions."""
        statements = [statement for book in self._books for statement in book.indexes()]
        if self._database.dialect == "postgresql":
            statements += [f"ANALYZE {book.table}" for book in self._books]
        meter = Meter(report, "indexing")
        for done, statement in enumerate(statements, 1):
            with self._database.writing() as tx:
                self._shelf.on(tx).run(statement)
            meter.tell(done, len(statements))

    def the_rest(self, until: int | None, report: Report) -> None:
        """What came meanwhile, in small pages, as far as the journal stands now."""
        until = until or self._head()
        meter = Meter(report, "folding", self._lowest)
        while self._lowest < until:
            try:
                with self._database.writing() as tx:
                    self.page(tx, until)
            except HasShrunk:
                self._look_again()
            meter.tell(self._lowest, until)

    def page(self, tx: Tx, until: int) -> None:
        """Brings every copy a page further, or to the end, in this transaction."""
        left_out = skips(tx, self._recorder)
        for copy in self.copies:
            began = monotonic()
            rows = self._recorder.since(tx, copy.position, LAST_PAGE, until=until)
            if not rows:
                continue
            projection = self._projections[copy.name]
            events = [
                each
                for each in decoded(rows)
                if (copy.name, copy.version, each.position) not in left_out
            ]
            apply(self._shelf.on(tx), Concerned((projection,)), events)
            rate = len(rows) / max(monotonic() - began, 1e-6)
            self._move(tx, [copy], rows[-1].position, rate)

    def _look_again(self) -> None:
        """A disposal has purged the tables; what was kept in memory is forgotten with this."""
        with self._database.reading() as tx:
            self.copies = again(tx, self.copies)

    @property
    def _lowest(self) -> int:
        return min(copy.position for copy in self.copies)

    def _left(self, until: int | None) -> int:
        return (until or self._head()) - self._lowest

    def _head(self) -> int:
        with self._database.reading() as tx:
            return self._recorder.head(tx)

    def _pages(
        self, group: list[Copy], stop: int | None, workers: int
    ) -> Iterator[tuple[int, int, int]]:
        """Position, the journal's head and the memory in use (0: ask yourself), page by page."""
        many = workers > 1 and self._left(stop) >= WORTH_WORKERS
        folded = self._by_workers(group, stop, workers) if many else self._alone(group, stop)
        while True:
            with _collector_paused():
                began, page = monotonic(), next(folded, None)
                if page is None:
                    return
                group = self._written(group, page, began)
            yield page.end, stop or self._head(), page.memory

    def _written(self, group: list[Copy], page: "_Page", began: float) -> list[Copy]:
        with self._database.writing() as tx:
            rate = page.events / max(monotonic() - began, 1e-6)
            moved = self._move(tx, group, page.end, rate)
            shelf = self._shelf.on(tx)
            for book, changed in page.changes:
                book.write(shelf, changed)
        return moved

    def _alone(self, group: list[Copy], stop: int | None) -> Iterator["_Page"]:
        concerned = Concerned(self._projections[copy.name] for copy in group)
        with self._database.reading() as tx:
            folder = Folder(self._load, skips(tx, self._recorder))
        for table, keys in self._known(group):
            folder.knows(table, keys)
        for rows in self._read(group[0].position, stop):
            events = ((concerned[each.name], each) for each in decoded(rows))
            yield _Page(rows[-1].position, len(rows), folder.fold(events), 0)

    def _by_workers(self, group: list[Copy], stop: int | None, count: int) -> Iterator["_Page"]:
        projections = [self._projections[copy.name] for copy in group]
        with self._database.reading() as tx:
            left_out = skips(tx, self._recorder)
        with closing(Workers(projections, count, self._load, left_out)) as workers:
            for table, keys in self._known(group):
                workers.know(table, keys)
            for rows, changes in workers.fold(self._read(group[0].position, stop)):
                yield _Page(rows[-1].position, len(rows), changes, workers.memory)

    def _read(self, position: int, stop: int | None) -> Iterator[list[StoredRow]]:
        """The journal's pages up to a position, or until less than a page is left."""
        while True:
            with self._database.reading() as tx:
                rows = self._recorder.since(tx, position, PAGE, until=stop)
            if not rows or (stop is None and len(rows) < PAGE):
                return
            position = rows[-1].position
            yield rows

    def _move(self, tx: Tx, group: Iterable[Copy], position: int, rate: float) -> list[Copy]:
        for copy in group:
            self._step(tx, copy, position, rate)
        moved = {copy.number: replace(copy, position=position) for copy in group}
        self.copies = [moved.get(copy.number, copy) for copy in self.copies]
        return list(moved.values())

    def _load(self, book: Book, key: str) -> Open | None:
        """By key, for which the table needs an index from now on."""
        with self._one_indexer:  # workers ask at once
            if book not in self._by_key:
                with self._database.writing() as tx:
                    self._shelf.on(tx).run(book.by_key)
                self._by_key.add(book)
        with self._database.reading() as tx:
            return stored_row(self._shelf.on(tx), book, key)

    def _known(self, group: Iterable[Copy]) -> Iterator[tuple[str, list[str]]]:
        """After a break: the keys that stand in the tables already."""
        for copy in group:
            if copy.position:
                for book in self._projections[copy.name].books:
                    for keys in self._keys(book):
                        yield book.table, keys

    def _keys(self, book: Book) -> Iterator[list[str]]:
        last = -1
        while True:
            with self._database.reading() as tx:
                found = self._shelf.on(tx).all(
                    f"SELECT id, key FROM {book.table} WHERE id > :last ORDER BY id LIMIT {PAGE}",
                    last=last,
                )
            if not found:
                return
            yield [key for _, key in found]
            last = found[-1][0]


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Folding makes no circles; looking for them among what is open costs a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
