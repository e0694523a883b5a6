"""A host stays as it was, and ours needs nothing of it: neither its handlers nor its middleware."""

from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from countersign.interfaces.http.identity import Bearers

THE_HOSTS = [
    ("GET", "/canteen?day=1"),
    ("GET", "/canteen?day=soup"),
    ("GET", "/canteen/?day=1"),
    ("PUT", "/canteen"),
    ("OPTIONS", "/canteen"),
    ("HEAD", "/canteen?day=1"),
    ("GET", "/broken"),
    ("GET", "/nowhere"),
    ("GET", "/"),
    ("GET", "/hrx/api/v1/me"),
    ("GET", "/api/v1/me"),
    ("GET", "/docs"),
]
VARIES = {"date"}


def whole(response):
    headers = {name: said for name, said in response.headers.items() if name not in VARIES}
    return response.status_code, headers, response.content


def opened(host):
    return TestClient(host, raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture
def with_us(embedded, quiet_company, wire):
    """The host with countersign in it."""
    resolver = Bearers(quiet_company.engine, wire.tokens)

    def put(host, **more):
        return embedded.embed(host, quiet_company.engine, resolver, **more)

    return put


@pytest.fixture
def ada(quiet_company, wire, embedded):
    def speaks(client):
        return wire.client_of(client, quiet_company.person("Ada"), f"{embedded.at}/api/v1")

    return speaks


def test_every_answer_of_the_hosts_stays_as_it_was(embedded, with_us):
    alone = opened(embedded.make())
    with opened(with_us(embedded.make())) as together:
        for method, address in THE_HOSTS:
            before, after = (each.request(method, address) for each in (alone, together))
            assert whole(after) == whole(before), (method, address)


def test_the_hosts_handlers_hear_nothing_of_our_errors(embedded, with_us, ada, quiet_company):
    make = embedded.make()
    with opened(with_us(make)) as client:
        for method, path, status in (
            ("GET", "/nowhere", 404),
            ("PATCH", "/plans", 405),
            ("POST", "/references", 422),
            ("GET", "/due-dates", 403),
            ("PUT", "/policy", 428),
        ):
            body = {"terms": {}, "reason": "none"} if method == "PUT" else None
            told = ada(client).request(method, path, json=body)
            kind = told.headers["content-type"]
            assert (told.status, kind) == (status, "application/problem+json"), path
    assert getattr(getattr(make, "state", None), "handled", []) == []


def test_what_nobody_foresaw_in_ours_is_ours_to_answer(with_us, embedded, ada, monkeypatch, caplog):
    from countersign.application.engine import Engine

    def fails(*_, **__):
        raise RuntimeError("secret")

    make = embedded.make()
    with opened(with_us(make)) as client:
        ada(client).get("/me").ok(200)
        monkeypatch.setattr(Engine, "ask", fails)
        told = ada(client).get("/me").problem(500, "internal")

    assert "secret" not in told.response.text
    assert "RuntimeError" in caplog.text
    assert getattr(getattr(make, "state", None), "handled", []) == []


def test_what_lives_with_us_begins_before_the_first_request_and_ends_after_the_last(
    embedded, with_us, ada
):
    lived = []

    @asynccontextmanager
    async def lifespan(_):
        lived.append("ours begins")
        yield
        lived.append("ours ends")

    host = embedded.make()
    with opened(with_us(host, more=APIRouter(lifespan=lifespan))) as client:
        ada(client).get("/me").ok(200)
        lived.append("asked")

    assert lived == ["ours begins", "asked", "ours ends"]
    if hasattr(host, "state"):
        assert host.state.lived == ["host begins", "host ends"], "the host's own is run as well"


@pytest.mark.parametrize("embedded", ["router", "mounted"], indirect=True)
def test_the_hosts_description_stays_the_hosts(embedded, with_us):
    alone = opened(embedded.make())
    with opened(with_us(embedded.make())) as together:
        before, after = (each.get("/openapi.json").json() for each in (alone, together))

    ours = {path for path in after["paths"] if path.startswith("/hr/api/v1/")}
    assert bool(ours) == (embedded.name == "router"), "a router's routes join the host's"
    assert {path: after["paths"][path] for path in after["paths"] if path not in ours} == (
        before["paths"]
    )
    assert after["info"] == before["info"]
    OpenAPIV31SpecValidator(after).validate()


def test_ours_is_described_where_it_was_put(embedded, with_us, ada):
    with opened(with_us(embedded.make())) as client:
        told = ada(client).get("/openapi.json")
        if embedded.name == "router":
            told.problem(404, "no-such-address")
            ada(client).delete("/openapi.json").problem(404, "no-such-address")
            return

    assert told.ok(200).body["servers"] == [{"url": "/hr"}]
    assert "/api/v1/me" in told.body["paths"]
