"""Reads: how a question becomes a route, with as of, conditions and pages the same everywhere."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from ...application.commands import Day, Text
from ...application.desk import Actor
from ...application.engine import Engine
from ...application.ports import Look, Receipt
from ...application.questions import Question
from . import conditions, paging
from .actions import NO_LINKS, stream_of
from .documents import Page
from .edge import JSON, Edge
from .heads import add_get
from .openapi import described_read
from .parameters import Parameters

Position = Annotated[int, Field(ge=0, le=10**15)]


MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*")


def _no_timestamp(said: object) -> object:
    """Digits are a position and nothing else; pydantic would take them for seconds."""
    if isinstance(said, str) and said.isascii() and said.isdigit():
        return int(said)
    if isinstance(said, str) and not MOMENT.fullmatch(said):
        raise ValueError("write 2026-03-31T17:00:00Z, or a position")
    return said


DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _no_number(said: object) -> object:
    """A number is no day; pydantic would take it for seconds since 1970."""
    if isinstance(said, str) and not DATE.fullmatch(said):
        raise ValueError("write 2026-03-31")
    return said


On = Annotated[Day, BeforeValidator(_no_number)]
"""A day in a query, where everything is text."""

AsOf = Annotated[AwareDatetime | Position | None, BeforeValidator(_no_timestamp)]


class When(BaseModel):
    """As recorded by when, with the organisation of which day, and why somebody looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: Annotated[
        AsOf,
        Field(description="What was recorded by then: a moment with an offset, or a position."),
    ] = None
    effective: Annotated[
        On | None, Field(description="The day for which lines and stand-ins are taken.")
    ] = None
    reason: Annotated[Text | None, Field(description="What an auditor states.")] = None


class Listed(When):
    """A long list comes in parts."""

    limit: Annotated[int, Field(ge=1, le=paging.MOST, description="How many at most.")] = (
        paging.LIMIT
    )
    cursor: Annotated[
        str | None,
        Field(
            pattern="^[A-Za-z0-9_-]{1,500}$",
            description="From the part before; says where to go on.",
        ),
    ] = None


@dataclass(frozen=True)
class Here:
    """One question's surroundings: who asks, as of when, and how much of a list is shown."""

    engine: Engine
    actor: Actor
    as_of: datetime | int | None
    effective: date | None
    reason: str | None
    after: Receipt | None
    look: Look
    shown: int | None = None

    def ask(self, question: Question) -> Any:
        return self.engine.ask(
            self._stated(question),
            self.actor,
            after=self.after,
            as_of=self.as_of,
            effective=self.effective,
            shown=self.shown,
            look=self.look,
        )

    def glance(self, question: Question) -> Any:
        """What is shown to nobody, and so not logged: to know what to say."""
        return self.engine.glance(
            self._stated(question),
            self.actor,
            after=self.after,
            as_of=self.as_of,
            effective=self.effective,
        )

    def _stated(self, question: Question) -> Question:
        if self.reason is None:
            return question
        return question.model_copy(update={"reason": self.reason})


@dataclass(frozen=True)
class Part:
    """So many items after a place; `skip` counts items, `after` is a position."""

    after: int
    limit: int

    @property
    def words(self) -> dict[str, Any]:
        return {"skip": self.after, "limit": self.limit}


@dataclass(frozen=True)
class Read:
    """A question's route. `work` is handed a Here and what the path names.

    A list's `work` is handed its filters and a Part too, and `place_of` tells where an item
    stands, if not by counting. `of` names whose version the ETag begins with.
    """

    path: str
    asks: type[Question]
    answers: Any
    work: Callable[..., Any]
    summary: str
    name: str
    query: type[When] = When
    of: str | None = None
    place_of: Callable[[Any], int] | None = None

    @property
    def operation(self) -> str:
        return self.name

    @property
    def is_list(self) -> bool:
        return issubclass(self.query, Listed)

    @cached_property
    def parameters(self) -> Parameters:
        return Parameters(self.path, self.query)

    @property
    def named(self) -> tuple[str, ...]:
        return self.parameters.named

    @cached_property
    def filters(self) -> set[str]:
        return set(self.query.model_fields) - set(Listed.model_fields) - set(When.model_fields)

    def stream(self, named: Mapping[str, Any]) -> str | None:
        return stream_of(self.of, named)


def add_read(
    router: APIRouter, edge: Edge, read: Read, links: Mapping[str, Any] = NO_LINKS
) -> None:
    answers: Any = Page[read.answers] if read.is_list else read.answers  # type: ignore[name-defined]
    tell = _list_teller(read, answers) if read.is_list else _teller(read, answers)

    async def endpoint(request: Request, query: When, **named: Any) -> Response:
        work = partial(tell, edge.engine, request, query, named)
        return await edge.run(work, named=read.asks.__name__)

    read.parameters.serve(endpoint)
    endpoint.__name__ = read.name
    add_get(
        router,
        read.path,
        endpoint,
        name=read.name,
        summary=read.summary,
        response_model=answers,
        **described_read(read.name, paged=read.is_list, links=links),
    )


Tell = Callable[[Engine, Request, Any, Mapping[str, Any]], Response]


def _teller(read: Read, answers: Any) -> Tell:
    adapter = TypeAdapter(answers)

    def tell(engine: Engine, request: Request, query: When, named: Mapping[str, Any]) -> Response:
        """Version and position come first, so that the answer is never older than they say."""
        after = conditions.awaited(request, engine)
        stream = read.stream(named) if query.as_of is None else None
        look = engine.look()
        position, version = look.place(stream)
        actor = request.state.actor
        here = Here(engine, actor, query.as_of, query.effective, query.reason, after, look)
        answer = read.work(here, **named, **_filters(read, query))
        told = adapter.dump_json(answer)
        return _response(request, told, None if stream is None else version, position)

    return tell


def _list_teller(read: Read, page: Any) -> Tell:
    def tell(engine: Engine, request: Request, query: Listed, named: Mapping[str, Any]) -> Response:
        """All parts are of one moment: the cursor keeps the first part's position and day."""
        after = conditions.awaited(request, engine)
        look = engine.look()
        place = _place(engine, look, read, request, query)
        here = Here(
            engine,
            request.state.actor,
            place.position,
            place.day,
            query.reason,
            after,
            look,
            shown=query.limit,
        )
        part = Part(after=place.after, limit=query.limit + 1)
        items = tuple(read.work(here, **named, **_filters(read, query), part=part))
        more, items = len(items) > query.limit, items[: query.limit]
        cursor = place.moved(_next(read, place, items)).cursor() if more else None
        told = page.model_construct(items=items, next_cursor=cursor)
        response = _response(request, told.model_dump_json().encode(), None, place.position)
        if cursor is not None:
            query_said = request.query_params.multi_items()
            response.headers["Link"] = paging.link(request.scope["path"], query_said, cursor)
        return response

    return tell


def _filters(read: Read, query: When) -> dict[str, Any]:
    return {name: getattr(query, name) for name in read.filters}


def _next(read: Read, place: paging.Place, items: Sequence[Any]) -> int:
    return read.place_of(items[-1]) if read.place_of else place.after + len(items)


def _place(engine: Engine, look: Look, read: Read, request: Request, query: Listed) -> paging.Place:
    asked = {name: getattr(query, name) for name in (*read.filters, "as_of", "effective")}
    digest = paging.digest(request.scope["path"], asked)
    if query.cursor is not None:
        return paging.place_in(query.cursor, digest)
    moment = query.as_of if isinstance(query.as_of, datetime) else engine.now()
    return paging.Place(
        query=digest,
        position=_position(engine, look, query.as_of),
        day=query.effective or moment.astimezone(UTC).date(),
    )


def _position(engine: Engine, look: Look, as_of: datetime | int | None) -> int:
    if isinstance(as_of, datetime):
        return engine.position_at(as_of)
    return look.place()[0] if as_of is None else as_of


def _response(request: Request, body: bytes, version: int | None, position: int) -> Response:
    tag = conditions.etag(body, version)
    headers = {
        "ETag": tag,
        conditions.POSITION: str(position),
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
    }
    if conditions.unchanged(request, tag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        headers |= {"Content-Length": str(len(body))}
        return Response(b"", 200, headers, media_type=JSON)
    return Response(body, 200, headers, media_type=JSON)
