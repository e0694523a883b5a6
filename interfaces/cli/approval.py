"""`countersign approval`: asking, the two levels' decisions, and questions between the sides."""

from collections.abc import Sequence
from typing import Annotated

import typer

from ...application import commands as c
from ...application.questions import Inbox, InboxItem, PlanBoard, PlanView, TaskView
from ...domain.approval import PerceivedValue
from ...domain.lifecycle import Step
from ...domain.plan import TaskStanding
from ...domain.refusals import UnknownQuestion, UnknownRequest, UnknownResult
from . import boards, finding
from .options import Evidence, Reason, Request, Task
from .session import Here, command

app = typer.Typer(help="The double acceptance of a task.", no_args_is_help=True)


@command(app, "ask", example="countersign approval ask --as 1042 --task 1")
def ask(here: Here, task: Task = None) -> None:
    """Asks both levels to accept a task; freezes its evidence and tells what was not told yet."""
    board = here.plan()
    settled = [each for each in board.tasks if each.standing is TaskStanding.SETTLED]
    here.do(c.AskForAcceptance(plan=board.plan, task=finding.task(board, task, settled).task))


@command(
    app,
    "accept",
    example="countersign approval accept 3f2a81c9 --as 1010 --evidence 1 --value direct",
)
def accept(
    here: Here,
    evidence: Evidence,
    value: Annotated[PerceivedValue, typer.Option("--value", help="The value that you see.")],
    task: Request = None,
    result: Annotated[
        str | None, typer.Option("--result", help="Because of which result [the only one].")
    ] = None,
    need: Annotated[
        str | None, typer.Option("--need", help="The need that it serves [as stated].")
    ] = None,
) -> None:
    """Accepts a task at the open level, because of a result and the need that it serves."""
    chosen = finding.request(here.engine, here.actor, task, "decide")
    here.do(
        c.AcceptTask(
            task=chosen,
            evidence=evidence,
            result=_because(here, chosen, result),
            need=need,
            value_perceived=value,
        )
    )


@command(
    app,
    "decline",
    example='countersign approval decline 3f2a81c9 --as 1010 --evidence 1 --reason "known before"',
)
def decline(here: Here, evidence: Evidence, reason: Reason, task: Request = None) -> None:
    """Does not accept a task for now; it says nothing against anybody."""
    chosen = finding.request(here.engine, here.actor, task, "decide")
    here.do(c.DeclineTask(task=chosen, evidence=evidence, reason=reason))


@command(
    app,
    "return",
    example="countersign approval return 3f2a81c9 --as 1010 --evidence 1 --to-step 6"
    ' --missing "which customer asked?"',
)
def give_back(
    here: Here,
    evidence: Evidence,
    missing: Annotated[str, typer.Option("--missing", help="What is missing.")],
    to_step: Annotated[int, typer.Option("--to-step", min=1, max=8, help="To which step.")] = 6,
    task: Request = None,
) -> None:
    """Returns a task with what is missing; asked again, it is the next round."""
    chosen = finding.request(here.engine, here.actor, task, "decide")
    returned = c.ReturnTask(task=chosen, evidence=evidence, missing=missing, to_step=Step(to_step))
    here.do(returned)


@command(
    app, "question", example='countersign approval question 3f2a81c9 --as 1010 --text "since when?"'
)
def question(
    here: Here,
    text: Annotated[str, typer.Option("--text", help="The question.")],
    task: Request = None,
) -> None:
    """Asks the other side; it moves nothing."""
    chosen = finding.request(here.engine, here.actor, task, "decide")
    here.do(c.AskQuestion(task=chosen, text=text))


@command(app, "answer", example='countersign approval answer --as 1042 --text "since March"')
def answer(
    here: Here,
    text: Annotated[str, typer.Option("--text", help="The answer.")],
    task: Request = None,
    question: Annotated[
        str | None, typer.Option("--question", help="Which one [the only one].")
    ] = None,
) -> None:
    """Answers a question of the other side."""
    chosen = finding.request(here.engine, here.actor, task, "answer")
    here.do(c.AnswerQuestion(task=chosen, question=_question(here, chosen, question), text=text))


@command(app, "withdraw", example="countersign approval withdraw 1 --as 1042")
def withdraw(here: Here, task: Request = None) -> None:
    """Takes one's own request back, before its end."""
    here.do(c.WithdrawRequest(task=_own(here, task)))


@command(
    app,
    "name",
    example="countersign approval name 3f2a81c9 --as 1016 --level 2 --approver 1002"
    ' --reason "nobody stands above"',
)
def name(
    here: Here,
    level: Annotated[int, typer.Option("--level", min=1, max=2, help="Which level.")],
    approver: Annotated[str, typer.Option("--approver", metavar="PERSON", help="Who decides it.")],
    reason: Reason,
    task: Request = None,
) -> None:
    """Names, as HR, who decides a level; it never accepts, and it is shown everywhere."""
    chosen = finding.request(here.engine, here.actor, task, "name_approver")
    person = here.person(approver)
    here.do(c.NameApprover(task=chosen, level=level, approver=person, reason=reason))


@command(app, "confirm", example="countersign approval confirm 1 --as 1042")
def confirm(here: Here, task: Request = None) -> None:
    """Says, after a change of job, that a task remains part of it."""
    here.do(c.ConfirmTask(task=_own(here, task)))


@command(app, "give-up", example="countersign approval give-up 1 --as 1042")
def give_up(here: Here, task: Request = None) -> None:
    """Gives an accepted task up, because it no longer belongs to the job."""
    here.do(c.GiveUpTask(task=_own(here, task)))


@command(app, "show", example="countersign approval show 3f2a81c9 --as 1010")
def show(here: Here, task: Request = None) -> None:
    """Shows a request with its evidence, as far as you may see it."""
    try:
        chosen = finding.request(here.engine, here.actor, task, "decide")
    except finding.NobodyWaits:
        chosen = _own(here, task)
    board = _board_of(here, chosen)
    place, found = next(
        (place, each) for place, each in enumerate(board.tasks, 1) if each.task == chosen
    )
    here.show(found, lambda: boards.task(here.out, place, found, boards.names(here)))


def _board_of(here: Here, task: str) -> PlanView:
    """The plan in which the request stands: from the inbox, or one's own."""
    items: Sequence[InboxItem] = here.ask(Inbox(person=here.me.person))
    plan = next((item.plan for item in items if item.task == task), None)
    question = PlanBoard(plan=plan) if plan else PlanBoard(person=here.me.person)
    board: PlanView = here.ask(question)
    if not any(each.task == task for each in board.tasks):
        raise UnknownRequest
    return board


def _task(here: Here, task: str) -> TaskView:
    return next(each for each in _board_of(here, task).tasks if each.task == task)


def _own(here: Here, text: str | None) -> str:
    board = here.plan()
    asked = [each for each in board.tasks if each.request is not None]
    return finding.task(board, text, asked).task


def _because(here: Here, task: str, text: str | None) -> str:
    """The result that an acceptance cites: one of those in the frozen evidence."""
    request = _task(here, task).request
    shown = request.evidence.results if request and request.evidence else ()
    results = [each.result for each in shown]
    if text is not None:
        return finding.beginning(text, results) or text
    if len(results) == 1:
        return results[0]
    if not results:
        raise UnknownResult
    raise finding.WhichResult(results=", ".join(each[:8] for each in results))


def _question(here: Here, task: str, text: str | None) -> str:
    items: Sequence[InboxItem] = here.ask(Inbox(person=here.me.person))
    asked = [item.question for item in items if item.task == task and item.question is not None]
    if text is not None:
        return finding.beginning(text, asked) or text
    if len(asked) != 1:
        raise UnknownQuestion
    return asked[0]
