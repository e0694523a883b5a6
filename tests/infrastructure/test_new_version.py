"""A projection's new version is built beside the old one, which answers whoever still runs it."""

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import Any

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.questions import ReadingItem
from countersign.domain.reference import Medium
from countersign.infrastructure import assembly, lease
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.projections.every import projections
from countersign.infrastructure.projections.intervals import Book
from countersign.infrastructure.projections.people import PeopleProjection
from countersign.infrastructure.projections.reading_list import ITEM, ReadingListProjection
from countersign.infrastructure.projector import copies, filling
from countersign.infrastructure.projector.projection import ProjectionBuilding
from countersign.infrastructure.projector.rebuild import NothingKept
from countersign.infrastructure.settings import Settings

pytestmark = pytest.mark.usefixtures("numbered_from_one")

BY_MEDIUM = Book("cs_p_item", ("owner", "medium"), (("owner",), ("medium", "owner")))


class ByMedium(ReadingListProjection):
    """Its table has a column more, where the medium stands, and says nothing of it otherwise."""

    version = 2
    books = (BY_MEDIUM,)

    def fold(self, pages, recorded):
        wider: Any = {ITEM: _Wider(pages[BY_MEDIUM])}
        super().fold(wider, recorded)

    def answer(self, tx, question, at, on):
        found = []
        for medium in Medium:
            where = "owner = :owner AND medium = :medium"
            rows = BY_MEDIUM.rows(tx, at, where, owner=question.person, medium=medium.value)
            found += [ReadingItem.model_validate(doc | {"medium": medium}) for _, doc in rows]
        return sorted(found, key=lambda item: (item.kept_on, item.item))


class _Wider:
    def __init__(self, pages):
        self.get = pages.get
        self._put = pages.put

    def put(self, key, doc, position, *owner):
        medium = doc.pop("medium", None)
        self._put(key, doc, position, *((*owner, medium) if owner else ()))


class Third(ByMedium):
    version = 3


class NewPeople(PeopleProjection):
    version = 2


def with_reading_list(newer):
    def code(find):
        return tuple(newer() if each.name == "reading_list" else each for each in projections(find))

    return code


second, third = with_reading_list(ByMedium), with_reading_list(Third)


def with_new_people_too(find):
    return tuple(NewPeople(find) if each.name == "people" else each for each in second(find))


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(filling, "PAGE", 5)
    monkeypatch.setattr(filling, "LAST_PAGE", 2)


def keeps(company, title, medium=Medium.ARTICLE):
    return company.does("Ada", c.KeepItem(title=title, medium=medium)).events[0].stream


def listed(company):
    """What Ada is shown: titles and media."""
    items = company.ask("Ada", q.ReadingList(person=company.person("Ada")))
    return sorted((item.title, item.medium.value) for item in items)


def there(company):
    with company.house.database.reading() as tx:
        return copies.everything(tx)


def of_the_list(company):
    """Version and state of every copy of the reading list."""
    return [(copy.version, copy.state) for copy in there(company) if copy.name == "reading_list"]


def the_copy(company, version, state="live"):
    (found,) = (
        copy
        for copy in there(company)
        if (copy.name, copy.version, copy.state) == ("reading_list", version, state)
    )
    return found


def tables(company, copy):
    with company.house.database.reading() as tx:
        return copies.tables(tx, copy.number)


@pytest.fixture
def old(company):
    """A house with the old code, in which something is kept."""
    keeps(company, "one")
    keeps(company, "two", Medium.POST)
    assert listed(company) == [("one", "article"), ("two", "post")]
    return company


def test_a_new_version_is_built_when_a_house_that_has_it_is_opened(old, with_code):
    new = with_code(old, second)

    assert listed(new) == [("one", "article"), ("two", "post")]
    assert of_the_list(new) == [(1, "live"), (2, "live")]
    assert the_copy(new, 2).position == len(new.events())
    assert new.house.builder.verify(("reading_list",)).same


def test_only_what_is_new_is_built(old, with_code):
    before = there(old)
    steps = []
    new = with_code(old, second, report=lambda progress: steps.append(progress.step))

    assert {copy.number for copy in there(new)} - {copy.number for copy in before} == {
        the_copy(new, 2).number
    }
    assert "comparing" not in steps


def test_old_and_new_code_write_and_are_both_answered_rightly(old, with_code):
    new = with_code(old, second)
    shown = listed(old)
    for number, house in enumerate((old, new, new, old, old, new)):
        keeps(house, f"{number}", Medium.TIP)
        shown = sorted([*shown, (f"{number}", "tip")])
        assert listed(old) == shown
        assert listed(new) == shown

    assert new.house.builder.verify(("reading_list",)).same
    assert old.house.builder.verify(("reading_list",)).same


def test_while_the_new_version_is_built_the_old_one_goes_on(old, with_code):
    shown: list[Any] = []

    def meanwhile(progress):
        keeps(old, f"during {len(shown):03}")
        shown.append(listed(old))

    new = with_code(old, second, report=meanwhile)
    assert len(shown) > 10
    assert [len(each) for each in shown] == list(range(3, len(shown) + 3))
    assert listed(new) == listed(old) == shown[-1]


def test_health_tells_how_far_the_new_version_is_and_who_builds_it(old, with_code):
    told = []

    def looks(progress):
        told.append(
            [
                each
                for each in old.ask("engine", q.ProjectionHealth()).projections
                if each.kind is q.CopyKind.BUILDING
            ]
        )

    with_code(old, second, report=looks)
    assert {(each.name, each.version, each.ours) for (each,) in told} == {
        ("reading_list", 2, False)
    }
    assert len({each.holder for (each,) in told} - {None}) == 1
    reached = [each.position for (each,) in told]
    assert reached == sorted(reached)
    assert len(set(reached)) > 3


def test_earlier_answers_are_the_same_in_the_new_version(old, with_code):
    moments = range(0, len(old.events()) + 1, 5)
    reading_list = q.ReadingList(person=old.person("Ada"))
    shown = [old.ask("engine", reading_list, as_of=moment) for moment in moments]
    new = with_code(old, second)

    assert [new.ask("engine", reading_list, as_of=moment) for moment in moments] == shown


# While another builds


def test_who_opens_meanwhile_does_not_build_twice_and_answers_what_it_can(old, with_code):
    opened: list[Any] = []

    def another(progress):
        if not opened:
            opened.append(with_code(old, second, report=lambda progress: opened.append("built")))
            (other,) = opened
            with pytest.raises(ProjectionBuilding, match="reading_list is being built"):
                listed(other)
            assert other.name(other.ask("Ada", q.WhoIs(known_as="Ada")).person) == "Ada"
            assert other.inbox("Ada") == []
            keeps(other, "three")
            assert listed(old) == [("one", "article"), ("three", "article"), ("two", "post")]

    new = with_code(old, second, report=another)
    (other,) = opened
    assert of_the_list(new) == [(1, "live"), (2, "live")]
    assert listed(other) == listed(new) == listed(old)


def test_who_opens_just_when_another_is_done_does_not_build_again(old, with_code, monkeypatch):
    opened: list[Any] = []
    own_name = lease.own_name

    def another_is_faster():
        if not opened:
            opened.append("now")
            opened.append(with_code(old, second))
        return own_name()

    monkeypatch.setattr(lease, "own_name", another_is_faster)
    new = with_code(old, second)
    assert of_the_list(new) == [(1, "live"), (2, "live")]
    assert listed(new) == listed(opened[-1]) == listed(old)


def test_who_opens_meanwhile_builds_what_nobody_else_does(old, with_code):
    opened: list[Any] = []

    def another(progress):
        if not opened:
            opened.append(with_code(old, with_new_people_too))
            (newest,) = opened
            assert newest.name(newest.ask("Ada", q.WhoIs(known_as="Ada")).person) == "Ada"
            with pytest.raises(ProjectionBuilding):
                listed(newest)

    with_code(old, second, report=another)
    (newest,) = opened
    newer = sorted(copy.name for copy in there(newest) if copy.version == 2)
    assert newer == ["people", "reading_list"]
    assert listed(newest) == listed(old)


def test_who_was_overtaken_while_opening_leaves_it_to_the_other(old, with_code):
    opened: list[Any] = []

    def overtaken(progress):
        if not opened:
            opened.append("by another")
            with old.house.database.writing() as tx:
                tx.run("UPDATE cs_lease SET until = 0")
            opened.append(with_code(old, second))

    new = with_code(old, second, report=overtaken)
    assert of_the_list(new) == [(1, "live"), (2, "live")]
    assert listed(new) == listed(opened[-1]) == listed(old)


# A start that is killed

STARTING = """
import importlib.util, json, os, sys
told = json.loads(sys.argv[1])
spec = importlib.util.spec_from_file_location("newer", told.pop("file"))
newer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(newer)
newer.starts(**told)
"""


def starts(url, tenant, settings):
    """In a process of its own: opens a house with new code, a report at a time."""
    filling.PAGE, filling.LAST_PAGE = 5, 2
    assembly.projections = second  # type: ignore[attr-defined]
    open_house(url, tenant=tenant, settings=Settings(**settings), report=_one_by_one)


def _one_by_one(progress):
    os.write(1, b".")
    os.read(0, 1)


@contextmanager
def starting(told):
    process = subprocess.Popen(
        [sys.executable, "-c", STARTING, json.dumps(told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
            pipe.close()


def has_reported(process):
    ready, _, _ = select.select([process.stdout], [], [], 30)
    assert ready, "nothing was reported"
    assert os.read(process.stdout.fileno(), 1), process.stderr.read().decode()


def test_a_start_that_was_killed_in_the_middle_of_a_build_is_resumed_by_the_next(
    old, with_code, place, settings
):
    told = {
        "file": __file__,
        "url": place.url,
        "tenant": place.tenant,
        "settings": {
            "master_key": settings.master_key.get_secret_value(),
            "keyring_url": settings.keyring_url,
        },
    }
    with starting(told) as process:
        for _ in range(3):
            has_reported(process)
            os.write(process.stdin.fileno(), b".")
        has_reported(process)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    begun = the_copy(old, 2, "building")
    keeps(old, "three")
    reported: list[Any] = []
    new = with_code(old, second, report=reported.append)

    assert begun.position == 20
    assert reported[0].done > begun.position
    assert the_copy(new, 2).number == begun.number
    assert listed(new) == listed(old) == [("one", "article"), ("three", "article"), ("two", "post")]
    assert new.house.builder.verify(("reading_list",)).same


def test_a_build_that_nobody_ends_is_said_to_be_under_way(old, with_code):
    with old.house.database.writing() as tx:
        lease.take(tx, "build:reading_list", lease.own_name(), 3600)
    new = with_code(old, second)

    assert of_the_list(new) == [(1, "live")]
    with pytest.raises(ProjectionBuilding, match="reading_list"):
        listed(new)
    assert not new.ask("engine", q.ProjectionHealth()).healthy
    assert old.ask("engine", q.ProjectionHealth()).healthy


# What becomes of old versions


def test_an_old_version_goes_when_there_are_two_newer(old, with_code):
    first = the_copy(old, 1)
    newer = with_code(old, second)
    then = the_copy(newer, 2)
    assert tables(old, first) != []
    newest = with_code(old, third)

    assert of_the_list(newest) == [(2, "live"), (3, "live")]
    assert tables(old, first) == []
    assert tables(old, then) != []
    assert listed(newer) == listed(newest) == [("one", "article"), ("two", "post")]
    with pytest.raises(ProjectionBuilding):
        listed(old)
    assert old.inbox("Ada") == []


def test_rebuilding_the_new_version_leaves_the_old_one_alone(old, with_code):
    first = the_copy(old, 1)
    new = with_code(old, second)
    for _ in range(2):
        new.house.rebuild(("reading_list",))

    assert of_the_list(new) == [(1, "live"), (2, "kept"), (2, "live")]
    assert the_copy(old, 1).number == first.number
    keeps(new, "three")
    assert listed(old) == listed(new)


def test_rebuilding_the_old_version_leaves_the_new_one_alone(old, with_code):
    new = with_code(old, second)
    newest = with_code(old, third)
    there_now = the_copy(newest, 3)
    assert of_the_list(old) == [(2, "live"), (3, "live")]
    again = with_code(old, projections)

    assert of_the_list(again) == [(2, "live"), (3, "live"), (1, "live")]
    assert the_copy(newest, 3).number == there_now.number
    keeps(again, "three")
    assert listed(again) == listed(new) == listed(newest)


def test_going_back_needs_a_copy_of_the_same_version(old, with_code):
    new = with_code(old, second)
    with pytest.raises(NothingKept, match="reading_list was made by version 2"):
        new.house.builder.roll_back("reading_list")

    assert of_the_list(new) == [(1, "live"), (2, "live")]
