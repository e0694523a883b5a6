"""Register: every item that is kept, its class and dates, and what the schedule says of it."""

from typing import Annotated, Any

from pydantic import Field

from ....application import questions as q
from ....domain.event import ItemId, PersonId, PlanId, RecordClass
from ....domain.items import ItemKind
from ....domain.retention import RetentionOutcome
from ....domain.schedule import Group
from ..reads import Here, Listed, On, Part, Read, When


class OnQuery(When):
    on: Annotated[On | None, Field(description="The day to work it out for; by default today.")] = (
        None
    )


class RegisterQuery(Listed):
    on: Annotated[On | None, Field(description="The day to work it out for; by default today.")] = (
        None
    )
    owner: Annotated[PersonId | None, Field(description="Whose it is.")] = None
    case: Annotated[PlanId | None, Field(description="Of one plan.")] = None
    kind: Annotated[ItemKind | None, Field(description="Of one kind.")] = None
    group: Annotated[Group | None, Field(description="Kept for one reason.")] = None
    record_class: Annotated[RecordClass | None, Field(description="Of one class.")] = None
    outcome: Annotated[RetentionOutcome | None, Field(description="With one outcome.")] = None
    state: Annotated[q.ItemState | None, Field(description="In one state.")] = None
    may_go: Annotated[bool | None, Field(description="What could be disposed of, or not.")] = None


def register(here: Here, *, part: Part, **filters: Any) -> list[q.RegisterItem]:
    found: list[q.RegisterItem] = here.ask(q.Register(**filters, **part.words))
    return found


def story(here: Here, item: ItemId, **day: Any) -> q.ItemStory:
    found: q.ItemStory = here.ask(q.WhyItem(item=item, **day))
    return found


READS = (
    Read(
        "/register",
        q.Register,
        q.RegisterItem,
        register,
        "What is kept",
        "list_register",
        query=RegisterQuery,
    ),
    Read(
        "/register/{item}",
        q.WhyItem,
        q.ItemStory,
        story,
        "Why an item is what it is, and what becomes of it",
        "get_register_item",
        query=OnQuery,
    ),
)
ACTIONS = ()
