"""`countersign replay`: a case event by event, what each changed, and who may decide."""

from datetime import date
from typing import Annotated

import typer
from rich.text import Text

from ...application.questions import TrailEntry
from ...application.replay import Replay, replay
from . import boards, render
from .options import AsOf, Stated, day, moment
from .sentences import sentence
from .session import Here, command


def add_to(app: typer.Typer) -> None:
    command(
        app,
        "replay",
        example=(
            "countersign replay 3f2a81c9 --as 1042",
            "countersign replay 3f2a81c9 --as-of 2026-04-20 --as 1042",
            'countersign replay 3f2a81c9 --reason "yearly audit" --as 1052',
        ),
    )(replay_case)


def replay_case(
    here: Here,
    case: Annotated[
        str | None,
        typer.Argument(metavar="CASE", help="A plan's id, or whose plan it is [your own]."),
    ] = None,
    as_of: AsOf = None,
    effective: Annotated[
        date | None,
        typer.Option("--effective", parser=day, metavar="D", help="Who may decide on this day."),
    ] = None,
    reason: Stated = None,
) -> None:
    """Replays a case: every event, why it is kept, what it changed, and the state at the end."""
    at = moment(as_of) if as_of is not None else None
    plan = here.plan_id(case)
    told = replay(here.engine, here.actor, plan, as_of=at, effective=effective, reason=reason)
    here.show(told, lambda: _print(here, told, effective))


def _print(here: Here, told: Replay, effective: date | None) -> None:
    name = boards.names(here)
    for entry in told.entries:
        _entry(here, entry, name)
    when = f", with the line of {effective}" if effective else ""
    render.say(here.out, f"\nHow it stood then{when}", "bold")
    boards.plan(here.out, told.board, name)


def _entry(here: Here, entry: TrailEntry, name: boards.Names) -> None:
    at = entry.recorded_at.strftime("%Y-%m-%d %H:%M")
    who = render.shown(entry.actor_name) if entry.actor_name is not None else entry.actor
    behalf = f" on behalf of {name(entry.on_behalf_of)}" if entry.on_behalf_of else ""
    head = Text.assemble(
        (f"{entry.position:>6}  {at}  ", "dim"),
        (f"{who} ({entry.role.replace('_', ' ')}){behalf}", "cyan"),
        f": {sentence(entry.name, entry.says)}",
    )
    here.out.print(head, soft_wrap=True)
    for path, text in entry.text.items():
        render.say(here.out, f"{INDENT}{path}: {render.shown(text)}")
    if entry.changed:
        render.say(here.out, f"{INDENT}{'; '.join(entry.changed)}", "green")
    kept = entry.record_class.value.replace("_", " ")
    render.say(here.out, f"{INDENT}{kept}: {entry.because}", "dim")


INDENT = " " * 26
