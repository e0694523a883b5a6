"""Nothing that was destroyed is found anywhere by a scan of raw bytes that finds it before.

Text never stands anywhere in the clear, so what is scanned for is also its ciphertext and the
wrapped key of its unit: those are found before, and nowhere afterwards.
"""

import sqlite3
from contextlib import closing

import pytest

from countersign.application import commands as c
from countersign.application.aggregates import RESULT
from countersign.domain.items import ItemKind
from countersign.domain.result import ResultKind, Route
from countersign.infrastructure.pages import some

from .scanning import files, found, scanned

FIELDS = ("title", "locator", "note", "what", "channel", "confirmable_by", "outsider", "evidence")


def marker(field):
    return f"Zq7marker{field.replace('_', '')}"


@pytest.fixture
def settings(settings, tmp_path):
    return settings.model_copy(update={"certificate_folder": str(tmp_path / "certificates")})


def planted(company, records):
    """Ada's case and her reading, with a marker in every kind of text."""
    said = {field: marker(field) for field in FIELDS}
    reading = c.KeepItem(title=said["title"], locator=said["locator"], note=said["note"])
    case = company.case("Ada", until="checked")
    item = company.does("Ada", reading).events[0].stream
    finding = c.FindingWish(
        kind=ResultKind.LEAD,
        route=Route.TIP,
        channel=said["channel"],
        what=said["what"],
        confirmable_by=said["confirmable_by"],
        outsider=said["outsider"],
    )
    wishes = (
        c.EvidenceWish(item=item),
        c.EvidenceWish(title=said["evidence"], locator=marker("evidencelocator")),
    )
    noted = c.NoteResult(plan=case.plan, task=case.task, finding=finding, evidence=wishes)
    case.result = next(
        each.stream for each in case.does(noted).events if each.name == "result.noted.v1"
    )
    for step in ("reviewed", "settled", "asked"):
        getattr(case, f"_{step}")()
    task = {"task": case.task}
    asked = company.does("Max", c.AskQuestion(**task, text=marker("question"))).events[0].event
    case.does(c.AnswerQuestion(**task, question=asked.question, text=marker("answer")))
    company.does("Max", c.DeclineTask(**task, evidence=1, reason=marker("decline")))
    row = company.row(
        "Ada", "Max", name=marker("name"), email=marker("email"), login=marker("login")
    )
    company.import_rows(row)
    case.does(c.AbandonPlan(plan=case.plan))
    return case, item


def everything_of(company, case, item):
    """Ids of the units of all that is Ada's: case, copies, reading, profile."""
    ada = company.person("Ada")
    with company.house.database.reading() as tx:
        found = tx.all("SELECT unit, key_id FROM cs_unit WHERE subject = :ada", ada=ada)
        streams = (case.plan, case.task, case.result, item)
        for stream in streams:
            found += tx.all("SELECT unit, key_id FROM cs_unit WHERE stream = :s", s=stream)
    return dict(found)


def needles(company, units):
    """What must not be found afterwards: sealed bytes, wrapped keys, and the markers."""
    with company.house.database.reading() as tx:
        sealed = [bytes(s) for (s,) in some(tx, "SELECT sealed FROM cs_cell WHERE unit", units)]
    with company.house.keyring._database.reading() as tx:
        keys = list(some(tx, "SELECT wrapped FROM cs_key WHERE key_id", units.values()))
    return {
        "ciphertext": sealed,
        "wrapped key": [bytes(wrapped) for (wrapped,) in keys],
        "identity": [company.house.journal.identities.hashed("login", marker("login"))],
        "plain text": [marker(each).encode() for each in (*FIELDS, "question", "answer", "decline")]
        + [marker(each).encode() for each in ("name", "email", "login", "evidencelocator")],
    }


def test_nothing_is_found_after_disposal_and_erasure(company, records, place, tmp_path):
    case, item = planted(company, records)
    units = everything_of(company, case, item)
    wanted = needles(company, units)
    before = {kind for kind, _ in found(wanted, scanned(company, place, tmp_path))}
    assert before == {"ciphertext", "wrapped key", "identity"}
    assert len(wanted["ciphertext"]) >= 15

    company.leaves("Ada")
    records.in_years(3)
    company.engine.fire_due()
    company.clock.wait(days=40)
    company.engine.fire_due()
    refs = [
        c.ItemRef(kind=ItemKind.PLAN, item=case.plan, stream=case.plan),
        c.ItemRef(kind=ItemKind.REQUEST, item=case.task, stream=case.task),
        c.ItemRef(kind=ItemKind.RESULT, item=case.result, stream=case.result),
        *(
            c.ItemRef(kind=ItemKind.COPY, item=copy, stream=case.result)
            for copy in copies_in(company, case.result)
        ),
    ]
    records.disposed(records.drafted(*refs))
    certificate = records.disposed(records.erasure("Ada")).certificate

    assert set(states(company, units).values()) == {"destroyed"}
    assert found(wanted, scanned(company, place, tmp_path)) == set()
    assert sum(each.left for each in certificate.residues) == 0
    records.all_as_rebuilt()


def copies_in(company, result):
    with company.house.journal.session() as session:
        return sorted(session.recall(RESULT, result)[1].copies)


def states(company, units):
    with company.house.database.reading() as tx:
        return dict(some(tx, "SELECT unit, state FROM cs_unit WHERE unit", units))


def test_the_log_of_sqlite_still_holds_what_no_checkpoint_has_taken(on_sqlite, tmp_path):
    """Why the run ends with a truncating checkpoint: deleting alone leaves the bytes there."""
    company = on_sqlite
    item = company.does("Ada", c.KeepItem(title="a page")).events[0].stream
    units = everything_of_stream(company, item)
    wanted = needles(company, units)
    with closing(sqlite3.connect(tmp_path / "company.db", isolation_level=None)) as raw:
        raw.execute("PRAGMA secure_delete=ON")
        raw.executemany("UPDATE cs_cell SET sealed = NULL WHERE unit = ?", [(u,) for u in units])

    assert ("ciphertext", ".db-wal") in found(wanted, files(tmp_path))


def everything_of_stream(company, stream):
    with company.house.database.reading() as tx:
        return dict(tx.all("SELECT unit, key_id FROM cs_unit WHERE stream = :s", s=stream))
