"""A long history, quickly: real lifecycles copied under new ids, a few thousand running at once."""

import itertools
import os
import re
from collections.abc import Callable, Iterator

from countersign.infrastructure.database import Tx
from countersign.infrastructure.ledger import SALT_BYTES, content_hash, leaf_hash
from countersign.infrastructure.recorder import StoredRow

ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
RUNNING_AT_ONCE = 2000
BATCH = 5000
SECOND = 1_000_000

ADD = (
    "INSERT INTO cs_event (position, stream, version, name, recorded_at, salt, body, leaf)"
    " VALUES (:position, :stream, :version, :name, :recorded_at, :salt, :body, :leaf)"
)


class Pattern:
    """Real rows cut at every id that is the case's own, so that a copy only joins the pieces."""

    def __init__(self, rows: list[StoredRow], shared: frozenset[bytes]) -> None:
        self._own: dict[bytes, int] = {}
        self._rows = [self._cut(row, shared) for row in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def copy(self) -> Iterator[tuple[str, int, str, bytes]]:
        """Stream, version, name and body of every event, all under new ids."""
        drawn = os.urandom(16 * len(self._own)).hex()
        ids = [_id(drawn[place : place + 32]) for place in range(0, len(drawn), 32)]
        for stream, version, name, words, places in self._rows:
            body = b"".join(
                itertools.chain.from_iterable(
                    zip(words, [*(ids[place] for place in places), b""], strict=True)
                )
            )
            yield ids[stream].decode(), version, name, body

    def _cut(
        self, row: StoredRow, shared: frozenset[bytes]
    ) -> tuple[int, int, str, list[bytes], list[int]]:
        assert row.stream is not None
        assert row.version is not None
        assert row.name is not None
        assert row.body is not None
        words, places, end = [], [], 0
        for found in ID.finditer(row.body):
            if found[0] in shared:
                continue
            words.append(row.body[end : found.start()])
            places.append(self._place(found[0]))
            end = found.end()
        words.append(row.body[end:])
        return self._place(row.stream.encode()), row.version, row.name, words, places

    def _place(self, own: bytes) -> int:
        return self._own.setdefault(own, len(self._own))


def _id(hexed: str) -> bytes:
    text = f"{hexed[:8]}-{hexed[8:12]}-4{hexed[13:16]}-a{hexed[17:20]}-{hexed[20:]}"
    return text.encode()


def lengthen(
    tx: Tx, pattern: Pattern, events: int, report: Callable[[int], None] = lambda done: None
) -> int:
    """Adds at least so many events after the journal's head; returns the new head."""
    found = tx.one("SELECT max(position), max(recorded_at) FROM cs_event")
    head, at = map(int, found or (0, 0))
    first = head
    batch: list[dict[str, object]] = []
    running: list[Iterator[tuple[str, int, str, bytes]]] = []
    while head - first < events:
        while len(running) < RUNNING_AT_ONCE:
            running.append(pattern.copy())
        ended = []
        for case in running:
            said = next(case, None)
            if said is None:
                ended.append(case)
                continue
            head, at = head + 1, at + SECOND
            batch.append(_row(head, at, *said))
            if len(batch) == BATCH:
                tx.many(ADD, batch)
                report(head - first)
                batch = []
        running = [case for case in running if case not in ended]
    tx.many(ADD, batch)
    return head


def _row(
    position: int, at: int, stream: str, version: int, name: str, body: bytes
) -> dict[str, object]:
    salt = os.urandom(SALT_BYTES)
    leaf = leaf_hash(salt, position, at, content_hash(stream, version, name, body))
    return {
        "position": position,
        "stream": stream,
        "version": version,
        "name": name,
        "recorded_at": at,
        "salt": salt,
        "body": body,
        "leaf": leaf,
    }
