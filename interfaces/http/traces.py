"""Traces: OpenTelemetry spans that carry a route and a status, and nothing of anybody.

FastAPI's own spans name the address as it was asked for, ids and all; in our own application they
are switched off for these.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode
from starlette.requests import Request
from starlette.responses import Response

from .access_log import route_of

NAME = "countersign"
FAILED = 500

tracer = trace.get_tracer(NAME)


@contextmanager
def serving(request: Request, *, wanted: bool = True) -> Iterator[Span]:
    """A span for a request, within the caller's trace where it names one."""
    if not wanted:
        yield INVALID_SPAN
        return
    route = route_of(request)
    with tracer.start_as_current_span(
        f"{request.method} {route}",
        context=propagate.extract(dict(request.headers)),
        kind=SpanKind.SERVER,
        attributes={
            "http.request.method": request.method,
            "http.route": route,
            "url.scheme": request.url.scheme,
        },
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


@contextmanager
def working(name: str) -> Iterator[None]:
    """A span for what the engine does: a command's or a question's name."""
    if trace.get_current_span() is INVALID_SPAN:
        yield
        return
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
        yield


def answered(span: Span, response: Response) -> None:
    span.set_attribute("http.response.status_code", response.status_code)
    if response.status_code >= FAILED:
        span.set_status(StatusCode.ERROR)
