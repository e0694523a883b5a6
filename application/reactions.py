"""When this event, then that command; pure, and safe to run twice."""

from collections.abc import Iterator

from ..domain.disposal import (
    CertificateIssued,
    DisposalReapplied,
    ItemDestroyed,
    ItemSpared,
    RunDrafted,
)
from ..domain.employee import PersonLeft
from ..domain.event import Id
from ..domain.hold import HoldReleased
from .commands import CloseCases, Command
from .ports import Recorded

CARRIED_OUT = frozenset({RunDrafted.name, ItemDestroyed.name, ItemSpared.name})
"""After these a disposal run may have to be gone on with."""

OVER = frozenset({CertificateIssued.name, DisposalReapplied.name})
"""After these it need not."""

NAMES = frozenset({PersonLeft.name, HoldReleased.name, *CARRIED_OUT, *OVER})


def react(recorded: Recorded) -> Iterator[tuple[str, Command]]:
    """The reaction's name and its command; the name is part of the command's id."""
    if isinstance(recorded.event, PersonLeft):
        yield "close_cases", CloseCases(person=recorded.stream)


def to_be_carried_out(recorded: Recorded) -> Id | None:
    """The run that needs no more approval, or was begun: what was begun is finished."""
    if recorded.name not in CARRIED_OUT:
        return None
    event = recorded.event
    if isinstance(event, RunDrafted) and event.needed:
        return None
    return recorded.stream


def released(recorded: Recorded) -> Id | None:
    """The hold whose release lets suspended erasures go on."""
    return recorded.event.hold if isinstance(recorded.event, HoldReleased) else None
