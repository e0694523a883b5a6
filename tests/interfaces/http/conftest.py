"""A company on the wire: `api("Ada").post("/plans")`, in one's name and with a token of one's own.

The application runs in this process, on the company's own clock; tokens are those of development.
"""

import json
import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from countersign.infrastructure.assembly import open_house
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.development import DevelopmentTokens
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.live import EVERY
from countersign.interfaces.http.settings import HttpSettings

PREFIX = "/api/v1"
SECRET = bytes(range(32))
LATER = 3600


@dataclass
class Told:
    """An answer, with the questions that a story asks of it."""

    response: Any
    prefix: str = PREFIX

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def body(self) -> Any:
        return self.response.json()

    @property
    def headers(self) -> Any:
        return self.response.headers

    @property
    def etag(self) -> str:
        """Of what was read; or, after a command, of what it left behind."""
        return str(self.headers.get("etag") or self.body["etag"])

    @property
    def location(self) -> str:
        return str(self.headers["location"]).removeprefix(self.prefix)

    @property
    def names(self) -> list[str]:
        return [each["name"].removesuffix(".v1") for each in self.body["events"]]

    def ok(self, status: int | None = None) -> "Told":
        assert self.status < 300, self.response.text
        assert status is None or self.status == status
        return self

    def problem(self, status: int, name: str) -> "Told":
        assert self.headers["content-type"] == "application/problem+json", self.response.text
        assert (self.status, self.body["type"]) == (
            status,
            f"{self.prefix}/problems/{name}",
        ), self.body
        assert self.body["status"] == status
        return self


@dataclass
class Client:
    """Somebody, with the headers that say so."""

    http: Any
    headers: dict[str, str] = field(default_factory=dict)
    prefix: str = PREFIX

    def request(self, method: str, path: str, **more: Any) -> Told:
        headers = {**self.headers, **more.pop("headers", {})}
        match = more.pop("match", None)
        key = more.pop("key", None)
        headers |= {"If-Match": match} if match else {}
        headers |= {"Idempotency-Key": key} if key else {}
        told = self.http.request(method, self.prefix + path, headers=headers, **more)
        return Told(told, self.prefix)

    def get(self, path: str, **more: Any) -> Told:
        return self.request("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Told:
        return self.request("POST", path, json=body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Told:
        """On whatever there is, unless a story says what it has looked at."""
        return self.request("PUT", path, json=body, **{"match": "*", **more})

    def delete(self, path: str, **more: Any) -> Told:
        return self.request("DELETE", path, **more)


UNLIMITED: dict[str, Any] = {"rate_per_second": 0, "failed_per_second": 0}
"""Settings of an interface that lets anybody ask as often as they like."""

TOKENS = DevelopmentTokens(SECRET)
Api = Callable[[str], Client]


def app_of(company: Any) -> Any:
    """Whoever watches is let go as soon as they know what there is: nobody waits here."""
    resolver, before = Bearers(company.engine, TOKENS), set(EVERY)
    app = create_app(company.engine, resolver=resolver, settings=HttpSettings(**UNLIMITED))
    for live in set(EVERY) - before:
        live.end()
    return app


def client_of(http: Any, person: str, prefix: str = PREFIX) -> Client:
    token = TOKENS.issue(person, seconds=LATER)
    return Client(http, {"Authorization": f"Bearer {token}"}, prefix)


def api_of(company: Any, http: TestClient) -> Api:
    return lambda name: client_of(http, company.person(name))


# A real server, in a process of its own

PATIENCE = 60
TURN = 0.05
MANY = 256
NUMBERS = count(1)
HOST = "127.0.0.1"

PROGRAM = """
import json, sys
from datetime import datetime
from pathlib import Path

from countersign import open_engine
from countersign.infrastructure.settings import Settings
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.development import DevelopmentTokens
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.server import serve
from countersign.interfaces.http.settings import HttpSettings

told = json.loads(sys.argv[1])
clock = Path(told["clock"])
with open_engine(
    told["url"],
    tenant=told["tenant"],
    settings=Settings(**told["settings"]),
    clock=lambda: datetime.fromisoformat(clock.read_text()),
) as engine:
    tokens = DevelopmentTokens(bytes.fromhex(told["secret"]))
    app = create_app(
        engine, resolver=Bearers(engine, tokens), settings=HttpSettings(**told["http"])
    )
    serve(app, host=told["host"], port=told["port"])
"""
"""A server on the company's own clock, which the file tells."""


def free_port() -> int:
    """Below those that the system gives to whoever calls out, so that it can be had again."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as tried, suppress(OSError):
            tried.bind((HOST, port))
            return port


@dataclass
class Server:
    """A process that answers on a port of its own, and can be begun again on the same."""

    command: Callable[[int], list[str]]
    log: Path
    environment: dict[str, str] | None = None
    port: int = field(default_factory=free_port)
    process: Any = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(self.port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                cwd=self.log.parent,
            )
        self.until(self.listens)

    def until(self, met: Callable[[], bool]) -> None:
        """Waits for a condition; fails when the process ends first."""
        deadline = monotonic() + PATIENCE
        while not met():
            assert monotonic() < deadline, self.log.read_text()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(TURN)
            assert self.process.poll() is None, self.log.read_text()

    def listens(self) -> bool:
        with socket.socket() as caller:
            return caller.connect_ex((HOST, self.port)) == 0

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        with httpx2.Client(
            base_url=f"http://{HOST}:{self.port}",
            timeout=PATIENCE,
            limits=httpx2.Limits(max_connections=MANY),
            trust_env=False,
        ) as client:
            yield client


def server_of(found: Any, folder: Path, **http: Any) -> Server:
    """Serves a company that was founded, on its own clock; `http` are settings."""
    told = {
        "url": found.place.url,
        "tenant": found.place.tenant,
        "clock": str(found.clock.file),
        "secret": SECRET.hex(),
        "host": HOST,
        "http": UNLIMITED | http,
        "settings": {
            "master_key": found.settings.master_key.get_secret_value(),
            "keyring_url": found.settings.keyring_url,
        },
    }
    return Server(
        lambda port: [sys.executable, "-c", PROGRAM, json.dumps(told | {"port": port})],
        folder / "server.log",
    )


@contextmanager
def served(found: Any, folder: Path, **http: Any) -> Iterator[httpx2.Client]:
    server = server_of(found, folder, **http)
    try:
        server.start()
        with server.client() as client:
            yield client
    finally:
        server.end()


@dataclass
class Team:
    """A few people under Vera whom no other test knows, each by a name that stories use."""

    company: Any
    api_of: Callable[[str], Any]
    number: int

    def __post_init__(self) -> None:
        line = {"Max": "Vera", "Tess": "Vera", "Ada": self.called("Max"), "Bob": self.called("Max")}
        self.company.import_rows(
            *(self.company.row(self.called(name), manager) for name, manager in line.items())
        )

    def called(self, name: str) -> str:
        return name if name in ("Vera", "Hilda") else f"{name} {self.number}"

    def api(self, name: str) -> Any:
        return self.api_of(self.called(name))

    def person(self, name: str) -> str:
        return str(self.company.person(self.called(name)))

    def case(self, owner: str, until: str) -> Any:
        return self.company.case(self.called(owner), until=until)

    def appoints(self, absent: str, stand_in: str) -> Any:
        return self.company.appoints(self.called(absent), self.called(stand_in))


@dataclass
class Place:
    """Where countersign is on the wire, with somebody's requests to it."""

    found: Any
    http: Any
    prefix: str = PREFIX

    @property
    def company(self) -> Any:
        return self.found.company

    def api(self, name: str) -> Any:
        return client_of(self.http, self.company.person(name), self.prefix)

    @property
    def stranger(self) -> Any:
        return Client(self.http, {}, self.prefix)

    def team(self) -> Team:
        return Team(self.company, self.api, next(NUMBERS))


@pytest.fixture(scope="session")
def wire() -> Any:
    """How a company of one's own is put on the wire."""
    return SimpleNamespace(
        app_of=app_of,
        api_of=api_of,
        client_of=client_of,
        client=Client,
        tokens=TOKENS,
        served=served,
        server_of=server_of,
        place=Place,
        secret=SECRET,
        unlimited=UNLIMITED,
    )


@pytest.fixture
def app(on_sqlite):
    return app_of(on_sqlite)


@pytest.fixture
def http(app) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def api(on_sqlite, http) -> Api:
    return api_of(on_sqlite, http)


@pytest.fixture(scope="session")
def quiet_http(quiet_company) -> Iterator[TestClient]:
    with TestClient(app_of(quiet_company), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def quiet_api(quiet_company, quiet_http) -> Api:
    return api_of(quiet_company, quiet_http)


@pytest.fixture
def quiet_stranger(quiet_http) -> Client:
    return Client(quiet_http)


@pytest.fixture
def stranger(http) -> Client:
    """Nobody: no token at all."""
    return Client(http)


@pytest.fixture
def api_again(on_sqlite, tmp_path, settings, clock) -> Iterator[Api]:
    """The same company after a restart: another engine, another application."""
    house = open_house(f"sqlite:///{tmp_path}/company.db", settings=settings, clock=clock)
    with TestClient(app_of(house), raise_server_exceptions=False) as client:
        yield api_of(on_sqlite, client)
    house.close()


@pytest.fixture
def begin_server(tmp_path) -> Iterator[Callable[..., Server]]:
    begun: list[Server] = []

    def begin(command: Callable[[int], list[str]], environment: dict[str, str]) -> Server:
        server = Server(command, tmp_path / f"server-{len(begun)}.log", environment)
        begun.append(server)
        server.start()
        return server

    yield begin
    for each in begun:
        each.end()
