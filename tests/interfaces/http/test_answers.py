"""The answers that OpenAPI shows are those of a company whose clock and ids are known.

COUNTERSIGN_WRITE_ANSWERS=1 writes them anew; what changes then changes for whoever reads them.
"""

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from countersign.application import commands as c
from countersign.domain.hold import Scope
from countersign.infrastructure.assembly import open_house
from countersign.infrastructure.settings import Settings
from countersign.interfaces.http import examples
from countersign.interfaces.http.router import reads, watches

FILE = Path(examples.__file__).with_name("answers.json")
SHOWN = 2
BY_THE_WALL = {"updated": "2026-03-02T09:00:00Z", "rate": 0.0}
"""What a projection's state takes from the machine and not from the company's clock."""

READERS = {"get_projections": "Hilda", "get_funnel": "Hilda", "list_due_dates": "Hilda"}
READERS |= {"list_plans": "Hilda", "list_inbox": "Max", "list_trail": "Hilda"}
READERS |= dict.fromkeys(
    (
        *("list_register", "get_register_item", "get_schedule", "get_schedule_version"),
        *("list_holds", "get_hold", "list_disposals", "get_disposal", "get_certificate"),
    ),
    "Hilda",
)
BY_THE_KEY = {"signature": "5e" * 64, "key": "0123456789abcdef"}
"""What a certificate takes from the key of its installation."""
WATCHERS = {"watch_inbox": "Ada", "watch_plan": "Ada"}


def ids() -> Iterator[str]:
    return (f"{number:08x}-0000-4000-8000-{number:012x}" for number in count(1))


@pytest.fixture
def known_company(tmp_path, clock, on_sqlite):
    drawn = ids()
    settings = Settings(
        master_key=SecretStr("A" * 43), keyring_url=f"sqlite:///{tmp_path}/known-keys.db"
    )
    house = open_house(
        f"sqlite:///{tmp_path}/known.db", settings=settings, clock=clock, ids=lambda: next(drawn)
    )
    yield type(on_sqlite)(house, clock).given_a_company()
    house.close()


@pytest.fixture
def answers(known_company, wire):
    """By operation, what each question is answered, in somebody's name."""
    company = known_company
    case = company.case("Ada", until="asked")
    item = case.does(c.KeepItem(title="How readers choose")).events[0].stream
    today = company.clock.today
    away = c.NoteAbsence(person=company.person("Ada"), start=today, end=today.replace(day=28))
    absence = case.does(away).events[0].event.absence
    asked = company.does("Max", c.AskQuestion(task=case.task, text="since when?"))
    run, hold = disposed(company)
    named = {
        "plan": case.plan,
        "task": case.task,
        "result": case.result,
        "item": item,
        "person": company.person("Ada"),
        "absence": absence,
        "appointment": company.appoints("Ada", "Bob"),
        "question": asked.events[0].event.question,
        "year": 2026,
        "version": 1,
        "hold": hold,
        "run": run.stream,
        "certificate": run.said["certificate"],
    }
    with TestClient(wire.app_of(company)) as http:
        api = wire.api_of(company, http)
        found = {}
        for read in reads():
            company.house.access_log.flush()
            told = api(READERS.get(read.name, "Ada")).get(read.path.format(**named)).ok()
            found[read.name] = shortened(told.body)
        after = asked.position - 1
        for watch in watches():
            client, path = api(WATCHERS[watch.name]), watch.path.format(**named)
            told = client.get(path, headers={"Last-Event-ID": str(after)}).ok()
            found[watch.name] = told.response.text
        return found


def disposed(company):
    """Bob's data is erased, as far as it may be, under a hold on Carl's."""
    scope = Scope(persons=(company.person("Carl"),))
    placed = company.does("Hilda", c.PlaceHold(scope=scope, matter="claim", authority="court"))
    company.does("Bob", c.KeepItem(title="a post"))
    wanted = c.DraftErasure(person=company.person("Bob"), reason="asked for")
    (run,) = company.does("Hilda", wanted).events
    seen = run.said["fingerprint"]
    company.does("Rob", c.ApproveDisposal(run=run.stream, fingerprint=seen))
    company.does("Hilda", c.DestroyNext(run=run.stream))
    return run, placed.events[0].said["hold"]


def shortened(body):
    """Of a list its first items, and no cursor, which would be opaque to a reader too."""
    if "signature" in body:
        return body | BY_THE_KEY
    if "projections" in body:
        first = [each | BY_THE_WALL for each in body["projections"][:SHOWN]]
        return body | {"projections": first}
    if "items" in body:
        return {"items": body["items"][:SHOWN], "next_cursor": None}
    if "entries" in body and "board" in body:
        return body | {"entries": body["entries"][:SHOWN]}
    return body


def test_the_answers_that_are_shown_are_those_that_are_given(answers):
    if os.environ.get("COUNTERSIGN_WRITE_ANSWERS"):
        FILE.write_text(json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True) + "\n")

    assert json.loads(FILE.read_text("utf-8")) == answers
