"""`countersign plan`: the eight steps, and what may be done with a plan beside them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from ...application import commands as c
from ...domain.plan import Frequency, Outcome, ValueKind, Verdict
from . import boards, finding
from .options import Task, day
from .session import Here, Misuse, command

app = typer.Typer(help="One's way to being enabled, in eight steps.", no_args_is_help=True)

Activities = Annotated[
    list[str], typer.Option("--activity", help="Part of an ordinary day; may be repeated.")
]
Titles = Annotated[list[str], typer.Option("--task", help="A task; may be repeated.")]
Needs = Annotated[
    list[str], typer.Option("--need", help="The result that the manager needs, one for each task.")
]
Values = Annotated[
    list[ValueKind], typer.Option("--value", help="Value expected, one for each task [direct].")
]
Plan = Annotated[
    str | None,
    typer.Argument(metavar="PLAN", help="A plan's id, or whose plan it is [your own]."),
]
Whose = Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or whose plan it is.")]


@command(app, "start", example="countersign plan start --as 1042")
def start(here: Here) -> None:
    """Starts a plan for yourself; anyone may, and nobody else sees it yet."""
    here.do(c.StartPlan())
    next_step(here)


@command(
    app,
    "examine",
    example="countersign plan examine --as 1042 --activity mail --activity calls"
    ' --task "Find leads" --need "three leads a quarter"',
)
def examine(
    here: Here,
    activities: Activities = [],  # noqa: B006
    tasks: Titles = [],  # noqa: B006
    needs: Needs = [],  # noqa: B006
    values: Values = [],  # noqa: B006
    take: Annotated[
        list[str], typer.Option("--take", help="A task found or parked before, by its number.")
    ] = [],  # noqa: B006
) -> None:
    """Step 1: lists an ordinary day and picks one or two tasks."""
    board = here.plan()
    taken = tuple(finding.task(board, text, ()).task for text in take)
    wishes = _wishes(tasks, needs, values)
    here.do(c.ExamineJob(plan=board.plan, activities=tuple(activities), tasks=wishes, take=taken))
    next_step(here)


@command(
    app,
    "restate",
    example='countersign plan restate --as 1042 --title "Find leads" --need "two a quarter"',
)
def restate(
    here: Here,
    title: Annotated[str, typer.Option("--title", help="The task, said anew.")],
    need: Annotated[str, typer.Option("--need", help="The result that the manager needs.")],
    value: Annotated[ValueKind, typer.Option("--value", help="Value expected.")] = ValueKind.DIRECT,
    task: Task = None,
) -> None:
    """Step 1 again: says a task anew, as long as it is not with the approvers."""
    board, chosen = here.running_task(task)
    here.do(c.RestateTask(plan=board.plan, task=chosen, title=title, need=need, value=value))
    next_step(here)


@command(
    app,
    "pinpoint",
    example='countersign plan pinpoint --as 1042 --point "before the first call"'
    ' --purpose "find leads" --channel LinkedIn',
)
def pinpoint(
    here: Here,
    point: Annotated[str, typer.Option("--point", help="At which point of the work.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What for.")],
    channels: Annotated[list[str], typer.Option("--channel", help="Where; may be repeated.")],
    seldom: Annotated[
        bool, typer.Option("--seldom", help="The task arises less often than weekly.")
    ] = False,
    task: Task = None,
) -> None:
    """Step 2: says where in the work a task is helped, what for, and on which channels."""
    board, chosen = here.running_task(task)
    here.do(
        c.PinpointUse(
            plan=board.plan,
            task=chosen,
            point=point,
            purpose=purpose,
            channels=tuple(channels),
            frequency=Frequency.SELDOM if seldom else Frequency.WEEKLY,
        )
    )
    next_step(here)


@command(
    app,
    "simple",
    example='countersign plan simple --as 1042 --action "search the database" --action "ask"',
)
def simple(
    here: Here,
    actions: Annotated[list[str], typer.Option("--action", help="In order; may be repeated.")],
    task: Task = None,
) -> None:
    """Step 3: gives a task a short routine."""
    board, chosen = here.running_task(task)
    here.do(c.KeepSimple(plan=board.plan, task=chosen, actions=tuple(actions)))
    next_step(here)


@command(
    app,
    "log",
    example=(
        'countersign plan log --as 1042 --note "two leads looked at"',
        "countersign plan log --as 1042 --on 2026-03-30 --on 2026-03-31",
    ),
)
def log(
    here: Here,
    note: Annotated[str | None, typer.Option("--note", help="A word for yourself.")] = None,
    on: Annotated[
        list[date],
        typer.Option("--on", parser=day, metavar="DATE", help="On which day [today]; repeatable."),
    ] = [],  # noqa: B006
    task: Task = None,
) -> None:
    """Step 4: notes practice; without --task, for every running task."""
    board = here.plan()
    tasks = (finding.task(board, task, ()).task,) if task else ()
    days = tuple(c.PracticeDay(on=each, note=note) for each in on or [here.today()])
    here.do(c.LogPractice(plan=board.plan, tasks=tasks, days=days))


@command(app, "strike", example="countersign plan strike 3 --as 1042")
def strike(
    here: Here, entry: Annotated[int, typer.Argument(metavar="ENTRY", help="Its number.")]
) -> None:
    """Strikes a practice entry; what rested on it is reckoned again."""
    here.do(c.StrikeEntry(plan=here.plan().plan, entry=entry))


@command(
    app, "check", example='countersign plan check --as 1042 --verdict keep --method "ask twice"'
)
def check(
    here: Here,
    verdict: Annotated[Verdict, typer.Option("--verdict", help="What becomes of the task.")],
    methods: Annotated[
        list[str], typer.Option("--method", help="A new method that came of it; repeatable.")
    ] = [],  # noqa: B006
    task: Task = None,
) -> None:
    """Step 5: checks what a task has brought: keep, adjust or drop."""
    board, chosen = here.running_task(task)
    here.do(c.CheckResults(plan=board.plan, task=chosen, verdict=verdict, methods=tuple(methods)))
    next_step(here)


@command(app, "continue", example="countersign plan continue --as 1042 --task 2")
def go_on(here: Here, task: Task = None) -> None:
    """Step 6: goes on without a result for a task that has shown none yet."""
    board, chosen = here.running_task(task)
    here.do(c.GoOnWithoutResult(plan=board.plan, task=chosen))
    next_step(here)


@command(app, "review", example="countersign plan review --as 1042 --activity mail")
def review(
    here: Here,
    activities: Activities,
    tasks: Titles = [],  # noqa: B006
    needs: Needs = [],  # noqa: B006
    values: Values = [],  # noqa: B006
) -> None:
    """Step 7: looks at the ordinary day again, for further tasks; none is fine."""
    found = _wishes(tasks, needs, values)
    here.do(c.ReviewActivities(plan=here.plan().plan, activities=tuple(activities), found=found))
    next_step(here)


@command(app, "settle", example="countersign plan settle --as 1042")
def settle(
    here: Here,
    outcome: Annotated[
        Outcome, typer.Option("--outcome", help="What becomes of tasks that were found.")
    ] = Outcome.FINE,
) -> None:
    """Step 8: settles the scope, or begins the next cycle with what was found."""
    here.do(c.Settle(plan=here.plan().plan, outcome=outcome))
    here.hint("Ask for acceptance when you want to: countersign approval ask.")


@command(app, "park", example="countersign plan park --as 1042 --task 2")
def park(here: Here, task: Task = None) -> None:
    """Lays a task aside, so that its sister goes on."""
    board, chosen = here.running_task(task)
    here.do(c.ParkTask(plan=board.plan, task=chosen))
    next_step(here)


@command(app, "drop", example="countersign plan drop --as 1042 --task 2")
def drop(here: Here, task: Task = None) -> None:
    """Drops a task."""
    board, chosen = here.running_task(task)
    here.do(c.DropTask(plan=board.plan, task=chosen))
    next_step(here)


@command(app, "begin-cycle", example="countersign plan begin-cycle --as 1042")
def begin_cycle(here: Here) -> None:
    """Begins another cycle, when you want to; nothing asks for it."""
    here.do(c.BeginCycle(plan=here.plan().plan))
    next_step(here)


@command(app, "abandon", example="countersign plan abandon --as 1042 --yes")
def abandon(
    here: Here,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Ends the plan and what is enabled in it, at any time and without a reason."""
    board = here.plan()
    here.confirm("End this plan, its requests and what is enabled in it?", yes=yes)
    here.do(c.AbandonPlan(plan=board.plan))


@command(app, "allow", example="countersign plan allow 1042 --as 1010")
def allow(here: Here, plan: Whose) -> None:
    """Agrees, as the line manager, that practice begins; needed where policy asks first."""
    here.do(c.AllowPractice(plan=here.plan_id(plan)))


@command(
    app, "comment", example='countersign plan comment 1042 --as 1010 --text "two would do as well"'
)
def comment(
    here: Here,
    plan: Whose,
    text: Annotated[str, typer.Option("--text", help="A word on the result needed.")],
    task: Task = None,
) -> None:
    """Comments, as the line manager, on the result that a task is to bring; it is no gate."""
    board = here.plan(plan)
    chosen = finding.task(board, task, board.tasks).task
    here.do(c.CommentNeed(plan=board.plan, task=chosen, comment=text))


@command(
    app,
    "show",
    example=("countersign plan show --as 1042", "countersign plan show 1042 --as 1010"),
)
def show(here: Here, plan: Plan = None) -> None:
    """Shows a plan, as far as you may see it."""
    board = here.plan(plan)
    here.show(board, lambda: boards.plan(here.out, board, boards.names(here)))


def next_step(here: Here) -> None:
    """Where the plan stands, and what the step asks for."""
    if not here.as_json:
        here.hint(boards.step(here.plan()))


def _wishes(
    tasks: Sequence[str], needs: Sequence[str], values: Sequence[ValueKind]
) -> tuple[c.TaskWish, ...]:
    if len(tasks) != len(needs):
        raise Misuse("Give every --task its --need: the result that the manager needs.")
    kinds = [*values, *[ValueKind.DIRECT] * (len(tasks) - len(values))]
    return tuple(
        c.TaskWish(title=title, need=need, value=value)
        for title, need, value in zip(tasks, needs, kinds, strict=False)
    )
