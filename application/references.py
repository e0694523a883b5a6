"""The reading desk: what somebody keeps to inform themselves, and throws away again."""

from ..domain import reference
from ..domain.event import ItemId, ResultId
from ..domain.items import of_reference
from ..domain.refusals import EvidenceUnavailable, NotYours
from ..domain.result import Evidence
from ..domain.sealed import Sealed
from .aggregates import REFERENCE
from .commands import Command, DiscardItem, KeepItem
from .desk import Desk, Handler, sealed_or_none
from .records import discarded


def keep_item(desk: Desk, command: KeepItem) -> None:
    owner = desk.actor.person
    item = desk.new_id()
    events = reference.keep(
        desk.recall(REFERENCE, item),
        owner=owner,
        medium=command.medium,
        title=Sealed.of(command.title),
        locator=sealed_or_none(command.locator),
        note=sealed_or_none(command.note),
        on=desk.today(owner),
    )
    desk.write(REFERENCE, item, events, owner=owner)


def discard_item(desk: Desk, command: DiscardItem) -> None:
    """Its sealed text goes in the same transaction; record copies elsewhere stay."""
    item = desk.item(command.item)
    events = reference.discard(
        item,
        on=desk.today(desk.actor.person),
        because_of_personal_data=command.because_of_personal_data,
    )
    if events:
        discarded(desk, of_reference(command.item, item), events)


def promote(desk: Desk, item_id: ItemId, result: ResultId, case: str) -> Evidence:
    """A record copy of a cited item, with its own key (design, section 5)."""
    item = desk.item(item_id)
    if item.owner != desk.actor.person:
        raise NotYours
    copy_id = desk.new_id()
    on = desk.today(desk.actor.person)
    events = reference.cite(item, result=result, copy_id=copy_id, on=on)
    title, locator = _copied(desk, item, copy_id)
    desk.write(REFERENCE, item_id, events, owner=desk.actor.person, case=case)
    return Evidence(copy_id=copy_id, title=title, locator=locator, item=item_id)


def _copied(
    desk: Desk, item: reference.ReferenceItem, copy_id: ItemId
) -> tuple[Sealed, Sealed | None]:
    wanted = [sealed for sealed in (item.title, item.locator) if sealed is not None]
    texts = desk.session.texts(wanted)
    copies = [_copy(texts[sealed], copy_id) for sealed in wanted]
    return copies[0], (copies[1] if len(copies) > 1 else None)


def _copy(text: object, copy_id: ItemId) -> Sealed:
    if not isinstance(text, str):
        raise EvidenceUnavailable
    return Sealed.of(text, unit=copy_id)


HANDLES: dict[type[Command], Handler] = {KeepItem: keep_item, DiscardItem: discard_item}
