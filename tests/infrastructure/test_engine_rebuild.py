"""What is kept beside the journal is made of the journal, and of nothing else."""

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.hold import Scope
from countersign.domain.lifecycle import Step
from countersign.domain.refusals import DecidedOtherLevel, NotTheApprover
from countersign.infrastructure.projector.progress import Progress


@pytest.fixture
def story(company):
    """A bit of everything; the answers' tables all have rows."""
    company.appoints("Tess", "Carl")
    case = company.case("Ada", until="accepted")
    company.does("Vera", c.AskQuestion(task=case.task, text="which?"))
    other = company.case("Bob", until="asked")
    company.does(
        "Max", c.ReturnTask(task=other.task, evidence=1, missing="more", to_step=Step.NOTE_RESULTS)
    )
    case.does(c.TellResult(result=case.note("another")))
    item = case.does(c.KeepItem(title="an article")).events[0].stream
    case.does(c.KeepItem(title="another article"))
    case.does(c.DiscardItem(item=item))
    company.names_approver(case, 2, "Tess")
    company.moves("Bob", "Tess")
    records(company)
    return case


def records(company):
    period = c.ConfirmedPeriod(series="PR-ENABLE", minimum="P7Y", authority="the board")
    company.does("Rob", c.ConfirmPeriods(periods=(period,), reason="settled"))
    scope = Scope(persons=(company.person("Bob"),))
    company.does("Rob", c.PlaceHold(scope=scope, matter="a claim", authority="a court"))


def test_a_rebuild_of_all_leaves_every_projection_byte_equal(story):
    company = story.company
    before = company.projected()
    assert min(len(rows) for rows in before.values()) > 0
    company.house.rebuild(())

    assert company.projected() == before


def test_a_rebuild_says_the_same(story):
    """As above, whatever the order in which a row's JSON has its names."""
    company = story.company
    before = company.projected(in_order=True)
    company.house.rebuild(())

    assert company.projected(in_order=True) == before


def test_each_projection_can_be_rebuilt_alone(story):
    company = story.company
    before = company.projected(in_order=True)
    for each in company.house.projector.projections:
        assert company.house.rebuild((each.name,)).events == len(company.events())

    assert company.projected(in_order=True) == before


def test_a_rebuild_tells_how_far_it_has_come(story):
    told: list[Progress] = []
    story.company.house.rebuild((), report=told.append)
    steps = dict.fromkeys(each.step for each in told)

    assert list(steps) == ["indexing", "folding", "comparing"]
    assert told[-1].done == told[-1].total > 0
    assert told[-1].memory > 0


def test_a_rebuild_repairs_what_was_damaged(story):
    company = story.company
    before, board = company.projected(in_order=True), story.board()
    with company.house.database.writing() as tx:
        for table in before:
            company.house.projector.on_live(tx).run(f"DELETE FROM {table}")
    company.house.rebuild(())

    assert company.projected(in_order=True) == before
    assert story.board() == board


def test_a_rebuild_opens_no_text(story):
    company = story.company
    before = company.projected().keys()
    with company.house.database.writing() as tx:
        tx.run("UPDATE cs_cell SET sealed = NULL")
    company.house.rebuild(())

    assert company.projected().keys() == before


def test_a_projection_that_follows_says_what_one_that_is_rebuilt_says(story, also):
    """A row is the same whether it was applied alone or in a page of five hundred."""
    company = story.company
    story.walk("accepted")
    followed = company.projected(in_order=True)
    company.house.rebuild(())

    assert company.projected(in_order=True) == followed


def test_without_kept_states_the_same_is_decided(story, also):
    company = story.company
    forget_states(company)
    fresh = also(company)

    fresh.when("Vera", story.acceptance()).refused(NotTheApprover)
    fresh.when("Max", story.acceptance()).refused(DecidedOtherLevel)
    fresh.when("Tess", story.acceptance()).then_events("approval.accepted", "approval.enabled")


def test_a_state_folded_again_is_the_state_that_was_kept(story):
    company = story.company
    folded, kept = states(company)
    assert folded == kept
    assert len(kept) > 10


def test_a_state_of_another_fold_is_not_believed(story, also):
    company = story.company
    with company.house.database.writing() as tx:
        tx.run("UPDATE cs_state SET fold = 'approval.0', body = :body", body=b'{"phase":"enabled"}')
    fresh = also(company)

    fresh.when("Tess", story.acceptance()).then_events("approval.accepted", "approval.enabled")


def test_an_engine_opened_anew_follows_from_where_the_other_stood(story, also):
    company = story.company
    again = also(company)

    board = q.PlanBoard(plan=story.plan)
    assert again.ask("Ada", board) == company.ask("Ada", board)


def forget_states(company):
    with company.house.database.writing() as tx:
        assert tx.run("DELETE FROM cs_state") > 10


def states(company):
    """Every stream's state folded from its events, and as it is kept."""
    from countersign.application.aggregates import AGGREGATES
    from countersign.infrastructure import codec

    house = company.house
    by_name = {each.fold_name: each for each in AGGREGATES.values()}
    with house.database.reading() as tx:
        rows = tx.all("SELECT stream, version, fold, body FROM cs_state")
        kept, folded = {}, {}
        for stream, version, fold, body in rows:
            aggregate = by_name[fold]
            state = aggregate.initial
            for row in house.recorder.history(tx, stream):
                state = aggregate.evolve(state, codec.recorded(row).event)
            folded[stream] = (row.version, state)
            kept[stream] = (version, type(state).model_validate_json(body))
    return folded, kept
