"""Traces: a span for a request and one for what the engine did, and nothing of anybody in them."""

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from countersign.interfaces.http import traces
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.router import create_router
from countersign.interfaces.http.settings import HttpSettings

HR = "/hr"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def provider():
    """Ours alone, so that no other test sees it."""
    return TracerProvider()


@pytest.fixture
def spans(provider, monkeypatch):
    """What is exported."""
    exporter = InMemorySpanExporter()
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


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("put", ["included", "mounted"])
def test_a_hosts_span_of_our_request_keeps_nothing_of_anybody(
    on_sqlite, wire, provider, spans, put, wanted
):
    """FastAPI puts the address and the query into its own."""
    host = FastAPI(telemetry={"tracer_provider": provider})
    engine, settings = on_sqlite.engine, HttpSettings(**wire.unlimited, traces=wanted)
    resolver = Bearers(engine, wire.tokens)
    if put == "included":
        host.include_router(create_router(engine, resolver=resolver, settings=settings), prefix=HR)
    else:
        host.mount(HR, create_app(engine, resolver=resolver, settings=settings))
    http = TestClient(host)
    ada = wire.client_of(http, on_sqlite.person("Ada"), f"{HR}/api/v1")
    ada.get(f"/people/{on_sqlite.person('Bob')}?reason=MARKER")

    (whole,) = [each for each in spans() if each.parent is None]
    ours = [each for each in spans() if each.name == "GET /people/{person}"]
    assert whole.attributes["url.path"] == "/people/{person}"
    assert [each.parent.span_id for each in ours] == [whole.context.span_id] * wanted
    said = "".join(span.to_json() for span in spans())
    for hidden in ("MARKER", on_sqlite.person("Bob"), on_sqlite.person("Ada"), "Bearer"):
        assert hidden not in said


def test_what_goes_wrong_is_told_by_its_status_alone(ada, spans, on_sqlite, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("MARKER")

    ada.get("/me").ok(200)
    monkeypatch.setattr(on_sqlite.engine, "ask", fails)
    ada.get("/me").problem(500, "internal")

    request = spans()[-1]
    assert not request.status.is_ok
    assert "MARKER" not in "".join(span.to_json() for span in spans())


def test_it_can_be_switched_off(on_sqlite, wire, spans):
    with served(on_sqlite, wire, traces=False) as http:
        wire.api_of(on_sqlite, http)("Ada").get("/me").ok(200)

    assert spans() == ()
