"""References: what somebody keeps to read; nobody else sees that it is there."""

from ....application import commands as c
from ....application import questions as q
from ....domain.event import ItemId
from ..actions import Action, Made
from ..reads import Here, Listed, Part, Read

REFERENCES = "/references"
ITEM = f"{REFERENCES}/{{item}}"


def references(here: Here, part: Part) -> list[q.ReadingItem]:
    found: list[q.ReadingItem] = here.ask(q.ReadingList(person=here.actor.person, **part.words))
    return found


def reference(here: Here, item: ItemId) -> q.ReadingItem:
    """Raises UnknownItem; of what has been destroyed, Destroyed."""
    found: list[q.ReadingItem] = here.ask(q.ReadingList(person=here.actor.person, item=item))
    return found[0]


READS = (
    Read(
        REFERENCES,
        q.ReadingList,
        q.ReadingItem,
        references,
        "One's own reading material",
        "list_references",
        query=Listed,
    ),
    Read(ITEM, q.ReadingList, q.ReadingItem, reference, "An item", "get_reference", of="item"),
)

ACTIONS = (
    Action(
        "POST",
        REFERENCES,
        c.KeepItem,
        "Keep something to read",
        made=Made("reference.kept", f"{REFERENCES}/{{new}}"),
    ),
    Action("POST", f"{ITEM}/discard", c.DiscardItem, "Throw an item away", of="item"),
)
