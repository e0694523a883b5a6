"""Folding: events into rows, each decoded once for every projection that it concerns."""

from collections.abc import Iterable, Mapping, Sequence

from ...application.aggregates import PROJECTIONS_STREAM
from ...application.ports import Recorded
from .. import codec
from ..database import Tx
from ..projections.intervals import Book, Open, Pages, Spread, stored_row
from ..recorder import Recorder, StoredRow
from .projection import Projection, Unfolded, describe

Skips = frozenset[tuple[str, int, int]]
"""Projection, its version, and the position that an engineer decided to leave out."""

NO_SKIPS: Skips = frozenset()


class Concerned(dict[str, tuple[Projection, ...]]):
    """By an event's name, whom it concerns; found out when first met."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        super().__init__()
        self._projections = tuple(projections)

    def __missing__(self, name: str) -> tuple[Projection, ...]:
        found = self[name] = tuple(each for each in self._projections if each.concerns(name))
        return found


def fold(
    projections: Iterable[Projection],
    pages: Spread,
    recorded: Recorded,
    skips: Skips = NO_SKIPS,
) -> None:
    """Turns an event into rows. Raises Unfolded if that cannot be."""
    for projection in projections:
        if skips and (projection.name, projection.version, recorded.position) in skips:
            continue
        try:
            projection.fold(pages, recorded)
        except Exception as error:
            raise Unfolded(
                projection.name, recorded.name, recorded.position, describe(error)
            ) from error


def apply(
    tx: Tx, concerned: Mapping[str, tuple[Projection, ...]], events: Sequence[Recorded]
) -> None:
    """Folds events and writes the rows, on a shelf. Raises Unfolded, or the driver's error."""

    def load(book: Book, key: str) -> Open | None:
        return stored_row(tx, book, key)

    pages = Spread(lambda book: Pages(book, load))
    for recorded in events:
        fold(concerned[recorded.name], pages, recorded)
    for book, changes in pages.take():
        book.write(tx, changes)


def decoded(rows: Iterable[StoredRow]) -> list[Recorded]:
    """The events; of a stream whose period is over nothing is left to fold."""
    return [codec.recorded(row) for row in rows if row.body is not None]


def skips(tx: Tx, recorder: Recorder) -> Skips:
    """What was decided to be left out, from the journal itself."""
    events = decoded(recorder.history(tx, PROJECTIONS_STREAM))
    return frozenset(
        (each.said["projection"], each.said["version"], each.said["position"]) for each in events
    )
