"""Names and classes: what is stored is a name we chose, and old shapes are upcast by a table."""

from collections.abc import Callable
from typing import Any

from ..domain import (
    approval,
    classification,
    disposal,
    employee,
    hold,
    plan,
    policy,
    reference,
    result,
    schedule,
    skipping,
)
from ..domain.event import Event

MODULES = (
    employee,
    policy,
    plan,
    result,
    reference,
    approval,
    skipping,
    schedule,
    hold,
    disposal,
)

Said = dict[str, Any]
"""An event's body as plain JSON values."""


def _events() -> dict[str, type[Event]]:
    found = (
        thing
        for module in MODULES
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Event) and thing is not Event
    )
    return {event.name: event for event in found}


EVENTS: dict[str, type[Event]] = _events()

UPCASTS: dict[str, tuple[str, Callable[[Said], Said]]] = {}
"""From a name that is no longer written to the next one, and how its body changes."""

classification.check(EVENTS)


class UnknownEvent(Exception):
    """The journal holds an event that this version of countersign does not know."""


def current(name: str, said: Said) -> tuple[str, Said]:
    """The name and body that an old event has today."""
    while name in UPCASTS:
        name, upcast = UPCASTS[name]
        said = upcast(said)
    return name, said


def decode(name: str, said: Said) -> Event:
    """The event, validated. Raises UnknownEvent, or pydantic's ValidationError."""
    if name not in EVENTS:
        raise UnknownEvent(f"{name} is not known here; was it written by a newer countersign?")
    return EVENTS[name].model_validate(said, strict=False)
