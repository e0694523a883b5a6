"""Every route with every role: what one may not see is not there; what one may not do is 403."""

from copy import deepcopy
from datetime import date, timedelta
from uuid import uuid4

import pytest

from countersign.application import commands as c
from countersign.application.access import ACCESS, Who
from countersign.domain.employee import Role
from countersign.domain.hold import Scope
from countersign.interfaces.http.examples import EXAMPLES
from countersign.interfaces.http.router import actions, reads, watches

CAST = {
    "owner": "Ada",
    "manager": "Max",
    "next level": "Vera",
    "colleague": "Carl",
    "hr": "Hilda",
    "auditor": "Audrey",
    "records": "Renée",
    "engineer": "Eve",
}
ROLES = {
    "Audrey": Role.AUDITOR,
    "Renée": Role.RECORDS,
    "Eve": Role.ENGINEER,
}
EVERYBODY = set(CAST)

MAY: dict[Who, set[str]] = {
    Who.ANYONE: EVERYBODY,
    Who.OWNER: {"owner"},
    Who.MANAGER: {"manager"},
    Who.APPROVER: {"manager"},
    Who.PARTY: {"owner", "manager"},
    Who.SELF_OR_HR: {"owner", "hr"},
    Who.HR: {"hr"},
    Who.HR_FOR_ALL: {"hr"},
    Who.RECORDS: {"records", "hr"},  # Hilda is one as well
    Who.RECORDS_FIRST: {"records", "hr"},
    Who.SELF_OR_RECORDS: {"owner", "records", "hr"},
    Who.ENGINEER: {"engineer", "hr"},  # and this too
}

# Who sees what of Ada's plan, before anything is told and while level 1 decides.
SEES = {
    "untold": {
        "plan": {"owner", "manager"},
        "result": {"owner"},
        "request": set(),
        "trail": {"owner"},
    },
    "asked": {
        "plan": {"owner", "manager", "hr", "auditor"},
        "result": {"owner", "manager", "auditor"},
        "request": {"owner", "manager", "hr", "auditor"},
        "trail": {"owner", "hr", "auditor", "records"},
    },
}
UNTIL = {"untold": "settled", "asked": "asked"}
NEVER = '"999999"'
RECORDS = {"records", "hr", "auditor"}
"""Hilda of HR is a records manager as well."""


class Stage:
    """Ada's plan at a moment, something to read, an absence and a stand-in of hers."""

    def __init__(self, company, moment):
        chart = dict.fromkeys(ROLES, "Tess")
        company.import_rows(*(company.row(name, manager) for name, manager in chart.items()))
        for name, role in ROLES.items():
            company.does("Hilda", c.GrantRole(person=company.person(name), role=role))
        self.company = company
        self.case = company.case("Ada", until=UNTIL[moment])
        self.item = self.case.does(c.KeepItem(title="an article")).events[0].stream
        today = company.clock.today
        away = c.NoteAbsence(
            person=company.person("Ada"), start=today, end=today + timedelta(days=3)
        )
        self.absence = self.case.does(away).events[0].event.absence
        self.appointment = company.appoints("Ada", "Bob")
        scope = Scope(persons=(company.person("Bob"),))
        placed = company.does("Hilda", c.PlaceHold(scope=scope, matter="claim", authority="court"))
        self.hold = placed.events[0].said["hold"]
        company.does("Bob", c.KeepItem(title="a post"))
        (self.run,) = company.does(
            "Hilda", c.DraftErasure(person=company.person("Bob"), reason="asked for")
        ).events
        seen = self.run.said["fingerprint"]
        company.does("Rob", c.ApproveDisposal(run=self.run.stream, fingerprint=seen))
        company.does("Hilda", c.DestroyNext(run=self.run.stream))

    @property
    def named(self):
        return {
            "plan": self.case.plan,
            "task": self.case.task,
            "result": self.case.result,
            "item": self.item,
            "person": self.company.person("Ada"),
            "absence": self.absence,
            "appointment": self.appointment,
            "question": str(uuid4()),
            "entry": 1,
            "projection": "inbox",
            "role": "auditor",
            "year": 2026,
            "version": 1,
            "hold": self.hold,
            "run": self.run.stream,
            "certificate": self.run.said["certificate"],
        }

    def body(self, command):
        today = self.company.clock.today.isoformat()
        known = {
            "manager": self.company.person("Tess"),
            "stand_in": self.company.person("Rob"),
            "approver": self.company.person("Carl"),
            "task": self.case.task,
            "result": self.case.result,
            "effective": today,
            "person": self.company.person("Ada"),
            "items": [{"kind": "reference", "item": self.item, "stream": self.item}],
        }
        body = deepcopy(EXAMPLES.get(command.__name__, {}))
        return body | {name: known[name] for name in body if name in known}


@pytest.fixture(params=["untold", "asked"])
def moment(request):
    return request.param


@pytest.fixture
def stage(on_sqlite, moment):
    return Stage(on_sqlite, moment)


def seen_by(action_or_read, moment):
    """Who sees what the address names; None: anybody does."""
    path = action_or_read.path
    if path.startswith(("/disposals/{run}", "/certificates/", "/holds/", "/register/{item}")):
        return RECORDS | ({"owner"} if "{item}" in path else set())
    if "{item}" in path:
        return {"owner"}
    if "{plan}" not in path:
        return EVERYBODY
    if "{result}" in path:
        return SEES[moment]["result"]
    return SEES[moment]["plan"]


def expected(action, moment, part):
    """What the answer's status must be; None: whatever else the rules say."""
    may = MAY[ACCESS[action.command]]
    reasoned = any(each in action.path for each in ("{plan}", "{run}", "{hold}"))
    blind = {"auditor"} if reasoned else set()  # a command states no reason
    if part not in seen_by(action, moment) - blind:
        return 404
    if "/request/" in action.path and moment == "untold":
        return 404
    if action.command is c.SkipEvent and part in may:
        return 404  # nothing is held up
    return None if part in may else 403


def test_every_command_for_everybody(stage, moment, api):
    wrong = {}
    for action in actions():
        path = action.path.format(**stage.named)
        for part, name in CAST.items():
            want = expected(action, moment, part)
            told = api(name).request(
                action.method,
                path,
                json=stage.body(action.command),
                match=NEVER if want is None else "*",
            )
            if (told.status != want) if want else (told.status in (401, 403, 404)):
                wrong[action.command.__name__, part] = (told.status, want, told.response.text)

    assert wrong == {}


OPEN = {"/schedule", "/schedule/versions/{version}", "/register", "/disposals"}
OPEN |= {"/me", "/people", "/people/{person}", "/policy", "/policy/holidays/{year}", "/plans"}
OPEN |= {"/inbox", "/references", "/me/reads"}
READERS = {
    "/audit-trail": {"hr", "auditor", "records"},
    "/people/{person}/audit-trail": {"owner", "hr", "auditor", "records"},
    "/people/{person}/reads": {"owner", "auditor"},
    "/due-dates": {"hr", "records"},
    "/holds": RECORDS,
    "/funnel": {"hr"},
    "/projections": {"engineer", "hr"},  # Hilda is an engineer as well
}
MINE_AND_HRS = ("/calendar", "/absences", "/stand-ins")
NEEDS_A_ROLE = {"/due-dates", "/funnel", "/projections"}


def readers(read, moment):
    sees, path = SEES[moment], read.path
    if path in OPEN:
        return EVERYBODY
    if path in READERS:
        return READERS[path]
    if any(each in path for each in MINE_AND_HRS):
        return {"owner", "hr"}
    if "{question}" in path:
        return set()
    if path.endswith("/request"):
        return sees["request"]
    if path.endswith("/audit-trail"):
        return sees["trail"]
    if path.endswith("/replay"):
        return sees["trail"] & sees["plan"]
    if path == "/people/{person}/plan":
        return sees["plan"]
    return seen_by(read, moment)


def test_every_question_for_everybody(stage, moment, api):
    wrong = {}
    for read in reads():
        path = read.path.format(**stage.named)
        for part, name in CAST.items():
            may = part in readers(read, moment)
            want = 200 if may else 403 if read.path in NEEDS_A_ROLE else 404
            told = api(name).get(f"{path}?reason=yearly+audit" if part == "auditor" else path)
            if told.status != want:
                wrong[read.path, part] = (told.status, want, told.response.text[:200])

    assert wrong == {}


def watchers(watch, moment):
    """A plan is watched by whoever sees it or its trail."""
    sees = SEES[moment]
    return sees["plan"] | sees["trail"] if "{plan}" in watch.path else EVERYBODY


def test_every_watch_for_everybody(stage, moment, api):
    wrong = {}
    for watch in watches():
        path = f"{watch.path.format(**stage.named)}?after=0"
        for part, name in CAST.items():
            reason = "&reason=yearly+audit" if part == "auditor" else ""
            want = 200 if part in watchers(watch, moment) else 404
            told = api(name).get(path + reason)
            if told.status != want or (want == 200 and "event: now" not in told.response.text):
                wrong[watch.path, part] = (told.status, want, told.response.text[:200])

    assert wrong == {}


def test_an_auditor_without_a_reason_sees_no_case(stage, api):
    audrey = api("Audrey")

    audrey.get(f"/plans/{stage.case.plan}/events").problem(404, "plan-not-started")
    audrey.get(f"/plans/{stage.case.plan}").problem(404, "plan-not-started")
    audrey.get("/audit-trail").problem(404, "not-found")


def test_without_a_token_there_is_nothing_but_the_way_in(stage, stranger):
    routes = [(action.method, action.path) for action in actions()]
    routes += [("GET", read.path) for read in reads()]
    routes += [("GET", watch.path) for watch in watches()]
    for method, path in routes:
        told = stranger.request(method, path.format(**stage.named))
        told.problem(401, "unauthenticated")
        assert told.headers["www-authenticate"].startswith("Bearer ")


def test_what_is_hidden_and_what_is_not_there_look_the_same(stage, api):
    """Not even the words differ."""
    carl, nothing = api("Carl"), str(uuid4())
    for path, command in (("abandon", None), ("settle", {})):
        hidden = carl.post(f"/plans/{stage.case.plan}/{path}", command)
        unknown = carl.post(f"/plans/{nothing}/{path}", command)
        assert (hidden.status, hidden.body) == (unknown.status, unknown.body)
    for path in (f"/plans/{{}}/results/{stage.case.result}", "/plans/{}/audit-trail"):
        hidden = carl.get(path.format(stage.case.plan))
        unknown = carl.get(path.format(nothing))
        assert (hidden.status, hidden.body["detail"]) == (unknown.status, unknown.body["detail"])


def test_hr_is_not_told_by_a_trail_that_there_is_a_plan(on_sqlite, api):
    case = on_sqlite.case("Ada", until="examined")
    hilda = api("Hilda")

    hidden = hilda.get(f"/plans/{case.plan}/audit-trail").problem(404, "plan-not-started")
    unknown = hilda.get(f"/plans/{uuid4()}/audit-trail").problem(404, "plan-not-started")
    assert hidden.body == unknown.body


def test_hr_is_not_told_by_a_receipt_that_there_is_a_plan(on_sqlite, api):
    """An absence moves the end of Ada's month, in a plan that she has told nobody of."""
    case = on_sqlite.case("Ada", until="simple")
    case.does(c.LogPractice(plan=case.plan, days=DAYS))
    away = {"start": "2026-03-09", "end": "2026-03-23"}

    told = api("Hilda").post(f"/people/{on_sqlite.person('Ada')}/absences", away).ok(201)

    assert told.names == ["employee.absence_noted"]
    assert "plan.month_reckoned" in on_sqlite.events()[-2:]


DAYS = (c.PracticeDay(on=date(2026, 3, 2)),)


def test_a_stand_in_acknowledges_what_they_may_not_see(on_sqlite, api):
    """Who may is decided by the engine alone; sight only chooses the words of a refusal."""
    case = on_sqlite.case("Ada", until="noted")
    case.does(c.TellResult(result=case.result))
    on_sqlite.appoints("Max", "Tess")
    (waits,) = api("Tess").get("/inbox?kind=acknowledge").body["items"]
    result = f"/plans/{waits['plan']}/results/{waits['result']}"

    api("Tess").get(result).problem(404, "plan-not-started")
    assert api("Tess").post(f"{result}/acknowledge").ok(200).names == ["result.acknowledged"]


def test_a_result_is_found_in_its_own_plan_only(on_sqlite, api):
    case = on_sqlite.case("Ada", until="noted")
    other = on_sqlite.case("Bob", until="started")

    api("Ada").post(f"/plans/{other.plan}/results/{case.result}/tell").problem(
        404, "plan-not-started"
    )
    case.walk("settled")
    api("Ada").post("/plans").problem(409, "plan-already-open")


def test_whoever_has_left_is_out(on_sqlite, api):
    bob = api("Bob")
    on_sqlite.leaves("Bob")

    bob.get("/me").problem(403, "unknown-actor")
    bob.post("/plans").problem(403, "unknown-actor")
