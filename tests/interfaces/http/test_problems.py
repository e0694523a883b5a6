"""Whatever goes wrong is a problem, with an address that explains it."""

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

from countersign import interfaces
from countersign.domain.refusals import Refusal
from countersign.infrastructure.database import LockTimeout
from countersign.interfaces.http.explanations import kinds, known
from countersign.interfaces.http.problems import KINDS, slug, status

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "problems.md"


def descendants(kind):
    return {kind}.union(*(descendants(child) for child in kind.__subclasses__()))


def test_every_refusal_has_a_status_an_address_and_words():
    for each in pkgutil.walk_packages(interfaces.__path__, "countersign.interfaces."):
        importlib.import_module(each.name)
    ours = {
        kind
        for kind in descendants(Refusal) - {Refusal}
        if kind.__module__.startswith("countersign.") and ".interfaces." not in kind.__module__
    }

    assert {slug(kind) for kind in ours} == set(known())
    assert len(known()) == len(ours)
    assert {status(kind) for kind in ours} == {403, 404, 409, 410, 412, 413, 415, 422}


def test_the_page_describes_every_problem():
    text = PAGE.read_text("utf-8")
    sections = re.findall(r"^### ([a-z-]+)$", text, re.MULTILINE)

    assert sections == sorted(sections)
    assert set(sections) == set(known()) | set(KINDS)
    for each in kinds(""):
        section = text.partition(f"### {each.type}\n")[2].partition("\n### ")[0]
        assert f"Status {each.status}." in section, each.type
        assert " ".join(each.says.split()) in " ".join(section.split()), each.type


def test_the_address_of_a_problem_explains_it(quiet_api, quiet_stranger):
    problem = quiet_api("Ada").get("/due-dates").problem(403, "role-needed")
    page = quiet_stranger.http.get(problem.body["type"])

    assert page.status_code == 200
    assert "Role needed" in page.text
    quiet_stranger.get("/problems/unheard-of").problem(404, "no-such-address")
    listed = {each["type"] for each in quiet_stranger.get("/problems").body}
    assert problem.body["type"] in listed


def test_a_refusal_tells_the_facts_behind_it(on_sqlite, api):
    case = on_sqlite.case("Ada", until="simple")
    task = f"/plans/{case.plan}/tasks/{case.task}"

    refused = api("Ada").post(f"{task}/check-results", {"verdict": "keep"})

    refused.problem(409, "month-not-met")
    assert refused.body["details"]["ready_on"].startswith("no day before")
    assert refused.body["detail"].endswith("before practice has begun.")


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"{", b"", b'{"name": "\\ud800"}', b'{"name": "\xed\xa0\x80"}', b"[" * 5000],
)
def test_a_body_that_is_no_json_is_a_problem(quiet_api, body):
    headers = {"Content-Type": "application/json"}
    told = quiet_api("Hilda").request("POST", "/outsiders", content=body, headers=headers)

    assert told.status in (400, 422)
    assert told.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "json", ""])
def test_a_body_must_say_that_it_is_json(quiet_api, kind):
    headers = {"Content-Type": kind} if kind else {}
    told = quiet_api("Hilda").request(
        "POST", "/outsiders", content=b'{"name":"O"}', headers=headers
    )

    told.problem(415, "unsupported-media-type")


@pytest.mark.parametrize("kind", ["application/json", "application/merge-patch+json; charset=x"])
def test_json_goes_by_more_than_one_name(quiet_api, kind):
    headers = {"Content-Type": kind}
    told = quiet_api("Hilda").request(
        "POST", "/outsiders", content=b'{"name":"O"}', headers=headers
    )

    told.ok(201)


def test_what_is_wrong_with_a_body_is_pointed_at(on_sqlite, api):
    case = on_sqlite.case("Ada", until="checked")
    finding = {"kind": "rumour", "route": "search", "channel": "", "what": "x", "a/b": 1}
    body = {"task": case.task, "finding": finding}

    told = api("Ada").post(f"/plans/{case.plan}/results", body).problem(422, "not-valid")

    assert {each["pointer"] for each in told.body["errors"]} == {
        "#/finding/kind",
        "#/finding/channel",
        "#/finding/a~1b",
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"weekdays": ["1"], "effective": "2026-03-02"}, "#/weekdays/0"),
        ({"weekdays": [1.5], "effective": "2026-03-02"}, "#/weekdays/0"),
        ({"weekdays": [7], "effective": "2026-03-02"}, "#/weekdays/0"),
        ({"weekdays": [1], "effective": 20260302}, "#/effective"),
        ({"weekdays": [1], "effective": "2026-02-30"}, "#/effective"),
        ({"weekdays": [1], "effective": "0001-01-01"}, "#/effective"),
        ({"weekdays": [1], "effective": "2026-03-02", "x": 1}, "#/x"),
        ({"weekdays": [1]}, "#/effective"),
        ({"weekdays": [1.0, float("nan")], "effective": "2026-03-02"}, "#/weekdays/1"),
        (None, "#"),
        ([], "#"),
    ],
)
def test_a_body_is_read_as_strictly_as_it_is_described(quiet_company, quiet_api, body, pointer):
    content = None if body is None else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    somewhere = f"/people/{quiet_company.person('Ada')}/working-days"
    told = quiet_api("Ada").request("PUT", somewhere, content=content, headers=headers, match="*")

    told.problem(422, "not-valid")
    assert pointer in {each["pointer"] for each in told.body["errors"]} or body is None


def test_a_whole_number_may_be_written_with_its_decimals(on_sqlite, api):
    """Some languages know no other; JSON Schema calls it an integer too."""
    days = {"weekdays": [1.0, 2], "effective": "2026-03-02"}

    api("Hilda").put(f"/people/{on_sqlite.person('Ada')}/working-days", days).ok(200)

    calendar = api("Hilda").get(f"/people/{on_sqlite.person('Ada')}/calendar").ok(200).body
    assert calendar["working_days"][-1]["weekdays"] == [1, 2]


def test_a_command_without_a_body_takes_none(on_sqlite, api):
    case = on_sqlite.case("Ada", until="started")

    told = api("Ada").post(f"/plans/{case.plan}/abandon", {"reason": "none"})

    told.problem(422, "not-valid")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("as_off=3", "as_off"),
        ("as_of=yesterday", "as_of"),
        ("as_of=2026-03-02T09:00:00", "as_of"),
        ("as_of=-1", "as_of"),
        ("as_of=99999999999999999999", "as_of"),
        ("effective=2026-13-01", "effective"),
        ("effective=0", "effective"),
        ("effective=2026-03-02T00:00:00", "effective"),
        ("reason=%00", "reason"),
        pytest.param("reason=a" + "+" * 4000, "reason", id="blanks count"),
        ("as_of=3&as_of=-1", "as_of"),
    ],
)
def test_a_query_is_read_strictly_too(quiet_company, quiet_api, query, parameter):
    told = (
        quiet_api("Ada")
        .get(f"/people/{quiet_company.person('Ada')}?{query}")
        .problem(422, "not-valid")
    )

    assert {each["parameter"] for each in told.body["errors"]} == {parameter}


@pytest.mark.parametrize("path", ["/plans/7", "/plans/%00", "/plans/%ff", "/plans//tasks", "/x"])
def test_what_is_not_there_is_a_problem(quiet_api, path):
    quiet_api("Ada").get(path).problem(404, "no-such-address")


def test_what_is_not_under_the_prefix_is_a_problem_too(quiet_http):
    told = quiet_http.get("/elsewhere")

    assert (told.status_code, told.json()["title"]) == (404, "No such address")
    assert told.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/plans", "GET, HEAD, POST"),
        ("GET", "/plans/x/abandon", "POST"),
        ("TRACE", "/people/x/roles/hr", "DELETE, PUT"),
        ("POST", "/me", "GET, HEAD"),
        ("OPTIONS", "/policy", "GET, HEAD, PUT"),
        ("DELETE", "/openapi.json", "GET, HEAD"),
        ("PUT", "/problems", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_allowed_is_told_which_are(quiet_stranger, method, path, allow):
    told = quiet_stranger.request(method, path).problem(405, "method-not-allowed")

    assert told.headers["allow"] == allow


def test_what_nobody_foresaw_is_logged_by_kind_and_place_and_not_told(
    on_sqlite, api, monkeypatch, caplog
):
    """Messages of errors quote what somebody wrote."""
    ada, written = api("Ada"), "MARKER"
    ada.get("/me").ok()

    def fails(*_, **__):
        try:
            raise KeyError(written)
        except KeyError as error:
            raise ExceptionGroup(written, [RuntimeError(written)]) from error

    monkeypatch.setattr(on_sqlite.engine, "ask", fails)
    told = ada.get("/me").problem(500, "internal")

    for each in ("KeyError", "ExceptionGroup", "in it builtins.RuntimeError", "in fails"):
        assert each in caplog.text
    assert "MARKER" not in told.response.text + caplog.text


def test_a_database_that_is_busy_is_unavailable_for_a_while(on_sqlite, api, monkeypatch):
    ada = api("Ada")
    ada.get("/me").ok()

    def waits(*_, **__):
        raise LockTimeout("Another writer holds the database; nothing was written.")

    monkeypatch.setattr(on_sqlite.engine, "handle", waits)
    told = ada.post("/plans").problem(503, "unavailable")

    assert told.headers["retry-after"] == "1"


def test_a_problem_can_be_explained_elsewhere(on_sqlite):
    from starlette.testclient import TestClient

    from countersign.interfaces.http.app import create_app
    from countersign.interfaces.http.identity import Unauthenticated
    from countersign.interfaces.http.settings import HttpSettings

    def nobody(request):
        raise Unauthenticated

    said = HttpSettings(problem_base="https://docs.tallis.example/problems#")
    app = create_app(on_sqlite.engine, resolver=nobody, settings=said)

    told = TestClient(app).get("/api/v1/me").json()

    assert told["type"] == "https://docs.tallis.example/problems#unauthenticated"
