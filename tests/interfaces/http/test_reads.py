"""Who has looked, over HTTP: shown to whom it concerns, in parts, and nothing is shown unlogged."""

import pytest

from countersign.application import commands as c
from countersign.domain.employee import Role


@pytest.fixture
def asked(on_sqlite):
    on_sqlite.import_rows(on_sqlite.row("Audrey", "Vera"))
    on_sqlite.does("Hilda", c.GrantRole(person=on_sqlite.person("Audrey"), role=Role.AUDITOR))
    return on_sqlite.case("Ada", until="asked")


def reads(case, api, path="/me/reads"):
    case.company.house.access_log.flush()
    return api("Ada").get(path).ok()


def whats(told):
    return [(each["reader_name"], each["sight"], each["what"]) for each in told.body["items"]]


def test_ones_own_page_says_who_has_looked_and_why(asked, api):
    api("Hilda").get(f"/plans/{asked.plan}").ok()
    api("Audrey").get(f"/plans/{asked.plan}?reason=yearly+audit").ok()
    told = reads(asked, api)

    assert whats(told) == [("Audrey", "auditor", "PlanBoard"), ("Hilda", "hr", "PlanBoard")]
    assert [each["reason"] for each in told.body["items"]] == ["yearly audit", None]
    assert {each["via"] for each in told.body["items"]} == {"http"}
    assert reads(asked, api, f"/people/{asked.company.person('Ada')}/reads").body == told.body


def test_it_comes_in_parts(asked, api):
    for _ in range(3):
        api("Hilda").get(f"/plans/{asked.plan}").ok()
    whole = reads(asked, api).body["items"]
    first = reads(asked, api, "/me/reads?limit=2")
    rest = api("Ada").get(first.headers["link"].partition("/api/v1")[2].partition(">")[0]).ok()

    assert first.body["items"] + rest.body["items"] == whole
    assert len(whole) == 3


@pytest.mark.parametrize("reader", ["Max", "Hilda", "Bob", "Audrey"])
def test_for_anybody_else_there_is_nothing(asked, api, reader):
    person = asked.company.person("Ada")

    api(reader).get(f"/people/{person}/reads").problem(404, "not-found")


def test_a_trail_of_a_plan_is_one_read(asked, api):
    api("Hilda").get(f"/plans/{asked.plan}/audit-trail").ok()

    assert whats(reads(asked, api)) == [("Hilda", "hr", "AuditTrail")]


def test_whoever_is_refused_has_seen_nothing(asked, api):
    """To know in which words to refuse, the engine looks; the actor is shown nothing."""
    api("Hilda").post(f"/plans/{asked.plan}/abandon", {}).problem(403, "not-yours")

    assert whats(reads(asked, api)) == []


def test_what_must_be_logged_and_cannot_be_is_not_shown(asked, api):
    with asked.company.house.database.writing() as tx:
        tx.run("DROP TABLE cs_access")
    told = api("Audrey").get(f"/plans/{asked.plan}?reason=yearly+audit")

    told.problem(503, "unavailable")
    assert "find leads" not in told.response.text
    assert api("Hilda").get(f"/plans/{asked.plan}").status == 200


def test_a_list_concerns_those_on_the_part_and_not_the_one_after(asked, api):
    """One more is asked for, to know whether there is more."""
    company = asked.company
    company.case("Bob", until="asked")
    assert len(api("Hilda").get("/plans?limit=1").ok().body["items"]) == 1
    company.house.access_log.flush()

    assert [whats(api(name).get("/me/reads").ok()) for name in ("Ada", "Bob")] == [
        [("Hilda", "hr", "Plans")],
        [],
    ]


def test_watching_a_plan_is_looking_at_it(asked, api):
    api("Hilda").get(f"/plans/{asked.plan}/events").ok(200)

    assert whats(reads(asked, api)) == [("Hilda", "hr", "PlanBoard")]
