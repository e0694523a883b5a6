"""A caller may say what it looked at; a command on anything else is refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from countersign.application import commands as c
from countersign.application.aggregates import POLICY_STREAM
from countersign.domain.policy import Terms
from countersign.domain.refusals import (
    NotYours,
    Outdated,
    PlanNotStarted,
    Refusal,
    UnknownRequest,
    UnknownResult,
)


@pytest.fixture
def case(on_sqlite):
    return on_sqlite.case("Ada", until="asked")


def test_a_command_on_the_version_that_was_looked_at_is_carried_out(company):
    case = company.case("Ada", until="examined")
    seen = {case.plan: company.engine.version(case.plan)}
    park = c.ParkTask(plan=case.plan, task=case.task)

    company.when("Ada", park, expecting=seen).then_among("plan.task_parked")


def test_a_command_on_an_earlier_version_is_outdated(company):
    case = company.case("Ada", until="examined")
    seen = {case.plan: company.engine.version(case.plan)}
    case.walk("pinpointed")
    before = company.events()
    park = c.ParkTask(plan=case.plan, task=case.task)

    company.when("Ada", park, expecting=seen).refused(Outdated)
    assert company.events() == before


def test_of_two_who_saw_the_same_policy_one_writes(company):
    seen = {POLICY_STREAM: company.engine.version(POLICY_STREAM)}
    first = c.SetPolicy(terms=Terms(rounds=2), reason="fewer")
    second = c.SetPolicy(terms=Terms(rounds=4), reason="more")

    company.when("Hilda", first, expecting=seen).then_events("policy.set")
    company.when("Rob", second, expecting=seen).refused(Outdated)


def test_of_many_at_once_who_saw_the_same_policy_one_writes(company):
    seen = {POLICY_STREAM: company.engine.version(POLICY_STREAM)}

    def sets(backdate):
        command = c.SetPolicy(terms=Terms(backdate_days=backdate), reason="another")
        return company.when("Hilda", command, expecting=seen).said

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(sets, range(10, 26)))

    assert [type(each) for each in said if isinstance(each, Refusal)] == [Outdated] * 15
    assert company.engine.version(POLICY_STREAM) == seen[POLICY_STREAM] + 1


class Overtaken(dict[str, int]):
    """What somebody looked at; right after the look it is held against, another is faster."""

    def __init__(self, seen, faster):
        super().__init__(seen)
        self.faster = [faster]

    def items(self):
        yield from super().items()
        while self.faster:
            self.faster.pop()()


def test_who_is_overtaken_between_the_look_and_the_decision_is_outdated(company):
    """On SQLite nobody can be: whoever decides holds the lock from the first look on."""

    def policy(days):
        return c.SetPolicy(terms=Terms(backdate_days=days), reason="another")

    seen = {POLICY_STREAM: company.engine.version(POLICY_STREAM)}
    faster = {
        "postgresql": lambda: company.does("Rob", policy(10)),
        "sqlite": lambda: None,
    }[company.house.database.dialect]
    told = company.when("Hilda", policy(12), expecting=Overtaken(seen, faster))

    if company.house.database.dialect == "postgresql":
        told.refused(Outdated)
    else:
        told.then_events("policy.set")
    assert company.engine.version(POLICY_STREAM) == seen[POLICY_STREAM] + 1


def test_a_repeat_is_answered_before_it_is_asked_what_was_seen(company):
    case = company.case("Ada", until="examined")
    words = {"expecting": {case.plan: company.engine.version(case.plan)}, "command_id": "once"}
    park = c.ParkTask(plan=case.plan, task=case.task)
    first = company.does("Ada", park, **words)

    assert company.does("Ada", park, **words).events[0].position == first.events[0].position


def test_who_may_not_is_told_so_before_what_was_seen(case):
    park = c.ParkTask(plan=case.plan, task=case.task)

    case.company.when("Carl", park, expecting={case.plan: 1}).refused(NotYours)


def test_what_lies_in_another_plan_is_not_found(case):
    other = case.company.case("Carl", until="started").plan
    company = case.company

    company.when("Ada", c.ShowResult(result=case.result), case=other).refused(UnknownResult)
    company.when("Max", case.acceptance(), case=other).refused(UnknownRequest)
    company.when("Ada", c.AbandonPlan(plan=case.plan), case=other).refused(PlanNotStarted)
    company.when("Max", case.acceptance(), case=case.plan).then_among("approval.accepted")


def test_the_journal_says_where_it_stands(case):
    engine = case.company.engine

    assert engine.position() == len(case.company.events())
    assert engine.version("no stream") == 0
    assert engine.whose("number", "Ada") == case.company.person("Ada")
    assert engine.whose("login", "Ada") is None
    assert engine.whose("email", " ") is None
    assert engine.whose("oidc", "a subject", "an issuer") is None
