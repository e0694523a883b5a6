"""`countersign result`: what came of a task, noted, told and acknowledged."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer

from ...application import commands as c
from ...application.questions import FileView, PlanBoard, PlanView, ReadingItem, ReadingList
from ...domain.plan import ValueKind
from ...domain.result import ResultKind, Route
from . import files, finding, render
from .files import Copy, FileTitle, FileToSend, Force, To
from .options import Stated, Task, day
from .session import Here, Misuse, command

app = typer.Typer(help="What came of a task; only what is told counts.", no_args_is_help=True)

Kind = Annotated[ResultKind, typer.Option("--kind", help="What it is.")]
Channel = Annotated[str, typer.Option("--channel", help="Where it was found.")]
What = Annotated[str, typer.Option("--what", help="What was found.")]
How = Annotated[Route, typer.Option("--route", help="How it was found.")]
Kinds = Annotated[ValueKind, typer.Option("--value", help="The kind of value.")]
Confirmable = Annotated[
    str | None, typer.Option("--confirmable-by", help="Who or what can confirm it.")
]
Outsider = Annotated[
    str | None, typer.Option("--outsider", help="Somebody outside, named only if you want to.")
]
Cite = Annotated[
    str | None,
    typer.Option("--cite", metavar="ITEM", help="Reading material to copy as evidence."),
]
Title = Annotated[str | None, typer.Option("--evidence", help="What can be looked at.")]
Locator = Annotated[str | None, typer.Option("--locator", help="Where it can be looked at.")]
Result = Annotated[
    str | None,
    typer.Argument(metavar="RESULT", help="The beginning of its id [the only one]."),
]


@command(
    app,
    "note",
    example='countersign result note --as 1042 --kind lead --channel LinkedIn --what "a quotation"'
    " --confirmable-by sales",
)
def note(
    here: Here,
    kind: Kind,
    channel: Channel,
    what: What,
    route: How = Route.SEARCH,
    value: Kinds = ValueKind.DIRECT,
    confirmable_by: Confirmable = None,
    outsider: Outsider = None,
    cite: Cite = None,
    evidence: Title = None,
    locator: Locator = None,
    on: Annotated[
        date | None, typer.Option("--on", parser=day, metavar="DATE", help="When found [today].")
    ] = None,
    task: Task = None,
) -> None:
    """Notes a result: something another person can look at or confirm (step 6, from 4 on)."""
    board, chosen = here.running_task(task)
    found = _Evidence(cite, evidence, locator).wishes(here)
    noted = c.FindingWish(
        kind=kind,
        value=value,
        route=route,
        channel=channel,
        what=what,
        confirmable_by=confirmable_by,
        outsider=outsider,
    )
    here.do(c.NoteResult(plan=board.plan, task=chosen, finding=noted, evidence=found, found_on=on))
    here.hint("Tell your manager when you want to: countersign result tell.")


@command(
    app,
    "amend",
    example="countersign result amend 3f2a81c9 --as 1042 --kind lead --channel LinkedIn"
    ' --what "an order" --confirmable-by sales',
)
def amend(
    here: Here,
    kind: Kind,
    channel: Channel,
    what: What,
    result: Result = None,
    route: How = Route.SEARCH,
    value: Kinds = ValueKind.DIRECT,
    confirmable_by: Confirmable = None,
    outsider: Outsider = None,
) -> None:
    """Says a result anew, in full; an open request goes back to level 1 with the difference."""
    said = c.FindingWish(
        kind=kind,
        value=value,
        route=route,
        channel=channel,
        what=what,
        confirmable_by=confirmable_by,
        outsider=outsider,
    )
    here.do(c.AmendResult(result=_result(here, result), finding=said))


@command(app, "add-evidence", example="countersign result add-evidence --as 1042 --cite 9b1f04e7")
def add_evidence(
    here: Here,
    result: Result = None,
    cite: Cite = None,
    evidence: Title = None,
    locator: Locator = None,
) -> None:
    """Adds evidence; citing reading material makes a record copy of it."""
    wishes = _Evidence(cite, evidence, locator).wishes(here)
    if len(wishes) != 1:
        raise Misuse("Give one piece of evidence: --cite ITEM, or --evidence TITLE.")
    here.do(c.AddEvidence(result=_result(here, result), evidence=wishes[0]))


@command(
    app, "attach", example='countersign result attach 3f2a81c9 quotation.pdf --title "it" --as 1042'
)
def attach(
    here: Here,
    result: Annotated[str, typer.Argument(metavar="RESULT", help="The beginning of its id.")],
    file: FileToSend,
    title: FileTitle = None,
) -> None:
    """Attaches a file as evidence: a record of its own, sealed; told by its bytes, not its name."""
    chosen = _result(here, result)
    upload = files.sent(here, file)
    wanted = c.AttachFile(result=chosen, upload=upload.blob, name=file.name, title=title)
    files.claim(here, wanted)


@command(app, "file", example="countersign result file 5e0c7f31 --to . --as 1042")
def file_(
    here: Here,
    copy: Copy,
    to: To,
    force: Force = False,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help="Whose, or which plan [your own].")
    ] = None,
    reason: Stated = None,
) -> None:
    """Saves a file of a result that you may see; never over another without --force."""
    whose = here.plan_id(plan)
    board: PlanView = here.ask(PlanBoard(plan=whose, reason=reason))
    chosen = files.found(copy, _files(board))
    files.saved(here, chosen, to, force=force, plan=whose, reason=reason)


@command(app, "tell", example="countersign result tell 3f2a81c9 --as 1042")
def tell(here: Here, result: Result = None) -> None:
    """Tells the manager of a result; only told results count."""
    here.do(c.TellResult(result=_result(here, result)))


@command(app, "acknowledge", example="countersign result acknowledge 3f2a81c9 --as 1010")
def acknowledge(here: Here, result: Result = None) -> None:
    """Acknowledges, as the manager, a result that was told."""
    told = finding.result(here.engine, here.actor, result, kind="acknowledge")
    here.do(c.AcknowledgeResult(result=told))


@command(app, "show", example="countersign result show 3f2a81c9 --as 1042")
def show(here: Here, result: Result = None) -> None:
    """Shows a result to colleagues; it can be taken back."""
    here.do(c.ShowResult(result=_result(here, result)))


@command(app, "hide", example="countersign result hide 3f2a81c9 --as 1042")
def hide(here: Here, result: Result = None) -> None:
    """No longer shows a result to colleagues."""
    here.do(c.HideResult(result=_result(here, result)))


@command(app, "retract", example="countersign result retract 3f2a81c9 --as 1042")
def retract(here: Here, result: Result = None) -> None:
    """Retracts a result; without any left, its task leaves the request."""
    here.do(c.RetractResult(result=_result(here, result)))


@command(app, "list", example="countersign result list --as 1042")
def list_(here: Here) -> None:
    """Lists the results of your plan, and their files."""
    found = [result for task in here.plan().tasks for result in task.results]

    def text() -> None:
        if not found:
            render.say(here.out, "No result yet. Note one with countersign result note.")
            return
        rows = [(each.result[:8], each.found_on, each.kind.value, each.what) for each in found]
        render.table(here.out, ("Result", "Found", "Kind", "What"), rows)
        render.files(here.out, (each for result in found for each in result.files))

    here.show(found, text)


@dataclass
class _Evidence:
    """Reading material to cite, or a title with its place."""

    cite: str | None
    title: str | None
    locator: str | None

    def wishes(self, here: Here) -> tuple[c.EvidenceWish, ...]:
        wishes = []
        if self.cite is not None:
            wishes.append(c.EvidenceWish(item=item_of(here, self.cite)))
        if self.title is not None:
            wishes.append(c.EvidenceWish(title=self.title, locator=self.locator))
        return tuple(wishes)


def item_of(here: Here, text: str) -> str:
    """A reference item of one's own, by (the beginning of) its id."""
    items: list[ReadingItem] = here.ask(ReadingList(person=here.me.person))
    return finding.beginning(text, (item.item for item in items)) or text


def _files(board: PlanView) -> Iterator[FileView]:
    return (file for task in board.tasks for each in task.results for file in each.files)


def _result(here: Here, text: str | None) -> str:
    return finding.result(here.engine, here.actor, text)
