"""Recent: what was asked for lately, in bounded space and for a bounded time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

Name = TypeVar("Name")
Thing = TypeVar("Thing")


class Recent(Generic[Name, Thing]):
    """Two generations: what nobody asks for within a generation goes with it.

    Holds `size` things at most. What is not asked for is gone after two `lifetime`s
    (microseconds, as the clock counts them), as soon as anything else is asked.
    """

    def __init__(self, size: int, lifetime: int, clock: Callable[[], int]) -> None:
        self._room = max(1, size // 2)
        self._lifetime = lifetime
        self._clock = clock
        self._turn_at = clock() + lifetime
        self._young: dict[Name, Thing] = {}
        self._old: dict[Name, Thing] = {}
        self._lock = threading.Lock()

    def get(self, name: Name) -> Thing | None:
        """The thing, if it is still remembered; asking keeps it."""
        with self._lock:
            self._turn_in_time()
            thing = self._young.get(name)
            if thing is None and (thing := self._old.pop(name, None)) is not None:
                self._keep(name, thing)
            return thing

    def put(self, things: Mapping[Name, Thing]) -> None:
        """Remembers the things as the youngest."""
        with self._lock:
            for name, thing in things.items():
                self._keep(name, thing)

    def forget(self, names: Iterable[Name]) -> None:
        """As though they had never been asked for."""
        with self._lock:
            for name in names:
                self._young.pop(name, None)
                self._old.pop(name, None)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def _keep(self, name: Name, thing: Thing) -> None:
        if len(self._young) >= self._room:
            self._turn()
        self._young[name] = thing

    def _turn_in_time(self) -> None:
        late = self._clock() - self._turn_at
        if late >= 0:
            self._turn()
        if late >= self._lifetime:
            self._turn()

    def _turn(self) -> None:
        self._old, self._young = self._young, {}
        self._turn_at = self._clock() + self._lifetime
