"""SQLite rings no bell, but tells cheaply whether anybody else has committed since."""

import sqlite3
import time
from queue import Empty, SimpleQueue

from sqlalchemy import URL

from .sqlite import in_memory

LOOK_SECONDS = 0.005


class SqliteDoorbell:
    """Looks at `data_version` every few milliseconds; memory has none, and is simply looked at."""

    def __init__(self, url: URL) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()
        self._file = None if in_memory(url) else str(url.database)
        self._connection = self._file and sqlite3.connect(self._file, check_same_thread=False)
        self._seen = self._version()

    def wait(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self._rung() and time.monotonic() < deadline:
            now = self._version()
            if now is None or now != self._seen:
                self._seen = now
                break

    def ring(self) -> None:
        self._rings.put(None)

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    def _rung(self) -> bool:
        """Sleeps a moment. An Event would not do: a handler that sets it may find it locked."""
        try:
            self._rings.get(timeout=LOOK_SECONDS)
        except Empty:
            return False
        return True

    def _version(self) -> int | None:
        if not self._connection:
            return None
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
