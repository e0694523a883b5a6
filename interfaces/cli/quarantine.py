"""`countersign projections quarantine`: what is held up, looked at, tried again or left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from ...application import commands as c
from ...application.desk import Actor
from ...application.ports import Recorded
from ...application.questions import CopyKind, ProjectionState
from ...domain.refusals import Invalid, NotFound
from ...infrastructure.assembly import ProjectionFaulty
from . import finding, render
from .options import Reason
from .session import REFUSED, Here, Misuse, command

app = typer.Typer(help="Events that could not be folded, and what waits.", no_args_is_help=True)

SHOWN = 20
LENGTH_OF_AN_ID = 36

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which projection.")]
Part = Annotated[
    str | None,
    typer.Argument(metavar="PARTITION", help="The beginning of its id [the only one]."),
]


class NothingSetAside(NotFound):
    says = (
        "Of {projection} nothing is held up{under}. See: countersign projections quarantine list."
    )


class WhichPartition(Invalid):
    says = "Say which partition: {partitions}."


@dataclass(frozen=True, slots=True)
class HeldUp:
    """A partition that is set aside; or a whole projection, which then has no partition."""

    projection: str
    version: int
    ours: bool
    partition: str | None
    position: int
    waiting: int | None
    attempts: int
    since: datetime | None
    error: str


@command(app, "list", example="countersign projections quarantine list")
def list_(here: Here) -> None:
    """Lists what is held up; everything else goes on."""
    found = list(_everything(here))

    def text() -> None:
        if not found:
            render.say(here.out, "Nothing is held up.")
            return
        headings = ("Projection", "Partition", "Position", "Attempts", "Waiting", "Error")
        render.table(here.out, headings, [_row(each) for each in found])

    here.show(found, text)


@command(
    app,
    "show",
    example=(
        "countersign projections quarantine show inbox 3f2a81c9",
        "countersign projections quarantine show people",
    ),
)
def show(here: Here, name: Name, part: Part = None) -> None:
    """Shows the event that could not be folded, why, and the events that wait behind it."""
    held_up = _one(here, name, part)
    events = here.still.event_at(held_up.position)
    waiting: Sequence[Recorded] = ()
    if held_up.partition is not None:
        waiting = here.still.waiting(name, held_up.partition, SHOWN + 1)
    behind = [each for each in waiting if each.position != held_up.position][:SHOWN]
    told = {
        "held_up": held_up,
        "event": _event(events[0]) if events else None,
        "waiting": [_event(each) for each in behind],
    }
    here.show(told, lambda: _print(here, held_up, events, behind))


@command(
    app,
    "retry",
    example=(
        "countersign projections quarantine retry inbox",
        "countersign projections quarantine retry inbox 3f2a81c9",
    ),
)
def retry(here: Here, name: Name, part: Part = None) -> None:
    """Folds what is held up once more, once its cause is mended: one partition, or all of them."""
    chosen = [_one(here, name, part)] if part else _of(here, name)
    tried = [_tried(here, each) for each in chosen]

    def text() -> None:
        if not tried:
            render.say(here.out, f"Of {name} nothing is held up.")
        for each in tried:
            render.say(here.out, _sentence(each))

    here.show(tried, text)
    if any(each["error"] for each in tried):
        raise typer.Exit(REFUSED)


@command(
    app,
    "skip",
    example='countersign projections quarantine skip inbox 3f2a81c9 --reason "see the notes of '
    '4 May" --as 1016',
)
def skip(here: Here, name: Name, reason: Reason, part: Part = None) -> None:
    """Leaves the event out of a projection, as an engineer and on record; the rest is folded."""
    held_up = _one(here, name, part)
    left_out = c.SkipEvent(projection=name, position=held_up.position, reason=reason)
    receipt = here.still.engine.handle(left_out, _engineer(here))
    tried = _tried(here, held_up)
    if tried["folded"]:
        tried["folded"] -= 1  # it was passed over

    def text() -> None:
        render.events(here.out, receipt)
        render.say(here.out, _sentence(tried))

    here.show({"receipt": render.receipt(receipt), **tried}, text)
    if tried["error"]:
        raise typer.Exit(REFUSED)


def _everything(here: Here) -> Iterator[HeldUp]:
    for state in here.still.health().projections:
        if state.kind is CopyKind.LIVE:
            yield from _in(state)


def _in(state: ProjectionState) -> Iterator[HeldUp]:
    about: dict[str, Any] = {
        "projection": state.name,
        "version": state.version,
        "ours": state.ours,
    }
    if state.error is not None:
        yield HeldUp(
            **about,
            partition=None,
            position=state.position + 1,
            waiting=None,
            attempts=state.attempts,
            since=state.updated,
            error=state.error,
        )
    for each in state.quarantined:
        yield HeldUp(
            **about,
            partition=each.partition,
            position=each.position,
            waiting=each.waiting - 1,
            attempts=each.attempts,
            since=each.since,
            error=each.error,
        )


def _of(here: Here, name: str) -> list[HeldUp]:
    """What another version of countersign has set aside is that one's to tend."""
    known = here.still.projections
    if name not in known:
        raise Misuse(f"{name} is no projection. There are: {', '.join(known)}.")
    return [each for each in _everything(here) if each.projection == name and each.ours]


def _one(here: Here, name: str, part: str | None) -> HeldUp:
    """By the beginning of the partition's id; the only one when not named."""
    found = _of(here, name)
    if part is not None:
        whole = finding.beginning(part, (each.partition for each in found if each.partition))
        found = [each for each in found if each.partition == whole and whole]
    if not found:
        raise NothingSetAside(projection=name, under=f" under {part}" if part else "")
    if len(found) > 1:
        raise WhichPartition(partitions=", ".join(e.partition for e in found if e.partition))
    return found[0]


def _engineer(here: Here) -> Actor:
    """People may be what stands still; then the journal itself knows who goes by a number."""
    if not here.acting_as:
        raise Misuse("Say who acts: --as PERSON, or set COUNTERSIGN_AS.")
    person = here.still.whose(here.acting_as)
    if person is None and len(here.acting_as) == LENGTH_OF_AN_ID:
        person = here.acting_as
    return Actor(person or here.me.person, via="cli")


def _tried(here: Here, held_up: HeldUp) -> dict[str, Any]:
    """How many events were folded, or why none; it may be its own partition's turn to wait now."""
    name, part = held_up.projection, held_up.partition
    told: dict[str, Any] = {"projection": name, "partition": part, "folded": None, "error": None}
    try:
        told["folded"] = here.still.retry(name, part)
    except ProjectionFaulty as faulty:
        told["error"] = str(faulty)
    aside = [each for each in _of(here, name) if each.position == held_up.position]
    if aside and told["error"] is None:
        told |= {"partition": aside[0].partition, "folded": None, "error": aside[0].error}
    return told


def _sentence(tried: dict[str, Any]) -> str:
    what = tried["projection"]
    if tried["partition"] is not None:
        what = f"{what}, partition {tried['partition']},"
    if tried["error"] is not None:
        return f"{what} is held up still: {tried['error']}."
    folded = tried["folded"]
    return f"{what} goes on: {folded} event{'' if folded == 1 else 's'} folded."


def _row(held_up: HeldUp) -> Sequence[object]:
    other = "" if held_up.ours else f" (version {held_up.version})"
    return (
        f"{held_up.projection}{other}",
        held_up.partition or "all of it",
        held_up.position,
        held_up.attempts,
        held_up.waiting,
        held_up.error,
    )


def _event(recorded: Recorded) -> dict[str, Any]:
    return {
        "position": recorded.position,
        "name": recorded.name,
        "stream": recorded.stream,
        "recorded_at": recorded.recorded_at,
    }


def _print(
    here: Here, held_up: HeldUp, events: Sequence[Recorded], behind: Sequence[Recorded]
) -> None:
    what = f"partition {held_up.partition}" if held_up.partition else "all of it"
    render.say(here.out, f"{held_up.projection}, {what}", "bold")
    for each in events:
        render.say(here.out, f"  held up at {_line(each)}")
    render.say(here.out, f"  {held_up.error}")
    since = f", since {_moment(held_up.since)}" if held_up.since else ""
    render.say(here.out, f"  attempts: {held_up.attempts}{since}")
    if held_up.waiting is not None:
        render.say(here.out, f"  events that wait behind it: {held_up.waiting}")
    for each in behind:
        render.say(here.out, f"    {_line(each)}")
    if held_up.waiting and held_up.waiting > len(behind):
        render.say(here.out, f"    and {held_up.waiting - len(behind)} more")


def _line(recorded: Recorded) -> str:
    at = _moment(recorded.recorded_at)
    return f"position {recorded.position}: {recorded.name} of {recorded.stream}, recorded {at}"


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
