"""Skipping: an engineer decides that a projection goes on without an event that it cannot fold.

The journal keeps the event; only what is asked is made without it, and the decision is a control
record (design, section 6).
"""

from typing import Annotated

from pydantic import Field

from .event import Event, Value
from .sealed import Sealed


class Skip(Value):
    """Holds for the version that it was decided for: a later one folds the event again."""

    projection: Annotated[str, Field(min_length=1, max_length=64)]
    version: Annotated[int, Field(ge=1)]
    position: Annotated[int, Field(ge=1)]


class Skips(Value):
    """Every skip that was decided."""

    decided: tuple[Skip, ...] = ()


class EventSkipped(Event):
    name = "projection.event_skipped.v1"

    projection: str
    version: int
    position: int
    reason: Sealed


def evolve(skips: Skips, event: Event) -> Skips:
    match event:
        case EventSkipped(projection=projection, version=version, position=position):
            skip = Skip(projection=projection, version=version, position=position)
            return skips.model_copy(update={"decided": (*skips.decided, skip)})
    return skips


def skip(skips: Skips, *, wanted: Skip, reason: Sealed) -> list[Event]:
    """Once decided, it need not be decided again."""
    if wanted in skips.decided:
        return []
    return [EventSkipped(**wanted.model_dump(), reason=reason)]
