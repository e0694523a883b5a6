"""How soon what was written is seen: by whoever looks on, and by whoever wrote it."""

import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path

import psycopg
import pytest

from countersign import Actor
from countersign.application.commands import KeepItem
from countersign.application.ports import Receipt
from countersign.application.questions import ReadingList
from countersign.infrastructure.assembly import House

from .conftest import Company

TIMES = 300
PEOPLE = 30
LONGEST_PAUSE = 0.02
A_LOOK = 0.0002
HEAD = (
    "\n| lag | p50 ms | p95 ms | most ms | raw p50 ms | raw p95 ms | raw is |\n"
    "|---|---|---|---|---|---|---|"
)

Seconds = Callable[[], float]
"""Does a thing once, and says how long it took from when it was acknowledged."""


@pytest.fixture(scope="module", autouse=True)
def head() -> None:
    print(HEAD)


def bench_lag_on_postgresql(company, follower, durable_postgres_url):
    ours = company(durable_postgres_url, people=PEOPLE, tenant="lag")
    follower(ours)
    with bare_notify(durable_postgres_url) as bare:
        compare("PostgreSQL, a worker follows", lag(ours), bare, "NOTIFY heard")
    compare("PostgreSQL, one's own write", *own_write(ours), "not waited for")


def bench_lag_on_sqlite(company, tmp_path):
    ours = company(f"sqlite:///{tmp_path}/lag.db", people=PEOPLE)
    with bare_commit(tmp_path / "bare.db") as bare:
        compare("SQLite, in the same transaction", lag(ours), bare, "a commit seen")
    compare("SQLite, one's own write", *own_write(ours), "not waited for")


def bench_lag_on_sqlite_when_another_process_follows(company, follower, tmp_path, monkeypatch):
    """As for what is written within a host's transaction."""
    ours = company(f"sqlite:///{tmp_path}/lag.db", people=PEOPLE)
    follower(ours)
    monkeypatch.setattr(ours.house.projector, "live", lambda tx, events: None)
    with bare_commit(tmp_path / "bare.db") as bare:
        compare("SQLite, a worker follows", lag(ours), bare, "a commit seen")


def compare(what: str, ours: Seconds, raw: Seconds, raw_is: str) -> None:
    """In turn, at moments of no rhythm: else a poll would be met always in the same place."""
    pauses = random.Random(1)
    lags: list[float] = []
    bare: list[float] = []
    for _ in range(TIMES):
        time.sleep(pauses.uniform(0, LONGEST_PAUSE))
        lags.append(ours())
        bare.append(raw())
    told = (*_quantiles(lags), max(lags), *_quantiles(bare))
    print(f"| {what} | {' | '.join(f'{each * 1000:.2f}' for each in told)} | {raw_is} |")


def _quantiles(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]


def lag(company: Company) -> Seconds:
    """From the receipt until another connection finds every projection come this far."""
    writes = _writes(company)

    def once() -> float:
        _, receipt = next(writes)
        acknowledged = time.perf_counter()
        _wait_until_seen(company.house, receipt.position)
        return time.perf_counter() - acknowledged

    return once


def own_write(company: Company) -> tuple[Seconds, Seconds]:
    """From the receipt until the writer's question is answered, and the same when it need not."""
    writes, engine = _writes(company), company.engine
    last: list[Actor] = []

    def asked(writer: Actor, after: Receipt | None) -> float:
        acknowledged = time.perf_counter()
        engine.ask(ReadingList(person=writer.person), writer, after=after)
        return time.perf_counter() - acknowledged

    def once() -> float:
        writer, receipt = next(writes)
        last[:] = [writer]
        return asked(writer, receipt)

    return once, lambda: asked(last[0], None)


def _writes(company: Company) -> Iterator[tuple[Actor, Receipt]]:
    for employee in cycle(company.employees):
        yield employee, company.engine.handle(KeepItem(title="An article"), employee)


def _wait_until_seen(house: House, position: int) -> None:
    while house.projector.position() < position:
        time.sleep(A_LOOK)


@contextmanager
def bare_notify(url: str) -> Iterator[Seconds]:
    """A row is committed and told of by NOTIFY; another connection hears it."""
    with (
        psycopg.connect(url, autocommit=True) as writer,
        psycopg.connect(url, autocommit=True) as listener,
    ):
        writer.execute("CREATE TABLE raw_lag (position bigint GENERATED ALWAYS AS IDENTITY)")
        listener.execute("LISTEN raw_lag")
        insert = (
            "WITH added AS (INSERT INTO raw_lag DEFAULT VALUES RETURNING 1)"
            " SELECT pg_notify('raw_lag', '') FROM added"
        )

        def once() -> float:
            writer.execute(insert)
            acknowledged = time.perf_counter()
            (_,) = listener.notifies(timeout=60, stop_after=1)
            return time.perf_counter() - acknowledged

        yield once


@contextmanager
def bare_commit(file: Path) -> Iterator[Seconds]:
    """A row is committed; another connection looks."""
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as writer,
        closing(sqlite3.connect(file, isolation_level=None)) as reader,
    ):
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA synchronous = FULL")
        writer.execute("CREATE TABLE row (position INTEGER PRIMARY KEY)")

        def once() -> float:
            writer.execute("INSERT INTO row DEFAULT VALUES")
            acknowledged = time.perf_counter()
            reader.execute("SELECT max(position) FROM row").fetchone()
            return time.perf_counter() - acknowledged

        yield once
