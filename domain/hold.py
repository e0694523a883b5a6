"""Holds: what somebody has a right to see kept stays, whatever the schedule says.

Design, section 5. A hold is a predicate, so that it also catches what is recorded later. All holds
stand in one stream: whoever destroys has read its version, and a hold placed meanwhile wins.
"""

from datetime import date

from pydantic import Field

from .event import Event, Id, ItemId, PersonId, PlanId, RecordClass, Value
from .items import Item
from .refusals import HoldUnbounded, PeriodEmpty, UnknownHold
from .sealed import Sealed


class Scope(Value):
    """What a hold is about: all that is named must fit; within a list one is enough.

    Of the time an item was made from `made_from` on and not after `made_until`.
    """

    cases: tuple[PlanId, ...] = ()
    persons: tuple[PersonId, ...] = ()
    items: tuple[ItemId, ...] = ()
    classes: tuple[RecordClass, ...] = ()
    made_from: date | None = None
    made_until: date | None = None

    def covers(self, item: Item) -> bool:
        return (
            (not self.cases or item.case in self.cases)
            and (not self.persons or any(each in self.persons for each in item.persons))
            and (not self.items or item.item in self.items or item.stream in self.items)
            and (not self.classes or item.record_class in self.classes)
            and self._in_time(item)
        )

    def _in_time(self, item: Item) -> bool:
        """What has no date is held: not knowing is never a reason to destroy."""
        if item.created_on is None:
            return True
        after = self.made_from is None or item.created_on >= self.made_from
        return after and (self.made_until is None or item.created_on <= self.made_until)


class Hold(Value):
    hold: Id
    scope: Scope
    by: PersonId
    placed_on: date
    review_by: date | None = None


class Holds(Value):
    """Every hold that is in force, by its id."""

    active: dict[Id, Hold] = Field(default_factory=dict)

    def over(self, item: Item) -> tuple[Hold, ...]:
        return tuple(hold for hold in self.active.values() if hold.scope.covers(item))


class HoldPlaced(Event):
    name = "hold.placed.v1"

    hold: Id
    scope: Scope
    matter: Sealed
    authority: Sealed
    by: PersonId
    review_by: date | None = None
    on: date


class HoldReleased(Event):
    name = "hold.released.v1"

    hold: Id
    reason: Sealed
    by: PersonId
    on: date


def evolve(holds: Holds, event: Event) -> Holds:
    match event:
        case HoldPlaced(hold=hold, scope=scope, by=by, on=on, review_by=review_by):
            placed = Hold(hold=hold, scope=scope, by=by, placed_on=on, review_by=review_by)
            return Holds(active={**holds.active, hold: placed})
        case HoldReleased(hold=hold):
            return Holds(active={key: each for key, each in holds.active.items() if key != hold})
    return holds


def place(
    holds: Holds,
    *,
    hold: Id,
    scope: Scope,
    matter: Sealed,
    authority: Sealed,
    by: PersonId,
    review_by: date | None,
    on: date,
) -> list[Event]:
    """May be placed until the byte is gone; a run that is under way spares what it catches."""
    if scope == Scope():
        raise HoldUnbounded
    if scope.made_from and scope.made_until and scope.made_until < scope.made_from:
        raise PeriodEmpty(start=scope.made_from, end=scope.made_until)
    return [
        HoldPlaced(
            hold=hold,
            scope=scope,
            matter=matter,
            authority=authority,
            by=by,
            review_by=review_by,
            on=on,
        )
    ]


def release(holds: Holds, *, hold: Id, reason: Sealed, by: PersonId, on: date) -> list[Event]:
    """What it suspended goes on by itself, unless another hold covers it too."""
    if hold not in holds.active:
        raise UnknownHold
    return [HoldReleased(hold=hold, reason=reason, by=by, on=on)]
