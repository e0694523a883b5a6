"""`countersign org`: people and lines from a file, rehearsed before anything is written."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ...application.commands import ImportOrganisation
from ...application.organisation import RowProblem
from ...domain.event import Event
from ...domain.refusals import RowsRefused
from . import organisation_file, render
from .options import Effective
from .session import Here, command

app = typer.Typer(help="The organisation, from a file.", no_args_is_help=True)


@command(
    app,
    "import",
    example=(
        "countersign org import people.csv --dry-run --as 1016",
        "countersign org import people.csv --yes --as 1016",
    ),
)
def import_(
    here: Here,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="See the reference.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    effective: Effective = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before importing.")] = False,
) -> None:
    """Brings people and lines to what a file says: all of it, or nothing."""
    brought = organisation_file.read(file)
    wanted = ImportOrganisation(rows=tuple(brought.rows), effective=effective or here.today())
    changes = _rehearsed(here, wanted, brought.problems)
    if dry_run:
        told = {"people": len(brought.rows), "would_change": _counted(changes)}
        here.show(told, lambda: _print(here, len(brought.rows), changes))
        return
    if not here.as_json:
        _print(here, len(brought.rows), changes)
    if changes:
        here.confirm("Import this?", yes=yes)
    receipt = here.engine.handle(wanted, here.actor)
    told = {"people": len(brought.rows), "changed": _counted([e.event for e in receipt.events])}
    line = f"Imported: {len(receipt.events)} changes recorded."
    here.show(told, lambda: render.say(here.out, line))


def _rehearsed(
    here: Here, wanted: ImportOrganisation, problems: Sequence[RowProblem]
) -> Sequence[Event]:
    """What would be written. Raises RowsRefused with every problem, of cells and of rows."""
    changes: Sequence[Event] = ()
    try:
        changes = here.engine.rehearse(wanted, here.actor)
    except RowsRefused as refusal:
        problems = [*problems, *refusal.details["problems"]]
    if problems:
        ordered = sorted(set(problems), key=lambda each: (each.row, each.column))
        raise RowsRefused(count=len({each.row for each in ordered}), problems=ordered)
    return changes


KINDS = {
    "employee.joined.v1": "people join",
    "employee.profile_noted.v1": "names or addresses change",
    "employee.time_zone_set.v1": "time zones change",
    "employee.line_set.v1": "lines are set",
    "employee.working_days_set.v1": "working days are set",
    "employee.left.v1": "people leave",
    "employee.returned.v1": "people are back",
}


def _counted(changes: Sequence[Event]) -> dict[str, int]:
    return dict(Counter(event.name for event in changes))


def _print(here: Here, people: int, changes: Sequence[Event]) -> None:
    if not changes:
        render.say(here.out, f"{people} people in the file; nothing would change.")
        return
    render.say(here.out, f"{people} people in the file. This would change:")
    for name, count in _counted(changes).items():
        render.say(here.out, f"  {count:>5} {KINDS.get(name, name)}")
