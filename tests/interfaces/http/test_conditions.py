"""What was looked at, what was written, and what is already known."""

import pytest

from countersign.application import commands as c
from countersign.domain.policy import Terms


@pytest.fixture
def plan(on_sqlite):
    return f"/plans/{on_sqlite.case('Ada', until='examined').plan}"


def test_what_has_not_changed_is_not_sent_again(plan, api):
    ada = api("Ada")
    seen = ada.get(plan).etag

    for known in (seen, f"W/{seen}", f'"other", {seen}', "*"):
        told = ada.get(plan, headers={"If-None-Match": known})
        assert (told.status, told.response.content, told.etag) == (304, b"", seen)
    assert ada.get(plan, headers={"If-None-Match": '"1"'}).status == 200


def test_a_tag_changes_with_whatever_is_seen(on_sqlite, api):
    """Also when the plan's own stream has not moved: a result told, a level decided."""
    case = on_sqlite.case("Ada", until="noted")
    plan, ada = f"/plans/{case.plan}", api("Ada")
    first = ada.get(plan).etag
    case.does(c.TellResult(result=case.result))
    second = ada.get(plan).etag

    assert first != second
    assert first.partition(".")[0] == second.partition(".")[0]


def test_a_tag_is_of_what_this_reader_sees(on_sqlite, api):
    case = on_sqlite.case("Ada", until="asked")
    plan = f"/plans/{case.plan}"

    assert api("Ada").get(plan).etag != api("Hilda").get(plan).etag


def test_what_was_changed_meanwhile_is_not_overwritten(plan, api):
    ada = api("Ada")
    seen = ada.get(plan).etag
    ada.post(f"{plan}/examine-job", {"activities": ["calls"]}, match=seen).ok(200)

    told = ada.post(f"{plan}/examine-job", {"activities": ["tea"]}, match=seen)

    told.problem(412, "outdated")
    assert "calls" in ada.get(plan).body["activities"]


def test_a_command_leaves_a_tag_for_the_next(plan, api):
    ada = api("Ada")
    left = ada.post(f"{plan}/examine-job", {"activities": ["calls"]}).etag

    again = ada.post(f"{plan}/examine-job", {"activities": ["mail"]}, match=left).ok(200)
    assert again.etag != left


@pytest.mark.parametrize("tags", ['"x"', "W/{seen}", '"0"', "nonsense", '"1", "2"'])
def test_what_is_no_tag_of_ours_matches_nothing(plan, api, tags):
    ada = api("Ada")
    seen = ada.get(plan).etag

    told = ada.post(f"{plan}/abandon", match=tags.format(seen=seen))

    told.problem(412, "outdated")


def test_one_of_several_tags_is_enough(plan, api):
    ada = api("Ada")
    seen = ada.get(plan).etag

    ada.post(f"{plan}/abandon", match=f'"1", {seen}').ok(200)


def test_what_replaces_or_decides_must_say_what_it_looked_at(on_sqlite, api):
    case = on_sqlite.case("Ada", until="asked")
    request = f"/plans/{case.plan}/tasks/{case.task}/request"
    accept = {"evidence": 1, "result": case.result, "value_perceived": "direct"}
    body = {"terms": {}, "reason": "none"}

    api("Max").post(f"{request}/accept", accept).problem(428, "precondition-required")
    api("Hilda").request("PUT", "/policy", json=body).problem(428, "precondition-required")


@pytest.mark.parametrize(("first", "second"), [("Tess", "Max"), ("Max", "Tess")])
@pytest.mark.parametrize("verb", ["accept", "decline", "return"])
def test_of_two_who_decide_at_once_the_second_is_outdated(on_sqlite, api, first, second, verb):
    """The manager and the stand-in have both looked; the stand-in may not look again."""
    case = on_sqlite.case("Ada", until="asked")
    on_sqlite.appoints("Max", "Tess")
    request = f"/plans/{case.plan}/tasks/{case.task}/request"
    seen = {name: api(name).get(request).etag for name in (first, second)}
    decisions = {
        "accept": {"evidence": 1, "result": case.result, "value_perceived": "direct"},
        "decline": {"evidence": 1, "reason": "not now"},
        "return": {"evidence": 1, "missing": "which buyer?", "to_step": 6},
    }

    api(first).post(f"{request}/accept", decisions["accept"], match=seen[first]).ok(200)
    told = api(second).post(f"{request}/{verb}", decisions[verb], match=seen[second])

    told.problem(412, "outdated")


def test_that_it_is_outdated_is_told_to_nobody_else(on_sqlite, api):
    """Not to whoever has guessed, nor to a stand-in whose time had not begun or was over."""
    case = on_sqlite.case("Ada", until="asked")
    on_sqlite.appoints("Max", "Carl", days=3)
    on_sqlite.clock.wait(days=5)
    request = f"/plans/{case.plan}/tasks/{case.task}/request"
    decline = {"evidence": 1, "reason": "not now"}
    case.accept("Max")
    on_sqlite.appoints("Max", "Tess")

    for name in ("Bob", "Carl", "Tess"):
        told = api(name).post(f"{request}/decline", decline, match='"1"')
        told.problem(404, "plan-not-started")


def test_a_decision_on_other_evidence_is_stale(on_sqlite, api):
    case = on_sqlite.case("Ada", until="asked")
    request = f"/plans/{case.plan}/tasks/{case.task}/request"
    case.note("another lead")
    case.does(c.AddEvidence(result=case.result, evidence=c.EvidenceWish(title="a page")))
    accept = {"evidence": 1, "result": case.result, "value_perceived": "direct"}

    told = api("Max").post(f"{request}/accept", accept, match="*")

    told.problem(409, "stale-evidence")
    assert told.body["details"] == {"seen": 1, "current": 2}


def test_a_policy_that_another_has_set_meanwhile_is_not_overwritten(on_sqlite, api):
    seen = api("Hilda").get("/policy").etag
    on_sqlite.does("Rob", c.SetPolicy(terms=Terms(rounds=4), reason="more"))
    body = {"terms": {"rounds": 2}, "reason": "fewer"}

    api("Hilda").put("/policy", body, match=seen).problem(412, "outdated")


def test_a_tag_of_the_past_is_no_ground_to_change_the_present(plan, api):
    ada = api("Ada")
    position = ada.get(plan).headers["countersign-position"]
    past = ada.get(f"{plan}?as_of={position}").etag

    ada.post(f"{plan}/abandon", match=past).problem(412, "outdated")


def test_a_reader_elsewhere_waits_for_a_write(plan, api):
    ada = api("Ada")
    written = ada.post(f"{plan}/examine-job", {"activities": ["calls"]})
    position = written.headers["countersign-position"]

    told = ada.get(plan, headers={"Countersign-Position": position})

    assert int(told.headers["countersign-position"]) >= int(position)
    assert told.body["activities"][-1] == "calls"


def test_a_position_that_was_never_given_is_not_waited_for(plan, api):
    headers = {"Countersign-Position": "999999999"}
    api("Ada").get(plan, headers=headers).problem(412, "position-not-reached")
    for wrong in ("-1", "x", "9" * 30, ""):
        headers = {"Countersign-Position": wrong}
        api("Ada").get(plan, headers=headers).problem(400, "malformed-header")
