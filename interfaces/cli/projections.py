"""`countersign projections`: everything that can be asked, made anew from the journal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...infrastructure.assembly import ReportProgress
from . import render
from .session import Here, Misuse, command

app = typer.Typer(help="What can be asked, made from the journal.", no_args_is_help=True)


@command(
    app,
    "rebuild",
    example=(
        "countersign projections rebuild --all",
        "countersign projections rebuild inbox plan_board",
    ),
)
def rebuild(
    here: Here,
    names: Annotated[list[str], typer.Argument(metavar="[NAME]...", help="Which ones.")] = [],  # noqa: B006
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Folds the journal into projections again; readers see the old rows until it is done."""
    known = here.house.projections
    if every == bool(names) or set(names) - set(known):
        raise Misuse(f"Give --all, or some of: {', '.join(known)}.")
    chosen = tuple(names) or known
    began = monotonic()
    with _bar(here) as progress:
        applied = here.house.rebuild(chosen, progress)
    seconds = max(monotonic() - began, 0.001)
    told = {"projections": chosen, "events": applied, "seconds": round(seconds, 3)}
    line = f"Rebuilt {', '.join(chosen)}: {applied} events, {applied / seconds:,.0f} a second."
    here.show(told, lambda: render.say(here.out, line))


@contextmanager
def _bar(here: Here) -> Iterator[ReportProgress]:
    """On a terminal a bar with rate and estimate; in a pipe nothing."""
    if here.as_json or not sys.stdout.isatty():
        yield lambda done, of: None
        return
    columns = (
        TextColumn("rebuilding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=here.out, transient=True) as bar:
        shown = bar.add_task("rebuilding", total=None, rate="")

        def report(done: int, of: int) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:,.0f} events/s" if speed else ""
            bar.update(shown, completed=done, total=of, rate=rate)

        yield report
