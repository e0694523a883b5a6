"""Workers: processes that fold while this one reads and writes.

Each has the cases and streams that fall to it, and remembers what is open in them. What it has
forgotten it asks for, and gets as of the page before: by then all that it did earlier is written.
"""

import marshal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import Queue
from typing import Any, BinaryIO, cast

from ..projections.intervals import Book, Changes, Open
from ..recorder import StoredRow
from .folding import Skips
from .parting import Parting, Share
from .projection import Projection, Unfolded

AHEAD = 2
"""So many pages are dealt out before the first of them is written."""

Known = tuple[str, list[str]]
"""Keys of a table."""

Loaded = Callable[[Book, str], Open | None]


class WorkerDied(RuntimeError):
    """A worker process ended, or said something that was not expected."""


class Workers:
    """A page goes in, the changes of all its tables come out, page after page in order."""

    def __init__(
        self, projections: Sequence[Projection], count: int, load: Loaded, skips: Skips
    ) -> None:
        self._parting = Parting(projections, count)
        self._books = {book.table: book for each in projections for book in each.books}
        self._load = load
        self._written = 0
        self._news = threading.Condition()
        self._workers = [_Worker(self, projections, skips) for _ in range(count)]

    def fold(
        self, pages: Iterable[list[StoredRow]]
    ) -> Iterator[tuple[list[StoredRow], list[tuple[Book, Changes]]]]:
        """Yields each page with its changes; one must be written before the next is taken."""
        dealt: list[list[StoredRow]] = []
        coming = iter(pages)
        while True:
            while len(dealt) < AHEAD and (page := next(coming, None)) is not None:
                for worker, share in zip(self._workers, self._parting.shares(page), strict=True):
                    worker.give(share)
                dealt.append(page)
            if not dealt:
                return
            changes = [each for worker in self._workers for each in worker.take()]
            yield dealt.pop(0), changes
            with self._news:
                self._written += 1
                self._news.notify_all()

    def know(self, table: str, keys: list[str]) -> None:
        """Before the first page: these keys are in the table already."""
        for worker in self._workers:
            worker.know(table, keys)

    @property
    def memory(self) -> int:
        """Of all processes together, in bytes, as they last told."""
        return sum(worker.memory for worker in self._workers)

    def load(self, page: int, table: str, key: str) -> Open | None:
        """For a worker at a page: what all earlier pages have left."""
        with self._news:
            self._news.wait_for(lambda: self._written >= page)
        return self._load(self._books[table], key)

    def book(self, table: str) -> Book:
        return self._books[table]

    def close(self) -> None:
        with self._news:
            self._written = sys.maxsize
            self._news.notify_all()
        for worker in self._workers:
            worker.close()


class _Worker:
    """One process, and the thread that speaks with it."""

    def __init__(
        self, all_of_them: Workers, projections: Sequence[Projection], skips: Skips
    ) -> None:
        self._all = all_of_them
        self._shares: Queue[Share | Known | None] = Queue()
        self._results: Queue[Any] = Queue()
        self.memory = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "countersign.infrastructure.projector.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to = cast("BinaryIO", self._process.stdin)
        self._from = cast("BinaryIO", self._process.stdout)
        begin = ("begin", ([each.name for each in projections], list(skips)))
        self._thread = threading.Thread(target=self._speak, args=(begin,), daemon=True)
        self._thread.start()

    def give(self, share: Share) -> None:
        self._shares.put(share)

    def know(self, table: str, keys: list[str]) -> None:
        self._shares.put((table, keys))

    def take(self) -> list[tuple[Book, Changes]]:
        """The changes of the next page. Raises Unfolded, or WorkerDied."""
        result = self._results.get()
        if isinstance(result, Exception):
            raise result
        return [(self._all.book(table), Changes(added, closed)) for table, added, closed in result]

    def close(self) -> None:
        self._shares.put(None)
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._to.close()
        self._from.close()

    def _speak(self, begin: tuple[str, Any]) -> None:
        try:
            say(self._to, begin)
            page = 0
            while (share := self._shares.get()) is not None:
                if isinstance(share, tuple):
                    say(self._to, ("known", share))
                    continue
                say(self._to, ("fold", [(wanted, *_told(row)) for wanted, row in share]))
                self._results.put(self._answer(page))
                page += 1
        except Exception as error:  # noqa: BLE001 - it is raised where the result is awaited
            died = WorkerDied(f"A worker of the rebuild ended: {error}. Run it again: it resumes.")
            self._results.put(died)

    def _answer(self, page: int) -> object:
        """What the worker made of a page; on the way it may ask for rows."""
        while True:
            kind, said = hear(self._from)
            match kind:
                case "load":
                    say(self._to, ("row", _open(self._all.load(page, *said))))
                case "folded":
                    changes, self.memory = said
                    return changes
                case "unfolded":
                    return Unfolded(*said)


def _told(row: StoredRow) -> tuple[Any, ...]:
    return (row.position, row.stream, row.version, row.name, row.recorded_at, row.body)


def _open(found: Open | None) -> tuple[Any, ...] | None:
    return None if found is None else (found.doc, found.columns, found.id, found.since, True)


def say(to: BinaryIO, what: tuple[str, Any]) -> None:
    """One word and what belongs to it, in plain values: both ends are the same Python."""
    told = marshal.dumps(what, WITHOUT_REFERENCES)
    to.write(len(told).to_bytes(8))
    to.write(told)
    to.flush()


def hear(come: BinaryIO) -> tuple[str, Any]:
    """Raises EOFError when the other end is gone."""
    length = come.read(8)
    if not length:
        raise EOFError("the other end is gone")
    word: tuple[str, Any] = marshal.loads(come.read(int.from_bytes(length)))
    return word


WITHOUT_REFERENCES = 2
