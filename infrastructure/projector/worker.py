"""A worker process of a rebuild: shares of pages come in, changes go out; nothing else is touched.

`python -m countersign.infrastructure.projector.worker`, with its parent at both ends of its pipes.
"""

import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ...application.ports import Recorded
from ..projections.every import projections
from ..projections.intervals import Book, Open
from ..recorder import StoredRow
from .bulk import Folder
from .folding import read
from .parting import BY_CASE, BY_STREAM, concerned
from .progress import memory_in_use
from .projection import Projection, Unfolded
from .workers import hear, say


class _Concerned(dict[str, dict[int, tuple[Projection, ...]]]):
    """By an event's name, whom a share of it is for."""

    def __init__(self, chosen: list[Projection]) -> None:
        super().__init__()
        self._chosen = chosen

    def __missing__(self, name: str) -> dict[int, tuple[Projection, ...]]:
        by_case, by_stream = concerned(self._chosen, name)
        found = self[name] = {
            BY_CASE: by_case,
            BY_STREAM: by_stream,
            BY_CASE | BY_STREAM: by_case + by_stream,
        }
        return found


def work(come: BinaryIO, go: BinaryIO) -> None:
    """Until the parent has no more."""
    _, (names, skips) = hear(come)
    chosen = [each for each in projections(lambda tx, known_as: None) if each.name in names]
    folder = Folder(partial(_ask, come, go), frozenset(tuple(skip) for skip in skips))
    wanted = _Concerned(chosen)
    while True:
        try:
            word, said = hear(come)
        except EOFError:
            return
        if word == "known":
            folder.knows(*said)
            continue
        try:
            changes = folder.fold((wanted[row[3]][want], _decoded(*row)) for want, *row in said)
        except Unfolded as error:
            say(go, ("unfolded", error.args))
            continue
        told = [(book.table, changed.added, changed.closed) for book, changed in changes]
        say(go, ("folded", (told, memory_in_use())))


def _ask(come: BinaryIO, go: BinaryIO, book: Book, key: str) -> Open | None:
    say(go, ("load", (book.table, key)))
    _, found = hear(come)
    return found and Open(*found)


def _decoded(position: int, stream: str, version: int, name: str, at: int, body: bytes) -> Recorded:
    return read(StoredRow(position, stream, version, name, at, None, body, b"", None))


def main() -> None:
    gc.disable()  # folding makes no circles, and looking for them costs a third of the time
    come, go = sys.stdin.buffer, sys.stdout.buffer
    with Path(os.devnull).open("w") as nowhere:
        sys.stdout = nowhere  # whoever prints must not get between
        work(come, go)


if __name__ == "__main__":
    main()
