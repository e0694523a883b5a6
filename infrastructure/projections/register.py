"""Register: every item that is kept, what class it is of, and what the schedule says of it."""

from datetime import date
from typing import Any

from ...application.ports import Recorded
from ...application.questions import (
    ItemState,
    Question,
    ReadingToGo,
    RegisterItem,
    SuspendedErasures,
)
from ...domain import hold, items, schedule
from ...domain.classification import ENTRANCES, Entrance
from ...domain.hold import Holds
from ...domain.reference import ReferenceItem, evolve
from ...domain.retention import Outcome, evaluate
from ...domain.schedule import RetentionSchedule
from ..database import Tx
from .intervals import Book, Parted, Spread

KEPT = Book("cs_p_kept", ("owner",), (("owner",),), listed=True)
RULES = Book("cs_p_keeping", ())


class RegisterProjection:
    """Keeps the states that items are made of; what becomes of them is worked out when asked."""

    name = "register"
    version = 1
    books = (KEPT, RULES)

    answers: tuple[type[Question], ...] = (ReadingToGo, SuspendedErasures)
    stops = False
    reads = ("register",)

    def concerns(self, name: str) -> bool:
        return name.startswith(("reference.", "schedule.", "hold."))

    def parted(self, name: str) -> Parted:
        return Parted.BY_STREAM

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        stream, at = recorded.stream, recorded.position
        match recorded.name.partition(".")[0]:
            case "reference":
                kept = evolve(pages[KEPT].state(stream, ReferenceItem), recorded.event)
                pages[KEPT].put(stream, kept, at, kept.owner)
            case "schedule":
                rules = pages[RULES].state("schedule", RetentionSchedule)
                pages[RULES].put("schedule", schedule.evolve(rules, recorded.event), at)
            case "hold":
                holds = pages[RULES].state("holds", Holds)
                pages[RULES].put("holds", hold.evolve(holds, recorded.event), at)

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        match question:
            case ReadingToGo():
                return _to_go(tx, at, question.on)
            case SuspendedErasures():
                return ()
        return None


def _to_go(tx: Tx, at: int | None, on: date) -> list[RegisterItem]:
    version = RetentionSchedule.model_validate(RULES.row(tx, at, "schedule") or {}).current
    holds = Holds.model_validate(RULES.row(tx, at, "holds") or {}).active.values()
    found = []
    for key, doc in KEPT.rows(tx, at):
        item = items.of_reference(key, ReferenceItem.model_validate(doc))
        evaluation = evaluate(item, version, holds, on)
        if evaluation.outcome not in (Outcome.ELIGIBLE, Outcome.OVERDUE):
            continue
        known = item.noticed_on is not None or item.discarded
        if known and evaluation.outcome is Outcome.ELIGIBLE:
            continue
        found.append(
            RegisterItem(
                item=key,
                kind=item.kind,
                stream=item.stream,
                record_class=item.record_class,
                because=ENTRANCES[Entrance.READ].because,
                group=item.group,
                owner=item.owner,
                created_on=item.created_on,
                noticed_on=item.noticed_on,
                state=ItemState.DISCARDED if item.discarded else ItemState.LIVE,
                evaluation=evaluation,
            )
        )
    return found
