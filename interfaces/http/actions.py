"""Actions: how a command becomes a route, the same way for every command."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, create_model
from starlette.requests import Request
from starlette.responses import Response

from ...application.aggregates import HOLDS_STREAM, POLICY_STREAM, SCHEDULE_STREAM
from ...application.commands import Command
from ...application.desk import Actor
from ...application.engine import Engine
from ...application.ports import Receipt
from ...domain.event import Value
from ...domain.refusals import Refusal
from . import conditions, idempotency, receipts
from .documents import ReceiptDocument
from .edge import JSON, Edge
from .examples import EXAMPLES
from .openapi import described
from .parameters import Parameters
from .sight import as_seen

NO_LINKS: Mapping[str, Any] = {}

FIXED = {"policy": POLICY_STREAM, "schedule": SCHEDULE_STREAM, "holds": HOLDS_STREAM}
"""Streams that every address of a noun stands for, whatever it names."""


def stream_of(of: str | None, named: Mapping[str, Any]) -> str | None:
    """The stream whose version an ETag begins with, if it speaks of any."""
    if of is None:
        return None
    return FIXED[of] if of in FIXED else str(named[of])


def _as_it_is(command: Command) -> Command:
    return command


@dataclass(frozen=True)
class Made:
    """Where something new is found: in which event, under which of its facts, at which address.

    A fact within a fact has a dot: `file.copy_id`.
    """

    event: str
    at: str
    by: str = "stream"


@dataclass(frozen=True)
class Action:
    """A command's route. What stands in the path fills the command; the rest is the body.

    `of` names the path's parameter whose stream an ETag speaks of; `must_match` asks for If-Match.
    `large` is for bodies that hold a whole file.
    """

    method: str
    path: str
    command: type[Command]
    summary: str
    of: str | None = None
    made: Made | None = None
    must_match: bool = False
    large: bool = False
    prepare: Callable[[Command], Command] = _as_it_is

    @property
    def operation(self) -> str:
        """`ParkTask` is the operation `park_task`."""
        name = self.command.__name__
        return "".join(f"_{each.lower()}" if each.isupper() else each for each in name).strip("_")

    @cached_property
    def parameters(self) -> Parameters:
        return Parameters(self.path)

    @property
    def named(self) -> tuple[str, ...]:
        return self.parameters.named

    def stream(self, named: Mapping[str, Any]) -> str | None:
        return stream_of(self.of, named)


def body_model(action: Action) -> type[BaseModel]:
    """The command without what its address says."""
    fields = action.command.model_fields
    left: dict[str, Any] = {
        name: (each.annotation, each) for name, each in fields.items() if name not in action.named
    }
    doc = action.command.__doc__ or action.summary
    return create_model(action.command.__name__, __base__=Value, __doc__=doc, **left)


def add_action(
    router: APIRouter, edge: Edge, action: Action, links: Mapping[str, Any] = NO_LINKS
) -> None:
    model = body_model(action)

    async def endpoint(request: Request, **named: Any) -> Response:
        body = request.state.body
        filled = {name: getattr(body, name) for name in type(body).model_fields}
        known = {name: named[name] for name in named if name in action.command.model_fields}
        command = action.prepare(action.command(**known, **filled))
        work = partial(carry_out, edge.engine, action, command, named, request)
        return await edge.run(work, named=action.command.__name__)

    endpoint.body = model  # type: ignore[attr-defined]
    if action.large:
        endpoint.most_bytes = edge.gate.settings.import_bytes  # type: ignore[attr-defined]
    action.parameters.serve(endpoint, _in_body(action, model))
    endpoint.__name__ = action.command.__name__
    router.add_api_route(
        action.path,
        endpoint,
        methods=[action.method],
        summary=action.summary,
        description=action.command.__doc__,
        operation_id=action.operation,
        status_code=201 if action.made else 200,
        response_model=ReceiptDocument,
        **described(
            action.path,
            creates=action.made is not None,
            conditional=action.of is not None,
            must_match=action.must_match,
            body=bool(model.model_fields),
            links=links,
        ),
    )


def exampled(action: Action) -> Any:
    """A body, with the command's example."""
    example = EXAMPLES.get(action.command.__name__, {})
    return Body(openapi_examples={"typical": {"value": example}})


def _in_body(action: Action, model: type[BaseModel]) -> Sequence[inspect.Parameter]:
    if not model.model_fields:
        return ()
    required = any(field.is_required() for field in model.model_fields.values())
    body = inspect.Parameter(
        "body",
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[model, exampled(action)],
        default=inspect.Parameter.empty if required else model(),
    )
    return (body,)


def carry_out(
    engine: Engine, action: Action, command: Command, named: Mapping[str, Any], request: Request
) -> Response:
    """One command in its actor's name; what they may not see is not there."""
    actor: Actor = request.state.actor
    stream = action.stream(named)
    key = idempotency.command_id(request)
    if action.must_match:
        conditions.must_match(request)
    expecting = conditions.expected(request, engine, stream) if stream else {}
    try:
        receipt = engine.handle(
            command, actor, command_id=key, case=named.get("plan"), expecting=expecting
        )
    except Refusal as refused:
        raise as_seen(engine, actor, named, expecting, refused) from None
    made = _made(action, receipt)
    told = receipts.document(receipt, command, actor, case=named.get("plan"), of=stream, made=made)
    return _response(action, receipt, told, named, request)


def _response(
    action: Action,
    receipt: Receipt,
    told: ReceiptDocument,
    named: Mapping[str, Any],
    request: Request,
) -> Response:
    headers = {conditions.POSITION: str(receipt.position), "Cache-Control": "no-store"}
    if receipt.repeated:
        headers[idempotency.REPLAYED] = "true"
    status = 200
    if action.made is not None and told.made is not None:
        status, at = 201, action.made.at.format(new=told.made, **named)
        headers["Location"] = base(request, action.path, named) + at
    return Response(told.model_dump_json().encode(), status, headers, media_type=JSON)


def _made(action: Action, receipt: Receipt) -> str | None:
    """The id of what is new; None where nothing was made: it was there already."""
    if action.made is None:
        return None
    for each in receipt.events:
        if each.name == f"{action.made.event}.v1":
            by = action.made.by
            return str(each.stream if by == "stream" else _fact(each.said, by))
    return None


def _fact(said: Mapping[str, Any], by: str) -> Any:
    found: Any = said
    for part in by.split("."):
        found = found[part]
    return found


def base(request: Request, path: str, named: Mapping[str, Any]) -> str:
    """Where the interface stands: what comes before this route's own path."""
    own = path.format(**{name: str(value) for name, value in named.items()})
    return str(request.scope["path"]).removesuffix(own)
