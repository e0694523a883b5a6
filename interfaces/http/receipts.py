"""Receipts: what a command has done, made of its events alone, so that a repeat reads the same."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...application.commands import Command
from ...application.desk import Actor
from ...application.ports import Receipt, Recorded
from .conditions import etag_of
from .documents import EventDocument, ReceiptDocument

REFERENCE = {"cell", "alg", "commitment"}


def document(
    receipt: Receipt,
    command: Command,
    actor: Actor,
    *,
    case: str | None,
    of: str | None,
    made: str | None = None,
) -> ReceiptDocument:
    """`of` is the stream that the address stands for; `case` the plan that it lies in."""
    events = tuple(_event(each) for each in shown(receipt, command, actor, case))
    versions = [each.version for each in receipt.events if each.stream == of]
    return ReceiptDocument(
        position=receipt.position,
        etag=etag_of(max(versions)) if versions else None,
        made=made,
        events=events,
    )


def shown(receipt: Receipt, command: Command, actor: Actor, case: str | None) -> Iterator[Recorded]:
    """What followed in somebody else's plan is not told to whoever changed something else."""
    own = getattr(command, "person", actor.person) == actor.person
    for each in receipt.events:
        if own or each.envelope.case in (None, case):
            yield each


def _event(recorded: Recorded) -> EventDocument:
    return EventDocument(
        position=recorded.position,
        name=recorded.name,
        stream=recorded.stream,
        version=recorded.version,
        case=recorded.envelope.case,
        says=plain(recorded.said),
    )


def plain(said: Mapping[str, Any]) -> dict[str, Any]:
    """Without references to text, and without what is not there."""
    return {
        name: _plain(value)
        for name, value in said.items()
        if value is not None and not _is_text(value)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list):
        return [_plain(each) for each in value if not _is_text(each)]
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == REFERENCE
