"""The acceptance desk: asking, the two levels' decisions, questions, and naming approvers."""

from datetime import date

from ..domain import approval
from ..domain.approval import Approval, Because
from ..domain.event import Event, TaskId
from ..domain.line import LEVELS
from ..domain.plan import TaskStanding
from ..domain.refusals import CaseFrozen, NotSettledYet, PlanClosedAlready
from ..domain.sealed import Sealed
from . import commands as c
from .aggregates import APPROVAL
from .desk import Desk, Handler
from .plans import task_of
from .results import freeze, tell_the_rest


def ask_for_acceptance(desk: Desk, command: c.AskForAcceptance) -> None:
    plan = desk.plan(command.plan)
    if plan.closed is not None:
        raise PlanClosedAlready
    task = task_of(plan, command.task)
    if task.standing is not TaskStanding.SETTLED:
        raise NotSettledYet(step=plan.step.value if plan.step else task.standing.value)
    assert plan.employee is not None
    tell_the_rest(desk, plan, command.task, desk.line_manager(plan.employee))
    events = approval.ask(
        desk.recall(APPROVAL, command.task),
        employee=plan.employee,
        plan=command.plan,
        task=command.task,
        evidence=freeze(desk, plan, command.task),
        value_expected=task.value,
        policy_version=plan.policy_version_of(command.task),
        terms=plan.terms_of(command.task),
        on=desk.today(plan.employee),
    )
    desk.write(APPROVAL, command.task, events, owner=plan.employee, case=command.plan)
    desk.policy_version = desk.approval(command.task).policy_version


def accept_task(desk: Desk, command: c.AcceptTask) -> None:
    request = _live(desk, command.task)
    need = Sealed.of(command.need) if command.need else None
    events = approval.accept(
        request,
        approver=desk.actor.person,
        seat=desk.seat(request),
        evidence=command.evidence,
        because=Because(result=command.result, need=need),
        value_perceived=command.value_perceived,
        on=_today(desk, request),
    )
    _write(desk, command.task, events)


def decline_task(desk: Desk, command: c.DeclineTask) -> None:
    request = _live(desk, command.task)
    events = approval.decline(
        request,
        approver=desk.actor.person,
        seat=desk.seat(request),
        evidence=command.evidence,
        reason=Sealed.of(command.reason),
        on=_today(desk, request),
    )
    _write(desk, command.task, events)


def return_task(desk: Desk, command: c.ReturnTask) -> None:
    request = _live(desk, command.task)
    events = approval.give_back(
        request,
        approver=desk.actor.person,
        seat=desk.seat(request),
        evidence=command.evidence,
        missing=Sealed.of(command.missing),
        to_step=command.to_step,
        on=_today(desk, request),
    )
    _write(desk, command.task, events)


def ask_question(desk: Desk, command: c.AskQuestion) -> None:
    request = desk.approval(command.task)
    events = approval.ask_question(
        request,
        question=desk.new_id(),
        by=desk.actor.person,
        text=Sealed.of(command.text),
        on=_today(desk, request),
    )
    _write(desk, command.task, events)


def answer_question(desk: Desk, command: c.AnswerQuestion) -> None:
    request = desk.approval(command.task)
    events = approval.answer_question(
        request,
        question=command.question,
        by=desk.actor.person,
        text=Sealed.of(command.text),
        on=_today(desk, request),
    )
    _write(desk, command.task, events)


def withdraw_request(desk: Desk, command: c.WithdrawRequest) -> None:
    request = desk.approval(command.task)
    _write(desk, command.task, approval.withdraw(request, on=_today(desk, request)))


def name_approver(desk: Desk, command: c.NameApprover) -> None:
    request = desk.approval(command.task)
    desk.known_person(command.approver)
    events = approval.name_approver(
        request,
        level=command.level,
        approver=command.approver,
        reason=Sealed.of(command.reason),
        by=desk.actor.person,
        seats={level: desk.seat(request, level) for level in LEVELS},
        may_be_named=desk.may_be_named(request, command.approver, command.level),
        on=_today(desk, request),
    )
    _write(desk, command.task, events)


def confirm_task(desk: Desk, command: c.ConfirmTask) -> None:
    request = desk.approval(command.task)
    _write(desk, command.task, approval.confirm_task(request, on=_today(desk, request)))


def give_up_task(desk: Desk, command: c.GiveUpTask) -> None:
    request = desk.approval(command.task)
    _write(desk, command.task, approval.give_up(request, on=_today(desk, request)))


def _live(desk: Desk, task: TaskId) -> Approval:
    """A request whose employee is still in service today."""
    request = desk.approval(task)
    assert request.employee is not None
    if not desk.person(request.employee).serves_on(_today(desk, request)):
        raise CaseFrozen
    return request


def _today(desk: Desk, request: Approval) -> date:
    assert request.employee is not None
    return desk.today(request.employee)


def _write(desk: Desk, task: TaskId, events: list[Event]) -> None:
    request = desk.approval(task)
    assert request.employee is not None
    desk.policy_version = request.policy_version
    desk.write(APPROVAL, task, events, owner=request.employee, case=request.plan)


HANDLES: dict[type[c.Command], Handler] = {
    c.AskForAcceptance: ask_for_acceptance,
    c.AcceptTask: accept_task,
    c.DeclineTask: decline_task,
    c.ReturnTask: return_task,
    c.AskQuestion: ask_question,
    c.AnswerQuestion: answer_question,
    c.WithdrawRequest: withdraw_request,
    c.NameApprover: name_approver,
    c.ConfirmTask: confirm_task,
    c.GiveUpTask: give_up_task,
}
