"""A look: questions that belong together are of one moment, and never older than it says."""

from uuid import uuid4

import pytest

from countersign.application.commands import KeepItem
from countersign.application.questions import PlanBoard, ReadingList


@pytest.fixture
def case(company):
    return company.case("Ada", until="asked")


@pytest.fixture
def look(company):
    return company.engine.look()


def test_it_says_where_the_journal_and_a_stream_stand(company, case, look):
    assert look.place(case.plan) == (company.engine.position(), company.engine.version(case.plan))
    assert look.place() == (company.engine.position(), 0)


@pytest.mark.parametrize("stream", [str(uuid4()), "nothing of ours", ""], ids=["new", "odd", "no"])
def test_what_nothing_was_written_to_stands_at_the_beginning(company, case, look, stream):
    assert look.place(stream) == (company.engine.position(), 0)


def test_an_empty_journal_is_looked_at_too(nobody_yet):
    assert nobody_yet.engine.look().place() == (0, 0)


def test_what_is_asked_again_is_what_it_was(company, case, look):
    before, _ = look.place(case.plan)
    first = case.board(look=look)
    case.accept("Max")
    assert case.board(look=look) == first
    assert case.board() != first
    assert company.engine.position() > before


def test_what_was_not_asked_yet_is_as_new_as_can_be(company, case, look):
    look.place(case.plan)
    kept = company.does("Ada", KeepItem(title="an article"))
    reading = company.ask("Ada", ReadingList(person=company.person("Ada")), look=look)
    assert [item.item for item in reading] == [kept.events[0].stream]


def test_ones_own_write_is_waited_for_all_the_same(company, case, look):
    look.place(case.plan)
    first = case.board(look=look)
    written = company.does("Max", case.acceptance())
    again = company.ask("Ada", PlanBoard(plan=case.plan), look=look, after=written)
    assert again != first
    assert again == case.board()
