"""HR's checklist: gaps in the line, the top of the house, and the year's holidays."""

from collections.abc import Iterator, Sequence

from ...application.aggregates import POLICY_STREAM
from ...application.questions import AuditTrail, People, PersonView, TrailEntry
from ...domain.employee import Kind, Role
from ...domain.policy import HolidaysSet
from . import render
from .session import Here

SHOWN = 5


def lines(here: Here) -> Iterator[str]:
    """What is still to be done, one line each; nothing when all is there."""
    people: Sequence[PersonView] = here.ask(People())
    yield from _line(people)
    if not _has_holidays(here):
        year = here.today().year
        yield f"The holidays of {year} are not set: countersign policy holidays {year} DATE..."
    if Role.RECORDS in here.me.roles:
        yield "The years of keeping are not confirmed yet."


def _line(people: Sequence[PersonView]) -> Iterator[str]:
    if not any(person.top for person in people):
        yield "Nobody is the top of the house: countersign employee set-line PERSON --top"
    gaps = [person for person in people if _is_gap(person)]
    if gaps:
        names = ", ".join(render.shown(person.name) for person in gaps[:SHOWN])
        more = f" and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
        yield f"Without a manager: {names}{more}: countersign employee set-line PERSON --manager"


def _is_gap(person: PersonView) -> bool:
    in_line = person.kind is Kind.VACANCY or (person.kind is Kind.EMPLOYEE and person.serves)
    return in_line and person.manager is None and not person.top


def _has_holidays(here: Here) -> bool:
    trail: Sequence[TrailEntry] = here.ask(AuditTrail(person=POLICY_STREAM))
    year = here.today().year
    return any(
        entry.name == HolidaysSet.name and (entry.says or {}).get("year") == year for entry in trail
    )
