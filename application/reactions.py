"""When this event, then that command; pure, and safe to run twice."""

from collections.abc import Iterator

from ..domain.employee import PersonLeft
from .commands import CloseCases, Command
from .ports import Recorded

NAMES = frozenset({PersonLeft.name})


def react(recorded: Recorded) -> Iterator[tuple[str, Command]]:
    """The reaction's name and its command; the name is part of the command's id."""
    if isinstance(recorded.event, PersonLeft):
        yield "close_cases", CloseCases(person=recorded.stream)
