"""Closing: hears that the process is told to end, whoever runs the server, and passes it on.

A server waits for open answers, and tells an application of its end only after them; so those who
watch must be let go on the signal itself.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Closing:
    """Hears the signals while anybody wants it, before whoever heard them until then."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._wanted = 0
        self._lock = threading.Lock()

    def begin(self) -> None:
        with self._lock:
            self._wanted += 1
        if _may_choose():
            for number in SIGNALS:
                self._hook(number)

    def end(self) -> None:
        with self._lock:
            self._wanted -= 1
            wanted = self._wanted > 0
        if _may_choose() and not wanted:
            for number in tuple(self._before):
                self._unhook(number)

    def _hook(self, number: int) -> None:
        """Only before somebody: where nobody handles a signal, nothing is waited for either."""
        before = signal.getsignal(number)
        if callable(before) and number not in self._before:
            self._before[number] = before
            signal.signal(number, self._heard)

    def _unhook(self, number: int) -> None:
        """Unless somebody has come before us meanwhile, who will call us."""
        if signal.getsignal(number) == self._heard:
            signal.signal(number, self._before.pop(number))

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self._ended()
        self._before[number](number, frame)


def _may_choose() -> bool:
    """Python lets nobody else."""
    return threading.current_thread() is threading.main_thread()
