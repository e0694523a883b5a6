"""The vault: text comes back exactly, or as the certificate under which it went."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countersign.domain.event import Event, Value
from countersign.domain.refusals import Disposed
from countersign.domain.sealed import Erased, Sealed
from countersign.infrastructure.batch import Appended, Batch, UnitGone
from countersign.infrastructure.keyring import DAY, Keyring, keyring_url_for
from countersign.infrastructure.master_key import MasterKey
from countersign.infrastructure.recorder import recorder_for
from countersign.infrastructure.vault import (
    Lost,
    Tampered,
    UnstorableText,
    Vault,
    bucket,
    keys_in_use,
    unit_id,
)

MASTER = MasterKey(b"m" * 32)
NOON = 1_800_000_000_000_000
PLAN = "6f1f4b3e-6a43-4d43-9b55-1b9d6a0e2c11"
NUMBERS = count(1)
STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


class Evidence(Value):
    title: Sealed
    pages: int = 1


class Tried(Event):
    name = "test.tried.v1"
    because: Sealed | None = None
    evidence: tuple[Evidence, ...] = ()


def because(text, **details):
    return Tried(because=Sealed.of(text, **details))


class Desk:
    """What the journal does with a vault: seal, append, and let go."""

    def __init__(self, database, keyring_url, tenant):
        self.database = database
        self.recorder = recorder_for(database)
        self.keyring_url = keyring_url
        self.tenant = tenant
        self.opened = []
        self.vault = self.another_process()

    def another_process(self, clock=lambda: NOON):
        keyring = Keyring.open(self.keyring_url, MASTER, tenant=self.tenant, clock=clock)
        self.opened.append(keyring)
        return Vault(keyring)

    def write(self, *events, vault=None, owner="ada", series="plan", event_id=None):
        """The events as one command writes them: sealed together, appended together."""
        vault = vault or self.vault
        with self.database.reading() as tx:
            sealer = vault.sealer(tx)
            sealings = [
                sealer.seal(
                    event_id=event_id or f"event-{next(NUMBERS)}",
                    stream=PLAN,
                    series=series,
                    owner=owner,
                    event=event,
                )
                for event in events
            ]
        outcome = self.commit(sealings)
        if isinstance(outcome, Appended):
            sealer.committed()
        return sealings, outcome

    def sealed(self, *events, **details):
        """The events as the journal keeps them."""
        sealings, outcome = self.write(*events, **details)
        assert isinstance(outcome, Appended)
        return [sealing.event for sealing in sealings]

    def commit(self, sealings):
        cells = tuple(cell for sealing in sealings for cell in sealing.cells)
        units = tuple(unit for sealing in sealings for unit in sealing.units)
        return self.recorder.commit(Batch(recorded_at=NOON, cells=cells, units=units))

    def shred(self, unit, certificate="certificate"):
        """The main database's half of a destruction."""
        self.recorder.commit(Batch(recorded_at=NOON, shredded=((unit, certificate),)))

    def dispose(self, unit, certificate="certificate"):
        key = self.one("SELECT key_id FROM cs_unit WHERE unit = :unit", unit=unit)
        self.shred(unit, certificate)
        self.vault.keyring.destroy([key], {unit: certificate})

    def open(self, *wanted, vault=None):
        with self.database.reading() as tx:
            opened = (vault or self.vault).open(tx, wanted)
        return [opened[sealed] for sealed in wanted]

    def one(self, sql, **params):
        with self.database.reading() as tx:
            return tx.one(sql, **params)[0]

    def run(self, sql, **params):
        with self.database.writing() as tx:
            return tx.run(sql, **params)


@pytest.fixture
def desk(place, database):
    in_file = database.dialect == "sqlite"
    desk = Desk(database, keyring_url_for(place.url) if in_file else place.url, place.tenant)
    yield desk
    for keyring in desk.opened:
        keyring.close()


UNIT = unit_id(PLAN, "plan", "ada")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=STORABLE, title=STORABLE)
def test_what_is_sealed_comes_back_exactly(desk, text, title):
    (event,) = desk.sealed(Tried(because=Sealed.of(text), evidence=(Evidence(title=_of(title)),)))
    assert desk.open(event.because, event.evidence[0].title) == [text, title]


def _of(text):
    return Sealed.of(text)


def test_another_process_opens_what_one_has_sealed(desk):
    (event,) = desk.sealed(because("sound"))
    assert desk.open(event.because, vault=desk.another_process()) == ["sound"]


def test_a_sealed_event_holds_references_and_otherwise_what_it_held(desk):
    evidence = Evidence(title=Sealed.of("a title"), pages=7)
    (event,) = desk.sealed(Tried(because=Sealed.of("sound"), evidence=(evidence,)))
    written = event.model_dump_json()
    assert "sound" not in written
    assert "a title" not in written
    assert event.evidence[0].pages == 7
    assert Tried.model_validate_json(written) == event


def test_an_event_without_text_is_left_as_it_is(desk):
    event = Tried()
    ((sealing,), _) = desk.write(event)
    assert sealing.event is event
    assert sealing.cells == ()
    assert sealing.units == ()


def test_a_reference_that_is_already_closed_stays(desk):
    (first,) = desk.sealed(because("sound"))
    (second,) = desk.sealed(Tried(because=first.because, evidence=(Evidence(title=_of("new")),)))
    assert second.because == first.because
    assert desk.open(second.because) == ["sound"]


def test_one_cell_holds_all_text_of_one_subject_in_an_event(desk):
    evidence = tuple(Evidence(title=Sealed.of(title)) for title in ("one", "two"))
    ((sealing,), _) = desk.write(Tried(because=Sealed.of("sound"), evidence=evidence))
    assert len(sealing.cells) == 1


def test_text_about_another_person_lives_in_a_unit_of_its_own(desk):
    about_bob = Evidence(title=Sealed.of("bob's", about="bob"))
    (event,) = desk.sealed(Tried(because=Sealed.of("ada's"), evidence=(about_bob,)))
    desk.dispose(unit_id(PLAN, "plan", "bob"))
    assert desk.open(event.because, event.evidence[0].title) == [
        "ada's",
        Erased(certificate="certificate"),
    ]


def test_a_copy_with_its_own_unit_outlives_the_original(desk):
    original, copy = desk.sealed(because("text"), because("text", unit="record copy 1"))
    desk.dispose(UNIT)
    erased = Erased(certificate="certificate")
    assert desk.open(original.because, copy.because) == [erased, "text"]


def test_events_of_one_command_share_the_key_of_a_new_unit(desk):
    sealings, _ = desk.write(because("one"), because("two"))
    assert [len(sealing.units) for sealing in sealings] == [1, 0]
    assert desk.open(*(sealing.event.because for sealing in sealings)) == ["one", "two"]


def test_a_unit_lives_by_one_key_whichever_process_seals(desk):
    desk.write(because("one"))
    (event,) = desk.sealed(because("two"), vault=desk.another_process())
    assert desk.one("SELECT count(*) FROM cs_unit") == 1
    assert desk.open(event.because) == ["two"]


def test_of_two_that_make_a_unit_at_once_the_second_is_told_and_may_repeat(desk):
    late = desk.another_process()
    with desk.database.reading() as tx:
        sealing = late.sealer(tx).seal(
            event_id="late", stream=PLAN, series="plan", owner="ada", event=because("late")
        )
    desk.write(because("early"))
    assert desk.commit([sealing]) == UnitGone(UNIT)
    (event,) = desk.sealed(because("late"), vault=late)
    assert desk.open(event.because) == ["late"]


def test_what_was_not_committed_is_not_remembered(desk):
    with desk.database.reading() as tx:
        desk.vault.sealer(tx).seal(
            event_id="lost", stream=PLAN, series="plan", owner="ada", event=because("lost")
        )
    desk.write(because("early"), vault=desk.another_process())
    (event,) = desk.sealed(because("late"))
    assert desk.open(event.because) == ["late"]


def test_equal_text_has_another_commitment_in_another_event_or_field(desk):
    twice = Tried(because=Sealed.of("sound"), evidence=(Evidence(title=Sealed.of("sound")),))
    events = desk.sealed(twice, twice)
    commitments = {
        sealed.commitment for event in events for sealed in (event.because, event.evidence[0].title)
    }
    assert len(commitments) == 4


def test_a_field_and_its_text_are_not_confused(desk):
    """Lengths are part of what is committed to: moving a letter across is another commitment."""
    key = desk.vault.keyring.mint()
    assert key.commitment((b"event", b"field", b"text")) != key.commitment(
        (b"event", b"fieldt", b"ext")
    )


@given(st.integers(1, 1_000_000))
def test_a_bucket_holds_its_text_and_there_are_few_buckets(length):
    assert bucket(length) >= length
    assert bucket(length) in (256, 512, 1024, 2048) or bucket(length) % 4096 == 0


def test_short_texts_have_the_same_size(desk):
    sealings, _ = desk.write(because("no"), because("yes, and for many good reasons" * 3))
    assert len({len(sealing.cells[0].sealed) for sealing in sealings}) == 1


@pytest.mark.parametrize("text", ["nul\0", "lone \ud800 surrogate"])
def test_text_that_cannot_be_kept_is_refused_before_anything_is_made(desk, text):
    with pytest.raises(UnstorableText) as refused:
        desk.write(Tried(evidence=(Evidence(title=Sealed.of("fine")), Evidence(title=_of(text)))))
    assert "evidence.1.title" in refused.value.sentence
    assert text not in refused.value.sentence


def test_a_disposed_cell_reads_as_its_certificate(desk):
    (event,) = desk.sealed(because("sound"))
    desk.dispose(UNIT, "certificate 7")
    assert desk.open(event.because) == [Erased(certificate="certificate 7")]
    assert desk.open(event.because, vault=desk.another_process()) == [
        Erased(certificate="certificate 7")
    ]


def test_a_disposed_cell_leaves_a_row_and_no_bytes(desk):
    desk.write(because("sound"))
    desk.dispose(UNIT)
    assert desk.one("SELECT sealed FROM cs_cell") is None


def test_a_crash_between_the_two_halves_reads_as_erased_already(desk):
    (event,) = desk.sealed(because("sound"))
    desk.shred(UNIT)
    assert desk.open(event.because) == [Erased(certificate="certificate")]


def test_a_disposed_unit_gets_nothing_new(desk):
    desk.write(because("sound"))
    desk.dispose(UNIT)
    with pytest.raises(Disposed):
        desk.write(because("more"), vault=desk.another_process())


def test_who_still_thinks_a_unit_alive_is_told_by_the_append(desk):
    late = desk.another_process()
    desk.write(because("sound"), vault=late)
    desk.shred(UNIT)
    _, outcome = desk.write(because("more"), vault=late)
    assert outcome == UnitGone(UNIT)
    late.forget([UNIT])
    with pytest.raises(Disposed):
        desk.write(because("more"), vault=late)


def test_an_older_database_cannot_bring_a_disposed_unit_back(desk):
    (event,) = desk.sealed(because("sound"))
    backup = desk.one("SELECT sealed FROM cs_cell")
    desk.dispose(UNIT)
    desk.run("UPDATE cs_unit SET state = 'live', certificate = NULL")
    desk.run("UPDATE cs_cell SET sealed = :backup", backup=backup)

    restored = desk.another_process()
    with desk.database.reading() as tx:
        assert restored.keyring.reconcile(tx) == ((UNIT, "certificate"),)
    assert desk.open(event.because, vault=restored) == [Erased(certificate="certificate")]
    with pytest.raises(Disposed):
        desk.write(because("more"), vault=restored)


def test_a_database_older_than_the_unit_itself_cannot_make_it_anew(desk):
    desk.vault.keyring.destroy([], {UNIT: "certificate"})
    with pytest.raises(Disposed, match="certificate"):
        desk.write(because("sound"))


def test_a_cell_that_is_gone_without_certificate_is_lost(desk):
    (event,) = desk.sealed(because("sound"))
    desk.run("DELETE FROM cs_cell")
    with pytest.raises(Lost, match=event.because.cell):
        desk.open(event.because)


def test_a_key_that_is_gone_without_certificate_is_lost(desk):
    (event,) = desk.sealed(because("sound"))
    key = desk.one("SELECT key_id FROM cs_unit")
    desk.vault.keyring.destroy([key], {})
    with pytest.raises(Lost):
        desk.open(event.because)
    with pytest.raises(Lost, match="restore the keyring"):
        desk.write(because("more"))


def test_a_refused_event_leaves_its_units_to_the_next(desk):
    desk.write(because("bob's"), owner="bob")
    desk.dispose(unit_id(PLAN, "plan", "bob"))
    mixed = Tried(because=_of("x"), evidence=(Evidence(title=Sealed.of("y", about="bob")),))
    with desk.database.reading() as tx:
        sealer = desk.vault.sealer(tx)
        here = {"event_id": "event", "stream": PLAN, "series": "plan", "owner": "ada"}
        with pytest.raises(Disposed):
            sealer.seal(event=mixed, **here)
        assert [unit.subject for unit in sealer.seal(event=because("x"), **here).units] == ["ada"]


def test_swapped_cells_are_tampered_with(desk):
    one, two = desk.sealed(because("one"), because("two"))
    other = {"one": one.because.cell, "two": two.because.cell}
    bytes_of_two = desk.one("SELECT sealed FROM cs_cell WHERE cell = :cell", cell=other["two"])
    desk.run(
        "UPDATE cs_cell SET sealed = :sealed WHERE cell = :cell",
        sealed=bytes_of_two,
        cell=other["one"],
    )
    with pytest.raises(Tampered, match=one.because.cell):
        desk.open(one.because)


def test_a_swapped_key_is_tampered_with(desk):
    (event,) = desk.sealed(because("sound"))
    desk.run("UPDATE cs_unit SET key_id = :key", key=desk.vault.keyring.mint().id)
    with pytest.raises(Tampered):
        desk.open(event.because)


@pytest.mark.parametrize("opened_before", [False, True])
def test_text_forged_with_the_right_key_is_tampered_with(desk, opened_before):
    (event,) = desk.sealed(because("sound"), event_id="event")
    if opened_before:
        assert desk.open(event.because) == ["sound"]
    key = desk.vault.keyring.key(desk.one("SELECT key_id FROM cs_unit"))
    forged = key.seal(event.because.cell, b'["event",[["because","unsound"]]]')
    desk.run("UPDATE cs_cell SET sealed = :forged", forged=forged)
    with pytest.raises(Tampered) as told:
        desk.open(event.because)
    assert "sound" not in str(told.value)


def test_an_unknown_algorithm_is_not_taken_on_trust(desk):
    (event,) = desk.sealed(because("sound"))
    with pytest.raises(Tampered):
        desk.open(event.because.model_copy(update={"alg": "none"}))


def test_who_asks_for_all_learns_of_each_for_itself(desk):
    good, lost = desk.sealed(because("good"), because("lost"))
    desk.run("DELETE FROM cs_cell WHERE cell = :cell", cell=lost.because.cell)
    with desk.database.reading() as tx:
        told = desk.vault.examine(tx, (good.because, lost.because))
    assert told[good.because] == "good"
    assert isinstance(told[lost.because], Lost)


def test_text_that_was_never_sealed_is_its_own_answer(desk):
    assert desk.open(Sealed.of("not yet")) == ["not yet"]


def test_a_page_larger_than_a_query_opens(desk):
    events = desk.sealed(*(because(f"text {number}") for number in range(1100)))
    assert desk.open(*(event.because for event in events))[-1] == "text 1099"


def test_text_is_compared_without_being_kept(desk):
    (event,) = desk.sealed(because("sound"))
    with desk.database.reading() as tx:
        assert desk.vault.same(tx, event.because, "sound")
        assert not desk.vault.same(tx, event.because, "unsound")
    desk.dispose(UNIT)
    with desk.database.reading() as tx:
        assert not desk.vault.same(tx, event.because, "sound")


def test_a_sweep_spares_every_key_that_a_unit_lives_by(desk):
    (event,) = desk.sealed(because("sound"))
    later = desk.another_process(clock=lambda: NOON + 2 * DAY)
    with desk.database.reading() as tx:
        swept = later.keyring.sweep(lambda ids: keys_in_use(tx, ids), older_than_us=DAY)
    assert swept == 63
    assert desk.open(event.because, vault=desk.another_process()) == ["sound"]
