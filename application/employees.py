"""The people desk: who is there, who reports to whom, who is away, who stands in."""

from collections.abc import Mapping
from datetime import date

from ..domain import approval, employee, policy, steps
from ..domain.employee import Employee, Kind, Role
from ..domain.event import Event, PersonId
from ..domain.plan import CloseReason
from ..domain.refusals import RowsRefused
from ..domain.sealed import Sealed
from . import commands as c
from . import plans
from .aggregates import APPROVAL, EMPLOYEE, PLAN, POLICY, POLICY_STREAM
from .desk import Desk, Handler, sealed_or_none
from .envelope import ENGINE
from .organisation import RowProblem, problems
from .ports import Link

ADMINISTRATORS = (Role.HR, Role.RECORDS, Role.ENGINEER)


def initialise(desk: Desk, command: c.Initialise) -> None:
    people = _numbered(desk, command.administrators)
    first, second = (people[row.number] for row in command.administrators)
    named = policy.name_administrators(desk.policy(), administrators=(first, second))
    desk.write(POLICY, POLICY_STREAM, named, owner=ENGINE)
    for row in command.administrators:
        _bring(desk, people[row.number], row, people, desk.now.date())
        for role in ADMINISTRATORS:
            person = people[row.number]
            _write(desk, person, employee.grant_role(desk.person(person), role=role))


def import_organisation(desk: Desk, command: c.ImportOrganisation) -> None:
    """All rows or none; a row that says what is so already changes nothing."""
    wrong = problems(command.rows, is_known=lambda number: _whose(desk, number) is not None)
    people = _numbered(desk, command.rows)
    wrong += _taken(desk, command.rows, people)
    if wrong:
        raise RowsRefused(count=len({each.row for each in wrong}), problems=wrong)
    for row in command.rows:
        _bring(desk, people[row.number], row, people, command.effective)


def _numbered(desk: Desk, rows: tuple[c.PersonRow, ...]) -> dict[str, PersonId]:
    """A person's id for every HR number, a new one where nobody goes by it yet."""
    return {row.number: _whose(desk, row.number) or desk.new_id() for row in rows}


def _whose(desk: Desk, number: str) -> PersonId | None:
    return desk.session.whose("number", number)


def _taken(
    desk: Desk, rows: tuple[c.PersonRow, ...], people: Mapping[str, PersonId]
) -> list[RowProblem]:
    found = []
    given_up = {people[row.number]: row.email for row in rows}
    for row in rows:
        for kind, value in (("email", row.email), ("login", row.login)):
            holder = desk.session.whose(kind, value) if value else None
            if kind == "email" and holder in given_up and not _same(given_up[holder], value):
                continue
            if holder not in (None, people[row.number]):
                found.append(
                    RowProblem(
                        row=row.row,
                        column=kind,
                        problem=f"this {kind} belongs to somebody with another number",
                        remedy="correct it, or let the other person's row give it up first",
                    )
                )
    return found


def _same(address: str | None, other: str | None) -> bool:
    return (address or "").casefold() == (other or "").casefold()


def _bring(
    desk: Desk,
    person: PersonId,
    row: c.PersonRow,
    people: Mapping[str, PersonId],
    effective: date,
) -> None:
    """Brings one person to what their row says."""
    state = desk.person(person)
    if not state.known:
        _write(desk, person, _joins(state, row, effective))
        desk.links.append(Link("number", row.number, person))
    else:
        _write(desk, person, _profile(desk, state, row))
        _write(desk, person, employee.set_time_zone(desk.person(person), time_zone=row.time_zone))
    _links(desk, person, state, row)
    _write(desk, person, _line(desk, person, row, people, effective))
    if row.weekdays is not None:
        days = employee.set_working_days(
            desk.person(person), weekdays=row.weekdays, effective=effective
        )
        _write(desk, person, days)
    _write(desk, person, _service(desk.person(person), row, effective))


def _joins(state: Employee, row: c.PersonRow, effective: date) -> list[Event]:
    return employee.join(
        state,
        kind=row.kind,
        effective=effective,
        time_zone=row.time_zone,
        full_name=Sealed.of(row.name),
        email=sealed_or_none(row.email),
    )


def _profile(desk: Desk, state: Employee, row: c.PersonRow) -> list[Event]:
    same = _says(desk, state.full_name, row.name) and _says(desk, state.email, row.email)
    if same:
        return []
    return employee.note_profile(
        state, full_name=Sealed.of(row.name), email=sealed_or_none(row.email)
    )


def _says(desk: Desk, sealed: Sealed | None, text: str | None) -> bool:
    if sealed is None or text is None:
        return sealed is None and text is None
    return sealed.text == text if sealed.is_open else desk.session.says(sealed, text)


def _links(desk: Desk, person: PersonId, before: Employee, row: c.PersonRow) -> None:
    """Whoever changes an address no longer goes by the old one, which another row may take."""
    if before.email is not None and not _says(desk, before.email, row.email):
        old = desk.session.texts([before.email])[before.email]
        if isinstance(old, str):
            desk.links.insert(0, Link("email", old, None))
    for kind, value in (("email", row.email), ("login", row.login)):
        if value and desk.session.whose(kind, value) != person:
            desk.links.append(Link(kind, value, person))


def _line(
    desk: Desk,
    person: PersonId,
    row: c.PersonRow,
    people: Mapping[str, PersonId],
    effective: date,
) -> list[Event]:
    manager = None
    if row.manager is not None:
        manager = people.get(row.manager) or _whose(desk, row.manager)
    state = desk.person(person)
    if manager is None and not row.top and not state.lines:
        return []
    return employee.set_line(
        state, person=person, manager=manager, top=row.top, effective=effective
    )


def _service(state: Employee, row: c.PersonRow, effective: date) -> list[Event]:
    if row.left_on is not None:
        return employee.leave(state, effective=row.left_on)
    return employee.come_back(state, effective=effective) if row.kind is not Kind.VACANCY else []


def register_outsider(desk: Desk, command: c.RegisterOutsider) -> None:
    person = desk.new_id()
    events = employee.join(
        desk.person(person),
        kind=Kind.OUTSIDER,
        effective=desk.now.date(),
        time_zone=command.time_zone,
        full_name=Sealed.of(command.name),
        email=sealed_or_none(command.email),
    )
    if command.email:
        desk.links.append(Link("email", command.email, person))
    _write(desk, person, events)


def set_line(desk: Desk, command: c.SetLine) -> None:
    if command.manager is not None:
        desk.known_person(command.manager)
    events = employee.set_line(
        desk.person(command.person),
        person=command.person,
        manager=command.manager,
        top=command.top,
        effective=command.effective,
    )
    _write(desk, command.person, events)


def set_time_zone(desk: Desk, command: c.SetTimeZone) -> None:
    state = desk.person(command.person)
    _write(desk, command.person, employee.set_time_zone(state, time_zone=command.time_zone))


def set_working_days(desk: Desk, command: c.SetWorkingDays) -> None:
    events = employee.set_working_days(
        desk.person(command.person), weekdays=command.weekdays, effective=command.effective
    )
    _write(desk, command.person, events)
    _reckon(desk, command.person)


def note_absence(desk: Desk, command: c.NoteAbsence) -> None:
    events = employee.note_absence(
        desk.person(command.person),
        absence=desk.new_id(),
        start=command.start,
        end=command.end,
    )
    _write(desk, command.person, events)
    _reckon(desk, command.person)


def cancel_absence(desk: Desk, command: c.CancelAbsence) -> None:
    events = employee.cancel_absence(desk.person(command.person), absence=command.absence)
    _write(desk, command.person, events)
    _reckon(desk, command.person)


def _reckon(desk: Desk, person: PersonId) -> None:
    """Absence moves the month's end and pauses validity, also after the fact (RULES C3, E13)."""
    plan_id = desk.person(person).plan
    if plan_id is None:
        return
    plan = desk.plan(plan_id)
    ground = desk.ground(plan)
    desk.write(PLAN, plan_id, steps.reckon(plan, ground=ground), owner=person, case=plan_id)
    absences = [absence.period for absence in desk.person(person).absences]
    for task in plan.tasks:
        request = desk.recall(APPROVAL, task)
        moved = approval.reckon_validity(request, absences=absences, on=ground.today)
        desk.write(APPROVAL, task, moved, owner=person, case=plan_id)


def appoint_stand_in(desk: Desk, command: c.AppointStandIn) -> None:
    desk.known_person(command.stand_in)
    if command.alternate is not None:
        desk.known_person(command.alternate)
    events = employee.appoint_stand_in(
        desk.person(command.person),
        person=command.person,
        appointment=desk.new_id(),
        stand_in=command.stand_in,
        alternate=command.alternate,
        start=command.start,
        end=command.end,
    )
    _write(desk, command.person, events)


def end_stand_in(desk: Desk, command: c.EndStandIn) -> None:
    events = employee.end_stand_in(
        desk.person(command.person),
        appointment=command.appointment,
        effective=command.effective,
    )
    _write(desk, command.person, events)


def record_job_change(desk: Desk, command: c.RecordJobChange) -> None:
    state = desk.person(command.person)
    _write(desk, command.person, employee.change_job(state, effective=command.effective))


def record_leaving(desk: Desk, command: c.RecordLeaving) -> None:
    state = desk.person(command.person)
    _write(desk, command.person, employee.leave(state, effective=command.effective))


def record_return(desk: Desk, command: c.RecordReturn) -> None:
    state = desk.person(command.person)
    _write(desk, command.person, employee.come_back(state, effective=command.effective))


def grant_role(desk: Desk, command: c.GrantRole) -> None:
    state = desk.person(command.person)
    _write(desk, command.person, employee.grant_role(state, role=command.role))


def withdraw_role(desk: Desk, command: c.WithdrawRole) -> None:
    state = desk.person(command.person)
    _write(desk, command.person, employee.withdraw_role(state, role=command.role))


def close_cases(desk: Desk, command: c.CloseCases) -> None:
    """Leaving ends acceptances and freezes open cases (RULES E13)."""
    state = desk.person(command.person)
    on = desk.today(command.person)
    if state.plan is None or state.serves_on(on):
        return
    plan_id = state.plan
    for task in desk.plan(plan_id).tasks:
        events = approval.leave(desk.recall(APPROVAL, task), on=on)
        desk.write(APPROVAL, task, events, owner=command.person, case=plan_id)
    plans.close(desk, plan_id, CloseReason.LEFT)


def _write(desk: Desk, person: PersonId, events: list[Event]) -> None:
    desk.write(EMPLOYEE, person, events, owner=person)


HANDLES: dict[type[c.Command], Handler] = {
    c.Initialise: initialise,
    c.ImportOrganisation: import_organisation,
    c.RegisterOutsider: register_outsider,
    c.SetLine: set_line,
    c.SetTimeZone: set_time_zone,
    c.SetWorkingDays: set_working_days,
    c.NoteAbsence: note_absence,
    c.CancelAbsence: cancel_absence,
    c.AppointStandIn: appoint_stand_in,
    c.EndStandIn: end_stand_in,
    c.RecordJobChange: record_job_change,
    c.RecordLeaving: record_leaving,
    c.RecordReturn: record_return,
    c.GrantRole: grant_role,
    c.WithdrawRole: withdraw_role,
    c.CloseCases: close_cases,
}
