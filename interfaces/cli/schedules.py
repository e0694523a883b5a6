"""`countersign records schedule`: how long things are kept, in versions that never change."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ...application import commands as c
from ...application.questions import Schedule, ScheduleView, SeriesView
from ...domain.event import Event
from ...domain.refusals import RowsRefused
from ...domain.schedule import ScheduleAdopted, ScheduleProposed
from . import render, schedule_file
from .options import Reason
from .session import Here, Misuse, command

app = typer.Typer(help="How long things are kept.", no_args_is_help=True)


@command(
    app,
    "show",
    example=(
        "countersign records schedule show --as 1017",
        "countersign records schedule show --version 1 --as 1017",
    ),
)
def show(
    here: Here,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Another than the one in force.")
    ] = None,
) -> None:
    """Shows a version of the schedule, and what is proposed."""
    view: ScheduleView = here.ask(Schedule(version=version))
    here.show(view, lambda: _print(here, view))


@command(
    app,
    "export",
    example=(
        "countersign records schedule export --as 1017",
        "countersign records schedule export schedule.csv --as 1017",
    ),
)
def export(
    here: Here,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE.csv]", help="Where to [standard output].")
    ] = None,
) -> None:
    """Writes the version in force as CSV, in the shape of the general records schedule."""
    view: ScheduleView = here.ask(Schedule())
    told = schedule_file.written(map(row_of, view.rows))
    if file is None:
        sys.stdout.write(told)
        return
    if file.exists():
        raise Misuse(f"{file} is there already; name another, or remove it.")
    file.write_text(told, "utf-8", newline="")
    here.show({"file": str(file), "rows": len(view.rows)}, lambda: _wrote(here, file, view))


@command(
    app,
    "import",
    example=(
        'countersign records schedule import grs.csv --reason "GRS 5.7" --dry-run --as 1017',
        'countersign records schedule import ours.csv --replace --reason "2027" --as 1017',
    ),
)
def import_(
    here: Here,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="See the reference.")],
    reason: Reason,
    replace: Annotated[
        bool, typer.Option("--replace", help="What is not in the file falls away.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would be.")] = False,
) -> None:
    """Proposes a version with the rows of a file; those that cannot be computed only describe."""
    brought = schedule_file.read(file)
    if brought.problems:
        raise RowsRefused(
            count=len({each.row for each in brought.problems}), problems=brought.problems
        )
    view: ScheduleView = here.ask(Schedule())
    current = [row_of(row) for row in view.rows]
    rows = brought.rows if replace else schedule_file.merged(current, brought.rows)
    wanted = c.ProposeSchedule(rows=tuple(rows), reason=reason)
    events = here.engine.rehearse(wanted, here.actor)
    descriptive = [row for row in brought.rows if row.descriptive]
    told = {
        "rows": len(brought.rows),
        "descriptive": {row.code: row.descriptive for row in descriptive},
        "events": [event.name for event in events],
    }
    if dry_run:
        here.show(told, lambda: _print_rehearsal(here, brought.rows, descriptive, events))
        return
    if not here.as_json:
        _print_import(here, brought.rows, descriptive)
    _propose(here, wanted)


@command(
    app,
    "confirm",
    example="countersign records schedule confirm PR-ENABLE=P7Y PR-SHORT=P1Y"
    ' --authority "records policy 12" --reason "settled by the board" --as 1017',
)
def confirm(
    here: Here,
    periods: Annotated[
        list[str], typer.Argument(metavar="SERIES=PERIOD...", help="Such as PR-ENABLE=P7Y.")
    ],
    authority: Annotated[str, typer.Option("--authority", help="What the years rest on.")],
    reason: Reason,
) -> None:
    """Proposes the years that the organisation has settled upon; another person approves them."""
    settled = tuple(_period(each, authority) for each in periods)
    view: ScheduleView = here.ask(Schedule())
    known = [row.code for row in view.rows]
    if strange := [each.series for each in settled if each.series not in known]:
        has = f"it has {', '.join(known)}"
        raise Misuse(f"The schedule has no series {', '.join(strange)}; {has}.")
    _propose(here, c.ConfirmPeriods(periods=settled, reason=reason))


@command(app, "approve", example="countersign records schedule approve 2 --as 1016")
def approve(
    here: Here,
    version: Annotated[int, typer.Argument(metavar="VERSION", min=2, help="As it was shown.")],
) -> None:
    """Approves the proposed version; never one's own."""
    here.do(c.ApproveSchedule(version=version))


@command(app, "withdraw", example="countersign records schedule withdraw --as 1017")
def withdraw(here: Here) -> None:
    """Takes back the proposed version."""
    here.do(c.WithdrawProposal())


def unconfirmed(here: Here) -> Sequence[str]:
    view: ScheduleView = here.ask(Schedule())
    return view.open_series


def _period(text: str, authority: str) -> c.ConfirmedPeriod:
    series, equals, period = text.rpartition("=")
    if not equals:
        raise Misuse(f"{text} is no SERIES=PERIOD; write PR-ENABLE=P7Y.")
    return c.ConfirmedPeriod(series=series, minimum=period, authority=authority)


def row_of(row: SeriesView) -> c.SeriesRow:
    """A row as it would be proposed again."""
    return c.SeriesRow(
        **row.model_dump(exclude={"words", "is_open"}),
        words=json.loads(row.words) if isinstance(row.words, str) else {},
    )


def _print(here: Here, view: ScheduleView) -> None:
    standing = "in force" if view.in_force else "no longer in force"
    if view.version == view.proposal:
        standing = "proposed"
    render.say(here.out, f"Schedule version {view.version}, {standing}", "bold")
    headings = ("Series", "Covers", "Trigger", "At least", "At most", "Then", "Confirmed by")
    render.table(here.out, headings, map(_row, view.rows))
    if view.open_series:
        render.say(here.out, f"Years not confirmed yet: {', '.join(view.open_series)}.")
    if view.proposal:
        render.say(here.out, f"Version {view.proposal} waits for another person's approval.")


def _row(row: SeriesView) -> tuple[object, ...]:
    if row.descriptive:
        return (row.code, f"(only describes: {row.descriptive})", *("",) * 5)
    return (
        row.code,
        ", ".join(row.covers).replace("_", " "),
        row.trigger,
        "not confirmed" if row.is_open else row.minimum,
        row.maximum,
        row.action,
        row.confirm.value.replace("_", " "),
    )


def _propose(here: Here, command: c.ProposeSchedule | c.ConfirmPeriods) -> None:
    """What lets nothing go earlier is in force at once; else it says who comes next."""
    events = [recorded.event for recorded in here.do(command).events]
    for event in events:
        if isinstance(event, ScheduleProposed) and len(events) == 1:
            number = event.version.number
            here.hint(
                f"Next: another records manager says countersign records schedule approve {number}"
            )


def _print_rehearsal(
    here: Here,
    rows: Sequence[c.SeriesRow],
    descriptive: Sequence[c.SeriesRow],
    events: Sequence[Event],
) -> None:
    _print_import(here, rows, descriptive)
    at_once = any(isinstance(event, ScheduleAdopted) for event in events)
    what = "in force at once" if at_once else "proposed; another records manager would approve it"
    render.say(here.out, f"It would be {what}." if events else "It would change nothing.")


def _print_import(
    here: Here, rows: Sequence[c.SeriesRow], descriptive: Iterable[c.SeriesRow]
) -> None:
    only = list(descriptive)
    more = f"; {len(only)} only to describe:" if only else "."
    render.say(here.out, f"{render.count(len(rows), 'row')} in the file{more}")
    for row in only:
        render.say(here.out, f"  {row.code}: {row.descriptive}")


def _wrote(here: Here, file: Path, view: ScheduleView) -> None:
    render.say(here.out, f"{len(view.rows)} rows of version {view.version} are in {file}.")
