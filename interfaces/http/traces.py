"""Traces: OpenTelemetry spans that carry a route and a status, and nothing of anybody.

FastAPI's own spans name the address as it was asked for, ids and all; in our own application they
are switched off for these. Where a host's span is around us, it is told the route instead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from opentelemetry import propagate, trace
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode
from starlette.requests import Request
from starlette.responses import Response

from .access_log import method_of, route_of

NAME = "countersign"
FAILED = 500

ADDRESSES = ("url.path", "http.target")
TELLING = ("url.query", "url.full", "http.url", "client.address", "net.peer.ip", "http.client_ip")
"""What spans of others hold of a request: OpenTelemetry's words for it, old and new."""

tracer = trace.get_tracer(NAME)


@contextmanager
def serving(request: Request, *, wanted: bool = True) -> Iterator[Span]:
    """A span for a request: below the host's, else within the caller's trace if it names one."""
    host, route = trace.get_current_span(), route_of(request)
    if host.is_recording():
        _hush(host, route)
    if not wanted or not _is_heard(request):
        yield INVALID_SPAN
        return
    with tracer.start_as_current_span(
        f"{method_of(request)} {route}",
        context=None if host.is_recording() else propagate.extract(dict(request.headers)),
        kind=SpanKind.INTERNAL if host.is_recording() else SpanKind.SERVER,
        attributes={
            "http.request.method": method_of(request),
            "http.route": route,
            "url.scheme": request.scope.get("scheme", "http"),
        },
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def _is_heard(request: Request) -> bool:
    """Whether spans are collected here, or the caller names a trace that belongs in the log."""
    waits_for_one = isinstance(tracer, trace.ProxyTracer)
    if not (waits_for_one and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)):
        return True
    return any(name in request.headers for name in _named_in(propagate.get_global_textmap()))


@lru_cache(maxsize=4)
def _named_in(kind: TextMapPropagator) -> tuple[str, ...]:
    """The headers by which traces are named."""
    return tuple(kind.fields)


def _hush(host: Span, route: str) -> None:
    """Ids, questions and addresses in a host's span of our request give way to the route."""
    held = getattr(host, "attributes", None) or {}
    for name in (*ADDRESSES, *TELLING):
        if name in held:
            host.set_attribute(name, route if name in ADDRESSES else "")


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
