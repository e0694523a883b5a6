"""The edge: async outside, sync inside; who asks is found out before anything else is looked at."""

import hashlib
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import Response

from ...application.desk import Actor
from ...application.engine import Engine
from ...domain.refusals import UnknownActor
from . import traces
from .gate import Gate
from .identity import (
    REMEMBERED,
    TRUSTED_SECONDS,
    Bearers,
    InService,
    Remembered,
    Resolver,
    Unauthenticated,
    token_of,
)
from .problems import RETRY_SECONDS, Problems, Trouble, invalid

Answer = TypeVar("Answer")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

JSON = "application/json"


@dataclass(frozen=True)
class Edge:
    """What every request needs. `threads` are as many as the engine has connections."""

    engine: Engine
    resolver: Resolver
    problems: Problems
    threads: CapacityLimiter
    gate: Gate
    service: InService = field(init=False)
    admitted: Remembered[bytes, Actor] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "service", InService(self.engine))
        object.__setattr__(self, "admitted", Remembered(REMEMBERED))
        self.gate.meters.waits(lambda: self.threads.statistics().tasks_waiting)

    async def run(self, work: Callable[[], Answer], *, named: str = "engine") -> Answer:
        """Engine calls block; they wait here for a thread that will find a free connection.

        Neither too many may wait nor for too long; what has begun is never cut short. Raises
        unavailable.
        """
        settings = self.gate.settings
        if self.threads.statistics().tasks_waiting >= settings.queue_size:
            raise self._full("queue")
        with traces.working(named), move_on_after(settings.queue_seconds):
            return await to_thread.run_sync(work, limiter=self.threads)
        raise self._full("wait")

    def _full(self, kind: str) -> Trouble:
        self.gate.meters.limited(kind)
        return Trouble("unavailable", headers={"Retry-After": str(RETRY_SECONDS)})

    async def actor(self, request: Request) -> Actor:
        """Raises Unauthenticated, UnknownActor for whoever is not in service, too-many-requests."""
        try:
            known = await self._known(request)
        except (Unauthenticated, UnknownActor):
            self.gate.failed(request)
            raise
        self.gate.admit(request, known.person)
        return known

    async def _known(self, request: Request) -> Actor:
        if not isinstance(self.resolver, Bearers):
            return await self._hosted(request)
        token_of(request)  # no thread is needed to see that there is none
        shown = hashlib.sha256(request.headers.get("authorization", "").encode()).digest()
        known = self.admitted.get(shown, monotonic())
        if known is None:
            known = await self.run(partial(self._signed_in, self.resolver, request))
            self.admitted.put(shown, known, monotonic() + TRUSTED_SECONDS)
        return known

    async def again(self, request: Request) -> tuple[Actor, float]:
        """As `actor`, with nothing taken from memory; and for how many seconds it may be believed.

        For an answer that goes on. What a host's session says cannot be heard of, only asked.
        """
        if isinstance(self.resolver, Bearers):
            return await self.run(partial(self._still, self.resolver, request))
        return await self._hosted(request, anew=True), TRUSTED_SECONDS

    def _still(self, bearers: Bearers, request: Request) -> tuple[Actor, float]:
        left = bearers.seconds_left(request)
        actor = self.service.admit(bearers(request), anew=True)
        return actor, left if left > 0 else TRUSTED_SECONDS

    def _signed_in(self, bearers: Bearers, request: Request) -> Actor:
        return self.service.admit(bearers(request))

    async def _hosted(self, request: Request, *, anew: bool = False) -> Actor:
        """A host's resolver may be async, and then runs where the request does."""
        resolve: Callable[[Request], Any] = self.resolver
        if inspect.iscoroutinefunction(resolve):
            found = resolve(request)
        else:
            found = await self.run(partial(resolve, request))
        actor: Actor = await found if inspect.isawaitable(found) else found
        return await self.run(partial(self.service.admit, actor, anew=anew))


def guarded(edge: Edge) -> type[APIRoute]:
    """Routes that ask who it is, read the body strictly, and answer every error as a problem.

    They do so by themselves, so that it holds in a host's application too. An endpoint that brings
    its `parameters` is handed what they read.
    """

    class Guarded(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()
            parameters = getattr(self.endpoint, "parameters", None)
            model = getattr(self.endpoint, "body", None)
            most = getattr(self.endpoint, "most_bytes", None)
            longest = getattr(self.endpoint, "most_seconds", None)

            async def answer(request: Request) -> Response:
                return await edge.gate.through(
                    request, admitted, edge.problems, most_bytes=most, most_seconds=longest
                )

            async def admitted(request: Request) -> Response:
                request.state.actor = await edge.actor(request)
                if model is not None:
                    request.state.body = await body_of(request, model)
                if parameters is None:
                    return await handle(request)
                told: Response = await self.endpoint(request, **parameters.read(request))
                return told

            return answer

    return Guarded


async def body_of(request: Request, model: type[BaseModel]) -> BaseModel:
    """As JSON says it: a number in quotation marks is no number. Nothing at all may be left out."""
    raw = await request.body()
    if raw and not _is_json(request.headers.get("content-type", "")):
        raise Trouble("unsupported-media-type", headers={"Accept": JSON})
    try:
        return _strictly(TypeAdapter(model), raw or b"{}")
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise invalid(found) from None


def _strictly(adapter: TypeAdapter[BaseModel], raw: bytes) -> BaseModel:
    """To JSON Schema 2.0 is an integer, and some clients write it so; pydantic says it is none."""
    try:
        return adapter.validate_json(raw, strict=True)
    except ValidationError as error:
        if not any(each["type"] == "int_type" for each in error.errors()):
            raise
    whole = to_json(_whole(from_json(raw)), inf_nan_mode="constants")
    return adapter.validate_json(whole, strict=True)


def _whole(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_whole(each) for each in value]
        case dict():
            return {name: _whole(each) for name, each in value.items()}
    return value


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))
