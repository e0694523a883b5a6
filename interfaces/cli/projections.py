"""`countersign projections`: everything that can be asked, made anew from the journal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ...infrastructure.assembly import Progress, Report, silent
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
    """Builds projections beside the live ones, compares, and switches."""
    known = here.house.projections
    if every == bool(names) or set(names) - set(known):
        raise Misuse(f"Give --all, or some of: {', '.join(known)}.")
    chosen = tuple(names) or known
    with _bar(here) as report:
        done = here.house.rebuild(chosen, report=report)
    told = {"projections": chosen, "events": done.events, "seconds": round(done.seconds, 3)}
    line = f"Rebuilt {', '.join(chosen)}: {done.events} events."
    here.show(told, lambda: render.say(here.out, line))


@contextmanager
def _bar(here: Here) -> Iterator[Report]:
    """On a terminal a bar with rate and estimate; in a pipe nothing."""
    if here.as_json or not sys.stdout.isatty():
        yield silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=here.out, transient=True) as bar:
        shown = bar.add_task("", total=None, rate="")

        def report(progress: Progress) -> None:
            rate = f"{progress.rate:,.0f}/s, {progress.memory / 2**20:,.0f} MB"
            bar.update(
                shown,
                description=progress.step,
                completed=progress.done,
                total=progress.total,
                rate=rate,
            )

        yield report
