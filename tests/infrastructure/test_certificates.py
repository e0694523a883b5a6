"""Certificates: signed canonically, verified by strangers, and kept as files written whole."""

import json
from datetime import date
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from countersign.domain.disposal import (
    Certificate,
    Done,
    Entry,
    Fate,
    Residue,
    RunKind,
    Store,
    Transfer,
)
from countersign.domain.event import RecordClass
from countersign.domain.items import Item, ItemKind
from countersign.domain.retention import Because, Evaluation, Reason, RetentionOutcome
from countersign.domain.schedule import Action, Confirm, Group
from countersign.infrastructure import codec
from countersign.infrastructure.certificates import CertificateFolder, Signed, Signer
from countersign.infrastructure.keyring import Keyring
from countersign.infrastructure.master_key import MasterKey, new_key_text

DAY = date(2028, 4, 3)
ONE = "0f5b1c2e-6a53-4a0e-9f63-3d6f0c6f5a11"
TWO = "b3b0c9c4-58a3-4e0f-8a55-0f9d1c1d7e42"

ITEM = Item(
    item=ONE,
    kind=ItemKind.REFERENCE,
    record_class=RecordClass.REFERENCE_MATERIAL,
    group=Group.READING,
    stream=ONE,
    owner=TWO,
)
EVALUATION = Evaluation(
    outcome=RetentionOutcome.OVERDUE,
    reasons=(Reason(code=Because.MAXIMUM_OVER, series="RM-READ", on=DAY),),
    schedule=1,
    evaluated_on=DAY,
    due=DAY,
    action=Action.DESTROY,
    confirm=Confirm.AUTOMATIC,
)


def certificate(**more: Any) -> Certificate:
    said: dict[str, Any] = {
        "certificate": ONE,
        "run": TWO,
        "kind": RunKind.SWEEP,
        "schedule": 1,
        "drafted_by": "engine",
        "approved_by": (TWO,),
        "drafted_on": DAY,
        "evaluated_on": DAY,
        "completed_on": DAY,
        "fingerprint": "ab" * 32,
        "entries": (Entry(item=ITEM, evaluation=EVALUATION),),
        "done": (Done(item=ONE, fate=Fate.DESTROYED, evaluation=EVALUATION, on=DAY),),
        "residues": (Residue(store=Store.CELLS, clean=True),),
        "transfer": Transfer(digest="ab" * 64, items=1, octets=2**53 - 1),
    }
    return Certificate(**(said | more))


@pytest.fixture
def master():
    return MasterKey.from_text(new_key_text())


@pytest.fixture
def keyring(master, tmp_path):
    keyring = Keyring.open(f"sqlite:///{tmp_path}/keys.db", master)
    yield keyring
    keyring.close()


def signed(keyring, what):
    signer = Signer(keyring)
    document = what.model_dump(mode="json")
    return Signed(document, signer.sign(what), signer.key, signer.public_key.hex())


@given(
    series=st.text(max_size=20).filter(
        lambda text: not any("\ud800" <= c <= "\udfff" for c in text)
    ),
    octets=st.integers(min_value=0, max_value=2**53 - 1),
    drafted_by=st.uuids().map(str),
)
def test_what_is_signed_is_canonical_json(series, octets, drafted_by):
    reason = Reason(code=Because.NO_SERIES, series=series)
    found = EVALUATION.model_copy(update={"reasons": (reason,), "series": (series,)})
    done = Done(item=ONE, fate=Fate.SPARED, evaluation=found, octets=octets, on=DAY)
    document = certificate(done=(done,), drafted_by=drafted_by).model_dump(mode="json")

    assert codec.canonical(document) == rfc8785.dumps(document)


def test_another_master_key_leaves_the_signing_key(keyring, tmp_path):
    before = Signer(keyring).public_key
    other = MasterKey.from_text(new_key_text())

    keyring.rewrap(other)

    again = Keyring.open(f"sqlite:///{tmp_path}/keys.db", other, expected=keyring.id)
    assert Signer(again).public_key == Signer(keyring).public_key == before
    again.close()


def test_another_installation_has_another_key(keyring, tmp_path):
    other = Keyring.open(f"sqlite:///{tmp_path}/other.db", MasterKey.from_text(new_key_text()))

    assert Signer(other).public_key != Signer(keyring).public_key
    assert Signer(other).key != Signer(keyring).key
    other.close()


def test_what_was_put_is_read_as_it_was(keyring, tmp_path):
    folder = CertificateFolder(tmp_path / "certificates")
    assert folder.ids() == set()

    one = signed(keyring, certificate())
    folder.put(one)
    folder.put(one)

    assert folder.ids() == {ONE}
    (read,) = folder.read({ONE}, Signer(keyring).public_key)
    assert read == one
    assert read.certificate == certificate()


def test_a_file_says_everything_that_a_stranger_needs(keyring, tmp_path):
    folder = CertificateFolder(tmp_path / "certificates")
    folder.put(signed(keyring, certificate()))

    (file,) = folder.path.iterdir()

    assert file.name == f"{ONE}.json"
    assert set(json.loads(file.read_text())) == {"certificate", "signature", "key", "public_key"}
    assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("residues", "exceptions"),
    [
        ((Residue(store=Store.CELLS, clean=True),), False),
        ((Residue(store=Store.CELLS, clean=False, left=1),), True),
        ((Residue(store=Store.BACKUPS, clean=False),), True),
        ((Residue(store=Store.BACKUPS, clean=False, until=DAY),), False),
        ((Residue(store=Store.TRANSFERRED, clean=False, left=3),), False),
    ],
)
def test_what_goes_by_itself_on_a_known_day_is_no_exception(residues, exceptions):
    assert certificate(residues=residues).with_exceptions is exceptions
