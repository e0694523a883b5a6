"""Health: how far every copy has come, what holds it up, and who is at work on it."""

from collections.abc import Iterable

from ...application.questions import CopyKind, Health, ProjectionState, Quarantined
from .. import codec, lease
from ..database import Tx
from ..recorder import Recorder
from . import copies, quarantine
from .copies import Copy
from .follower import stands_still
from .projection import Projection

SECOND = 1_000_000


def health(tx: Tx, recorder: Recorder, projections: Iterable[Projection]) -> Health:
    """The state of every copy but those that are only compared."""
    ours = {each.name: each.version for each in projections}
    head, aside = recorder.head(tx), quarantine.listed(tx)
    found = [
        _state(tx, recorder, copy, head, ours.get(copy.name) == copy.version, aside)
        for copy in copies.everything(tx)
        if copy.state != "scratch"
    ]
    live = {each.name for each in found if each.kind is CopyKind.LIVE and each.ours}
    troubled = any(
        (each.stands_still or each.quarantined) and each.name in live and each.ours
        for each in found
        if each.kind is CopyKind.LIVE
    )
    healthy = live == set(ours) and not troubled
    return Health(head=head, healthy=healthy, projections=tuple(found))


def _state(
    tx: Tx,
    recorder: Recorder,
    copy: Copy,
    head: int,
    ours: bool,
    aside: list[quarantine.Quarantined],
) -> ProjectionState:
    return ProjectionState(
        name=copy.name,
        version=copy.version,
        kind=CopyKind(copy.state),
        position=copy.position,
        lag_events=head - copy.position,
        lag_seconds=_waited(tx, recorder, copy.position),
        rate=round(copy.rate, 1),
        updated=codec.moment(copy.updated),
        stands_still=stands_still(copy),
        attempts=copy.attempts,
        error=copy.error,
        holder=_holder(tx, copy),
        ours=ours,
        quarantined=tuple(
            Quarantined(
                partition=each.part,
                position=each.position,
                waiting=each.waiting,
                attempts=each.attempts,
                since=codec.moment(each.since),
                error=each.error,
            )
            for each in aside
            if each.copy == copy.number
        ),
    )


def _waited(tx: Tx, recorder: Recorder, position: int) -> float:
    """How long the first event after a position has been there, in seconds; 0 if there is none."""
    rows = recorder.since(tx, position, 1)
    recorded_at = rows[0].recorded_at if rows else None
    return 0.0 if recorded_at is None else max(0.0, (copies.now() - recorded_at) / SECOND)


def _holder(tx: Tx, copy: Copy) -> str | None:
    """Who builds it, or follows for it, just now."""
    name = f"build:{copy.name}" if copy.state == "building" else f"follow:{copy.name}"
    held = lease.at_work(tx, name)
    return held.holder if held else None
