"""Progress: how far, how fast, how long still, and in how much memory."""

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Progress:
    """`rate` in events a second, `remaining` in seconds (None: not known yet), memory in bytes."""

    step: str
    done: int
    total: int
    rate: float
    remaining: float | None
    memory: int


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Nobody listens."""


class Meter:
    """Measures a step of work from when it begins."""

    def __init__(self, report: Report, step: str, start: int = 0) -> None:
        self._report = report
        self._step = step
        self._start = start
        self._began = monotonic()

    def tell(self, done: int, total: int, memory: int = 0) -> None:
        """Reports, with the rate since the beginning."""
        rate = self.rate(done)
        remaining = (total - done) / rate if rate else None
        self._report(Progress(self._step, done, total, rate, remaining, memory or memory_in_use()))

    def rate(self, done: int) -> float:
        passed = monotonic() - self._began
        return (done - self._start) / passed if passed else 0.0


def memory_in_use() -> int:
    """Of this process, in bytes; where the system does not tell, the most that it ever was."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    return peak_memory()


def peak_memory() -> int:
    """The most that this process ever had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
