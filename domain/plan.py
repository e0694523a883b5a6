"""EnablementPlan: one employee's way through the eight steps, in cycles of one or two tasks."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from .event import Event, PersonId, ResultId, TaskId, Value
from .lifecycle import Step
from .policy import Terms
from .sealed import Sealed


class ValueKind(StrEnum):
    """The kind of value expected or perceived; an indirect one suffices (RULES B4)."""

    DIRECT = "direct"
    INDIRECT = "indirect"


class TaskStanding(StrEnum):
    FOUND = "found"
    RUNNING = "running"
    PARKED = "parked"
    SETTLED = "settled"
    DROPPED = "dropped"


PRACTISED = (TaskStanding.RUNNING, TaskStanding.SETTLED)


class Frequency(StrEnum):
    WEEKLY = "weekly"
    SELDOM = "seldom"


class Verdict(StrEnum):
    KEEP = "keep"
    ADJUST = "adjust"
    DROP = "drop"


class Outcome(StrEnum):
    """Step 8: none found and fine, found and parked, or the next cycle begins."""

    FINE = "fine"
    PARKED = "parked"
    NEXT_CYCLE = "next_cycle"


class CloseReason(StrEnum):
    ABANDONED = "abandoned"
    DORMANT = "dormant"
    LEFT = "left"


class MonthReason(StrEnum):
    """Why a task's month begins again; the entries stay."""

    GAP = "gap"
    PURPOSE_OR_CHANNELS = "purpose_or_channels"


class NewTask(Value):
    """A task that step 1 identifies or step 7 finds, with the result that the manager needs."""

    task: TaskId
    title: Sealed
    need: Sealed
    value: ValueKind


class Entry(Value):
    number: int
    on: date


class Task(Value):
    cycle: int
    standing: TaskStanding
    value: ValueKind
    use_revision: int = 0
    purpose: Sealed | None = None
    channels: tuple[Sealed, ...] = ()
    routine_revision: int = 0
    seldom: bool = False
    counts_from: Entry | None = None
    entries: tuple[tuple[int, date], ...] = ()
    ready_on: date | None = None
    met_on: date | None = None
    month_began: date | None = None
    month_days: int = 0
    verdict: Verdict | None = None
    goes_on_without: bool = False
    results: tuple[ResultId, ...] = ()

    @property
    def counted_days(self) -> list[date]:
        since = self.counts_from
        if since is None:
            return [day for _, day in self.entries]
        return [day for number, day in self.entries if number >= since.number and day >= since.on]


class Plan(Value):
    employee: PersonId | None = None
    cycle: int = 0
    step: Step | None = None
    terms: Terms = Terms()
    policy_version: int = 1
    activities: int = 0
    reviewed: bool = False
    tasks: dict[TaskId, Task] = Field(default_factory=dict)
    attached: tuple[ResultId, ...] = ()
    entries: int = 0
    last_on: date | None = None
    quiet_questions: int = 0
    pinned: dict[int, Terms] = Field(default_factory=dict)
    pinned_versions: dict[int, int] = Field(default_factory=dict)
    allowed: bool = False
    started_on: date | None = None
    closed: CloseReason | None = None
    closed_on: date | None = None

    @property
    def running(self) -> dict[TaskId, Task]:
        return {
            task: state
            for task, state in self.tasks.items()
            if state.standing is TaskStanding.RUNNING
        }

    def terms_of(self, task: TaskId) -> Terms:
        """A task keeps the terms of its cycle, whatever later cycles run under (RULES B6)."""
        return self.pinned.get(self.tasks[task].cycle, self.terms)

    def policy_version_of(self, task: TaskId) -> int:
        return self.pinned_versions.get(self.tasks[task].cycle, self.policy_version)


class PlanStarted(Event):
    name = "plan.started.v1"

    employee: PersonId
    on: date


class CycleBegan(Event):
    """Pins the policy: its version, and its terms in full, so that the past explains itself."""

    name = "plan.cycle_began.v1"

    cycle: int
    policy_version: int
    terms: Terms
    on: date


class JobExamined(Event):
    name = "plan.job_examined.v1"

    activities: tuple[Sealed, ...]
    on: date


class TaskIdentified(Event):
    name = "plan.task_identified.v1"

    task: TaskId
    title: Sealed
    need: Sealed
    value: ValueKind
    cycle: int
    on: date


class TaskRestated(Event):
    """Step 1 revisited: another wording, another need, another kind of value (RULES B2)."""

    name = "plan.task_restated.v1"

    task: TaskId
    title: Sealed
    need: Sealed
    value: ValueKind
    on: date


class TaskTaken(Event):
    """A task found or parked earlier joins the running cycle."""

    name = "plan.task_taken.v1"

    task: TaskId
    cycle: int
    on: date


class TaskFound(Event):
    name = "plan.task_found.v1"

    task: TaskId
    title: Sealed
    need: Sealed
    value: ValueKind
    cycle: int
    on: date


class UsePinpointed(Event):
    name = "plan.use_pinpointed.v1"

    task: TaskId
    point: Sealed
    purpose: Sealed
    channels: tuple[Sealed, ...]
    frequency: Frequency
    revision: int
    on: date


class RoutineSet(Event):
    name = "plan.routine_set.v1"

    task: TaskId
    actions: tuple[Sealed, ...]
    revision: int
    on: date


class PracticeAllowed(Event):
    name = "plan.practice_allowed.v1"

    manager: PersonId
    on: date


class PracticeLogged(Event):
    """One entry may serve both tasks; `backdated` when it was noted on a later day."""

    name = "plan.practice_logged.v1"

    entry: int
    tasks: tuple[TaskId, ...]
    practised_on: date
    backdated: bool
    note: Sealed | None = None
    on: date


class EntryStruck(Event):
    name = "plan.entry_struck.v1"

    entry: int
    on: date


class MonthBeganAgain(Event):
    """`entry` and `since`: the first entry number and day that can count."""

    name = "plan.month_began_again.v1"

    task: TaskId
    reason: MonthReason
    entry: int
    since: date
    on: date


class MonthReckoned(Event):
    """On which day the month can be completed, as far as is known now."""

    name = "plan.month_reckoned.v1"

    task: TaskId
    began: date
    ready_on: date
    on: date


class MonthMet(Event):
    name = "plan.month_met.v1"

    task: TaskId
    began: date
    met_on: date
    practice_days: int
    on: date


class MonthReopened(Event):
    """An entry was struck or an absence cancelled, and the month is no longer proved."""

    name = "plan.month_reopened.v1"

    task: TaskId
    on: date


class ResultsChecked(Event):
    name = "plan.results_checked.v1"

    task: TaskId
    methods: tuple[Sealed, ...]
    verdict: Verdict
    on: date


class ResultAttached(Event):
    name = "plan.result_attached.v1"

    task: TaskId
    result: ResultId
    on: date


class ResultDetached(Event):
    name = "plan.result_detached.v1"

    task: TaskId
    result: ResultId
    on: date


class WentOnWithoutResult(Event):
    name = "plan.went_on_without_result.v1"

    task: TaskId
    on: date


class ActivitiesReviewed(Event):
    name = "plan.activities_reviewed.v1"

    activities: tuple[Sealed, ...]
    found: int
    on: date


class ScopeSettled(Event):
    name = "plan.scope_settled.v1"

    outcome: Outcome
    on: date


class StepCompleted(Event):
    name = "plan.step_completed.v1"

    cycle: int
    step: Step
    on: date


class StepReopened(Event):
    name = "plan.step_reopened.v1"

    cycle: int
    step: Step
    on: date


class TaskParked(Event):
    name = "plan.task_parked.v1"

    task: TaskId
    on: date


class TaskDropped(Event):
    name = "plan.task_dropped.v1"

    task: TaskId
    on: date


class CycleEnded(Event):
    """The last running task was parked or dropped: nothing is left to go on with."""

    name = "plan.cycle_ended.v1"

    cycle: int
    on: date


class NeedCommented(Event):
    """The manager's word on the result needed; it is no gate (RULES B1)."""

    name = "plan.need_commented.v1"

    task: TaskId
    manager: PersonId
    comment: Sealed
    on: date


class QuietQuestionAsked(Event):
    name = "plan.quiet_question_asked.v1"

    question: int
    on: date


class PlanClosed(Event):
    name = "plan.closed.v1"

    reason: CloseReason
    on: date


def evolve(plan: Plan, event: Event) -> Plan:
    change = _plan_change(plan, event)
    changed = plan.model_copy(update=change) if change else plan
    day = getattr(event, "on", None)
    if day is None or isinstance(event, QuietQuestionAsked | PlanClosed):
        return changed
    return changed.model_copy(update={"last_on": day, "quiet_questions": 0})


def _plan_change(plan: Plan, event: Event) -> dict[str, object]:
    match event:
        case PlanStarted(employee=employee, on=on):
            return {"employee": employee, "started_on": on}
        case CycleBegan():
            return _cycle_began(plan, event)
        case JobExamined(activities=activities):
            return {"activities": len(activities)}
        case ActivitiesReviewed():
            return {"reviewed": True}
        case StepCompleted(step=Step.SETTLE):
            return {"step": None, "tasks": _settled(plan)}
        case StepCompleted(step=step):
            return {"step": Step(step + 1)}
        case StepReopened(step=step):
            return {"step": step}
        case CycleEnded():
            return {"step": None}
        case PracticeAllowed():
            return {"allowed": True}
        case QuietQuestionAsked(question=question):
            return {"quiet_questions": question}
        case PlanClosed(reason=reason, on=on):
            return {"closed": reason, "closed_on": on, "step": None}
        case PracticeLogged(entry=entry, tasks=tasks, practised_on=day):
            return {"entries": entry, "tasks": _logged(plan, tasks, entry, day)}
        case EntryStruck(entry=entry):
            return {"tasks": _struck(plan, entry)}
        case ResultAttached(result=result):
            return {"attached": (*plan.attached, result), **_task_change(plan, event)}
    return _task_change(plan, event)


def _cycle_began(plan: Plan, event: CycleBegan) -> dict[str, object]:
    return {
        "cycle": event.cycle,
        "step": Step.EXAMINE_JOB,
        "terms": event.terms,
        "pinned": {**plan.pinned, event.cycle: event.terms},
        "pinned_versions": {**plan.pinned_versions, event.cycle: event.policy_version},
        "policy_version": event.policy_version,
        "activities": 0,
        "reviewed": False,
    }


def _task_change(plan: Plan, event: Event) -> dict[str, object]:
    task: TaskId | None = getattr(event, "task", None)
    if task is None:
        return {}
    changed = _task(plan.tasks.get(task), event)
    return {} if changed is None else {"tasks": {**plan.tasks, task: changed}}


def _task(task: Task | None, event: Event) -> Task | None:
    match event:
        case TaskIdentified(cycle=cycle, value=value):
            return Task(cycle=cycle, standing=TaskStanding.RUNNING, value=value)
        case TaskFound(cycle=cycle, value=value):
            return Task(cycle=cycle, standing=TaskStanding.FOUND, value=value)
    if task is None:
        return None
    change = _known_task(task, event)
    return task.model_copy(update=change) if change else None


def _known_task(task: Task, event: Event) -> dict[str, object]:
    match event:
        case TaskRestated(value=value):
            return {"value": value}
        case TaskTaken(cycle=cycle):
            fresh = {"verdict": None, "goes_on_without": False}
            return {"standing": TaskStanding.RUNNING, "cycle": cycle, **fresh}
        case TaskParked():
            return {"standing": TaskStanding.PARKED}
        case TaskDropped():
            return {"standing": TaskStanding.DROPPED}
        case UsePinpointed():
            return {
                "use_revision": event.revision,
                "seldom": event.frequency is Frequency.SELDOM,
                "purpose": event.purpose,
                "channels": event.channels,
            }
        case RoutineSet(revision=revision):
            return {"routine_revision": revision}
        case MonthBeganAgain(reason=MonthReason.PURPOSE_OR_CHANNELS, entry=entry, since=since):
            return {"counts_from": Entry(number=entry, on=since), "met_on": None}
        case MonthReckoned(ready_on=ready_on, began=began):
            return {"ready_on": ready_on, "month_began": began}
        case MonthMet(met_on=met_on, began=began, practice_days=days):
            return {"met_on": met_on, "month_began": began, "month_days": days}
        case MonthReopened():
            return {"met_on": None}
        case ResultsChecked(verdict=verdict):
            return {"verdict": verdict}
        case WentOnWithoutResult():
            return {"goes_on_without": True}
        case ResultAttached(result=result):
            return {"results": (*task.results, result)}
        case ResultDetached(result=result):
            return {"results": tuple(each for each in task.results if each != result)}
    return {}


def _settled(plan: Plan) -> dict[TaskId, Task]:
    def settle(task: Task) -> Task:
        if task.standing is not TaskStanding.RUNNING:
            return task
        return task.model_copy(update={"standing": TaskStanding.SETTLED})

    return {task: settle(state) for task, state in plan.tasks.items()}


def _logged(plan: Plan, tasks: tuple[TaskId, ...], entry: int, day: date) -> dict[TaskId, Task]:
    added = {
        task: plan.tasks[task].model_copy(
            update={"entries": (*plan.tasks[task].entries, (entry, day))}
        )
        for task in tasks
        if task in plan.tasks
    }
    return {**plan.tasks, **added}


def _struck(plan: Plan, entry: int) -> dict[TaskId, Task]:
    def without(task: Task) -> Task:
        kept = tuple(each for each in task.entries if each[0] != entry)
        return task if kept == task.entries else task.model_copy(update={"entries": kept})

    return {task: without(state) for task, state in plan.tasks.items()}
