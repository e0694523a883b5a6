"""An event and its envelope as canonical JSON (RFC 8785), and back."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json

from ..application.envelope import Envelope
from ..application.ports import Recorded
from ..domain.event import Event, RecordClass
from . import event_names
from .recorder import StoredRow

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Our bodies hold no floats and only ASCII names, so that sorted keys and no spaces are all that
# RFC 8785 asks for; a test holds this encoder against an implementation of it.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class Residue(Exception):
    """The stream's period is over: only position, leaf and certificate are left of this event."""


def canonical(value: Any) -> bytes:
    return _encode(value).encode()


def microseconds(moment: datetime) -> int:
    """Since 1970-01-01T00:00:00Z."""
    return (moment - EPOCH) // MICROSECOND


def moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def said_by(event: Event) -> dict[str, Any]:
    """The body, in plain JSON values; raises UnsealedText where text is still open."""
    return event.model_dump(mode="json")


def body(about: Envelope, said: dict[str, Any]) -> bytes:
    return canonical({"envelope": _head(about), "event": said})


def parted(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Envelope and event of a body, just as whoever reads it back will see them."""
    stored = from_json(body, cache_strings="keys")  # ids hardly ever come twice
    return stored["envelope"], stored["event"]


def case_in(body: bytes) -> str | None:
    """The case that an event belongs to, without reading the rest: keys are sorted."""
    end = body.find(b',"class":"')
    found = body.find(b'"case":"', 0, end)
    return None if found < 0 else body[found + 8 : body.index(b'"', found + 8)].decode()


def _head(envelope: Envelope) -> dict[str, Any]:
    """What is unknown is left out."""
    whole = {
        "format": envelope.format,
        "id": envelope.id,
        "case": envelope.case,
        "class": envelope.record_class,
        "rule": envelope.rule,
        "occurred": microseconds(envelope.occurred),
        "actor": envelope.actor,
        "role": envelope.role,
        "for": envelope.on_behalf_of,
        "via": envelope.via,
        "command": envelope.command,
        "cause": envelope.cause,
        "correlation": envelope.correlation,
        "policy": envelope.policy,
        "basis": envelope.basis or None,
    }
    return {name: value for name, value in whole.items() if value is not None}


def envelope(said: dict[str, Any]) -> Envelope:
    return Envelope(
        actor=said["actor"],
        role=said["role"],
        via=said["via"],
        command=said["command"],
        occurred=moment(said["occurred"]),
        on_behalf_of=said.get("for"),
        cause=said.get("cause"),
        correlation=said.get("correlation"),
        policy=said.get("policy"),
        case=said.get("case"),
        id=said["id"],
        record_class=RecordClass(said["class"]),
        rule=said["rule"],
        basis=tuple((stream, version) for stream, version in said.get("basis", ())),
        format=said["format"],
    )


class _Reading:
    event = staticmethod(event_names.decode)
    envelope = staticmethod(envelope)
    moment = staticmethod(moment)


READING = _Reading()


def recorded(row: StoredRow) -> Recorded:
    """Raises Residue for a row whose content is gone."""
    if row.body is None or row.stream is None or row.name is None:
        raise Residue(f"position {row.position} went under certificate {row.certificate}")
    head, said = parted(row.body)
    name, said = event_names.current(row.name, said)
    at, version = row.recorded_at or 0, row.version or 0
    return Recorded(row.position, row.stream, version, name, at, head, said, READING)
