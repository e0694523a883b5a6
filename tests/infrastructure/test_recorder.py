"""What every recorder promises, on each kind of database."""

import threading
from contextlib import suppress
from uuid import UUID

import pytest

from countersign.infrastructure.batch import (
    Appended,
    Batch,
    Cell,
    FoldedState,
    Identity,
    Moved,
    ReceiptKey,
    Repeated,
    Row,
    Taken,
    Unit,
    UnitGone,
)
from countersign.infrastructure.database import LockTimeout
from countersign.infrastructure.ledger import content_hash, leaf_hash
from countersign.infrastructure.recorder import recorder_for

NOON = 1_763_812_800_000_000
PLAN = str(UUID(int=1))
RESULT = str(UUID(int=2))
NOBODY = str(UUID(int=3))
ADA_S_COMMAND = ReceiptKey("ada", "command-1", b"digest")


class Undone(Exception):
    """Rolls a transaction back."""


@pytest.fixture
def recorder(database):
    return recorder_for(database)


@pytest.fixture
def read(database):
    """Asks the recorder something in a transaction of its own."""

    def ask(question, *args, **kwargs):
        with database.reading() as tx:
            return question(tx, *args, **kwargs)

    return ask


def said(stream, *versions):
    return tuple(
        Row(stream, version, "plan.begun.v1", b'{"n":%d}' % version) for version in versions
    )


def rows(stream=PLAN, *versions, at=NOON, **more):
    return Batch(
        recorded_at=at, basis=((stream, versions[0] - 1),), rows=said(stream, *versions), **more
    )


def unit(name="unit-1", key="key-1"):
    return Unit(name, PLAN, "plans", "ada", key)


def test_positions_begin_at_one_and_have_no_gap(recorder):
    assert recorder.commit(rows(PLAN, 1, 2)) == Appended(1, 2, NOON)
    assert recorder.commit(rows(RESULT, 1)) == Appended(3, 3, NOON)


def test_a_stream_that_moved_stops_the_batch_and_leaves_no_trace(recorder, read):
    recorder.commit(rows(PLAN, 1, 2))
    late = Batch(
        recorded_at=NOON,
        basis=((PLAN, 1),),
        rows=said(RESULT, 1),
        cells=(Cell("cell", "unit-1", b"sealed"),),
        units=(unit(),),
        states=(FoldedState(RESULT, 1, "result.1", b"{}"),),
        identities=(Identity("login", b"hash", "ada"),),
        receipt=ADA_S_COMMAND,
    )
    assert recorder.commit(late) == Moved(PLAN, 1, 2)
    assert read(recorder.head) == 2
    assert read(recorder.receipt, "ada", "command-1") is None
    assert read(recorder.state, RESULT) is None
    assert read(lambda tx: tx.one("SELECT count(*) FROM cs_cell")) == (0,)
    assert read(lambda tx: tx.one("SELECT count(*) FROM cs_unit")) == (0,)
    assert read(lambda tx: tx.one("SELECT count(*) FROM cs_identity")) == (0,)


def test_a_conflict_takes_no_position(recorder):
    recorder.commit(rows(PLAN, 1))
    assert recorder.commit(rows(PLAN, 1)) == Moved(PLAN, 0, 1)
    assert recorder.commit(rows(PLAN, 2)).first == 2


def test_a_rollback_takes_no_position(database, recorder):
    with suppress(Undone), database.writing() as tx:
        assert recorder.append(tx, rows(PLAN, 1)).first == 1
        raise Undone
    assert recorder.commit(rows(RESULT, 1)).first == 1


def test_a_conflict_leaves_the_transaction_sound(database, recorder, read):
    recorder.commit(rows(PLAN, 1))
    with database.writing() as tx:
        assert recorder.append(tx, rows(PLAN, 1)) == Moved(PLAN, 0, 1)
        assert recorder.append(tx, rows(PLAN, 2)) == Appended(2, 2, NOON)
    assert read(recorder.head) == 2


def test_a_basis_may_name_streams_that_are_only_read(recorder):
    recorder.commit(rows(PLAN, 1))
    both = Batch(recorded_at=NOON, basis=((PLAN, 1), (RESULT, 0)), rows=said(RESULT, 1))
    assert recorder.commit(both) == Appended(2, 2, NOON)
    assert recorder.commit(rows(RESULT, 2, at=NOON)) == Appended(3, 3, NOON)


def test_a_stream_missing_from_the_basis_must_still_stand_before_its_first_row(recorder):
    recorder.commit(rows(PLAN, 1))
    assert recorder.commit(Batch(recorded_at=NOON, rows=said(PLAN, 1))) == Moved(PLAN, 0, 1)
    assert recorder.commit(Batch(recorded_at=NOON, rows=said(PLAN, 3))) == Moved(PLAN, 2, 1)


def test_a_batch_out_of_turn_is_refused_unseen(recorder):
    with pytest.raises(ValueError, match="out of turn"):
        recorder.commit(rows(PLAN, 1, 3))


def test_a_cell_without_its_unit_is_refused_unseen(recorder):
    with pytest.raises(ValueError, match="retention unit"):
        recorder.commit(rows(PLAN, 1, cells=(Cell("cell", "unit-1", b"sealed"),)))


def test_no_event_is_recorded_before_the_one_before_it(recorder, read):
    recorder.commit(rows(PLAN, 1, at=NOON))
    assert recorder.commit(rows(PLAN, 2, at=NOON - 5)).recorded_at == NOON
    assert recorder.commit(rows(PLAN, 3, at=NOON + 5)).recorded_at == NOON + 5
    times = [row.recorded_at for row in read(recorder.since, 0, 10)]
    assert times == [NOON, NOON, NOON + 5]


def test_what_was_recorded_reads_back_and_its_leaf_recomputes(recorder, read):
    recorder.commit(rows(PLAN, 1, 2))
    found = read(recorder.since, 0, 10)
    places = [(row.position, row.stream, row.version) for row in found]
    assert places == [(1, PLAN, 1), (2, PLAN, 2)]
    for row in found:
        content = content_hash(row.stream, row.version, row.name, row.body)
        assert row.leaf == leaf_hash(row.salt, row.position, row.recorded_at, content)
        assert type(row.body) is type(row.leaf) is bytes
        assert row.certificate is None


def test_every_row_has_a_salt_of_its_own(recorder, read):
    recorder.commit(rows(PLAN, 1, 2, 3))
    salts = {row.salt for row in read(recorder.since, 0, 10)}
    assert len(salts) == 3
    assert {len(salt) for salt in salts} == {16}


def test_the_same_command_of_the_same_actor_is_answered_from_its_receipt(recorder, read):
    recorder.commit(rows(PLAN, 1, 2, receipt=ADA_S_COMMAND))
    again = rows(RESULT, 1, receipt=ReceiptKey("ada", "command-1", b"another digest"))
    assert recorder.commit(again) == Repeated(b"digest", 1, 2)
    assert read(recorder.receipt, "ada", "command-1") == Repeated(b"digest", 1, 2)
    assert read(recorder.head) == 2


def test_a_receipt_is_the_actors_own(recorder):
    recorder.commit(rows(PLAN, 1, receipt=ADA_S_COMMAND))
    others = rows(RESULT, 1, receipt=ReceiptKey("bob", "command-1", b"digest"))
    assert recorder.commit(others) == Appended(2, 2, NOON)


def test_a_batch_without_rows_keeps_its_receipt_at_the_head(recorder):
    recorder.commit(rows(PLAN, 1))
    nothing = Batch(recorded_at=NOON, receipt=ADA_S_COMMAND)
    assert recorder.commit(nothing) == Appended(2, 1, NOON)
    assert recorder.commit(nothing) == Repeated(b"digest", 2, 1)


def test_a_unit_is_made_once_and_takes_further_cells(recorder, read):
    for version in (1, 2):
        cells = (Cell(f"cell-{version}", "unit-1", b"\x00\xff"),)
        recorder.commit(rows(PLAN, version, units=(unit(),), cells=cells))
    found = read(lambda tx: tx.all("SELECT cell, unit, sealed FROM cs_cell ORDER BY cell"))
    assert found == [("cell-1", "unit-1", b"\x00\xff"), ("cell-2", "unit-1", b"\x00\xff")]


def test_a_unit_lives_by_one_key(recorder):
    recorder.commit(rows(PLAN, 1, units=(unit(),)))
    assert recorder.commit(rows(PLAN, 2, units=(unit(key="key-2"),))) == UnitGone("unit-1")


def test_a_destroyed_unit_takes_nothing_more(recorder, read):
    kept, gone = Cell("kept", "unit-2", b"sealed"), Cell("gone", "unit-1", b"sealed")
    recorder.commit(rows(PLAN, 1, units=(unit(), unit("unit-2")), cells=(kept, gone)))
    recorder.commit(rows(PLAN, 2, shredded=(("unit-1", "certificate-1"),)))
    left = read(lambda tx: tx.all("SELECT cell FROM cs_cell WHERE sealed IS NOT NULL"))
    assert left == [("kept",)]
    unit_1 = "SELECT state, certificate FROM cs_unit WHERE unit = 'unit-1'"
    assert read(lambda tx: tx.one(unit_1)) == ("destroyed", "certificate-1")
    assert recorder.commit(rows(PLAN, 3, units=(unit(),))) == UnitGone("unit-1")


def test_a_unit_keeps_the_certificate_under_which_it_went(recorder, read):
    recorder.commit(rows(PLAN, 1, units=(unit(),)))
    for certificate in ("first", "second"):
        recorder.commit(Batch(recorded_at=NOON, shredded=(("unit-1", certificate),)))
    assert read(lambda tx: tx.one("SELECT certificate FROM cs_unit")) == ("first",)


def test_an_identity_belongs_to_one_person(recorder):
    recorder.commit(rows(PLAN, 1, identities=(Identity("login", b"hash", "ada"),)))
    recorder.commit(rows(PLAN, 2, identities=(Identity("login", b"hash", "ada"),)))
    bobs = rows(PLAN, 3, identities=(Identity("login", b"hash", "bob"),))
    assert recorder.commit(bobs) == Taken("login", "ada")


def test_a_freed_identity_may_be_claimed_in_the_same_batch(recorder, read):
    recorder.commit(rows(PLAN, 1, identities=(Identity("login", b"hash", "ada"),)))
    passed_on = (Identity("login", b"hash", None), Identity("login", b"hash", "bob"))
    assert isinstance(recorder.commit(rows(PLAN, 2, identities=passed_on)), Appended)
    owners = read(lambda tx: tx.all("SELECT kind, hashed, person FROM cs_identity"))
    assert owners == [("login", b"hash", "bob")]


def test_the_state_of_a_stream_is_the_newest(recorder, read):
    for version in (1, 2):
        state = FoldedState(PLAN, version, "plan.1", b"state %d" % version)
        recorder.commit(rows(PLAN, version, states=(state,)))
    newest = FoldedState(PLAN, 2, "plan.1", b"state 2")
    assert read(recorder.state, PLAN) == newest
    assert read(recorder.states, [PLAN, NOBODY]) == {PLAN: newest}
    assert read(recorder.states, []) == {}


def test_history_is_bounded_by_versions_and_since_by_positions(recorder, read):
    recorder.commit(rows(RESULT, 1))
    recorder.commit(rows(PLAN, 1, 2, 3))
    assert [row.version for row in read(recorder.history, PLAN, after=1)] == [2, 3]
    assert [row.version for row in read(recorder.history, PLAN, after=1, until=2)] == [2]
    assert [row.position for row in read(recorder.since, 1, 2)] == [2, 3]
    assert [row.position for row in read(recorder.since, 1, 10, until=3)] == [2, 3]


def test_versions_are_told_of_many_streams_at_once(recorder, read):
    recorder.commit(rows(PLAN, 1, 2))
    assert read(recorder.versions, [PLAN, NOBODY]) == {PLAN: 2, NOBODY: 0}


def test_the_position_at_a_time_is_the_last_recorded_by_then(recorder, read):
    for version, at in enumerate((10, 20, 20, 30), 1):
        recorder.commit(rows(PLAN, version, at=at))
    found = [read(recorder.position_at, at) for at in (9, 10, 19, 20, 29, 30, 99)]
    assert found == [0, 1, 1, 3, 3, 4, 4]


def test_an_empty_journal_has_no_position_at_any_time(recorder, read):
    assert read(recorder.head) == 0
    assert read(recorder.position_at, NOON) == 0


def test_a_residue_keeps_position_leaf_and_certificate(database, recorder, read):
    recorder.commit(rows(PLAN, 1, states=(FoldedState(PLAN, 1, "plan.1", b"{}"),)))
    recorder.commit(rows(RESULT, 1))
    leaf = read(recorder.since, 0, 1)[0].leaf
    with database.writing() as tx:
        assert recorder.shrink(tx, PLAN, "certificate-1") == 1
    residue, other = read(recorder.since, 0, 10)
    assert (residue.position, residue.leaf, residue.certificate) == (1, leaf, "certificate-1")
    assert (residue.stream, residue.version, residue.name, residue.body) == (None,) * 4
    assert (residue.salt, residue.recorded_at) == (None, None)
    assert other.stream == RESULT
    assert read(recorder.history, PLAN) == []
    assert read(recorder.state, PLAN) is None


def test_a_residue_at_the_end_holds_its_position(database, recorder):
    recorder.commit(rows(RESULT, 1, at=NOON))
    recorder.commit(rows(PLAN, 1, at=NOON + 1))
    with database.writing() as tx:
        recorder.shrink(tx, PLAN, "certificate-1")
    assert recorder.commit(rows(RESULT, 2, at=NOON - 9)) == Appended(3, 3, NOON)


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM cs_event",
        "UPDATE cs_event SET body = :body",
        "UPDATE cs_event SET position = position + 1",
        "UPDATE cs_event SET leaf = :leaf",
    ],
)
def test_the_database_itself_lets_no_event_change_or_go(database, recorder, tampering):
    recorder.commit(rows(PLAN, 1))
    driver = database.engine.dialect.loaded_dbapi
    with pytest.raises(driver.Error, match="append-only"), database.writing() as tx:
        tx.run(tampering, body=b"other", leaf=bytes(32))


def test_a_second_writer_waits_for_the_first_and_gives_up_in_words(
    database, recorder, another_database
):
    impatient = recorder_for(another_database(lock_timeout_seconds=0.05))
    with database.writing() as tx:
        recorder.append(tx, rows(PLAN, 1))
        with pytest.raises(LockTimeout, match="nothing was written"):
            impatient.commit(rows(RESULT, 1))
    assert impatient.commit(rows(RESULT, 1)) == Appended(2, 2, NOON)


def test_threads_with_one_pool_wait_for_each_other_no_longer_than_allowed(
    recorder, another_database
):
    shared = another_database(lock_timeout_seconds=0.05)
    with shared.writing() as tx:
        recorder.append(tx, rows(PLAN, 1))
        with pytest.raises(LockTimeout, match="nothing was written"):
            recorder_for(shared).commit(rows(RESULT, 1))
    assert recorder_for(shared).commit(rows(RESULT, 1)) == Appended(2, 2, NOON)


def test_a_follower_never_passes_over_a_transaction_held_open(database, recorder, read):
    outcomes = []
    second = threading.Thread(target=lambda: outcomes.append(recorder.commit(rows(RESULT, 1))))
    with database.writing() as tx:
        recorder.append(tx, rows(PLAN, 1))
        second.start()
        assert read(recorder.since, 0, 10) == []
        assert outcomes == []
    second.join()
    assert outcomes == [Appended(2, 2, NOON)]
    assert [row.stream for row in read(recorder.since, 0, 10)] == [PLAN, RESULT]


def test_many_writers_leave_one_unbroken_order(recorder, read):
    def write(number):
        for version in range(1, 6):
            recorder.commit(rows(str(UUID(int=number)), version))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(10, 18)]
    for writer in writers:
        writer.start()
    seen = [row.position for row in read(recorder.since, 0, 100)]
    for writer in writers:
        writer.join()
    assert seen == list(range(1, len(seen) + 1))
    assert [row.position for row in read(recorder.since, 0, 100)] == list(range(1, 41))


def test_a_follower_steps_forward_only(database, recorder):
    with database.writing() as tx:
        assert recorder.tracked(tx, "inbox") is None
        assert recorder.track(tx, "inbox", 3, NOON)
        assert not recorder.track(tx, "inbox", 3, NOON)
        assert not recorder.track(tx, "inbox", 2, NOON)
        assert recorder.track(tx, "inbox", 7, NOON)
        assert recorder.tracked(tx, "inbox") == 7
