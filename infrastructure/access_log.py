"""The access log: who was shown what of whom; a table of its own, and its own disposal.

Beside the journal: no event, no position, and never its lock. Persons are ids, and what an auditor
states is sealed, in units that go with the month in which it was stated.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date
from typing import Any

from ..application.access_log import SERIES, AccessEntry, disposable_from
from ..application.questions import Question, Reads, ReadView
from ..domain.event import Event
from ..domain.refusals import Disposed, Refusal
from ..domain.sealed import Sealed
from . import codec
from .batch import Unit
from .database import Database, Tx
from .dialects.sqlite import in_memory
from .log_months import PERIODS, month_of
from .projections.people import Lookup
from .vault import Sealer, Vault
from .write_behind import WriteBehind

COLUMNS = (
    *("at", "until", "once", "reader", "sight", "via", "what", "export", "person", "case_id"),
    *("position", "as_of", "effective", "reason", "disposable_from"),
)
ADD = (
    f"INSERT INTO cs_access AS held ({', '.join(COLUMNS)})"
    f" VALUES ({', '.join(f':{column}' for column in COLUMNS)})"
    " ON CONFLICT (once) DO UPDATE SET times = held.times + 1, until = excluded.until"
)
ADD_UNIT = (
    "INSERT INTO cs_unit (unit, stream, series, subject, key_id, state)"
    " VALUES (:unit, :stream, :series, :subject, :key, 'live') ON CONFLICT DO NOTHING"
)
ADD_CELL = "INSERT INTO cs_cell (cell, unit, sealed) VALUES (:cell, :unit, :sealed)"
SHOWN = (
    *("number", "at", "until", "times", "reader", "sight", "via", "what", "export", "case_id"),
    *("position", "as_of", "effective", "reason", "disposable_from"),
)
OF_PERSON = (
    "(person = :person OR (person IS NULL AND (case_id = :person"
    " OR case_id IN (SELECT key FROM cs_p_plan WHERE employee = :person))))"
)


class NotLogged(Exception):
    """A read that must be logged first cannot be; it was not answered, and may be tried again."""


class _Stated(Event):
    """What the vault seals; it is no event of the journal."""

    reason: Sealed


class _UnitMoved(Exception):
    """Somebody else has made, or destroyed, this unit in between."""

    def __init__(self, unit: str) -> None:
        self.unit = unit


class KeptAccessLog:
    """The engine's access log. Threads may share one.

    `months` is how long an entry is kept at least; it may go on the first of the month after.
    """

    def __init__(self, database: Database, vault: Vault, *, months: int) -> None:
        self._database = database
        self._vault = vault
        self._months = months
        self._behind = WriteBehind(self._write, database.transient)
        self._alone = database.dialect == "sqlite" and in_memory(database.engine.url)

    def note(self, entries: Sequence[AccessEntry], *, strict: bool) -> None:
        """What is not `strict` is written a moment later, and never waited for.

        A database in memory has one connection for all, and nothing that is worth a thread.
        """
        if not strict and not self._alone:
            self._behind.put(entries)
            return
        try:
            self._behind.write_now(entries)
        except Refusal:
            raise
        except Exception as error:
            raise NotLogged(
                "This read must be logged before it is answered, and the access log cannot be"
                f" written now ({type(error).__name__}); nothing was shown. Try again."
            ) from error

    def flush(self) -> None:
        """What waits is written when this returns."""
        self._behind.flush()

    def close(self) -> None:
        """What waits is written, if it can be."""
        self._behind.close()

    @property
    def lost(self) -> int:
        """How many entries could not be written since the start."""
        return self._behind.lost

    def _write(self, entries: Sequence[AccessEntry]) -> None:
        """In the same order everywhere, so that two processes do not wait for each other."""
        while True:
            try:
                with self._database.writing() as tx:
                    sealer = self._vault.sealer(tx)
                    rows = [self._row(tx, sealer, entry) for entry in entries]
                    rows.sort(key=lambda row: row["once"] or "")
                    tx.many(ADD, rows)
            except _UnitMoved as moved:
                self._vault.forget((moved.unit,))
            else:
                sealer.committed()
                return

    def _row(self, tx: Tx, sealer: Sealer, entry: AccessEntry) -> dict[str, Any]:
        at = codec.microseconds(entry.at)
        day = entry.at.astimezone(UTC).date()
        period = disposable_from(day, self._months)
        return {
            "at": at,
            "until": at,
            "once": _once(entry, day) if entry.daily else None,
            "reader": entry.reader,
            "sight": entry.sight.value,
            "via": entry.via,
            "what": entry.what,
            "export": int(entry.is_export),
            "person": entry.person,
            "case_id": entry.case,
            "position": entry.position,
            "as_of": entry.as_of,
            "effective": entry.effective.isoformat() if entry.effective else None,
            "reason": _sealed(tx, sealer, entry, period) if entry.reason else None,
            "disposable_from": period.isoformat(),
        }


class LoggedReads:
    """Answers from the access log."""

    answers: tuple[type[Question], ...] = (Reads,)
    reads = ("plan_board", "people")

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        if not isinstance(question, Reads):
            return None
        where = [OF_PERSON]
        if question.after:
            where.append("number < :after")
        if at is not None:
            where.append("position <= :at")
        rows = tx.all(
            f"SELECT {', '.join(SHOWN)} FROM cs_access WHERE {' AND '.join(where)}"
            " ORDER BY number DESC LIMIT :limit",
            person=question.person,
            after=question.after,
            at=at,
            limit=question.limit,
        )
        people = Lookup(tx, None)
        return [_view(dict(zip(SHOWN, row, strict=True)), people) for row in rows]


def _view(row: dict[str, Any], people: Callable[[str], Any]) -> ReadView:
    at, until, effective, reason = (row[name] for name in ("at", "until", "effective", "reason"))
    return ReadView(
        number=row["number"],
        at=codec.moment(at),
        until=codec.moment(until),
        times=row["times"],
        reader=row["reader"],
        reader_name=people(row["reader"]).full_name,
        sight=row["sight"],
        via=row["via"],
        what=row["what"],
        is_export=bool(row["export"]),
        case=row["case_id"],
        position=row["position"],
        as_of=row["as_of"],
        effective=date.fromisoformat(effective) if effective else None,
        reason=Sealed.model_validate_json(reason) if reason else None,
        disposable_from=date.fromisoformat(row["disposable_from"]),
    )


def _once(entry: AccessEntry, day: date) -> str:
    """The same for all that is counted up in one entry."""
    about = (
        *(entry.reader, entry.sight, entry.via, entry.what, entry.person, entry.case),
        *(day.isoformat(), entry.as_of, entry.effective and entry.effective.isoformat()),
    )
    return str(uuid.uuid5(PERIODS, json.dumps(about)))


def _sealed(tx: Tx, sealer: Sealer, entry: AccessEntry, period: date) -> str:
    """The reason's reference. It is about the person concerned, and goes with the month.

    What a person's erasure has destroyed is never sealed into again; what is stated later about
    the same person gets a unit of its own.
    """
    unit: str | None = None
    while True:
        try:
            return _into(tx, sealer, entry, period, unit)
        except Disposed as gone:
            unit = str(gone.details["certificate"])


def _into(tx: Tx, sealer: Sealer, entry: AccessEntry, period: date, own: str | None) -> str:
    sealing = sealer.seal(
        event_id=str(uuid.uuid4()),
        stream=month_of(period),
        series=SERIES,
        owner=entry.person or entry.reader,
        event=_Stated(reason=Sealed.of(entry.reason or "", unit=own)),
    )
    for unit in sealing.units:
        _claim(tx, unit)
    tx.many(ADD_CELL, [{"cell": c.cell, "unit": c.unit, "sealed": c.sealed} for c in sealing.cells])
    assert isinstance(sealing.event, _Stated)
    return sealing.event.reason.model_dump_json()


def _claim(tx: Tx, unit: Unit) -> None:
    """The unit lives by the key that was taken for it. Raises _UnitMoved."""
    tx.run(
        ADD_UNIT,
        unit=unit.unit,
        stream=unit.stream,
        series=unit.series,
        subject=unit.subject,
        key=unit.key,
    )
    if tx.one("SELECT state, key_id FROM cs_unit WHERE unit = :unit", unit=unit.unit) != (
        "live",
        unit.key,
    ):
        raise _UnitMoved(unit.unit)
