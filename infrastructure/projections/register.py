"""Register: every item that is kept, what class it is of, and what the schedule says of it.

Rows are chosen in SQL; only what is left is made into items and evaluated, by the domain.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain, islice
from typing import Any

from ...application.ports import Recorded
from ...application.questions import (
    ItemState,
    ItemStory,
    Question,
    ReadingToGo,
    Register,
    RegisterItem,
    WhyItem,
)
from ...domain.classification import ENTRANCES, EVENTS, Entrance
from ...domain.disposal import RunKind
from ...domain.event import Id
from ...domain.hold import Hold
from ...domain.items import Item, ItemKind
from ...domain.refusals import UnknownItem
from ...domain.retention import Because, Evaluation, RetentionOutcome, evaluate
from ...domain.schedule import Action, Confirm, Version
from .. import codec
from ..database import Tx
from . import keeping
from .choosing import Chosen, chosen, of_reading
from .gone import gone, there
from .intervals import Doc, Parted, Spread, held
from .kept import FOLDED, KEPT, PART, Entry, keep

AT_ONCE = 500
FIRST = 50
"""Rows that are enough for most who ask for a part."""

CLASSED_BY = {
    ItemKind.REFERENCE: "reference.kept.v1",
    ItemKind.COPY: "result.evidence_added.v1",
    ItemKind.RESULT: "result.noted.v1",
    ItemKind.REQUEST: "approval.asked.v1",
    ItemKind.PLAN: "plan.started.v1",
    ItemKind.PERSON: "employee.joined.v1",
    ItemKind.ACCESS_LOG: Entrance.ACCESS.value,
}


class RegisterProjection:
    """Keeps what items are made of; what becomes of them is worked out when asked."""

    name = "register"
    version = 2
    books = (KEPT, PART)

    answers: tuple[type[Question], ...] = (Register, WhyItem, ReadingToGo)
    stops = False
    reads = ("register", "keeping")

    def concerns(self, name: str) -> bool:
        return name in FOLDED

    def parted(self, name: str) -> Parted:
        """Reading material and people lie by themselves, whatever case an event belongs to."""
        in_case = name.startswith(("plan.", "result.", "approval."))
        return Parted.BY_CASE if in_case else Parted.BY_STREAM

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        keep(pages, recorded)

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        match question:
            case Register():
                return _Register(tx, at, question.on or on).part(question)
            case WhyItem(item=item):
                return _Register(tx, at, question.on or on).story(item)
            case ReadingToGo():
                return _to_go(_Register(tx, at, question.on), question.limit)
        return None


@dataclass(frozen=True, slots=True)
class _Found:
    """An item, the row it was made of (none is left of a residue), and how it ended if it did."""

    item: Item
    entry: Entry | None
    certificate: Id | None = None
    end: Doc | None = None

    @property
    def state(self) -> ItemState:
        """What was erased for somebody else's sake in it leaves the item what it was."""
        end = self.end or {}
        whose = end.get("person") or self.item.owner
        if end and end["kind"] != RunKind.DISCARD and whose == self.item.owner:
            return ItemState.DESTROYED
        return ItemState.DISCARDED if self.item.discarded else ItemState.LIVE

    @property
    def because(self) -> str:
        match self.item.kind:
            case ItemKind.REFERENCE:
                return ENTRANCES[Entrance.READ].because
            case ItemKind.COPY:
                cited = self.entry is not None and self.entry.copied_from(self.item) is not None
                return ENTRANCES[Entrance.CITATION if cited else Entrance.EVIDENCE].because
            case ItemKind.ACCESS_LOG:
                return ENTRANCES[Entrance.ACCESS].because
        return EVENTS[CLASSED_BY[self.item.kind]].because


class _Register:
    """The register as it was known, with what the schedule says of it for a day."""

    def __init__(self, tx: Tx, at: int | None, on: date) -> None:
        self.tx = tx
        self.at = at
        self.on = on

    @cached_property
    def version(self) -> Version:
        return keeping.version_in_force(self.tx, self.at)

    @cached_property
    def holds(self) -> tuple[Hold, ...]:
        return keeping.holds_in_force(self.tx, self.at)

    def part(self, question: Register) -> list[RegisterItem]:
        """Filters that rest on the evaluation cost one for each item; the others, for the part."""
        found = self._matching(question)
        until = None if question.limit is None else question.skip + question.limit
        return [self.view(each) for each in islice(found, question.skip, until)]

    def _matching(self, question: Register) -> Iterator[_Found]:
        choice = chosen(question, self.version, self.on)
        for each in chain(self._there(choice), self._residues(choice)):
            if choice.fits(each.item, each.state) and self._evaluates(question, each):
                yield each

    def _evaluates(self, question: Register, found: _Found) -> bool:
        if question.outcome is None and question.may_go is None:
            return True
        evaluation = self.evaluation(found)
        if question.outcome is not None and evaluation.outcome is not question.outcome:
            return False
        return question.may_go is None or self._may_go(found, evaluation) is question.may_go

    def _may_go(self, found: _Found, evaluation: Evaluation) -> bool:
        """What is left of an item whose text has gone may go with the whole of its case."""
        if found.entry is None or found.state is not ItemState.DESTROYED:
            return found.entry is not None and evaluation.may_go
        if found.item.kind is ItemKind.PERSON:
            return False
        return all(self._evaluate(each).may_go for each in found.entry.items())

    def evaluation(self, found: _Found) -> Evaluation:
        """Of a residue, the last one: it is what it went by."""
        if found.entry is None:
            assert found.end is not None
            return Evaluation.model_validate(found.end["evaluation"])
        return self._evaluate(found.item)

    def _evaluate(self, item: Item) -> Evaluation:
        return evaluate(item, self.version, self.holds, self.on)

    def view(self, found: _Found) -> RegisterItem:
        item, evaluation = found.item, self.evaluation(found)
        return RegisterItem(
            item=item.item,
            kind=item.kind,
            stream=item.stream,
            record_class=item.record_class,
            because=found.because,
            group=item.group,
            owner=item.owner,
            case=item.case,
            created_on=item.created_on,
            triggered_on=item.triggered_on,
            awaits=item.awaits,
            noticed_on=item.noticed_on,
            state=found.state,
            evaluation=evaluation,
            holds=tuple(
                reason.hold
                for reason in evaluation.reasons
                if reason.code is Because.ON_HOLD and reason.hold
            ),
            certificate=found.certificate,
            destroyed_on=date.fromisoformat(found.end["on"]) if found.end else None,
            residue=found.entry is None,
        )

    def story(self, item: Id) -> ItemStory:
        found = self._one(item)
        rows = [row for row in self.version.rows if found.item.group in row.covers]
        shown = {
            "item": self.view(found),
            "classed_by": CLASSED_BY[found.item.kind],
            "series": tuple(keeping.series_view(row) for row in rows),
            "for_result": found.item.stream if found.item.kind is ItemKind.COPY else None,
        }
        if found.entry is not None:
            position, name, rule = found.entry.since(found.item)
            shown |= {"classed_by": name, "classed_at": position, "rule": rule}
            if found.item.kind is ItemKind.REFERENCE:
                shown["cited_by"] = found.entry.cited_by()
            shown["copied_from"] = found.entry.copied_from(found.item)
        return ItemStory.model_validate(shown)

    def _one(self, item: Id) -> _Found:
        key = self._row_of(item)
        doc = KEPT.row(self.tx, self.at, key)
        if doc is not None and not gone(self.tx, (key,)):
            for each in self._made([(key, doc)]):
                if each.item.item == item:
                    return each
        end = keeping.destroyed(self.tx, (item,)).get(item)
        if end is None or not _is_residue(self.tx, end[1]):
            raise UnknownItem
        return _residue(*end)

    def _row_of(self, item: Id) -> Id:
        params = {"item": item} if self.at is None else {"item": item, "at": self.at}
        row = self.tx.one(
            f"SELECT case_id FROM cs_p_kept_in WHERE key = :item AND {held(self.at)}", **params
        )
        return row[0] if row else item

    def _there(self, choice: Chosen) -> Iterator[_Found]:
        """What has rows, in the order of their ids, so many at once."""
        where = f"{choice.where} AND {there(self.tx)}"
        last, size = "", FIRST
        while True:
            params = {"last": last, **choice.params}
            wanted = f"{where} AND key > :last"
            rows = KEPT.part(self.tx, self.at, wanted, params, order="key", limit=size)
            yield from self._made(rows)
            if len(rows) < size:
                return
            last, size = rows[-1][0], AT_ONCE

    def _made(self, rows: Iterable[tuple[Id, Doc]]) -> Iterator[_Found]:
        entries = [(entry, entry.items()) for entry in (Entry(key, doc) for key, doc in rows)]
        wanted = (item.item for _, items in entries for item in items)
        ends = keeping.destroyed(self.tx, wanted)
        for entry, items in entries:
            for item in items:
                certificate, end = ends.get(item.item, (None, None))
                yield _Found(item, entry, certificate, end)

    def _residues(self, choice: Chosen) -> Iterator[_Found]:
        """What is known from the run that destroyed it alone."""
        if not choice.residues:
            return
        known_by = self._day()
        for certificate, end in keeping.ends(self.tx, choice.owner):
            found = _residue(certificate, end)
            made = found.item.created_on
            if known_by is not None and made is not None and made > known_by:
                continue
            if _is_residue(self.tx, end):
                yield found

    def _day(self) -> date | None:
        """The day of the moment that is asked about; None: now."""
        if self.at is None:
            return None
        row = self.tx.one(
            "SELECT recorded_at FROM cs_event WHERE position <= :at AND recorded_at IS NOT NULL"
            " ORDER BY position DESC LIMIT 1",
            at=self.at,
        )
        return codec.moment(row[0]).date() if row else date.min


def _residue(certificate: Id, end: Doc) -> _Found:
    return _Found(Item.model_validate(end["item"]), None, certificate, end)


def _is_residue(tx: Tx, end: Doc) -> bool:
    """A case shrinks as a whole, reading material by itself."""
    return bool(gone(tx, (end["item"]["stream"],)))


# The sweep


def _to_go(register: _Register, limit: int) -> list[RegisterItem]:
    """What its owner is to be told of, and what the sweep may take."""
    untold, told = of_reading(register.version, register.on)
    notices = _swept(register, untold, (RetentionOutcome.ELIGIBLE, RetentionOutcome.OVERDUE))
    takes = _swept(register, told, (RetentionOutcome.OVERDUE,))
    return [*islice(notices, limit), *islice(takes, limit)]


def _swept(
    register: _Register, choice: Chosen, outcomes: tuple[RetentionOutcome, ...]
) -> Iterator[RegisterItem]:
    """The longest noticed, and the oldest, first; what a hold keeps is passed over."""
    where, read, full = f"{choice.where} AND {there(register.tx)}", 0, True
    while full:
        rows = KEPT.part(
            register.tx,
            register.at,
            where,
            choice.params,
            order="noticed_on, created_on, key",
            limit=AT_ONCE,
            skip=read,
        )
        read, full = read + len(rows), len(rows) == AT_ONCE
        for key, doc in rows:
            entry = Entry(key, doc)
            (item,) = entry.items()
            view = register.view(_Found(item, entry))
            if view.evaluation and _goes_by_itself(view.evaluation, outcomes):
                yield view


def _goes_by_itself(found: Evaluation, outcomes: tuple[RetentionOutcome, ...]) -> bool:
    """Destroyed without anybody's confirmation, and by a day that the schedule names."""
    by_itself = found.action is Action.DESTROY and found.confirm is Confirm.AUTOMATIC
    return by_itself and found.latest is not None and found.outcome in outcomes
