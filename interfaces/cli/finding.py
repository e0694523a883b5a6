"""Finding people, plans and tasks by what somebody can type."""

from collections.abc import Iterable, Sequence

from ...application.desk import Actor
from ...application.engine import Engine
from ...application.questions import (
    Inbox,
    InboxItem,
    People,
    PersonView,
    PlanBoard,
    PlanView,
    TaskView,
    WhoIs,
)
from ...domain.event import PlanId, ResultId, TaskId
from ...domain.refusals import (
    Invalid,
    NotFound,
    PlanNotStarted,
    UnknownPerson,
    UnknownResult,
    UnknownTask,
)

SHORTEST = 8
"""How many characters of an id are enough, where they lead to one thing only."""

LOOKING_UP = Actor("nobody", via="cli")


class NotUnique(Invalid):
    says = "{text} is the beginning of several ids: {found}. Give more characters."


class WhichTask(Invalid):
    says = "Say which task: {tasks}."


class WhichResult(Invalid):
    says = "Say which result: {results}."


class NobodyWaits(NotFound):
    says = "Nobody waits for you. `countersign inbox` shows what does, once something does."


def person(engine: Engine, known_as: str) -> PersonView:
    """By id, HR number, e-mail address or login, or by the beginning of an id."""
    try:
        found: PersonView = engine.ask(WhoIs(known_as=known_as), LOOKING_UP)
    except UnknownPerson:
        if len(known_as) < SHORTEST:
            raise
        people: Sequence[PersonView] = engine.ask(People(), LOOKING_UP)
        one = beginning(known_as, (each.person for each in people))
        if one is None:
            raise
        found = engine.ask(WhoIs(known_as=one), LOOKING_UP)
    return found


def beginning(text: str, ids: Iterable[str]) -> str | None:
    """The one id that begins so. Raises NotUnique."""
    found = sorted({each for each in ids if each.startswith(text.lower())})
    if len(text) < SHORTEST or not found:
        return None
    if len(found) > 1:
        raise NotUnique(text=text, found=", ".join(found))
    return found[0]


def plan(engine: Engine, actor: Actor, text: str | None) -> PlanId:
    """One's own plan, a plan by (the beginning of) its id, or the plan of a person."""
    if text is None:
        own: PlanView = engine.ask(PlanBoard(person=actor.person), actor)
        return own.plan
    known = beginning(text, _plans(engine, actor))
    if known is not None:
        return known
    try:
        whose = person(engine, text)
    except UnknownPerson:
        return text
    if whose.plan is not None:
        return whose.plan
    board: PlanView = engine.glance(PlanBoard(person=whose.person), actor)
    return board.plan


def _plans(engine: Engine, actor: Actor) -> Iterable[PlanId]:
    """Plans that this reader has met: their own, those in the inbox, and running ones."""
    own = _own(engine, actor)
    if own is not None:
        yield own.plan
    items: Sequence[InboxItem] = engine.glance(Inbox(person=actor.person), actor)
    yield from (item.plan for item in items if item.plan is not None)
    people: Sequence[PersonView] = engine.ask(People(), actor)
    yield from (each.plan for each in people if each.plan is not None)


def request(engine: Engine, actor: Actor, text: str | None, kind: str) -> TaskId:
    """The task of a request: from one's own plan or inbox; the only one of a kind by default."""
    items: Sequence[InboxItem] = engine.ask(Inbox(person=actor.person), actor)
    if text is None:
        waiting = {item.task: item for item in items if item.task and item.kind == kind}
        if len(waiting) == 1:
            return next(iter(waiting))
        if not waiting:
            raise NobodyWaits
        raise WhichTask(tasks=", ".join(_short(item) for item in waiting.values()))
    known = [item.task for item in items if item.task is not None]
    board = _own(engine, actor)
    if board is not None and text.isdigit() and len(text) < SHORTEST:
        return task(board, text, ()).task
    known += [each.task for each in board.tasks] if board else []
    return beginning(text, known) or text


def result(engine: Engine, actor: Actor, text: str | None, kind: str = "") -> ResultId:
    """A result of one's own plan or inbox; the only one when not named."""
    items: Sequence[InboxItem] = engine.ask(Inbox(person=actor.person), actor)
    told = [item.result for item in items if item.kind == kind and item.result]
    board = _own(engine, actor)
    own = [each.result for task in (board.tasks if board else ()) for each in task.results]
    known = told if kind else own
    if text is not None:
        return beginning(text, (*told, *own)) or text
    if len(set(known)) == 1:
        return known[0]
    if not known:
        raise UnknownResult
    raise WhichResult(results=", ".join(each[:SHORTEST] for each in known))


def _own(engine: Engine, actor: Actor) -> PlanView | None:
    try:
        found: PlanView = engine.ask(PlanBoard(person=actor.person), actor)
    except PlanNotStarted:
        return None
    return found


def _short(item: InboxItem) -> str:
    return f"{(item.task or '')[:SHORTEST]} ({item.title or item.employee_name})"


def task(board: PlanView, text: str | None, among: Sequence[TaskView]) -> TaskView:
    """A task by its number in the plan or its id; the only one of `among` when not named."""
    if text is None:
        return _only(board, among or board.tasks)
    if text.isdigit() and len(text) < SHORTEST:
        if not 1 <= int(text) <= len(board.tasks):
            raise UnknownTask
        return board.tasks[int(text) - 1]
    found = beginning(text, (each.task for each in board.tasks))
    if found is None:
        raise UnknownTask
    return next(each for each in board.tasks if each.task == found)


def _only(board: PlanView, tasks: Sequence[TaskView]) -> TaskView:
    """Where none fits, the engine says why the plan's only task does not."""
    if not tasks:
        raise UnknownTask
    if len(tasks) > 1:
        raise WhichTask(tasks=numbered(board, tasks))
    return tasks[0]


def numbered(board: PlanView, tasks: Sequence[TaskView]) -> str:
    places = {each.task: place for place, each in enumerate(board.tasks, 1)}
    return ", ".join(
        f"{places[each.task]} ({each.title or each.task[:SHORTEST]})" for each in tasks
    )
