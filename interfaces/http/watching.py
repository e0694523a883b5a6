"""Watching: how a watch becomes a route; what one may not see is refused before it begins."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from ...application.commands import Text
from ...application.questions import AuditTrail, PlanBoard
from ...domain.refusals import NotFound
from .conditions import PLACE, POSITION
from .documents import NowDocument
from .edge import Edge
from .heads import add_get
from .live import HEADERS, Live, Telling
from .openapi import described_watch
from .parameters import Parameters
from .problems import Trouble
from .reads import Position
from .watchers import Asking, Watch

LAST_EVENT_ID = "last-event-id"


class From(BaseModel):
    """Where to go on, for whoever cannot send a header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Annotated[
        Position | None,
        Field(description="The position up to which one knows; Last-Event-ID goes before it."),
    ] = None
    reason: Annotated[Text | None, Field(description="What an auditor states.")] = None


def add_watch(router: APIRouter, edge: Edge, live: Live, watch: Watch) -> None:
    async def endpoint(request: Request, query: From, **named: Any) -> Response:
        asking = Asking(request, request.state.actor, named, query.reason)
        position = await edge.run(partial(_begun, edge, watch, asking, query.after))
        if request.method == "HEAD":
            headers = {**HEADERS, POSITION: str(position)}
            return Response(b"", headers=headers, media_type=Telling.media_type)
        return live.answer(watch, asking, position)

    Parameters(watch.path, From).serve(endpoint)
    endpoint.__name__ = watch.name
    add_get(
        router,
        watch.path,
        endpoint,
        name=watch.name,
        summary=watch.summary,
        response_class=Telling,
        response_model=NowDocument | watch.tells,
        **described_watch(watch.name, watch.event, watch.tells),
    )


def _begun(edge: Edge, watch: Watch, asking: Asking, after: int | None) -> int:
    """The position at which a watch begins: now, where nothing is said. Raises what forbids it."""
    news = edge.engine.news
    head = news.position()
    position = _last(asking.request) if LAST_EVENT_ID in asking.request.headers else after
    if position is not None and position > head:
        raise Trouble("position-not-reached")
    watch.work(news, asking, head, head)
    _read(edge, asking)
    return head if position is None else position


def _read(edge: Edge, asking: Asking) -> None:
    """Who watches somebody's plan has looked at it, and that is logged like any other look."""
    plan = asking.named.get("plan")
    if plan is None:
        return
    try:
        edge.engine.ask(PlanBoard(plan=plan, reason=asking.reason), asking.actor)
    except NotFound:
        trail = AuditTrail(case=plan, limit=1, reason=asking.reason)
        edge.engine.ask(trail, asking.actor)


def _last(request: Request) -> int:
    given = request.headers[LAST_EVENT_ID].strip()
    if not PLACE.fullmatch(given):
        raise Trouble("malformed-header", "Last-Event-ID is the id of an event that was sent.")
    return int(given)
