"""Live: whoever watches is told what happens, and let go when they may not see it any more.

One thread hears the journal for all. A watcher costs a task that sleeps, and a thread only while
something that may concern it is worked out.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from time import monotonic
from weakref import WeakSet

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import StreamingResponse
from starlette.types import Send

from ...domain.event import PersonId
from .closing import Closing
from .conditions import POSITION
from .documents import NowDocument
from .edge import Edge
from .watchers import Asking, Changed, Watch, Watcher, Watchers

RETRY_MS = 3000
"""So long a browser waits before it connects again."""

REST_SECONDS = 5.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
NOW = "now"
UNAVAILABLE = 503


class Over(Exception):
    """There is nothing more to tell this watcher."""


class Live:
    """What a router tells of what happens, to whoever stays to hear it."""

    def __init__(self, edge: Edge, keep_alive_seconds: float) -> None:
        self._edge = edge
        self._news = edge.engine.news
        self._keep_alive = keep_alive_seconds
        self._on: dict[asyncio.AbstractEventLoop, Watchers] = {}
        self._ended = False
        EVERY.add(self)

    def end(self) -> None:
        """Lets everybody go. Whoever comes later is told what there is, and let go as well."""
        self._ended = True
        for watchers in tuple(self._on.values()):
            watchers.wake()

    def answer(self, watch: Watch, asking: Asking, position: int) -> "Telling":
        watcher = Watcher(watch, asking, position)
        return Telling(self._told(watcher), headers={**HEADERS, POSITION: str(position)})

    async def _told(self, watcher: Watcher) -> AsyncIterator[bytes]:
        try:
            async with self._among(watcher) as watchers:
                await self._heard_from_now_on(watcher, watchers)
                async for event in self._events(watcher, watchers):
                    yield event
        except Over:
            return

    async def _events(self, watcher: Watcher, watchers: Watchers) -> AsyncIterator[bytes]:
        """What happened before anybody listened comes first; it is over once it is told."""
        day, going = self._news.today(), True
        speaks_at = monotonic() + self._keep_alive
        yield _now(watcher.position, day, retry=RETRY_MS)
        while going:
            going = not self._ended
            said = [_event(watcher.watch, each) for each in await self._changes(watcher, watchers)]
            if day != (today := self._news.today()):
                said.append(_now(watcher.position, today))
                day = today
            if not said and monotonic() >= speaks_at:
                said.append(KEEPALIVE_COMMENT)
            for each in said:
                yield each
                speaks_at = monotonic() + self._keep_alive
            if going:
                await self._woken(watcher, speaks_at)

    async def _heard_from_now_on(self, watcher: Watcher, watchers: Watchers) -> None:
        """Without a listener the watch is over; whoever connects again begins another."""
        try:
            await watchers.listening()
        except Exception as error:  # noqa: BLE001
            self._edge.problems.response(error, watcher.asking.request)  # to the log
            raise Over from None

    async def _woken(self, watcher: Watcher, speaks_at: float) -> None:
        """Returns when something may be told, or must be said."""
        while not (watcher.is_behind or watcher.in_doubt or self._ended):
            if monotonic() >= speaks_at:
                return
            await watcher.wait(min(speaks_at, watcher.looks_at))

    async def _changes(self, watcher: Watcher, watchers: Watchers) -> Sequence[Changed]:
        """What cannot be had at the moment is asked for again; anything else is the end of it."""
        if not (watcher.is_behind or watcher.in_doubt):
            return ()
        try:
            async with watchers.turn:
                return await self._worked_out(watcher)
        except Over:
            raise
        except Exception as error:  # noqa: BLE001
            problem = self._edge.problems.response(error, watcher.asking.request)
            if problem.status_code != UNAVAILABLE or self._ended:
                raise Over from None
            watcher.rest(REST_SECONDS)
            return ()

    async def _worked_out(self, watcher: Watcher) -> Sequence[Changed]:
        if watcher.in_doubt:
            await self._look(watcher)
        after, until = watcher.position, watcher.until
        work = partial(watcher.watch.work, self._news, watcher.asking, after, until)
        found = await self._edge.run(work)
        watcher.position = until
        return found

    async def _look(self, watcher: Watcher) -> None:
        """Who it is by now, and how far the journal is: what came before is not heard."""
        doubts, asking = watcher.doubts, watcher.asking
        actor, seconds = await self._edge.again(asking.request)
        if actor.person != asking.actor.person:
            raise Over
        watcher.asking = replace(asking, actor=actor)
        head, watcher.is_hr = await self._edge.run(partial(self._seen, actor.person))
        watcher.until = max(watcher.until, head)
        watcher.settle(doubts, seconds)

    def _seen(self, person: PersonId) -> tuple[int, bool]:
        return self._news.position(), self._news.is_hr(person)

    @asynccontextmanager
    async def _among(self, watcher: Watcher) -> AsyncIterator[Watchers]:
        """The first on a loop begins the listening there, and the last ends it."""
        loop = asyncio.get_running_loop()
        watchers = self._on.get(loop)
        if watchers is None:
            watchers = self._on[loop] = Watchers(self._news)
            CLOSING.begin()
        watchers.add(watcher)
        try:
            with self._edge.gate.meters.watching():
                yield watchers
        finally:
            if watchers.drop(watcher):
                del self._on[loop]
                CLOSING.end()
                await watchers.end()


class Telling(StreamingResponse):
    """An answer that goes on; whoever hangs up is forgotten at once.

    FastAPI's own EventSourceResponse is for endpoints that yield, which can refuse nobody.
    """

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().stream_response(send)


def _now(position: int, day: date, *, retry: int | None = None) -> bytes:
    told = NowDocument(position=position, day=day).model_dump_json()
    return format_sse_event(event=NOW, id=str(position), data_str=told, retry=retry)


def _event(watch: Watch, changed: Changed) -> bytes:
    told = changed.model_dump_json()
    return format_sse_event(event=watch.event, id=str(changed.position), data_str=told)


def end_watches() -> None:
    """Lets everybody go who watches in this process, as the signals to end it do.

    For a host that stops its server otherwise; from any thread.
    """
    for live in tuple(EVERY):
        live.end()


EVERY: WeakSet[Live] = WeakSet()
CLOSING = Closing(end_watches)
