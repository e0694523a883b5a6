"""Meters: what is counted, in a registry of one's own, under few and impersonal names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.requests import Request

from ...application.questions import CopyKind, Health
from .access_log import method_of, route_of

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meters:
    """By route as it is described, method and class of status: nothing else can be told apart."""

    def __init__(self) -> None:
        self._all = CollectorRegistry()
        self._requests = Counter(
            "countersign_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self._all,
        )
        self._seconds = Histogram(
            "countersign_http_request_seconds",
            "How long an answer took.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self._all,
        )
        self._going = self._gauge("http_requests_in_progress", "Requests under way.")
        self._waiting = self._gauge("http_requests_waiting", "Requests that wait for a thread.")
        self._watching = self._gauge("http_watchers", "Answers that go on, to whoever watches.")
        self._limited = Counter(
            "countersign_http_limited",
            "Requests that were turned away by a limit.",
            ("kind",),
            registry=self._all,
        )
        self._reached = self._gauge("database_up", "1 if the database answered when it was asked.")
        self._position = self._gauge("journal_position", "The journal's newest position.")
        self._lag = Gauge(
            "countersign_projection_lag_events",
            "Events that a live projection has still to fold.",
            ("projection",),
            registry=self._all,
        )
        self._behind = Gauge(
            "countersign_projection_lag_seconds",
            "How long the next event of a live projection has been recorded.",
            ("projection",),
            registry=self._all,
        )
        self._set_aside = Gauge(
            "countersign_projection_quarantined",
            "Partitions that a live projection has set aside.",
            ("projection",),
            registry=self._all,
        )
        self._healthy = self._gauge("projections_healthy", "1 if every projection moves.")

    def _gauge(self, name: str, says: str) -> Gauge:
        return Gauge(f"countersign_{name}", says, registry=self._all)

    @contextmanager
    def going(self) -> Iterator[None]:
        with self._going.track_inprogress():
            yield

    @contextmanager
    def watching(self) -> Iterator[None]:
        with self._watching.track_inprogress():
            yield

    def waits(self, count: Callable[[], int]) -> None:
        """How many wait is asked when it is told."""
        self._waiting.set_function(count)

    def answered(self, request: Request, status: int, seconds: float) -> None:
        route, method = route_of(request), method_of(request)
        self._requests.labels(method, route, f"{status // 100}xx").inc()
        self._seconds.labels(method, route).observe(seconds)

    def limited(self, kind: str) -> None:
        self._limited.labels(kind).inc()

    def told(self, health: Health | None) -> bytes:
        """Everything, in Prometheus' text format; what is not known now is not told as it was."""
        self._reached.set(health is not None)
        self._healthy.set(health is not None and health.healthy)
        for each in (self._lag, self._behind, self._set_aside):
            each.clear()
        if health is not None:
            self._look(health)
        return generate_latest(self._all)

    def _look(self, health: Health) -> None:
        self._position.set(health.head)
        for each in health.projections:
            if each.kind is CopyKind.LIVE:
                self._lag.labels(each.name).set(each.lag_events)
                self._behind.labels(each.name).set(each.lag_seconds)
                self._set_aside.labels(each.name).set(len(each.quarantined))
