"""Finding items of the register by the beginning of their ids."""

from collections.abc import Iterable, Sequence

from ...application.commands import ItemRef
from ...application.questions import Register, RegisterItem
from ...domain.refusals import UnknownItem
from . import finding
from .session import Here


def item(here: Here, text: str) -> RegisterItem:
    """Raises UnknownItem, or NotUnique."""
    found: Sequence[RegisterItem] = here.ask(Register(starts=text.lower()))
    wanted = finding.beginning(text, (each.item for each in found))
    if wanted is None:
        raise UnknownItem
    return next(each for each in found if each.item == wanted)


def refs(here: Here, texts: Iterable[str]) -> tuple[ItemRef, ...]:
    return tuple(ref(item(here, text)) for text in texts)


def ref(found: RegisterItem) -> ItemRef:
    return ItemRef(kind=found.kind, item=found.item, stream=found.stream)
