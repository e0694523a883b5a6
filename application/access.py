"""Who may do what: one table, and the few questions that it rests on (RULES A2, E4, E5, F).

A reader finds the table in docs/reference/access.md; a test holds it against this one.
"""

from collections.abc import Callable
from enum import StrEnum

from ..domain import line
from ..domain.employee import Role
from ..domain.event import PersonId, PlanId
from ..domain.refusals import (
    EngineOnly,
    InvolvedInCase,
    NotYourReport,
    NotYours,
    PlanNotStarted,
    RoleNeeded,
    StandInAppointsNobody,
    UnknownActor,
    UnknownRequest,
    UnknownResult,
)
from . import commands as c
from .desk import Desk


class Who(StrEnum):
    """Whom a command is open to."""

    FIRST_RUN = "whoever runs countersign first, while it has no administrators"
    ANYONE = "anyone in service, for themselves"
    OWNER = "the employee whose it is"
    MANAGER = "the employee's line manager of today"
    APPROVER = "who may decide the open level today: its holder, their stand-in, or the one named"
    PARTY = "the employee, or who may decide the open level today"
    SELF_OR_HR = "the person concerned, or HR for somebody else"
    HR = "HR, for somebody else"
    HR_FOR_ALL = "HR"
    RECORDS = "a records manager"
    RECORDS_FIRST = "a records manager; the engine goes on with what was begun"
    SELF_OR_RECORDS = "the person concerned, or a records manager"
    ENGINEER = "a platform engineer"
    ENGINE = "the engine alone"


ACCESS: dict[type[c.Command], Who] = {
    c.Initialise: Who.FIRST_RUN,
    c.ImportOrganisation: Who.HR_FOR_ALL,
    c.RegisterOutsider: Who.HR_FOR_ALL,
    c.SetLine: Who.HR,
    c.SetTimeZone: Who.SELF_OR_HR,
    c.SetWorkingDays: Who.SELF_OR_HR,
    c.NoteAbsence: Who.SELF_OR_HR,
    c.CancelAbsence: Who.SELF_OR_HR,
    c.AppointStandIn: Who.SELF_OR_HR,
    c.EndStandIn: Who.SELF_OR_HR,
    c.RecordJobChange: Who.HR,
    c.RecordLeaving: Who.HR,
    c.RecordReturn: Who.HR,
    c.GrantRole: Who.HR,
    c.WithdrawRole: Who.HR,
    c.SetPolicy: Who.HR_FOR_ALL,
    c.SetHolidays: Who.HR_FOR_ALL,
    c.StartPlan: Who.ANYONE,
    c.BeginCycle: Who.OWNER,
    c.ExamineJob: Who.OWNER,
    c.RestateTask: Who.OWNER,
    c.PinpointUse: Who.OWNER,
    c.KeepSimple: Who.OWNER,
    c.AllowPractice: Who.MANAGER,
    c.LogPractice: Who.OWNER,
    c.StrikeEntry: Who.OWNER,
    c.CheckResults: Who.OWNER,
    c.GoOnWithoutResult: Who.OWNER,
    c.ReviewActivities: Who.OWNER,
    c.Settle: Who.OWNER,
    c.ParkTask: Who.OWNER,
    c.DropTask: Who.OWNER,
    c.CommentNeed: Who.MANAGER,
    c.AbandonPlan: Who.OWNER,
    c.AskQuietPlan: Who.ENGINE,
    c.NoteResult: Who.OWNER,
    c.AmendResult: Who.OWNER,
    c.AddEvidence: Who.OWNER,
    c.AttachFile: Who.OWNER,
    c.TellResult: Who.OWNER,
    c.AcknowledgeResult: Who.MANAGER,
    c.ShowResult: Who.OWNER,
    c.HideResult: Who.OWNER,
    c.RetractResult: Who.OWNER,
    c.KeepItem: Who.ANYONE,
    c.DiscardItem: Who.OWNER,
    c.KeepFile: Who.OWNER,
    c.AskForAcceptance: Who.OWNER,
    c.AcceptTask: Who.APPROVER,
    c.DeclineTask: Who.APPROVER,
    c.ReturnTask: Who.APPROVER,
    c.AskQuestion: Who.PARTY,
    c.AnswerQuestion: Who.PARTY,
    c.WithdrawRequest: Who.OWNER,
    c.NameApprover: Who.HR_FOR_ALL,
    c.ConfirmTask: Who.OWNER,
    c.GiveUpTask: Who.OWNER,
    c.ProposeSchedule: Who.RECORDS,
    c.ConfirmPeriods: Who.RECORDS,
    c.ApproveSchedule: Who.RECORDS,
    c.WithdrawProposal: Who.RECORDS,
    c.PlaceHold: Who.RECORDS,
    c.ReleaseHold: Who.RECORDS,
    c.DraftDisposal: Who.RECORDS,
    c.DraftDemotion: Who.RECORDS,
    c.DraftErasure: Who.SELF_OR_RECORDS,
    c.ApproveDisposal: Who.RECORDS,
    c.AbandonDisposal: Who.RECORDS,
    c.RecordTransfer: Who.RECORDS,
    c.DestroyNext: Who.RECORDS_FIRST,
    c.NoticeReading: Who.ENGINE,
    c.SweepReading: Who.ENGINE,
    c.SweepAccessLog: Who.ENGINE,
    c.ResumeErasure: Who.ENGINE,
    c.CertifyDisposal: Who.ENGINE,
    c.SkipEvent: Who.ENGINEER,
    c.CloseCases: Who.ENGINE,
}


def admit(desk: Desk, command: c.Command) -> None:
    """Raises a NotAllowed refusal, or notes on the desk in which role the actor acts."""
    who = ACCESS[type(command)]
    if who is Who.FIRST_RUN:
        desk.role = "first_run"
    elif who is Who.ENGINE or desk.actor.is_engine:
        _the_engine(desk, who)
    else:
        in_service(desk)
        CHECKS[who](desk, command)


def _the_engine(desk: Desk, who: Who) -> None:
    if not desk.actor.is_engine or who not in (Who.ENGINE, Who.RECORDS_FIRST):
        raise EngineOnly
    desk.role = "engine"


def in_service(desk: Desk) -> None:
    """Raises UnknownActor."""
    actor = desk.person(desk.actor.person)
    if not actor.known or not actor.serves_on(desk.today(desk.actor.person)):
        raise UnknownActor


def _anyone(desk: Desk, command: c.Command) -> None:
    desk.role = "employee"


def _owner(desk: Desk, command: c.Command) -> None:
    if _owner_of(desk, command) != desk.actor.person:
        raise NotYours
    desk.role = "employee"


def _manager(desk: Desk, command: c.Command) -> None:
    owner = _owner_of(desk, command)
    manager = desk.line_manager(owner)
    appointed = manager and desk.person(manager).stand_in_on(desk.today(owner))
    if desk.actor.person == manager:
        desk.role = "manager"
    elif appointed and appointed.person == desk.actor.person != owner:
        desk.role, desk.on_behalf_of = "stand_in", manager
    else:
        raise NotYourReport


def _approver(desk: Desk, command: c.Command) -> None:
    """The decision itself refuses who has no standing; here the role is noted."""
    approval = desk.approval(command.task)  # type: ignore[attr-defined]
    seat = desk.seat(approval)
    standing = seat.standing_of(desk.actor.person)
    desk.role = f"level_{seat.level}_{standing}" if standing else "stranger"
    if standing is line.Standing.STAND_IN:
        desk.on_behalf_of = seat.holder


def _party(desk: Desk, command: c.Command) -> None:
    approval = desk.approval(command.task)  # type: ignore[attr-defined]
    if desk.actor.person == approval.employee:
        desk.role = "employee"
        return
    _approver(desk, command)
    if desk.role == "stranger":
        raise NotYours


def _hr_for_all(desk: Desk, command: c.Command) -> None:
    if Role.HR not in desk.roles:
        raise RoleNeeded(role=Role.HR.value)
    desk.role = Role.HR.value


def _engineer(desk: Desk, command: c.Command) -> None:
    if Role.ENGINEER not in desk.person(desk.actor.person).roles:
        raise RoleNeeded(role=Role.ENGINEER.value)
    desk.role = Role.ENGINEER.value


def _records(desk: Desk, command: c.Command) -> None:
    keeps_records(desk)


def keeps_records(desk: Desk) -> None:
    """Raises RoleNeeded: the role must be on record, since it stands in certificates."""
    if Role.RECORDS not in desk.person(desk.actor.person).roles:
        raise RoleNeeded(role=Role.RECORDS.value)
    desk.role = Role.RECORDS.value


def _self_or_records(desk: Desk, command: c.Command) -> None:
    if command.person == desk.actor.person:  # type: ignore[attr-defined]
        desk.role = "employee"
        return
    _records(desk, command)


def _hr(desk: Desk, command: c.Command) -> None:
    """HR does nothing of this to themselves: another administrator must (RULES E5)."""
    _hr_for_all(desk, command)
    if _owner_of(desk, command) == desk.actor.person:
        raise InvolvedInCase


def _self_or_hr(desk: Desk, command: c.Command) -> None:
    person = _owner_of(desk, command)
    if person == desk.actor.person:
        desk.role = "employee"
        return
    stand_in = desk.person(person).stand_in_on(desk.today(person))
    is_hr = Role.HR in desk.roles
    if stand_in and stand_in.person == desk.actor.person and not is_hr:
        raise StandInAppointsNobody
    _hr_for_all(desk, command)
    if isinstance(command, c.AppointStandIn | c.EndStandIn):
        _no_part(desk, command)


def _no_part(desk: Desk, command: c.AppointStandIn | c.EndStandIn) -> None:
    """Nobody appoints themselves, nor along their own line: they could be a part of the case."""
    me, on = desk.actor.person, desk.today(command.person)
    above = line.is_below(me, command.person, desk.person, on)
    below = line.is_below(command.person, me, desk.person, on)
    appoints_self = isinstance(command, c.AppointStandIn) and me in (
        command.stand_in,
        command.alternate,
    )
    if above or below or appoints_self:
        raise InvolvedInCase


def within(desk: Desk, command: c.Command, case: PlanId) -> None:
    """Raises NotFound where what is named lies in another case than the caller says."""
    match command:
        case c.Command(plan=plan):  # type: ignore[misc]
            if plan != case:
                raise PlanNotStarted
        case c.Command(task=task):  # type: ignore[misc]
            if desk.approval(task).plan != case:
                raise UnknownRequest
        case c.Command(result=result):  # type: ignore[misc]
            if desk.result(result).plan != case:
                raise UnknownResult


def _owner_of(desk: Desk, command: c.Command) -> PersonId:
    match command:
        case c.Command(plan=plan):  # type: ignore[misc]
            owner = desk.plan(plan).employee
        case c.Command(result=result):  # type: ignore[misc]
            owner = desk.result(result).employee
        case c.Command(item=item):  # type: ignore[misc]
            owner = desk.item(item).owner
        case c.Command(task=task):  # type: ignore[misc]
            owner = desk.approval(task).employee
        case c.Command(person=person):  # type: ignore[misc]
            desk.known_person(person)
            owner = person
        case _:
            raise NotYours
    assert owner is not None
    return owner


CHECKS: dict[Who, Callable[[Desk, c.Command], None]] = {
    Who.ANYONE: _anyone,
    Who.OWNER: _owner,
    Who.MANAGER: _manager,
    Who.APPROVER: _approver,
    Who.PARTY: _party,
    Who.SELF_OR_HR: _self_or_hr,
    Who.HR: _hr,
    Who.HR_FOR_ALL: _hr_for_all,
    Who.RECORDS: _records,
    Who.RECORDS_FIRST: _records,
    Who.SELF_OR_RECORDS: _self_or_records,
    Who.ENGINEER: _engineer,
}
