"""Troubles: what can be foreseen is told in a sentence, and only that."""

import sqlite3

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from countersign.infrastructure import assembly
from countersign.infrastructure.database import LockTimeout
from countersign.infrastructure.master_key import WrongMasterKey
from countersign.infrastructure.migrate import NewerDatabase, upgrade
from countersign.infrastructure.troubles import explained


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (ModuleNotFoundError("no", name="psycopg"), "pip install 'countersign[postgres]'"),
        (sqlite3.DatabaseError("file is not a database"), "file is not a database"),
        (FileNotFoundError(2, "No such file or directory", "x.csv"), "x.csv: No such file"),
        (LockTimeout("Another writer holds it."), "Another writer"),
        (WrongMasterKey("Another key."), "Another key."),
    ],
)
def test_what_can_be_foreseen_is_told(trouble, says):
    assert says in (explained(trouble) or "")


def test_no_address_is_told_as_such():
    with pytest.raises(ArgumentError) as raised:
        make_url("nothing like it")

    assert "sqlite:///file.db" in (explained(raised.value) or "")


@pytest.mark.parametrize(
    "bug", [KeyError("x"), ValueError("x"), ModuleNotFoundError("x", name="y")]
)
def test_what_nobody_foresaw_is_not_hidden(bug):
    assert explained(bug) is None


def test_a_database_of_a_later_version_is_left_alone(database):
    with database.writing() as tx:
        tx.run("UPDATE cs_alembic SET version_num = '9999'")

    with pytest.raises(NewerDatabase, match="9999"):
        upgrade(database)


def test_looking_for_a_database_makes_none(tmp_path):
    assert not assembly.is_there(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_not_shown():
    assert "secret" not in assembly.shown_url("postgresql://me:secret@host/x")
