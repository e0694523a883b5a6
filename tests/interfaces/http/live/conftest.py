"""Servers on loopback that live in this process, and whoever watches them over a real socket."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx2
import pytest
import uvicorn

from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.live import end_watches
from countersign.interfaces.http.settings import HttpSettings

PREFIX = "/api/v1"
PATIENCE = 30
LATER = 3600


@dataclass(frozen=True)
class Said:
    """One event or comment, as it came."""

    event: str | None = None
    id: int | None = None
    data: Any = None
    retry: int | None = None
    comment: str | None = None

    @property
    def name(self) -> Any:
        """Of the journal's event, where it is told."""
        name = self.data["name"]
        return name and name.removesuffix(".v1")


def parsed(block: list[str]) -> Said:
    if block[0].startswith(":"):
        return Said(comment=block[0][1:].strip())
    fields = dict(line.split(": ", 1) for line in block)
    return Said(
        event=fields["event"],
        id=int(fields["id"]),
        data=json.loads(fields["data"]),
        retry=int(fields["retry"]) if "retry" in fields else None,
    )


class Watching:
    """An answer that goes on."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def next(self) -> Said:
        """Waits for whatever comes next. Raises StopIteration where it is over."""
        block: list[str] = []
        for line in self._lines:
            if line:
                block.append(line)
            elif block:
                return parsed(block)
        raise StopIteration

    def event(self, kind: str) -> Said:
        """The next of a kind; signs of life are passed over."""
        deadline = monotonic() + PATIENCE
        while (said := self.next()).event != kind:
            assert said.event is None, said
            assert monotonic() < deadline, f"no {kind} came"
        return said

    def rest(self) -> list[Said]:
        """Everything until it is over."""
        found, deadline = [], monotonic() + PATIENCE
        try:
            while True:
                found.append(self.next())
                assert monotonic() < deadline, "it does not end"
        except StopIteration:
            return found


class Served(uvicorn.Server):
    """Runs in a thread, so that nobody sends it signals."""

    def __init__(self, app: Any) -> None:
        super().__init__(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run)

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @property
    def address(self) -> str:
        host, port = self.servers[0].sockets[0].getsockname()
        return f"http://{host}:{port}"

    def stop(self) -> None:
        """As a host must that stops its server otherwise than by a signal."""
        self.should_exit = True
        end_watches()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@dataclass
class Place:
    """A company on a server, with somebody's ways to watch it."""

    company: Any
    http: Any
    wire: Any

    def api(self, name: str) -> Any:
        return self.wire.client_of(self.http, self.company.person(name))

    @contextmanager
    def watches(self, name: str, path: str, **headers: str) -> Iterator[Watching]:
        token = self.wire.tokens.issue(self.company.person(name), seconds=LATER)
        shown = {"Authorization": f"Bearer {token}", **headers}
        with self.http.stream("GET", PREFIX + path, headers=shown) as response:
            assert response.status_code == 200, response.read()
            yield Watching(response)


@contextmanager
def served(app: Any) -> Iterator[httpx2.Client]:
    server = Served(app)
    server.thread.start()
    try:
        assert server.ready.wait(PATIENCE)
        with httpx2.Client(base_url=server.address, timeout=PATIENCE, trust_env=False) as client:
            yield client
    finally:
        server.stop()


Serve = Callable[..., Any]


@pytest.fixture
def serve(wire: Any) -> Serve:
    """Puts a company on a server of its own, as long as a `with` lasts."""

    @contextmanager
    def put(company: Any, *, resolver: Any = None, **settings: Any) -> Iterator[Place]:
        resolver = resolver or Bearers(company.engine, wire.tokens)
        app = create_app(company.engine, resolver=resolver, settings=HttpSettings(**settings))
        with served(app) as http:
            yield Place(company, http, wire)

    return put


@pytest.fixture
def place_here(on_sqlite: Any, serve: Serve) -> Iterator[Place]:
    with serve(on_sqlite) as place:
        yield place
