"""Choosing: which rows of the register a question can concern, told in SQL as far as it goes.

Too many rows cost time and nothing else: whoever asks looks at each item again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from ...application.questions import ItemState, Register
from ...domain.calendar import add_months
from ...domain.event import PersonId, RecordClass
from ...domain.items import Item, ItemKind
from ...domain.schedule import Action, Duration, Group, Series, Trigger, Version
from .kept import CASE, PERSON, REFERENCE

ROW_KINDS: dict[ItemKind, str | None] = {
    ItemKind.REFERENCE: REFERENCE,
    ItemKind.PERSON: PERSON,
    **dict.fromkeys((ItemKind.PLAN, ItemKind.REQUEST, ItemKind.RESULT, ItemKind.COPY), CASE),
    ItemKind.ACCESS_LOG: None,
}
ROW_GROUPS: dict[Group, str | None] = {
    Group.READING: REFERENCE,
    Group.PEOPLE: PERSON,
    Group.SUBMITTED: CASE,
    Group.NEVER_SUBMITTED: CASE,
    Group.CONTROL: None,
    Group.ACCESS: None,
}
ROW_CLASSES: dict[RecordClass, tuple[str, ...]] = {
    RecordClass.REFERENCE_MATERIAL: (REFERENCE,),
    RecordClass.PROCESS_RECORD: (CASE, PERSON),
    RecordClass.CONTROL_RECORD: (),
}
MAY_BE_TOLD = f"(kind <> '{CASE}' OR told IS NOT NULL OR ends_on IS NOT NULL)"
NOTHING = "1 = 0"
SLACK = timedelta(days=4)
"""Months are of different lengths, so that the way back is not the way there."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A condition for rows with its parameters, and what the items made of them must fit."""

    where: str
    params: dict[str, object] = field(default_factory=dict)
    question: Register = field(default_factory=Register)

    @property
    def owner(self) -> PersonId | None:
        return self.question.owner

    @property
    def residues(self) -> bool:
        """Whether what has no rows any more can be asked for."""
        of_state = self.question.state in (None, ItemState.DESTROYED)
        return of_state and not self.question.may_go

    def fits(self, item: Item, state: ItemState) -> bool:
        wanted = self.question
        asked = (
            (wanted.owner, item.owner),
            (wanted.case, item.case),
            (wanted.kind, item.kind),
            (wanted.group, item.group),
            (wanted.record_class, item.record_class),
            (wanted.state, state),
        )
        begins = wanted.starts is None or item.item.startswith(wanted.starts)
        return begins and all(want is None or want == has for want, has in asked)


def chosen(question: Register, version: Version, on: date) -> Chosen:
    kinds = _kinds(question)
    params: dict[str, object] = {}
    where = [_either(f"kind = '{kind}'" for kind in kinds)]
    for column, value in (("owner", question.owner), ("key", question.case)):
        if value is not None:
            where.append(f"{column} = :{column}")
            params[column] = value
    if question.told:
        where.append(MAY_BE_TOLD)
    if question.state is ItemState.DISCARDED:
        where.append("state = 'discarded'")
    if question.starts is not None:
        where.append(BEGINS)
        params |= {"starts": question.starts, "length": len(question.starts)}
    if question.may_go:
        where.append(_either(_due(group, version, on) for group in _groups(question, kinds)))
    return Chosen(" AND ".join(where), params, question)


BEGINS = (
    "(substr(key, 1, :length) = :starts OR key IN"
    " (SELECT case_id FROM cs_p_kept_in WHERE substr(key, 1, :length) = :starts))"
)


def _kinds(question: Register) -> set[str]:
    kinds = {REFERENCE, PERSON, CASE}
    if question.case is not None:
        kinds &= {CASE}
    if question.kind is not None:
        kinds &= {ROW_KINDS[question.kind] or ""}
    if question.group is not None:
        kinds &= {ROW_GROUPS[question.group] or ""}
    if question.record_class is not None:
        kinds &= set(ROW_CLASSES[question.record_class])
    if question.state is ItemState.DISCARDED:
        kinds &= {REFERENCE}
    return kinds


def _groups(question: Register, kinds: set[str]) -> Iterator[Group]:
    for group, kind in ROW_GROUPS.items():
        if kind in kinds and question.group in (None, group):
            yield group


def _due(group: Group, version: Version, on: date) -> str:
    """The rows of which something may be due; what nobody can reckon is never due."""
    rows = version.covering(group)
    if not _reckoned(rows):
        return NOTHING
    days = (f"{_column(row)} <= '{_back(on, row.minimum)}'" for row in rows)
    return f"(kind = '{ROW_GROUPS[group]}' AND {' AND '.join(days)})"


def _reckoned(rows: Sequence[Series]) -> bool:
    return bool(rows) and not any(row.action is Action.KEEP or row.is_open for row in rows)


def _column(row: Series) -> str:
    return "ends_on" if row.trigger is Trigger.EVENT else "created_on"


def _back(on: date, period: Duration | None) -> date:
    """No earlier than the last day from which the period is over by then."""
    assert period is not None
    months = period.years * 12 + period.months
    try:
        return add_months(on, -months) - timedelta(days=period.days) + SLACK
    except (ValueError, OverflowError):
        return date.min


def of_reading(version: Version, on: date) -> tuple[Chosen, Chosen]:
    """Reading material of which notice may be due, and that whose time of grace may be over."""
    rows = version.covering(Group.READING)
    ending = [row for row in rows if row.maximum is not None]
    if not ending or not _reckoned(rows):
        return Chosen(NOTHING), Chosen(NOTHING)
    due = min(_back(on, row.minimum) for row in rows)
    over = max(_back(on, row.maximum) for row in ending)
    graces = (_grace(row) for row in ending)
    reading = f"kind = '{REFERENCE}' AND"
    untold = f"{reading} noticed_on IS NULL AND created_on <= :due"
    told = f"{reading} noticed_on <= :told AND created_on <= :over"
    last = on - min(graces) + SLACK
    return (
        Chosen(untold, {"due": due.isoformat()}),
        Chosen(told, {"told": last.isoformat(), "over": over.isoformat()}),
    )


def _grace(row: Series) -> timedelta:
    assert row.minimum is not None
    assert row.maximum is not None
    some_day = date(2001, 1, 31)  # the shortest month follows
    return max(timedelta(0), row.maximum.after(some_day) - row.minimum.after(some_day))


def _either(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions) or NOTHING})"
