"""Policy: the company's numbers, versioned; a cycle pins the version that it began under."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .event import Event, PersonId, Value
from .refusals import AlreadyInitialised, TwoAdministratorsNeeded, UnknownYear
from .sealed import Sealed

Count = Annotated[int, Field(ge=1, le=366)]


class Starting(StrEnum):
    """RULES A2: whether practice may begin freely, is told to the manager, or asked first."""

    FREE = "free"
    TOLD = "told"
    ASKED = "asked"


class Terms(Value):
    """Design, section 2; days are calendar days unless they say otherwise."""

    starting: Starting = Starting.TOLD
    tasks_per_cycle: Annotated[int, Field(ge=1, le=2)] = 2
    routine_actions: Annotated[int, Field(ge=1, le=20)] = 5
    practice_months: Annotated[int, Field(ge=1, le=12)] = 1
    gap_working_days: Count = 5
    practice_days: Count = 4
    seldom_occurrences: Annotated[int, Field(ge=2, le=50)] = 3
    backdate_days: Annotated[int, Field(ge=0, le=366)] = 7
    results_per_task: Annotated[int, Field(ge=1, le=20)] = 1
    remind_after_days: Count = 3
    overdue_after_days: Count = 7
    lapse_after_days: Count = 30
    rounds: Annotated[int, Field(ge=1, le=10)] = 3
    valid_months: Annotated[int, Field(ge=1, le=120)] = 12
    renew_before_days: Count = 30
    evidence_valid_months: Annotated[int, Field(ge=1, le=60)] = 6
    quiet_months: Annotated[int, Field(ge=1, le=60)] = 12


class Policy(Value):
    """Version 1 is the defaults that ship."""

    administrators: tuple[PersonId, ...] = ()
    version: int = 1
    terms: Terms = Terms()
    holidays: tuple[date, ...] = ()


class AdministratorsNamed(Event):
    """The first run: two people, so that nobody approves their own doing (RULES G3, H)."""

    name = "policy.administrators_named.v1"

    administrators: tuple[PersonId, PersonId]


class PolicySet(Event):
    name = "policy.set.v1"

    version: int
    terms: Terms
    reason: Sealed


class HolidaysSet(Event):
    name = "policy.holidays_set.v1"

    year: int
    days: tuple[date, ...]


def evolve(policy: Policy, event: Event) -> Policy:
    match event:
        case AdministratorsNamed(administrators=administrators):
            return policy.model_copy(update={"administrators": administrators})
        case PolicySet(version=version, terms=terms):
            return policy.model_copy(update={"version": version, "terms": terms})
        case HolidaysSet(year=year, days=days):
            others = tuple(day for day in policy.holidays if day.year != year)
            return policy.model_copy(update={"holidays": tuple(sorted({*others, *days}))})
    return policy


def name_administrators(
    policy: Policy, *, administrators: tuple[PersonId, PersonId]
) -> list[Event]:
    if policy.administrators:
        raise AlreadyInitialised
    if administrators[0] == administrators[1]:
        raise TwoAdministratorsNeeded
    return [AdministratorsNamed(administrators=administrators)]


def set_terms(policy: Policy, *, terms: Terms, reason: Sealed) -> list[Event]:
    """A new version; what runs keeps the one it pinned."""
    if terms == policy.terms:
        return []
    return [PolicySet(version=policy.version + 1, terms=terms, reason=reason)]


def set_holidays(policy: Policy, *, year: int, days: tuple[date, ...]) -> list[Event]:
    if any(day.year != year for day in days):
        raise UnknownYear(year=year)
    if {day for day in policy.holidays if day.year == year} == set(days):
        return []
    return [HolidaysSet(year=year, days=tuple(sorted(set(days))))]
