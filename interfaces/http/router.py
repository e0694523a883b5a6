"""The router: every noun's routes, and one more for whatever stands at no address."""

import re
from collections.abc import Iterator, Sequence

from anyio import CapacityLimiter
from fastapi import APIRouter, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from ...application.engine import Engine
from .access_log import METHODS
from .actions import Action, add_action
from .edge import Edge, Handler, guarded
from .explanations import add_explanations
from .gate import Gate
from .identity import Resolver
from .links import Surroundings
from .live import Live
from .nouns import (
    disposals,
    files,
    holds,
    inbox,
    organisation,
    overview,
    people,
    plans,
    policy,
    records,
    references,
    register,
    requests,
    results,
    schedule,
)
from .prefix import PREFIX
from .problems import Problems, Trouble
from .reads import Read, add_read
from .settings import HttpSettings
from .watchers import Watch
from .watching import add_watch

NOUNS = {
    "plans": plans,
    "results": results,
    "requests": requests,
    "inbox": inbox,
    "references": references,
    "files": files,
    "people": people,
    "organisation": organisation,
    "policy": policy,
    "records": records,
    "register": register,
    "schedule": schedule,
    "holds": holds,
    "disposals": disposals,
    "overview": overview,
}
"""By the tag that OpenAPI sorts them under."""

BEARER = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    description="A token of the identity provider, or of `countersign token`.",
    auto_error=False,
)


def actions() -> Iterator[Action]:
    for noun in NOUNS.values():
        yield from noun.ACTIONS


def reads() -> Iterator[Read]:
    for noun in NOUNS.values():
        yield from noun.READS


def watches() -> Iterator[Watch]:
    for noun in NOUNS.values():
        yield from getattr(noun, "WATCHES", ())


def create_router(
    engine: Engine,
    *,
    resolver: Resolver,
    settings: HttpSettings | None = None,
    gate: Gate | None = None,
) -> APIRouter:
    """Everything under /api/v1, for a host's own FastAPI application.

    `resolver` says in whose name a request comes. The router answers its own errors, so that the
    host's handlers need not know them. `gate` is for a host that shows our vital signs as well;
    its settings are those that count.
    """
    gate = gate or Gate(settings or HttpSettings())
    settings = gate.settings
    problems = Problems(PREFIX, settings.problem_base)
    edge = Edge(engine, resolver, problems, CapacityLimiter(settings.pool_size), gate)
    live = Live(edge, settings.watch_keep_alive_seconds)
    router = APIRouter(redirect_slashes=False)
    around = Surroundings(reads(), actions())
    for tag, noun in NOUNS.items():
        take_over(router, _noun(edge, live, around, tag, noun))
    take_over(router, _open(problems, gate))
    take_over(router, _nothing_here(problems, gate))
    return router


def take_over(router: APIRouter, other: APIRouter) -> None:
    """The other's routes as one's own. FastAPI goes through included routers for every request."""
    router.routes.extend(other.routes)


def _noun(edge: Edge, live: Live, around: Surroundings, tag: str, noun: object) -> APIRouter:
    router = APIRouter(
        prefix=PREFIX, route_class=guarded(edge), tags=[tag], dependencies=[Security(BEARER)]
    )
    if noun is people:
        people.add_look_up(router, edge)
    if noun is files:
        files.add_files(router, edge)
    if noun is organisation:
        organisation.add_rehearsal(router, edge)
    for read in noun.READS:  # type: ignore[attr-defined]
        add_read(router, edge, read, around.after_read(read))
    for action in noun.ACTIONS:  # type: ignore[attr-defined]
        add_action(router, edge, action, around.after_action(action))
    for watch in getattr(noun, "WATCHES", ()):
        add_watch(router, edge, live, watch)
    return router


def _open(problems: Problems, gate: Gate) -> APIRouter:
    router = APIRouter(prefix=PREFIX, route_class=_answering(problems, gate), tags=["problems"])
    add_explanations(router, problems)
    return router


def _answering(problems: Problems, gate: Gate) -> type[APIRoute]:
    """Routes that anybody may use, and that answer errors as problems."""

    class Answering(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                return await gate.through(request, gate.open(handle), problems)

            return answer

    return Answering


Address = tuple[re.Pattern[str], set[str]]

DESCRIPTION = "/openapi.json"

BESIDE = {
    "/look-up": {"POST"},
    "/organisation/rehearse": {"POST"},
    **files.BESIDE,
    "/problems": {"GET"},
    "/problems/{name}": {"GET"},
    DESCRIPTION: {"GET"},
}
"""Routes that are neither a command's nor a question's."""


def _known() -> Sequence[Address]:
    """Every address with what may be done there."""
    found: dict[str, set[str]] = {path: set(methods) for path, methods in BESIDE.items()}
    for read in reads():
        found.setdefault(read.path, set()).add("GET")
    for watch in watches():
        found.setdefault(watch.path, set()).add("GET")
    for action in actions():
        found.setdefault(action.path, set()).add(action.method)
    for methods in found.values():
        methods.update({"HEAD"} if "GET" in methods else ())
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), found[path]) for path in found]


def allowed(addresses: Sequence[Address], path: str) -> set[str]:
    """What may be done at an address; nothing at all where there is none."""
    return {each for pattern, methods in addresses if pattern.fullmatch(path) for each in methods}


def _nothing_here(problems: Problems, gate: Gate) -> APIRouter:
    """The last route of all: 404, or 405 with the full list that RFC 9110 asks for."""
    addresses = _known()

    async def nothing_here(request: Request, rest: str) -> Response:
        methods = allowed(addresses, f"/{rest}")
        if not methods or (f"/{rest}" == DESCRIPTION and not _describes_us(request)):
            raise Trouble("no-such-address")
        allow = ", ".join(sorted(methods))
        raise Trouble("method-not-allowed", headers={"Allow": allow})

    last = APIRouter(prefix=PREFIX, route_class=_answering(problems, gate))
    last.add_api_route("/{rest:path}", nothing_here, methods=list(METHODS), include_in_schema=False)
    return last


def _describes_us(request: Request) -> bool:
    """Our own application does; a host describes our routes among its own, where it likes."""
    return bool(request.app.openapi_url == PREFIX + DESCRIPTION)
