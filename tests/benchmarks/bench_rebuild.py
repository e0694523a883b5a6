"""A rebuild of all projections, beside the least that one could do, and what the library does."""

import marshal
import os
import resource
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import pytest

from countersign.infrastructure.assembly import House
from countersign.infrastructure.projector.copies import Shelf
from countersign.infrastructure.projector.progress import Progress
from countersign.infrastructure.recorder import ROW

from .conftest import LongHistory

A_HUNDRED_THOUSAND, A_MILLION = 100_000, 1_000_000
ROUNDS = {A_HUNDRED_THOUSAND: 3, A_MILLION: 1}
THE_MILLION = "COUNTERSIGN_BENCH_MILLION"
WORKERS = (1, 2)
STEPS = ("folding", "indexing", "comparing")
ROWS_AT_ONCE = 20_000
EVENTS_AT_ONCE = 5000
LIBRARY_EVENTS = 5000


@pytest.fixture
def folder() -> Iterator[Path]:
    """Gone at once: there may be gigabytes in it."""
    with TemporaryDirectory(prefix="countersign-bench-") as folder:
        yield Path(folder)


def bench_rebuild_on_sqlite(folder, long_history):
    history = long_history(f"sqlite:///{folder}/rebuild.db")
    measure("SQLite", history, folder)


def bench_rebuild_on_postgresql(folder, long_history, durable_postgres_url):
    """At last the library's own runner, as its import changes how dataclasses are made."""
    history = long_history(durable_postgres_url, tenant="rebuild")
    measure("PostgreSQL", history, folder)
    beside_the_library(history, durable_postgres_url)


def measure(kind: str, history: LongHistory, folder: Path) -> None:
    sizes = list(ROUNDS) if os.environ.get(THE_MILLION) == "1" else [A_HUNDRED_THOUSAND]
    print(HEAD)
    found = {}
    for size in sizes:
        history.grow(size)
        found[size] = at_this_size(kind, history, folder, ROUNDS[size])
    if len(sizes) == 1:
        print(f"\n{kind}, a million events: not measured; {THE_MILLION}=1 does.")
        return
    print(f"\n| rebuild, {kind} | an event at {A_MILLION:,} against {A_HUNDRED_THOUSAND:,} | CPU |")
    print("|---|---|---|")
    for who in found[A_MILLION]:
        few, many = found[A_HUNDRED_THOUSAND][who], found[A_MILLION][who]
        print(f"| {who} | {many.an_event / few.an_event:.2f} | {many.cpu_us / few.cpu_us:.2f} |")


HEAD = (
    "\n| rebuild of all projections | events | filled/s | of it indexing | raw/s"
    " | ratio, median (range) | compared/s | CPU µs an event | peak MB (before) |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@dataclass
class Runs:
    """Several runs of one thing over so many events: seconds, and the most memory."""

    events: int
    filling: list[float] = field(default_factory=list)
    indexing: list[float] = field(default_factory=list)
    comparing: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: int = 0

    @property
    def an_event(self) -> float:
        return statistics.median(self.filling) / self.events

    @property
    def cpu_us(self) -> float:
        return statistics.median(self.cpu) / self.events * 1e6

    def rate(self, seconds: list[float]) -> float:
        return self.events / statistics.median(seconds)


def at_this_size(kind: str, history: LongHistory, folder: Path, rounds: int) -> dict[str, Runs]:
    """Raw and ours in turn; before that everything is built once, so that there is a live copy."""
    house, before = history.house, memory_of_all()
    house.builder.rebuild(house.projections)
    raw = Raw(house, folder / "rows")
    found = {"raw": Runs(history.head)}
    found |= {_named(count): Runs(history.head) for count in WORKERS}
    for _ in range(rounds):
        raw.run(found["raw"])
        for count in WORKERS:
            run_ours(house, found[_named(count)], count)
    for count in WORKERS:
        print(_row(f"{kind}, {_named(count)}", found[_named(count)], found["raw"], before))
    return found


def run_ours(house: House, runs: Runs, workers: int, names: tuple[str, ...] = ()) -> None:
    """Built in a scratch place, compared with the live copies, and dropped."""
    watch = Watch()
    done = house.builder.rebuild(
        names or house.projections, workers=workers, dry_run=True, report=watch
    )
    assert done.same
    assert done.events == runs.events
    runs.filling.append(done.seconds)
    runs.indexing.append(watch.took["indexing"])
    runs.comparing.append(watch.took["comparing"])
    runs.cpu.append(watch.cpu["folding"] + watch.cpu["indexing"])
    runs.memory = max(runs.memory, watch.memory)


class Watch:
    """How long each step took, by either clock, and the most memory of all processes together."""

    def __init__(self) -> None:
        self.took = dict.fromkeys(STEPS, 0.0)
        self.cpu = dict.fromkeys(STEPS, 0.0)
        self.memory = 0
        self._last = perf_counter(), _cpu_seconds()

    def __call__(self, progress: Progress) -> None:
        now = perf_counter(), _cpu_seconds()
        self.took[progress.step] += now[0] - self._last[0]
        self.cpu[progress.step] += now[1] - self._last[1]
        self._last = now
        self.memory = max(self.memory, memory_of_all())


class Raw:
    """Reads every event, and bulk-inserts the very same rows that a rebuild makes of them.

    The rows were taken from the live copies beforehand, into a file: memory stays flat.
    """

    def __init__(self, house: House, file: Path) -> None:
        self._house = house
        self._file = file
        self._books = [book for each in house.projector.projections for book in each.books]
        called = {book.table: book.table.replace("cs_p_", "cs_raw_") for book in self._books}
        self._words = house.database.words_with(called)
        self._read: Callable[[], None] = {
            "sqlite": self._read_sqlite,
            "postgresql": self._read_postgresql,
        }[house.database.dialect]
        self._take_rows()

    def run(self, runs: Runs) -> None:
        self._in_tables(book.ddl(self._house.database.dialect) for book in self._books)
        cpu, began = _cpu_seconds(), perf_counter()
        self._read()
        self._insert()
        filled = perf_counter()
        self._in_tables(index for book in self._books for index in book.indexes())
        runs.filling.append(perf_counter() - began)
        runs.indexing.append(perf_counter() - filled)
        runs.cpu.append(_cpu_seconds() - cpu)
        self._in_tables(f"DROP TABLE {book.table}" for book in self._books)

    def _in_tables(self, statements: Iterator[str]) -> None:
        for statement in statements:
            with self._house.database.writing() as tx:
                tx.named(self._words).run(statement)

    def _read_sqlite(self) -> None:
        with self._house.database.reading() as tx:
            cursor: Any = tx.cursor
            cursor.execute(f"SELECT {ROW} FROM cs_event ORDER BY position")
            while cursor.fetchmany(EVENTS_AT_ONCE):
                pass

    def _read_postgresql(self) -> None:
        with self._house.database.reading(snapshot=True) as tx:
            driver: Any = tx.cursor.connection  # type: ignore[attr-defined]
            with driver.cursor(name="raw") as cursor:
                everything = f'SELECT {ROW} FROM "{tx.schema}".cs_event ORDER BY position'
                cursor.execute(everything, binary=True)
                while cursor.fetchmany(EVENTS_AT_ONCE):
                    pass

    def _insert(self) -> None:
        columns = {book.table: book.all_columns for book in self._books}
        with self._file.open("rb") as rows:
            while (table := marshal.load(rows)) is not None:
                with self._house.database.writing() as tx:
                    tx.named(self._words).fill(table, columns[table], marshal.load(rows))

    def _take_rows(self) -> None:
        with self._file.open("wb") as kept:
            for table, rows in self._live_rows():
                marshal.dump(table, kept)
                marshal.dump(rows, kept)
            marshal.dump(None, kept)

    def _live_rows(self) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
        with self._house.database.reading() as tx:
            found = {copy.name: copy.number for copy in self._house.projector.live_copies(tx)}
        shelf = Shelf(self._house.database, self._house.projector.projections, found)
        for book in self._books:
            sql = (
                f"SELECT {', '.join(book.all_columns)} FROM {book.table}"
                f" WHERE id > :last ORDER BY id LIMIT {ROWS_AT_ONCE}"
            )
            last = -1
            while True:
                with self._house.database.reading() as tx:
                    rows = shelf.on(tx).all(sql, last=last)
                if not rows:
                    break
                yield book.table, rows
                last = rows[-1][0]


def beside_the_library(history: LongHistory, url: str) -> None:
    """A row for each event, as the audit trail has it: ours, and eventsourcing's own runner."""
    if find_spec("psycopg_pool") is None:
        print("\nThe library's ProjectionRunner: not measured; it needs psycopg-pool.")
        return
    ours = Runs(history.head)
    run_ours(history.house, ours, 1, ("audit_trail",))
    rate = ours.rate(ours.filling)

    from .the_library import events_a_second

    library = events_a_second(url, LIBRARY_EVENTS)
    print("\n| a row for each event, PostgreSQL | events | events/s | times the library's |")
    print("|---|---|---|---|")
    print(f"| audit_trail, rebuilt | {ours.events:,} | {rate:,.0f} | {rate / library:.1f} |")
    print(f"| eventsourcing's ProjectionRunner | {LIBRARY_EVENTS:,} | {library:,.0f} | 1 |")


def _named(workers: int) -> str:
    return f"{workers} worker{'s' if workers > 1 else ''}"


def _row(what: str, ours: Runs, raw: Runs, before: int) -> str:
    ratios = sorted(bare / mine for mine, bare in zip(ours.filling, raw.filling, strict=True))
    told = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    cells = (
        what,
        f"{ours.events:,}",
        f"{ours.rate(ours.filling):,.0f}",
        f"{statistics.median(ours.indexing):.1f} s",
        f"{raw.rate(raw.filling):,.0f}",
        told,
        f"{ours.rate(ours.comparing):,.0f}",
        f"{ours.cpu_us:.1f}",
        f"{ours.memory / 1e6:,.0f} ({before / 1e6:,.0f})",
    )
    return f"| {' | '.join(cells)} |"


def memory_of_all() -> int:
    """Of this process and those that it has started, in bytes."""
    own = Path("/proc/self")
    children = [each.read_text().split() for each in own.glob("task/*/children")]
    processes = [own, *(Path("/proc") / pid for each in children for pid in each)]
    return sum(map(_memory, processes))


def _memory(process: Path) -> int:
    try:
        pages = int((process / "statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0
    return pages * resource.getpagesize()


def _cpu_seconds() -> float:
    """Of this process and those that it has started and that have ended."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system
