"""Audit trail: every event of a case or a person, with its class and the reason for the class."""

import json
from datetime import date
from typing import Any

from ...application.ports import Recorded
from ...application.questions import AuditTrail, Question, TrailEntry
from ...domain.classification import classify
from ...domain.disposal import ItemDestroyed
from ...domain.event import RecordClass
from ...domain.sealed import Sealed
from .. import codec
from ..database import Tx
from ..recorder import ROW, StoredRow
from .intervals import Book, Parted, Spread
from .people import PERSON

ENTRY = Book(
    "cs_p_trail",
    ("case_id", "stream", "actor", "record_class"),
    (("case_id",), ("stream",), ("actor",)),
    keyed=False,
)


class AuditTrailProjection:
    """An index of the journal; what an event says stays where it was recorded."""

    name = "audit_trail"
    version = 1
    books = (ENTRY,)

    answers: tuple[type[Question], ...] = (AuditTrail,)
    stops = False
    reads = ("audit_trail", "people", "keeping")

    def concerns(self, name: str) -> bool:
        return True

    def parted(self, name: str) -> Parted:
        return Parted.BY_CASE

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        """Nothing of what an event says stands here, so nothing is ever closed."""
        pages[ENTRY].add(
            str(recorded.position),
            {},
            recorded.position,
            recorded.case,
            recorded.stream,
            recorded.actor,
            recorded.head["class"],
        )

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        if not isinstance(question, AuditTrail):
            return None
        positions = _positions(tx, question, at)
        rows = _journal_rows(tx, positions)
        names = _Names(tx, at)
        found = [_entry(codec.recorded(row), names) for row in rows if row.body is not None]
        return found if question.person is None else [_as_end(entry) for entry in found]


def _positions(tx: Tx, question: AuditTrail, at: int | None) -> list[int]:
    where = ["from_position > :after"]
    if question.case is not None:
        where.append("case_id = :case")
    if question.person is not None:
        where.append("(stream = :person OR actor = :person)")
    if question.record_class is not None:
        where.append("record_class = :record_class")
    if at is not None:
        where.append("from_position <= :at")
    said = f"SELECT from_position FROM cs_p_trail WHERE {' AND '.join(where)}"
    if question.person is not None and question.record_class in (None, KEEPING):
        said = f"{said} UNION {_ends(at)}"
    found = tx.all(
        f"{said} ORDER BY from_position LIMIT :limit",
        after=question.after,
        case=question.case,
        person=question.person,
        record_class=question.record_class,
        at=at,
        limit=question.limit,
    )
    return [row[0] for row in found]


KEEPING = RecordClass.CONTROL_RECORD


def _ends(at: int | None) -> str:
    """Where it is told that something of somebody's was destroyed: a gap is never silent."""
    until = "" if at is None else " AND from_position <= :at"
    return (
        "SELECT from_position FROM cs_p_run_entry WHERE owner = :person AND fate = 'destroyed'"
        f" AND from_position > :after{until}"
    )


def _as_end(entry: TrailEntry) -> TrailEntry:
    if entry.name != ItemDestroyed.name or entry.says is None:
        return entry
    end = {"certificate": entry.says["certificate"], "destroyed": entry.says["done.cells"]}
    return entry.model_copy(update=end)


def _journal_rows(tx: Tx, positions: list[int]) -> list[StoredRow]:
    if tx.dialect == "sqlite":
        among, wanted = "IN (SELECT value FROM json_each(:wanted))", json.dumps(positions)
        rows = tx.all(
            f"SELECT {ROW} FROM cs_event WHERE position {among} ORDER BY position", wanted=wanted
        )
    else:
        rows = tx.all(
            f"SELECT {ROW} FROM cs_event WHERE position = ANY(:wanted) ORDER BY position",
            wanted=positions,
        )
    return [StoredRow(*row) for row in rows]


class _Names:
    """People's sealed names, each looked up once."""

    def __init__(self, tx: Tx, at: int | None) -> None:
        self._tx = tx
        self._at = at
        self._known: dict[str, Any] = {}

    def of(self, person: str) -> Any:
        if person not in self._known:
            doc = PERSON.row(self._tx, self._at, person) or {}
            self._known[person] = doc.get("full_name")
        return self._known[person]


def _entry(recorded: Recorded, names: _Names) -> TrailEntry:
    envelope = recorded.envelope
    assert envelope.record_class is not None
    says, text = _parted(recorded.said)
    return TrailEntry(
        position=recorded.position,
        recorded_at=recorded.recorded_at,
        occurred=envelope.occurred,
        name=recorded.name,
        stream=recorded.stream,
        version=recorded.version,
        event=envelope.id,
        actor=envelope.actor,
        actor_name=_name(names.of(envelope.actor)),
        role=envelope.role,
        on_behalf_of=envelope.on_behalf_of,
        via=envelope.via,
        command=envelope.command,
        cause=envelope.cause,
        policy=envelope.policy,
        record_class=envelope.record_class,
        because=classify(recorded.name).because,
        case=envelope.case,
        says=says,
        text=text,
    )


def _name(reference: dict[str, Any] | None) -> Sealed | None:
    return Sealed.model_validate(reference) if reference else None


def _parted(said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Plain values on one side, references to text on the other, by dotted path."""
    says: dict[str, Any] = {}
    text: dict[str, Any] = {}

    def part(value: Any, path: str) -> None:
        if isinstance(value, dict) and value.keys() == {"cell", "alg", "commitment"}:
            text[path] = Sealed.model_validate(value)
        elif isinstance(value, dict):
            for name, each in value.items():
                part(each, f"{path}.{name}" if path else name)
        elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
            for place, each in enumerate(value, 1):
                part(each, f"{path}.{place}")
        elif value is not None:
            says[path] = value

    part(said, "")
    return says, text
