"""A command sent again under its key is carried out once and answered the same."""

import pytest

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def test_a_repeat_has_the_same_answer_to_the_byte(on_sqlite, api):
    ada = api("Ada")
    first = ada.post("/references", {"title": "an article"}, key=KEY).ok(201)
    before = on_sqlite.events()
    again = ada.post("/references", {"title": "an article"}, key=KEY).ok(201)

    assert again.response.content == first.response.content
    assert again.location == first.location
    assert again.headers["countersign-position"] == first.headers["countersign-position"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert on_sqlite.events() == before


def test_a_repeat_has_the_same_answer_after_a_restart(api, api_again):
    first = api("Ada").post("/plans", key=KEY).ok(201)

    again = api_again("Ada").post("/plans", key=KEY).ok(201)

    assert again.response.content == first.response.content


def test_a_key_is_good_for_one_content(api):
    ada = api("Ada")
    ada.post("/references", {"title": "an article"}, key=KEY).ok(201)

    ada.post("/references", {"title": "another"}, key=KEY).problem(422, "command-reused")
    ada.post("/plans", key=KEY).problem(422, "command-reused")


def test_a_key_is_its_senders_own(api):
    for name in ("Ada", "Bob"):
        api(name).post("/plans", key=KEY).ok(201)


def test_a_repeat_is_answered_whatever_has_happened_since(on_sqlite, api):
    """The version looked at has gone by, and the stand-in's time is over."""
    case = on_sqlite.case("Ada", until="asked")
    appointment = on_sqlite.appoints("Max", "Tess")
    request = f"/plans/{case.plan}/tasks/{case.task}/request"
    tess = api("Tess")
    decision = {"evidence": 1, "result": case.result, "value_perceived": "direct"}
    seen = tess.get(request).etag
    first = tess.post(f"{request}/accept", decision, match=seen, key=KEY).ok(200)
    on_sqlite.clock.wait(days=90)
    assert appointment
    assert tess.get(request).status == 200, "who decided keeps their own decision"

    again = tess.post(f"{request}/accept", decision, match=seen, key=KEY).ok(200)

    assert again.response.content == first.response.content


def test_a_refusal_is_not_remembered(on_sqlite, api):
    ada = api("Ada")
    first = ada.post("/plans").ok(201)
    ada.post("/plans", key=KEY).problem(409, "plan-already-open")
    ada.post(f"{first.location}/abandon").ok(200)

    ada.post("/plans", key=KEY).ok(201)


@pytest.mark.parametrize("key", [f'"{KEY}"', KEY, "a", "~" * 200])
def test_a_key_may_stand_in_quotation_marks(api, key):
    ada = api("Ada")
    ada.post("/plans", key=key).ok(201)

    assert ada.post("/plans", key=key.strip('"')).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("key", ["", " ", '""', "a b", "x" * 201])
def test_a_key_has_visible_characters(quiet_api, key):
    headers = {"Idempotency-Key": key}
    told = quiet_api("Ada").post("/references", {"title": "x"}, headers=headers)

    told.problem(400, "malformed-header")
