"""Files: sealed as they come in, claimed in one row, gone with a key."""

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from sqlalchemy import text

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.file import MOST
from countersign.domain.media import Media
from countersign.domain.refusals import (
    FileDestroyed,
    FileEmpty,
    FileTooLarge,
    FileUnwelcome,
    ItemGone,
    TooManyFiles,
    TooManyUploads,
    UnknownFile,
    UnknownUpload,
)
from countersign.infrastructure import chunks
from countersign.infrastructure.blobs import WAITING
from countersign.infrastructure.vault import Lost, Tampered, keys_in_use
from tests.conftest import told

MARKER = b"a-marker-that-nobody-else-would-write "
ODD = 1234
SIZES = [1, chunks.SIZE - 1, chunks.SIZE, chunks.SIZE + 1, 3 * chunks.SIZE, 3 * chunks.SIZE + ODD]


def content(size):
    """Every chunk differs from the others."""
    lines = (f"{place:07d} {MARKER.decode()}\n" for place in range(size // 8 + 1))
    return "".join(lines).encode()[:size] if size > 1 else b"x"


def attach(company, case, upload, name="leads.txt", **more):
    command = c.AttachFile(result=case.result, upload=upload, name=name, **more)
    return company.when(case.owner, command)


def keep(company, name, upload, *, item=None, called="article.txt"):
    item = item or company.does(name, c.KeepItem(title="an article")).events[0].stream
    company.does(name, c.KeepFile(item=item, upload=upload, name=called))
    return item


def of_result(company, case, copy, reader=None, **more):
    view, opened = company.engine.open_file(
        copy, company.actor(reader or case.owner), plan=case.plan, **more
    )
    return view, b"".join(opened.pieces())


def of_item(company, name, copy):
    _, opened = company.engine.open_file(copy, company.actor(name))
    return b"".join(opened.pieces())


def evidence(company, case):
    (result,) = (each for task in case.board().tasks for each in task.results)
    return result


def rows(company, sql, **params):
    with company.house.database.reading() as tx:
        return tx.all(sql, **params)


def change(company, sql, **params):
    with company.house.database.writing() as tx:
        return tx.run(sql, **params)


def keys(company):
    with company.house.keyring._database.reading() as tx:
        return {key for (key,) in tx.all("SELECT key_id FROM cs_key")}


@pytest.fixture
def case(company):
    return company.case("Ada", until="noted")


# There and back


@pytest.mark.parametrize("size", SIZES)
def test_a_file_comes_back_as_it_was_sent(company, case, size):
    sent = content(size)
    upload = company.uploads("Ada", sent)
    attach(company, case, upload, title="what came of it").then_events("result.file_attached")
    view, got = of_result(company, case, upload)

    assert got == sent
    assert (view.name, view.title, view.size) == ("leads.txt", "what came of it", size)
    assert view.media_type is Media.TEXT
    assert [each.copy_id for each in evidence(company, case).files] == [upload]
    (stored,) = rows(company, "SELECT count(*), sum(length(sealed)) FROM cs_chunk")
    assert stored == (chunks.count(size), chunks.sealed_size(size))


@pytest.mark.parametrize("piece", [1, chunks.SIZE - 1, chunks.SIZE, 2 * chunks.SIZE + 1])
def test_any_part_of_it_can_be_asked_for(company, case, piece):
    sent = content(3 * chunks.SIZE + ODD)
    attach(company, case, company.uploads("Ada", sent))
    (file,) = evidence(company, case).files
    _, opened = company.engine.open_file(file.copy_id, company.actor("Ada"), plan=case.plan)

    for start in (0, 1, chunks.SIZE - 1, chunks.SIZE, 3 * chunks.SIZE):
        got = b"".join(opened.pieces(start, start + piece))
        assert got == sent[start : start + piece]


def test_an_upload_has_two_readers_in_no_case(company, case):
    upload = company.uploads("Ada")
    with pytest.raises(UnknownFile):
        of_result(company, case, upload)
    with pytest.raises(UnknownFile):
        of_item(company, "Ada", upload)


def test_memory_stays_flat_however_long_the_file(company, case):
    """Sixteen megabytes through a process that never holds two of them."""
    piece, times = content(64 * 1024), 256
    tracemalloc.start()
    with company.engine.upload(company.actor("Ada")) as arriving:
        for _ in range(times):
            arriving.write(piece)
        upload = arriving.finish().blob
    attach(company, case, upload)
    _, opened = company.engine.open_file(upload, company.actor("Ada"), plan=case.plan)
    length = sum(len(each) for each in opened.pieces())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert length == times * len(piece)
    assert peak < 12 * chunks.SIZE


# What is not taken


def test_an_empty_file_is_refused_and_leaves_nothing(company):
    with pytest.raises(FileEmpty):
        company.uploads("Ada", b"")

    assert rows(company, "SELECT blob FROM cs_blob") == []


def test_a_file_that_is_too_large_is_refused_while_it_comes_in(company, open_again, settings):
    small = open_again(settings=settings.model_copy(update={"attachment_max_bytes": 300_000}))
    actor, before = company.actor("Ada"), keys(company)
    with small.engine.upload(actor) as arriving:
        for _ in range(3):
            arriving.write(content(100_000))
        with pytest.raises(FileTooLarge) as refused:
            arriving.write(content(100_000))

    assert refused.value.details == {"limit": 300_000}
    assert arriving.size == 400_000
    assert rows(company, "SELECT blob FROM cs_blob") == []
    assert rows(company, "SELECT blob FROM cs_chunk") == []
    with small.engine.upload(actor) as arriving:
        arriving.write(content(300_000))
        kept = arriving.finish()
    (key,) = rows(company, "SELECT key_id FROM cs_blob WHERE blob = :blob", blob=kept.blob)
    assert key[0] in keys(company) - before


def test_what_is_not_welcome_never_reaches_the_database(company):
    with pytest.raises(FileUnwelcome):
        company.uploads("Ada", b"<html>" + content(chunks.SIZE * 2))

    assert rows(company, "SELECT blob FROM cs_blob") == []


def test_a_person_has_only_so_many_uploads_open(company):
    uploads = [company.uploads("Ada") for _ in range(WAITING)]
    with pytest.raises(TooManyUploads):
        company.uploads("Ada")
    company.uploads("Bob")
    company.engine.withdraw_upload(company.actor("Ada"), uploads[0])
    last = company.uploads("Ada")

    waiting = [each.blob for each in company.engine.uploads(company.actor("Ada"))]
    assert sorted(waiting) == sorted([*uploads[1:], last])


def test_a_result_has_only_so_many_files(company, case):
    for _ in range(MOST):
        attach(company, case, company.uploads("Ada")).then_events("result.file_attached")
    attach(company, case, company.uploads("Ada")).refused(TooManyFiles, limit=MOST)


# Claiming


def test_an_upload_is_claimed_once(company, case):
    upload = company.uploads("Ada")
    attach(company, case, upload).then_events("result.file_attached")
    attach(company, case, upload).then_events()
    other = case.note("another lead")
    again = c.AttachFile(result=other, upload=upload, name="leads.txt")

    company.when("Ada", again).refused(UnknownUpload)
    with pytest.raises(UnknownUpload):
        company.engine.withdraw_upload(company.actor("Ada"), upload)


def test_a_command_sent_twice_claims_once(company, case):
    command = c.AttachFile(
        result=case.result, upload=company.uploads("Ada"), name="leads.txt", title="them"
    )
    first = company.does("Ada", command, command_id="one")
    second = company.does("Ada", command, command_id="one")

    assert (first.repeated, second.repeated) == (False, True)
    assert first.position == second.position


def test_somebody_elses_upload_is_not_there(company, case):
    upload = company.uploads("Bob")
    attach(company, case, upload).refused(UnknownUpload)
    with pytest.raises(UnknownUpload):
        company.engine.withdraw_upload(company.actor("Ada"), upload)

    assert [each.blob for each in company.engine.uploads(company.actor("Bob"))] == [upload]


def test_an_upload_that_is_not_whole_cannot_be_claimed(company, case):
    with company.engine.upload(company.actor("Ada")) as arriving:
        arriving.write(content(2 * chunks.SIZE))
        (blob,) = rows(company, "SELECT blob FROM cs_blob")[0]
        attach(company, case, blob).refused(UnknownUpload)

    assert rows(company, "SELECT blob FROM cs_blob") == []
    assert rows(company, "SELECT blob FROM cs_chunk") == []


def test_a_file_raises_the_revision_and_the_evidence_of_an_open_request(company):
    case = company.case("Ada", until="asked")
    upload = company.uploads("Ada")
    attach(company, case, upload).then_events("result.file_attached", "approval.evidence_changed")

    assert case.request.evidence.number == 2
    assert evidence(company, case).revision == 2
    assert of_result(company, case, upload, "Max")[1] == b"a quotation"


def test_a_host_claims_in_its_own_transaction(company, case, another_database):
    upload = company.uploads("Ada", content(2 * chunks.SIZE))
    command = c.AttachFile(result=case.result, upload=upload, name="leads.txt")
    host = another_database().engine
    with host.connect() as connection:
        begun = _begin(connection)
        company.engine.handle(command, company.actor("Ada"), connection=connection)
        begun.rollback()
    assert evidence(company, case).files == ()
    assert [each.blob for each in company.engine.uploads(company.actor("Ada"))] == [upload]

    with host.connect() as connection:
        begun = _begin(connection)
        receipt = company.engine.handle(command, company.actor("Ada"), connection=connection)
        begun.commit()
    company.engine.settle(receipt)
    assert of_result(company, case, upload)[1] == content(2 * chunks.SIZE)


def _begin(connection):
    if connection.dialect.name == "sqlite":
        begun = connection.begin()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return begun
    connection = connection.execution_options(isolation_level="READ COMMITTED")
    begun = connection.begin()
    connection.execute(text("SELECT 1"))
    return begun


# Reading material, and what a citation makes of it


def test_a_cited_item_leaves_copies_of_its_files_under_keys_of_their_own(company, case):
    sent = content(2 * chunks.SIZE + ODD)
    upload = company.uploads("Ada", sent)
    item = keep(company, "Ada", upload)
    cites = c.AddEvidence(result=case.result, evidence=c.EvidenceWish(item=item))
    company.when("Ada", cites).then_events(
        "reference.cited", "result.evidence_added", "result.file_attached"
    )
    (file,) = evidence(company, case).files

    assert file.copy_id != upload
    assert (file.item, file.name, file.size) == (item, "article.txt", len(sent))
    assert of_result(company, case, file.copy_id)[1] == of_item(company, "Ada", upload) == sent
    found = rows(company, "SELECT blob, key_id, unit FROM cs_blob WHERE state = 'kept'")
    assert len({key for _, key, _ in found}) == len({unit for _, _, unit in found}) == 2
    sealed = rows(company, "SELECT sealed FROM cs_chunk")
    assert len({bytes(each) for (each,) in sealed}) == 6

    discards = c.DiscardItem(item=item, because_of_personal_data=True)
    company.does("Ada", discards)
    with pytest.raises(FileDestroyed):
        of_item(company, "Ada", upload)
    assert of_result(company, case, file.copy_id)[1] == sent


def test_a_result_noted_with_a_citation_has_the_files_too(company):
    case = company.case("Ada", until="checked")
    item = keep(company, "Ada", company.uploads("Ada", content(ODD)))
    case.result = case.note(evidence=(c.EvidenceWish(item=item),))

    (file,) = evidence(company, case).files
    assert evidence(company, case).revision == 2
    assert of_result(company, case, file.copy_id)[1] == content(ODD)


def test_nothing_is_copied_by_a_rehearsal_or_a_refusal(company, case):
    item = keep(company, "Ada", company.uploads("Ada", content(ODD)))
    cites = c.AddEvidence(result=case.result, evidence=c.EvidenceWish(item=item))
    before = rows(company, "SELECT blob FROM cs_blob")
    company.engine.rehearse(cites, company.actor("Ada"))

    assert rows(company, "SELECT blob FROM cs_blob") == before
    assert len(rows(company, "SELECT blob FROM cs_chunk")) == 1


def test_the_same_bytes_as_reading_and_as_evidence_are_kept_apart(company, case):
    sent = content(chunks.SIZE)
    item = keep(company, "Ada", company.uploads("Ada", sent))
    upload = company.uploads("Ada", sent)
    attach(company, case, upload)
    company.does("Ada", c.DiscardItem(item=item))

    assert of_result(company, case, upload)[1] == sent


def test_an_item_that_was_thrown_away_takes_no_file(company):
    item = company.does("Ada", c.KeepItem(title="an article")).events[0].stream
    company.does("Ada", c.DiscardItem(item=item))
    command = c.KeepFile(item=item, upload=company.uploads("Ada"), name="article.txt")

    company.when("Ada", command).refused(ItemGone)


# At rest, and gone


def at_rest(company, place, tmp_path):
    """Whatever lies on the disk, or in any table, of the database and the keyring."""
    found = b""
    for file in Path(tmp_path).rglob("*"):
        if file.is_file():
            found += file.read_bytes()
    if place.url.startswith("postgresql"):
        for table in ("cs_blob", "cs_chunk", "cs_event", "cs_state", "cs_cell", "cs_receipt"):
            found += repr(rows(company, f"SELECT * FROM {table}")).encode()
        found += b"".join(bytes(each) for (each,) in rows(company, "SELECT sealed FROM cs_chunk"))
    return found


def test_no_byte_of_it_lies_open_anywhere(company, case, place, tmp_path):
    sent = content(2 * chunks.SIZE)
    assert MARKER in sent
    attach(company, case, company.uploads("Ada", sent), name=f"{MARKER.decode().strip()}.txt")

    assert MARKER.strip() not in at_rest(company, place, tmp_path)


def test_a_discarded_item_takes_its_bytes_and_their_key_along(company):
    upload = company.uploads("Ada", content(3 * chunks.SIZE))
    item = keep(company, "Ada", upload)
    ((key,),) = rows(company, "SELECT key_id FROM cs_blob")
    assert key in keys(company)
    receipt = company.does("Ada", c.DiscardItem(item=item))

    assert rows(company, "SELECT blob FROM cs_chunk") == []
    assert key not in keys(company)
    with pytest.raises(FileDestroyed) as gone:
        of_item(company, "Ada", upload)
    assert gone.value.details == {"certificate": told(receipt, "disposal.drafted").certificate}
    (shown,) = company.ask("Ada", q.ReadingList(person=company.person("Ada")))
    assert shown.files[0].name.certificate == gone.value.details["certificate"]
    assert shown.files[0].size == 3 * chunks.SIZE


def test_what_stays_of_a_destroyed_file_says_nothing_of_it(company):
    item = keep(company, "Ada", company.uploads("Ada", content(3 * chunks.SIZE)))
    company.does("Ada", c.DiscardItem(item=item))

    about = "person, state, media_type, size, chunks, commitment, begun"
    assert rows(company, f"SELECT {about} FROM cs_blob") == [(None, "kept", None, 0, 0, None, 0)]
    of_unit = "SELECT u.state FROM cs_blob b JOIN cs_unit u ON u.unit = b.unit"
    assert rows(company, of_unit) == [("destroyed",)]


def test_a_backup_that_still_has_the_bytes_loses_them_at_the_start(company, open_again):
    upload = company.uploads("Ada", content(ODD))
    item = keep(company, "Ada", upload)
    saved = {
        table: rows(company, f"SELECT * FROM {table}")
        for table in ("cs_unit", "cs_cell", "cs_chunk")
    }
    company.does("Ada", c.DiscardItem(item=item))
    with company.house.database.writing() as tx:
        for table, kept in saved.items():
            tx.run(f"DELETE FROM {table}")
            marks = ", ".join(f":c{place}" for place in range(len(kept[0])))
            named = [{f"c{place}": cell for place, cell in enumerate(row)} for row in kept]
            tx.many(f"INSERT INTO {table} VALUES ({marks})", named)
    assert len(rows(company, "SELECT blob FROM cs_chunk")) == 1
    open_again()

    assert rows(company, "SELECT blob FROM cs_chunk") == []
    with pytest.raises(FileDestroyed):
        of_item(company, "Ada", upload)


# Changed behind our back


@pytest.fixture
def stored(company, case):
    """Two files of three chunks each, of the same result."""
    uploads = [company.uploads("Ada", content(3 * chunks.SIZE)) for _ in range(2)]
    for upload in uploads:
        attach(company, case, upload)
    return uploads


def chunk(company, blob, place):
    sql = "SELECT sealed FROM cs_chunk WHERE blob = :blob AND place = :place"
    return rows(company, sql, blob=blob, place=place)[0][0]


def put(company, blob, place, sealed):
    sql = "UPDATE cs_chunk SET sealed = :sealed WHERE blob = :blob AND place = :place"
    change(company, sql, sealed=sealed, blob=blob, place=place)


def test_a_chunk_that_was_changed_is_noticed(company, case, stored):
    sealed = bytearray(chunk(company, stored[0], 1))
    sealed[-1] ^= 1
    put(company, stored[0], 1, bytes(sealed))

    with pytest.raises(Tampered):
        of_result(company, case, stored[0])
    assert of_result(company, case, stored[1])[1] == content(3 * chunks.SIZE)


def test_chunks_in_another_order_are_noticed(company, case, stored):
    first, second = chunk(company, stored[0], 0), chunk(company, stored[0], 1)
    put(company, stored[0], 0, second)
    put(company, stored[0], 1, first)

    with pytest.raises(Tampered):
        of_result(company, case, stored[0])


def test_a_chunk_of_another_file_is_noticed(company, case, stored):
    put(company, stored[0], 2, chunk(company, stored[1], 2))

    with pytest.raises(Tampered):
        of_result(company, case, stored[0])


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_a_chunk_that_is_missing_is_noticed_before_the_first_byte(company, case, stored, nth):
    change(company, "DELETE FROM cs_chunk WHERE blob = :b AND place = :p", b=stored[0], p=nth)

    with pytest.raises(Lost):
        company.engine.open_file(stored[0], company.actor("Ada"), plan=case.plan)


def test_a_chunk_too_many_is_noticed_before_the_first_byte(company, case, stored):
    sql = "INSERT INTO cs_chunk (blob, place, sealed) VALUES (:blob, 3, :sealed)"
    change(company, sql, blob=stored[0], sealed=chunk(company, stored[0], 2))

    with pytest.raises(Tampered):
        company.engine.open_file(stored[0], company.actor("Ada"), plan=case.plan)


def test_whoever_has_the_key_cannot_change_it_either(company, case, stored):
    """All chunks are sealed anew in good order; but the journal has committed to other bytes."""
    ((key_id,),) = rows(company, "SELECT key_id FROM cs_blob WHERE blob = :b", b=stored[0])
    key = company.house.keyring.key(key_id)
    other = b"y" + content(3 * chunks.SIZE)[1:]
    for place in range(3):
        piece = other[place * chunks.SIZE : (place + 1) * chunks.SIZE]
        named = chunks.label(stored[0], place, last=place == 2)
        put(company, stored[0], place, key.seal(named, piece))
    _, opened = company.engine.open_file(stored[0], company.actor("Ada"), plan=case.plan)
    got = []
    with pytest.raises(Tampered):
        got.extend(opened.pieces())

    assert len(got) < 3, "the last piece must not be handed out"


def test_a_lost_key_is_told_as_lost(company, case, stored):
    ((key_id,),) = rows(company, "SELECT key_id FROM cs_blob WHERE blob = :b", b=stored[0])
    company.house.keyring.destroy([key_id], {})

    with pytest.raises(Lost):
        company.engine.open_file(stored[0], company.actor("Ada"), plan=case.plan)


# Nobody came for it


def test_an_upload_that_nobody_claims_is_swept_after_a_day(company, case):
    upload = company.uploads("Ada", content(2 * chunks.SIZE))
    ((key,),) = rows(company, "SELECT key_id FROM cs_blob")
    company.clock.wait(hours=23)
    assert company.engine.sweep_uploads() == 0
    company.clock.wait(hours=1)
    attach(company, case, upload).refused(UnknownUpload)
    assert company.engine.sweep_uploads() == 1

    assert rows(company, "SELECT blob FROM cs_blob") == []
    assert rows(company, "SELECT blob FROM cs_chunk") == []
    assert key not in keys(company)


def test_opening_an_engine_sweeps_and_so_does_a_worker(company, open_again):
    company.uploads("Ada")
    company.clock.wait(days=1)
    house = open_again()
    assert rows(company, "SELECT blob FROM cs_blob") == []
    company.uploads("Ada")
    company.clock.wait(days=1)
    house.worker().turn()

    assert rows(company, "SELECT blob FROM cs_blob") == []


def test_what_is_claimed_stays_however_old(company, case):
    upload = company.uploads("Ada")
    attach(company, case, upload)
    company.clock.wait(days=3)

    assert company.engine.sweep_uploads() == 0
    assert of_result(company, case, upload)[1] == b"a quotation"


def test_an_upload_that_is_swept_while_it_comes_in_takes_no_more(company):
    with company.engine.upload(company.actor("Ada")) as arriving:
        arriving.write(content(2 * chunks.SIZE))
        company.clock.wait(days=1)
        assert company.engine.sweep_uploads() == 1
        with pytest.raises(UnknownUpload):
            arriving.write(content(2 * chunks.SIZE))

    assert rows(company, "SELECT blob FROM cs_chunk") == []


def test_a_sweep_that_crashed_after_the_keys_is_finished_by_the_next(company):
    upload = company.uploads("Ada")
    ((key,),) = rows(company, "SELECT key_id FROM cs_blob")
    change(company, "UPDATE cs_blob SET state = 'going' WHERE blob = :b", b=upload)
    company.house.keyring.destroy([key], {})

    assert company.engine.sweep_uploads() == 1
    assert rows(company, "SELECT blob FROM cs_blob") == []


def test_the_sweep_of_keys_leaves_those_of_uploads(company):
    company.uploads("Ada")
    ((key,),) = rows(company, "SELECT key_id FROM cs_blob")
    with company.house.database.reading() as tx:
        assert keys_in_use(tx, [key, "another"]) == {key}


UPLOADING = """
import json, sys
from datetime import datetime, timezone
from countersign import Actor, open_engine
from countersign.infrastructure.settings import Settings

told = json.loads(sys.argv[1])
engine = open_engine(
    told["url"],
    tenant=told["tenant"],
    settings=Settings(**told["settings"]),
    clock=lambda: datetime(2026, 3, 2, 9, tzinfo=timezone.utc),
)
arriving = engine.upload(Actor(told["person"]))
for _ in range(8):
    arriving.write(b"half of a long file " * 5000)
print("ready", flush=True)
sys.stdin.readline()
"""


def test_a_process_killed_in_the_middle_leaves_nothing_that_can_be_read(company, place, settings):
    told = {
        "url": place.url,
        "tenant": place.tenant,
        "person": company.person("Ada"),
        "settings": {
            "master_key": settings.master_key.get_secret_value(),
            "keyring_url": settings.keyring_url,
        },
    }
    with subprocess.Popen(
        [sys.executable, "-c", UPLOADING, json.dumps(told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGKILL)

    assert len(rows(company, "SELECT blob FROM cs_chunk")) == 3
    assert company.engine.uploads(company.actor("Ada")) == []
    company.clock.wait(days=1)
    assert company.engine.sweep_uploads() == 1
    assert rows(company, "SELECT blob FROM cs_chunk") == []
    assert rows(company, "SELECT blob FROM cs_blob") == []
