"""The operations desk: what an engineer decides about the machinery, on record."""

from ..domain.refusals import NothingHeldUp
from ..domain.sealed import Sealed
from ..domain.skipping import Skip, skip
from .aggregates import PROJECTIONS, PROJECTIONS_STREAM
from .commands import Command, SkipEvent
from .desk import Desk, Handler
from .envelope import ENGINE


def skip_event(desk: Desk, command: SkipEvent) -> None:
    """Only what really holds a projection up can be skipped."""
    version = desk.session.held_up(command.projection, command.position)
    if version is None:
        raise NothingHeldUp(projection=command.projection, position=command.position)
    wanted = Skip(projection=command.projection, version=version, position=command.position)
    decided = desk.recall(PROJECTIONS, PROJECTIONS_STREAM)
    events = skip(decided, wanted=wanted, reason=Sealed.of(command.reason))
    desk.write(PROJECTIONS, PROJECTIONS_STREAM, events, owner=ENGINE)


HANDLES: dict[type[Command], Handler] = {SkipEvent: skip_event}
