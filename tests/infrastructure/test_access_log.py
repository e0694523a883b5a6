"""The access log beside the journal: when it is written, what is in it, and how it goes."""

import logging
import os
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import date

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.access_log import Concerned
from countersign.application.questions import Sight
from countersign.domain.employee import Role
from countersign.domain.sealed import Erased
from countersign.infrastructure.access_log import NotLogged
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.batch import Batch
from countersign.infrastructure.database import LockTimeout
from countersign.infrastructure.troubles import explained
from countersign.infrastructure.write_behind import WriteBehind

AUDIT = "Zq-marker-of-a-reason"


@pytest.fixture
def asked(company):
    company.import_rows(company.row("Audrey", "Vera"))
    company.does("Hilda", c.GrantRole(person=company.person("Audrey"), role=Role.AUDITOR))
    return company.case("Ada", until="asked")


@pytest.fixture
def hurried(asked, also, settings):
    """The same company, through an engine that waits a moment only for any lock."""
    return also(asked.company, settings=settings.model_copy(update={"lock_timeout_seconds": 0.05}))


def audit(case, company=None):
    question = q.PlanBoard(plan=case.plan, reason=AUDIT)
    return (company or case.company).ask("Audrey", question)


def watched(company, name, case, **words):
    """What somebody who watches a case is told of all that has happened in it."""
    until = company.engine.position()
    return company.engine.news.of_plan(
        case.plan, company.actor(name), after=0, until=until, **words
    )


def rows(company, what="reader, person, times"):
    with company.house.database.reading() as tx:
        return tx.all(f"SELECT {what} FROM cs_access ORDER BY number")


def reads(company, name="Ada"):
    company.house.access_log.flush()
    return company.ask(name, q.Reads(person=company.person(name)))


# When it is written


def test_an_auditors_read_is_there_before_its_answer(asked):
    audit(asked)

    people = asked.company.person
    assert rows(asked.company) == [(people("Audrey"), people("Ada"), 1)]


def test_any_other_read_is_written_by_itself_a_moment_later(asked):
    """Nobody flushes: whoever looks next, looks until it is there."""
    asked.board("Hilda")
    deadline = threading.Event()
    timer = threading.Timer(30, deadline.set)
    timer.start()
    while not rows(asked.company) and not deadline.is_set():
        pass
    timer.cancel()

    assert len(rows(asked.company)) == 1


def test_what_waits_is_written_when_the_house_is_closed(asked, also):
    other = also(asked.company)
    other.ask("Hilda", q.PlanBoard(plan=asked.plan))
    other.house.close()

    assert len(rows(asked.company)) == 1


@contextmanager
def writing_elsewhere(company, place):
    """Another process is in the middle of a command: it holds whatever lock there is for that."""
    other = place.open()
    try:
        with other.writing() as tx:
            type(company.house.recorder)(other).append(tx, Batch(recorded_at=0))
            yield
    finally:
        other.close()


def test_a_read_waits_for_no_writer(asked, hurried, place):
    with writing_elsewhere(asked.company, place):
        shown = hurried.ask("Hilda", q.PlanBoard(plan=asked.plan))
        listed = hurried.ask("Hilda", q.Plans())
        told = watched(hurried, "Hilda", asked)

    assert (shown.plan, len(listed)) == (asked.plan, 1)
    assert told
    found = sorted(each.what for each in reads(hurried))
    assert found == ["PlanBoard", "PlanWatch", "Plans"]
    assert hurried.house.access_log.lost == 0


def test_no_log_no_text(asked, hurried, place):
    """On SQLite a file has one writer; on PostgreSQL the journal's lock is none of the log's."""
    with writing_elsewhere(asked.company, place):
        if place.url.startswith("sqlite"):
            with pytest.raises(NotLogged, match="nothing was shown"):
                audit(asked, hurried)
            with pytest.raises(NotLogged):
                hurried.ask("Hilda", q.AuditTrail(person=hurried.person("Ada")))
            about = [Concerned(hurried.person("Ada"), None, Sight.RECORDS)]
            with pytest.raises(NotLogged):
                watched(hurried, "Audrey", asked, reason=AUDIT)
            with pytest.raises(NotLogged):
                hurried.engine.exported("transfer_pack", hurried.actor("Hilda"), about)
        else:
            assert watched(hurried, "Audrey", asked, reason=AUDIT)
            audit(asked, hurried)
            hurried.ask("Hilda", q.AuditTrail(person=hurried.person("Ada")))

    expected = 0 if place.url.startswith("sqlite") else 3
    assert len(reads(asked.company)) == expected


def test_what_cannot_be_logged_is_told_in_a_sentence(asked, caplog):
    company = asked.company
    with company.house.database.writing() as tx:
        tx.run("DROP TABLE cs_access")
    with pytest.raises(NotLogged) as raised:
        audit(asked)
    assert asked.board("Hilda").plan == asked.plan
    company.house.close()

    assert "must be logged before it is answered" in (explained(raised.value) or "")
    assert AUDIT not in str(raised.value)
    assert company.house.access_log.lost == 1
    assert "1 reads could not be logged" in caplog.text
    assert asked.plan not in caplog.text + str(raised.value)


KILLED = """
import os, signal, sys
from datetime import datetime, timezone
from countersign import Actor, open_engine
from countersign.application.questions import PlanBoard
from countersign.infrastructure.settings import Settings

url, tenant, key, keyring, now, plan, reader, reason, end = sys.argv[1:]
settings = Settings(master_key=key, keyring_url=keyring)
engine = open_engine(
    url, tenant=tenant or None, settings=settings, clock=lambda: datetime.fromisoformat(now)
)
engine.ask(PlanBoard(plan=plan, reason=reason or None), Actor(reader))
if end == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("reader", "end"), [("Audrey", "killed"), ("Hilda", "ended")])
def test_what_a_process_has_read_outlives_it(asked, place, settings, reader, end):
    """An auditor's read outlives a kill; any other a process that ends without closing."""
    company = asked.company
    given = (
        *(place.url, place.tenant or "", settings.master_key.get_secret_value()),
        *(settings.keyring_url, company.clock.now.isoformat(), asked.plan, company.person(reader)),
        *(AUDIT if reader == "Audrey" else "", end),
    )
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, *given], capture_output=True, text=True, check=False
    )

    assert ran.returncode == (-9 if end == "killed" else 0), ran.stderr
    assert [company.name(reader) for reader, _, _ in rows(company)] == [reader]


# What is in it


def test_nothing_personal_stands_in_the_table(company, place, tmp_path):
    names = {"Ada": "Zq-marker-of-a-name", "Audrey": "Zq-marker-of-another"}
    managers = {"Ada": "Max", "Audrey": "Vera"}
    company.import_rows(
        *(company.row(each, managers[each], name=name) for each, name in names.items())
    )
    company.does("Hilda", c.GrantRole(person=company.person("Audrey"), role=Role.AUDITOR))
    case = company.case("Ada", until="asked", titled="Zq-marker-of-a-title")
    audit(case)
    (read,) = reads(company)
    assert (read.reason, read.reader_name) == (AUDIT, names["Audrey"])

    whole = repr(rows(company, "*")).encode()
    if place.url.startswith("sqlite"):
        whole += b"".join(file.read_bytes() for file in tmp_path.glob("journal.db*"))
    assert company.person("Audrey").encode() in whole
    assert [word for word in (AUDIT, *names.values(), case.titled) if word.encode() in whole] == []


def test_what_two_state_at_once_is_sealed_in_one_unit(asked, also):
    """Neither knows the other's key; whoever is second takes the first one's."""
    companies = [asked.company, also(asked.company), also(asked.company)]
    ready = threading.Barrier(len(companies))

    def state(company):
        ready.wait(30)
        audit(asked, company)

    threads = [threading.Thread(target=state, args=(each,)) for each in companies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [each.reason for each in reads(asked.company)] == [AUDIT] * 3
    with asked.company.house.database.reading() as tx:
        assert tx.all("SELECT count(*) FROM cs_unit WHERE series = 'access'") == [(1,)]


def test_a_rebuild_leaves_the_log_alone(asked):
    audit(asked)
    before = reads(asked.company)
    asked.company.house.rebuild()

    assert reads(asked.company) == before


def test_what_an_engineer_sees_held_up_concerns_whose_case_it_is(asked):
    company = asked.company
    with company.house.database.writing() as tx:
        (copy,) = tx.one("SELECT copy FROM cs_projection WHERE name = 'inbox' AND state = 'live'")
        tx.run(
            "INSERT INTO cs_quarantine (copy, part, position, attempts, since, error)"
            " VALUES (:copy, :part, 1, 1, 0, 'KeyError')",
            copy=copy,
            part=asked.plan,
        )
    for _ in range(2):
        company.ask("Rob", q.ProjectionHealth())
    (read,) = reads(company)

    assert (company.name(read.reader), read.sight, read.what) == (
        "Rob",
        Sight.ENGINEER,
        "ProjectionHealth",
    )
    assert (read.case, read.times) == (asked.plan, 2)
    assert reads(company, "Bob") == []


def test_another_tenants_log_is_another(asked, place, settings, clock):
    asked.board("Hilda")
    asked.company.house.access_log.flush()
    tenant = f"{place.tenant or 'north'}_too"
    other = open_house(place.url, tenant=tenant, settings=settings, clock=clock)
    with closing(other), other.database.writing() as tx:
        found = tx.all("SELECT count(*) FROM cs_access")
        if tx.schema:
            tx.run(f'DROP SCHEMA "{tx.schema}" CASCADE')

    assert found == [(0,)]


def test_a_database_in_memory_has_its_log(settings, clock, on_sqlite):
    with closing(open_house("sqlite://", settings=in_memory(settings), clock=clock)) as house:
        company = type(on_sqlite)(house, clock).given_a_company()
        company.case("Ada", until="asked").board("Hilda")

        assert [each.what for each in reads(company)] == ["PlanBoard"]


def in_memory(settings):
    return settings.model_copy(update={"keyring_url": "sqlite://"})


# What it is sealed in


def test_what_is_stated_after_an_erasure_has_a_unit_of_its_own(asked):
    """The month's unit is fenced for good, and an auditor must still be able to look."""
    company = asked.company
    audit(asked)
    with company.house.database.reading() as tx:
        units = [unit for (unit,) in tx.all("SELECT unit FROM cs_unit WHERE series = 'access'")]
    destroy(company, units, "certificate-1")
    audit(asked)

    assert [each.reason for each in reads(company)] == [AUDIT, Erased(certificate="certificate-1")]


def destroy(company, units, certificate):
    """As a disposal does it."""
    house = company.house
    with house.database.writing() as tx:
        keys = [
            key
            for unit in units
            for (key,) in tx.all("SELECT key_id FROM cs_unit WHERE unit = :unit", unit=unit)
        ]
        shredded = tuple((unit, certificate) for unit in units)
        house.recorder.append(tx, Batch(recorded_at=0, shredded=shredded))
    house.keyring.destroy(keys, dict(shredded))
    house.vault.forget(units)


def test_how_long_it_is_kept_can_be_set(asked, also, settings):
    longer = also(asked.company, settings=settings.model_copy(update={"access_log_months": 36}))
    audit(asked, longer)
    (read,) = reads(longer)

    assert read.disposable_from == date(2029, read.at.month + 1, 1)


# Write-behind


class Disk:
    """What is written, as long as it says yes."""

    def __init__(self):
        self.written: list[int] = []
        self.trouble: Exception | None = None
        self.asked = threading.Event()

    def write(self, items):
        self.asked.set()
        if self.trouble:
            raise self.trouble
        self.written += items


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def behind(disk):
    made = WriteBehind(
        disk.write, lambda error: isinstance(error, LockTimeout), pause_seconds=0.001, most=4
    )
    yield made
    disk.trouble = None
    made.close()


def test_what_comes_while_nothing_can_be_written_waits(disk, behind):
    disk.trouble = LockTimeout("busy")
    behind.put([1, 2])
    assert disk.asked.wait(30)
    behind.put([3])
    with pytest.raises(LockTimeout):
        behind.flush()

    disk.trouble = None
    behind.close()
    assert (sorted(disk.written), behind.lost) == ([1, 2, 3], 0)


def test_what_is_too_much_is_counted_and_told_without_names(disk, behind, caplog):
    disk.trouble = LockTimeout("busy")
    with caplog.at_level(logging.WARNING):
        behind.put([1, 2, 3, 4])
        assert disk.asked.wait(30)
        with pytest.raises(LockTimeout):
            behind.flush()
        behind.put([5, 6])

    assert behind.lost == 2
    assert "2 reads could not be logged: too many wait already (2 so far)" in caplog.text


def test_a_fault_that_does_not_pass_holds_up_nothing_after_it(disk, behind, caplog):
    disk.trouble = ValueError("Ada's own words")
    with caplog.at_level(logging.ERROR):
        behind.put([1])
        behind.close()

    assert (behind.lost, disk.written) == (1, [])
    assert "1 reads could not be logged: ValueError" in caplog.text
    assert "Ada" not in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_fork_writes_only_its_own(disk, behind):
    disk.trouble = LockTimeout("busy")
    behind.put([1])
    child = os.fork()
    if child == 0:
        disk.trouble = None
        behind.put([2])
        behind.flush()
        os._exit(0 if disk.written == [2] else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
