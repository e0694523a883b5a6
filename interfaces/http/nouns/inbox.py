"""Inbox: what waits for whoever asks."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ....application import questions as q
from ....domain.event import PersonId, PlanId
from ..reads import Here, Listed, Part, Read

Waiting = Literal["decide", "name_approver", "acknowledge", "answer", "resubmit"]


class InboxQuery(Listed):
    kind: Annotated[Waiting | None, Field(description="What is wanted.")] = None
    plan: Annotated[PlanId | None, Field(description="In which plan.")] = None
    employee: Annotated[PersonId | None, Field(description="Whose plan it is.")] = None


def inbox(here: Here, *, part: Part, **filters: Any) -> list[q.InboxItem]:
    question = q.Inbox(person=here.actor.person, **filters, **part.words)
    found: list[q.InboxItem] = here.ask(question)
    return found


READS = (Read("/inbox", q.Inbox, q.InboxItem, inbox, "What waits", "list_inbox", query=InboxQuery),)
ACTIONS = ()
