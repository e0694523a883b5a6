"""No text, no ciphertext and no bare digest of it lies in the journal; a scan of raw bytes says so.

Every text field of every command is filled with a word that is found nowhere else.
"""

import base64
import hashlib
import json
import logging
import sqlite3
from contextlib import closing
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, get_args

import psycopg
import pytest
from psycopg import sql

from countersign.application import commands as c
from countersign.application import questions as q
from countersign.domain.approval import PerceivedValue
from countersign.domain.lifecycle import Step
from countersign.domain.plan import Outcome, Verdict
from countersign.domain.policy import Terms
from countersign.domain.result import ResultKind, Route
from countersign.infrastructure import vault as vaults
from countersign.infrastructure.projector.quarantine import set_aside

NOWHERE = "5e9d4c1a-8d0a-4b57-9a55-6d3c0c2f7f10"


class Words:
    """Words to plant, and every form in which one could show."""

    def __init__(self):
        self.numbers = count(1)
        self.planted = {}

    def __call__(self, field):
        word = f"Zq{next(self.numbers):03}marker{field.replace('_', '')}"
        self.planted[field] = [*self.planted.get(field, []), word]
        return word

    @property
    def all(self):
        return [word for words in self.planted.values() for word in words]

    def forms(self):
        """By form: the word and the way in which it is written."""
        found: dict[bytes, tuple[str, str]] = {}
        for word in self.all:
            plain = word.encode()
            found |= {
                plain: (word, "plain"),
                plain.lower(): (word, "folded"),
                plain.hex().encode(): (word, "hex"),
                base64.b64encode(plain)[:-4]: (word, "base64"),
                json.dumps(word).encode()[1:-1]: (word, "json"),
                word.encode("utf-16-le"): (word, "utf-16"),
            }
            for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
                for said in (plain, plain.lower()):
                    digest = hashlib.new(name, said)
                    found[digest.digest()[:16]] = (word, f"{name} raw")
                    found[digest.hexdigest()[:32].encode()] = (word, f"{name} hex")
                    found[base64.b64encode(digest.digest())[:20]] = (word, f"{name} base64")
        return found


def found_in(forms, places):
    """Every (place, word, way) that shows."""
    return {
        (place, *told) for place, data in places for form, told in forms.items() if form in data
    }


@pytest.fixture
def words():
    return Words()


def told_everything(company, words):
    """A story in which every text field of every command says a planted word."""
    rows = tuple(
        company.row(name, manager, name=words("name"), email=words("email"), login=words("login"))
        for name, manager in (("Vera", None), ("Max", "Vera"), ("Ada", "Max"), ("Tess", "Vera"))
    )
    company.import_rows(*rows)
    profile = company.row("Ada", "Max", name=words("name"), email=words("email"))
    company.import_rows(profile)
    outsider = c.RegisterOutsider(name=words("name"), email=words("email"))
    company.does("Hilda", outsider)
    company.does("Hilda", c.SetPolicy(terms=Terms(rounds=2), reason=words("reason")))

    case = company.case("Ada", until="started")
    wish = c.TaskWish(title=words("title"), need=words("need"))
    examined = c.ExamineJob(plan=case.plan, activities=(words("activities"),), tasks=(wish,))
    case.does(examined)
    case.task = case.board().tasks[0].task
    both = {"plan": case.plan, "task": case.task}
    restated = c.RestateTask(**both, title=words("title"), need=words("need"))
    case.does(restated)
    company.does("Max", c.CommentNeed(**both, comment=words("comment")))
    use: dict[str, Any] = {
        "point": words("point"),
        "purpose": words("purpose"),
        "channels": (words("channels"),),
    }
    case.does(c.PinpointUse(**both, **use))
    case.does(c.KeepSimple(**both, actions=(words("actions"), words("actions"))))
    case.walked = ["started", "examined", "pinpointed", "simple"]
    case.walk("practised")
    day = c.PracticeDay(on=company.clock.today, note=words("note"))
    case.does(c.LogPractice(plan=case.plan, days=(day,)))
    case.does(c.CheckResults(**both, verdict=Verdict.KEEP, methods=(words("methods"),)))
    item = case.does(reading(words)).events[0].stream
    case.does(c.KeepFile(item=item, **file(company, words)))
    noted = c.NoteResult(
        **both, finding=finding(words), evidence=(c.EvidenceWish(item=item), page(words))
    )
    happened = {each.name: each.stream for each in case.does(noted).events}
    case.result = happened["result.noted.v1"]
    case.does(c.AmendResult(result=case.result, finding=finding(words)))
    case.does(c.AddEvidence(result=case.result, evidence=page(words)))
    case.does(c.AttachFile(result=case.result, **file(company, words)))
    gone = case.does(reading(words)).events[0].stream
    case.does(c.KeepFile(item=gone, **file(company, words)))
    case.does(c.DiscardItem(item=gone))
    found = c.TaskWish(title=words("title"), need=words("need"))
    reviewed = {"plan": case.plan, "activities": (words("activities"),)}
    case.does(c.ReviewActivities(**reviewed, found=(found,)))
    case.does(c.Settle(plan=case.plan, outcome=Outcome.PARKED))
    decided(company, case, words)
    return case


def decided(company, case, words):
    task, asks = {"task": case.task}, c.AskForAcceptance(plan=case.plan, task=case.task)
    case.does(asks)
    question = company.does("Max", c.AskQuestion(**task, text=words("text"))).events[0].event
    case.does(c.AnswerQuestion(**task, question=question.question, text=words("text")))
    back = c.ReturnTask(**task, evidence=1, missing=words("missing"), to_step=Step.NOTE_RESULTS)
    company.does("Max", back)
    case.does(asks)
    named = c.NameApprover(**task, level=2, approver=company.person("Tess"), reason=words("reason"))
    company.does("Hilda", named)
    accepts = c.AcceptTask(
        **task,
        evidence=2,
        result=case.result,
        need=words("need"),
        value_perceived=PerceivedValue.DIRECT,
    )
    company.does("Max", accepts)
    company.does("Tess", c.DeclineTask(**task, evidence=2, reason=words("reason")))
    skipped(company, words)


def skipped(company, words):
    """An engineer leaves out what the inbox was made to stumble over."""
    with company.house.database.writing() as tx:
        (copy,) = (each for each in company.house.projector.live_copies(tx) if each.name == "inbox")
        set_aside(tx, copy.number, NOWHERE, position=1, attempts=4, error="KeyError")
    skip = c.SkipEvent(projection="inbox", position=1, reason=words("reason"))
    company.does("Hilda", skip)
    company.house.retry("inbox", NOWHERE)


def finding(words):
    return c.FindingWish(
        kind=ResultKind.LEAD,
        route=Route.TIP,
        channel=words("channel"),
        what=words("what"),
        confirmable_by=words("confirmable_by"),
        outsider=words("outsider"),
    )


def page(words):
    return c.EvidenceWish(title=words("title"), locator=words("locator"))


def file(company, words):
    """Its bytes say something too."""
    upload = company.uploads("Ada", words("note").encode())
    return {"upload": upload, "name": words("name"), "title": words("title")}


def reading(words):
    return c.KeepItem(title=words("title"), locator=words("locator"), note=words("note"))


def text_fields():
    """The names of all fields of all commands, and of what stands in them, that hold text."""
    found, seen = set(), set()

    def walk(model):
        if model in seen:
            return
        seen.add(model)
        for name, field in model.model_fields.items():
            for part in parts(field.annotation):
                if part is str and name not in IDS:
                    found.add(name)
                elif isinstance(part, type) and hasattr(part, "model_fields"):
                    walk(part)

    for command in c.COMMANDS.values():
        walk(command)
    return found


def parts(annotation):
    inner = [part for part in get_args(annotation) if part is not Ellipsis]
    return [each for part in inner for each in parts(part)] or [annotation]


IDS = {"person", "plan", "task", "result", "item", "manager", "stand_in", "alternate", "approver"}
IDS |= {"absence", "appointment", "question", "take", "tasks", "time_zone", "number"}
IDS |= {"projection", "upload"}
"""Ids, zones, projections, and HR numbers, which are looked for below by themselves."""


def places(place, settings):
    """Everything that lies on the disk or in the tables, as raw bytes."""
    keyring = Path(settings.keyring_url.removeprefix("sqlite:///"))
    files = [*keyring.parent.glob(f"{keyring.name}*")]
    if place.url.startswith("sqlite"):
        journal = Path(place.url.removeprefix("sqlite:///"))
        files += journal.parent.glob(f"{journal.name}*")
    yield from ((file.name, file.read_bytes()) for file in files)
    if place.tenant:
        yield from rows_of(place)


def rows_of(place):
    schema = f"countersign_{place.tenant}"
    with psycopg.connect(place.url) as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (schema,)
        ).fetchall()
        for (name,) in names:
            table = sql.Identifier(schema, name)
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(table)):
                yield name, b"\0".join(map(as_bytes, row))


def as_bytes(cell):
    return bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()


def test_the_story_says_something_in_every_text_field(on_sqlite, words):
    told_everything(on_sqlite, words)

    assert set(words.planted) == text_fields()


def test_no_text_lies_at_rest_in_any_form(company, words, place, settings):
    case = told_everything(company, words)
    assert words.planted["purpose"][0] in case.board().model_dump_json()

    assert found_in(words.forms(), places(place, settings)) == set()


def test_after_everything_was_rebuilt_and_closed_there_is_still_none(
    company, words, place, settings
):
    told_everything(company, words)
    company.house.rebuild(())
    company.house.close()

    assert found_in(words.forms(), places(place, settings)) == set()


def test_no_hr_number_lies_at_rest(company, place, settings):
    numbers = Words()
    row = company.row("Zed", "Max").model_copy(update={"number": numbers("number")})
    company.does("Hilda", c.ImportOrganisation(rows=(row,), effective=date(2026, 3, 2)))

    assert company.ask("engine", q.WhoIs(known_as=numbers.all[0])).name == "Zed"
    assert found_in(numbers.forms(), places(place, settings)) == set()


def test_the_scan_finds_whatever_was_left_open(company, words, place, settings, monkeypatch):
    """The control: a vault that leaves text in place is caught, whichever field it is."""
    monkeypatch.setattr(vaults.Sealer, "_cell", leaky_cell)
    monkeypatch.setattr(vaults, "_found", found_all_the_same)
    told_everything(company, words)
    shown = {word for _, word, _ in found_in(words.forms(), places(place, settings))}

    assert shown == set(words.all) - set(words.planted["login"])


def found_all_the_same(sealed, cells):
    return FINDS(sealed.model_copy(update={"alg": vaults.ALGORITHM}), cells)


FINDS = vaults._found


def leaky_cell(sealer, event_id, unit, fields, references):
    """Seals as it should, but the journal's reference says the text beside the commitment."""
    cell = SEALS(sealer, event_id, unit, fields, references)
    for path, text in fields:
        references[path] = references[path].model_copy(update={"alg": text})
    return cell


SEALS = vaults.Sealer._cell


@pytest.mark.parametrize("way", ["sha256", "md5", "sha1"])
def test_the_scan_finds_a_bare_digest(company, words, place, settings, monkeypatch, way):
    def digest(key, event_id, path, text):
        return hashlib.new(way, text.encode()).hexdigest()

    monkeypatch.setattr(vaults, "_commitment", digest)
    company.does("Ada", c.KeepItem(title=words("title")))

    ways = {told[2] for told in found_in(words.forms(), places(place, settings))}
    assert ways == {f"{way} hex"}


def test_the_same_text_twice_commits_twice(company):
    for _ in range(2):
        company.does("Ada", c.KeepItem(title="the same words"))
    trail = company.house.journal.follow(0, frozenset({"reference.kept.v1"}))

    commitments = {each.event.title.commitment for each in trail}
    assert len(commitments) == 2


def test_no_log_says_a_word_of_it(company, words, caplog, also):
    with caplog.at_level(logging.DEBUG):
        told_everything(company, words)
        company.house.rebuild(())
        company.when("Ada", c.NoteResult(plan=NOWHERE, task=NOWHERE, finding=finding(words)))
        also(company).ask("Ada", q.People())

    said = "".join(record.getMessage() for record in caplog.records)
    assert [word for word in words.all if word in said] == []


def test_a_refusal_says_no_text_of_others(company, words):
    company.import_rows(company.row("Ada", "Max", email=words("email")))
    row = company.row("Bob", "Max", email=words.all[0])
    refused = company.when(
        "Hilda", c.ImportOrganisation(rows=(row,), effective=company.clock.today)
    )

    assert words.all[0] not in str(refused.said) + repr(refused.said.details)


def test_what_was_discarded_is_in_no_file(on_sqlite, words, tmp_path):
    """Nor is its ciphertext: the cell is empty, and the freed page was overwritten."""
    item = on_sqlite.does("Ada", reading(words)).events[0].stream
    with closing(sqlite3.connect(tmp_path / "company.db")) as raw:
        asked = "SELECT c.sealed, u.key_id FROM cs_cell c JOIN cs_unit u USING (unit)"
        sealed, key = raw.execute(f"{asked} WHERE u.stream = ?", (item,)).fetchone()
    on_sqlite.does("Ada", c.DiscardItem(item=item))

    on_sqlite.house.close()
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    wholly = {name for name, data in files.items() if sealed[:64] in data}
    assert wholly == set()
    with closing(sqlite3.connect(tmp_path / "keys.db")) as raw:
        assert raw.execute("SELECT 1 FROM cs_key WHERE key_id = ?", (key,)).fetchone() is None
