"""The results desk: note, amend, tell, acknowledge, show and retract."""

from collections.abc import Sequence

from ..domain import approval as approvals
from ..domain import result, steps
from ..domain.approval import EvidenceVersion, FrozenResult
from ..domain.event import Event, PersonId, PlanId, ResultId, TaskId, fold
from ..domain.plan import Plan
from ..domain.refusals import MonthNotMet, NotTangible, NotYourReport
from ..domain.result import Evidence, Finding
from ..domain.sealed import Sealed
from . import commands as c
from .aggregates import APPROVAL, PLAN, RESULT
from .desk import Desk, Handler, sealed_or_none
from .files import attached, claimed, copied
from .plans import task_of
from .references import promote


def note_result(desk: Desk, command: c.NoteResult) -> None:
    state = desk.plan(command.plan)
    ground = desk.ground(state)
    new = desk.new_id()
    found = steps.attach_result(state, task=command.task, result=new, ground=ground)
    noted = result.note(
        desk.recall(RESULT, new),
        employee=desk.actor.person,
        plan=command.plan,
        task=command.task,
        finding=_finding(desk, command.finding),
        evidence=[_evidence(desk, wish, new, command.plan) for wish in command.evidence],
        found_on=command.found_on or ground.today,
        on=ground.today,
    )
    _write(desk, new, noted, command.plan)
    for item in dict.fromkeys(wish.item for wish in command.evidence if wish.item):
        files = copied(desk, item, new)
        _write(desk, new, attached(desk.result(new), files, ground.today), command.plan)
    desk.write(PLAN, command.plan, found, owner=desk.actor.person, case=command.plan)


def amend_result(desk: Desk, command: c.AmendResult) -> None:
    state = desk.result(command.result)
    finding = _finding(desk, command.finding)
    events = result.amend(state, finding=finding, on=desk.today(desk.actor.person))
    _changed(desk, command.result, events)


def add_evidence(desk: Desk, command: c.AddEvidence) -> None:
    state = desk.result(command.result)
    if command.evidence.item is not None and command.evidence.item in state.cited:
        return
    assert state.plan is not None
    on = desk.today(desk.actor.person)
    evidence = _evidence(desk, command.evidence, command.result, state.plan)
    events = result.add_evidence(state, evidence=evidence, on=on)
    if command.evidence.item is not None:
        files = copied(desk, command.evidence.item, command.result)
        events += attached(fold(result.evolve, state, events), files, on)
    _changed(desk, command.result, events)


def attach_file(desk: Desk, command: c.AttachFile) -> None:
    """The same file twice is so already; the same upload elsewhere is no longer there."""
    state = desk.result(command.result)
    if command.upload in state.files:
        return
    file = claimed(desk, command.result, command)
    _changed(desk, command.result, attached(state, [file], desk.today(desk.actor.person)))


def tell_result(desk: Desk, command: c.TellResult) -> None:
    manager = desk.line_manager(desk.actor.person)
    if manager is None:
        raise NotYourReport
    events = result.tell(
        desk.result(command.result), manager=manager, on=desk.today(desk.actor.person)
    )
    _write(desk, command.result, events)


def acknowledge_result(desk: Desk, command: c.AcknowledgeResult) -> None:
    state = desk.result(command.result)
    assert state.employee is not None
    events = result.acknowledge(state, manager=desk.actor.person, on=desk.today(state.employee))
    _write(desk, command.result, events)


def show_result(desk: Desk, command: c.ShowResult) -> None:
    on = desk.today(desk.actor.person)
    _write(desk, command.result, result.show(desk.result(command.result), on=on))


def hide_result(desk: Desk, command: c.HideResult) -> None:
    on = desk.today(desk.actor.person)
    _write(desk, command.result, result.hide(desk.result(command.result), on=on))


def retract_result(desk: Desk, command: c.RetractResult) -> None:
    """Before the decision it makes the evidence stale; the last one takes the task out (D4)."""
    state = desk.result(command.result)
    assert state.plan is not None
    assert state.task is not None
    plan = desk.plan(state.plan)
    ground = desk.ground(plan)
    events = result.retract(state, on=ground.today)
    detached = steps.detach_result(plan, task=state.task, result=command.result, ground=ground)
    desk.write(PLAN, state.plan, detached, owner=desk.actor.person, case=state.plan)
    _changed(desk, command.result, events)


def tell_the_rest(desk: Desk, plan: Plan, task: TaskId, manager: PersonId | None) -> None:
    """Asking for acceptance tells what was not told yet (RULES D1)."""
    assert plan.employee is not None
    for each in standing(desk, plan, task):
        if manager is not None and not desk.result(each).told:
            told = result.tell(desk.result(each), manager=manager, on=desk.today(plan.employee))
            _write(desk, each, told)


def standing(desk: Desk, plan: Plan, task: TaskId) -> list[ResultId]:
    """A task's results that were not retracted."""
    return [each for each in task_of(plan, task).results if not desk.result(each).retracted]


def freeze(desk: Desk, plan: Plan, task: TaskId) -> EvidenceVersion:
    """The next evidence version of a task. Raises MonthNotMet when its month is not proved."""
    state = task_of(plan, task)
    if state.met_on is None or state.month_began is None:
        raise MonthNotMet(ready_on=state.ready_on or "no day before practice has begun")
    return approvals.freeze(
        desk.recall(APPROVAL, task),
        results=[
            FrozenResult(result=each, revision=desk.result(each).revision)
            for each in standing(desk, plan, task)
        ],
        use_revision=state.use_revision,
        routine_revision=state.routine_revision,
        practice_days=state.month_days,
        practice_from=state.month_began,
        practice_until=state.met_on,
    )


def _changed(desk: Desk, result_id: ResultId, events: Sequence[Event]) -> None:
    """What an open request shows has changed: it goes back to level 1 (RULES E2)."""
    _write(desk, result_id, events)
    state = desk.result(result_id)
    assert state.task is not None
    assert state.plan is not None
    request = desk.recall(APPROVAL, state.task)
    if not events or not request.is_open:
        return
    evidence = freeze(desk, desk.plan(state.plan), state.task)
    changed = approvals.change_evidence(
        request, evidence=evidence, on=desk.today(desk.actor.person)
    )
    desk.write(APPROVAL, state.task, changed, owner=desk.actor.person, case=state.plan)


def _write(
    desk: Desk, result_id: ResultId, events: Sequence[Event], plan: PlanId | None = None
) -> None:
    state = desk.recall(RESULT, result_id)
    owner = state.employee or desk.actor.person
    desk.write(RESULT, result_id, events, owner=owner, case=state.plan or plan)


def _finding(desk: Desk, wish: c.FindingWish) -> Finding:
    """An outsider is a subject of their own, under an id that is drawn for them (RULES A4)."""
    outsider = Sealed.of(wish.outsider, about=desk.new_id()) if wish.outsider else None
    return Finding(
        kind=wish.kind,
        value=wish.value,
        route=wish.route,
        channel=Sealed.of(wish.channel),
        what=Sealed.of(wish.what),
        confirmable_by=sealed_or_none(wish.confirmable_by),
        outsider=outsider,
    )


def _evidence(desk: Desk, wish: c.EvidenceWish, result_id: ResultId, case: PlanId) -> Evidence:
    if wish.item is not None:
        return promote(desk, wish.item, result_id, case)
    if wish.title is None:
        raise NotTangible
    copy_id = desk.new_id()
    locator = Sealed.of(wish.locator, unit=copy_id) if wish.locator else None
    return Evidence(copy_id=copy_id, title=Sealed.of(wish.title, unit=copy_id), locator=locator)


HANDLES: dict[type[c.Command], Handler] = {
    c.NoteResult: note_result,
    c.AmendResult: amend_result,
    c.AddEvidence: add_evidence,
    c.AttachFile: attach_file,
    c.TellResult: tell_result,
    c.AcknowledgeResult: acknowledge_result,
    c.ShowResult: show_result,
    c.HideResult: hide_result,
    c.RetractResult: retract_result,
}
