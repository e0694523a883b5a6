"""OpenAPI: what every operation shares, said once: headers, problems, and who may ask."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from .conditions import POSITION
from .documents import Problem
from .examples import ANSWERS
from .idempotency import HEADER as IDEMPOTENCY_KEY
from .idempotency import REPLAYED
from .problems import MEDIA_TYPE, reason

ETAG = '"8.5f1d0c3b9a7e4f6d8c2b1a09"'

DESCRIPTION = """\
Enablement plans that nobody can approve alone: plans in eight steps, results, acceptance by two
levels, and the proof of all of it.

Whoever asks shows a bearer token. What one may not see is not there (404). Every error is a
problem (RFC 9457), whose `type` is the address of its explanation.
"""


def header(name: str, description: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema, **more}


def text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


KEY = header(
    IDEMPOTENCY_KEY,
    "Sent again with the same key, a command is carried out once and answered the same.",
    text('^"?[!#-~]{1,200}"?$'),
    example="8e03978e-40d5-43dd-bc93-6894a57f9324",
)
AWAITED = header(
    POSITION,
    "What an earlier answer has named: this answer will not be older.",
    text("^[0-9]{1,18}$"),
    example="0",
)
IF_NONE_MATCH = header(
    "If-None-Match", "An ETag that one has: 304 if nothing is new.", {"type": "string"}
)


def if_match(required: bool) -> dict[str, Any]:
    return header(
        "If-Match",
        "The ETag of what was looked at, or * for whatever there is.",
        {"type": "string"},
        required=required,
        example="*",
    )


def described(
    path: str,
    *,
    creates: bool,
    conditional: bool,
    must_match: bool,
    body: bool,
    links: Mapping[str, Any],
) -> dict[str, Any]:
    """What `add_api_route` is told about a command's route."""
    parameters = [KEY, *([if_match(must_match)] if conditional else [])]
    statuses = [400, 401, 403, 404, 408, 409, 412, 413, 422, 500, 503]
    statuses += [415] if body else []
    statuses += [428] if must_match else []
    responses: dict[int | str, Any] = problems(statuses)
    done = {"headers": _headers(position=True, replayed=True)}
    responses[200] = {"description": "Done; or it was so already.", **done}
    if creates:
        located = _headers(position=True, replayed=True, location=True)
        made = {"description": "Made; Location says where.", "headers": located}
        responses[201] = made | _linked(links)
        responses[200] |= {"content": {"application/json": {"schema": RECEIPT}}}
    return {"responses": responses, "openapi_extra": {"parameters": parameters}}


def _linked(links: Mapping[str, Any]) -> dict[str, Any]:
    return {"links": dict(links)} if links else {}


RECEIPT = {"$ref": "#/components/schemas/ReceiptDocument"}


def described_read(name: str, *, paged: bool, links: Mapping[str, Any]) -> dict[str, Any]:
    """What `add_api_route` is told about a question's route."""
    responses: dict[int | str, Any] = problems([400, 401, 403, 404, 412, 422, 500, 503])
    responses[200] = {
        "headers": _headers(position=True, etag=True, link=paged),
        "content": {"application/json": {"example": ANSWERS[name]}},
        **_linked(links),
    }
    responses[304] = {"description": "You have this already."}
    return {"responses": responses, "openapi_extra": {"parameters": [AWAITED, IF_NONE_MATCH]}}


LAST = header(
    "Last-Event-ID",
    "The id of the last event that one has; a browser sends it when it connects again.",
    text("^[0-9]{1,18}$"),
    example="0",
)


def described_watch(name: str, event: str, tells: type[BaseModel]) -> dict[str, Any]:
    """What `add_api_route` is told about a route that goes on telling."""
    responses: dict[int | str, Any] = problems([400, 401, 403, 404, 412, 422, 500, 503])
    events = [{"$ref": f"#/components/schemas/{each}"} for each in ("NowDocument", tells.__name__)]
    schema = {
        "description": f"Events named now and {event}; the data of each is one of these, in JSON.",
        "contentMediaType": "text/event-stream",
        "contentSchema": {"anyOf": events},
    }
    responses[200] = {
        "description": "Events, as they happen, until one side hangs up.",
        "headers": _headers(position=True),
        "content": {"text/event-stream": {"schema": schema, "example": ANSWERS[name]}},
    }
    return {"responses": responses, "openapi_extra": {"parameters": [LAST]}}


def described_query(example: Any) -> dict[str, Any]:
    """What `add_api_route` is told about a question that is asked in a body."""
    responses: dict[int | str, Any] = problems(
        [400, 401, 403, 404, 408, 409, 413, 415, 422, 500, 503]
    )
    responses[200] = {"content": {"application/json": {"example": example}}}
    return {"responses": responses}


def described_upload() -> dict[str, Any]:
    """What `add_api_route` is told about a file that comes in: any bytes, as they are."""
    bytes_of_it = {
        "schema": {"type": "string", "format": "binary"},
        "examples": {"typical": {"summary": "a PDF, as it lies on the disk", "value": "%PDF-1.7"}},
    }
    body = {"required": True, "content": {"application/octet-stream": bytes_of_it}}
    statuses = [400, 401, 403, 408, 409, 413, 415, 422, 500, 503]
    return {"responses": problems(statuses), "openapi_extra": {"requestBody": body}}


def described_plainly() -> dict[str, Any]:
    """What `add_api_route` is told about what has a token and an address, and no more."""
    return {"responses": problems([400, 401, 403, 404, 422, 500, 503])}


def described_download() -> dict[str, Any]:
    """What `add_api_route` is told about a file that goes out."""
    responses = problems([400, 401, 403, 404, 410, 416, 422, 500, 503])
    bytes_of_it = {"*/*": {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.7"}}
    responses[200] = {"content": bytes_of_it, "headers": _headers(etag=True)}
    responses[206] = {
        "description": "The part that was asked for.",
        "content": bytes_of_it,
        "headers": _headers(etag=True),
    }
    responses[304] = {"description": "You have this already."}
    return {"responses": responses, "openapi_extra": {"parameters": [IF_NONE_MATCH]}}


TOO_MANY = 429
LATER = {TOO_MANY, 503}


def problems(statuses: Iterable[int]) -> dict[int | str, Any]:
    """Each status with a problem, whose schema `carrying_problem` brings along.

    That somebody asks too often (429) is said wherever they ask.
    """
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": reason(status),
            "content": {MEDIA_TYPE: {"schema": schema}},
            **({"headers": _headers(later=True)} if status in LATER else {}),
        }
        for status in sorted({*statuses, TOO_MANY})
    }


A_KIND = {
    "type": "/api/v1/problems/own-work",
    "title": "Own work",
    "status": 403,
    "says": "Nobody accepts their own task.",
}


def carrying_problem() -> dict[int | str, Any]:
    """For one route: FastAPI puts a model among the components only when a route names it."""
    responses = problems([500])
    responses[500]["model"] = Problem
    responses[200] = {"content": {"application/json": {"example": [A_KIND]}}}
    return responses


HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "position": (
        POSITION,
        {
            "description": "The journal's position behind this answer.",
            "schema": text("^[0-9]+$"),
            "example": "214",
        },
    ),
    "etag": (
        "ETag",
        {
            "description": "Of what was read.",
            "schema": {"type": "string"},
            "example": ETAG,
        },
    ),
    "location": (
        "Location",
        {
            "description": "Where what was made is found.",
            "schema": {"type": "string", "format": "uri-reference"},
        },
    ),
    "link": (
        "Link",
        {"description": 'The next part, as rel="next".', "schema": {"type": "string"}},
    ),
    "later": (
        "Retry-After",
        {
            "description": "In how many seconds to ask again.",
            "schema": {"type": "integer", "minimum": 0},
            "example": 1,
        },
    ),
    "replayed": (
        REPLAYED,
        {
            "description": "This is the answer to the first of several.",
            "schema": {"const": "true"},
        },
    ),
}


def _headers(**wanted: bool) -> dict[str, Any]:
    return dict(HEADERS[name] for name, want in wanted.items() if want)


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """Each status's problem said once; FastAPI puts it under plain JSON as well, and apart."""
    shared: dict[str, Any] = {}
    for operation in _operations(document):
        _without_null(operation.get("parameters", ()))
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                response.get("content", {}).pop("application/json", None)
                name = f"Problem{status}"
                shared[name] = response
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    document["components"]["responses"] = dict(sorted(shared.items()))
    document["components"]["schemas"].pop("Sealed", None)  # text has arrived by then
    return document


def _without_null(parameters: Iterable[dict[str, Any]]) -> None:
    """What is not wanted of a query is left out: there is no null to be sent."""
    for each in parameters:
        kinds = each["schema"].get("anyOf", ())
        left = [kind for kind in kinds if kind != {"type": "null"}]
        if len(left) == 1 < len(kinds):
            each["schema"] = {**each["schema"], **left[0]}
            del each["schema"]["anyOf"]
        elif len(left) < len(kinds):
            each["schema"]["anyOf"] = left


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()
