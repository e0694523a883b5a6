"""Write-behind: what may be written a moment later waits in memory, and one thread writes it."""

import atexit
import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
MOST = 10_000

Item = TypeVar("Item")

log = logging.getLogger("countersign.access")


class WriteBehind(Generic[Item]):
    """Hands what waits to `write`, all at once, `pause_seconds` after the first of it came.

    What cannot be written for a reason that may pass is kept and tried again. When `most` wait
    already, and when it cannot be written at all, more is dropped, counted and told on the log.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], None],
        passing: Callable[[BaseException], bool],
        *,
        pause_seconds: float = PAUSE_SECONDS,
        most: int = MOST,
    ) -> None:
        self._write = write
        self._passing = passing
        self._pause = pause_seconds
        self._most = most
        self._waiting: list[Item] = []
        self._lost = 0
        self._lock = threading.Lock()
        self._turns = threading.Lock()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    @property
    def lost(self) -> int:
        """How many were dropped since the start."""
        return self._lost

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def put(self, items: Sequence[Item]) -> None:
        """Never waits for the database."""
        with self._lock:
            self._own_up()
            if self._closing.is_set() or len(self._waiting) >= self._most:
                why = "it is closed" if self._closing.is_set() else "too many wait already"
                self._drop(len(items), why)
                return
            self._waiting += items
            if self._thread is None:
                self._start()
        self._news.set()

    def flush(self) -> None:
        """Whatever was put is written when this returns; raises what `write` raises."""
        with self._turns:
            self.write_now(())

    def write_now(self, items: Sequence[Item]) -> None:
        """Writes these before it returns, behind what waits already.

        Raises what `write` raises; what waited is kept then, and these are not.
        """
        with self._lock:
            self._own_up()
            batch, self._waiting = self._waiting, []
        try:
            if batch or items:
                self._write([*batch, *items])
        except BaseException:
            with self._lock:
                self._waiting = batch + self._waiting
            raise

    def close(self) -> None:
        """Writes what waits; what cannot be written now is lost, and told."""
        self._closing.set()
        self._news.set()
        if self._thread is not None and self._process == os.getpid():
            self._thread.join()
        atexit.unregister(self.close)
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001
            self._give_up(error)

    def _own_up(self) -> None:
        """A fork has no thread, and what waits is its parent's to write."""
        if self._process != os.getpid():
            self._process, self._thread, self._waiting = os.getpid(), None, []

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="countersign-access", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _run(self) -> None:
        pause = self._pause
        while not self._closing.is_set():
            self._news.wait()
            self._closing.wait(pause)
            self._news.clear()
            went_well = self._went_well()
            pause = self._pause if went_well else min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _went_well(self) -> bool:
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001
            if not self._passing(error):
                self._give_up(error)
                return True
            log.warning("%d reads wait to be logged: %s", self.waiting, type(error).__name__)
            self._news.set()
            return False
        return True

    def _give_up(self, error: Exception) -> None:
        with self._lock:
            self._drop(len(self._waiting), type(error).__name__)
            self._waiting = []

    def _drop(self, count: int, why: str) -> None:
        self._lost += count
        if count:
            log.error("%d reads could not be logged: %s (%d so far)", count, why, self._lost)
