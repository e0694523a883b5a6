"""The keyring: keys are on the disk before they are used, and gone once destroyed."""

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import make_url

from countersign.infrastructure.batch import Batch, Unit
from countersign.infrastructure.database import open_database
from countersign.infrastructure.keyring import (
    DAY,
    HOUR,
    Keyring,
    KeyringUnavailable,
    WrongKeyring,
    ensure_database,
    keyring_url_for,
)
from countersign.infrastructure.master_key import (
    MasterKey,
    UnusableMasterKey,
    WrongMasterKey,
    make_key_file,
    new_key_text,
)
from countersign.infrastructure.recorder import recorder_for

MASTER = MasterKey(b"m" * 32)
ANOTHER = MasterKey(b"a" * 32)
NOON = 1_800_000_000_000_000
STREAM = "6f1f4b3e-6a43-4d43-9b55-1b9d6a0e2c11"


class Clock:
    def __init__(self):
        self.at = NOON

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ring(place, database, clock):
    """Opens keyrings at one place beside the database; each is another process to the others."""
    url = keyring_url_for(place.url) if database.dialect == "sqlite" else place.url
    with ExitStack() as opened:

        def open_ring(master=MASTER, **options):
            keyring = Keyring.open(url, master, tenant=place.tenant, clock=clock, **options)
            opened.callback(keyring.close)
            return keyring

        yield open_ring


def live_unit(database, unit, key):
    batch = Batch(recorded_at=NOON, units=(Unit(unit, STREAM, "plan", "ada", key),))
    recorder_for(database).commit(batch)


def shred(database, unit, certificate):
    recorder_for(database).commit(Batch(recorded_at=NOON, shredded=((unit, certificate),)))


def works(first, second):
    return second is not None and second.open("cell", first.seal("cell", b"text")) == b"text"


def test_a_key_is_committed_before_it_is_handed_out(ring):
    key = ring().mint()
    assert works(key, ring().key(key.id))


def test_no_two_units_get_the_same_key(ring):
    one, other = ring(stock=4), ring(stock=4)
    ids = [keyring.mint().id for keyring in (one, other) for _ in range(10)]
    assert len(set(ids)) == 20


def test_threads_share_a_stock_without_sharing_keys(ring):
    keyring = ring(stock=8)
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: keyring.mint().id, range(100)))
    assert len(set(ids)) == 100


def test_a_key_that_is_not_there_is_none(ring):
    assert ring().key("nobody's") is None


def test_keys_are_found_in_bulk_remembered_or_not(ring):
    minted = [ring().mint().id for _ in range(3)]
    reader = ring(remembered=2)
    reader.key(minted[0])
    assert set(reader.keys([*minted, "nobody's"])) == set(minted)


def test_many_that_start_at_once_make_one_keyring(ring):
    with ThreadPoolExecutor(8) as threads:
        keyrings = list(threads.map(lambda _: ring(), range(8)))
    assert len({keyring.id for keyring in keyrings}) == 1
    assert len({keyring.keyed("login", b"ada") for keyring in keyrings}) == 1


def test_another_master_refuses_to_start(ring):
    ring(MASTER)
    with pytest.raises(WrongMasterKey) as refused:
        ring(ANOTHER)
    assert MASTER.short in str(refused.value)
    assert ANOTHER.short in str(refused.value)


def test_a_database_refuses_another_keyring_than_its_own(ring):
    ring()
    with pytest.raises(WrongKeyring):
        ring(expected="the keyring it was born with")


def test_a_database_with_a_keyring_does_not_start_on_an_empty_place(ring):
    with pytest.raises(WrongKeyring):
        ring(expected="the keyring it was born with")
    assert ring(expected=ring().id)


def test_a_destroyed_key_is_gone_for_everybody(ring):
    one, other = ring(), ring()
    key = one.mint()
    one.destroy([key.id], {"unit": "certificate"})
    assert one.key(key.id) is None
    assert other.key(key.id) is None


def test_a_fence_tells_the_certificate_of_a_destroyed_unit(ring):
    ring().destroy([ring().mint().id], {"unit": "certificate"})
    assert ring().fenced(["unit", "another"]) == {"unit": "certificate"}


def test_destroying_twice_keeps_the_first_certificate(ring):
    keyring = ring()
    key = keyring.mint()
    keyring.destroy([key.id], {"unit": "first"})
    keyring.destroy([key.id], {"unit": "second"})
    assert keyring.fenced(["unit"]) == {"unit": "first"}


def test_a_process_forgets_a_destroyed_key_when_told_or_in_time(ring, clock):
    one, other = ring(), ring()
    told, idle = one.mint(), one.mint()
    other.keys([told.id, idle.id])
    one.destroy([told.id, idle.id], {})
    other.forget([told.id])
    assert other.key(told.id) is None
    clock.at += HOUR
    assert other.key(idle.id) is None


def test_a_destroyed_key_leaves_no_bytes_in_sqlites_files(tmp_path):
    url = f"sqlite:///{tmp_path}/x.keys.db"
    keyring = Keyring.open(url, MASTER, stock=1)
    key = keyring.mint()
    beside = open_database(url)
    with beside.reading() as tx:
        ((wrapped,),) = tx.all("SELECT wrapped FROM cs_key")
    assert any(wrapped in file.read_bytes() for file in tmp_path.iterdir())
    assert keyring.destroy([key.id], {"unit": "certificate"})
    assert not any(wrapped in file.read_bytes() for file in tmp_path.iterdir())
    beside.close()
    keyring.close()


def test_a_reader_in_the_way_of_scrubbing_is_told(tmp_path):
    url = f"sqlite:///{tmp_path}/x.keys.db"
    keyring = Keyring.open(url, MASTER, stock=1, lock_timeout_seconds=0.01)
    beside = open_database(url)
    key = keyring.mint()
    with beside.reading() as tx:
        tx.all("SELECT unit FROM cs_fence")
        assert not keyring.destroy([key.id], {"unit": "certificate"})
    assert keyring.scrub()
    beside.close()
    keyring.close()


def test_what_was_minted_and_never_used_is_swept_and_nothing_else(ring, clock):
    crashed = ring(stock=8)
    used, unused = crashed.mint(), crashed.mint()
    clock.at += 2 * DAY
    fresh = ring(stock=1).mint()
    swept = ring().sweep(lambda ids: {used.id}.intersection(ids), older_than_us=DAY)
    assert swept == 7
    keyring = ring()
    assert set(keyring.keys([used.id, unused.id, fresh.id])) == {used.id, fresh.id}


def test_a_key_on_its_way_to_its_unit_is_never_swept(ring):
    with pytest.raises(ValueError, match="on their way"):
        ring().sweep(lambda ids: set(), older_than_us=DAY - 1)


def test_an_old_stock_is_not_handed_out(ring, clock):
    keyring = ring(stock=8)
    keyring.mint()
    clock.at += 2 * DAY
    late = keyring.mint()
    ring().sweep(lambda ids: set(), older_than_us=DAY)
    assert works(late, ring().key(late.id))


def test_at_the_start_a_destroyed_unit_loses_the_key_that_a_crash_left_it(ring, database):
    keyring = ring()
    key = keyring.mint()
    live_unit(database, "unit", key.id)
    shred(database, "unit", "certificate")
    with database.reading() as tx:
        again = ring().reconcile(tx)
    assert again == ()
    assert ring().key(key.id) is None
    assert ring().fenced(["unit"]) == {"unit": "certificate"}


def test_a_restored_database_is_told_what_to_shred_again(ring, database):
    keyring = ring()
    key, kept = keyring.mint(), keyring.mint()
    live_unit(database, "unit", key.id)
    live_unit(database, "kept", kept.id)
    keyring.destroy([key.id], {"unit": "certificate", "unknown": "another"})
    with database.reading() as tx:
        assert ring().reconcile(tx) == (("unit", "certificate"),)
    assert ring().key(kept.id) is not None


def test_reconciling_goes_through_more_than_a_page(ring, database):
    keyring = ring()
    certificates = {f"unit-{number:04}": "certificate" for number in range(1500)}
    keyring.destroy([], certificates)
    live_unit(database, "unit-1499", "key")
    with database.reading() as tx:
        assert keyring.reconcile(tx) == (("unit-1499", "certificate"),)


def test_keyed_values_differ_by_purpose_and_not_by_process(ring):
    keyring = ring()
    assert keyring.keyed("login", b"ada") == ring().keyed("login", b"ada")
    assert keyring.keyed("login", b"ada") != keyring.keyed("email", b"ada")


def test_after_rewrapping_only_the_new_master_opens_the_same_keys(ring):
    keyring = ring()
    key, before = keyring.mint(), keyring.keyed("login", b"ada")
    keyring.rewrap(ANOTHER)
    with pytest.raises(WrongMasterKey):
        ring(MASTER)
    moved = ring(ANOTHER)
    assert works(key, moved.key(key.id))
    assert moved.keyed("login", b"ada") == before


def test_a_process_that_missed_the_rewrapping_can_neither_mint_nor_destroy(ring):
    late = ring(stock=1)
    ring().rewrap(ANOTHER)
    with pytest.raises(WrongMasterKey):
        late.mint()
    with pytest.raises(WrongMasterKey):
        late.destroy([], {"unit": "certificate"})


def test_a_keyring_in_memory_serves_a_journal_in_memory():
    assert keyring_url_for("sqlite://") == "sqlite://"
    keyring = Keyring.open("sqlite://", MASTER)
    key = keyring.mint()
    assert keyring.destroy([key.id], {"unit": "certificate"})
    assert keyring.key(key.id) is None
    keyring.close()


@pytest.mark.parametrize(
    ("database_url", "keyring_url"),
    [
        ("sqlite:///x.db", "sqlite:///x.keys.db"),
        ("sqlite:////var/lib/countersign", "sqlite:////var/lib/countersign.keys"),
        ("postgresql://ada:s%40crt@host/x?a=b", "postgresql://ada:s%40crt@host/x_keys?a=b"),
    ],
)
def test_the_keyring_stands_beside_its_database(database_url, keyring_url):
    assert keyring_url_for(database_url) == keyring_url


def test_tenants_have_keyrings_of_their_own(tmp_path):
    url = f"sqlite:///{tmp_path}/x.keys.db"
    ids = set()
    for tenant in (None, "north", "south"):
        keyring = Keyring.open(url, MASTER, tenant=tenant)
        ids.add(keyring.id)
        keyring.close()
    assert len(ids) == 3


def test_no_tenant_takes_the_name_of_the_keyrings_file(tmp_path):
    with pytest.raises(ValueError, match="keys"):
        Keyring.open(f"sqlite:///{tmp_path}/x.db", MASTER, tenant="keys")


def test_a_missing_database_is_made_once(postgres_url):
    name = f"keys_{secrets.token_hex(4)}"
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    assert ensure_database(url)
    assert not ensure_database(url)
    server = open_database(postgres_url)
    with server.autocommit() as tx:
        tx.run(f"DROP DATABASE {name}")
    server.close()


def test_a_file_needs_no_making():
    assert not ensure_database("sqlite:///anything.keys.db")


def test_a_database_that_cannot_be_made_names_the_setting():
    with pytest.raises(KeyringUnavailable, match="COUNTERSIGN_KEYRING_URL"):
        ensure_database("postgresql://nobody@127.0.0.1:1/x_keys")


def test_a_key_file_is_made_for_its_owner_alone(tmp_path):
    made, was_made = MasterKey.from_or_made_file(tmp_path / "master.key")
    again, was_made_again = MasterKey.from_or_made_file(tmp_path / "master.key")
    assert (was_made, was_made_again) == (True, False)
    assert made.fingerprint == again.fingerprint
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["master.key"]


def test_of_many_that_make_the_key_file_one_does(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: make_key_file(tmp_path / "master.key"), range(8)))
    assert sum(made) == 1


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize(("mode", "fits"), [(0o600, True), (0o640, True), (0o644, False)])
def test_a_key_file_open_to_strangers_is_refused(tmp_path, mode, fits):
    file = tmp_path / "master.key"
    make_key_file(file)
    file.chmod(mode)
    if fits:
        assert MasterKey.from_file(file).short
        return
    with pytest.raises(UnusableMasterKey, match="chmod 600"):
        MasterKey.from_file(file)


@pytest.mark.parametrize("text", ["", "too short", "ä" * 43, "!" * 43, "A" * 40])
def test_what_is_no_master_key_is_refused(text):
    with pytest.raises(UnusableMasterKey) as refused:
        MasterKey.from_text(text)
    assert text == "" or text not in str(refused.value)


def test_a_master_key_is_never_shown():
    text = new_key_text()
    master = MasterKey.from_text(f" {text}=\n")
    assert text not in repr(master)
    assert master.fingerprint == MasterKey.from_text(text).fingerprint
