"""What was answered lately is given again until anything is written, and never its text."""

from dataclasses import replace
from datetime import date

import pytest

from countersign.application.questions import Inbox, PersonView, PlanBoard, WhoIs
from countersign.domain.employee import Kind
from countersign.domain.sealed import Erased
from countersign.infrastructure.projector.copies import Copy
from countersign.infrastructure.projector.given import Given, alike

LIVE = Copy(1, "people", 1, "live", 7, 1_000, 0.0, 0, 0, 0, None)
TODAY = date(2026, 3, 2)
ADA = PersonView(
    person="ada", kind=Kind.EMPLOYEE, name=None, email=None, time_zone="UTC", serves=True
)


def asked(question):
    return question, None, TODAY


@pytest.fixture
def given():
    given = Given()
    given.put([LIVE], asked(WhoIs(known_as="ada")), ADA)
    return given


def test_an_answer_is_given_again(given):
    assert given.get([LIVE], asked(WhoIs(known_as="ada"))) is ADA


def test_as_of_another_moment_or_day_it_is_another_question(given):
    assert given.get([LIVE], (WhoIs(known_as="ada"), 7, TODAY)) is None
    assert given.get([LIVE], (WhoIs(known_as="ada"), None, date(2026, 3, 3))) is None


@pytest.mark.parametrize(
    "moved", [{"position": 8}, {"updated": 1_001}, {"number": 2}, {"shrunk": 1}]
)
def test_all_is_forgotten_when_a_copy_has_moved(given, moved):
    other = replace(LIVE, **moved)
    assert given.get([other], asked(WhoIs(known_as="ada"))) is None
    given.put([other], asked(WhoIs(known_as="bob")), ADA.model_copy(update={"person": "bob"}))
    assert given.get([LIVE], asked(WhoIs(known_as="ada"))) is None


@pytest.mark.parametrize("held_up", [{"quarantined": 1}, {"attempts": 1}])
def test_nothing_is_kept_while_a_copy_is_held_up(held_up):
    given, copy = Given(), replace(LIVE, **held_up)
    given.put([copy], asked(WhoIs(known_as="ada")), ADA)
    assert given.get([copy], asked(WhoIs(known_as="ada"))) is None


def test_nothing_is_kept_by_a_reason_or_a_number(given):
    given.put([LIVE], asked(WhoIs(known_as="1042")), ADA)
    assert given.get([LIVE], asked(WhoIs(known_as="1042"))) is None
    stated = PlanBoard(person="ada", reason="a complaint")
    given.put([LIVE], asked(stated), ADA)
    assert given.get([LIVE], asked(stated)) is None


def test_parts_and_kinds_of_an_inbox_are_chosen_from_one_answer():
    part = Inbox(person="ada", kind="decide", skip=50, limit=51)
    assert alike(part) == Inbox(person="ada")


def test_text_is_opened_anew_for_everybody_who_asks(company):
    """It goes without anything being written: keys are destroyed beside the journal."""
    case = company.case("Ada", until="asked")
    assert case.board().tasks[0].title == case.board().tasks[0].title != None  # noqa: E711
    house = company.house
    with house.database.reading() as tx:
        units = tx.all("SELECT unit, key_id FROM cs_unit")
    house.vault.keyring.destroy([key for _, key in units], {unit: "C-1" for unit, _ in units})
    assert case.board().tasks[0].title == Erased(certificate="C-1")
