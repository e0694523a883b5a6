"""What was once written can be read for ever: one file per event name, the bytes of its body.

A name that is no longer written keeps its file, and an upcast leads from it to one that is.
"""

import json
import re
import subprocess
import sys
import types
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from countersign.application.commands import StartPlan
from countersign.application.envelope import Envelope
from countersign.domain import classification
from countersign.domain.event import Event
from countersign.domain.sealed import Sealed
from countersign.infrastructure import codec
from countersign.infrastructure.event_names import EVENTS, UPCASTS, UnknownEvent, decode
from countersign.infrastructure.ledger import content_hash, leaf_hash
from countersign.infrastructure.recorder import StoredRow

FILES = Path(__file__).parents[1] / "events"
STREAM = "11111111-1111-4111-8111-111111111111"


def golden():
    return {path.name.removesuffix(".json"): path.read_bytes() for path in FILES.glob("*.json")}


def read(name, body):
    """As the journal reads a row."""
    return codec.recorded(StoredRow(1, STREAM, 1, name, 0, b"", body, b"", None))


def example(event):
    """A body of this event with every field filled in; for a new event's file."""
    classed = classification.classify(event.name)
    envelope = Envelope(
        actor=STREAM,
        role="employee",
        via="library",
        command="22222222-2222-4222-8222-222222222222",
        occurred=datetime(2026, 3, 2, 9, tzinfo=UTC),
        on_behalf_of=STREAM,
        cause="33333333-3333-4333-8333-333333333333",
        correlation="22222222-2222-4222-8222-222222222222",
        policy=1,
        case=STREAM,
        id="44444444-4444-4444-8444-444444444444",
        record_class=classed.record_class,
        rule=classification.RULES,
        basis=((STREAM, 1),),
    )
    return codec.body(envelope, codec.said_by(filled(event)))


def filled(model):
    fields = model.model_fields.items()
    return model.model_validate({name: fitting(field, name) for name, field in fields})


def fitting(field, name):
    """A text that must look in a way of its own is a digest: SHA-512 in hex."""
    patterns = [getattr(each, "pattern", None) for each in field.metadata]
    odd = any(pattern and not re.fullmatch(pattern, STREAM) for pattern in patterns)
    return "ab" * 64 if odd else filler(field.annotation, name)


def filler(wanted: Any, name: str) -> Any:
    if get_origin(wanted) in (Union, types.UnionType):
        return filler(next(each for each in get_args(wanted) if each is not type(None)), name)
    if get_origin(wanted) is Literal:
        return get_args(wanted)[0]
    if get_origin(wanted) is tuple:
        inner = get_args(wanted)
        return tuple(filler(each, name) for each in inner if each is not Ellipsis)
    if hasattr(wanted, "__metadata__"):
        return filler(wanted.__origin__, name)
    if wanted is Sealed:
        return Sealed(cell=STREAM, alg="A256GCM-HS256", commitment="ab" * 32)
    if issubclass(wanted, BaseModel):
        return filled(wanted)
    if issubclass(wanted, Enum):
        return next(iter(wanted))
    return {str: STREAM, int: 2, bool: True, date: date(2026, 3, 2)}[wanted]


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_its_file_and_is_written_as_it_says(name):
    path = FILES / f"{name}.json"
    wanted = example(EVENTS[name])
    assert path.exists(), f"write this, without a line break, to tests/events/{name}.json: {wanted}"
    recorded = read(name, path.read_bytes())

    assert type(recorded.event) is EVENTS[name]
    assert codec.body(recorded.envelope, codec.said_by(recorded.event)) == path.read_bytes()


@pytest.mark.parametrize("name", golden())
def test_every_file_can_be_read_today(name):
    body = golden()[name]
    recorded = read(name, body)

    assert isinstance(recorded.event, Event)
    assert recorded.name in EVENTS
    assert name in EVENTS or name in UPCASTS
    assert codec.canonical(json.loads(body)) == rfc8785.dumps(json.loads(body)) == body


@pytest.mark.parametrize("name", EVENTS)
def test_every_file_fills_every_field(name):
    """An optional field that is left empty would prove nothing about how it is written."""
    said = json.loads((FILES / f"{name}.json").read_bytes())["event"]

    assert set(said) == set(EVENTS[name].model_fields)
    assert None not in said.values()


def test_every_upcast_leads_to_a_name_that_is_written():
    for name in UPCASTS:
        assert name not in EVENTS
        reached = name
        while reached in UPCASTS:
            reached = UPCASTS[reached][0]
        assert reached in EVENTS


def test_an_old_name_is_read_through_its_upcast(monkeypatch):
    def with_reason(said):
        return said | {"reason": "given_up"}

    monkeypatch.setitem(UPCASTS, "approval.given_up.v1", ("approval.ended.v1", with_reason))
    body = json.loads((FILES / "approval.ended.v1.json").read_bytes())
    del body["event"]["reason"]
    recorded = read("approval.given_up.v1", codec.canonical(body))

    assert recorded.name == "approval.ended.v1"
    assert recorded.event.reason == "given_up"


def test_a_name_that_nobody_knows_is_said_to_be_unknown():
    with pytest.raises(UnknownEvent, match=r"plan\.invented\.v9"):
        decode("plan.invented.v9", {})


def test_no_import_path_and_no_class_name_stands_in_a_body():
    for name, body in golden().items():
        for word in (b"countersign.", EVENTS[name].__name__.encode(), b"__"):
            assert word not in body


def test_every_event_has_a_class_and_a_reason_for_it():
    assert set(EVENTS) == set(classification.EVENTS)
    assert all(classification.classify(name).because for name in EVENTS)


def test_an_event_without_a_class_is_no_event():
    with pytest.raises(classification.Unclassified, match=r"scratch\.happened"):
        classification.check([*EVENTS, "scratch.happened.v1"])


def test_an_event_without_a_class_stops_the_start():
    program = """
import importlib.util, sys, types

spec = importlib.util.find_spec("countersign")
house = types.ModuleType("countersign")
house.__path__ = spec.submodule_search_locations
sys.modules["countersign"] = house

import countersign.domain.plan as plan
from countersign.domain.event import Event

class Scratch(Event):
    name = "plan.scratched.v1"

plan.Scratch = Scratch
spec.loader.exec_module(house)
"""
    told = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )

    assert told.returncode != 0
    assert "plan.scratched.v1 has no declared class" in told.stderr


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
NAMES = st.text(st.characters(codec="ascii"), min_size=1)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(body=st.dictionaries(NAMES, VALUES, max_size=5))
def test_our_canonical_json_is_the_standards(body):
    assert codec.canonical(body) == rfc8785.dumps(body)


@settings(max_examples=100, deadline=None)
@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_moment_comes_back_to_the_microsecond(moment):
    assert codec.moment(codec.microseconds(moment)) == moment


def test_every_leaf_of_a_journal_can_be_reckoned_again(company):
    company.case("Ada", until="enabled")
    with company.house.database.reading() as tx:
        rows = company.house.recorder.since(tx, 0, 10_000)

    assert len(rows) > 50
    for row in rows:
        content = content_hash(row.stream, row.version, row.name, row.body)
        assert leaf_hash(row.salt, row.position, row.recorded_at, content) == row.leaf
        assert rfc8785.dumps(json.loads(row.body)) == row.body
    assert len({row.salt for row in rows}) == len(rows)


def test_what_is_read_back_is_what_was_written(company):
    written = company.does("Ada", StartPlan()).events
    with company.house.database.reading() as tx:
        rows = company.house.recorder.since(tx, written[0].position - 1, 100)

    for row, event in zip(rows, written, strict=True):
        again = codec.recorded(row)
        assert (again.event, again.envelope, again.name, again.stream, again.version) == (
            *(event.event, event.envelope, event.name, event.stream, event.version),
        )
