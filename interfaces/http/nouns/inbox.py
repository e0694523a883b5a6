"""Inbox: what waits for whoever asks."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from ....application import questions as q
from ....application.news import Heard, InboxChanged, News
from ....domain.event import PersonId, PlanId
from ..reads import Here, Listed, Part, Read
from ..watchers import Asking, Watch, Watcher

Waiting = Literal["decide", "name_approver", "acknowledge", "answer", "resubmit"]


class InboxQuery(Listed):
    kind: Annotated[Waiting | None, Field(description="What is wanted.")] = None
    plan: Annotated[PlanId | None, Field(description="In which plan.")] = None
    employee: Annotated[PersonId | None, Field(description="Whose plan it is.")] = None


def inbox(here: Here, *, part: Part, **filters: Any) -> list[q.InboxItem]:
    question = q.Inbox(person=here.actor.person, **filters, **part.words)
    found: list[q.InboxItem] = here.ask(question)
    return found


def changed(news: News, asking: Asking, after: int, until: int) -> Sequence[InboxChanged]:
    found = news.of_inbox(asking.actor, after=after, until=until)
    return (found,) if found is not None else ()


def touched(heard: Heard, watcher: Watcher) -> bool:
    return watcher.asking.actor.person in heard.people or (heard.hr and watcher.is_hr)


READS = (Read("/inbox", q.Inbox, q.InboxItem, inbox, "What waits", "list_inbox", query=InboxQuery),)
ACTIONS = ()
WATCHES = (
    Watch(
        "/inbox/events",
        "inbox",
        InboxChanged,
        changed,
        touched,
        "Watch what comes into one's inbox, and what goes",
        "watch_inbox",
        of_inboxes=True,
    ),
)
