"""Files on the wire: streamed in as they are, handed out to be saved, hidden like their result."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from countersign.application import commands as c
from countersign.domain.employee import Role
from countersign.infrastructure import chunks
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.vault import Tampered

PDF = b"%PDF-1.7\n" + b"what a pump dealer has offered, line by line\n" * 12_000
RAW = {"Content-Type": "application/octet-stream"}


def send(who, content=PDF, **headers):
    return who.request("POST", "/uploads", content=content, headers={**RAW, **headers})


def attach(who, case, upload, name="quotation.pdf", **more):
    path = f"/plans/{case.plan}/results/{case.result}/files"
    return who.post(path, {"upload": upload, "name": name}, **more)


@pytest.fixture
def case(on_sqlite):
    return on_sqlite.case("Ada", until="noted")


@pytest.fixture
def attached(case, api):
    """Where Ada's file is."""
    ada = api("Ada")
    return attach(ada, case, send(ada).ok(201).body["upload"]).ok(201).location


# In


def test_a_file_is_sent_attached_and_saved(case, api):
    ada = api("Ada")
    sent = send(ada).ok(201)
    assert sent.body == {
        "upload": sent.body["upload"],
        "size": len(PDF),
        "media_type": "application/pdf",
        "expires": "2026-04-07T09:00:00Z",
    }
    assert ada.get("/uploads").ok().body == {"items": [sent.body]}
    made = attach(ada, case, sent.body["upload"]).ok(201)
    assert made.names == ["result.file_attached"]
    assert ada.get("/uploads").ok().body == {"items": []}
    told = ada.get(made.location).ok(200)

    assert told.response.content == PDF
    assert told.headers["content-type"] == "application/pdf"
    assert told.headers["content-length"] == str(len(PDF))
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["content-disposition"].startswith('attachment; filename="quotation.pdf"')
    (shown,) = ada.get(f"/plans/{case.plan}/results/{case.result}").ok().body["files"]
    assert (shown["name"], shown["size"]) == ("quotation.pdf", len(PDF))


def test_a_file_may_come_in_pieces_of_unknown_number(case, api):
    ada = api("Ada")
    pieces = (PDF[start : start + 999] for start in range(0, len(PDF), 999))
    upload = send(ada, pieces).ok(201).body

    assert upload["size"] == len(PDF)
    assert ada.get(attach(ada, case, upload["upload"]).location).response.content == PDF


def test_what_curl_sends_by_itself_is_taken(api):
    curl = "application/x-www-form-urlencoded"
    send(api("Ada"), **{"Content-Type": curl}).ok(201)


def test_a_form_is_refused_with_a_word_on_what_to_send(api):
    told = send(api("Ada"), **{"Content-Type": "multipart/form-data; boundary=x"})

    told.problem(415, "unsupported-media-type")
    assert "--data-binary" in told.body["detail"]


def test_what_is_not_welcome_is_a_problem_with_a_name(api):
    ada = api("Ada")
    send(ada, b"").problem(422, "file-empty")
    send(ada, b"<!doctype html><script>").problem(415, "file-unwelcome")
    send(ada, b"MZ\x90").problem(415, "file-unwelcome")
    send(ada, PDF, **{"Content-Type": "image/png"}).problem(415, "file-contradicts")
    upload = send(ada).body["upload"]
    files = ada.post("/references", {"title": "an article"}).ok(201).location + "/files"
    ada.post(files, {"upload": upload, "name": "x.png"}).problem(415, "file-contradicts")
    ada.post(files, {"upload": upload, "name": "../x.pdf"}).problem(422, "not-valid")


@pytest.fixture
def small_api(on_sqlite, tmp_path, settings, clock, wire):
    """The same company where a file has a thousand bytes at most."""
    own = settings.model_copy(update={"attachment_max_bytes": 1000})
    house = open_house(f"sqlite:///{tmp_path}/company.db", settings=own, clock=clock)
    yield wire.app_of(house), wire.tokens.issue(on_sqlite.person("Ada"), seconds=3600)
    house.close()


def posted(on, pieces, **headers):
    """What the application answers, and how many pieces it had taken by then."""
    app, token = on
    taken: list[bytes] = []
    told: list[dict[str, Any]] = []

    async def receive():
        if len(taken) == len(pieces):
            return {"type": "http.disconnect"}
        taken.append(pieces[len(taken)])
        return {"type": "http.request", "body": taken[-1], "more_body": True}

    async def send(message):
        told.append(message)

    sent = {"content-type": "text/plain", **headers}
    asyncio.run(app(scope("POST", "/api/v1/uploads", token, **sent), receive, send))
    body = b"".join(each.get("body", b"") for each in told)
    return told[0]["status"], json.loads(body)["type"].rpartition("/")[2], len(taken)


def scope(method, path, token, **headers):
    known = {"authorization": f"Bearer {token}", **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in known.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }


def test_a_file_that_says_it_is_too_large_is_refused_unread(small_api):
    told = posted(small_api, [b"x" * 500], **{"content-length": "1001"})

    assert told == (413, "file-too-large", 0)


def test_a_file_that_turns_out_too_large_is_refused_on_the_way(small_api, on_sqlite):
    many = [b"x" * chunks.SIZE] * 9
    assert posted(small_api, many) == (413, "file-too-large", 1)
    assert rows(on_sqlite) == []


def test_of_a_caller_who_hangs_up_nothing_stays(small_api, on_sqlite, wire):
    told = posted((wire.app_of(on_sqlite), small_api[1]), [b"x" * chunks.SIZE] * 3)

    assert told == (400, "malformed-body", 3)
    assert rows(on_sqlite) == []


def rows(company):
    with company.house.database.reading() as tx:
        return tx.all("SELECT blob FROM cs_blob") + tx.all("SELECT blob FROM cs_chunk")


def test_a_claim_sent_twice_is_answered_with_the_same_bytes(case, api):
    ada = api("Ada")
    upload = send(ada).body["upload"]
    first = attach(ada, case, upload, key="once")
    again = attach(ada, case, upload, key="once")

    assert (first.status, first.response.content) == (again.status, again.response.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert attach(ada, case, upload).ok(200).names == []


# Out


def test_a_name_of_any_letters_is_told_twice(case, api):
    ada = api("Ada")
    upload = send(ada).body["upload"]
    told = ada.get(attach(ada, case, upload, name='grüße "2026" 你').location)

    assert told.headers["content-disposition"] == (
        'attachment; filename="gr__e _2026_ _.pdf";'
        " filename*=UTF-8''gr%C3%BC%C3%9Fe%20%222026%22%20%E4%BD%A0.pdf"
    )


def test_head_tells_the_same_without_the_bytes(attached, api):
    full, head = api("Ada").get(attached), api("Ada").request("HEAD", attached)

    assert head.response.content == b""
    for name in ("content-length", "content-type", "etag", "content-disposition"):
        assert head.headers[name] == full.headers[name]


def test_who_has_it_already_is_told_so(attached, api):
    ada = api("Ada")
    tag = ada.get(attached).etag
    told = ada.get(attached, headers={"If-None-Match": tag})

    assert (told.status, told.response.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-299", 100, 300),
        (f"bytes={chunks.SIZE - 1}-{chunks.SIZE}", chunks.SIZE - 1, chunks.SIZE + 1),
        ("bytes=500000-", 500_000, len(PDF)),
        ("bytes=-10", len(PDF) - 10, len(PDF)),
        ("bytes=5-999999999", 5, len(PDF)),
    ],
)
def test_a_part_can_be_asked_for(attached, api, asked, start, stop):
    told = api("Ada").get(attached, headers={"Range": asked})

    assert (told.status, told.response.content) == (206, PDF[start:stop])
    assert told.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(PDF)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=9-3"])
def test_what_is_no_range_is_answered_with_the_whole(attached, api, asked):
    assert api("Ada").get(attached, headers={"Range": asked}).ok(200).response.content == PDF


def test_a_range_after_the_end_is_a_problem(attached, api):
    told = api("Ada").get(attached, headers={"Range": "bytes=99999999-"})

    told.problem(416, "range-not-satisfiable")
    assert told.headers["content-range"] == f"bytes */{len(PDF)}"


def test_what_was_destroyed_is_gone_under_its_certificate(on_sqlite, api):
    ada = api("Ada")
    item = ada.post("/references", {"title": "an article"}).ok(201).location
    upload = send(ada).body["upload"]
    place = ada.post(f"{item}/files", {"upload": upload, "name": "a.pdf"}).ok(201).location
    assert ada.get(place).ok(200).response.content == PDF
    ada.post(f"{item}/discard").ok()
    told = ada.get(place).problem(410, "file-destroyed")

    assert told.body["details"]["certificate"] in told.body["detail"]
    assert ada.get(item).body["files"][0]["name"] == told.body["details"]


def test_what_is_lost_or_changed_is_no_answer(on_sqlite, attached, api):
    with on_sqlite.house.database.writing() as tx:
        tx.run("UPDATE cs_chunk SET sealed = zeroblob(length(sealed)) WHERE place = 0")
    api("Ada").get(attached).problem(500, "internal")
    with on_sqlite.house.database.writing() as tx:
        tx.run("DELETE FROM cs_chunk WHERE place = 1")
    api("Ada").get(attached).problem(500, "internal")


def test_what_turns_out_to_be_changed_is_never_handed_out_whole(on_sqlite, attached, wire):
    with on_sqlite.house.database.writing() as tx:
        tx.run("UPDATE cs_chunk SET sealed = zeroblob(length(sealed)) WHERE place = 2")
    token = wire.tokens.issue(on_sqlite.person("Ada"), seconds=3600)
    told: list[dict[str, Any]] = []

    async def receive():
        await asyncio.Event().wait()  # a caller who has nothing more to say

    async def send(message):
        told.append(message)

    with pytest.raises(Tampered, match="not the one that was sealed there"):
        asyncio.run(
            wire.app_of(on_sqlite)(scope("GET", f"/api/v1{attached}", token), receive, send)
        )

    assert told[0]["status"] == 200
    assert b"".join(each.get("body", b"") for each in told) == PDF[: 2 * chunks.SIZE]
    assert all(each.get("more_body") for each in told[1:])


# Who sees it

CAST = ("Ada", "Max", "Vera", "Carl", "Hilda", "Audrey", "Renée", "Eve")
ROLES = {"Audrey": Role.AUDITOR, "Renée": Role.RECORDS, "Eve": Role.ENGINEER}
SEE = {
    "noted": {"Ada"},
    "asked": {"Ada", "Max", "Audrey"},
    "accepted": {"Ada", "Max", "Vera", "Audrey"},
}


@pytest.mark.parametrize("until", SEE)
def test_who_sees_the_evidence_sees_the_file_and_nobody_else(on_sqlite, case, api, attached, until):
    on_sqlite.import_rows(*(on_sqlite.row(name, "Tess") for name in ROLES))
    for name, role in ROLES.items():
        on_sqlite.does("Hilda", c.GrantRole(person=on_sqlite.person(name), role=role))
    if until == "accepted":
        case.walk("asked")
        case.accept("Max").then_among("approval.accepted")
    else:
        case.walk(until)
    for name in CAST:
        for method in ("GET", "HEAD"):
            reason = "?reason=yearly+audit" if name == "Audrey" else ""
            told = api(name).request(method, attached + reason)
            assert told.status == (200 if name in SEE[until] else 404), (name, method)
    assert api("Audrey").get(attached).status == 404


def test_whoever_saves_somebody_elses_file_is_logged(on_sqlite, case, api, attached):
    on_sqlite.import_rows(on_sqlite.row("Audrey", "Tess"))
    on_sqlite.does("Hilda", c.GrantRole(person=on_sqlite.person("Audrey"), role=Role.AUDITOR))
    case.walk("asked")
    api("Audrey").get(f"{attached}?reason=yearly+audit").ok(200)

    (read,) = api("Ada").get("/me/reads").ok().body["items"]
    assert (read["reader"], read["sight"]) == (on_sqlite.person("Audrey"), "auditor")
    assert (read["what"], read["reason"]) == ("PlanBoard", "yearly audit")


def test_reading_material_is_its_owners_alone(on_sqlite, api):
    ada = api("Ada")
    item = ada.post("/references", {"title": "an article"}).ok(201).location
    upload = send(ada).body["upload"]
    place = ada.post(f"{item}/files", {"upload": upload, "name": "a.pdf"}).ok(201).location

    for name in ("Max", "Hilda", "Carl"):
        api(name).get(place).problem(404, "unknown-file")
        api(name).post(f"{item}/files", {"upload": upload, "name": "a.pdf"}).problem(
            404, "unknown-item"
        )


def test_somebody_elses_upload_is_not_there(case, api, stranger):
    upload = send(api("Bob")).body["upload"]
    ada = api("Ada")

    attach(ada, case, upload).problem(404, "unknown-upload")
    ada.delete(f"/uploads/{upload}").problem(404, "unknown-upload")
    assert ada.get("/uploads").body == {"items": []}
    for method, path in (("POST", ""), ("GET", ""), ("DELETE", f"/{upload}")):
        stranger.request(method, f"/uploads{path}").problem(401, "unauthenticated")


def test_an_upload_can_be_withdrawn(on_sqlite, api):
    ada = api("Ada")
    upload = send(ada).body["upload"]

    assert ada.delete(f"/uploads/{upload}").status == 204
    ada.delete(f"/uploads/{upload}").problem(404, "unknown-upload")
    assert rows(on_sqlite) == []


def test_a_file_that_is_hidden_and_one_that_is_not_there_look_the_same(case, api, attached):
    carl = api("Carl")
    hidden = carl.get(attached)
    unknown = carl.get(f"/plans/{uuid4()}/results/{uuid4()}/files/{uuid4()}")

    assert (hidden.status, hidden.body) == (unknown.status, unknown.body)


def test_a_file_is_found_under_its_own_result_only(case, api, attached):
    ada = api("Ada")
    other = case.note("another lead")
    copy = attached.rpartition("/")[2]

    ada.get(f"/plans/{case.plan}/results/{other}/files/{copy}").problem(404, "unknown-file")
    item = ada.post("/references", {"title": "an article"}).ok(201).location
    ada.get(f"{item}/files/{copy}").problem(404, "unknown-file")
