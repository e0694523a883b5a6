"""Access log: a line of JSON for each request, which says nothing of anybody.

Routes stand in it as they are described, never with the ids that were asked for; there is no
address, no person, no token and no query.
"""

import json
import logging
import re
from datetime import UTC, datetime
from uuid import uuid4

from opentelemetry.trace import Span
from starlette.requests import Request
from starlette.responses import Response

from .conditions import POSITION
from .prefix import PREFIX

log = logging.getLogger("countersign.http.access")

WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}")
ELSEWHERE = "elsewhere"

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
ANOTHER = "OTHER"


def request_id(request: Request) -> str:
    """The caller's, where it has the form of an id; else a new one."""
    given = request.headers.get("x-request-id", "")
    return given if WELL_FORMED.fullmatch(given) else str(uuid4())


def method_of(request: Request) -> str:
    """One word for whatever is no method: a stranger may write anything there."""
    return request.method if request.method in METHODS else ANOTHER


def route_of(request: Request) -> str:
    """As it is described: `/plans/{plan}`; one word for whatever leads nowhere."""
    route = request.scope.get("route")
    path = getattr(route, "path", None)
    if not path or "{rest:path}" in path:
        return ELSEWHERE
    return str(path).removeprefix(PREFIX)


def logged(request: Request, response: Response, named: str, seconds: float, span: Span) -> None:
    told = {
        "method": method_of(request),
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "route": route_of(request),
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "bytes": len(response.body) if hasattr(response, "body") else None,
        "request": named,
        "position": response.headers.get(POSITION),
    }
    context = span.get_span_context()
    if context.is_valid:
        told["trace"] = f"{context.trace_id:032x}"
    log.info(json.dumps({name: each for name, each in told.items() if each is not None}))
