"""A rebuild ends with what following gave, however often it is broken off and whoever writes."""

import importlib.util
import json
import os
import random
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countersign.application import commands as c
from countersign.infrastructure import lease
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.projections import intervals
from countersign.infrastructure.projector import bulk, copies, filling, rebuild
from countersign.infrastructure.projector.copies import Shelf
from countersign.infrastructure.projector.rebuild import (
    BuildHeld,
    BuildTakenOver,
    NothingKept,
    NothingToResume,
)


def beside(name: str) -> Any:
    """Another file of tests, for the histories that it draws."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


as_of = beside("test_as_of")
NEVER = 0


def few(examples):
    return settings(as_of.MODEST, max_examples=examples, suppress_health_check=list(HealthCheck))


class BrokenOff(Exception):
    """Somebody pulled the plug."""


class History(as_of.History):  # type: ignore[misc, name-defined]
    """A random history; nobody looks on."""

    def remember(self):
        pass


class Writer:
    """Writes now and then while a build reports, and breaks it off after so many reports."""

    def __init__(self, history, reports):
        self.history = history
        self.reports = reports

    def __call__(self, progress):
        if self.history.data.draw(st.integers(0, 4)) == 0:
            self.history.goes_on(1)
        if progress.step == "comparing":
            self.history.company.house.projector.catch_up()
        self.reports -= 1
        if not self.reports:
            raise BrokenOff


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(filling, "PAGE", 13)
    monkeypatch.setattr(filling, "LAST_PAGE", 5)
    monkeypatch.setattr(filling, "WORTH_WORKERS", 14)


@pytest.fixture
def fresh(place, tmp_path, settings, nobody_yet, fresh_company):
    """A company for each example, on either kind of database."""
    if place.tenant is None:
        return fresh_company
    clock, monday, tenants = nobody_yet.clock, nobody_yet.clock.today, iter(range(1_000))

    @contextmanager
    def another():
        tenant = f"{place.tenant}_{next(tenants)}"
        clock.go(monday)
        own = settings.model_copy(update={"keyring_url": f"sqlite:///{tmp_path}/{tenant}.db"})
        house = open_house(place.url, tenant=tenant, settings=own, clock=clock)
        try:
            yield type(nobody_yet)(house, clock).given_a_company()
        finally:
            with house.database.autocommit() as tx:
                tx.run(f'DROP SCHEMA "{house.database.schema}" CASCADE')
            house.close()

    return another


def there(house):
    """Every copy that there is."""
    with house.database.reading() as tx:
        return copies.everything(tx)


def in_state(house, state):
    return {copy.name: copy for copy in there(house) if copy.state == state}


def rows(house, copy):
    """Every row of a copy's tables."""
    (projection,) = (each for each in house.projector.projections if each.name == copy.name)
    shelf = Shelf(house.database, (projection,), {copy.name: copy.number})
    with house.database.reading() as tx:
        return {
            book.table: sorted(shelf.on(tx).all(f"SELECT * FROM {book.table}"), key=repr)
            for book in projection.books
        }


def all_rows(house, state):
    return {name: rows(house, copy) for name, copy in in_state(house, state).items()}


def broken_off_now_and_then(history, workers):
    """A rebuild that is broken off after some reports, as often as is drawn, and goes on."""
    house = history.company.house
    for reports in history.data.draw(st.lists(st.integers(1, 50), max_size=4 - workers)):
        with suppress(BrokenOff):
            house.rebuild(workers=workers, report=Writer(history, reports))
    return house.rebuild(workers=workers, report=Writer(history, NEVER))


@few(4)
@given(data=st.data())
def test_whatever_happens_meanwhile_a_rebuild_is_what_following_gave(fresh, small_pages, data):
    with fresh() as company:
        history = History(company, data).goes_on(6)
        rebuilt = broken_off_now_and_then(history, workers=1)

        assert rebuilt.same
        assert all_rows(company.house, "live") == all_rows(company.house, "kept")


@few(2)
@given(data=st.data())
def test_with_workers_too_a_rebuild_is_what_following_gave(fresh, small_pages, data):
    with fresh() as company:
        history = History(company, data).goes_on(6)
        rebuilt = broken_off_now_and_then(history, workers=2)

        assert rebuilt.same
        assert all_rows(company.house, "live") == all_rows(company.house, "kept")


@pytest.fixture
def story(company):
    """A bit of everything, followed by whoever follows."""
    case = company.case("Ada", until="accepted")
    company.does("Vera", c.AskQuestion(task=case.task, text="which?"))
    case.note("another")
    company.does("Ada", c.KeepItem(title="an article"))
    company.house.projector.catch_up()
    return company


class Breaking:
    """Breaks a build off at its first report of a step, or at a later one."""

    def __init__(self, step, after=1):
        self.step, self.after = step, after

    def __call__(self, progress):
        if progress.step == self.step:
            self.after -= 1
            if not self.after:
                raise BrokenOff


def broken_off(house, names=(), *, step="folding", after=1, **options):
    with pytest.raises(BrokenOff):
        house.rebuild(names, report=Breaking(step, after), **options)


def at(step, then):
    """A report that does something when a build first comes to a step."""
    waiting = [then]

    def report(progress):
        if progress.step == step and waiting:
            waiting.pop()()

    return report


def test_a_build_that_was_broken_off_goes_on_where_it_was(story, small_pages):
    house = story.house
    broken_off(house, ("inbox",), after=3)
    (begun,) = in_state(house, "building").values()
    rebuilt = house.rebuild(("inbox",), resume=True)

    assert rebuilt.resumed_at == begun.position == 39
    assert rebuilt.events == len(story.events()) - 39
    assert rebuilt.same
    assert in_state(house, "live")["inbox"].number == begun.number


def test_a_restart_begins_anew(story, small_pages):
    house = story.house
    broken_off(house, ("inbox",))
    begun = in_state(house, "building")["inbox"]
    rebuilt = house.rebuild(("inbox",), restart=True)

    assert rebuilt.resumed_at == 0
    assert begun.number not in {copy.number for copy in there(house)}
    assert tables(house, begun.number) == []


def test_what_was_not_broken_off_can_not_be_resumed(story):
    with pytest.raises(NothingToResume, match="inbox"):
        story.house.rebuild(("inbox",), resume=True)
    assert in_state(story.house, "building") == {}


def test_builds_that_were_broken_off_apart_end_together(story, small_pages):
    house = story.house
    broken_off(house, ("inbox",), after=1)
    broken_off(house, ("people", "plan_board"), after=4)
    rebuilt = house.rebuild()

    assert rebuilt.resumed_at == 0
    assert rebuilt.same
    assert all_rows(house, "live") == all_rows(house, "kept")


def tables(house, number):
    with house.database.reading() as tx:
        return copies.tables(tx, number)


# A build that is killed

BUILDER = """
import json, os, sys
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.projector import filling
from countersign.infrastructure.settings import Settings

told = json.loads(sys.argv[1])
filling.PAGE, filling.LAST_PAGE, filling.WORTH_WORKERS = 3, 2, 4
out = sys.stdout.fileno()
house = open_house(told["url"], tenant=told["tenant"], settings=Settings(**told["settings"]))
house.rebuild(workers=told["workers"], report=lambda progress: os.write(out, b"."))
os.write(out, b"!")
"""


@contextmanager
def builder(told):
    process = subprocess.Popen(
        [sys.executable, "-c", BUILDER, json.dumps(told)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in filter(None, (process.stdout, process.stderr)):
            pipe.close()


def reported(process, wanted):
    """Waits until the build has reported so often, or has ended."""
    seen = b""
    while len(seen) < wanted and not seen.endswith(b"!"):
        ready, _, _ = select.select([process.stdout], [], [], 30)
        told = os.read(process.stdout.fileno(), 1) if ready else b""
        assert told, process.stderr.read().decode() if ready else "nothing was reported"
        seen += told


@pytest.mark.parametrize("workers", [1, 2])
def test_a_build_that_was_killed_ends_with_the_same_digest(
    story, place, settings, small_pages, workers
):
    house, moments = story.house, random.Random(workers)
    uninterrupted = house.rebuild(dry_run=True)
    told = {
        "url": place.url,
        "tenant": place.tenant,
        "workers": workers,
        "settings": {
            "master_key": settings.master_key.get_secret_value(),
            "keyring_url": settings.keyring_url,
        },
    }
    for _ in range(3 - workers):
        with builder(told) as process:
            reported(process, moments.randrange(1, 25))
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    resumed = house.rebuild(resume=True)

    assert resumed.resumed_at > 0
    assert [each.built for each in resumed.comparisons] == [
        each.built for each in uninterrupted.comparisons
    ]
    assert resumed.same


# Switching and going back


def test_a_switch_keeps_the_copy_before_it(story):
    house = story.house
    before = in_state(house, "live")
    house.rebuild(("inbox",))

    assert in_state(house, "kept") == {"inbox": replaced(before["inbox"], there(house))}
    assert in_state(house, "live")["inbox"].number > before["inbox"].number
    assert in_state(house, "live").keys() == before.keys()


def replaced(copy, now):
    """The same copy, as it stands now."""
    return next(each for each in now if each.number == copy.number)


def test_only_the_last_copy_is_kept(story):
    house = story.house
    first = in_state(house, "live")["inbox"]
    house.rebuild(("inbox",))
    second = in_state(house, "live")["inbox"]
    house.rebuild(("inbox",))

    assert in_state(house, "kept")["inbox"].number == second.number
    assert tables(house, first.number) == []


def test_going_back_catches_up_and_is_the_same(story):
    house = story.house
    before = in_state(house, "live")["inbox"]
    house.rebuild(("inbox",))
    rebuilt = in_state(house, "live")["inbox"]
    story.case("Carl", until="asked")
    back = house.builder.roll_back("inbox")

    assert back.number == before.number == in_state(house, "live")["inbox"].number
    assert back.position == len(story.events())
    assert in_state(house, "kept")["inbox"].number == rebuilt.number
    assert ("decide", "Carl") in story.inbox("Tess")
    assert house.builder.verify(("inbox",)).same


def test_going_back_twice_is_where_one_was(story):
    house = story.house
    house.rebuild(("inbox",))
    rebuilt = in_state(house, "live")["inbox"]
    house.builder.roll_back("inbox")
    story.case("Carl", until="asked")
    house.builder.roll_back("inbox")

    assert in_state(house, "live")["inbox"].number == rebuilt.number
    assert house.builder.verify(("inbox",)).same


def test_there_is_no_going_back_before_the_first_switch(story):
    before = there(story.house)

    with pytest.raises(NothingKept, match="inbox"):
        story.house.builder.roll_back("inbox")
    assert there(story.house) == before


# Two at once


def build_of(name):
    return f"build:{name}"


def lease_of(house, name):
    with house.database.reading() as tx:
        return lease.held(tx, build_of(name))


def test_a_second_build_of_a_projection_is_refused_and_says_whose_the_first_is(story, also):
    house, other = story.house, also(story).house

    def second():
        holder = lease_of(house, "inbox").holder
        with pytest.raises(BuildHeld, match=f"inbox is being built by {holder}"):
            other.rebuild(("plan_board", "inbox"))
        assert other.rebuild(("plan_board",)).same

    assert house.rebuild(("inbox",), report=at("comparing", second)).same
    assert lease_of(house, "inbox") is None
    assert other.rebuild(("inbox",)).same


def test_a_second_build_by_the_same_house_is_refused_too(story):
    house = story.house

    def second():
        with pytest.raises(BuildHeld):
            house.rebuild(("inbox",))
        assert lease_of(house, "inbox") is not None

    assert house.rebuild(("inbox",), report=at("comparing", second)).same


def test_verifying_and_going_back_are_refused_while_a_build_runs(story, also):
    house, other = story.house, also(story).house
    house.rebuild(("inbox",))

    def second():
        for doing in (partial(other.builder.verify, ("inbox",)), partial(roll_back, other)):
            with pytest.raises(BuildHeld):
                doing()

    house.rebuild(("inbox",), report=at("indexing", second))


def roll_back(house):
    return house.builder.roll_back("inbox")


def held_by(house, name, holder, seconds=3600):
    with house.database.writing() as tx:
        assert lease.take(tx, build_of(name), holder, seconds) is None


def of_a_dead_process():
    """The name of a holder that is no more."""
    machine, _, word = lease.own_name().rsplit(":", 2)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return f"{machine}:{ended.pid}:{word}"


def test_the_lease_of_a_dead_process_is_taken_at_once(story):
    held_by(story.house, "inbox", of_a_dead_process())

    assert story.house.rebuild(("inbox",)).same


def test_a_build_that_compares_for_long_keeps_its_lease(story, monkeypatch):
    monkeypatch.setattr(rebuild, "LEASE_SECONDS", 0)
    known = []

    def looks(progress):
        if progress.step == "comparing":
            known.append(lease_of(story.house, "inbox").until)

    story.house.rebuild(report=looks)
    assert len(known) == len(set(known)) == len(story.house.projections)


def test_a_build_that_fails_leaves_its_lease(story):
    broken_off(story.house, ("inbox",))

    assert lease_of(story.house, "inbox") is None


def until_somebody_waits(house):
    """On PostgreSQL it can be seen who waits for a lock; on SQLite writers do."""
    if house.database.dialect == "sqlite":
        return
    waiting = "SELECT count(*) FROM pg_catalog.pg_locks WHERE NOT granted"
    with house.database.reading() as tx:
        while not tx.one(waiting)[0]:
            pass


def test_who_waited_for_a_switch_and_who_comes_after_it_take_turns(story, also, small_pages):
    house, other = story.house, also(story).house
    broken_off(house)
    live, begun = in_state(house, "live"), in_state(house, "building")
    with ThreadPoolExecutor() as threads:
        with house.database.writing() as tx:
            house.projector.live_copies(tx, lock=True)
            for name in live:
                copies.move(tx, live[name], "kept")
                copies.move(tx, begun[name], "live")
            waited = threads.submit(other.projector.catch_up)
            until_somebody_waits(house)
        came = house.projector.catch_up()
        assert waited.result() == came == len(story.events())

    assert {copy.attempts for copy in there(house)} == {0}
    assert all_rows(house, "live") == all_rows(house, "kept")


class Overtaken:
    """At a report, another house takes the build over, as if this one had stood still for long."""

    def __init__(self, house, other, step, then):
        self.house, self.other, self.step, self.then = house, other, step, then

    def __call__(self, progress):
        if progress.step == self.step and self.then is not None:
            then, self.then = self.then, None
            with self.house.database.writing() as tx:
                tx.run("UPDATE cs_lease SET until = 0")
            then(self.other)


def ends_it(other):
    other.rebuild(("inbox", "plan_board"))


def goes_on_a_page(other):
    broken_off(other, ("inbox", "plan_board"))


def goes_on_to_the_end(other):
    broken_off(other, ("inbox", "plan_board"), step="comparing")


def begins_anew(other):
    broken_off(other, ("inbox", "plan_board"), restart=True)


@pytest.mark.parametrize(
    ("step", "then"),
    [
        *(
            (step, then)
            for step in ("folding", "indexing", "comparing")
            for then in (ends_it, begins_anew)
        ),
        *((step, goes_on_to_the_end) for step in ("folding", "indexing")),
        ("folding", goes_on_a_page),
    ],
)
def test_a_build_that_was_taken_over_writes_nothing_more(story, also, small_pages, step, then):
    house, other = story.house, also(story).house
    followed = {name: all_rows(house, "live")[name] for name in ("inbox", "plan_board")}
    with pytest.raises(BuildTakenOver):
        house.rebuild(("inbox", "plan_board"), report=Overtaken(house, other, step, then))

    assert in_state(house, "live").keys() == set(house.projections)
    assert other.rebuild(("inbox", "plan_board")).same
    assert {name: all_rows(other, "live")[name] for name in followed} == followed


def test_nor_does_one_that_has_nothing_to_write(story, also, small_pages):
    house, other = story.house, also(story).house

    def goes_on(other):
        broken_off(other, ("inbox",))

    with pytest.raises(BuildTakenOver):
        house.rebuild(("inbox",), report=Overtaken(house, other, "folding", goes_on))
    assert in_state(house, "building")["inbox"].position == 26
    assert house.rebuild(("inbox",)).same


# Looking without touching


def all_tables(house):
    beginning = "cs_p%" if house.database.dialect == "sqlite" else f"{house.database.schema}.cs_p%"
    names = (
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name LIKE :beginning"
        if house.database.dialect == "sqlite"
        else "SELECT relname FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace"
        " WHERE nspname || '.' || relname LIKE :beginning"
    )
    with house.database.reading() as tx:
        return sorted(tx.all(names, beginning=beginning))


def test_a_dry_run_switches_nothing_and_leaves_no_table_behind(story):
    house = story.house
    before = there(house), all_tables(house)
    rebuilt = house.rebuild(dry_run=True)

    assert rebuilt.same
    assert not rebuilt.switched
    assert (there(house), all_tables(house)) == before


def test_a_dry_run_leaves_a_build_that_was_broken_off_alone(story, small_pages):
    house = story.house
    broken_off(house, ("inbox",))
    begun = in_state(house, "building")
    house.rebuild(dry_run=True)

    assert in_state(house, "building") == begun
    assert house.rebuild(("inbox",), resume=True).same


def verifies(house, report):
    house.builder.verify(house.projections, report=report)


def rehearses(house, report):
    house.rebuild(dry_run=True, report=report)


@pytest.mark.parametrize("doing", [verifies, rehearses])
def test_what_is_only_compared_goes_also_when_it_is_broken_off(story, doing):
    house = story.house
    before = there(house), all_tables(house)
    with pytest.raises(BrokenOff):
        doing(house, report=Breaking("comparing"))

    assert (there(house), all_tables(house)) == before


def damaged(house, statement, **params):
    with house.database.writing() as tx:
        assert house.projector.on_live(tx).run(statement, **params) == 1


def verified(house, name):
    (comparison,) = house.builder.verify((name,)).comparisons
    return comparison


def test_verifying_what_is_sound_finds_nothing(story):
    found = story.house.builder.verify(story.house.projections)

    assert found.same
    assert found.position == len(story.events())
    assert all(each.live == each.built for each in found.comparisons)
    assert {each.projection for each in found.comparisons if not each.live.rows} == {"keeping"}


def test_verifying_names_a_row_that_was_changed(story):
    house = story.house
    key, position = a_row(house)
    damaged(house, "UPDATE cs_p_item SET owner = :owner WHERE key = :key", key=key, owner="Eve")
    found = verified(house, "reading_list")

    assert not found.same
    assert found.differing == 1
    assert found.live.rows == found.built.rows
    assert found.live.digest != found.built.digest
    (difference,) = found.differences
    assert (difference.table, difference.key, difference.position) == ("cs_p_item", key, position)
    assert difference.live == {"owner": "Eve"}
    assert difference.built == {"owner": story.person("Ada")}


def test_verifying_names_a_row_that_is_missing(story):
    house = story.house
    key, position = a_row(house)
    damaged(house, "DELETE FROM cs_p_item WHERE key = :key", key=key)
    found = verified(house, "reading_list")

    assert not found.same
    assert found.live.rows == found.built.rows - 1
    (difference,) = found.differences
    assert (difference.key, difference.position, difference.live) == (key, position, None)
    assert difference.built["owner"] == story.person("Ada")


def test_verifying_names_a_row_too_many(story):
    house = story.house
    key, position = a_row(house)
    damaged(
        house,
        "INSERT INTO cs_p_item (id, key, owner, doc, from_position)"
        " SELECT id + 1, 'forged', owner, doc, from_position FROM cs_p_item WHERE key = :key",
        key=key,
    )
    found = verified(house, "reading_list")

    assert not found.same
    assert found.live.rows == found.built.rows + 1
    (difference,) = found.differences
    assert (difference.key, difference.position, difference.built) == ("forged", position, None)


def a_row(house):
    with house.database.reading() as tx:
        return house.projector.on_live(tx).one("SELECT key, from_position FROM cs_p_item")


def test_of_many_differences_the_first_are_shown_and_all_are_counted(story):
    house = story.house
    with house.database.writing() as tx:
        wrong = house.projector.on_live(tx).run("UPDATE cs_p_trail SET actor = 'Eve'")
    found = verified(house, "audit_trail")

    assert found.differing == wrong == found.live.rows
    assert [each.position for each in found.differences] == [1, 2, 3, 4, 5]


def test_verifying_is_pinned_at_a_position_while_commands_go_on(story, small_pages):
    case, pinned = story.case("Carl"), len(story.events())
    until = {"folding": "examined", "indexing": "practised", "comparing": "asked"}

    def writes(progress):
        case.walk(until[progress.step])

    found = story.house.builder.verify(story.house.projections, report=writes)

    assert case.walked[-1] == "asked"
    assert len(story.events()) > pinned + 20
    assert found.position == pinned == {each.position for each in found.comparisons}.pop()
    assert found.same


# What is no more, and what was


def test_what_is_left_of_a_shrunk_stream_is_folded_over(story, small_pages):
    house = story.house
    item = story.does("Ada", c.KeepItem(title="another")).events[0]
    story.does("Ada", c.KeepItem(title="a third"))
    house.projector.catch_up()
    before = all_rows(house, "live")
    with house.database.writing() as tx:
        assert house.recorder.shrink(tx, item.stream, "certificate-1") == 1
    rebuilt = house.rebuild()

    assert rebuilt.position == len(story.events())
    assert all_rows(house, "live") == {
        name: {table: without(found, item.position) for table, found in each.items()}
        for name, each in before.items()
    }


def without(found, position):
    """Rows but for those that hold from a position on."""
    return [row for row in found if row[-2] != position]


def test_what_was_answered_of_earlier_moments_is_answered_still(story, small_pages):
    house, case = story.house, story.case("Carl", until="asked")
    moments = range(11, len(story.events()), 22)
    shown = [as_of.told(story, case, {"as_of": moment}) for moment in moments]
    house.rebuild()

    assert [as_of.told(story, case, {"as_of": moment}) for moment in moments] == shown


# Bounded memory

FORGETFUL = """#!{python}
from countersign.infrastructure.projector import bulk, worker
bulk.ROOM = 0
worker.main()
"""


@pytest.fixture
def hardly_any_room(monkeypatch, tmp_path):
    """Only the last two pages are remembered, by workers too; returns what was looked up again."""
    looked_up = []
    stored_row = intervals.stored_row

    def noticed(tx, book, key):
        found = stored_row(tx, book, key)
        looked_up.append(found)
        return found

    script = tmp_path / "forgetful"
    script.write_text(FORGETFUL.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setattr(bulk, "ROOM", 0)
    monkeypatch.setattr(filling, "PAGE", 2)
    monkeypatch.setattr(filling, "stored_row", noticed)
    return looked_up


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_forgotten_for_want_of_room_is_looked_up_again(
    story, small_pages, hardly_any_room, workers
):
    story.case("Bob", until="asked")
    story.house.projector.catch_up()
    rebuilt = story.house.rebuild(workers=workers)

    assert any(hardly_any_room)
    assert rebuilt.same
    assert all_rows(story.house, "live") == all_rows(story.house, "kept")
