"""Employee: who somebody reports to, when they work, who stands in, and from which day on."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar

from .calendar import Period, WorkCalendar, WorkPattern
from .event import Event, Id, InOrder, Moment, PersonId, PlanId, Value
from .refusals import (
    AlreadyKnown,
    NotInService,
    OwnManager,
    OwnStandIn,
    PeriodEmpty,
    PlanAlreadyOpen,
    StandInsOverlap,
    TopReportsToNobody,
    UnknownPerson,
    UnknownStandIn,
    UnknownTimeZone,
)
from .sealed import Sealed
from .zones import day_in, is_zone


class Kind(StrEnum):
    """A vacancy is a post that somebody reports to and nobody holds."""

    EMPLOYEE = "employee"
    OUTSIDER = "outsider"
    VACANCY = "vacancy"


class Role(StrEnum):
    """What somebody may do beside their own work and their place in the line."""

    HR = "hr"
    RECORDS = "records"
    AUDITOR = "auditor"
    ENGINEER = "engineer"


class ReportingLine(Value):
    """From `effective` on: reports to `manager`; none and `top` is the top of the house."""

    effective: date
    manager: PersonId | None
    top: bool = False


class StandIn(Value):
    """`person` decides for the absent one within the period; `alternate` where that is barred."""

    id: Id
    person: PersonId
    alternate: PersonId | None
    period: Period


class Absence(Value):
    id: Id
    period: Period


class Service(Value):
    effective: date
    serves: bool


class Employee(Value):
    kind: Kind | None = None
    full_name: Sealed | None = None
    email: Sealed | None = None
    time_zone: str = "UTC"
    lines: tuple[ReportingLine, ...] = ()
    patterns: tuple[WorkPattern, ...] = ()
    absences: tuple[Absence, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()
    service: tuple[Service, ...] = ()
    roles: InOrder[Role] = frozenset()
    plan: PlanId | None = None

    @property
    def known(self) -> bool:
        return self.kind is not None

    def line_on(self, day: date) -> ReportingLine | None:
        return _effective(self.lines, day)

    def serves_on(self, day: date) -> bool:
        """In service, and somebody: a vacancy never serves."""
        service = _effective(self.service, day)
        return self.kind is not Kind.VACANCY and service is not None and service.serves

    @property
    def left_on(self) -> date | None:
        """The day from which they no longer serve, for as long as they do not return."""
        last = _effective(self.service, date.max)
        return None if last is None or last.serves else last.effective

    def stand_in_on(self, day: date) -> StandIn | None:
        return next((each for each in self.stand_ins if each.period.covers(day)), None)

    def calendar(self, holidays: tuple[date, ...]) -> WorkCalendar:
        return WorkCalendar(
            patterns=tuple(sorted(self.patterns, key=lambda pattern: pattern.effective)),
            absences=tuple(absence.period for absence in self.absences),
            holidays=holidays,
        )


class _Dated(Protocol):
    @property
    def effective(self) -> date: ...


Dated = TypeVar("Dated", bound=_Dated)


def _effective(facts: Iterable[Dated], day: date) -> Dated | None:
    """The newest fact in force on a day; of two for the same day, the one recorded later."""
    found: Dated | None = None
    for fact in facts:
        if fact.effective <= day and (found is None or fact.effective >= found.effective):
            found = fact
    return found


class PersonJoined(Event):
    """`full_name` and `email` lie in the vault; numbers and logins only as keyed hashes."""

    name = "employee.joined.v1"

    kind: Kind
    effective: date
    time_zone: str
    full_name: Sealed
    email: Sealed | None = None


class ProfileNoted(Event):
    name = "employee.profile_noted.v1"

    full_name: Sealed
    email: Sealed | None = None


class TimeZoneSet(Event):
    name = "employee.time_zone_set.v1"

    time_zone: str


class LineSet(Event):
    name = "employee.line_set.v1"

    effective: date
    manager: PersonId | None
    top: bool = False


class WorkingDaysSet(Event):
    name = "employee.working_days_set.v1"

    effective: date
    weekdays: tuple[int, ...]


class AbsenceNoted(Event):
    """Dates only, never the kind (RULES C3)."""

    name = "employee.absence_noted.v1"

    absence: Id
    start: date
    end: date


class AbsenceCancelled(Event):
    name = "employee.absence_cancelled.v1"

    absence: Id


class StandInAppointed(Event):
    name = "employee.stand_in_appointed.v1"

    appointment: Id
    stand_in: PersonId
    alternate: PersonId | None = None
    start: date
    end: date


class StandInEnded(Event):
    name = "employee.stand_in_ended.v1"

    appointment: Id
    effective: date


class JobChanged(Event):
    name = "employee.job_changed.v1"

    effective: date


class PersonLeft(Event):
    name = "employee.left.v1"

    effective: date


class PersonReturned(Event):
    """Without erasure in between: the same id, and everything starts anew (RULES E13)."""

    name = "employee.returned.v1"

    effective: date


class RoleGranted(Event):
    name = "employee.role_granted.v1"

    role: Role


class RoleWithdrawn(Event):
    name = "employee.role_withdrawn.v1"

    role: Role


class PlanOpened(Event):
    name = "employee.plan_opened.v1"

    plan: PlanId


class PlanClosed(Event):
    name = "employee.plan_closed.v1"

    plan: PlanId


def evolve(employee: Employee, event: Event) -> Employee:
    match event:
        case PersonJoined():
            change = _joined(event)
        case ProfileNoted(full_name=full_name, email=email):
            change = {"full_name": full_name, "email": email}
        case TimeZoneSet(time_zone=time_zone):
            change = {"time_zone": time_zone}
        case LineSet(effective=effective, manager=manager, top=top):
            line = ReportingLine(effective=effective, manager=manager, top=top)
            change = {"lines": (*employee.lines, line)}
        case WorkingDaysSet(effective=effective, weekdays=weekdays):
            pattern = WorkPattern(effective=effective, weekdays=weekdays)
            change = {"patterns": (*employee.patterns, pattern)}
        case AbsenceNoted(absence=absence, start=start, end=end):
            noted = Absence(id=absence, period=Period(start=start, end=end))
            change = {"absences": (*employee.absences, noted)}
        case AbsenceCancelled(absence=absence):
            change = {"absences": tuple(each for each in employee.absences if each.id != absence)}
        case StandInAppointed():
            change = {"stand_ins": (*employee.stand_ins, _stand_in(event))}
        case StandInEnded(appointment=appointment, effective=effective):
            change = {"stand_ins": _ended(employee.stand_ins, appointment, effective)}
        case PersonLeft(effective=effective):
            change = {"service": (*employee.service, Service(effective=effective, serves=False))}
        case PersonReturned(effective=effective):
            change = {"service": (*employee.service, Service(effective=effective, serves=True))}
        case RoleGranted(role=role):
            change = {"roles": employee.roles | {role}}
        case RoleWithdrawn(role=role):
            change = {"roles": employee.roles - {role}}
        case PlanOpened(plan=plan):
            change = {"plan": plan}
        case PlanClosed():
            change = {"plan": None}
        case _:
            return employee
    return employee.model_copy(update=change)


def _joined(event: PersonJoined) -> dict[str, object]:
    service = (Service(effective=event.effective, serves=True),)
    return {
        "kind": event.kind,
        "time_zone": event.time_zone,
        "service": service,
        "full_name": event.full_name,
        "email": event.email,
    }


def _stand_in(event: StandInAppointed) -> StandIn:
    return StandIn(
        id=event.appointment,
        person=event.stand_in,
        alternate=event.alternate,
        period=Period(start=event.start, end=event.end),
    )


def _ended(stand_ins: tuple[StandIn, ...], appointment: Id, effective: date) -> tuple[StandIn, ...]:
    def end(each: StandIn) -> StandIn:
        period = Period(start=each.period.start, end=effective)
        return each.model_copy(update={"period": period})

    return tuple(end(each) if each.id == appointment else each for each in stand_ins)


def join(
    employee: Employee,
    *,
    kind: Kind,
    effective: date,
    time_zone: str,
    full_name: Sealed,
    email: Sealed | None = None,
) -> list[Event]:
    if employee.known:
        raise AlreadyKnown
    if not is_zone(time_zone):
        raise UnknownTimeZone(time_zone=time_zone)
    return [
        PersonJoined(
            kind=kind, effective=effective, time_zone=time_zone, full_name=full_name, email=email
        )
    ]


def note_profile(
    employee: Employee, *, full_name: Sealed, email: Sealed | None = None
) -> list[Event]:
    _known(employee)
    return [ProfileNoted(full_name=full_name, email=email)]


def set_time_zone(employee: Employee, *, time_zone: str) -> list[Event]:
    _known(employee)
    if not is_zone(time_zone):
        raise UnknownTimeZone(time_zone=time_zone)
    return [] if time_zone == employee.time_zone else [TimeZoneSet(time_zone=time_zone)]


def set_line(
    employee: Employee,
    *,
    person: PersonId,
    manager: PersonId | None,
    top: bool = False,
    effective: date,
) -> list[Event]:
    """A loop further up cannot be seen from here; `line.py` lives with one."""
    _known(employee)
    if manager == person:
        raise OwnManager
    if top and manager is not None:
        raise TopReportsToNobody
    current = employee.line_on(effective)
    later = any(line.effective > effective for line in employee.lines)
    if current and (current.manager, current.top) == (manager, top) and not later:
        return []
    return [LineSet(effective=effective, manager=manager, top=top)]


def set_working_days(
    employee: Employee, *, weekdays: tuple[int, ...], effective: date
) -> list[Event]:
    _known(employee)
    current = _effective(employee.patterns, effective)
    if current and current.weekdays == weekdays:
        return []
    return [WorkingDaysSet(effective=effective, weekdays=weekdays)]


def note_absence(employee: Employee, *, absence: Id, start: date, end: date) -> list[Event]:
    """`[start, end)`; may lie in the past, and then excuses a gap after the fact."""
    _known(employee)
    if end <= start:
        raise PeriodEmpty(start=start, end=end)
    return [AbsenceNoted(absence=absence, start=start, end=end)]


def cancel_absence(employee: Employee, *, absence: Id) -> list[Event]:
    if not any(each.id == absence for each in employee.absences):
        return []
    return [AbsenceCancelled(absence=absence)]


def appoint_stand_in(
    employee: Employee,
    *,
    person: PersonId,
    appointment: Id,
    stand_in: PersonId,
    alternate: PersonId | None = None,
    start: date,
    end: date,
) -> list[Event]:
    _known(employee)
    if person in (stand_in, alternate):
        raise OwnStandIn
    if end <= start:
        raise PeriodEmpty(start=start, end=end)
    wanted = Period(start=start, end=end)
    if any(each.period.overlaps(wanted) for each in employee.stand_ins):
        raise StandInsOverlap(start=start, end=end)
    return [
        StandInAppointed(
            appointment=appointment, stand_in=stand_in, alternate=alternate, start=start, end=end
        )
    ]


def end_stand_in(employee: Employee, *, appointment: Id, effective: date) -> list[Event]:
    found = next((each for each in employee.stand_ins if each.id == appointment), None)
    if found is None:
        raise UnknownStandIn
    if found.period.end is not None and found.period.end <= effective:
        return []
    return [StandInEnded(appointment=appointment, effective=max(effective, found.period.start))]


def change_job(employee: Employee, *, effective: date) -> list[Event]:
    _known(employee)
    return [JobChanged(effective=effective)]


def leave(employee: Employee, *, effective: date) -> list[Event]:
    _known(employee)
    return [PersonLeft(effective=effective)] if employee.serves_on(effective) else []


def come_back(employee: Employee, *, effective: date) -> list[Event]:
    _known(employee)
    return [] if employee.serves_on(effective) else [PersonReturned(effective=effective)]


def grant_role(employee: Employee, *, role: Role) -> list[Event]:
    _known(employee)
    return [] if role in employee.roles else [RoleGranted(role=role)]


def withdraw_role(employee: Employee, *, role: Role) -> list[Event]:
    return [RoleWithdrawn(role=role)] if role in employee.roles else []


def open_plan(employee: Employee, *, plan: PlanId, on: date) -> list[Event]:
    _known(employee)
    if not employee.serves_on(on):
        raise NotInService
    if employee.plan is not None:
        raise PlanAlreadyOpen(plan=employee.plan)
    return [PlanOpened(plan=plan)]


def close_plan(employee: Employee, *, plan: PlanId) -> list[Event]:
    return [PlanClosed(plan=plan)] if employee.plan == plan else []


def today(employee: Employee, now: Moment) -> date:
    """The civil date that somebody's own clock shows."""
    return day_in(employee.time_zone, now)


def _known(employee: Employee) -> None:
    if not employee.known:
        raise UnknownPerson
