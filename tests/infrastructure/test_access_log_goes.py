"""Months of the access log go by themselves, as a run with a certificate, and leave nothing."""

from contextlib import closing
from datetime import date

import pytest

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.application.desk import THE_ENGINE
from countersign.domain.disposal import Fate, RunKind, Store
from countersign.domain.employee import Role
from countersign.domain.hold import Scope
from countersign.domain.items import ItemKind
from countersign.domain.refusals import NothingToDispose, SeriesIncomplete
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.certificates import CertificateFolder
from countersign.infrastructure.log_months import month_of
from countersign.infrastructure.pages import some

from .backups import Backup, reapplied
from .breakdowns import keyring_held, resumed
from .scanning import found, scanned

STATED = "Zq7marker of what an auditor has stated"
APRIL, MAY = date(2026, 4, 30), date(2026, 5, 1)
OVER = date(2027, 5, 1)
"""The first day on which what was read in April may go."""


@pytest.fixture
def settings(settings, tmp_path):
    return settings.model_copy(update={"certificate_folder": str(tmp_path / "certificates")})


@pytest.fixture
def office(company):
    """Two cases that an auditor has looked at in April, and HR in May."""
    company.import_rows(company.row("Audrey", "Vera"))
    company.does("Hilda", c.GrantRole(person=company.person("Audrey"), role=Role.AUDITOR))
    return Office(company)


class Office:
    def __init__(self, company):
        self.company = company
        cases = {name: company.case(name, until="asked") for name in ("Ada", "Carl")}
        self.ada, self.carl = cases.values()
        company.clock.go(APRIL)
        for case in cases.values():
            self.audit(case)
        company.clock.go(MAY)
        self.ada.board("Hilda")
        company.house.access_log.flush()

    def audit(self, case):
        question = q.PlanBoard(plan=case.plan, reason=f"{STATED}: {case.owner}")
        self.company.ask("Audrey", question)

    def reads(self, name):
        told = self.company.ask(name, q.Reads(person=self.company.person(name)))
        return [(self.company.name(each.reader), each.reason) for each in told]

    def units(self):
        with self.company.house.database.reading() as tx:
            return dict(tx.all("SELECT unit, state FROM cs_unit WHERE series = 'access'"))

    def sweep(self, on=OVER):
        self.company.clock.go(on)
        return self.company.engine.fire_due()

    def run(self):
        runs = self.company.ask("Rob", q.DisposalRuns(kind=RunKind.SWEEP))
        return self.company.ask("Rob", q.Disposal(run=runs[0].run))

    def certificate(self, run=None):
        asked = q.CertificateOf(certificate=(run or self.run()).summary.certificate)
        return self.company.ask("Rob", asked).certificate

    def hold(self, **about):
        placed = c.PlaceHold(scope=Scope(**about), matter="a dispute", authority="the court")
        return self.company.does("Rob", placed).events[0].event.hold

    def told(self, *names):
        with self.company.house.database.reading() as tx:
            rows = self.company.house.recorder.since(tx, 0, 10**6, names=names)
        return len(rows)


def test_a_month_goes_by_itself_and_not_a_day_early(office):
    office.sweep(date(2027, 4, 30))
    assert len(office.reads("Ada")) == 2
    assert set(office.units().values()) == {"live"}

    office.sweep()

    assert office.reads("Ada") == [("Hilda", None)]
    assert office.reads("Carl") == []
    assert set(office.units().values()) == {"destroyed"}
    office.sweep(date(2027, 6, 1))
    assert office.reads("Ada") == []


def test_its_certificate_says_how_much_went_and_names_nobody(office):
    office.sweep()

    certificate = office.certificate()
    (entry,), (done,) = certificate.entries, certificate.done
    assert (entry.item.kind, entry.item.persons) == (ItemKind.ACCESS_LOG, ())
    assert entry.item.created_on == APRIL
    assert entry.evaluation.series == ("CTL-ACCESS",)
    assert (done.fate, done.cells, done.residue) == (Fate.DESTROYED, 2, (month_of(OVER),))
    assert (certificate.drafted_by, certificate.approved_by) == (THE_ENGINE.person, ())
    (looked,) = (each for each in certificate.residues if each.store is Store.ACCESS_LOG)
    assert (looked.clean, looked.looked_at, looked.left) == (True, 2, 0)
    said = certificate.model_dump_json()
    assert [name for name, person in office.company.people.items() if person in said] == []


def test_it_is_on_record_as_events_of_the_run(office):
    before = len(office.company.events())
    office.sweep()

    assert office.company.events()[before:] == [
        "disposal.drafted",
        "disposal.reads_destroyed",
        "disposal.item_destroyed",
        "disposal.certificate_issued",
    ]


def test_its_certificate_holds_and_stands_in_the_register(office):
    office.sweep()
    company, certificate = office.company, office.certificate()
    issued = company.ask("Rob", q.CertificateOf(certificate=certificate.certificate))
    said = {"certificate": certificate.model_dump(mode="json"), "signature": issued.signature}

    assert company.house.examine_certificate(said, company.house.public_key()) == []
    (item,) = company.ask("Rob", q.Register(kind=ItemKind.ACCESS_LOG))
    assert (item.item, item.residue) == (month_of(OVER), True)
    assert item.because == "says who has seen what of somebody else's"
    assert item.certificate == certificate.certificate
    story = company.ask("Rob", q.WhyItem(item=item.item))
    assert [row.code for row in story.series] == ["CTL-ACCESS"]


def test_looking_at_it_concerns_nobody(office):
    office.sweep()
    office.sweep(date(2027, 6, 1))
    office.certificate()
    office.company.ask("Rob", q.Register())
    office.company.house.access_log.flush()

    with office.company.house.database.reading() as tx:
        assert tx.all("SELECT 1 FROM cs_access WHERE person = 'engine'") == []


def test_nothing_new_is_swept_twice(office):
    office.sweep()
    before = office.company.events()

    assert office.company.engine.fire_due() == 0
    office.company.clock.wait(days=1)
    assert office.company.engine.fire_due() == 0

    assert office.company.events() == before
    assert office.company.when("engine", c.SweepAccessLog()).refused(NothingToDispose)


# The schedule


def series(office, **changed):
    rows = office.company.ask("Rob", q.Schedule()).rows
    made = [
        c.SeriesRow.model_validate(
            row.model_dump(exclude={"is_open", "words"})
            | (changed if row.code == "CTL-ACCESS" else {})
        )
        for row in rows
    ]
    return c.ProposeSchedule(rows=tuple(made), reason="the works council")


def test_the_schedule_may_keep_it_longer_than_the_setting(office):
    office.company.does("Rob", series(office, minimum="P3Y"))
    office.sweep()
    assert len(office.reads("Ada")) == 2

    office.sweep(date(2029, 4, 30))

    assert office.reads("Ada") == [("Hilda", None)]


def test_a_shorter_schedule_takes_nothing_before_the_day_it_was_promised_until(office):
    office.company.does("Rob", series(office, minimum="P1M"))
    office.company.does("Hilda", c.ApproveSchedule(version=2))
    office.sweep(date(2027, 4, 30))

    assert len(office.reads("Ada")) == 2


def test_the_schedule_may_keep_it_for_good(office):
    office.company.does("Rob", series(office, action="keep", minimum=None))
    office.sweep()

    assert len(office.reads("Ada")) == 2


@pytest.mark.parametrize(
    "changed", [{"confirm": "two_persons"}, {"action": "review"}, {"action": "transfer"}]
)
def test_nobody_can_be_asked_about_it(office, changed):
    """A month names many people: there would be nobody to show its list to."""
    told = office.company.when("Rob", series(office, **changed))

    told.refused(SeriesIncomplete, series="CTL-ACCESS")


# Holds


def people(office, *names):
    return tuple(office.company.person(name) for name in names)


def test_a_hold_on_a_person_keeps_what_was_read_of_them_and_nothing_else(office):
    hold = office.hold(persons=people(office, "Ada"))
    office.sweep()

    assert [reader for reader, _ in office.reads("Ada")] == ["Hilda", "Audrey"]
    assert office.reads("Ada")[1][1] == f"{STATED}: Ada"
    assert office.reads("Carl") == []
    certificate = office.certificate()
    (done,) = certificate.done
    assert (done.fate, done.cells, done.residue) == (Fate.DESTROYED, 1, ())
    assert [each.hold for each in done.withheld] == [hold]
    assert sorted(office.units().values()) == ["destroyed", "live"]

    office.company.does("Rob", c.ReleaseHold(hold=hold, reason="settled"))
    office.company.engine.fire_due()

    assert [reader for reader, _ in office.reads("Ada")] == ["Hilda"]
    assert set(office.units().values()) == {"destroyed"}
    assert office.certificate().done[0].residue == (month_of(OVER),)


@pytest.mark.parametrize(
    "scope",
    [
        lambda office: {"cases": (office.ada.plan,)},
        lambda office: {"persons": people(office, "Ada"), "cases": (office.ada.plan,)},
        lambda office: {"cases": (office.ada.plan,), "made_until": APRIL},
        lambda office: {"persons": people(office, "Ada"), "classes": ("control_record",)},
    ],
)
def test_a_hold_keeps_what_it_is_about(office, scope):
    office.hold(**scope(office))
    office.sweep()

    assert len(office.reads("Ada")) == 2
    assert office.reads("Carl") == []


@pytest.mark.parametrize(
    "scope",
    [
        lambda office: {"persons": people(office, "Audrey")},
        lambda office: {"items": (month_of(OVER),)},
        lambda office: {"classes": ("control_record",)},
        lambda office: {"made_from": APRIL},
    ],
)
def test_a_hold_on_a_reader_or_on_the_log_keeps_all_of_it(office, scope):
    office.hold(**scope(office))
    office.sweep()

    assert (len(office.reads("Ada")), len(office.reads("Carl"))) == (2, 1)
    assert office.told("disposal.drafted.v1") == 0


@pytest.mark.parametrize(
    "scope",
    [
        lambda office: {"persons": people(office, "Bob")},
        lambda office: {"persons": people(office, "Ada"), "cases": (office.carl.plan,)},
        lambda office: {"persons": people(office, "Ada"), "classes": ("process_record",)},
        lambda office: {"made_from": MAY},
        lambda office: {"items": (office.ada.plan,)},
    ],
)
def test_a_hold_on_something_else_keeps_nothing(office, scope):
    office.hold(**scope(office))
    office.sweep()

    assert (len(office.reads("Ada")), len(office.reads("Carl"))) == (1, 0)


def test_what_names_no_person_is_held_with_whose_case_it_is(office):
    with office.company.house.database.writing() as tx:
        tx.run("UPDATE cs_access SET person = NULL, reason = NULL WHERE case_id IS NOT NULL")
    office.hold(persons=people(office, "Ada"))
    office.sweep()

    with office.company.house.database.reading() as tx:
        due = "SELECT case_id FROM cs_access WHERE disposable_from = :over"
        left = {case for (case,) in tx.all(due, over=OVER.isoformat())}
    assert office.ada.plan in left


def test_a_hold_that_comes_into_a_run_wins(office, monkeypatch):
    company = office.company
    monkeypatch.setattr(company.engine, "carry_out", lambda run: None)
    office.sweep()
    run = office.run()
    assert run.summary.phase == "approved"
    office.hold(persons=people(office, "Ada", "Carl"))

    company.does("engine", c.DestroyNext(run=run.summary.run))

    assert office.run().done[0].fate is Fate.SPARED
    assert (len(office.reads("Ada")), len(office.reads("Carl"))) == (2, 1)
    assert set(office.units().values()) == {"live"}


# What is left


def needles(office):
    """Sealed bytes and wrapped keys of what was stated, and the ids of the rows."""
    house, ada = office.company.house, office.company.person("Ada")
    with house.database.reading() as tx:
        units = dict(tx.all("SELECT unit, key_id FROM cs_unit WHERE series = 'access'"))
        sealed = [bytes(s) for (s,) in some(tx, "SELECT sealed FROM cs_cell WHERE unit", units)]
        stated = "SELECT reason FROM cs_access WHERE person = :ada AND reason IS NOT NULL"
        references = [each.encode() for (each,) in tx.all(stated, ada=ada)]
    with house.keyring._database.reading() as tx:
        keys = list(some(tx, "SELECT wrapped FROM cs_key WHERE key_id", units.values()))
    assert len(sealed) == len(keys) == 2
    return {
        "ciphertext": sealed,
        "wrapped key": [bytes(wrapped) for (wrapped,) in keys],
        "entry": references,
        "plain text": [STATED.encode()],
    }


def test_nothing_is_found_of_it_afterwards(office, place, tmp_path):
    company, wanted = office.company, needles(office)
    before = {kind for kind, _ in found(wanted, scanned(company, place, tmp_path))}
    assert before == {"ciphertext", "wrapped key", "entry"}

    office.sweep()

    assert found(wanted, scanned(company, place, tmp_path)) == set()
    assert sum(each.left for each in office.certificate().residues) == 0
    company.house.verify()


# Broken off


def the_end(twin):
    """What a sweep comes to, whatever has broken it off."""
    house = twin.house
    with house.database.reading() as tx:
        units = dict(tx.all("SELECT unit, state FROM cs_unit WHERE series = 'access'"))
        keys = [k for (k,) in some(tx, "SELECT key_id FROM cs_unit WHERE unit", units)]
        rows = tx.all("SELECT reader, disposable_from FROM cs_access")
    return {
        "units": set(units.values()),
        "keys": house.keyring.keys(keys),
        "fenced": len(house.keyring.fenced([*units, f"stream:{month_of(OVER)}"])),
        "rows": [(twin.name(reader), day) for reader, day in rows],
        "events": [name for name in twin.events() if name.startswith("disposal.")],
    }


WHOLE = {
    "units": {"destroyed"},
    "keys": {},
    "fenced": 3,
    "rows": [("Hilda", "2027-06-01")],
    "events": [
        "disposal.drafted",
        "disposal.reads_destroyed",
        "disposal.item_destroyed",
        "disposal.certificate_issued",
    ],
}


class Broken(Exception):
    """What a test breaks a sweep off with."""


def drafted_only(company, monkeypatch, tmp_path):
    def carry_out(run):
        raise Broken

    monkeypatch.setattr(company.engine, "carry_out", carry_out)
    with pytest.raises(Broken):
        company.engine.fire_due()


def rows_gone_and_keys_left(company, monkeypatch, tmp_path):
    with keyring_held(tmp_path), pytest.raises(Exception, match="holds the database"):
        company.engine.fire_due()


def not_certified(company, monkeypatch, tmp_path):
    def carry_out(run):
        def told(done, of):
            raise Broken

        type(company.engine).carry_out(company.engine, run, told)

    monkeypatch.setattr(company.engine, "carry_out", carry_out)
    with pytest.raises(Broken):
        company.engine.fire_due()


def not_handed_out(company, monkeypatch, tmp_path):
    def put(folder, signed):
        raise Broken

    with monkeypatch.context() as other:
        other.setattr(CertificateFolder, "put", put)
        with pytest.raises(Broken):
            company.engine.fire_due()


@pytest.mark.parametrize(
    "broken", [drafted_only, rows_gone_and_keys_left, not_certified, not_handed_out]
)
def test_a_sweep_broken_off_is_finished_at_the_next_start(
    office, also, settings, monkeypatch, tmp_path, records_of, broken
):
    hasty = settings.model_copy(update={"lock_timeout_seconds": 0.3})
    twin = also(office.company, settings=hasty)
    office.company.clock.go(OVER)
    broken(twin, monkeypatch, tmp_path)

    after, _ = resumed(office.company, also, records_of)

    assert the_end(after) == WHOLE
    (file,) = (tmp_path / "certificates").rglob("*.json")
    assert file.stem == office.certificate().certificate


# Restored


@pytest.fixture
def restored(office, place, tmp_path):
    """The backup is from before the sweep."""
    backup = Backup(place, tmp_path)
    backup.take(office.company.house)
    office.sweep()
    office.company.house.close()
    return backup


def gone(twin):
    end = the_end(twin)
    return {name: end[name] for name in ("units", "keys", "fenced", "rows")}


GONE = {name: WHOLE[name] for name in ("units", "keys", "fenced", "rows")}


def test_an_older_main_database_is_put_right_by_the_fences(office, restored, also, tmp_path):
    for file in (tmp_path / "certificates").rglob("*.json"):
        file.unlink()
    restored.restore_main()

    twin = also(office.company)

    assert gone(twin) == GONE
    (told,) = reapplied(twin)
    assert told.residue == (month_of(OVER),)
    assert len(told.units) == 2


def test_when_all_is_old_the_certificate_tells(office, restored, also):
    restored.restore_main()
    restored.restore_keys()

    twin = also(office.company)

    assert gone(twin) == GONE
    (told,) = reapplied(twin)
    assert told.issued is not None
    assert told.residue == (month_of(OVER),)


def test_a_month_of_which_a_hold_keeps_a_part_is_swept_again(office, also, place, tmp_path):
    """What was stated goes by its fences; of the rows the holds that are known decide anew."""
    office.hold(persons=people(office, "Ada"))
    backup = Backup(place, tmp_path)
    backup.take(office.company.house)
    office.sweep()
    office.company.house.close()
    backup.restore_main()

    twin = also(office.company)

    with twin.house.database.reading() as tx:
        left = [twin.name(person) for (person,) in tx.all("SELECT person FROM cs_access")]
        states = tx.all("SELECT state FROM cs_unit WHERE series = 'access'")
    assert left == ["Ada", "Ada"]
    assert sorted(states) == [("destroyed",), ("live",)]


def test_it_goes_where_the_database_is_in_memory(settings, clock, on_sqlite):
    own = settings.model_copy(update={"keyring_url": "sqlite://", "certificate_folder": ""})
    with closing(open_house("sqlite://", settings=own, clock=clock)) as house:
        company = type(on_sqlite)(house, clock).given_a_company()
        company.case("Ada", until="asked").board("Hilda")
        company.clock.go(date(2028, 1, 1))
        company.engine.fire_due()

        assert company.ask("Ada", q.Reads(person=company.person("Ada"))) == []
