"""`countersign projections`: what can be asked, made anew from the journal, compared, looked at."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from time import monotonic
from typing import Annotated, Any

import typer

from ...application.questions import CopyKind, Health, ProjectionState
from ...infrastructure.assembly import Comparison, Difference, Rebuilt
from . import progress, quarantine, render
from .session import REFUSED, Here, Misuse, command

app = typer.Typer(help="What can be asked, made from the journal.", no_args_is_help=True)
app.add_typer(quarantine.app, name="quarantine")

SHOWN_OF_DIGEST = 12
SHOWN_OF_PARTS = 5

Names = Annotated[list[str], typer.Argument(metavar="[NAME]...", help="Which ones.")]
Every = Annotated[bool, typer.Option("--all", help="All of them.")]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        max=64,
        help="Processes that fold [1: this one alone]. More help with free processors, "
        "from some 20,000 events on.",
    ),
]


@command(
    app,
    "rebuild",
    example=(
        "countersign projections rebuild --all",
        "countersign projections rebuild inbox plan_board --workers 4",
        "countersign projections rebuild --all --dry-run",
    ),
)
def rebuild(
    here: Here,
    names: Names = [],  # noqa: B006
    every: Every = False,
    workers: Workers = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how long it takes and what differs; no switch.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Only go on with one that was broken off.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, whatever was broken off.")
    ] = False,
) -> None:
    """Builds projections beside the live ones, compares, and switches; one broken off goes on."""
    if resume + restart + dry_run > 1:
        raise Misuse("--resume, --restart and --dry-run go one at a time; a dry run begins anew.")
    if every == bool(names):
        raise Misuse(f"Give --all, or some of: {', '.join(here.still.projections)}.")
    chosen, began = _known(here, names), monotonic()
    with _resumable(dry_run=dry_run), progress.shown(here.out, as_json=here.as_json) as report:
        done = here.still.rebuild(
            chosen,
            workers=workers,
            dry_run=dry_run,
            resume=resume,
            restart=restart,
            report=report,
        )
    took = monotonic() - began
    here.show(_told(done, took), lambda: _print(here, done, _after_rebuild(done, took)))
    if dry_run and not done.same:
        raise typer.Exit(REFUSED)


@command(
    app,
    "verify",
    example=("countersign projections verify", "countersign projections verify inbox"),
)
def verify(here: Here, names: Names = [], workers: Workers = 1) -> None:  # noqa: B006
    """Compares the live tables with what the journal says, at one position; changes nothing."""
    chosen, began = _known(here, names), monotonic()
    with progress.shown(here.out, as_json=here.as_json) as report:
        done = here.still.verify(chosen, workers=workers, report=report)
    took = monotonic() - began
    here.show(_told(done, took), lambda: _print(here, done, _after_verify(done)))
    if not done.same or len(done.comparisons) < len(chosen):
        raise typer.Exit(REFUSED)


@command(app, "rollback", example="countersign projections rollback inbox")
def rollback(
    here: Here, name: Annotated[str, typer.Argument(metavar="NAME", help="Which one.")]
) -> None:
    """Goes back to the tables of before the last switch; a second time, forth again."""
    (chosen,) = _known(here, [name])
    position = here.still.roll_back(chosen)
    told = {"projection": chosen, "position": position}
    line = (
        f"{chosen} is asked in the tables of before the last switch, which have come to position "
        f"{position}. Those it was asked in until now are kept: the same command goes back to them."
    )
    here.show(told, lambda: render.say(here.out, line))


@command(app, "status", example="countersign projections status")
def status(here: Here) -> None:
    """Says of every copy how far it has come and what holds it up; exit code 1 if anything does."""
    health = here.still.health()
    here.show(health, lambda: _print_health(here, health))
    if not health.healthy:
        raise typer.Exit(REFUSED)


def _known(here: Here, names: Sequence[str]) -> tuple[str, ...]:
    """Each once; all of them when none is named."""
    known = here.still.projections
    if unknown := [name for name in names if name not in known]:
        raise Misuse(f"{unknown[0]} is no projection. There are: {', '.join(known)}.")
    return tuple(dict.fromkeys(names)) or known


@contextmanager
def _resumable(*, dry_run: bool) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if not dry_run:
            render.aside("Broken off. The same command goes on from where it was.")
        raise


def _told(done: Rebuilt, took: float) -> dict[str, Any]:
    """`seconds` and `rate` are those of folding; `took` is all of it."""
    return {
        "projections": done.projections,
        "resumed_at": done.resumed_at,
        "position": done.position,
        "events": done.events,
        "seconds": round(done.seconds, 3),
        "rate": round(_rate(done), 1),
        "took": round(took, 3),
        "switched": done.switched,
        "same": done.same,
        "comparisons": [asdict(each) | {"same": each.same} for each in done.comparisons],
    }


def _print(here: Here, done: Rebuilt, end: str) -> None:
    compared = {each.projection: each for each in done.comparisons}
    headings = ("Projection", "Compared", "At", "Live", "Built", "Digest live", "Digest built")
    rows = [_row(name, compared.get(name)) for name in done.projections]
    render.table(here.out, headings, rows)
    for each in done.comparisons:
        if not each.same:
            _print_differences(here, each)
    render.say(here.out, end)


def _row(name: str, compared: Comparison | None) -> Sequence[object]:
    if compared is None:
        return (name, "nothing live yet", None, None, None, None, None)
    live, built = compared.live, compared.built
    digests = (side.digest[:SHOWN_OF_DIGEST] for side in (live, built))
    verdict = "same" if compared.same else "differs"
    return (name, verdict, compared.position, f"{live.rows} rows", f"{built.rows} rows", *digests)


def _print_differences(here: Here, compared: Comparison) -> None:
    first = f", the first {len(compared.differences)} of them"
    shown = first if compared.differing > len(compared.differences) else ""
    rows = f"{render.count(compared.differing, 'row')} of {compared.projection}"
    render.say(here.out, f"Different at position {compared.position}: {rows}{shown}:")
    for each in compared.differences:
        where = f"{each.table} {each.key}, from position {each.position}"
        render.say(here.out, f"  {where}: {_apart(each)}")


def _apart(difference: Difference) -> str:
    if difference.live is None:
        return "only in the one that was built"
    if difference.built is None:
        return "only in the live one"
    columns = (_column(name, difference) for name in difference.live)
    return f"not the same in {', '.join(columns)}"


def _column(name: str, difference: Difference) -> str:
    """Of a document also the names in it that are apart; what they say is in the JSON."""
    if name != "doc":
        return name
    live, built = (_document(side) for side in (difference.live, difference.built))
    apart = [each for each in {**live, **built} if live.get(each) != built.get(each)]
    return f"{name} ({', '.join(apart)})"


def _document(side: dict[str, Any] | None) -> dict[str, Any]:
    """What was damaged may be no document any more."""
    try:
        found = json.loads((side or {})["doc"])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _after_rebuild(done: Rebuilt, took: float) -> str:
    return " ".join(_sentences(done, took))


def _sentences(done: Rebuilt, took: float) -> Iterator[str]:
    events, folding = render.count(done.events, "event"), progress.duration(done.seconds)
    folded = f"{events} folded in {folding} ({_rate(done):,.0f}/s)"
    if not done.switched:
        yield f"Nothing was switched. A rebuild takes about {progress.duration(took)}: {folded}."
        return
    gone_on = f", gone on from position {done.resumed_at}" if done.resumed_at else ""
    yield f"Switched at position {done.position}{gone_on}: {folded}."
    if not done.same:
        yield "The new tables say what the journal says."
    if done.comparisons:
        yield "The former ones are kept: countersign projections rollback NAME."


def _after_verify(done: Rebuilt) -> str:
    compared = {each.projection for each in done.comparisons}
    drifted = [each.projection for each in done.comparisons if not each.same]
    if drifted:
        return (
            f"Drift at position {done.position}. Look whether something is held up: countersign "
            "projections quarantine list. If not, mend it: countersign projections rebuild "
            f"{' '.join(drifted)}."
        )
    if missing := [name for name in done.projections if name not in compared]:
        return f"There is nothing live to compare with: {', '.join(missing)}."
    position = min(each.position for each in done.comparisons)
    behind = "" if position == done.position else f", which is as far as {_last(done)} has come"
    folded = render.count(done.events, "event")
    return f"No drift up to position {position}{behind}: {folded} folded again."


def _last(done: Rebuilt) -> str:
    return min(done.comparisons, key=lambda each: each.position).projection


def _rate(done: Rebuilt) -> float:
    return done.events / done.seconds if done.seconds else 0.0


def _print_health(here: Here, health: Health) -> None:
    headings = ("Projection", "Version", "State", "Position", "Behind", "Rate", "Set aside", "By")
    states = sorted(health.projections, key=_place(here.still.projections))
    render.table(here.out, headings, [_state_row(each) for each in states])
    for each in states:
        if each.error is not None:
            render.say(here.out, f"{each.name}, after position {each.position}: {each.error}")
        if each.quarantined:
            render.say(here.out, f"{each.name} has set aside: {_set_aside(each)}")
    live = {each.name for each in states if each.kind is CopyKind.LIVE and each.ours}
    if missing := [name for name in here.still.projections if name not in live]:
        render.say(here.out, f"Not built yet in the version known here: {', '.join(missing)}.")
    render.say(here.out, f"The journal has come to position {health.head}.")
    if any(each.quarantined or each.attempts for each in health.projections):
        render.say(here.out, "What is held up: countersign projections quarantine list.")


def _place(known: Sequence[str]) -> Callable[[ProjectionState], tuple[int, str, int]]:
    """In the order in which they are folded, the live one of each first."""
    places = {name: place for place, name in enumerate(known)}
    kinds = list(CopyKind)
    return lambda state: (places.get(state.name, len(known)), state.name, kinds.index(state.kind))


def _state_row(state: ProjectionState) -> Sequence[object]:
    live = state.kind is CopyKind.LIVE
    seconds = f", {progress.duration(state.lag_seconds)}" if state.lag_events else ""
    return (
        state.name,
        state.version,
        _kind(state),
        state.position,
        f"{render.count(state.lag_events, 'event')}{seconds}" if live else None,
        f"{state.rate:,.0f}/s" if state.rate else None,
        len(state.quarantined) if live else None,
        state.holder,
    )


def _set_aside(state: ProjectionState) -> str:
    parts = [each.partition for each in state.quarantined[:SHOWN_OF_PARTS]]
    more = len(state.quarantined) - len(parts)
    return ", ".join((*parts, f"and {more} more") if more else parts)


def _kind(state: ProjectionState) -> str:
    if state.kind is not CopyKind.LIVE:
        return str(state.kind)
    if state.stands_still:
        return "stands still"
    if state.attempts:
        return "tries again"
    return "live" if state.ours else "live for another version"
