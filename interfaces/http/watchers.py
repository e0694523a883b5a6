"""Watchers: everybody who watches on one event loop, each at a position, woken when it concerns."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from anyio import CancelScope, Event, Semaphore, move_on_after, to_thread
from starlette.requests import Request

from ...application.desk import Actor
from ...application.news import Heard, InboxChanged, News, PlanChanged
from .listener import Listener

AT_ONCE = 2
"""So many are worked out at once, so that requests find a thread however many watch."""

Changed = InboxChanged | PlanChanged


@dataclass(frozen=True, slots=True)
class Asking:
    """Who watches, and what, as whoever connected has said it."""

    request: Request
    actor: Actor
    named: Mapping[str, Any]
    reason: str | None


@dataclass(frozen=True)
class Watch:
    """What can be watched: its address, the name of its events, and how they are worked out.

    `work` is handed the news, an Asking, and two positions between which something may have
    happened. `touched` says whether what was heard may concern a watcher.
    """

    path: str
    event: str
    tells: type[Changed]
    work: Callable[[News, Asking, int, int], Sequence[Changed]]
    touched: Callable[[Heard, "Watcher"], bool]
    summary: str
    name: str
    of_inboxes: bool = False


class Watcher:
    """One who watches: told up to `position`, and to be told up to `until`."""

    def __init__(self, watch: Watch, asking: Asking, position: int) -> None:
        self.watch = watch
        self.asking = asking
        self.position = position
        self.until = position
        self.is_hr = False
        self.looks_at = 0.0
        self.doubts = 1
        self._settled = 0
        self._woken = Event()

    @property
    def in_doubt(self) -> bool:
        """Whether sight itself may have changed since it was looked at."""
        return self.doubts != self._settled or monotonic() >= self.looks_at

    @property
    def is_behind(self) -> bool:
        return self.until > self.position

    def settle(self, doubts: int, seconds: float) -> None:
        """So many doubts were looked into, and more may have come; good for so long at most."""
        self._settled = doubts
        self.looks_at = monotonic() + seconds

    def rest(self, seconds: float) -> None:
        """It could not be worked out; later it is looked at again, as far as the journal is."""
        self.until = self.position
        self.doubts = self._settled
        self.looks_at = monotonic() + seconds

    def hear(self, heard: Heard) -> None:
        """Whoever is in doubt does not know yet what concerns them."""
        if heard.everybody:
            self.doubts += 1
        if self.in_doubt or self.watch.touched(heard, self):
            self.until = max(self.until, heard.until)
            self.wake()

    def wake(self) -> None:
        self._woken.set()

    async def wait(self, until: float) -> None:
        """Until it is woken, or that moment."""
        with move_on_after(max(0.0, until - monotonic())):
            await self._woken.wait()
        self._woken = Event()


class Watchers:
    """Those of one event loop, while there are any. `turn` is held by whoever is worked out."""

    def __init__(self, news: News) -> None:
        self.turn = Semaphore(AT_ONCE)
        self._all: set[Watcher] = set()
        self._loop = asyncio.get_running_loop()
        self._listener = Listener(news, self._heard, self._inboxes_watched)
        self._listening = asyncio.wrap_future(self._listener.listening)
        self._listener.start()

    def add(self, watcher: Watcher) -> None:
        self._all.add(watcher)

    def drop(self, watcher: Watcher) -> bool:
        """Whether that was the last."""
        self._all.discard(watcher)
        return not self._all

    async def listening(self) -> None:
        """Returns when whatever happens from then on is heard; raises what stands in the way."""
        await asyncio.shield(self._listening)

    async def end(self) -> None:
        self._listener.stop()
        with CancelScope(shield=True):
            await to_thread.run_sync(self._listener.join)

    def wake(self) -> None:
        """From any thread, and from a signal's handler."""
        self._in_loop(self._wake)

    def _heard(self, heard: Heard) -> bool:
        return self._in_loop(partial(self._tell, heard))

    def _in_loop(self, work: Callable[[], None]) -> bool:
        """False where the loop is closed."""
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:
            return False
        return True

    def _inboxes_watched(self) -> bool:
        return any(each.watch.of_inboxes for each in tuple(self._all))

    def _tell(self, heard: Heard) -> None:
        for watcher in self._all:
            watcher.hear(heard)

    def _wake(self) -> None:
        for watcher in self._all:
            watcher.wake()
