"""The eight steps as decisions on a plan: what each asks for, and what follows of itself."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from .calendar import WorkCalendar, add_months
from .event import Event, PersonId, ResultId, TaskId, Value
from .lifecycle import NEEDS, Step
from .plan import (
    PRACTISED,
    ActivitiesReviewed,
    CloseReason,
    CycleBegan,
    CycleEnded,
    EntryStruck,
    Frequency,
    JobExamined,
    MonthBeganAgain,
    MonthMet,
    MonthReason,
    MonthReckoned,
    MonthReopened,
    NeedCommented,
    NewTask,
    Outcome,
    Plan,
    PlanClosed,
    PlanStarted,
    PracticeAllowed,
    PracticeLogged,
    QuietQuestionAsked,
    ResultAttached,
    ResultDetached,
    ResultsChecked,
    RoutineSet,
    ScopeSettled,
    StepCompleted,
    StepReopened,
    Task,
    TaskDropped,
    TaskFound,
    TaskIdentified,
    TaskParked,
    TaskRestated,
    TaskStanding,
    TaskTaken,
    UsePinpointed,
    ValueKind,
    Verdict,
    WentOnWithoutResult,
    evolve,
)
from .policy import Starting, Terms
from .practice import Month, month
from .refusals import (
    ActivitiesMissing,
    CycleRunning,
    EntryInTheFuture,
    EntryTooOld,
    FoundTasksWaiting,
    MonthNotMet,
    NeedMissing,
    NoCycleRunning,
    NothingToSettle,
    PlanClosedAlready,
    PlanNotStarted,
    PracticeNotAllowedYet,
    RoutineTooLong,
    StepNotReached,
    TaskNotRunning,
    TaskWithApprovers,
    TooManyTasks,
    UnknownEntry,
    UnknownTask,
    YoungPlan,
)
from .sealed import Sealed


class Ground(Value):
    """What a plan's decisions need to know from elsewhere.

    `today` is the civil date in the employee's zone. `with_approvers` are the tasks whose
    request is open, or that are enabled: their use and routine stand still.
    """

    today: date
    calendar: WorkCalendar = WorkCalendar()
    with_approvers: frozenset[TaskId] = frozenset()


def start(
    plan: Plan, *, employee: PersonId, policy_version: int, terms: Terms, ground: Ground
) -> list[Event]:
    if plan.employee is not None:
        return []
    began = CycleBegan(cycle=1, policy_version=policy_version, terms=terms, on=ground.today)
    return [PlanStarted(employee=employee, on=ground.today), began]


def begin_cycle(plan: Plan, *, policy_version: int, terms: Terms, ground: Ground) -> list[Event]:
    """Only the employee begins a cycle, and one runs at a time (RULES A1, B3)."""
    _open(plan)
    if plan.step is not None:
        raise CycleRunning(cycle=plan.cycle)
    return [
        CycleBegan(
            cycle=plan.cycle + 1, policy_version=policy_version, terms=terms, on=ground.today
        )
    ]


def examine_job(
    plan: Plan,
    *,
    activities: Sequence[Sealed],
    tasks: Sequence[NewTask] = (),
    take: Sequence[TaskId] = (),
    ground: Ground,
) -> list[Event]:
    """Step 1: the ordinary day, and one or two tasks, new ones or some found or parked before."""
    _at_least(plan, Step.EXAMINE_JOB)
    if not activities and not plan.activities:
        raise ActivitiesMissing
    for task in take:
        _standing(plan, task, TaskStanding.FOUND, TaskStanding.PARKED)
    wanted = len(plan.running) + len(tasks) + len(set(take))
    if wanted > plan.terms.tasks_per_cycle:
        raise TooManyTasks(limit=plan.terms.tasks_per_cycle)
    if not wanted:
        raise NeedMissing
    on, cycle = ground.today, plan.cycle
    listed = [JobExamined(activities=tuple(activities), on=on)] if activities else []
    new = [TaskIdentified(**dict(task), cycle=cycle, on=on) for task in tasks]
    taken = [TaskTaken(task=task, cycle=cycle, on=on) for task in dict.fromkeys(take)]
    return _and_then(plan, [*listed, *new, *taken], ground)


def restate_task(
    plan: Plan, *, task: TaskId, title: Sealed, need: Sealed, value: ValueKind, ground: Ground
) -> list[Event]:
    """Step 1 revisited; the practice month goes on."""
    _open(plan)
    _known(plan, task)
    if task in ground.with_approvers:
        raise TaskWithApprovers(task=task)
    return [TaskRestated(task=task, title=title, need=need, value=value, on=ground.today)]


def pinpoint_use(
    plan: Plan,
    *,
    task: TaskId,
    point: Sealed,
    purpose: Sealed,
    channels: Sequence[Sealed],
    frequency: Frequency = Frequency.WEEKLY,
    same_purpose_and_channels: bool = False,
    ground: Ground,
) -> list[Event]:
    """Step 2. Changed later, another purpose or channel starts the month again (RULES B2)."""
    _at_least(plan, Step.PINPOINT_USE, task)
    state = _editable(plan, task, ground)
    pinpointed = UsePinpointed(
        task=task,
        point=point,
        purpose=purpose,
        channels=tuple(channels),
        frequency=frequency,
        revision=state.use_revision + 1,
        on=ground.today,
    )
    events: list[Event] = [pinpointed]
    if state.use_revision and state.counted_days and not same_purpose_and_channels:
        events.append(_begin_again(plan, task, MonthReason.PURPOSE_OR_CHANNELS, ground.today))
    return _and_then(plan, events, ground)


def keep_simple(
    plan: Plan, *, task: TaskId, actions: Sequence[Sealed], ground: Ground
) -> list[Event]:
    """Step 3: an ordered, short list of actions."""
    _at_least(plan, Step.KEEP_SIMPLE, task)
    state = _editable(plan, task, ground)
    limit = plan.terms_of(task).routine_actions
    if not 1 <= len(actions) <= limit:
        raise RoutineTooLong(limit=limit)
    routine = RoutineSet(
        task=task, actions=tuple(actions), revision=state.routine_revision + 1, on=ground.today
    )
    return _and_then(plan, [routine], ground)


def allow_practice(plan: Plan, *, manager: PersonId, ground: Ground) -> list[Event]:
    _open(plan)
    return [] if plan.allowed else [PracticeAllowed(manager=manager, on=ground.today)]


def log_practice(
    plan: Plan,
    *,
    tasks: Sequence[TaskId],
    days: Sequence[tuple[date, Sealed | None]],
    ground: Ground,
) -> list[Event]:
    """Step 4: dated entries, each for one task or for both; backdated so far as policy allows."""
    _open(plan)
    if plan.terms.starting is Starting.ASKED and not plan.allowed:
        raise PracticeNotAllowedYet
    if not tasks:
        raise NoCycleRunning
    for task in tasks:
        _practised(plan, task)
    events: list[Event] = []
    for number, (day, note) in enumerate(sorted(days, key=_first), start=plan.entries + 1):
        _within(day, ground.today, plan.terms)
        events.append(
            PracticeLogged(
                entry=number,
                tasks=tuple(dict.fromkeys(tasks)),
                practised_on=day,
                backdated=day < ground.today,
                note=note,
                on=ground.today,
            )
        )
    return _and_then(plan, events, ground, began_again=True)


def strike_entry(plan: Plan, *, entry: int, ground: Ground) -> list[Event]:
    """The entry no longer counts; what rested on it is reckoned again."""
    _open(plan)
    if not any(entry == number for task in plan.tasks.values() for number, _ in task.entries):
        raise UnknownEntry(entry=entry)
    return _and_then(plan, [EntryStruck(entry=entry, on=ground.today)], ground)


def reckon(plan: Plan, *, ground: Ground) -> list[Event]:
    """After an absence was noted or cancelled: are the months still, or now, proved?"""
    if plan.closed is not None or plan.employee is None:
        return []
    return _and_then(plan, [], ground)


def check_results(
    plan: Plan,
    *,
    task: TaskId,
    verdict: Verdict,
    methods: Sequence[Sealed] = (),
    ground: Ground,
) -> list[Event]:
    """Step 5: did new methods come of it, and keep, adjust or drop."""
    _at_least(plan, Step.CHECK_RESULTS, task, ground)
    _editable(plan, task, ground)
    checked = ResultsChecked(task=task, methods=tuple(methods), verdict=verdict, on=ground.today)
    dropped = [TaskDropped(task=task, on=ground.today)] if verdict is Verdict.DROP else []
    return _and_then(plan, [checked, *dropped], ground)


def attach_result(plan: Plan, *, task: TaskId, result: ResultId, ground: Ground) -> list[Event]:
    """From step 4 on (RULES D1)."""
    _open(plan)
    _practised(plan, task)
    if result in plan.tasks[task].results:
        return []
    attached = ResultAttached(task=task, result=result, on=ground.today)
    return _and_then(plan, [attached], ground)


def detach_result(plan: Plan, *, task: TaskId, result: ResultId, ground: Ground) -> list[Event]:
    if task not in plan.tasks or result not in plan.tasks[task].results:
        return []
    return [ResultDetached(task=task, result=result, on=ground.today)]


def go_on_without_result(plan: Plan, *, task: TaskId, ground: Ground) -> list[Event]:
    """Step 6 for a task that has shown nothing tangible yet (RULES B4)."""
    _at_least(plan, Step.NOTE_RESULTS, task, ground)
    state = _standing(plan, task, *PRACTISED)
    if not _lacks_results(plan, state):
        return []
    return _and_then(plan, [WentOnWithoutResult(task=task, on=ground.today)], ground)


def review_activities(
    plan: Plan, *, activities: Sequence[Sealed], found: Sequence[NewTask] = (), ground: Ground
) -> list[Event]:
    """Step 7: the day looked at again for further tasks."""
    _at_least(plan, Step.REVIEW_ACTIVITIES, ground=ground)
    if not activities:
        raise ActivitiesMissing
    on = ground.today
    reviewed = ActivitiesReviewed(activities=tuple(activities), found=len(found), on=on)
    new = [TaskFound(**dict(task), cycle=plan.cycle, on=on) for task in found]
    return _and_then(plan, [reviewed, *new], ground)


def settle(
    plan: Plan, *, outcome: Outcome, policy_version: int, terms: Terms, ground: Ground
) -> list[Event]:
    """Step 8: nothing found, and that is fine; found and parked; or the next cycle begins."""
    _at_least(plan, Step.SETTLE, ground=ground)
    waiting = [task for task, state in plan.tasks.items() if state.standing is TaskStanding.FOUND]
    if outcome is Outcome.FINE and waiting:
        raise FoundTasksWaiting(count=len(waiting))
    if outcome is not Outcome.FINE and not waiting and not _parked(plan):
        raise NothingToSettle
    on = ground.today
    parked = [TaskParked(task=task, on=on) for task in waiting]
    settled: list[Event] = [
        *(parked if outcome is Outcome.PARKED else []),
        ScopeSettled(outcome=outcome, on=on),
        StepCompleted(cycle=plan.cycle, step=Step.SETTLE, on=on),
    ]
    if outcome is not Outcome.NEXT_CYCLE:
        return settled
    return [
        *settled,
        CycleBegan(cycle=plan.cycle + 1, policy_version=policy_version, terms=terms, on=on),
    ]


def park_task(plan: Plan, *, task: TaskId, ground: Ground) -> list[Event]:
    """A task that lags rests, so that its sister goes on (RULES B3)."""
    _open(plan)
    if _known(plan, task).standing is TaskStanding.PARKED:
        return []
    _standing(plan, task, TaskStanding.RUNNING, TaskStanding.FOUND)
    return _and_then(plan, [TaskParked(task=task, on=ground.today)], ground)


def drop_task(plan: Plan, *, task: TaskId, ground: Ground) -> list[Event]:
    _open(plan)
    if _known(plan, task).standing is TaskStanding.DROPPED:
        return []
    if task in ground.with_approvers:
        raise TaskWithApprovers(task=task)
    return _and_then(plan, [TaskDropped(task=task, on=ground.today)], ground)


def comment_need(
    plan: Plan, *, task: TaskId, manager: PersonId, comment: Sealed, ground: Ground
) -> list[Event]:
    _open(plan)
    _known(plan, task)
    return [NeedCommented(task=task, manager=manager, comment=comment, on=ground.today)]


def close(plan: Plan, *, reason: CloseReason, ground: Ground) -> list[Event]:
    """At any time and without a reason given; also what leaving does (RULES B5, E13)."""
    if plan.employee is None:
        raise PlanNotStarted
    return [] if plan.closed else [PlanClosed(reason=reason, on=ground.today)]


def ask_quiet(plan: Plan, *, ground: Ground) -> list[Event]:
    """After twelve quiet months, and again a month later; then the plan closes as dormant."""
    _open(plan)
    quiet_until = add_months(
        plan.last_on or ground.today, plan.terms.quiet_months + plan.quiet_questions
    )
    if ground.today < quiet_until:
        raise YoungPlan(due=quiet_until)
    if plan.quiet_questions == 2:
        return [PlanClosed(reason=CloseReason.DORMANT, on=ground.today)]
    return [QuietQuestionAsked(question=plan.quiet_questions + 1, on=ground.today)]


def months(plan: Plan, ground: Ground) -> Mapping[TaskId, Month]:
    """How the month of every task stands."""
    return {task: month_of(plan, task, ground) for task in plan.tasks}


def month_of(plan: Plan, task: TaskId, ground: Ground) -> Month:
    state = plan.tasks[task]
    return month(
        state.counted_days,
        calendar=ground.calendar,
        terms=plan.terms_of(task),
        seldom=state.seldom,
    )


def missing(plan: Plan, step: Step) -> list[TaskId]:
    """The running tasks that still lack what leaving the step needs."""
    lacks = LACKS.get(step)
    if lacks is None:
        return []
    return [task for task, state in plan.running.items() if lacks(plan, state)]


PREPARED = (Step.PINPOINT_USE, Step.KEEP_SIMPLE, Step.KEEP_UP)
"""What a task that joins late, or whose month is gone, takes the cycle back to."""


def _lacks_results(plan: Plan, task: Task) -> bool:
    return not task.goes_on_without and len(task.results) < plan.terms.results_per_task


LACKS: Mapping[Step, Callable[[Plan, Task], bool]] = {
    Step.PINPOINT_USE: lambda _, task: not task.use_revision,
    Step.KEEP_SIMPLE: lambda _, task: not task.routine_revision,
    Step.KEEP_UP: lambda _, task: task.met_on is None,
    Step.CHECK_RESULTS: lambda _, task: task.verdict is None,
    Step.NOTE_RESULTS: _lacks_results,
}


def _leaves(plan: Plan, step: Step) -> bool:
    """Whether everything is there to leave a step; step 8 is left by settling alone."""
    if step is Step.EXAMINE_JOB:
        return bool(plan.activities and plan.running)
    if step is Step.REVIEW_ACTIVITIES:
        return plan.reviewed
    return step is not Step.SETTLE and bool(plan.running) and not missing(plan, step)


def _and_then(
    plan: Plan, events: Sequence[Event], ground: Ground, *, began_again: bool = False
) -> list[Event]:
    """What follows of itself: months met or reopened, steps completed, reopened or ended."""
    happened = list(events)
    before = plan
    for event in happened:
        plan = evolve(plan, event)
    for event in _month_events(before, plan, ground, began_again):
        happened.append(event)
        plan = evolve(plan, event)
    while follows := _next_step(plan, ground):
        happened.append(follows)
        plan = evolve(plan, follows)
    return happened


def _month_events(before: Plan, plan: Plan, ground: Ground, began_again: bool) -> list[Event]:
    events: list[Event] = []
    for task, state in plan.tasks.items():
        if state.standing not in PRACTISED or task in ground.with_approvers:
            continue
        now = month_of(plan, task, ground)
        if began_again and now.began_again and task in before.tasks:
            earlier = month_of(before, task, ground).began_again
            events += [
                _gap(plan, task, day, ground) for day in now.began_again if day not in earlier
            ]
        events += _month_standing(task, state, now, ground)
    return events


def _month_standing(task: TaskId, state: Task, now: Month, ground: Ground) -> list[Event]:
    events: list[Event] = []
    if now.met_on:
        return events if state.met_on else [_month_met(task, now, ground)]
    if state.met_on:
        events.append(MonthReopened(task=task, on=ground.today))
    known = None if state.met_on else (state.month_began, state.ready_on)
    if now.began and now.ready_on and (now.began, now.ready_on) != known:
        events.append(
            MonthReckoned(task=task, began=now.began, ready_on=now.ready_on, on=ground.today)
        )
    return events


def _month_met(task: TaskId, now: Month, ground: Ground) -> MonthMet:
    assert now.began is not None
    assert now.met_on is not None
    return MonthMet(
        task=task,
        began=now.began,
        met_on=now.met_on,
        practice_days=now.practice_days,
        on=ground.today,
    )


def _gap(plan: Plan, task: TaskId, day: date, ground: Ground) -> MonthBeganAgain:
    entry = next(number for number, on in plan.tasks[task].entries if on == day)
    return MonthBeganAgain(
        task=task, reason=MonthReason.GAP, entry=entry, since=day, on=ground.today
    )


def _begin_again(plan: Plan, task: TaskId, reason: MonthReason, on: date) -> MonthBeganAgain:
    return MonthBeganAgain(task=task, reason=reason, entry=plan.entries + 1, since=on, on=on)


def _next_step(plan: Plan, ground: Ground) -> Event | None:
    if plan.step is None:
        return None
    if plan.step > Step.EXAMINE_JOB and not plan.running:
        return CycleEnded(cycle=plan.cycle, on=ground.today)
    for step in PREPARED:
        if step < plan.step and missing(plan, step):
            return StepReopened(cycle=plan.cycle, step=step, on=ground.today)
    if _leaves(plan, plan.step):
        return StepCompleted(cycle=plan.cycle, step=plan.step, on=ground.today)
    return None


def _open(plan: Plan) -> None:
    if plan.employee is None:
        raise PlanNotStarted
    if plan.closed is not None:
        raise PlanClosedAlready


def _at_least(
    plan: Plan, step: Step, task: TaskId | None = None, ground: Ground | None = None
) -> None:
    """The cycle has come as far as this step; earlier steps may always be revisited (RULES B2).

    A task that the cycle has settled has passed them all.
    """
    _open(plan)
    if task is not None and _known(plan, task).standing is not TaskStanding.RUNNING:
        return
    if plan.step is None:
        raise NoCycleRunning
    if plan.step is Step.KEEP_UP < step and ground is not None:
        raise _month_missing(plan, ground)
    if plan.step < step:
        raise StepNotReached(step=step.value, now=plan.step.value, needs=NEEDS[plan.step])


def _month_missing(plan: Plan, ground: Ground) -> MonthNotMet:
    task = missing(plan, Step.KEEP_UP)[0]
    ready = month_of(plan, task, ground).ready_on
    return MonthNotMet(task=task, ready_on=ready or "no day before practice has begun")


def _known(plan: Plan, task: TaskId) -> Task:
    if task not in plan.tasks:
        raise UnknownTask(task=task)
    return plan.tasks[task]


def _standing(plan: Plan, task: TaskId, *allowed: TaskStanding) -> Task:
    state = _known(plan, task)
    if state.standing not in allowed:
        raise TaskNotRunning(task=task, standing=state.standing.value)
    return state


def _editable(plan: Plan, task: TaskId, ground: Ground) -> Task:
    state = _standing(plan, task, *PRACTISED)
    if task in ground.with_approvers:
        raise TaskWithApprovers(task=task)
    return state


def _practised(plan: Plan, task: TaskId) -> None:
    """Practice and results belong to a task that has its routine."""
    state = _standing(plan, task, *PRACTISED)
    if not state.routine_revision:
        raise StepNotReached(
            step=Step.KEEP_UP.value, now=Step.KEEP_SIMPLE.value, needs=NEEDS[Step.KEEP_SIMPLE]
        )


def _within(day: date, today: date, terms: Terms) -> None:
    if day > today:
        raise EntryInTheFuture(day=day)
    if (today - day).days > terms.backdate_days:
        raise EntryTooOld(day=day, limit=terms.backdate_days)


def _parked(plan: Plan) -> bool:
    return any(task.standing is TaskStanding.PARKED for task in plan.tasks.values())


def _first(pair: tuple[date, Sealed | None]) -> date:
    return pair[0]
