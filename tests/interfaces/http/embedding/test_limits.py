"""Limits hold wherever countersign is embedded, and the host's own addresses know none of them."""

import json
import logging

import anyio
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from countersign.interfaces.http.gate import Gate
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.router import create_router
from countersign.interfaces.http.vital_signs import vital_signs

KIB = 1024
ACCESS = "countersign.http.access"


@pytest.fixture
def limited(embedded, quiet_company, wire, monkeypatch):
    """A host with countersign in it, whose settings come from the environment."""

    def put(**settings):
        for name, value in (wire.unlimited | settings).items():
            monkeypatch.setenv(f"COUNTERSIGN_{name.upper()}", str(value))
        engine = quiet_company.engine
        return embedded.embed(embedded.make(), engine, Bearers(engine, wire.tokens))

    return put


@pytest.fixture
def ada(embedded, quiet_company, wire):
    def speaks(host):
        http = TestClient(host, raise_server_exceptions=False)
        return wire.client_of(http, quiet_company.person("Ada"), f"{embedded.at}/api/v1")

    return speaks


def answered(host, client, receive):
    """What a host answers to a command of somebody's whose body comes as `receive` gives it."""
    sent = []

    async def send(message):
        sent.append(message)

    headers = client.headers | {"Content-Type": "application/json"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"{client.prefix}/references",
        "raw_path": f"{client.prefix}/references".encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    anyio.run(host, scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])["type"].rpartition("/")[2]


def test_a_body_is_read_no_further_than_it_may_be_long(limited, ada):
    host, given = limited(body_bytes=KIB), []

    async def endless():
        given.append(1)
        return {"type": "http.request", "body": b"x" * 400, "more_body": True}

    assert answered(host, ada(host), endless) == (413, "body-too-large")
    assert len(given) == 3


def test_a_body_is_waited_for_no_longer_than_it_is_worth(limited, ada):
    async def silent():
        await anyio.sleep_forever()

    host = limited(body_seconds=0.05)

    assert answered(host, ada(host), silent) == (408, "body-too-slow")


def test_who_asks_too_often_is_told_when_to_go_on(limited, ada):
    client = ada(limited(rate_per_second=0.001, rate_burst=2))
    for _ in range(2):
        client.get("/me").ok(200)

    told = client.get("/me").problem(429, "too-many-requests")

    assert 0 < int(told.headers["retry-after"]) <= 1000
    assert told.headers["ratelimit-policy"] == '"caller";q=2;w=2000'
    hosts = client.http.get("/canteen?day=1")
    assert (hosts.status_code, "ratelimit" in hosts.headers) == (200, False)


def test_who_tries_out_tokens_is_slowed_down(limited, ada, wire):
    client = ada(limited(failed_per_second=0.001, failed_burst=1))
    guess = wire.client(client.http, {"Authorization": "Bearer guess"}, client.prefix)
    guess.get("/me").problem(401, "unauthenticated")

    guess.get("/me").problem(429, "too-many-requests")
    client.get("/me").ok(200)


def test_when_too_many_wait_the_next_is_told_to_come_back(limited, ada):
    told = ada(limited(queue_size=0)).get("/me").problem(503, "unavailable")

    assert told.headers["retry-after"] == "1"


def test_a_line_for_each_of_our_requests_and_none_for_the_hosts(limited, ada, caplog):
    client = ada(limited())
    with caplog.at_level(logging.INFO, ACCESS):
        client.get("/people?manager=MARKER")
        client.get("/MARKER")
        client.http.get("/canteen?day=1")

    lines = [each.getMessage() for each in caplog.records if each.name == ACCESS]
    assert [(json.loads(each)["route"], json.loads(each)["status"]) for each in lines] == [
        ("/people", 200),
        ("elsewhere", 404),
    ]
    assert "MARKER" not in "".join(lines)


def test_a_host_shows_the_vital_signs_of_what_it_includes(quiet_company, wire):
    gate, host, engine = Gate(), FastAPI(), quiet_company.engine
    resolver = Bearers(engine, wire.tokens)
    host.include_router(create_router(engine, resolver=resolver, gate=gate), prefix="/hr")
    host.include_router(vital_signs(engine, gate), prefix="/intranet")
    http = TestClient(host)
    wire.client_of(http, quiet_company.person("Ada"), "/hr/api/v1").get("/me").ok(200)

    assert http.get("/intranet/readyz").json()["ready"] is True
    assert 'route="/me"' in http.get("/intranet/metrics").text
