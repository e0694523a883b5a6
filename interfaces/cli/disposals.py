"""`countersign records dispose`: a frozen list, approved by another, destroyed and certified."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from ...application import commands as c
from ...application.questions import (
    Disposal,
    DisposalRuns,
    Register,
    RegisterItem,
    RunSummary,
    RunView,
)
from ...domain.disposal import MOST, Done, Entry, RunKind, RunPhase
from ...domain.event import Id
from ...domain.refusals import Invalid, NotFound, NothingToDispose, UnknownRun
from ...domain.schedule import Action
from ...infrastructure.assembly import Packed
from . import finding, progress, render, retention_words
from .options import Reason, day
from .register_finding import ref, refs
from .session import Here, command

app = typer.Typer(help="How things go, and how it is proved.", no_args_is_help=True)

TO_BE_APPROVED = "Next: countersign records dispose show; another person approves it."


class NoRunOpen(NotFound):
    says = (
        "No disposal run is open. `countersign records dispose list` has those that are over; "
        "name one of them."
    )


class WhichRun(Invalid):
    says = "Say which disposal run: {runs}."


Run = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="The beginning of its id [the only one that is open]."),
]


@command(
    app,
    "draft",
    example=(
        "countersign records dispose draft --as 1017",
        "countersign records dispose draft 9b1f04e7 --as 1017",
    ),
)
def draft(
    here: Here,
    items: Annotated[
        list[str] | None, typer.Argument(metavar="[ITEM]...", help="Which [all that may go].")
    ] = None,
    on: Annotated[
        date | None, typer.Option("--on", parser=day, metavar="DATE", help="As of a past day.")
    ] = None,
) -> None:
    """Freezes a list of what may go; nothing goes before another person has approved it."""
    chosen = refs(here, items) if items else _all(here, on)
    here.do(c.DraftDisposal(items=chosen, on=on))
    here.hint(TO_BE_APPROVED)


@command(app, "list", example="countersign records dispose list --as 1017")
def list_(
    here: Here,
    phase: Annotated[RunPhase | None, typer.Option("--phase", help="In one phase.")] = None,
) -> None:
    """Lists disposal runs, the newest first."""
    found: Sequence[RunSummary] = here.ask(DisposalRuns(phase=phase))

    def text() -> None:
        if not found:
            render.say(here.out, "There is no disposal run.")
            return
        headings = ("Run", "Kind", "Phase", "Drafted", "Items", "Gone", "Spared", "Withheld")
        render.table(here.out, headings, map(_summary, found))

    here.show(found, text)


@command(app, "show", example="countersign records dispose show 9b1f04e7 --as 1016")
def show(here: Here, run: Run = None) -> None:
    """Shows a run: its frozen list, why each item is on it, and what has become of it."""
    view = _view(here, run)
    here.show(view, lambda: _print(here, view))


@command(app, "approve", example="countersign records dispose approve 9b1f04e7 --as 1016")
def approve(
    here: Here,
    run: Run = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before approving.")] = False,
) -> None:
    """Approves the list as it is shown; never one's own draft, nor one's own case."""
    view = _view(here, run)
    if not here.as_json:
        _print(here, view)
    here.confirm("Approve this list?", yes=yes)
    here.do(c.ApproveDisposal(run=view.summary.run, fingerprint=view.fingerprint))
    to_an_archive = any(each.evaluation.action is Action.TRANSFER for each in view.entries)
    here.hint(
        "Next, for an archive: countersign records dispose pack --to FOLDER"
        if to_an_archive
        else "Next: countersign records dispose execute"
    )


@command(
    app,
    "abandon",
    example='countersign records dispose abandon 9b1f04e7 --reason "not now" --as 1017',
)
def abandon(here: Here, reason: Reason, run: Run = None) -> None:
    """Gives a run up before anything of it has gone."""
    here.do(c.AbandonDisposal(run=_chosen(here, run), reason=reason))


@command(app, "execute", example="countersign records dispose execute 9b1f04e7 --yes --as 1017")
def execute(
    here: Here,
    run: Run = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before destroying.")] = False,
) -> None:
    """Destroys what an approved list holds, each item looked at anew, and issues the certificate.

    A run that was broken off goes on where it stood; a hold placed meanwhile still wins.
    """
    view = _view(here, run)
    left = len(view.entries) - len(view.done)
    here.confirm(f"Destroy {render.count(left, 'item')} for good?", yes=yes)
    chosen = view.summary.run
    here.engine.begin_disposal(chosen, here.actor)
    with progress.counted(here.out, "destroyed", as_json=here.as_json) as told:
        here.engine.carry_out(chosen, told)
    done = _view(here, chosen)
    here.show(done, lambda: _print_done(here, done))


@command(
    app,
    "pack",
    example="countersign records dispose pack 9b1f04e7 --to archive/2033-1 --as 1017",
)
def pack(
    here: Here,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="A folder to be made.")],
    run: Run = None,
) -> None:
    """Writes what an approved run holds, files too, as a BagIt 1.0 package for an archive."""
    packed = here.house.pack(_chosen(here, run), to, here.actor)
    told = {"folder": str(to), **packed.transfer.model_dump(), "held": packed.held}
    here.show(told, lambda: _print_packed(here, packed, to))
    here.hint(
        f"Hand it over, then: countersign records dispose transfer --pack {to} --receiver NAME"
    )


@command(
    app,
    "transfer",
    example="countersign records dispose transfer 9b1f04e7 --pack archive/2033-1"
    ' --receiver "city archive" --as 1017',
)
def transfer(
    here: Here,
    package: Annotated[Path, typer.Option("--pack", metavar="FOLDER", help="What was packed.")],
    receiver: Annotated[str, typer.Option("--receiver", help="Who has it now.")],
    run: Run = None,
) -> None:
    """Records that a pack was handed over, after checking that it is whole."""
    chosen = _chosen(here, run)
    handed = here.house.packed(chosen, package)
    here.do(c.RecordTransfer(run=chosen, transfer=handed, receiver=receiver))
    here.hint("Next: countersign records dispose execute")


def _all(here: Here, on: date | None) -> tuple[c.ItemRef, ...]:
    found: Sequence[RegisterItem] = here.ask(Register(on=on, may_go=True, limit=MOST))
    if not found:
        raise NothingToDispose
    return tuple(ref(each) for each in found)


def _chosen(here: Here, text: str | None) -> Id:
    found: Sequence[RunSummary] = here.ask(DisposalRuns())
    if text is None:
        open_ = [each.run for each in found if each.phase in (RunPhase.DRAFTED, RunPhase.APPROVED)]
        if not open_:
            raise NoRunOpen
        if len(open_) > 1:
            raise WhichRun(runs=", ".join(each[: finding.SHORTEST] for each in open_))
        return open_[0]
    chosen = finding.beginning(text, (each.run for each in found))
    if chosen is None:
        raise UnknownRun
    return chosen


def _view(here: Here, text: str | None) -> RunView:
    view: RunView = here.ask(Disposal(run=_chosen(here, text)))
    return view


def _summary(each: RunSummary) -> tuple[object, ...]:
    return (
        each.run[:8],
        each.kind,
        each.phase,
        each.drafted_on,
        each.entries,
        each.destroyed,
        each.spared,
        each.withheld,
    )


def _print(here: Here, view: RunView) -> None:
    head = view.summary
    render.say(here.out, f"Disposal run {head.run}: {head.kind}, {head.phase}", "bold")
    if view.reason:
        render.say(here.out, f"Asked for because: {render.shown(view.reason)}")
    render.table(here.out, ("Item", "Kind", "Due", "Why", "Fate"), _entries(view))
    if view.transfer:
        render.say(here.out, f"Handed over: a pack of {render.count(view.transfer.items, 'item')}.")
    render.say(here.out, f"Fingerprint of the list: {view.fingerprint}")


def _entries(view: RunView) -> Iterator[tuple[object, ...]]:
    done = {each.item: each for each in view.done}
    for entry in view.entries:
        became = done.get(entry.item.item)
        why = _why(became or entry, view.summary.kind)
        yield (
            entry.item.item[:8],
            entry.item.kind,
            entry.evaluation.due,
            "; ".join(why),
            became.fate.value.replace("_", " ") if became else "",
        )


def _why(last: Entry | Done, kind: RunKind) -> list[str]:
    """What the law wants gone needs no period that is over."""
    if last.withheld:
        return [retention_words.ground(each) for each in last.withheld]
    if kind is RunKind.ERASURE:
        return ["nothing keeps it"]
    return [retention_words.reason(each) for each in last.evaluation.reasons]


def _print_packed(here: Here, packed: Packed, to: Path) -> None:
    transfer = packed.transfer
    much = render.count(transfer.items, "item"), render.count(transfer.octets, "byte")
    render.say(here.out, f"{', '.join(much)}: packed in {to}.")
    for each in packed.held:
        render.say(here.out, f"{each[:8]} is on hold: it is in the pack, and stays here too.")


def _print_done(here: Here, view: RunView) -> None:
    head = view.summary
    line = f"{head.destroyed} destroyed, {head.spared} spared, {head.withheld} withheld."
    render.say(here.out, line)
    if head.completed_on:
        render.say(here.out, f"Certificate {head.certificate}, of {head.completed_on}.")
        here.hint(f"Next: countersign records certificate show {head.certificate[:8]}")
