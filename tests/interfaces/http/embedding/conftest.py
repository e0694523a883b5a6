"""The four ways in which countersign is on the wire, each with a company that its tests share.

A real server is a process of its own; hosts of the other three ways live in this one.
"""

import sys
import types
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
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

AT = "/hr"

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


@contextmanager
def put(way: str, founded: Any, wire: Any, folder: Path) -> Iterator[Any]:
    with founded("postgresql" if "PostgreSQL" in way else "sqlite") as found:
        if way not in EMBEDDED:
            with wire.served(found, folder) as client:
                yield wire.place(found, client)
            return
        make, embed = EMBEDDED[way]
        engine = found.company.engine
        host = embed(make(), engine, Bearers(engine, wire.tokens))
        with TestClient(host, raise_server_exceptions=False) as client:
            yield wire.place(found, client, f"{AT}/api/v1")


@pytest.fixture(scope="session", params=WAYS)
def stage(request, founded, wire, tmp_path_factory) -> Iterator[Any]:
    with put(request.param, founded, wire, tmp_path_factory.mktemp("served")) as place:
        yield place


@pytest.fixture
def team(stage: Any) -> Any:
    return stage.team()


@pytest.fixture(params=EMBEDDED)
def embedded(request) -> Any:
    """One way, with its host made anew: `make()` and `embed(host, engine, resolver)`."""
    make, embed = EMBEDDED[request.param]
    return SimpleNamespace(name=request.param, make=make, embed=embed, at=AT)
