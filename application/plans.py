"""The plan desk: the eight steps, one handler a command."""

from ..domain import approval, employee, plan, steps
from ..domain.event import Event, PlanId
from ..domain.plan import CloseReason, NewTask, Plan
from ..domain.refusals import UnknownTask
from ..domain.sealed import Sealed
from . import commands as c
from .aggregates import APPROVAL, EMPLOYEE, PLAN
from .desk import Desk, Handler, sealed_or_none


def start_plan(desk: Desk, command: c.StartPlan) -> None:
    me, new = desk.actor.person, desk.new_id()
    opened = employee.open_plan(desk.person(me), plan=new, on=desk.today(me))
    desk.write(EMPLOYEE, me, opened, owner=me, case=new)
    policy = desk.policy()
    desk.policy_version = policy.version
    started = steps.start(
        desk.recall(PLAN, new),
        employee=me,
        policy_version=policy.version,
        terms=policy.terms,
        ground=desk.ground(Plan(employee=me)),
    )
    desk.write(PLAN, new, started, owner=me, case=new)


def begin_cycle(desk: Desk, command: c.BeginCycle) -> None:
    state, policy = desk.plan(command.plan), desk.policy()
    events = steps.begin_cycle(
        state, policy_version=policy.version, terms=policy.terms, ground=desk.ground(state)
    )
    _write(desk, command.plan, events)


def examine_job(desk: Desk, command: c.ExamineJob) -> None:
    state = desk.plan(command.plan)
    events = steps.examine_job(
        state,
        activities=_sealed(command.activities),
        tasks=[_new(desk, wish) for wish in command.tasks],
        take=command.take,
        ground=desk.ground(state),
    )
    _write(desk, command.plan, events)


def restate_task(desk: Desk, command: c.RestateTask) -> None:
    state = desk.plan(command.plan)
    events = steps.restate_task(
        state,
        task=command.task,
        title=Sealed.of(command.title),
        need=Sealed.of(command.need),
        value=command.value,
        ground=desk.ground(state),
    )
    _write(desk, command.plan, events)


def pinpoint_use(desk: Desk, command: c.PinpointUse) -> None:
    state = desk.plan(command.plan)
    events = steps.pinpoint_use(
        state,
        task=command.task,
        point=Sealed.of(command.point),
        purpose=Sealed.of(command.purpose),
        channels=_sealed(command.channels),
        frequency=command.frequency,
        same_purpose_and_channels=_same_use(desk, state, command),
        ground=desk.ground(state),
    )
    _write(desk, command.plan, events)


def _same_use(desk: Desk, state: Plan, command: c.PinpointUse) -> bool:
    """Only another purpose or another channel starts the month again, not another wording."""
    task = state.tasks.get(command.task)
    if task is None or task.purpose is None or len(task.channels) != len(command.channels):
        return False
    pairs = zip((task.purpose, *task.channels), (command.purpose, *command.channels), strict=True)
    return all(desk.session.says(sealed, text) for sealed, text in pairs)


def keep_simple(desk: Desk, command: c.KeepSimple) -> None:
    state = desk.plan(command.plan)
    events = steps.keep_simple(
        state, task=command.task, actions=_sealed(command.actions), ground=desk.ground(state)
    )
    _write(desk, command.plan, events)


def allow_practice(desk: Desk, command: c.AllowPractice) -> None:
    state = desk.plan(command.plan)
    events = steps.allow_practice(state, manager=desk.actor.person, ground=desk.ground(state))
    _write(desk, command.plan, events)


def log_practice(desk: Desk, command: c.LogPractice) -> None:
    state = desk.plan(command.plan)
    events = steps.log_practice(
        state,
        tasks=command.tasks or tuple(state.running),
        days=[(day.on, sealed_or_none(day.note)) for day in command.days],
        ground=desk.ground(state),
    )
    _write(desk, command.plan, events)


def strike_entry(desk: Desk, command: c.StrikeEntry) -> None:
    state = desk.plan(command.plan)
    events = steps.strike_entry(state, entry=command.entry, ground=desk.ground(state))
    _write(desk, command.plan, events)


def check_results(desk: Desk, command: c.CheckResults) -> None:
    state = desk.plan(command.plan)
    events = steps.check_results(
        state,
        task=command.task,
        verdict=command.verdict,
        methods=_sealed(command.methods),
        ground=desk.ground(state),
    )
    _write(desk, command.plan, events)


def go_on_without_result(desk: Desk, command: c.GoOnWithoutResult) -> None:
    state = desk.plan(command.plan)
    events = steps.go_on_without_result(state, task=command.task, ground=desk.ground(state))
    _write(desk, command.plan, events)


def review_activities(desk: Desk, command: c.ReviewActivities) -> None:
    state = desk.plan(command.plan)
    events = steps.review_activities(
        state,
        activities=_sealed(command.activities),
        found=[_new(desk, wish) for wish in command.found],
        ground=desk.ground(state),
    )
    _write(desk, command.plan, events)


def settle(desk: Desk, command: c.Settle) -> None:
    state, policy = desk.plan(command.plan), desk.policy()
    events = steps.settle(
        state,
        outcome=command.outcome,
        policy_version=policy.version,
        terms=policy.terms,
        ground=desk.ground(state),
    )
    _write(desk, command.plan, events)


def park_task(desk: Desk, command: c.ParkTask) -> None:
    state = desk.plan(command.plan)
    _write(desk, command.plan, steps.park_task(state, task=command.task, ground=desk.ground(state)))


def drop_task(desk: Desk, command: c.DropTask) -> None:
    state = desk.plan(command.plan)
    _write(desk, command.plan, steps.drop_task(state, task=command.task, ground=desk.ground(state)))


def comment_need(desk: Desk, command: c.CommentNeed) -> None:
    state = desk.plan(command.plan)
    events = steps.comment_need(
        state,
        task=command.task,
        manager=desk.actor.person,
        comment=Sealed.of(command.comment),
        ground=desk.ground(state),
    )
    _write(desk, command.plan, events)


def abandon_plan(desk: Desk, command: c.AbandonPlan) -> None:
    """Open requests are withdrawn, and what is enabled is given up."""
    state = desk.plan(command.plan)
    ground = desk.ground(state)
    for task in state.tasks:
        request = desk.recall(APPROVAL, task)
        over = approval.give_up(request, on=ground.today)
        if request.phase in (approval.Phase.OPEN, approval.Phase.RETURNED):
            over = approval.withdraw(request, on=ground.today)
        _write_approval(desk, command.plan, task, over)
    close(desk, command.plan, CloseReason.ABANDONED)


def ask_quiet_plan(desk: Desk, command: c.AskQuietPlan) -> None:
    state = desk.plan(command.plan)
    events = steps.ask_quiet(state, ground=desk.ground(state))
    _write(desk, command.plan, events)
    if any(isinstance(event, plan.PlanClosed) for event in events):
        _free(desk, command.plan)


def close(desk: Desk, plan_id: PlanId, reason: CloseReason) -> None:
    state = desk.plan(plan_id)
    _write(desk, plan_id, steps.close(state, reason=reason, ground=desk.ground(state)))
    _free(desk, plan_id)


def _free(desk: Desk, plan_id: PlanId) -> None:
    """The employee may start another plan."""
    owner = desk.plan(plan_id).employee
    assert owner is not None
    closed = employee.close_plan(desk.person(owner), plan=plan_id)
    desk.write(EMPLOYEE, owner, closed, owner=owner, case=plan_id)


def _write(desk: Desk, plan_id: PlanId, events: list[Event]) -> None:
    state = desk.plan(plan_id)
    assert state.employee is not None
    desk.policy_version = state.policy_version
    desk.write(PLAN, plan_id, events, owner=state.employee, case=plan_id)


def _write_approval(desk: Desk, plan_id: PlanId, task: str, events: list[Event]) -> None:
    owner = desk.plan(plan_id).employee
    assert owner is not None
    desk.write(APPROVAL, task, events, owner=owner, case=plan_id)


def _sealed(texts: tuple[str, ...]) -> list[Sealed]:
    return [Sealed.of(text) for text in texts]


def _new(desk: Desk, wish: c.TaskWish) -> NewTask:
    return NewTask(
        task=desk.new_id(),
        title=Sealed.of(wish.title),
        need=Sealed.of(wish.need),
        value=wish.value,
    )


def task_of(state: Plan, task: str) -> plan.Task:
    if task not in state.tasks:
        raise UnknownTask
    return state.tasks[task]


HANDLES: dict[type[c.Command], Handler] = {
    c.StartPlan: start_plan,
    c.BeginCycle: begin_cycle,
    c.ExamineJob: examine_job,
    c.RestateTask: restate_task,
    c.PinpointUse: pinpoint_use,
    c.KeepSimple: keep_simple,
    c.AllowPractice: allow_practice,
    c.LogPractice: log_practice,
    c.StrikeEntry: strike_entry,
    c.CheckResults: check_results,
    c.GoOnWithoutResult: go_on_without_result,
    c.ReviewActivities: review_activities,
    c.Settle: settle,
    c.ParkTask: park_task,
    c.DropTask: drop_task,
    c.CommentNeed: comment_need,
    c.AbandonPlan: abandon_plan,
    c.AskQuietPlan: ask_quiet_plan,
}
