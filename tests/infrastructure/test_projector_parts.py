"""What following and rebuilding are made of, part by part."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.infrastructure import codec, lease
from countersign.infrastructure.projections.every import projections
from countersign.infrastructure.projections.intervals import Changes, Parted
from countersign.infrastructure.projections.reading_list import ITEM, ReadingListProjection
from countersign.infrastructure.projector import copies
from countersign.infrastructure.projector.bulk import Keys
from countersign.infrastructure.projector.compare import compare
from countersign.infrastructure.projector.copies import Shelf
from countersign.infrastructure.projector.parting import (
    BY_CASE,
    BY_STREAM,
    Parting,
    concerned,
)
from countersign.infrastructure.recorder import StoredRow

BODIES = {
    path.name.removesuffix(".json"): path.read_bytes()
    for path in (Path(__file__).parents[1] / "events").glob("*.json")
}
EVERY = projections(lambda tx, known_as: None)


# Keys that may be there


@given(st.lists(st.tuples(st.sampled_from(("cs_p_task", "cs_p_plan")), st.text())))
def test_a_key_that_was_added_is_never_missed(known):
    keys = Keys()
    for table, key in known:
        keys.add(table, key)

    assert all(keys.has(table, key) for table, key in known)


def test_hardly_any_key_is_taken_for_one_that_was_added():
    keys, many = Keys(), 100_000
    for number in range(many):
        keys.add("cs_p_task", f"task {number}")

    assert sum(keys.has("cs_p_task", f"other {number}") for number in range(many)) < 5
    assert sum(keys.has("cs_p_plan", f"task {number}") for number in range(many)) < 5


# Who folds what

FEW = st.integers(0, 4).map(str)
DEALT = st.lists(
    st.tuples(st.sampled_from(sorted(BODIES)), FEW, st.none() | FEW, st.booleans()), max_size=40
)


def row(position, name, stream, case, gone=False):
    envelope = {"actor": "ada", "case": case, "class": "process_record"}
    said = {key: value for key, value in envelope.items() if value is not None}
    body = None if gone else codec.canonical({"envelope": said, "event": {}})
    return StoredRow(position, f"stream {stream}", 1, name, 0, None, body, b"", None)


def dealt(parting, rows):
    """For every projection, position by position, which workers were given it."""
    found: dict[Any, Any] = {}
    for worker, share in enumerate(parting.shares(rows)):
        assert [row.position for _, row in share] == sorted(row.position for _, row in share)
        for wanted, each in share:
            by_case, by_stream = concerned(EVERY, each.name)
            chosen = (by_case if wanted & BY_CASE else ()) + (
                by_stream if wanted & BY_STREAM else ()
            )
            for projection in chosen:
                found.setdefault((projection.name, each.position), []).append(worker)
    return found


@given(DEALT, st.integers(1, 5))
def test_every_row_goes_to_one_worker_for_each_projection_that_it_concerns(rows, workers):
    rows = [row(position, *told) for position, told in enumerate(rows, 1)]
    given_to = dealt(Parting(EVERY, workers), rows)

    assert given_to.keys() == {
        (projection.name, each.position)
        for each in rows
        if each.body is not None
        for projection in EVERY
        if projection.concerns(each.name)
    }
    assert all(len(found) == 1 for found in given_to.values())


@given(DEALT, st.integers(1, 5), st.integers(0, 40))
def test_what_must_be_in_order_always_goes_to_the_same_worker(rows, workers, page):
    parting = Parting(EVERY, workers)
    rows = [row(position, *told) for position, told in enumerate(rows, 1)]
    whole = dealt(parting, rows[:page]) | dealt(parting, rows[page:])
    by_position, by_name = {each.position: each for each in rows}, {p.name: p for p in EVERY}
    workers_of: dict[Any, Any] = {}
    for (name, position), (worker,) in whole.items():
        each = by_position[position]
        case = codec.case_in(each.body)
        alone = case is None or by_name[name].parted(each.name) is Parted.BY_STREAM
        part = (name, each.stream if alone else case)
        workers_of.setdefault(part, set()).add(worker)

    assert all(len(found) == 1 for found in workers_of.values())


def test_every_worker_has_something_to_do():
    rows = [row(n, "plan.started.v1", n, f"case {n}") for n in range(1, 200)]

    assert all(len(share) > 20 for share in Parting(EVERY, 4).shares(rows))


# The case, read without the rest


@pytest.mark.parametrize("name", sorted(BODIES))
def test_the_case_that_is_read_alone_is_the_one_that_is_decoded(name):
    body = BODIES[name]
    decoded = codec.recorded(StoredRow(1, "stream", 1, name, 0, None, body, b"", None))
    told = json.loads(body)
    told["envelope"].pop("case")

    assert codec.case_in(body) == decoded.case is not None
    assert codec.case_in(codec.canonical(told)) is None


@given(st.none() | st.uuids().map(str), st.text(), st.text())
def test_nothing_else_is_taken_for_the_case(case, actor, said):
    tricky = '"case":"', ',"class":"', actor, said
    envelope = {"actor": f"{tricky}{actor}", "basis": [[actor, 1]], "cause": said, "class": "x"}
    if case is not None:
        envelope["case"] = case

    assert codec.case_in(codec.canonical({"envelope": envelope, "event": {"case": said}})) == case


# Leases


@pytest.fixture
def take(database):
    def taken(holder, seconds=60.0, name="build:inbox"):
        with database.writing() as tx:
            return lease.take(tx, name, holder, seconds)

    return taken


@pytest.fixture
def held(database):
    def looked_up(name="build:inbox"):
        with database.reading() as tx:
            return lease.held(tx, name)

    return looked_up


@pytest.fixture
def at_work(database):
    def looked_up(name="build:inbox"):
        with database.reading() as tx:
            return lease.at_work(tx, name)

    return looked_up


ME, YOU = lease.own_name(), lease.own_name()


def on_another_machine():
    return f"elsewhere-{socket.gethostname()}:{a_dead_process()}:aa"


def a_dead_process():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_no_two_holders_have_one_name():
    assert ME != YOU


def test_a_free_lease_is_taken(take, held):
    assert held() is None
    assert take(ME) is None
    assert held().holder == ME
    assert held().since < held().until


def test_whoever_comes_second_is_told_who_has_it(take, held):
    take(ME)
    told = take(YOU)

    assert told == held()
    assert told.holder == ME


def test_another_lease_is_another_matter(take):
    take(ME)

    assert take(YOU, name="build:people") is None


def test_its_holder_prolongs_it(take, held):
    take(ME, 1)
    before = held()
    assert take(ME, 60) is None

    assert held().since == before.since
    assert held().until > before.until


def test_a_lease_that_has_run_out_is_free(take, held):
    take(ME, -1)
    before = held()
    assert take(YOU) is None

    assert held().holder == YOU
    assert held().since >= before.since
    assert take(ME).holder == YOU


def test_a_lease_of_a_process_that_is_no_more_is_free(take, held):
    machine, _, word = ME.rsplit(":", 2)
    take(f"{machine}:{a_dead_process()}:{word}")

    assert take(YOU) is None
    assert held().holder == YOU


def test_of_another_machine_nobody_knows_what_runs(take):
    take(there := on_another_machine())

    assert take(YOU).holder == there


def test_a_lease_that_was_left_is_free(take, held, database):
    take(ME)
    for holder in (YOU, ME):
        with database.writing() as tx:
            lease.leave(tx, "build:inbox", holder)
        assert (held() is None) == (holder == ME)
    assert take(YOU) is None


def test_whoever_has_run_out_or_is_dead_is_not_at_work(take, at_work):
    machine, _, word = ME.rsplit(":", 2)
    take(ME, -1)
    assert at_work() is None
    take(f"{machine}:{a_dead_process()}:{word}")
    assert at_work() is None
    take(ME)
    assert at_work().holder == ME


class LeftMeanwhile:
    """A transaction in which the holder leaves the lease just after another was refused it."""

    def __init__(self, tx):
        self._tx = tx
        self.one = tx.one

    def run(self, sql, **params):
        touched = self._tx.run(sql, **params)
        if not touched:
            lease.leave(self._tx, "build:inbox", ME)
        return touched


def test_a_lease_that_is_left_while_one_asks_is_taken(take, held, database):
    take(ME)
    with database.writing() as tx:
        meanwhile: Any = LeftMeanwhile(tx)
        assert lease.take(meanwhile, "build:inbox", YOU, 60) is None
    assert held().holder == YOU


# Comparing

PROJECTION = ReadingListProjection()


def item(position, *, until=None, owner="ada"):
    return (position << 12, f"item {position}", owner, "{}", position, until)


@pytest.fixture
def filled(database):
    """A copy with these rows, added in this order, that has come to a position."""

    def made(rows, position):
        with database.writing() as tx:
            copy = copies.make(tx, database, PROJECTION, "scratch", bare=False)
            shelf = Shelf(database, (PROJECTION,), {PROJECTION.name: copy.number})
            ITEM.write(shelf.on(tx), Changes(added=list(rows)))
        return replace(copy, position=position)

    return made


def compared(database, left, right):
    return compare(database, PROJECTION, left, right)


def test_the_digest_does_not_depend_on_the_order_in_which_rows_came(database, filled):
    rows = [item(position) for position in range(1, 60)]
    found = compared(database, filled(rows, 60), filled(reversed(rows), 60))

    assert found.same
    assert found.live.digest == found.built.digest


def test_no_rows_at_all_are_the_same_as_none(database, filled):
    found = compared(database, filled([], 9), filled([], 9))

    assert found.same
    assert found.live.rows == 0


def test_two_copies_are_compared_where_the_one_behind_stands(database, filled):
    behind = filled([item(1), item(2)], 2)
    ahead = filled([item(1, until=3), item(2), item(3)], 3)
    found = compared(database, ahead, behind)

    assert found.position == 2
    assert found.same


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        ([item(1), item(2, owner="bob")], 1),
        ([item(1), item(2, until=3)], 1),
        ([item(1)], 1),
        ([item(1), item(2), item(3)], 1),
        ([item(2), item(3)], 2),
        ([], 2),
    ],
)
def test_whatever_differs_is_found(database, filled, other, differing):
    found = compared(database, filled([item(1), item(2)], 9), filled(other, 9))

    assert not found.same
    assert found.live.digest != found.built.digest
    assert found.differing == len(found.differences) == differing
