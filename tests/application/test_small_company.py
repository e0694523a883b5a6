"""Twelve people, of whom some play several parts: nobody's two hats ever meet on one head."""

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.employee import Role
from countersign.domain.refusals import (
    CannotBeNamed,
    DecidedOtherLevel,
    InvolvedInCase,
    NotTheApprover,
    OwnWork,
    RoleNeeded,
)

CHART = {
    "Vera": None,
    "Hilda": "Vera",
    "Rob": "Vera",
    "Max": "Vera",
    "Ada": "Hilda",
    "Bob": "Hilda",
    "Carl": "Max",
    "Dora": "Max",
    "Emil": "Carl",
    "Fay": "Rob",
    "Gus": "Rob",
    "Ines": "Max",
}
"""Hilda is HR and a manager; Rob is HR, keeps the records and is a manager; Vera owns the house."""


def decides(company, name):
    """Whose tasks wait for somebody's decision."""
    return sorted(about for kind, about in company.inbox(name) if kind == "decide")


@pytest.fixture
def company(fresh_company):
    with fresh_company(CHART) as company:
        yield company


def test_an_hr_manager_accepts_as_manager_like_any_other(company):
    case = company.case("Ada", until="enabled")

    assert [company.name(each.approver) for each in case.request.decisions] == ["Hilda", "Vera"]


def test_an_hr_manager_names_nobody_for_their_own_report(company):
    case = company.case("Ada", until="asked")

    company.names_approver(case, 2, "Rob").refused(InvolvedInCase)
    company.names_approver(case, 2, "Max", by="Rob").then_events("approval.approver_named")


def test_hrs_own_plan_goes_up_the_line_and_the_other_hr_helps(company):
    case = company.case("Hilda", until="asked")
    case.accept("Hilda").refused(OwnWork)
    case.accept("Vera").then_events("approval.accepted")

    assert ("name_approver", "Hilda") in company.inbox("Rob")
    assert ("name_approver", "Hilda") not in company.inbox("Hilda")
    company.names_approver(case, 2, "Max", by="Hilda").refused(InvolvedInCase)
    company.names_approver(case, 2, "Rob", by="Rob").refused(InvolvedInCase)
    company.names_approver(case, 2, "Max", by="Rob").then_events("approval.approver_named")
    case.accept("Max").then_among("approval.enabled")


def test_with_both_of_hr_involved_a_third_must_be_given_the_role(company):
    """Hilda asks, and Rob has been named: neither may name the other level."""
    case = company.case("Hilda", until="asked")
    company.does("Rob", c.GrantRole(person=company.person("Dora"), role=Role.HR))
    company.names_approver(case, 2, "Rob", by="Dora").then_events("approval.approver_named")

    company.names_approver(case, 1, "Max", by="Rob").refused(InvolvedInCase)
    company.names_approver(case, 1, "Max", by="Dora").then_events("approval.approver_named")


def test_the_owner_of_the_house_is_accepted_by_two_whom_hr_names(company):
    case = company.case("Vera", until="asked")
    registered = company.does("Hilda", c.RegisterOutsider(name="Olga"))
    company.people["Olga"] = registered.events[0].stream
    registered = company.does("Hilda", c.RegisterOutsider(name="Otto"))
    company.people["Otto"] = registered.events[0].stream
    company.names_approver(case, 1, "Olga").then_events("approval.approver_named")
    company.names_approver(case, 2, "Otto").then_events("approval.approver_named")

    case.accept("Otto").refused(NotTheApprover, level=1)
    case.accept("Olga").then_events("approval.accepted")
    case.accept("Olga").refused(DecidedOtherLevel)
    case.accept("Otto").then_among("approval.enabled")


def test_a_manager_stands_in_for_the_other_and_decides_for_both_lines_but_never_twice(company):
    company.appoints("Hilda", "Max", days=200)
    of_ada, of_carl = company.case("Ada", until="asked"), company.case("Carl", until="asked")

    assert decides(company, "Max") == ["Ada", "Carl"]
    of_ada.accept("Max").then_events("approval.accepted")
    of_carl.accept("Max").then_events("approval.accepted")
    company.names_approver(of_ada, 2, "Max", by="Rob").refused(CannotBeNamed)
    of_ada.accept("Max").refused(DecidedOtherLevel)


def test_a_manager_with_a_plan_of_their_own_and_reports_with_theirs(company):
    own, reports = company.case("Carl", until="asked"), company.case("Emil", until="asked")

    assert decides(company, "Carl") == ["Emil"]
    own.accept("Carl").refused(OwnWork)
    reports.accept("Carl").then_events("approval.accepted")
    assert decides(company, "Max") == ["Carl", "Emil"]


def test_hr_without_a_part_sees_status_and_hr_as_manager_sees_evidence(company):
    case = company.case("Ada", until="asked")

    assert case.board("Rob").tasks[0].title is None
    assert case.board("Rob").tasks[0].results == ()
    assert case.board("Hilda").tasks[0].title == "find leads"
    assert case.board("Hilda").entries == ()


def test_a_role_gives_nothing_beyond_itself(company):
    company.does("Hilda", c.GrantRole(person=company.person("Gus"), role=Role.RECORDS))
    company.does("Hilda", c.GrantRole(person=company.person("Ines"), role=Role.ENGINEER))

    for name in ("Gus", "Ines", "Max", "Vera"):
        company.when(name, c.SetHolidays(year=2026, days=())).refused(RoleNeeded)


def test_everybody_walks_the_whole_way_and_the_house_stays_in_order(company):
    cases = [company.case(name, until="settled") for name in ("Emil", "Carl", "Ada", "Fay")]
    for case in cases:
        case.walk("enabled")

    for case in cases:
        first, second = case.request.decisions
        assert first.approver != second.approver
        assert company.person(case.owner) not in (first.approver, second.approver)
        assert first.card.evidence == second.card.evidence
    assert [decides(company, name) for name in CHART] == [[]] * len(CHART)
    due = company.ask("Hilda", q.DueDates())
    assert [each.kind for each in due] == ["renewal"] * 4 + ["expiry"] * 4
