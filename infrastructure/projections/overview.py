"""Overview: answers from the tables of others, and none of its own."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from ...application.questions import (
    AbsenceView,
    Calendar,
    CalendarView,
    Funnel,
    FunnelView,
    Plans,
    PlanSummary,
    Question,
    StandInView,
    StepCount,
    TaskSummary,
)
from ...domain.employee import Employee
from ...domain.event import PersonId
from ...domain.lifecycle import Step
from ...domain.refusals import UnknownPerson
from ..database import Tx
from .gone import there
from .intervals import Doc
from .people import PERSON, Lookup
from .plan_board import PLAN, REQUEST, RESULT, TASK

DATES = ("month_ready_on", "month_met_on")
ASKED = ("phase", "round", "level", "level_since", "enabled_on", "until")


class Overview:
    """Answers from what projections keep, and keeps nothing."""

    answers: tuple[type[Question], ...] = (Plans, Funnel, Calendar)
    reads = ("plan_board", "people")

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        match question:
            case Plans():
                return list(_summaries(tx, at))
            case Funnel():
                return _funnel(list(_summaries(tx, at)))
            case Calendar(person=person):
                return _calendar(tx, at, person)
        raise TypeError(f"{type(question).__name__} is not answered here")


def _summaries(tx: Tx, at: int | None) -> Iterator[PlanSummary]:
    """Every plan, in the order in which they were started."""
    tasks, people = _tasks(tx, at), Lookup(tx, at)
    told = {doc["task"] for _, doc in RESULT.rows(tx, at) if doc.get("told_to")}
    requests = dict(REQUEST.rows(tx, at))
    plans = sorted(PLAN.rows(tx, at, there(tx)), key=lambda row: (row[1]["started"], row[0]))
    for plan, doc in plans:
        own = [(task, tasks[task]) for task in doc["task_order"] if task in tasks]
        yield PlanSummary(
            plan=plan,
            employee=doc["employee"],
            employee_name=people(doc["employee"]).full_name,
            cycle=doc["cycle"],
            step=Step(doc["step"]) if doc["step"] else None,
            started_on=doc["started_on"],
            closed=doc["closed"],
            told=any(task in told or task in requests for task, _ in own),
            tasks=tuple(_task(task, row, requests.get(task)) for task, row in own),
        )


def _tasks(tx: Tx, at: int | None) -> dict[str, Doc]:
    return dict(TASK.rows(tx, at))


def _task(task: str, row: Doc, request: Doc | None) -> TaskSummary:
    dates = {name: row.get(name) for name in DATES}
    asked = {name: request[name] for name in ASKED} if request else {}
    return TaskSummary.model_validate({"task": task, "standing": row["standing"], **dates, **asked})


def _funnel(plans: Sequence[PlanSummary]) -> FunnelView:
    still = [plan for plan in plans if plan.closed is None]
    steps = Counter(plan.step for plan in still)
    tasks = [task for plan in still for task in plan.tasks]
    phases = Counter(task.phase.value for task in tasks)
    waiting = Counter(task.level for task in tasks if task.phase == "open")
    return FunnelView(
        steps=tuple(StepCount(step=step, plans=steps[step]) for step in Step),
        between_cycles=steps[None],
        waiting_for_level_1=waiting[1],
        waiting_for_level_2=waiting[2],
        **{phase: phases[phase] for phase in ("returned", "declined", "enabled")},
    )


def _calendar(tx: Tx, at: int | None, person: PersonId) -> CalendarView:
    doc = PERSON.row(tx, at, person)
    if doc is None:
        raise UnknownPerson
    state = Employee.model_validate(doc)
    return CalendarView(
        person=person,
        time_zone=state.time_zone,
        lines=state.lines,
        working_days=state.patterns,
        absences=tuple(
            AbsenceView(absence=each.id, start=each.period.start, end=each.period.end)
            for each in state.absences
        ),
        stand_ins=tuple(
            StandInView(
                appointment=each.id,
                stand_in=each.person,
                alternate=each.alternate,
                start=each.period.start,
                end=each.period.end,
            )
            for each in state.stand_ins
            if not each.period.is_empty
        ),
    )
