"""The four ways in which countersign is on the wire, each with a company that its tests share.

A real server is a process of its own; hosts of the other three ways live in this one.
"""

import json
import random
import socket
import subprocess
import sys
import types
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import django
import httpx2
import pytest
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.embedding import beside, lifespan_of
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.router import create_router

PATIENCE = 60
TURN = 0.05
MANY = 256
NUMBERS = count(1)

HOST = "127.0.0.1"
AT = "/hr"

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

told = json.loads(sys.argv[1])
clock = Path(told["clock"])
with open_engine(
    told["url"],
    tenant=told["tenant"],
    settings=Settings(**told["settings"]),
    clock=lambda: datetime.fromisoformat(clock.read_text()),
) as engine:
    tokens = DevelopmentTokens(bytes.fromhex(told["secret"]))
    app = create_app(engine, resolver=Bearers(engine, tokens))
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


@contextmanager
def served(found: Any, wire: Any, folder: Path) -> Iterator[Any]:
    told = {
        "url": found.place.url,
        "tenant": found.place.tenant,
        "clock": str(found.clock.file),
        "secret": wire.secret.hex(),
        "host": HOST,
        "settings": {
            "master_key": found.settings.master_key.get_secret_value(),
            "keyring_url": found.settings.keyring_url,
        },
    }
    server = Server(
        lambda port: [sys.executable, "-c", PROGRAM, json.dumps(told | {"port": port})],
        folder / "server.log",
    )
    try:
        server.start()
        with server.client() as client:
            yield client
    finally:
        server.end()


# The hosts: what they are is theirs, and ours is put in with one line or three.

TEAPOT = 418


def own_application() -> FastAPI:
    """A host's: routes, middleware, error handlers and a lifespan of its own."""

    @asynccontextmanager
    async def lifespan(host: FastAPI) -> AsyncIterator[None]:
        host.state.lived = ["host begins"]
        yield
        host.state.lived.append("host ends")

    host = FastAPI(title="intranet", lifespan=lifespan)
    host.state.handled = []

    @host.middleware("http")
    async def stamp(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["x-intranet"] = "stamped"
        return response

    async def handle(request: Request, error: Exception) -> PlainTextResponse:
        host.state.handled.append(request.url.path)
        return PlainTextResponse(f"the host says: {type(error).__name__}", TEAPOT)

    for kind in (HTTPException, RequestValidationError, Exception):
        host.add_exception_handler(kind, handle)

    @host.get("/canteen")
    async def dish(day: int) -> dict[str, Any]:
        return {"day": day, "dish": "soup"}

    @host.get("/broken")
    async def broken() -> None:
        raise RuntimeError("no soup")

    return host


def django_project() -> Any:
    """There can be only one in a process."""
    if not django_settings.configured:
        urls = types.ModuleType("intranet_urls")
        vars(urls).update(
            urlpatterns=[path("canteen", _dish), path("broken", _broken)],
            handler404=_missing,
            handler500=_failed,
        )
        sys.modules[urls.__name__] = urls
        django_settings.configure(
            ALLOWED_HOSTS=["*"],
            LOGGING_CONFIG=None,
            MIDDLEWARE=["django.middleware.security.SecurityMiddleware"],
            ROOT_URLCONF=urls.__name__,
            SECRET_KEY="nobody signs anything here",
        )
        django.setup()
    return get_asgi_application()


def _dish(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"day": int(request.GET["day"]), "dish": "soup"})


def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("no soup")


def _missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("the host says: not here", status=TEAPOT)


def _failed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the host says: failed", status=TEAPOT)


NOTHING_MORE = APIRouter()


def routed(host: FastAPI, engine: Any, resolver: Any, more: APIRouter = NOTHING_MORE) -> Any:
    router = create_router(engine, resolver=resolver)
    router.include_router(more)
    host.include_router(router, prefix=AT)
    return host


def mounted(host: FastAPI, engine: Any, resolver: Any, more: APIRouter = NOTHING_MORE) -> Any:
    ours = create_app(engine, resolver=resolver)
    ours.include_router(more)
    own = host.router.lifespan_context

    @asynccontextmanager
    async def both(app: Any) -> AsyncIterator[Any]:
        async with own(app) as state, lifespan_of(ours):
            yield state

    host.router.lifespan_context = both
    host.mount(AT, ours)
    return host


def dispatched(host: Any, engine: Any, resolver: Any, more: APIRouter = NOTHING_MORE) -> Any:
    ours = create_app(engine, resolver=resolver)
    ours.include_router(more)
    return beside(host, ours, at=AT)


EMBEDDED = {
    "router": (own_application, routed),
    "mounted": (own_application, mounted),
    "beside Django": (django_project, dispatched),
}

WAYS = ("server on SQLite", "server on PostgreSQL", *EMBEDDED)


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
    wire: Any
    prefix: str

    @property
    def company(self) -> Any:
        return self.found.company

    def api(self, name: str) -> Any:
        return self.wire.client_of(self.http, self.company.person(name), self.prefix)

    @property
    def stranger(self) -> Any:
        return self.wire.client(self.http, {}, self.prefix)

    def team(self) -> Team:
        return Team(self.company, self.api, next(NUMBERS))


@contextmanager
def put(way: str, founded: Any, wire: Any, folder: Path) -> Iterator[Place]:
    with founded("postgresql" if "PostgreSQL" in way else "sqlite") as found:
        if way not in EMBEDDED:
            with served(found, wire, folder) as client:
                yield Place(found, client, wire, "/api/v1")
            return
        make, embed = EMBEDDED[way]
        engine = found.company.engine
        host = embed(make(), engine, Bearers(engine, wire.tokens))
        with TestClient(host, raise_server_exceptions=False) as client:
            yield Place(found, client, wire, f"{AT}/api/v1")


@pytest.fixture(scope="session", params=WAYS)
def stage(request, founded, wire, tmp_path_factory) -> Iterator[Place]:
    with put(request.param, founded, wire, tmp_path_factory.mktemp("served")) as place:
        yield place


@pytest.fixture
def team(stage: Place) -> Team:
    return stage.team()


@pytest.fixture(params=EMBEDDED)
def embedded(request) -> Any:
    """One way, with its host made anew: `make()` and `embed(host, engine, resolver)`."""
    make, embed = EMBEDDED[request.param]
    return SimpleNamespace(name=request.param, make=make, embed=embed, at=AT)


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
