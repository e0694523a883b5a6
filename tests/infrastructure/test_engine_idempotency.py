"""The same command is done once, whoever repeats it, and however many at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.refusals import CommandReused, NotTheApprover

REPEATS = 20
WRITERS = 8


def test_the_same_command_returns_its_first_receipt(company):
    first = company.does("Ada", c.StartPlan(), command_id="begin")
    again = company.does("Ada", c.StartPlan(), command_id="begin")

    assert (first.repeated, again.repeated) == (False, True)
    assert again.position == first.position
    assert [(e.position, e.event, e.envelope) for e in again.events] == [
        (e.position, e.event, e.envelope) for e in first.events
    ]


def test_another_engine_remembers_too(company, also):
    first = company.does("Ada", c.StartPlan(), command_id="begin")
    again = also(company).does("Ada", c.StartPlan(), command_id="begin")

    assert again.repeated
    assert [each.stream for each in again.events] == [each.stream for each in first.events]


def test_what_happened_since_does_not_change_a_receipt(company):
    first = company.does("Ada", c.StartPlan(), command_id="begin")
    company.does("Ada", c.AbandonPlan(plan=first.events[1].stream))

    assert company.does("Ada", c.StartPlan(), command_id="begin").position == first.position


def test_the_same_id_for_another_command_is_refused(company):
    company.does("Ada", c.KeepItem(title="one"), command_id="mine")

    company.when("Ada", c.KeepItem(title="two"), command_id="mine").refused(CommandReused)
    company.when("Ada", c.StartPlan(), command_id="mine").refused(CommandReused)
    assert company.events().count("reference.kept") == 1


def test_two_people_may_use_the_same_id(company):
    company.does("Ada", c.StartPlan(), command_id="begin")

    assert not company.does("Bob", c.StartPlan(), command_id="begin").repeated


def test_a_refusal_is_not_remembered(company):
    case = company.case("Ada", until="asked")
    company.when("Tess", case.acceptance(), command_id="mine").refused(NotTheApprover)
    company.moves("Ada", "Tess")

    company.when("Tess", case.acceptance(), command_id="mine").then_events("approval.accepted")


def test_a_command_that_changed_nothing_is_remembered_as_such(company):
    zone = c.SetTimeZone(person=company.person("Ada"), time_zone="UTC")
    first = company.does("Ada", zone, command_id="mine")
    company.does("Bob", c.StartPlan())
    again = company.does("Ada", zone, command_id="mine")

    assert (first.events, again.events) == ((), ())
    assert (again.repeated, again.position) == (True, first.position)


def test_twenty_who_repeat_one_decision_make_one_event(company):
    case = company.case("Ada", until="asked")
    accepts = case.acceptance()
    with ThreadPoolExecutor(REPEATS) as pool:
        receipts = list(
            pool.map(lambda _: company.does("Max", accepts, command_id="accept"), range(REPEATS))
        )

    assert company.events().count("approval.accepted") == 1
    assert {receipt.position for receipt in receipts} == {receipts[0].position}
    assert sum(not receipt.repeated for receipt in receipts) == 1


def test_eight_writers_on_two_engines_are_each_acknowledged_once_and_see_their_own(company, also):
    engines = (company, also(company))
    names = [f"Writer{number}" for number in range(WRITERS)]
    company.import_rows(*(company.row(name, "Max") for name in names))
    before = len(company.events())

    def write(number):
        mine, name = engines[number % 2], names[number]
        question, seen = q.ReadingList(person=mine.person(name)), []
        for count in range(1, 6):
            receipt = mine.does(name, c.KeepItem(title=f"article {count}"))
            listed = len(mine.ask(name, question, after=receipt))
            seen.append((listed == count, receipt.position))
        return seen

    with ThreadPoolExecutor(WRITERS) as pool:
        done = list(pool.map(write, range(WRITERS)))

    assert all(saw_it for each in done for saw_it, _ in each)
    assert len({position for each in done for _, position in each}) == 5 * WRITERS
    assert positions(company)[before:] == list(range(before + 1, before + 5 * WRITERS + 1))


def test_eight_who_want_the_same_thing_get_it_once(company, also):
    engines = (company, also(company))

    def start(number):
        return engines[number % 2].when("Ada", c.StartPlan()).said

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(start, range(WRITERS)))

    assert company.events().count("plan.started") == 1


@pytest.mark.parametrize("name", ["Ada", "Max"])
def test_an_answer_after_a_receipt_of_another_engine_shows_it(company, also, name):
    receipt = also(company).does("Ada", c.StartPlan())
    who = q.PlanBoard(person=company.person("Ada"))

    assert company.ask(name, who, after=receipt).plan == receipt.events[1].stream


def positions(company):
    with company.house.database.reading() as tx:
        return [row[0] for row in tx.all("SELECT position FROM cs_event ORDER BY position")]
