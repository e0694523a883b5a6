"""Limits: how much, how often and how long; whoever is turned away is told when to come back."""

import json
import socket
import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from countersign.application.engine import Engine
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.gate import Gate
from countersign.interfaces.http.identity import Bearers, Unauthenticated
from countersign.interfaces.http.rates import Rates
from countersign.interfaces.http.settings import HttpSettings

KIB = 1024


@pytest.fixture
def open_with(on_sqlite, wire):
    """The company's interface with other settings, and a clock that stands still."""
    opened = []

    def make(**settings):
        gate = Gate(HttpSettings(**(wire.unlimited | settings)), now=lambda: 0.0)
        resolver = Bearers(on_sqlite.engine, wire.tokens)
        http = TestClient(create_app(on_sqlite.engine, resolver=resolver, gate=gate))
        opened.append(http.__enter__())
        return wire.api_of(on_sqlite, http), http, gate

    yield make
    for each in opened:
        each.__exit__(None, None, None)


# Rates


def test_a_bucket_empties_and_fills_again():
    now = [0.0]
    rates = Rates(2, 3, lambda: now[0])

    assert [rates.take("ada") for _ in range(4)] == [True, True, True, False]
    assert rates.wait("ada") == 0.5
    now[0] = 0.5
    assert [rates.take("ada") for _ in range(2)] == [True, False]


def test_everybody_has_a_bucket_of_their_own():
    rates = Rates(1, 1, lambda: 0.0)

    assert [rates.take(name) for name in ("ada", "ada", "bob")] == [True, False, True]


def test_no_more_buckets_are_kept_than_were_meant_to_be():
    rates = Rates(1, 1, lambda: 0.0, remembered=2)
    for name in ("ada", "bob", "carl"):
        rates.take(name)

    assert (rates.take("ada"), rates.take("carl")) == (True, False)


def test_whoever_asks_too_often_is_told_when_to_go_on(open_with):
    api, _, _ = open_with(rate_per_second=0.5, rate_burst=3)
    ada = api("Ada")
    for _ in range(3):
        ada.get("/me").ok(200)

    told = ada.get("/me").problem(429, "too-many-requests")

    assert told.headers["retry-after"] == "2"
    api("Bob").get("/me").ok(200)


def test_a_command_that_was_turned_away_was_not_carried_out(open_with, on_sqlite):
    api, _, _ = open_with(rate_per_second=0.5, rate_burst=1)
    api("Ada").get("/me").ok(200)
    before = on_sqlite.events()

    api("Ada").post("/plans").problem(429, "too-many-requests")

    assert on_sqlite.events() == before


def test_every_answer_says_how_much_is_left(open_with):
    api, _, _ = open_with(rate_per_second=0.5, rate_burst=2)
    said = [api("Ada").get("/me").headers for _ in range(3)]

    assert {each["ratelimit-policy"] for each in said} == {'"caller";q=2;w=4'}
    assert [each["ratelimit"] for each in said] == [
        '"caller";r=1;t=2',
        '"caller";r=0;t=4',
        '"caller";r=0;t=4',
    ]


def test_without_a_limit_nothing_is_said_of_one(open_with):
    api, _, _ = open_with(rate_per_second=0)

    assert "ratelimit" not in api("Ada").get("/me").headers


@pytest.mark.parametrize("path", ["/problems", "/problems/stale", "/nowhere", "/openapi.json"])
def test_who_asks_without_a_name_is_counted_by_address(open_with, wire, path):
    api, http, _ = open_with(rate_per_second=0.5, rate_burst=1)
    wire.client(http).get(path)

    wire.client(http).get(path).problem(429, "too-many-requests")
    api("Ada").get("/me").ok(200)


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer guess"}, {}])
def test_whoever_tries_out_tokens_is_slowed_down(open_with, wire, headers):
    _, http, _ = open_with(failed_per_second=0.5, failed_burst=3)
    guess = wire.client(http, headers)
    for _ in range(3):
        guess.get("/me").problem(401, "unauthenticated")

    told = guess.get("/me").problem(429, "too-many-requests")

    assert told.headers["retry-after"] == "2"


def test_whose_token_holds_is_not_held_up_by_others_who_guess(open_with, wire):
    """They may share an address: a company goes out by one."""
    api, http, _ = open_with(failed_per_second=0.5, failed_burst=1)
    for _ in range(2):
        wire.client(http, {"Authorization": "Bearer guess"}).get("/me")

    api("Ada").get("/me").ok(200)


def test_whom_a_host_does_not_know_is_slowed_down_too(on_sqlite, wire):
    def nobody(request):
        raise Unauthenticated

    gate = Gate(HttpSettings(failed_per_second=0.5, failed_burst=1), now=lambda: 0.0)
    with TestClient(create_app(on_sqlite.engine, resolver=nobody, gate=gate)) as http:
        wire.client(http).get("/me").problem(401, "unauthenticated")

        wire.client(http).get("/me").problem(429, "too-many-requests")


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_whoever_has_a_network_has_one_bucket(on_sqlite, wire, one, another, same):
    gate = Gate(HttpSettings(rate_per_second=0.5, rate_burst=1), now=lambda: 0.0)
    app = create_app(on_sqlite.engine, resolver=Bearers(on_sqlite.engine, wire.tokens), gate=gate)
    first, second = (TestClient(app, client=(host, 1)) for host in (one, another))
    wire.client(first).get("/problems").ok(200)

    assert wire.client(second).get("/problems").status == (429 if same else 200)


# Bodies


def test_a_body_that_says_it_is_too_large_is_not_read(open_with):
    api, _, _ = open_with(body_bytes=KIB)

    told = api("Ada").post("/references", {"title": "x" * 2 * KIB})

    told.problem(413, "body-too-large")
    assert told.headers["connection"] == "close"


@pytest.mark.parametrize("said", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "-1", "0" * 50])
def test_a_length_that_makes_no_sense_is_no_fault_of_ours(said):
    request = Request({"type": "http", "headers": [(b"content-length", said.encode("latin-1"))]})

    assert Gate(HttpSettings()).bounded(request, KIB, 1)


def test_a_body_that_comes_in_pieces_is_cut_where_it_grows_too_large(founded, wire, tmp_path):
    """Its end never comes: whoever reads on waits for ever."""
    with founded("sqlite") as found, wire.served(found, tmp_path, body_bytes=KIB) as client:
        told = said(
            client, posting(found, wire, "Transfer-Encoding: chunked", f"800\r\n{'x' * 2048}")
        )

    assert told.startswith("HTTP/1.1 413")
    assert "/problems/body-too-large" in told


def test_a_file_of_people_may_be_larger(open_with, on_sqlite):
    api, _, _ = open_with(body_bytes=KIB, import_bytes=64 * KIB)
    rows = [{"number": f"9{n:03}", "name": f"Somebody {n}", "manager": None} for n in range(60)]
    body = {"rows": [row | {"top": False} for row in rows], "effective": "2026-03-02"}
    assert len(json.dumps(body)) > KIB

    assert api("Hilda").post("/organisation/rehearse", body).status != 413


def test_a_body_is_waited_for_no_longer_than_it_is_worth(founded, wire, tmp_path):
    """The sender says how much will come, sends a little, and then nothing more."""
    with founded("sqlite") as found, wire.served(found, tmp_path, body_seconds=0.2) as client:
        told = said(client, posting(found, wire, "Content-Length: 40", "{"))

    assert told.startswith("HTTP/1.1 408")
    assert "/problems/body-too-slow" in told


# Waiting


def test_when_too_many_wait_the_next_is_told_to_come_back(open_with, on_sqlite):
    api, _, _ = open_with(pool_size=1, queue_size=0)

    api("Ada").get("/me").problem(503, "unavailable")


def test_who_waits_too_long_is_told_to_come_back(open_with, on_sqlite):
    """One holds the only thread, at the journal's lock; the other does not wait for ever."""
    api, _, _ = open_with(pool_size=1, queue_seconds=0.05)
    answers = []
    with on_sqlite.house.database.writing():
        held = threading.Thread(target=lambda: answers.append(api("Ada").post("/plans")))
        held.start()
        told = api("Bob").get("/me")
        while told.status != 503 and not answers:
            told = api("Bob").get("/me")
    held.join()

    told.problem(503, "unavailable")
    assert told.headers["retry-after"]
    answers[0].ok(201)  # it had begun, and was not cut short


# What every answer wears


DRESSED = ["/me", "/plans", "/plans/x", "/problems", "/nowhere", "/problems/stale", "/openapi.json"]


@pytest.mark.parametrize(
    "path", [*(f"/api/v1{path}" for path in DRESSED), "/", "/healthz", "/readyz", "/metrics"]
)
def test_every_answer_is_dressed(open_with, on_sqlite, path):
    api, _, _ = open_with()
    headers = replace(api("Ada"), prefix="").get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"]
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_who_comes_by_https_stays_there(open_with):
    api, http, _ = open_with()
    http.base_url = "https://tallis.example"

    assert "max-age" in api("Ada").get("/me").headers["strict-transport-security"]


def test_a_request_goes_by_the_name_that_its_sender_gave_it(open_with):
    api, _, _ = open_with()

    assert (
        api("Ada").get("/me", headers={"X-Request-Id": "trace-4711"}).headers["x-request-id"]
        == "trace-4711"
    )
    odd = api("Ada").get("/me", headers={"X-Request-Id": "ada@tallis.example"})
    assert "ada" not in odd.headers["x-request-id"]


# Vital signs


def test_a_process_that_lives_says_so(open_with):
    _, http, _ = open_with()

    assert http.get("/healthz").json() == {"alive": True}


def test_a_server_is_ready_until_it_is_told_to_stop(open_with):
    _, http, gate = open_with()
    ready = http.get("/readyz")
    gate.stop()
    stopping = http.get("/readyz")

    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert (stopping.status_code, stopping.json()["stopping"]) == (503, True)


def test_a_server_without_its_database_is_not_ready(open_with, on_sqlite):
    _, http, _ = open_with()
    with on_sqlite.house.database.writing() as tx:
        tx.run("UPDATE cs_alembic SET version_num = '0000'")

    told = http.get("/readyz")

    assert (told.status_code, told.json()["database"]) == (503, "of another version")


def test_what_is_counted_can_be_read(open_with, on_sqlite):
    api, http, _ = open_with(rate_per_second=0.5, rate_burst=2)
    case = on_sqlite.case("Ada", until="started")
    api("Ada").get(f"/plans/{case.plan}").ok(200)
    api("Ada").get(f"/plans/{case.plan}").ok(200)
    api("Ada").get(f"/plans/{case.plan}").problem(429, "too-many-requests")

    told = http.get("/metrics").text

    route = 'method="GET",route="/plans/{plan}"'
    assert f'countersign_http_requests_total{{{route},status="2xx"}} 2.0' in told
    assert 'countersign_http_limited_total{kind="caller"} 1.0' in told
    assert f"countersign_journal_position {on_sqlite.engine.position()}.0" in told
    assert 'countersign_projection_lag_events{projection="inbox"} 0.0' in told


def test_what_is_counted_can_be_kept_to_oneself(open_with):
    _, http, _ = open_with(metrics=False)

    assert http.get("/metrics").status_code == 404


def test_a_method_that_is_none_is_counted_under_one_word(open_with):
    _, http, _ = open_with()
    for name in ("MARKER", "ANOTHER-MARKER"):
        http.request(name, "/api/v1/me")

    told = http.get("/metrics").text

    assert "MARKER" not in told
    assert 'method="OTHER",route="/me",status="4xx"} 2.0' in told


def test_without_a_database_it_is_told_what_is_known(open_with, on_sqlite, monkeypatch):
    def fails(*_, **__):
        raise TimeoutError

    api, http, _ = open_with()
    api("Ada").get("/me").ok(200)
    monkeypatch.setattr(Engine, "ask", fails)

    told = http.get("/metrics")

    assert told.status_code == 200
    assert "countersign_database_up 0.0" in told.text
    assert 'route="/me"' in told.text
    assert "lag_events{" not in told.text


def test_however_many_look_the_database_is_asked_once_in_a_second(on_sqlite, wire):
    now = [0.0]
    gate = Gate(HttpSettings(), now=lambda: now[0])
    resolver = Bearers(on_sqlite.engine, wire.tokens)
    with TestClient(create_app(on_sqlite.engine, resolver=resolver, gate=gate)) as http:
        assert http.get("/readyz").status_code == 200
        with on_sqlite.house.database.writing() as tx:
            tx.run("UPDATE cs_alembic SET version_num = '0000'")
        assert http.get("/readyz").status_code == 200
        now[0] = 1.0
        assert http.get("/readyz").status_code == 503


def test_two_interfaces_in_one_process_count_for_themselves(open_with):
    _, first, _ = open_with()
    api, second, _ = open_with()
    api("Ada").get("/me").ok(200)

    assert 'route="/me"' not in first.get("/metrics").text
    assert 'route="/me"' in second.get("/metrics").text


# On a real socket


def posting(found, wire, length, body):
    """The beginning of a command, as it stands on the line."""
    token = wire.tokens.issue(found.company.person("Ada"), seconds=600)
    return (
        f"POST /api/v1/references HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\n{length}\r\n\r\n{body}"
    )


def said(client, text):
    """What a server answers until it hangs up; it must do so by itself."""
    heard = b""
    with socket.create_connection((client.base_url.host, client.base_url.port), 30) as line:
        line.sendall(text.encode())
        with suppress(ConnectionResetError):
            while more := line.recv(4096):
                heard += more
    return heard.decode()


@pytest.fixture(scope="module")
def hasty(founded, wire, tmp_path_factory):
    """A server that waits no longer than it must, for a few only."""
    folder = tmp_path_factory.mktemp("hasty")
    with (
        founded("sqlite") as found,
        wire.served(found, folder, head_seconds=0.2, connections=3) as client,
    ):
        yield client


def test_a_head_without_end_is_not_read(hasty):
    told = said(hasty, "GET /api/v1/me?x=" + "x" * 512 * KIB)

    assert told == "" or told.startswith("HTTP/1.1 400")


@pytest.mark.parametrize("beginning", ["", "GET /api/v1/me HT", "GET / HTTP/1.1\r\nHost: here\r\n"])
def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(hasty, beginning):
    told = said(hasty, beginning)

    assert told.startswith("HTTP/1.1 408")
    assert "/api/v1/problems/head-too-slow" in told


def test_the_head_of_a_second_request_is_waited_for_no_longer(hasty):
    told = said(hasty, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\nGET /hea")

    assert told.count("HTTP/1.1") == 1
    assert told.startswith("HTTP/1.1 200")


def test_what_is_no_http_is_answered_with_a_problem(hasty):
    told = said(hasty, "MARKER\r\n\r\n")

    assert told.startswith("HTTP/1.1 400")
    assert "application/problem+json" in told
    assert "nosniff" in told
    assert "MARKER" not in told


def test_more_connections_than_are_wanted_are_turned_away(hasty):
    here = (hasty.base_url.host, hasty.base_url.port)
    with ExitStack() as held:
        lines = [held.enter_context(socket.create_connection(here, 30)) for _ in range(8)]
        told = [line.recv(4096).decode() for line in lines]

    turned = [each for each in told if each.startswith("HTTP/1.1 503")]
    assert len(turned) >= 5
    assert "retry-after: 1" in turned[0]
    assert hasty.get("/healthz").status_code == 200


def test_a_server_finishes_what_it_accepted_and_ends_well(founded, wire, tmp_path):
    """The writer is held up by another; the server is told to stop, and answers all the same."""
    with founded("sqlite") as found:
        server = wire.server_of(found, tmp_path)
        server.start()
        company = found.company
        answers = []
        with server.client() as client:
            ada = wire.client_of(client, company.person("Ada"))
            ada.get("/me").ok(200)
            with company.house.database.writing():
                asks = threading.Thread(
                    target=lambda: answers.append(ada.post("/references", {"title": "late"}))
                )
                asks.start()
                server.until(lambda: _in_progress(client) >= 1)
                server.process.terminate()
                server.until(lambda: not server.listens())
            asks.join()
        code = server.process.wait(60)

    answers[0].ok(201)
    assert code == 0, server.log.read_text()


def _in_progress(client):
    for line in client.get("/metrics").text.splitlines():
        if line.startswith("countersign_http_requests_in_progress "):
            return float(line.rpartition(" ")[2])
    return 0.0


def test_whoever_watches_is_counted(founded, wire, tmp_path):
    with founded("sqlite") as found, wire.served(found, tmp_path) as client:
        ada = wire.client_of(client, found.company.person("Ada"))
        watching = client.stream("GET", "/api/v1/inbox/events", headers=ada.headers)
        with watching as answer:
            events = answer.iter_raw()
            assert b"event: now" in next(events)

            assert "countersign_http_watchers 1.0" in client.get("/metrics").text


def test_a_server_that_drains_says_that_it_is_not_ready(founded, wire, tmp_path):
    with founded("sqlite") as found:
        server = wire.server_of(found, tmp_path, drain_seconds=30)
        server.start()
        with server.client() as client:
            assert client.get("/readyz").status_code == 200
            server.process.terminate()
            server.until(lambda: client.get("/readyz").status_code == 503)
            server.process.terminate()
        code = server.process.wait(60)

    assert code == 0, server.log.read_text()


def test_a_server_leaves_a_line_for_each_request(founded, wire, tmp_path):
    with founded("sqlite") as found:
        server = wire.server_of(found, tmp_path)
        server.start()
        with server.client() as client:
            ada = wire.client_of(client, found.company.person("Ada"))
            kept = ada.post("/references", {"title": "MARKER of hers"}).ok(201)
            ada.get(kept.headers["location"].removeprefix("/api/v1"))
            ada.get("/people?manager=MARKER-in-a-query")
            ada.get("/MARKER-in-a-path", headers={"Referer": "MARKER", "X-Request-Id": "MARKER!"})
            wire.client(client, {"Authorization": "Bearer MARKER"}).get("/me")
            client.request("MARKER", "/api/v1/me")
            ada.post("/references", {"MARKER": "MARKER"})
            shown = client.get("/metrics").text
        server.end()
        lines = [
            json.loads(line)
            for line in server.log.read_text().splitlines()
            if line.startswith('{"method"')
        ]

    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/references", 201),
        ("GET", "/references/{item}", 200),
        ("GET", "/people", 200),
        ("GET", "elsewhere", 404),
        ("GET", "/me", 401),
        ("OTHER", "/me", 405),
        ("POST", "/references", 422),
    ]
    assert all(datetime.fromisoformat(line["at"]).tzinfo for line in lines)
    said = server.log.read_text() + shown
    for hidden in ("MARKER", found.company.person("Ada"), "127.0.0.1", kept.body["made"]):
        assert hidden not in said
