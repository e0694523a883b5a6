"""Whatever is slow, fails or ends, others go on and nothing is lost."""

import asyncio
import signal
from contextlib import asynccontextmanager
from typing import Any

import pytest

from countersign.application.news import News
from countersign.interfaces.http import listener, live
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.closing import Closing
from countersign.interfaces.http.identity import Bearers

PATIENCE = 30
INBOX = "/inbox/events"


class Client:
    """One at the other end of the wire who reads when it pleases them."""

    def __init__(self, app, path, token):
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self._gone = asyncio.Event()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        await self.reads.wait()
        if message.get("body"):
            self.heard.put_nowait(message["body"].decode())

    async def next(self):
        async with asyncio.timeout(PATIENCE):
            return await self.heard.get()

    async def leave(self):
        self.reads.set()
        self._gone.set()
        await self.task


@pytest.fixture
def watching(on_sqlite, wire):
    app = create_app(on_sqlite.engine, resolver=Bearers(on_sqlite.engine, wire.tokens))

    @asynccontextmanager
    async def watch(name, path):
        token = wire.tokens.issue(on_sqlite.person(name), seconds=3600)
        client = Client(app, f"/api/v1{path}", token)
        try:
            assert (await client.next()).startswith("event: now")
            yield client
        finally:
            await client.leave()

    return watch


def test_whoever_reads_slowly_holds_up_nobody_and_hears_all_in_the_end(on_sqlite, watching):
    case = on_sqlite.case("Ada", until="started")
    path = f"/plans/{case.plan}/events"

    async def story():
        async with watching("Ada", path) as slow, watching("Ada", path) as other:
            slow.reads.clear()
            await asyncio.to_thread(case.walk, "noted")
            heard = await plan_events(other, on_sqlite.engine.position())
            assert slow.heard.empty()
            slow.reads.set()
            assert await plan_events(slow, on_sqlite.engine.position()) == heard

    asyncio.run(story())


async def plan_events(client, last):
    """Up to that position; what is said of days comes where they are noticed."""
    heard: list[str] = []
    while not heard or f"id: {last}\n" not in heard[-1]:
        said = await client.next()
        heard += [said] if said.startswith("event: plan") else []
    return heard


@pytest.mark.parametrize(("method", "module"), [("since", listener), ("of_inbox", live)])
def test_what_cannot_be_had_at_the_moment_is_told_later(
    on_sqlite, place_here, monkeypatch, method, module
):
    pause = "FIRST_PAUSE_SECONDS" if module is listener else "REST_SECONDS"
    monkeypatch.setattr(module, pause, 0.01)
    real = getattr(News, method)
    failed: list[Any] = []

    def fails_twice(*said, **more):
        if len(failed) < 2:
            failed.append(said)
            raise TimeoutError
        return real(*said, **more)

    case = on_sqlite.case("Ada", until="settled")
    with place_here.watches("Max", INBOX) as max_:
        max_.event("now")
        monkeypatch.setattr(News, method, fails_twice)
        case.walk("asked")
        assert max_.event("inbox").data["came"]

    assert len(failed) == 2


def test_what_nobody_foresaw_ends_the_watch_and_is_told_to_the_log_alone(
    on_sqlite, place_here, monkeypatch, caplog
):
    def fails(*_, **__):
        raise RuntimeError("secret")

    case = on_sqlite.case("Ada", until="settled")
    with place_here.watches("Max", INBOX) as max_:
        max_.event("now")
        monkeypatch.setattr(News, "of_inbox", fails)
        case.walk("asked")
        assert max_.rest() == []

    assert "secret" in caplog.text


def test_without_a_doorbell_the_watch_is_over_and_the_next_begins_anew(
    on_sqlite, place_here, monkeypatch, caplog
):
    def fails(*_):
        raise TimeoutError

    with monkeypatch.context() as broken:
        broken.setattr(News, "doorbell", fails)
        with place_here.watches("Max", INBOX) as max_:
            assert max_.rest() == []
    with place_here.watches("Max", INBOX) as max_:
        max_.event("now")

    assert "unavailable" in caplog.text


def test_a_signal_is_heard_only_while_wanted_and_passed_on():
    heard: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("server"))
    try:
        closing = Closing(lambda: heard.append("watchers"))
        closing.begin()
        closing.begin()
        signal.raise_signal(signal.SIGTERM)
        closing.end()
        signal.raise_signal(signal.SIGTERM)
        closing.end()
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert heard == ["watchers", "server", "watchers", "server", "server"]


def test_whoever_comes_in_between_is_not_pushed_aside():
    heard: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("server"))
    try:
        closing = Closing(lambda: heard.append("watchers"))
        closing.begin()
        ours: Any = signal.getsignal(signal.SIGTERM)

        def host(*said):
            heard.append("host")
            ours(*said)

        signal.signal(signal.SIGTERM, host)
        closing.end()
        closing.begin()
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert heard == ["host", "watchers", "server"]


def test_where_nobody_handles_a_signal_it_is_left_alone():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        closing = Closing(lambda: None)
        closing.begin()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        closing.end()
    finally:
        signal.signal(signal.SIGTERM, before)
