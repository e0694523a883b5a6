"""What a projection is to the projector, and what may go wrong with one."""

from datetime import date
from pathlib import Path
from traceback import extract_tb
from typing import Any, Protocol

from pydantic import ValidationError

from ...application.ports import Recorded
from ...application.questions import Question
from ..database import Tx
from ..projections.intervals import Book, Parted, Spread

LONGEST_ERROR = 300


class Answering(Protocol):
    """What answers questions from the tables of projections."""

    @property
    def answers(self) -> tuple[type[Question], ...]:
        """The questions that are its own."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The projections whose tables its answers are read from."""

    def answer(self, tx: Tx, question: Question, at: int | None, on: date, /) -> Any:
        """What the tables say, as of a position (None: now), for a day."""


class Projection(Answering, Protocol):
    """Tables, fold and answer, in one file.

    Whoever changes what `fold` writes, or a table, raises `version`: the tables are then built
    anew beside those of before.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def books(self) -> tuple[Book, ...]: ...

    def concerns(self, name: str, /) -> bool:
        """Whether events of this name are folded."""

    @property
    def stops(self) -> bool:
        """Whether an event that cannot be folded stops it, and not just the event's partition."""

    def parted(self, name: str, /) -> Parted:
        """What keeps events of this name in order."""

    def fold(self, pages: Spread, recorded: Recorded, /) -> None:
        """Turns one event into rows. The same journal must give the same rows."""


def partition(projection: Projection, recorded: Recorded) -> str:
    """The case or the stream; of what belongs to no case, the stream."""
    if projection.parted(recorded.name) is Parted.BY_CASE:
        return recorded.case or recorded.stream
    return recorded.stream


class NotCaughtUp(TimeoutError):
    """The projections did not reach a position in time; the command itself is safe."""


class ProjectionFaulty(RuntimeError):
    """A projection stands still at an event that it cannot fold; it says which."""


class ProjectionBuilding(RuntimeError):
    """The tables of a projection's new version are being built; there is no answer yet."""


class Unfolded(Exception):
    """An event that could not be folded, by which projection, and what went wrong."""

    def __init__(self, projection: str, event: str, position: int, why: str) -> None:
        super().__init__(projection, event, position, why)
        self.projection = projection
        self.event = event
        self.position = position
        self.why = why

    def __str__(self) -> str:
        return f"{self.projection} cannot fold {self.event} at position {self.position}: {self.why}"


def describe(error: Exception) -> str:
    """What went wrong and where, without what was given: that could be somebody's."""
    if isinstance(error, Unfolded):
        return str(error)
    if isinstance(error, ValidationError):
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors())
    else:
        place = extract_tb(error.__traceback__)[-1:]
        told = "".join(f"in {at.name}, {Path(at.filename).name} line {at.lineno}" for at in place)
    return f"{type(error).__name__}: {told}"[:LONGEST_ERROR]
