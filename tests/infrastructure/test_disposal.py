"""Disposals: what goes is gone from every place, in one transaction with what says so."""

from contextlib import suppress

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.aggregates import REFERENCE
from countersign.application.desk import THE_ENGINE
from countersign.application.envelope import ENGINE, Envelope
from countersign.application.ports import Decided, Moved, Write
from countersign.domain.disposal import Fate, Residue, Store
from countersign.domain.items import ItemKind
from countersign.domain.reference import DisposalNoticed, ItemKept, Medium
from countersign.domain.refusals import Disposed, UnknownItem, UnknownPerson
from countersign.domain.sealed import Sealed
from countersign.infrastructure.assembly import verify_certificate
from countersign.infrastructure.batch import Batch, Row

SEALED = (Store.CELLS, Store.KEYS, Store.JOURNAL, Store.PROJECTIONS, Store.IDENTITIES)


def appending(house, stream, event):
    """An append that goes round every desk, as a process with an older look would."""
    with house.journal.session() as session:
        version, _ = session.recall(REFERENCE, stream)
        envelope = Envelope(
            actor=ENGINE, role=ENGINE, via=ENGINE, command=stream, occurred=house.engine.now()
        )
        write = Write(stream, REFERENCE, (event,), ENGINE, None)
        yield version
        session.append(Decided(writes=(write,), basis=((stream, version),), envelope=envelope))


def noticed(house):
    today = house.engine.now().date()
    return DisposalNoticed(goes_from=today, on=today)


def swept(records):
    """An item that its owner kept, was told of, and that the sweep has taken."""
    item = records.kept()
    records.in_years()
    records.company.engine.fire_due()
    records.company.clock.wait(days=40)
    records.company.engine.fire_due()
    return item


def test_a_disposed_case_leaves_nothing_but_its_residue(company, records):
    case = records.closed_case()
    streams = (case.plan, case.result)
    units = records.units(*streams)
    assert set(units.values()) == {"live"}
    assert records.keys(units)

    records.in_years()
    issued = records.disposed_case(case)

    assert set(records.units(*streams).values()) == {"destroyed"}
    assert records.keys(units) == set()
    assert records.told(case.plan) == records.told(case.result) == []
    assert {each.residue for each in issued.certificate.done if each.residue} == {streams}
    with company.house.database.reading() as tx:
        assert company.house.recorder.states(tx, list(streams)) == {}
        assert tx.all(
            "SELECT 1 FROM cs_event WHERE certificate = :c", c=issued.certificate.certificate
        )
    records.all_as_rebuilt()


def test_a_file_goes_with_its_case_and_the_register_has_it_among_what_may_go(company, records):
    case = company.case("Ada", "noted")
    upload = company.uploads("Ada")
    case.does(c.AttachFile(result=case.result, upload=upload, name="leads.txt"))
    case.does(c.AbandonPlan(plan=case.plan))
    records.in_years()
    due = company.ask("Rob", q.Register(may_go=True))
    refs = [c.ItemRef(kind=each.kind, item=each.item, stream=each.stream) for each in due]

    certificate = records.disposed(records.drafted(*refs)).certificate

    assert {each.item for each in certificate.done} == {case.plan, case.result, upload}
    assert {each.residue for each in certificate.done if each.residue} == {(case.plan, case.result)}
    with company.house.database.reading() as tx:
        assert tx.all("SELECT place FROM cs_chunk") == []
    records.all_as_rebuilt()


def test_the_certificate_tells_what_was_looked_for_and_found(records):
    case = records.closed_case()
    records.in_years()

    residues = {each.store: each for each in records.disposed_case(case).certificate.residues}

    assert {
        store: (residues[store].clean, residues[store].left) for store in SEALED
    } == dict.fromkeys(SEALED, (True, 0))
    assert all(residues[store].looked_at for store in SEALED if store is not Store.IDENTITIES)
    assert residues[Store.BACKUPS] == Residue(store=Store.BACKUPS, clean=False)


def test_the_horizon_of_backups_is_stated(settings, company, records, records_of, also):
    case = records.closed_case()
    records.in_years()
    run = records.drafted(*records.refs(case))
    twin = also(company, settings=settings.model_copy(update={"backup_days": 35}))

    certificate = records_of(twin).disposed(run).certificate

    (backups,) = (each for each in certificate.residues if each.store is Store.BACKUPS)
    assert (backups.until - company.clock.today).days == 35
    assert not backups.clean
    assert not certificate.with_exceptions


def test_swept_reading_shrinks_and_its_row_is_gone(company, records):
    item = swept(records)

    assert records.told(item) == []
    assert company.when("Ada", c.DiscardItem(item=item)).said.__class__ is UnknownItem
    assert company.ask("Ada", q.ReadingList(person=company.person("Ada"))) == []
    records.all_as_rebuilt()


def test_an_erased_person_is_found_by_nothing(company, records):
    ada = company.person("Ada")
    company.leaves("Ada")
    records.in_years()

    certificate = records.disposed(records.erasure("Ada")).certificate

    assert {each.item: each.fate for each in certificate.done}[ada] is Fate.DESTROYED
    with pytest.raises(UnknownPerson):
        company.ask("engine", q.WhoIs(known_as="Ada"))
    with company.house.database.reading() as tx:
        assert tx.all("SELECT 1 FROM cs_identity WHERE person = :ada", ada=ada) == []
    records.all_as_rebuilt()


def test_nothing_is_added_to_a_stream_that_has_shrunk(company, records):
    item = swept(records)
    appends = appending(company.house, item, kept_again(company))

    assert next(appends) == 0
    with pytest.raises(Disposed):
        next(appends)


def kept_again(company):
    return ItemKept(
        owner=company.person("Ada"),
        medium=Medium.TIP,
        title=Sealed.of("once more"),
        kept_on=company.clock.today,
    )


def test_the_database_itself_refuses_a_first_event_of_what_is_gone(company, records):
    """Whoever does not know of residues, such as an older version, could not have looked."""
    item = swept(records)
    row = Row(item, 1, "reference.kept.v1", b"{}")

    with pytest.raises(Exception, match="shrunk to its residue"):
        company.house.recorder.commit(Batch(recorded_at=0, rows=(row,)))


def test_what_was_read_before_it_shrank_is_not_added_to_afterwards(company, records, also):
    item, twin = records.kept(), also(company)
    records.in_years()
    company.engine.fire_due()
    company.clock.wait(days=40)
    if company.house.database.dialect == "sqlite":
        return assert_sqlite_writers_take_turns(company, twin, item)
    slow = appending(twin.house, item, noticed(company.house))
    assert next(slow) == 2

    company.engine.fire_due()

    with pytest.raises(Moved):
        next(slow)
    return None


def assert_sqlite_writers_take_turns(company, twin, item):
    """There whoever reads to write holds the lock: nobody can sweep meanwhile."""
    slow = appending(twin.house, item, noticed(company.house))
    next(slow)
    with pytest.raises(Exception, match="holds the database"):
        company.engine.fire_due()
    with suppress(StopIteration):
        next(slow)


def test_another_process_forgets_the_state_that_it_remembers(company, records, also):
    item = records.kept()
    twin = also(company)
    with twin.house.journal.session() as session:
        assert session.recall(REFERENCE, item)[1].owner
    records.in_years()
    company.engine.fire_due()
    company.clock.wait(days=40)
    company.engine.fire_due()

    with twin.house.journal.session() as session:
        assert session.recall(REFERENCE, item) == (0, REFERENCE.initial)


def test_a_fence_keeps_a_destroyed_key_from_being_minted_anew(company, records):
    case = records.closed_case()
    records.in_years()
    issued = records.disposed_case(case)
    units = [unit for each in issued.certificate.done for unit in each.units]

    fenced = company.house.keyring.fenced([*units, f"stream:{case.plan}"])

    assert fenced == dict.fromkeys([*units, f"stream:{case.plan}"], issued.certificate.certificate)


def test_a_receipt_holds_only_a_keyed_digest(company, records):
    records.kept(title="an unmistakable title")

    with company.house.database.reading() as tx:
        digests = [digest for (digest,) in tx.all("SELECT digest FROM cs_receipt")]

    assert {len(digest) for digest in digests} == {32}


def test_a_certificate_is_signed_and_a_change_is_seen(company, records):
    case = records.closed_case()
    records.in_years()
    issued = records.disposed_case(case)
    document = issued.certificate.model_dump(mode="json")
    public = company.house.public_key()

    assert verify_certificate(document, issued.signature, public)
    assert not verify_certificate({**document, "schedule": 9}, issued.signature, public)
    assert not verify_certificate(document, issued.signature, "00" * 32)
    assert not verify_certificate(document, "no signature", public)


def test_a_host_that_disposes_in_its_own_transaction_loses_the_keys_when_it_settles(
    company, records
):
    item = records.kept()
    records.in_years()
    units = records.units(item)
    with company.house.database.engine.connect() as connection:
        begin(connection, company.house.database.dialect)
        discard = c.DiscardItem(item=item)
        receipt = company.does("Ada", discard, connection=connection)
        commit(connection, company.house.database.dialect)
    assert records.keys(units)

    company.engine.settle(receipt)

    assert records.keys(units) == set()


def begin(connection, dialect):
    connection.begin()
    if dialect == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def commit(connection, dialect):
    connection.exec_driver_sql("COMMIT")


def test_the_engine_goes_by_itself_from_the_notice_to_the_certificate(company, records):
    swept(records)

    assert company.events()[-3:] == [
        "disposal.drafted",
        "disposal.item_destroyed",
        "disposal.certificate_issued",
    ]
    assert company.when(THE_ENGINE.person, c.SweepReading(items=(ref(ItemKind.REFERENCE),)))


def ref(kind):
    item = "5e9d4c1a-8d0a-4b57-9a55-6d3c0c2f7f10"
    return c.ItemRef(kind=kind, item=item, stream=item)
