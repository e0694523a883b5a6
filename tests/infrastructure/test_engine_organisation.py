"""An organisation file through the engine: all or nothing, twice is once, one cell is one event."""

from datetime import timedelta

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.employee import Kind
from countersign.domain.refusals import IdentityTaken, OwnManager, RowsRefused, UnknownPerson


def rows(company, **changed):
    """Five people with everything filled in; `changed` replaces cells of one person's row."""
    found = []
    chart = (("Vera", None), ("Max", "Vera"), ("Ada", "Max"), ("Bob", "Max"), ("Tess", "Vera"))
    for number, (name, manager) in enumerate(chart, 2):
        cells = {"row": number, "email": f"{name}@x.example", "login": name.lower()}
        cells |= {"time_zone": "Europe/Amsterdam", "weekdays": (0, 1, 2, 3)}
        whole = company.row(name, manager, **cells).model_dump() | changed.get(name, {})
        found.append(c.PersonRow.model_validate(whole))
    return tuple(found)


def imports(company, wanted, effective=None):
    effective = effective or company.clock.today
    return company.when("Hilda", c.ImportOrganisation(rows=wanted, effective=effective))


def test_the_same_file_twice_changes_nothing(company):
    imports(company, rows(company))

    imports(company, rows(company)).then_events()
    company.clock.wait(days=30)
    imports(company, rows(company)).then_events()


@pytest.mark.parametrize(
    ("cell", "event"),
    [
        ({"name": "Ada Lovelace"}, "employee.profile_noted"),
        ({"email": "other@x.example"}, "employee.profile_noted"),
        ({"time_zone": "Asia/Tokyo"}, "employee.time_zone_set"),
        ({"manager": "Tess"}, "employee.line_set"),
        ({"weekdays": (0, 1)}, "employee.working_days_set"),
    ],
)
def test_one_changed_cell_is_exactly_one_event(company, cell, event):
    imports(company, rows(company))

    imports(company, rows(company, Ada=cell)).then_events(event)
    imports(company, rows(company, Ada=cell)).then_events()


def test_a_changed_login_is_no_event_and_found_from_then_on(company):
    imports(company, rows(company))
    imports(company, rows(company, Ada={"login": "alovelace"})).then_events()

    view = company.ask("Ada", q.WhoIs(known_as="alovelace"))
    assert view.person == company.person("Ada")


def test_somebody_who_left_by_the_file_has_left(company):
    imports(company, rows(company))
    gone = rows(company, Bob={"left_on": company.clock.today})
    imports(company, gone).then_events("employee.left")

    assert not company.ask("Ada", q.WhoIs(known_as="Bob")).serves
    imports(company, gone).then_events()


def test_an_address_moves_from_one_person_to_another(company):
    imports(company, rows(company))
    moved = rows(company, Ada={"email": None}, Bob={"email": "Ada@x.example"})
    imports(company, rows(company, Ada={"email": None})).then_events("employee.profile_noted")
    imports(company, moved).then_events("employee.profile_noted")

    view = company.ask("Hilda", q.WhoIs(known_as="Ada@x.example"))
    assert view.person == company.person("Bob")


def test_an_address_moves_within_one_file(company):
    """The one gives it up and the other takes it, in whichever order they stand."""
    imports(company, rows(company))
    swapped = rows(company, Ada={"email": "Bob@x.example"}, Bob={"email": "Ada@x.example"})
    imports(company, swapped).then_events("employee.profile_noted", "employee.profile_noted")

    for name, other in (("Ada", "Bob"), ("Bob", "Ada")):
        view = company.ask("Hilda", q.WhoIs(known_as=f"{name}@x.example"))
        assert view.person == company.person(other)


def test_an_old_address_leads_to_nobody(company):
    imports(company, rows(company))
    imports(company, rows(company, Ada={"email": "new@x.example"}))

    with pytest.raises(UnknownPerson):
        company.ask("Hilda", q.WhoIs(known_as="Ada@x.example"))


def test_an_old_login_leads_to_nobody(company):
    imports(company, rows(company))
    imports(company, rows(company, Ada={"login": "alovelace"}))

    with pytest.raises(UnknownPerson):
        company.ask("Hilda", q.WhoIs(known_as="ada"))


def test_an_address_is_the_same_in_capitals(company):
    imports(company, rows(company))

    view = company.ask("Hilda", q.WhoIs(known_as="ADA@X.EXAMPLE"))
    assert view.person == company.person("Ada")


@pytest.mark.parametrize(
    ("changed", "row", "column"),
    [
        ({"Ada": {"manager": "Nobody"}}, 4, "manager"),
        ({"Ada": {"manager": "Ada"}}, 4, "manager"),
        ({"Max": {"manager": "Ada"}}, 3, "manager"),
        ({"Bob": {"email": "Ada@x.example"}}, 5, "email"),
        ({"Bob": {"login": "ADA"}}, 5, "login"),
        ({"Bob": {"number": "Ada"}}, 5, "number"),
        ({"Ada": {"time_zone": "Mars/Olympus"}}, 4, "time_zone"),
        ({"Vera": {"manager": "Hilda", "top": True}}, 2, "top"),
        ({"Ada": {"kind": Kind.OUTSIDER}}, 4, "kind"),
    ],
)
def test_a_bad_row_is_named_and_nothing_at_all_is_imported(company, changed, row, column):
    wanted = rows(company, **changed)
    before = company.events()
    refused = imports(company, wanted).refused(RowsRefused)

    assert (row, column) in {(each.row, each.column) for each in refused.said.details["problems"]}
    assert all(each.remedy for each in refused.said.details["problems"])
    assert company.events() == before


def test_an_address_of_somebody_outside_the_file_is_named(company):
    imports(company, rows(company))
    zoe = company.row("Zoe", "Max", row=2, email="Ada@x.example")

    refused = imports(company, (zoe,)).refused(RowsRefused, count=1)
    assert [each.column for each in refused.said.details["problems"]] == ["email"]


def test_every_bad_row_is_named_at_once(company):
    wanted = rows(company, Ada={"manager": "Nobody"}, Bob={"time_zone": "Mars/Olympus"})

    imports(company, wanted).refused(RowsRefused, count=2)


def test_who_is_missing_from_a_file_stays(company):
    imports(company, rows(company))
    imports(company, rows(company)[:2]).then_events()

    assert company.ask("Hilda", q.WhoIs(known_as="Ada")).serves


def test_a_file_for_a_later_day_takes_effect_on_that_day(company):
    imports(company, rows(company))
    day = company.clock.today + timedelta(days=10)
    imports(company, rows(company, Ada={"manager": "Tess"}), effective=day)

    who = q.WhoIs(known_as="Ada")
    assert company.name(company.ask("Ada", who).manager) == "Max"
    assert company.name(company.ask("Ada", who, effective=day).manager) == "Tess"


def test_an_outsiders_address_is_nobody_elses(company):
    company.does("Hilda", c.RegisterOutsider(name="Olga", email="olga@y.example"))

    again = c.RegisterOutsider(name="Oleg", email="OLGA@y.example")
    company.when("Hilda", again).refused(IdentityTaken, kind="email")


def test_nobody_is_set_under_themselves(company):
    ada = company.person("Ada")
    line = c.SetLine(person=ada, manager=ada, effective=company.clock.today)

    company.when("Hilda", line).refused(OwnManager)


def test_a_vacancy_is_climbed_over(company):
    post = company.row("Post", "Vera", kind=Kind.VACANCY)
    company.import_rows(post, company.row("Ada", "Post"))
    case = company.case("Ada", until="asked")

    case.accept("Vera").then_events("approval.accepted")
    assert ("name_approver", "Ada") in company.inbox("Hilda")
