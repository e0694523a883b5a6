"""Parting: which of several workers folds an event, so that what must be in order stays so."""

from collections.abc import Iterable, Sequence
from zlib import crc32

from .. import codec
from ..projections.intervals import Parted
from ..recorder import StoredRow
from .projection import Projection

Both = tuple[tuple[Projection, ...], tuple[Projection, ...]]
"""Whom an event concerns: those that part by case, and those that part by stream."""

Share = list[tuple[int, StoredRow]]
"""A worker's rows, each with what it is to be folded for: BY_CASE, BY_STREAM, or their sum."""

BY_CASE, BY_STREAM = 1, 2


class Parting:
    """Deals rows out; a case always goes to the same worker, and so does a stream."""

    def __init__(self, projections: Iterable[Projection], workers: int) -> None:
        self._projections = tuple(projections)
        self._workers = workers
        self._wanted: dict[str, int] = {}

    def shares(self, rows: Iterable[StoredRow]) -> list[Share]:
        """For every worker its share, in order."""
        shares: list[Share] = [[] for _ in range(self._workers)]
        for row in rows:
            if row.body is None or row.name is None or row.stream is None:
                continue
            wanted = self._wanted.get(row.name)
            if wanted is None:
                wanted = self._wanted[row.name] = self._asked_for(row.name)
            if not wanted:
                continue
            by_stream = crc32(row.stream.encode()) % self._workers
            case = codec.case_in(row.body) if wanted & BY_CASE else None
            by_case = by_stream if case is None else crc32(case.encode()) % self._workers
            if wanted == BY_CASE | BY_STREAM and by_case != by_stream:
                shares[by_case].append((BY_CASE, row))
                shares[by_stream].append((BY_STREAM, row))
            else:
                shares[by_stream if wanted == BY_STREAM else by_case].append((wanted, row))
        return shares

    def _asked_for(self, name: str) -> int:
        by_case, by_stream = concerned(self._projections, name)
        return (BY_CASE if by_case else 0) + (BY_STREAM if by_stream else 0)


def concerned(projections: Sequence[Projection], name: str) -> Both:
    """Whom events of a name concern."""
    found = [each for each in projections if each.concerns(name)]
    return (
        tuple(each for each in found if each.parted(name) is Parted.BY_CASE),
        tuple(each for each in found if each.parted(name) is Parted.BY_STREAM),
    )
