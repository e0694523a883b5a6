"""What the register costs a rebuild, and what its own questions cost once it is large."""

import statistics
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import pytest

from countersign.application import questions as q
from countersign.application.desk import THE_ENGINE
from countersign.infrastructure.assembly import House

EVENTS = 50_000
ROUNDS = 3
OURS = ("register", "keeping")


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="countersign-bench-") as folder:
        yield Path(folder)


def bench_register_on_sqlite(folder, long_history):
    history = long_history(f"sqlite:///{folder}/register.db")
    history.grow(EVENTS)
    measure("SQLite", history.house, history.head)


def bench_register_on_postgresql(long_history, durable_postgres_url):
    history = long_history(durable_postgres_url, tenant="register")
    history.grow(EVENTS)
    measure("PostgreSQL", history.house, history.head)


def measure(kind: str, house: House, head: int) -> None:
    """With and without, in turn, in one process; in CPU time, which neighbours move less."""
    house.builder.rebuild(house.projections)
    others = tuple(name for name in house.projections if name not in OURS)
    took: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(ROUNDS):
        took["without"].append(built(house, others))
        took["with"].append(built(house, tuple(house.projections)))
    without, with_it = (statistics.median(took[each]) for each in ("without", "with"))
    print(f"\n| rebuild, {kind}, {head:,} events | events for a CPU second | ratio |")
    print("|---|---|---|")
    print(f"| without register and keeping | {head / without:,.0f} | 1 |")
    print(f"| with them | {head / with_it:,.0f} | {with_it / without:.2f} of the time |")
    questions(kind, house)


def built(house: House, names: tuple[str, ...]) -> float:
    began = process_time()
    house.builder.rebuild(names, dry_run=True, workers=1)
    return process_time() - began


def questions(kind: str, house: House) -> None:
    today = house.engine.now().date()
    later = today + timedelta(days=500)
    asked: dict[str, q.Question] = {
        "to go, nothing due": q.ReadingToGo(on=today),
        "a part of 100": q.Register(limit=100),
        "may go, nothing due": q.Register(on=today, may_go=True),
        "may go, after 500 days": q.Register(on=later, may_go=True),
    }
    print(f"\n| register, {kind} | items | ms |")
    print("|---|---|---|")
    for name, question in asked.items():
        ask(house, question)
        began = perf_counter()
        found: list[Any] = ask(house, question)
        print(f"| {name} | {len(found):,} | {(perf_counter() - began) * 1000:,.1f} |")


def ask(house: House, question: q.Question) -> Any:
    return house.engine.ask(question, THE_ENGINE)
