"""One employee's way over HTTP, from an ordinary day to being enabled."""

from datetime import timedelta

from countersign.interfaces.http.examples import FINDING, WISH


def test_a_plan_is_walked_and_accepted_by_two(on_sqlite, api):
    ada, max_, vera = api("Ada"), api("Max"), api("Vera")
    plan = ada.post("/plans").ok(201).location
    task = f"{plan}/tasks/{examined(ada, plan)}"
    practised(on_sqlite, ada, plan)
    ada.post(f"{task}/check-results", {"verdict": "keep"}).ok(200)
    result = ada.post(f"{plan}/results", {"task": task[-36:], "finding": FINDING}).ok(201).location
    ada.post(f"{plan}/review-activities", {"activities": ["mail"]}).ok(200)
    ada.post(f"{plan}/settle", {}).ok(200)
    request = ada.post(f"{task}/request").ok(201).location

    (waits,) = max_.get("/inbox?kind=decide").ok().body["items"]
    assert (waits["plan"], waits["level"]) == (plan[-36:], 1)
    for approver in (max_, vera):
        seen = approver.get(request).ok()
        decision = {
            "evidence": seen.body["evidence"]["number"],
            "result": result[-36:],
            "value_perceived": "direct",
        }
        approver.post(f"{request}/accept", decision, match=seen.etag).ok(200)

    assert ada.get(request).body["phase"] == "enabled"
    assert ada.get(plan).body["closed"] is None


def examined(ada, plan):
    told = ada.post(f"{plan}/examine-job", {"activities": ["mail"], "tasks": [WISH]}).ok(200)
    (task,) = [each["says"]["task"] for each in told.body["events"] if "identified" in each["name"]]
    use = {"point": "mornings", "purpose": "to find leads", "channels": ["LinkedIn"]}
    pinpointed = ada.put(f"{plan}/tasks/{task}/use", use, match=told.etag).ok(200)
    ada.put(f"{plan}/tasks/{task}/routine", {"actions": ["search"]}, match=pinpointed.etag).ok(200)
    return task


def practised(company, ada, plan):
    first = company.clock.today
    for weeks in range(6):
        day = first + timedelta(weeks=weeks)
        company.clock.go(day)
        ada.post(f"{plan}/entries", {"days": [{"on": day.isoformat()}]}).ok(200)


def test_a_request_is_returned_answered_and_withdrawn(on_sqlite, api):
    case = on_sqlite.case("Ada", until="asked")
    ada, max_ = api("Ada"), api("Max")
    request = f"/plans/{case.plan}/tasks/{case.task}/request"

    asked = max_.post(f"{request}/questions", {"text": "since when?"}).ok(201)
    assert max_.get(asked.location).body["text"] == "since when?"
    ada.post(f"{asked.location}/answer", {"text": "since March"}).ok(200)
    missing = {"evidence": 1, "missing": "which buyer?", "to_step": 6}
    max_.post(f"{request}/return", missing, match=max_.get(request).etag).ok(200)
    assert ada.get(request).body["phase"] == "returned"
    ada.post(f"{request}/withdraw").ok(200)

    assert ada.get(request).body["phase"] == "withdrawn"


def test_hr_keeps_people_and_policy(on_sqlite, api):
    hilda = api("Hilda")
    bob = f"/people/{on_sqlite.person('Bob')}"

    outsider = hilda.post("/outsiders", {"name": "Olga"}).ok(201).location
    assert hilda.get(outsider).body["kind"] == "outsider"
    line = {"manager": on_sqlite.person("Tess"), "effective": "2026-03-02"}
    hilda.put(f"{bob}/line", line, match=hilda.get(bob).etag).ok(200)
    assert hilda.get(bob).body["manager"] == on_sqlite.person("Tess")
    hilda.put(f"{bob}/roles/auditor").ok(200)
    assert hilda.get("/people?role=auditor").body["items"][0]["name"] == "Bob"
    hilda.delete(f"{bob}/roles/auditor").ok(200)
    hilda.put("/policy/holidays/2026", {"days": ["2026-04-03"]}).ok(200)
    assert hilda.get("/policy/holidays/2026").body["days"] == ["2026-04-03"]
    hilda.put("/policy", {"terms": {"rounds": 2}, "reason": "fewer"}).ok(200)
    assert api("Ada").get("/policy").body["terms"]["rounds"] == 2


def test_an_absence_and_a_stand_in_are_found_where_the_answer_says(on_sqlite, api):
    max_ = api("Max")
    me = f"/people/{on_sqlite.person('Max')}"
    fortnight = {"start": "2026-07-01", "end": "2026-07-15"}

    away = max_.post(f"{me}/absences", fortnight).ok(201).location
    assert max_.get(away).body["end"] == "2026-07-15"
    stand_in = {"stand_in": on_sqlite.person("Tess"), **fortnight}
    appointed = max_.post(f"{me}/stand-ins", stand_in).ok(201).location
    assert max_.get(appointed).body["stand_in"] == on_sqlite.person("Tess")
    max_.post(f"{appointed}/end", {"effective": "2026-07-08"}).ok(200)
    assert max_.get(appointed).body["end"] == "2026-07-08"
    max_.delete(away).ok(200)
    max_.get(away).problem(404, "not-found")
    assert max_.get(f"{me}/absences").body["items"] == []


def test_an_organisation_is_rehearsed_and_brought_in(on_sqlite, api):
    hilda = api("Hilda")
    rows = [
        {"number": "Zoe", "name": "Zoe", "manager": "Max"},
        {"number": "Yan", "name": "Yan", "manager": "nobody"},
    ]
    wanted = {"rows": rows, "effective": "2026-03-02"}

    refused = hilda.post("/organisation/import", wanted).problem(422, "rows-refused")
    assert [each["pointer"] for each in refused.body["errors"]] == ["#/rows/1/manager"]
    rows.pop()
    told = hilda.post("/organisation/rehearse", wanted).ok(200)
    assert told.body["would_change"]["employee.joined.v1"] == 1
    hilda.post("/organisation/import", wanted).ok(200)
    assert hilda.post("/look-up", {"known_as": "Zoe"}).body["name"] == "Zoe"


def test_reading_material_is_kept_and_thrown_away(on_sqlite, api):
    ada = api("Ada")

    item = ada.post("/references", {"title": "How readers choose"}).ok(201).location
    assert ada.get(item).body["title"] == "How readers choose"
    ada.post(f"{item}/discard", {}).ok(200)
    assert ada.get(item).body["discarded"] == "mis_saved"


def test_a_case_is_told_event_by_event(on_sqlite, api):
    case = on_sqlite.case("Ada", until="asked")
    ada = api("Ada")

    trail = ada.get(f"/plans/{case.plan}/audit-trail?limit=500").ok().body["items"]
    replay = ada.get(f"/plans/{case.plan}/replay").ok().body
    assert [each["position"] for each in replay["entries"]] == [e["position"] for e in trail]
    assert replay["board"]["plan"] == case.plan
    due = ada.get(f"/plans/{case.plan}/due-dates").ok().body["items"]
    assert {each["kind"] for each in due} >= {"remind", "overdue", "lapse"}


def test_what_was_recorded_by_then_can_be_read_again(on_sqlite, api):
    case = on_sqlite.case("Ada", until="examined")
    ada = api("Ada")
    earlier = ada.get(f"/plans/{case.plan}")
    case.walk("noted")

    position = earlier.headers["countersign-position"]
    assert ada.get(f"/plans/{case.plan}?as_of={position}").body == earlier.body
    moment = on_sqlite.clock.now.isoformat().replace("+", "%2B")
    assert ada.get(f"/plans/{case.plan}?as_of={moment}").body["step"] == 7
