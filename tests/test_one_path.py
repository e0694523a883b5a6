"""One code path destroys: whatever deletes, empties or shrinks stands in the few places named here.

The check reads the code: SQL in strings and files, and calls by name. A planted violation shows
that it sees.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("domain", "application", "infrastructure", "interfaces")

KEPT = r"cs_(?:cell|unit|key|fence|event|identity|gone|chunk|blob|access|p\d*_\w+)"
TABLE = rf"(?:\"?\$?\w+\"?\.)?(?:{KEPT}|\{{[^}}]*\}})"
SAID = re.IGNORECASE | re.DOTALL
DESTROYING = {
    "delete": re.compile(rf"\bDELETE\s+FROM\s+{TABLE}", SAID),
    "empty": re.compile(rf"\bUPDATE\s+{TABLE}(?=\s).*?=\s*NULL", SAID),
    "mark destroyed": re.compile(r"\bUPDATE\s+(?:\$?\w+\.)?cs_unit\b.*?'destroyed'", SAID),
    "truncate": re.compile(r"(?<!BEFORE )\bTRUNCATE\s+(?:TABLE\s+)?\w+", SAID),
    "drop": re.compile(r"\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?[\w{}.]+", SAID),
    "vacuum": re.compile(r"\bVACUUM\s+\S"),
}

STATEMENTS = {
    ("infrastructure/recorder_sqlite.py", "empty"): "cells, in the append that records it",
    ("infrastructure/recorder_sqlite.py", "mark destroyed"): "units, in the same",
    ("infrastructure/recorder_sqlite.py", "delete"): "identities that somebody gives up",
    ("infrastructure/migrations/sql/append_v1.sql", "empty"): "the same on PostgreSQL",
    ("infrastructure/migrations/sql/append_v2.sql", "empty"): "the same with files",
    ("infrastructure/migrations/sql/append_v1.sql", "mark destroyed"): "the same on PostgreSQL",
    ("infrastructure/migrations/sql/append_v2.sql", "mark destroyed"): "the same with files",
    ("infrastructure/migrations/sql/append_v1.sql", "delete"): "the same on PostgreSQL",
    ("infrastructure/migrations/sql/append_v2.sql", "delete"): "the same with files",
    ("infrastructure/blobs.py", "delete"): "uploads that no event ever spoke of",
    ("infrastructure/recorder.py", "empty"): "rows that shrink",
    ("infrastructure/keyring.py", "delete"): "keys",
    ("infrastructure/keyring.py", "vacuum"): "keys",
    ("infrastructure/disposer.py", "delete"): "identities of who is forgotten",
    ("infrastructure/disposer.py", "empty"): "what is said of a file that went",
    ("infrastructure/scrubbing.py", "vacuum"): "dead rows",
    ("infrastructure/log_months.py", "delete"): "months of the access log",
    ("infrastructure/projector/purging.py", "delete"): "rows of copies",
    ("infrastructure/projector/copies.py", "drop"): "a copy as a whole; it can be built anew",
    ("infrastructure/projector/copies.py", "delete"): "what is known of such a copy",
    ("infrastructure/projections/intervals.py", "drop"): "a copy's table",
    ("infrastructure/migrations/versions/0002_projections.py", "drop"): "tables of before",
    ("infrastructure/migrations/versions/0002_projections.py", "delete"): "their places",
}

CALLS = {
    "shrink": {"infrastructure/disposer.py"},
    "purge": {"infrastructure/disposer.py"},
    "dispose": {"infrastructure/disposer.py"},
    "within": {"infrastructure/journal.py"},
    "afterwards": {
        "infrastructure/journal.py",
        "infrastructure/disposer.py",
        "infrastructure/restoring.py",
    },
    "destroy": {
        "infrastructure/disposer.py",
        "infrastructure/keyring.py",
        "infrastructure/blobs.py",  # of uploads that no event ever spoke of
    },
}
"""Who may call what destroys; whose method it is is told from what it is called on."""

OF = {
    "destroy": re.compile(r"keyring|self$"),
    "within": re.compile(r"disposer$"),
    "dispose": re.compile(r"log_months$"),
}

GIVERS = {
    "Batch": {"infrastructure/journal.py"},
    "Decided": {"application/engine.py", "infrastructure/restoring.py"},
}
"""Who may hand over units to be shredded (`shredded=`)."""


def files():
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*")):
            if path.suffix in (".py", ".sql"):
                yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def said(name, text):
    """The strings of a module, those of an f-string in one; a file of SQL is one string."""
    if name.endswith(".sql"):
        yield re.sub(r"--[^\n]*", "", text)
        return
    tree = ast.parse(text)
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in node.values}
            yield "".join(_told(part) or "{x}" for part in node.values)
    yield from (_told(node) for node in ast.walk(tree) if id(node) not in inner)


def _told(node: ast.AST) -> str:
    """The string that a node is; empty for any other."""
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(ast.literal_eval(node)) if is_text else ""


def statements(name, text):
    return {
        (name, kind)
        for words in said(name, text)
        for kind, pattern in DESTROYING.items()
        if pattern.search(words)
    }


def calls(name, text):
    """Calls by which something goes, as (what is called, where)."""
    if name.endswith(".sql"):
        return set()
    found = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        on = ast.unparse(node.func).rpartition(".")[0]
        gives = {keyword.arg for keyword in node.keywords}
        if called in CALLS and OF.get(called, re.compile("")).search(on):
            found.add((called, name))
        if called in GIVERS and "shredded" in gives:
            found.add((called, name))
    return found


def allowed(call):
    what, where = call
    return where in {**CALLS, **GIVERS}[what]


def test_only_the_places_named_hold_a_statement_that_destroys():
    found = set().union(*(statements(*file) for file in files()))

    assert found - STATEMENTS.keys() == set()
    assert STATEMENTS.keys() - found == set(), "named, and not there any more"


def test_only_the_disposer_calls_what_destroys():
    found = set().union(*(calls(*file) for file in files()))

    assert {call for call in found if not allowed(call)} == set()
    assert {what for what, _ in found} == {*CALLS, *GIVERS}


@pytest.mark.parametrize(
    "planted",
    [
        'tx.run("DELETE FROM cs_cell WHERE cell = :cell")',
        'tx.run(f"DELETE FROM {table} WHERE key = :key")',
        'tx.run("UPDATE cs_event SET stream = 1, body = NULL WHERE position = 1")',
        "tx.run(\"UPDATE cs_unit SET state = 'destroyed' WHERE unit = :unit\")",
        'tx.run("TRUNCATE cs_identity")',
        'tx.run(f"DROP TABLE {name}")',
        'tx.run("delete from cs_key")',
        'tx.run("DELETE FROM cs_access WHERE number = 1")',
    ],
)
def test_a_planted_statement_is_seen(planted):
    assert statements("interfaces/http/app.py", planted) - STATEMENTS.keys()


@pytest.mark.parametrize(
    "planted",
    [
        "self.keyring.destroy(keys, {})",
        "house.recorder.shrink(tx, stream, certificate)",
        "Batch(recorded_at=0, shredded=units)",
        "Decided(writes=(), shredded=units)",
        "purge(tx, database, recorder, projections, positions)",
        "disposer.afterwards({}, {})",
        "log_months.dispose(tx, month, ())",
    ],
)
def test_a_planted_call_is_seen(planted):
    found = calls("interfaces/cli/app.py", planted)

    assert found
    assert not any(allowed(call) for call in found)
