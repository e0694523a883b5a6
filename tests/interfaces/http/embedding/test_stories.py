"""One suite for four ways: what holds on a server of our own holds inside a host, to the letter."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from countersign.interfaces.http.examples import FINDING, WISH

CALLS = {"activities": ["calls"], "tasks": [WISH]}


def anywhere(client, address):
    """What stands at an address that an answer has named."""
    return client.http.get(address, headers=client.headers)


# Who one is


def test_everybody_is_who_their_token_says(team):
    assert team.api("Ada").get("/me").ok(200).body["person"] == team.person("Ada")
    assert team.api("Hilda").get("/me").ok(200).body["name"] == "Hilda"


def test_without_a_token_that_holds_nobody_is_anybody(stage):
    stranger = stage.stranger

    for shown in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic QTpB"}):
        told = stranger.get("/me", headers=shown).problem(401, "unauthenticated")
        assert told.headers["www-authenticate"].startswith("Bearer ")


def test_whoever_is_not_on_record_is_nobody_here(stage, wire):
    unknown = wire.client_of(stage.http, str(uuid4()), stage.prefix)

    unknown.get("/me").problem(403, "unknown-actor")


# From an ordinary day to being enabled


def test_a_plan_is_walked_and_accepted_by_two(stage, team):
    ada = team.api("Ada")
    plan = ada.post("/plans").ok(201).location
    task = f"{plan}/tasks/{examined(ada, plan)}"
    practised(stage.company.clock, ada, plan)
    ada.post(f"{task}/check-results", {"verdict": "keep"}).ok(200)
    result = ada.post(f"{plan}/results", {"task": task[-36:], "finding": FINDING}).ok(201).location
    ada.post(f"{plan}/review-activities", {"activities": ["mail"]}).ok(200)
    ada.post(f"{plan}/settle", {}).ok(200)
    request = ada.post(f"{task}/request").ok(201).location

    for level, name in ((1, "Max"), (2, "Vera")):
        approver = team.api(name)
        waiting = approver.get(f"/inbox?kind=decide&plan={plan[-36:]}").ok(200).body["items"]
        assert [each["level"] for each in waiting] == [level]
        seen = approver.get(request).ok(200)
        accepted = approver.post(f"{request}/accept", deciding(result), match=seen.etag).ok(200)
        assert accepted.names[0] == "approval.accepted"

    assert ada.get(request).body["phase"] == "enabled"


def examined(ada, plan):
    told = ada.post(f"{plan}/examine-job", {"activities": ["mail"], "tasks": [WISH]}).ok(200)
    (task,) = [each["says"]["task"] for each in told.body["events"] if "identified" in each["name"]]
    use = {"point": "mornings", "purpose": "to find leads", "channels": ["LinkedIn"]}
    pinpointed = ada.put(f"{plan}/tasks/{task}/use", use, match=told.etag).ok(200)
    ada.put(f"{plan}/tasks/{task}/routine", {"actions": ["search"]}, match=pinpointed.etag).ok(200)
    return task


def practised(clock, ada, plan):
    first = clock.today
    for weeks in range(6):
        day = first + timedelta(weeks=weeks)
        clock.go(day)
        ada.post(f"{plan}/entries", {"days": [{"on": day.isoformat()}]}).ok(200)


def deciding(result):
    return {"evidence": 1, "result": result[-36:], "value_perceived": "direct"}


def test_what_was_made_is_found_where_the_answer_says(stage, team):
    ada = team.api("Ada")

    where = ada.post("/plans").ok(201).headers["location"]

    assert where.startswith(f"{stage.prefix}/plans/")
    assert anywhere(ada, where).json()["step"] == 1


# What goes wrong


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/plans/x", 404, "no-such-address"),
        ("GET", "/nowhere", 404, "no-such-address"),
        ("GET", "/plans/", 404, "no-such-address"),
        ("GET", "/plans/00000000-0000-4000-8000-000000000001", 404, "plan-not-started"),
        ("PATCH", "/plans", 405, "method-not-allowed"),
        ("OPTIONS", "/policy", 405, "method-not-allowed"),
        ("GET", "/due-dates", 403, "role-needed"),
        ("GET", "/people?limit=0", 422, "not-valid"),
        ("GET", "/people?as_off=1", 422, "not-valid"),
        ("PUT", "/policy", 428, "precondition-required"),
    ],
)
def test_what_goes_wrong_is_a_problem_that_is_explained_here(
    stage, team, method, path, status, name
):
    body = {"terms": {}, "reason": "none"} if method == "PUT" else None
    told = team.api("Ada").request(method, path, json=body).problem(status, name)

    explained = stage.stranger.http.get(told.body["type"])
    assert (explained.status_code, told.body["title"] in explained.text) == (200, True)


def test_a_method_that_is_not_allowed_is_told_which_are(stage):
    told = stage.stranger.request("PATCH", "/plans").problem(405, "method-not-allowed")

    assert told.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b"\xff\xfe", 400, "malformed-body"),
        (b"{", 400, "malformed-body"),
        (b'{"title": "\xed\xa0\x80"}', 400, "malformed-body"),
        (b"[" * 5000, 400, "malformed-body"),
        (b"", 422, "not-valid"),
        (b'{"title": 7, "note": null}', 422, "not-valid"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(team, body, status, name):
    headers = {"Content-Type": "application/json"}

    told = team.api("Ada").request("POST", "/references", content=body, headers=headers)

    told.problem(status, name)


def test_a_body_must_say_that_it_is_json(team):
    headers = {"Content-Type": "text/plain"}

    told = team.api("Ada").request("POST", "/references", content=b"{}", headers=headers)

    told.problem(415, "unsupported-media-type")


def test_a_rule_that_says_no_tells_why(team):
    case = team.case("Ada", until="simple")
    task = f"/plans/{case.plan}/tasks/{case.task}"

    told = team.api("Ada").post(f"{task}/check-results", {"verdict": "keep"})

    assert told.problem(409, "month-not-met").body["details"]["ready_on"]


# What was looked at, and sent before


def test_what_has_not_changed_is_not_sent_again_nor_overwritten_when_it_has(team):
    ada = team.api("Ada")
    plan = ada.post("/plans").ok(201).location
    seen = ada.get(plan).etag

    again = ada.get(plan, headers={"If-None-Match": seen})
    assert (again.status, again.response.content) == (304, b"")
    ada.post(f"{plan}/examine-job", CALLS, match=seen).ok(200)
    ada.post(f"{plan}/examine-job", CALLS, match=seen).problem(412, "outdated")
    assert ada.get(plan).body["activities"] == ["calls"]


def test_a_reader_waits_for_a_write_and_reads_the_past_again(team):
    ada = team.api("Ada")
    plan = ada.post("/plans").ok(201).location
    before = ada.get(plan)
    written = ada.post(f"{plan}/examine-job", CALLS).ok(200)
    position = {"Countersign-Position": written.headers["countersign-position"]}

    assert ada.get(plan, headers=position).body["activities"] == ["calls"]
    past = before.headers["countersign-position"]
    assert ada.get(f"{plan}?as_of={past}").body == before.body
    ahead = {"Countersign-Position": "999999999"}
    ada.get(plan, headers=ahead).problem(412, "position-not-reached")


def test_what_is_sent_again_under_its_key_is_answered_the_same_to_the_byte(team):
    ada, key = team.api("Ada"), str(uuid4())
    first = ada.post("/references", {"title": "an article"}, key=key).ok(201)

    again = ada.post("/references", {"title": "an article"}, key=key).ok(201)

    assert again.response.content == first.response.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert len(ada.get("/references").body["items"]) == 1
    ada.post("/references", {"title": "another"}, key=key).problem(422, "command-reused")
    ada.post("/references", {"title": "x"}, key="a b").problem(400, "malformed-header")


def test_of_a_manager_and_a_stand_in_at_once_one_decides(team):
    """They have both looked; which of them is first is chance."""
    case = team.case("Ada", until="asked")
    team.appoints("Max", "Tess")
    request = f"/plans/{case.plan}/tasks/{case.task}/request"
    both = {name: team.api(name) for name in ("Max", "Tess")}
    seen = {name: each.get(request).ok(200).etag for name, each in both.items()}
    told, ready = {}, Barrier(2)

    def decide(name):
        ready.wait()
        accepting = deciding(case.result)
        told[name] = both[name].post(f"{request}/accept", accepting, match=seen[name])

    threads = [Thread(target=decide, args=[name]) for name in both]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    (won,) = [each for each in told.values() if each.status == 200]
    (lost,) = [each for each in told.values() if each is not won]
    assert won.names[0] == "approval.accepted"
    assert (lost.status, lost.body["title"]) in {(412, "Outdated"), (409, "Stale")}, lost.body
    decisions = team.api("Ada").get(request).body["decisions"]
    assert [each["card"]["level"] for each in decisions] == [1]


# Lists


def test_the_parts_of_a_list_make_the_whole(stage, team):
    ada = team.api("Ada")
    for number in range(5):
        ada.post("/references", {"title": f"article {number}"}).ok(201)
    whole = ada.get("/references").body["items"]
    parts, address = [], f"{stage.prefix}/references?limit=2"
    while address:
        told = anywhere(ada, address)
        parts.append(told.json()["items"])
        address = told.headers.get("link", "").partition(">")[0].removeprefix("<")

    assert [len(part) for part in parts] == [2, 2, 1]
    assert [item for part in parts for item in part] == whole


# Who sees what


def test_what_one_may_not_see_and_what_is_not_there_look_the_same(team):
    case = team.case("Ada", until="examined")

    for name in ("Bob", "Tess", "Hilda"):
        somebody = team.api(name)
        hidden = somebody.get(f"/plans/{case.plan}").problem(404, "plan-not-started")
        unknown = somebody.get(f"/plans/{uuid4()}").problem(404, "plan-not-started")
        assert hidden.body == unknown.body
        hidden = somebody.post(f"/plans/{case.plan}/abandon").problem(404, "plan-not-started")
        assert hidden.body == unknown.body


def test_what_one_sees_and_may_not_do_is_forbidden(team):
    case = team.case("Ada", until="asked")
    max_ = team.api("Max")

    max_.get(f"/plans/{case.plan}").ok(200)
    max_.post(f"/plans/{case.plan}/abandon").problem(403, "not-yours")
    team.api("Hilda").get(f"/plans/{case.plan}").ok(200)


def test_a_thing_of_another_case_is_not_there(team):
    case = team.case("Ada", until="noted")
    other = team.case("Bob", until="started")

    told = team.api("Ada").post(f"/plans/{other.plan}/results/{case.result}/tell")

    told.problem(404, "plan-not-started")


def test_reading_material_is_its_owners_alone(team):
    item = team.api("Ada").post("/references", {"title": "an article"}).ok(201).location

    assert team.api("Max").get(item).status == 404
    assert team.api("Max").post(f"{item}/discard", {}).status == 404
    team.api("Ada").get(item).ok(200)


def test_limits_and_headers_hold_wherever_it_is_embedded(team):
    told = team.api("Ada").post("/references", {"title": "x" * 2 * 2**20})

    told.problem(413, "body-too-large")
    assert told.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in told.headers["content-security-policy"]
    assert told.headers["x-request-id"]
