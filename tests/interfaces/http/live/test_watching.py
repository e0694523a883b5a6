"""Whoever watches is told what they may see, from where they know on, until they may not."""

import threading
from uuid import uuid4

import pytest

from countersign import Actor
from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.employee import Role
from countersign.interfaces.http import edge
from countersign.interfaces.http.development import DevelopmentTokens
from countersign.interfaces.http.identity import Bearers, Unauthenticated
from countersign.interfaces.http.live import end_watches

INBOX = "/inbox/events"


def plan_of(case):
    return f"/plans/{case.plan}/events"


def kinds(said):
    return tuple([each["kind"] for each in said.data[way]] for way in ("came", "went"))


# Beginning


def test_it_begins_now_and_says_at_which_position_and_day(on_sqlite, place_here):
    head = on_sqlite.engine.position()
    with place_here.watches("Ada", INBOX) as ada:
        said = ada.next()

    assert (said.event, said.id, said.retry) == ("now", head, 3000)
    assert said.data == {"position": head, "day": "2026-03-02"}
    headers = ada.response.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert headers["countersign-position"] == str(head)


def test_the_employee_hears_each_event_of_their_plan(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="examined")
    with place_here.watches("Ada", plan_of(case)) as ada:
        ada.event("now")
        case.walk("pinpointed")
        first, second = ada.event("plan"), ada.event("plan")

    assert (first.name, second.name) == ("plan.use_pinpointed", "plan.step_completed")
    assert second.id == on_sqlite.engine.position() == second.data["position"]
    assert first.data["plan"] == case.plan


def test_a_manager_hears_that_what_they_see_has_changed(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="noted")
    with place_here.watches("Max", plan_of(case)) as max_:
        max_.event("now")
        case.does(c.TellResult(result=case.result))
        said = max_.event("plan")

    assert (said.id, said.data["name"]) == (on_sqlite.engine.position(), None)


def test_an_inbox_says_what_came_and_what_went(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="settled")
    with place_here.watches("Max", INBOX) as max_:
        max_.event("now")
        case.walk("asked")
        came = max_.event("inbox")
        case.walk("accepted")
        went = max_.event("inbox")

    assert kinds(came) == (["acknowledge", "decide"], [])
    assert kinds(went) == ([], ["decide"])
    assert went.data["went"] == came.data["came"][1:]


def test_hr_hears_of_a_level_that_nobody_holds(on_sqlite, place_here):
    case = on_sqlite.case("Vera", until="settled")
    with place_here.watches("Hilda", INBOX) as hilda:
        hilda.event("now")
        case.walk("asked")
        assert kinds(hilda.event("inbox")) == (["name_approver"], [])


def test_whoever_becomes_hr_while_watching_hears_it_too(on_sqlite, place_here):
    case = on_sqlite.case("Vera", until="asked")
    with place_here.watches("Bob", INBOX) as bob:
        bob.event("now")
        on_sqlite.does("Hilda", c.GrantRole(person=on_sqlite.person("Bob"), role=Role.HR))
        assert kinds(bob.event("inbox")) == (["name_approver"], [])
        case.does(c.WithdrawRequest(task=case.task))
        assert kinds(bob.event("inbox")) == ([], ["name_approver"])


def test_the_employee_hears_that_somebody_else_decides_now(on_sqlite, place_here):
    """It is no event of the plan, but what they see has changed."""
    case = on_sqlite.case("Ada", until="asked")
    with place_here.watches("Ada", plan_of(case)) as ada:
        ada.event("now")
        on_sqlite.moves("Ada", "Tess")
        said = ada.event("plan")

    assert said.data["name"] is None


# Going on


def test_it_goes_on_from_the_last_event_that_one_has(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="noted")
    every = [each.position for each in on_sqlite.engine.news.since(0) if each.case == case.plan]
    place = every[2]

    for path, headers in (
        (plan_of(case), {"Last-Event-ID": str(place)}),
        (f"{plan_of(case)}?after={place}", {}),
        (f"{plan_of(case)}?after=1", {"Last-Event-ID": str(place)}),
    ):
        with place_here.watches("Ada", path, **headers) as ada:
            assert ada.event("now").id == place
            assert [ada.event("plan").id for _ in every[3:]] == every[3:]


@pytest.mark.parametrize("path", [INBOX, "plan"])
def test_a_place_that_cannot_be_is_refused(on_sqlite, api, path):
    case = on_sqlite.case("Ada", until="examined")
    ada, path = api("Ada"), plan_of(case) if path == "plan" else path
    ahead = on_sqlite.engine.position() + 1

    for given in ("x", "", "-1", "1.5", "9" * 19):
        told = ada.get(path, headers={"Last-Event-ID": given})
        told.problem(400, "malformed-header")
    ada.get(path, headers={"Last-Event-ID": str(ahead)}).problem(412, "position-not-reached")
    ada.get(f"{path}?after={ahead}").problem(412, "position-not-reached")
    for query in ("after=x", "after=-1", "as_of=1", "aftr=1"):
        ada.get(f"{path}?{query}").problem(422, "not-valid")


def test_it_can_be_looked_for_without_waiting(on_sqlite, api):
    case = on_sqlite.case("Ada", until="examined")

    told = api("Ada").request("HEAD", plan_of(case)).ok(200)

    assert told.headers["content-type"].startswith("text/event-stream")
    assert told.headers["countersign-position"] == str(on_sqlite.engine.position())
    assert api("Bob").request("HEAD", plan_of(case)).status == 404
    told = api("Ada").post(INBOX).problem(405, "method-not-allowed")
    assert told.headers["allow"] == "GET, HEAD"


# Who may


def test_what_one_may_not_see_and_what_is_not_there_look_the_same(on_sqlite, api):
    case = on_sqlite.case("Ada", until="examined")

    hidden = api("Bob").get(plan_of(case)).problem(404, "plan-not-started")
    unknown = api("Bob").get(f"/plans/{uuid4()}/events").problem(404, "plan-not-started")
    assert hidden.body == unknown.body


def test_an_auditor_states_a_reason(on_sqlite, place_here):
    on_sqlite.does("Hilda", c.GrantRole(person=on_sqlite.person("Carl"), role=Role.AUDITOR))
    case = on_sqlite.case("Ada", until="asked")

    place_here.api("Carl").get(plan_of(case)).problem(404, "plan-not-started")
    with place_here.watches("Carl", f"{plan_of(case)}?reason=yearly+audit&after=0") as carl:
        carl.event("now")
        assert carl.event("plan").name == "employee.plan_opened"


def test_whoever_loses_sight_is_let_go_and_others_are_not(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="examined")
    with (
        place_here.watches("Max", plan_of(case)) as max_,
        place_here.watches("Ada", plan_of(case)) as ada,
    ):
        max_.event("now")
        ada.event("now")
        on_sqlite.moves("Ada", "Tess")
        assert max_.rest() == []
        case.walk("pinpointed")
        assert ada.event("plan").name == "plan.use_pinpointed"

    place_here.api("Max").get(plan_of(case)).problem(404, "plan-not-started")


def test_whoever_leaves_is_let_go(on_sqlite, place_here):
    with place_here.watches("Bob", INBOX) as bob:
        bob.event("now")
        on_sqlite.leaves("Bob")
        assert bob.rest() == []


def test_whoever_has_been_seen_and_leaves_before_watching_is_let_go(on_sqlite, place_here):
    """For five seconds a request may be believed; nothing would ring afterwards."""
    place_here.api("Bob").get("/me").ok(200)
    on_sqlite.leaves("Bob")
    with place_here.watches("Bob", INBOX) as bob:
        bob.event("now")
        assert bob.rest() == []


def test_with_the_token_the_watch_ends(on_sqlite, serve, wire):
    now = [1_000_000.0]
    tokens = DevelopmentTokens(wire.secret, lambda: now[0])
    resolver = Bearers(on_sqlite.engine, tokens, lambda: now[0])
    with serve(on_sqlite, resolver=resolver) as place:
        token = tokens.issue(on_sqlite.person("Ada"), seconds=1)
        shown = {"Authorization": f"Bearer {token}"}
        with place.http.stream("GET", f"/api/v1{INBOX}", headers=shown) as response:
            lines = response.iter_lines()
            assert next(lines) == "event: now"
            now[0] += 2
            assert [line for line in lines if line.startswith("event")] == []


def test_a_hosts_session_is_asked_for_again(on_sqlite, serve, monkeypatch):
    monkeypatch.setattr(edge, "TRUSTED_SECONDS", 0.01)
    person, asked = on_sqlite.person("Ada"), []

    def signed_in(request):
        asked.append(request)
        if len(asked) > 3:
            raise Unauthenticated
        return Actor(person)

    with serve(on_sqlite, resolver=signed_in) as place, place.watches("Ada", INBOX) as ada:
        ada.event("now")
        assert ada.rest() == []
    assert len(asked) == 4


def test_whoever_is_somebody_else_by_now_is_let_go(on_sqlite, serve, monkeypatch, caplog):
    monkeypatch.setattr(edge, "TRUSTED_SECONDS", 0.01)
    people = iter([on_sqlite.person("Ada"), *[on_sqlite.person("Bob")] * 2])

    def signed_in(request):
        return Actor(next(people))

    with serve(on_sqlite, resolver=signed_in) as place, place.watches("Ada", INBOX) as ada:
        ada.event("now")
        assert ada.rest() == []
    assert caplog.records == []


# While nothing happens


def test_a_sign_of_life_comes_when_nothing_else_does(on_sqlite, serve):
    with (
        serve(on_sqlite, watch_keep_alive_seconds=0.01) as place,
        place.watches("Ada", INBOX) as ada,
    ):
        ada.event("now")
        assert [ada.next().comment for _ in range(3)] == ["ping"] * 3


def test_a_new_day_is_told(on_sqlite, place_here):
    """With it lines and stand-ins may be others, and no event says so."""
    with place_here.watches("Ada", INBOX) as ada:
        begun = ada.event("now")
        on_sqlite.clock.wait(days=1)
        said = ada.event("now")

    assert (begun.data["day"], said.data["day"]) == ("2026-03-02", "2026-03-03")
    assert (said.id, said.retry) == (begun.id, None)


def test_whoever_leaves_on_a_later_day_is_let_go_on_that_day(on_sqlite, place_here):
    today = on_sqlite.clock.today
    leaving = c.RecordLeaving(
        person=on_sqlite.person("Bob"), effective=today.replace(day=today.day + 1)
    )
    on_sqlite.does("Hilda", leaving)
    with place_here.watches("Bob", INBOX) as bob:
        bob.event("now")
        on_sqlite.clock.wait(days=3)
        assert {each.event for each in bob.rest()} <= {"now"}, "the day at most"


# The end


def test_all_are_let_go_when_the_server_closes_and_whoever_comes_later_hears_the_rest(
    on_sqlite, serve
):
    case = on_sqlite.case("Ada", until="pinpointed")
    with serve(on_sqlite) as place:
        with place.watches("Ada", INBOX) as ada:
            ada.event("now")
            end_watches()
            assert ada.rest() == []
        with place.watches("Ada", f"{plan_of(case)}?after=0") as late:
            names = [each.name for each in late.rest()[1:]]

    assert names[0] == "employee.plan_opened"
    assert names[-1] == "plan.step_completed"


def listening():
    return [each for each in threading.enumerate() if each.name == "countersign-news"]


def test_one_thread_listens_for_all_and_goes_with_the_last(on_sqlite, place_here):
    with place_here.watches("Ada", INBOX) as ada, place_here.watches("Max", INBOX) as max_:
        ada.event("now")
        max_.event("now")
        (thread,) = listening()
    thread.join(60)

    assert listening() == []
    with place_here.watches("Ada", INBOX) as ada:
        ada.event("now")
        assert len(listening()) == 1


def test_nothing_is_told_that_is_text(on_sqlite, place_here):
    case = on_sqlite.case("Ada", until="asked")
    with (
        place_here.watches("Max", f"{INBOX}?after=0") as max_,
        place_here.watches("Ada", f"{plan_of(case)}?after=0") as ada,
    ):
        max_.event("now")
        ada.event("now")
        said = [max_.event("inbox"), ada.event("plan")]

    items = on_sqlite.ask("Max", q.Inbox(person=on_sqlite.person("Max")))
    assert {item.title for item in items} == {"find leads"}
    assert "find leads" not in str(said)
    assert "Ada" not in str(said)
