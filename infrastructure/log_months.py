"""Months of the access log: what was read in one goes together, from one day on, and leaves a hole.

A month is known by an id that is made of the day on which it may go, as a stream is by its own;
what auditors have stated in it is sealed under that id.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta

from ..application.ports import LoggedMonth, LoggedRead
from ..domain.calendar import add_months
from ..domain.event import Id, PersonId
from .database import Tx

PERIODS = uuid.UUID("7a0f5f57-31a5-4b39-8f0c-0b1d8a9b6a55")
DAY = 86_400_000_000
EPOCH = date(1970, 1, 1)

OF = "coalesce(person, reader)"
"""With whom an entry stays or goes: whose text the reason in it would be."""

GOES = f"disposable_from = :day AND {OF} NOT IN (SELECT value FROM json_each(:spared))"
READS = (
    f"SELECT DISTINCT {OF}, reader, person, case_id, at / {DAY} FROM cs_access"
    " WHERE disposable_from = :day"
)
CONCERNS = (
    " AND (person IS NULL OR person IN (SELECT value FROM json_each(:about))"
    " OR reader IN (SELECT value FROM json_each(:about))"
    " OR case_id IN (SELECT value FROM json_each(:about)))"
)


def month_of(day: date) -> Id:
    """The id of what may go from a day on."""
    return str(uuid.uuid5(PERIODS, day.isoformat()))


def months(tx: Tx, until: date) -> tuple[Id, ...]:
    """Those that may go by a day, and of which something is there."""
    days = tx.all(
        "SELECT DISTINCT disposable_from FROM cs_access WHERE disposable_from <= :until"
        " ORDER BY disposable_from",
        until=until.isoformat(),
    )
    return tuple(month_of(date.fromisoformat(day)) for (day,) in days)


def month(tx: Tx, wanted: Id, until: date, spared: Collection[PersonId]) -> LoggedMonth | None:
    """What may go of a month by a day; nothing of it stands here of whoever is spared."""
    day = _day_of(tx, wanted)
    if day is None or day > until:
        return None
    counted = f"SELECT count(*), max(at) / {DAY} FROM cs_access WHERE {GOES}"
    row = tx.one(counted, **_of(day, spared))
    entries, newest = row or (0, None)
    return LoggedMonth(entries, EPOCH + timedelta(days=newest)) if entries else None


def reads(tx: Tx, wanted: Id, about: Collection[Id] | None) -> Iterator[LoggedRead]:
    """Whatever in a month may concern one of these persons and cases; None: everything."""
    day = _day_of(tx, wanted)
    if day is None:
        return
    narrowed = {} if about is None else {"about": json.dumps(sorted(about))}
    select = READS if about is None else READS + CONCERNS
    for of, reader, person, case, on in tx.all(select, day=day.isoformat(), **narrowed):
        yield LoggedRead(of, reader, person, case, EPOCH + timedelta(days=on))


def dispose(tx: Tx, wanted: Id, spared: Collection[PersonId]) -> None:
    """The rows of a month; whoever disposes of them sees to its units in the same transaction."""
    day = _day_of(tx, wanted)
    if day is not None:
        tx.run(f"DELETE FROM cs_access WHERE {GOES}", **_of(day, spared))


def there(tx: Tx, wanted: Iterable[Id]) -> dict[Id, int]:
    """Those of the months of which there are entries, and how many."""
    asked, found = set(wanted), dict[Id, int]()
    for each, day in _days(tx).items():
        if each in asked:
            counted = "SELECT count(*) FROM cs_access WHERE disposable_from = :day"
            (found[each],) = tx.one(counted, day=day.isoformat()) or (0,)
    return {each: entries for each, entries in found.items() if entries}


def _of(day: date, spared: Collection[PersonId]) -> dict[str, object]:
    return {"day": day.isoformat(), "spared": json.dumps(sorted(spared))}


def _day_of(tx: Tx, wanted: Id) -> date | None:
    return _days(tx).get(wanted)


def _days(tx: Tx) -> dict[Id, date]:
    """Every first of a month from the oldest entry to the newest, by its id."""
    ends = (tx.one(f"SELECT {end}(disposable_from) FROM cs_access") for end in ("min", "max"))
    first, last = (date.fromisoformat(row[0]) if row and row[0] else None for row in ends)
    if first is None or last is None:
        return {}
    found: dict[Id, date] = {}
    while first <= last:
        found[month_of(first)] = first
        first = add_months(first, 1)
    return found
