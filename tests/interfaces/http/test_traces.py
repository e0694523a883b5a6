"""Traces: a span for a request and one for what the engine did, and nothing of anybody in them."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from countersign.interfaces.http import traces
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.settings import HttpSettings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans(monkeypatch):
    """What is exported; the provider is ours alone, so that no other test sees it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(traces, "tracer", provider.get_tracer("test"))
    return exporter.get_finished_spans


@pytest.fixture
def ada(on_sqlite, wire):
    with served(on_sqlite, wire) as http:
        yield wire.api_of(on_sqlite, http)("Ada")


def served(company, wire, **settings):
    said = HttpSettings(**(wire.unlimited | settings))
    return TestClient(
        create_app(company.engine, resolver=Bearers(company.engine, wire.tokens), settings=said)
    )


def test_a_request_is_a_span_with_its_route_and_its_status(ada, spans):
    ada.post("/references", {"title": "an article"}).ok(201)

    work, request = spans()[-2:]
    assert (request.name, work.name) == ("POST /references", "KeepItem")
    assert request.attributes["http.response.status_code"] == 201
    assert work.parent.span_id == request.context.span_id


def test_it_belongs_to_its_callers_trace(ada, spans):
    ada.get("/me", headers={"traceparent": PARENT}).ok(200)

    assert {f"{span.context.trace_id:032x}" for span in spans()} == {TRACE}


def test_nothing_of_anybody_is_in_it(ada, spans, on_sqlite):
    kept = ada.post("/references", {"title": "MARKER of hers"}).ok(201)
    ada.get("/people?manager=MARKER-in-a-query")
    ada.get("/MARKER-in-a-path")

    said = "".join(span.to_json() for span in spans())
    for hidden in ("MARKER", on_sqlite.person("Ada"), kept.body["made"], "testclient", "Bearer"):
        assert hidden not in said


def test_it_can_be_switched_off(on_sqlite, wire, spans):
    with served(on_sqlite, wire, traces=False) as http:
        wire.api_of(on_sqlite, http)("Ada").get("/me").ok(200)

    assert spans() == ()
