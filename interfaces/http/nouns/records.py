"""Records: the trail of what happened, and what falls due."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ....application import questions as q
from ....domain.event import PersonId, PlanId, RecordClass
from ....domain.refusals import NotFound, PlanNotStarted
from ..reads import Here, Listed, On, Part, Read

Due = Literal[
    "month_ready", "remind", "overdue", "lapse", "renewal", "expiry", "disposable", "leaving"
]


class ClassQuery(Listed):
    record_class: Annotated[RecordClass | None, Field(description="Of one class.")] = None


class TrailQuery(ClassQuery):
    case: Annotated[PlanId | None, Field(description="Of one plan.")] = None
    person: Annotated[PersonId | None, Field(description="By or about one person.")] = None


class DueInPlanQuery(Listed):
    until: Annotated[On | None, Field(description="Up to and with this day.")] = None
    kind: Due | None = None


def trail(here: Here, *, part: Part, **filters: Any) -> list[q.TrailEntry]:
    found: list[q.TrailEntry] = here.ask(
        q.AuditTrail(**filters, after=part.after, limit=part.limit)
    )
    return found


def of_plan(here: Here, plan: PlanId, *, part: Part, **filters: Any) -> list[q.TrailEntry]:
    """A plan has a first event; for whoever may not even see that one, there is no plan."""
    try:
        first = here.glance(q.AuditTrail(case=plan, limit=1))
    except NotFound:
        first = []
    if not first:
        raise PlanNotStarted
    return trail(here, part=part, case=plan, **filters)


def of_person(here: Here, person: PersonId, *, part: Part, **filters: Any) -> list[q.TrailEntry]:
    return trail(here, part=part, person=person, **filters)


def due(here: Here, *, part: Part, **filters: Any) -> list[q.DueDate]:
    found: list[q.DueDate] = here.ask(q.DueDates(**filters, **part.words))
    return found


def due_in_plan(here: Here, plan: PlanId, *, part: Part, **filters: Any) -> list[q.DueDate]:
    return due(here, part=part, case=plan, **filters)


def position(entry: q.TrailEntry) -> int:
    return entry.position


READS = (
    Read(
        "/audit-trail",
        q.AuditTrail,
        q.TrailEntry,
        trail,
        "What happened",
        "list_trail",
        query=TrailQuery,
        place_of=position,
    ),
    Read(
        "/plans/{plan}/audit-trail",
        q.AuditTrail,
        q.TrailEntry,
        of_plan,
        "What happened in a plan",
        "list_trail_of_plan",
        query=ClassQuery,
        place_of=position,
    ),
    Read(
        "/people/{person}/audit-trail",
        q.AuditTrail,
        q.TrailEntry,
        of_person,
        "What somebody did, and what was recorded of them",
        "list_trail_of_person",
        query=ClassQuery,
        place_of=position,
    ),
    Read(
        "/due-dates",
        q.DueDates,
        q.DueDate,
        due,
        "What falls due, for HR",
        "list_due_dates",
        query=DueInPlanQuery,
    ),
    Read(
        "/plans/{plan}/due-dates",
        q.DueDates,
        q.DueDate,
        due_in_plan,
        "What falls due in a plan",
        "list_due_dates_of_plan",
        query=DueInPlanQuery,
    ),
)
ACTIONS = ()
