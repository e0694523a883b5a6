"""`countersign inbox`: what waits for somebody, each with what to type next."""

from collections.abc import Sequence

import typer

from ...application.questions import Inbox, InboxItem, PlanBoard, PlanView
from ...domain.employee import Role
from ...domain.refusals import PlanNotStarted
from . import boards, checklist, render
from .session import Here, command


def add_to(app: typer.Typer) -> None:
    command(app, "inbox", example="countersign inbox --as 1010")(inbox)


def inbox(here: Here) -> None:
    """Shows what waits for you; silence never counts as a yes."""
    items: Sequence[InboxItem] = here.ask(Inbox(person=here.me.person))
    here.show(items, lambda: _print(here, items))


def _print(here: Here, items: Sequence[InboxItem]) -> None:
    if not items:
        render.say(here.out, _nothing(here))
        return
    name = boards.names(here)
    for item in items:
        about = render.shown(item.title) if item.title is not None else _about(item)[:8]
        behalf = f", on behalf of {name(item.on_behalf_of)}" if item.on_behalf_of else ""
        line = f"{item.since}  {render.shown(item.employee_name)}: {about}. {_wanted(item)}{behalf}"
        render.say(here.out, line)
        here.hint(f"            {_next(item)}")


def _nothing(here: Here) -> str:
    """RULES H: an empty page says what to do next."""
    roles = here.me.roles
    if Role.HR in roles:
        return "\n".join(("Nobody waits for you.", *checklist.lines(here)))
    if Role.AUDITOR in roles:
        return "No cases yet."
    try:
        board: PlanView = here.ask(PlanBoard(person=here.me.person))
    except PlanNotStarted:
        return "Nobody waits for you. To begin a plan of your own: countersign plan start."
    return f"Nobody waits for you. {boards.step(board)}"


WANTED = {
    "decide": "Level {level} is yours to decide: evidence version {evidence}, round {round}",
    "name_approver": "Level {level} waits for HR to name an approver ({why})",
    "acknowledge": "A result was told to you",
    "answer": "A question waits for your answer",
    "resubmit": "Returned to you with what is missing",
    "reading_goes": "What you have read goes on {due_on}; cite it or discard it before",
    "approve_disposal": "A disposal waits for somebody else's approval",
    "approve_schedule": "Version {schedule} of the retention schedule waits for approval",
    "hold_review": "A hold was to be looked at again by {due_on}",
}

NEXT = {
    "decide": "countersign approval show {task}; then accept, return or decline",
    "name_approver": "countersign approval name {task} --level {level} --approver WHO --reason …",
    "acknowledge": "countersign result acknowledge {result}",
    "answer": "countersign approval answer {task} --text …",
    "resubmit": "countersign plan show; then countersign approval ask",
    "reading_goes": "countersign reference list",
    "approve_disposal": "countersign records dispose show {run}",
    "approve_schedule": "countersign records schedule show --version {schedule}",
    "hold_review": "countersign records hold list",
}


def _about(item: InboxItem) -> str:
    """The id of what it is about; of the schedule, a word."""
    return item.task or item.item or item.run or item.hold or "schedule"


def _wanted(item: InboxItem) -> str:
    return _filled(WANTED.get(item.kind, item.kind), item)


def _next(item: InboxItem) -> str:
    return _filled(NEXT.get(item.kind, ""), item)


def _filled(template: str, item: InboxItem) -> str:
    return template.format(
        task=(item.task or "")[:8],
        run=(item.run or "")[:8],
        schedule=item.schedule,
        due_on=item.due_on,
        level=item.level,
        evidence=item.evidence,
        round=item.round,
        result=(item.result or "")[:8],
        why=(item.why or "").replace("_", " "),
    )
