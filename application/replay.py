"""Replay: a case event by event, each with what it changed, and the state at the end."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from ..domain.event import PlanId, Value
from ..domain.line import LEVELS
from ..domain.refusals import PlanNotStarted
from .desk import Actor
from .engine import Engine
from .questions import AuditTrail, PlanBoard, PlanView, RequestView, TaskView, TrailEntry

PAGE = 500


class Replay(Value):
    """The entries up to a moment, `changed` filled in, and the plan as it stood then."""

    case: PlanId
    entries: tuple[TrailEntry, ...]
    board: PlanView


def replay(
    engine: Engine,
    actor: Actor,
    case: PlanId,
    *,
    as_of: datetime | int | None = None,
    effective: date | None = None,
    reason: str | None = None,
) -> Replay:
    """As this reader may see it. Raises NotFound where there is nothing for them."""
    question = PlanBoard(plan=case, reason=reason)
    board: PlanView = engine.ask(question, actor, as_of=as_of, effective=effective)
    before: PlanView | None = None
    told = []
    for entry in _entries(engine, actor, AuditTrail(case=case, reason=reason), as_of):
        after = _board(engine, actor, question, entry.position)
        told.append(entry.model_copy(update={"changed": changes(before, after)}))
        before = after
    return Replay(case=case, entries=tuple(told), board=board)


def _entries(
    engine: Engine, actor: Actor, question: AuditTrail, as_of: datetime | int | None
) -> Iterator[TrailEntry]:
    """Page by page, so that a long case costs no more memory than its answer."""
    after = 0
    while True:
        page = question.model_copy(update={"after": after, "limit": PAGE})
        entries: list[TrailEntry] = engine.ask(page, actor, as_of=as_of)
        yield from entries
        if len(entries) < PAGE:
            return
        after = entries[-1].position


def _board(engine: Engine, actor: Actor, question: PlanBoard, position: int) -> PlanView | None:
    """The plan right after a position; None before it was started. Only its changes are shown."""
    try:
        board: PlanView = engine.glance(question, actor, as_of=position)
    except PlanNotStarted:
        return None
    return board


def changes(before: PlanView | None, after: PlanView | None) -> tuple[str, ...]:
    """What is different, in a few words each: `step 4 → 5`, `task 1: level 1 → 2`."""
    if after is None:
        return ()
    if before is None:
        return ("the plan is there",)
    return (*_differences(before, after, PLAN), *_of_tasks(before, after))


def _of_tasks(before: PlanView, after: PlanView) -> Iterator[str]:
    for place, task in enumerate(after.tasks, 1):
        for each in _task(_same(before, task), task):
            yield f"task {place}: {each}"


Read = Callable[[object], object]


def _of(*path: str) -> Read:
    """Reads an attribute below a view; None where anything on the way is None."""

    def read(view: object) -> object:
        for name in path:
            view = None if view is None else getattr(view, name)
        return view

    return read


def _count(*path: str) -> Read:
    """How many there are; none reads as what was not there."""
    of = _of(*path)

    def count(view: object) -> object:
        found = of(view)
        return len(found) or None if isinstance(found, tuple) else None

    return count


def _level(view: object) -> object:
    """The open level; before the first and after the last there is none."""
    level = getattr(view, "level", None)
    return level if level in LEVELS else None


PLAN: dict[str, Read] = {
    "cycle": _of("cycle"),
    "step": _of("step"),
    "policy version": _of("policy_version"),
    "activities": _count("activities"),
    "outcome": _of("outcome"),
    "practice allowed": _of("practice_allowed"),
    "closed": _of("closed"),
}

TASK: dict[str, Read] = {
    "standing": _of("standing"),
    "month began": _of("month_began"),
    "month ready on": _of("month_ready_on"),
    "month met on": _of("month_met_on"),
    "practice days": _of("practice_days"),
    "verdict": _of("verdict"),
    "results": _count("results"),
    "comments": _count("comments"),
}

REQUEST: dict[str, Read] = {
    "request": _of("phase"),
    "round": _of("round"),
    "level": _level,
    "evidence version": _of("evidence", "number"),
    "decisions": _count("decisions"),
    "named approvers": _count("named"),
    "questions": _count("questions"),
    "enabled until": _of("until"),
}


def _differences(before: object, after: object, reads: dict[str, Read]) -> Iterator[str]:
    for name, read in reads.items():
        was, now = read(before), read(after)
        if was != now:
            yield f"{name} {_shown(was)} → {_shown(now)}"


def _same(board: PlanView, task: TaskView) -> TaskView | None:
    return next((each for each in board.tasks if each.task == task.task), None)


def _task(before: TaskView | None, after: TaskView) -> Iterator[str]:
    if before is None:
        yield f"new, {after.standing.value}"
        return
    yield from _differences(before, after, TASK)
    yield from _request(before.request, after.request)


def _request(before: RequestView | None, after: RequestView | None) -> Iterator[str]:
    if after is not None:
        yield from _differences(before, after, REQUEST)


def _shown(value: object) -> str:
    """Enumerations by their words, what was not there as a dash."""
    shown = getattr(value, "value", value)
    return "-" if shown is None else str(shown).replace("_", " ")
