"""Sight: in which words a refusal is told, so that nothing hidden is told by it."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...application.desk import THE_ENGINE, Actor
from ...application.engine import Engine
from ...application.ports import Receipt
from ...application.questions import (
    AuditTrail,
    Disposal,
    Inbox,
    InboxItem,
    LegalHolds,
    PlanBoard,
    PlanView,
    ReadingList,
    TrailEntry,
)
from ...domain.refusals import (
    NotFound,
    Outdated,
    Refusal,
    UnknownResult,
    UnknownTask,
)

PAGE = 500
DECIDE = "decide"


def as_seen(
    engine: Engine,
    actor: Actor,
    named: Mapping[str, Any],
    expecting: Mapping[str, int],
    refused: Refusal,
) -> Refusal:
    """The refusal; or, where the actor may not see what was named, that it is not there."""
    try:
        _look(engine, actor, named)
    except NotFound as hidden:
        if isinstance(refused, Outdated) and _waited_for(engine, actor, named, expecting):
            return refused
        return hidden
    return refused


def _look(engine: Engine, actor: Actor, named: Mapping[str, Any]) -> None:
    if "plan" in named:
        board: PlanView = engine.glance(PlanBoard(plan=named["plan"]), actor)
        results = {each.result for task in board.tasks for each in task.results}
        if "task" in named and named["task"] not in {each.task for each in board.tasks}:
            raise UnknownTask
        if "result" in named and named["result"] not in results:
            raise UnknownResult
    if "run" in named:
        engine.glance(Disposal(run=named["run"]), actor)
    if "hold" in named:
        engine.glance(LegalHolds(), actor)
    if "item" in named:
        engine.ask(ReadingList(person=actor.person, item=named["item"]), actor)


def _waited_for(
    engine: Engine, actor: Actor, named: Mapping[str, Any], expecting: Mapping[str, int]
) -> bool:
    """Whether the decision was this actor's until another took it, as their own inbox knows."""
    plan, task = str(named.get("plan")), str(named.get("task"))
    if task not in expecting:
        return False
    for entry in _trail(engine, plan):
        if (entry.stream, entry.version) == (task, expecting[task] + 1):
            items: list[InboxItem] = engine.glance(
                Inbox(person=actor.person, kind=DECIDE, plan=plan),
                actor,
                as_of=entry.position - 1,
                effective=entry.recorded_at.date(),
            )
            return task in {item.task for item in items}
    return False


def _trail(engine: Engine, plan: str) -> Iterator[TrailEntry]:
    after, so_far = 0, Receipt(position=engine.position(), events=())
    while True:
        page: list[TrailEntry] = engine.ask(
            AuditTrail(case=plan, after=after, limit=PAGE), THE_ENGINE, after=so_far
        )
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].position
