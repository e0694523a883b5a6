"""A host's own transaction: with its rows or not at all, and with the host's word `settle`."""

from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.pool import NullPool

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.refusals import NotYours, Refusal, Stale
from countersign.domain.sealed import Erased
from countersign.infrastructure.database import HostTransactionUnfit, LockTimeout


@pytest.fixture
def host(place):
    """The host's engine on the same database, with a table of its own."""
    url = place.url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        by_hand(engine)
    table = f"host_{place.tenant or 'notes'}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {table} (note TEXT)"))
    yield Host(engine, table)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {table}"))
    engine.dispose()


def by_hand(engine, begin="BEGIN IMMEDIATE"):
    """SQLAlchemy's own recipe for saying BEGIN oneself."""

    @event.listens_for(engine, "connect")
    def connected(driver, record):
        driver.isolation_level = None

    @event.listens_for(engine, "begin")
    def begun(connection):
        connection.exec_driver_sql(begin)


class Host:
    def __init__(self, engine, table):
        self.engine, self.table = engine, table

    def note(self, connection, words):
        connection.execute(text(f"INSERT INTO {self.table} VALUES (:words)"), {"words": words})

    @property
    def notes(self):
        with self.engine.connect() as connection:
            return list(connection.execute(text(f"SELECT note FROM {self.table}")).scalars())

    @contextmanager
    def transaction(self):
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def change_of_mind(self):
        """A transaction that is rolled back at its end."""
        with self.engine.connect() as connection, connection.begin() as begun:
            yield connection
            begun.rollback()


def test_the_hosts_rows_and_ours_are_committed_together(company, host):
    with host.transaction() as connection:
        host.note(connection, "Ada begins")
        receipt = company.does("Ada", c.StartPlan(), connection=connection)
        host.note(connection, "and so she did")
    company.engine.settle(receipt)

    assert receipt.provisional
    assert host.notes == ["Ada begins", "and so she did"]
    plan = company.ask("Ada", q.PlanBoard(person=company.person("Ada")), after=receipt)
    assert plan.plan == receipt.events[1].stream


def test_what_the_host_rolls_back_has_never_been(company, host):
    before = company.events()
    with host.change_of_mind() as connection:
        host.note(connection, "Ada begins")
        company.does("Ada", c.StartPlan(), connection=connection, command_id="begin")

    assert (host.notes, company.events()) == ([], before)
    again = company.does("Ada", c.StartPlan(), command_id="begin")
    assert not again.repeated


def test_after_a_rollback_sealing_goes_on(company, host):
    """Keys and units that were named in a transaction that never was are not taken for known."""
    with host.change_of_mind() as connection:
        company.does("Ada", c.KeepItem(title="never"), connection=connection)
        company.does("Ada", c.StartPlan(), connection=connection)
    case = company.case("Ada", until="asked")

    assert case.board().tasks[0].title == "find leads"


def test_several_commands_of_one_transaction_see_each_other(company, host):
    case = company.case("Ada", until="simple")

    def log(note, connection):
        days = (c.PracticeDay(on=company.clock.today, note=note),)
        return case.does(c.LogPractice(plan=case.plan, days=days), connection=connection)

    with host.transaction() as connection:
        log("one", connection)
        receipt = log("two", connection)
    company.engine.settle(receipt)

    assert [entry.note for entry in case.board().entries] == ["one", "two"]


def test_reactions_begin_when_the_host_settles(company, host):
    case = company.case("Ada", until="asked")
    leaving = c.RecordLeaving(person=company.person("Ada"), effective=company.clock.today)
    with host.transaction() as connection:
        receipt = company.does("Hilda", leaving, connection=connection)
        assert [each.name for each in receipt.events] == ["employee.left.v1"]
    assert company.events()[-1] == "employee.left"
    company.engine.settle(receipt)

    assert company.ask("engine", q.PlanBoard(plan=case.plan)).closed == "left"


def test_settling_twice_does_no_harm(company, host):
    company.case("Ada", until="asked")
    leaving = c.RecordLeaving(person=company.person("Ada"), effective=company.clock.today)
    with host.transaction() as connection:
        receipt = company.does("Hilda", leaving, connection=connection)
    company.engine.settle(receipt)
    after = company.events()
    company.engine.settle(receipt)

    assert company.events() == after


def test_the_same_command_twice_in_one_transaction_stays_provisional(company, host):
    company.case("Ada", until="asked")
    leaving = c.RecordLeaving(person=company.person("Ada"), effective=company.clock.today)
    with host.transaction() as connection:
        company.does("Hilda", leaving, connection=connection, command_id="once")
        again = company.does("Hilda", leaving, connection=connection, command_id="once")
    company.engine.settle(again)

    assert again.repeated
    assert again.provisional
    assert company.events()[-1] == "employee.plan_closed"


def test_a_refusal_leaves_the_hosts_transaction_usable(company, host):
    case = company.case("Ada", until="started")
    with host.transaction() as connection:
        host.note(connection, "before")
        with pytest.raises(NotYours):
            company.does("Bob", c.AbandonPlan(plan=case.plan), connection=connection)
        host.note(connection, "after")

    assert host.notes == ["before", "after"]


def test_what_is_discarded_in_the_hosts_transaction_is_gone_with_its_key(company, host):
    item = company.does("Ada", c.KeepItem(title="an article")).events[0].stream
    with host.transaction() as connection:
        discards = c.DiscardItem(item=item)
        receipt = company.does("Ada", discards, connection=connection)
    company.engine.settle(receipt)

    (kept,) = company.ask("Ada", q.ReadingList(person=company.person("Ada")))
    assert isinstance(kept.title, Erased)
    with company.house.database.reading() as tx:
        rows = tx.all("SELECT unit, key_id FROM cs_unit WHERE stream = :item", item=item)
    assert company.house.keyring.fenced([unit for unit, _ in rows]) != {}
    assert company.house.keyring.keys([key for _, key in rows]) == {}


def test_what_the_host_rolled_back_keeps_its_text_and_key(company, host):
    item = company.does("Ada", c.KeepItem(title="an article")).events[0].stream
    with host.change_of_mind() as connection:
        company.does("Ada", c.DiscardItem(item=item), connection=connection)

    (kept,) = company.ask("Ada", q.ReadingList(person=company.person("Ada")))
    assert (kept.title, kept.discarded) == ("an article", None)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_decision_overtaken_before_the_append_is_stale(company, host, also):
    case = company.case("Ada", until="asked")
    ids = iter([lambda: company.moves("Ada", "Tess")])

    def interrupted():
        next(ids, lambda: None)()
        return "3b241101-e2bb-4255-8caf-4136c566a962"

    slow = also(company, ids=interrupted)
    with host.transaction() as connection:
        outcome = slow.when("Max", case.acceptance(), connection=connection, command_id="x")
        outcome.refused(Stale)
        host.note(connection, "noted all the same")

    assert host.notes == ["noted all the same"]
    assert "approval.accepted" not in company.events()


def test_somebody_elses_connection_is_no_connection(company):
    with pytest.raises(TypeError, match="SQLAlchemy connection"):
        company.does("Ada", c.StartPlan(), connection=object())


def test_a_connection_without_a_transaction_is_refused_and_told_what_to_do(company, host):
    unfit = pytest.raises(HostTransactionUnfit, match=r"(?i)begin")
    with host.engine.connect() as connection, unfit:
        company.does("Ada", c.StartPlan(), connection=connection)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_a_transaction_that_sees_a_snapshot_is_refused(company, host):
    frozen = host.engine.execution_options(isolation_level="REPEATABLE READ")
    with frozen.begin() as connection, pytest.raises(HostTransactionUnfit, match="READ COMMITTED"):
        company.does("Ada", c.StartPlan(), connection=connection)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_transaction_that_does_not_hold_the_lock_is_refused(company, place):
    engine = create_engine(place.url, poolclass=NullPool)
    by_hand(engine, begin="BEGIN DEFERRED")
    with engine.begin() as connection:
        connection.execute(text("SELECT count(*) FROM cs_event")).scalar()
        company.does("Ada", c.KeepItem(title="meanwhile"))
        with pytest.raises(HostTransactionUnfit, match="BEGIN IMMEDIATE"):
            company.does("Ada", c.StartPlan(), connection=connection)
    engine.dispose()


def test_who_waits_too_long_for_the_hosts_transaction_is_told_so(company, host, also, settings):
    impatient = also(company, settings=settings.model_copy(update={"lock_timeout_seconds": 0.05}))
    with host.transaction() as connection:
        company.does("Ada", c.StartPlan(), connection=connection)
        with pytest.raises(LockTimeout):
            impatient.does("Bob", c.StartPlan())

    assert impatient.when("Bob", c.StartPlan()).names[-1] == "plan.cycle_began"


def test_a_lock_that_does_not_come_is_no_refusal(company):
    assert not issubclass(LockTimeout, Refusal)


def test_a_read_within_it_is_answered_at_once_and_logged_after_it(company, host):
    case = company.case("Ada", until="asked")
    with host.transaction() as connection:
        receipt = company.does("Bob", c.StartPlan(), connection=connection)
        board = company.ask("Hilda", q.PlanBoard(plan=case.plan))
    company.engine.settle(receipt)
    company.house.access_log.flush()
    reads = company.ask("Ada", q.Reads(person=company.person("Ada")))

    assert board.plan == case.plan
    assert [each.what for each in reads] == ["PlanBoard"]
