"""Identity: equal spellings are one identity, and nobody can guess whose without the keyring."""

import pytest

from countersign.infrastructure.batch import Batch
from countersign.infrastructure.identity import Identities, NoIdentity, oidc
from countersign.infrastructure.keyring import Keyring
from countersign.infrastructure.master_key import MasterKey
from countersign.infrastructure.recorder import recorder_for

NOON = 1_800_000_000_000_000


@pytest.fixture
def identities():
    keyring = Keyring.open("sqlite://", MasterKey(b"m" * 32))
    yield Identities(keyring)
    keyring.close()


@pytest.fixture
def note(database, identities):
    def note(person, *named):
        rows = tuple(identities.belongs(kind, value, person) for kind, value in named)
        recorder_for(database).commit(Batch(recorded_at=NOON, identities=rows))

    return note


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", " Ada@Example.org ", "ada@example.org"),
        ("email", "stra\u00dfe@example.org", "STRASSE@example.org"),
        ("login", "ADA", "ada"),
        ("login", "Zoe\u0308", "zo\u00eb"),
        ("number", " 0042", "0042"),
    ],
)
def test_spellings_that_mean_the_same_are_one_identity(identities, kind, one, other):
    assert identities.hashed(kind, one) == identities.hashed(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [("number", "42", "0042"), ("number", "a1", "A1"), ("oidc", "a", "A")],
)
def test_spellings_that_mean_different_things_stay_apart(identities, kind, one, other):
    assert identities.hashed(kind, one) != identities.hashed(kind, other)


def test_the_same_words_of_another_kind_are_another_identity(identities):
    assert identities.hashed("login", "ada") != identities.hashed("email", "ada")


def test_another_keyring_hashes_differently(identities):
    keyring = Keyring.open("sqlite://", MasterKey(b"m" * 32))
    assert Identities(keyring).hashed("login", "ada") != identities.hashed("login", "ada")
    keyring.close()


def test_an_issuer_and_its_subject_are_not_confused_with_another_pair():
    assert oidc("https://a", "bc") != oidc("https://ab", "c")


@pytest.mark.parametrize("value", ["", "  \t"])
def test_nothing_identifies_nobody(identities, value):
    with pytest.raises(NoIdentity):
        identities.hashed("email", value)
    with pytest.raises(NoIdentity):
        oidc("https://issuer", "")


def test_a_person_is_found_by_what_was_noted(database, identities, note):
    note("person-1", ("login", "ada"), ("email", "ada@example.org"))
    with database.reading() as tx:
        assert identities.find(tx, "email", "ADA@example.org") == "person-1"
        assert identities.find(tx, "login", "bob") is None


def test_many_are_found_at_once_by_what_was_asked(database, identities, note):
    note("person-1", ("login", "ada"))
    note("person-2", ("number", "42"))
    with database.reading() as tx:
        found = identities.find_many(tx, [("login", "ADA"), ("number", "42"), ("login", "bob")])
    assert found == {("login", "ADA"): "person-1", ("number", "42"): "person-2"}


def test_what_is_given_up_is_nobodys(database, identities, note):
    note("person-1", ("login", "ada"))
    note(None, ("login", "ada"))
    with database.reading() as tx:
        assert identities.find(tx, "login", "ada") is None
