"""A disposal that is broken off at any step is finished, once, with one certificate and one end.

What breaks it off comes from outside: a listener that raises, a keyring that cannot be written, a
folder that is no folder, a process that is killed.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from countersign.application import commands as c
from countersign.domain.disposal import Store
from countersign.infrastructure.database import LockTimeout

from .breakdowns import keyring_held, resumed

SOON = 0.3


class Broken(Exception):
    """What a test breaks a run off with."""


@pytest.fixture
def hasty(settings):
    """Settings of a process that waits for no lock."""
    return settings.model_copy(update={"lock_timeout_seconds": SOON})


def two_cases(records):
    cases = [records.closed_case("Ada"), records.closed_case("Bob")]
    records.in_years()
    run = records.approved(records.drafted(*(ref for each in cases for ref in records.refs(each))))
    return cases, run


def the_end(company, records, run, cases):
    """What a run comes to, whatever has broken it off."""
    streams = [stream for each in cases for stream in (each.plan, each.result)]
    issued = records.issued(run.run)
    units = records.units(*streams)
    records.all_as_rebuilt()
    return {
        "fates": [each.fate for each in issued.certificate.done],
        "units": set(units.values()),
        "destroyed": sorted(u for each in issued.certificate.done for u in each.units)
        == sorted(units),
        "keys": records.keys(units),
        "fenced": set(company.house.keyring.fenced(units)) == set(units),
        "events": [records.told(stream) for stream in streams],
        "certificates": company.events().count("disposal.certificate_issued"),
        "left": sum(each.left for each in issued.certificate.residues),
    }


WHOLE = {
    "fates": ["destroyed"] * 4,
    "units": {"destroyed"},
    "destroyed": True,
    "keys": set(),
    "fenced": True,
    "events": [[]] * 4,
    "certificates": 1,
    "left": 0,
}


def begun(company, run, items):
    """The records manager goes on item by item, and then the machine stands still."""
    for _ in range(items):
        company.does("Rob", c.DestroyNext(run=run.run, at_most=1))


@pytest.mark.parametrize("items", [1, 2, 3])
def test_a_run_broken_off_between_two_items_goes_on_at_the_next_start(
    company, records, also, records_of, items, monkeypatch
):
    cases, run = two_cases(records)
    monkeypatch.setattr(company.engine, "carry_out", stands_still)
    begun(company, run, items)
    assert len(records.state(run.run).left) == 4 - items

    twin, after = resumed(company, also, records_of)

    assert the_end(twin, after, run, cases) == WHOLE


def stands_still(run):
    """A process that never comes to what follows from its own event."""


def test_a_run_broken_off_after_its_last_item_is_certified_at_the_next_start(
    company, records, also, records_of
):
    cases, run = two_cases(records)

    def told(done, of):
        raise Broken

    with pytest.raises(Broken):
        company.engine.carry_out(run.run, told)
    assert not records.state(run.run).left
    assert not records.state(run.run).is_certified

    twin, after = resumed(company, also, records_of)

    assert the_end(twin, after, run, cases) == WHOLE


def test_cells_that_went_before_their_keys_are_followed_by_them(
    company, records, also, records_of, hasty, tmp_path
):
    """The commit stands, the keyring cannot be written: the next start finds the keys."""
    cases, run = two_cases(records)
    twin = also(company, settings=hasty)
    with keyring_held(tmp_path), pytest.raises(LockTimeout):
        twin.engine.carry_out(run.run)
    units = records.units(cases[0].plan, cases[0].result)
    assert set(units.values()) == {"destroyed"}
    assert records.keys(units)

    twin, after = resumed(company, also, records_of)

    assert the_end(twin, after, run, cases) == WHOLE


def test_a_certificate_that_could_not_be_handed_out_is_at_the_next_start(
    company, records, also, records_of, settings, tmp_path
):
    cases, run = two_cases(records)
    folder = tmp_path / "proofs"
    folder.write_text("in the way")
    own = settings.model_copy(update={"certificate_folder": str(folder)})
    twin = also(company, settings=own)
    with pytest.raises(OSError, match="proofs"):
        twin.engine.carry_out(run.run)
    folder.unlink()

    twin, after = resumed(company, lambda one: also(one, settings=own), records_of)

    assert the_end(twin, after, run, cases) == WHOLE
    (file,) = (each for each in folder.rglob("*.json"))
    assert file.stem == run.certificate


def test_carrying_out_once_more_changes_nothing(company, records):
    cases, run = two_cases(records)
    company.engine.carry_out(run.run)
    before = company.events()

    company.engine.carry_out(run.run)

    assert company.events() == before
    assert the_end(company, records, run, cases) == WHOLE


def test_an_old_run_is_not_looked_at_again_at_every_start(company, records, also):
    """Only events that came since the last start are gone through."""
    two_cases(records)
    also(company)
    twin = also(company)
    asked: list[str] = []
    twin.house.engine.carry_out = asked.append

    twin.house.react()

    assert asked == []


KILLED = """
import os, sys
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.settings import Settings
from datetime import datetime

url, tenant, now, run = sys.argv[1:]
house = open_house(url, tenant=tenant or None, clock=lambda: datetime.fromisoformat(now))
house.engine.carry_out(run, lambda done, of: os._exit(9))
"""


def test_a_process_killed_in_a_run_is_made_good(
    company, records, also, records_of, place, settings, clock
):
    cases, run = two_cases(records)
    told = {
        "COUNTERSIGN_MASTER_KEY": settings.master_key.get_secret_value(),
        "COUNTERSIGN_KEYRING_URL": settings.keyring_url,
    }
    words = [place.url, place.tenant or "", clock.now.isoformat(), run.run]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *words], env={**os.environ, **told}, check=False
    )
    assert done.returncode == 9
    assert not records.state(run.run).is_certified

    twin, after = resumed(company, also, records_of)

    assert the_end(twin, after, run, cases) == WHOLE


def test_a_reader_in_the_way_is_waited_for_and_told(tmp_path, settings, fresh_company, records_of):
    """SQLite's log can be emptied only when nobody looks at what was before."""
    with fresh_company() as company:
        records = records_of(company).settle_years()
        case = records.closed_case()
        records.in_years()
        run = records.drafted(*records.refs(case))
        file = company.house.database.engine.url.database
        with closing(sqlite3.connect(file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM cs_event").fetchone()
            certificate = records.disposed(run).certificate

    (log,) = (each for each in certificate.residues if each.store is Store.WRITE_AHEAD_LOG)
    assert not log.clean
    assert log.left
    assert certificate.with_exceptions
