"""Items at the desk: what may be disposed of, found by its reference and read whole.

Whatever its retention is worked out from is recalled, and so stands in the basis: a request that
is opened again meanwhile, or an acceptance that is renewed, is seen by whoever destroys.
"""

from collections.abc import Iterable

from ..domain import items
from ..domain.event import PlanId
from ..domain.items import Case, Item, ItemKind
from . import log_months
from .aggregates import APPROVAL, PLAN, REFERENCE, RESULT
from .commands import ItemRef
from .desk import Desk
from .ports import LiveUnit


def item_of(desk: Desk, ref: ItemRef) -> Item | None:
    """None where there is no such item, or not any more."""
    match ref.kind:
        case ItemKind.REFERENCE:
            state = desk.recall(REFERENCE, ref.item)
            return items.of_reference(ref.item, state) if state.owner else None
        case ItemKind.ACCESS_LOG:
            return log_months.month_of(desk, ref.item)
        case ItemKind.PERSON:
            person = desk.person(ref.item)
            return items.of_person(ref.item, person) if person.known else None
    plan = _plan_of(desk, ref)
    found = case_of(desk, plan).items() if plan and desk.recall(PLAN, plan).employee else ()
    return next((each for each in found if each.kind is ref.kind and each.item == ref.item), None)


def case_of(desk: Desk, plan: PlanId) -> Case:
    """A plan with everything that belongs to it."""
    state = desk.recall(PLAN, plan)
    return Case(
        plan=plan,
        state=state,
        requests={task: desk.recall(APPROVAL, task) for task in state.tasks},
        results={
            result: found
            for result in state.attached
            if (found := desk.recall(RESULT, result)).employee is not None
        },
    )


def _plan_of(desk: Desk, ref: ItemRef) -> PlanId | None:
    match ref.kind:
        case ItemKind.PLAN:
            return ref.item
        case ItemKind.REQUEST:
            return desk.recall(APPROVAL, ref.item).plan
    return desk.recall(RESULT, ref.stream).plan


def units_of(desk: Desk, item: Item) -> tuple[LiveUnit, ...]:
    """What holds the item's text, and is not destroyed yet: never what other items lie in."""
    found = desk.session.live_units((item.stream,))
    if item.kind is ItemKind.COPY:
        own = desk.session.unit_of_copy(item.stream, item.owner, item.item)
        return tuple(each for each in found if each.unit == own)
    others = {desk.session.unit_of_copy(item.stream, item.owner, copy) for copy in item.copies}
    return tuple(each for each in found if each.unit not in others)


def ref_of(item: Item) -> ItemRef:
    return ItemRef(kind=item.kind, item=item.item, stream=item.stream)


def streams_of(found: Iterable[Item]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.stream for item in found))
