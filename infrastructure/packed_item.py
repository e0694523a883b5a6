"""An item as a pack holds it: its trail, its own text, and its files, ready to be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..application.aggregates import RESULT
from ..application.ports import Opened, Recorded
from ..domain.event import Id, ItemId, sealed_fields
from ..domain.file import File
from ..domain.items import Item, ItemKind
from ..domain.media import ending
from ..domain.reference import ItemFileAttached
from ..domain.refusals import FileDestroyed
from ..domain.result import EvidenceAdded, FileAttached, ResultNoted
from ..domain.sealed import Erased, Sealed
from . import codec
from .database import Tx
from .pages import some
from .recorder import StoredRow
from .vault import unit_id

if TYPE_CHECKING:
    from .journal import KeptJournal

Text = str | dict[str, Any] | None
"""The text, or what says where it went: `erased` under a certificate, or `of` another item."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file, and its bytes unless they are erased."""

    file: File
    name: Text
    title: Text
    opened: Opened | None
    certificate: Id | None

    def told(self, path: str) -> dict[str, Any]:
        whereabouts = {"path": path} if self.opened else {"erased": self.certificate}
        return {
            "file": self.file.copy_id,
            "name": self.name,
            "title": self.title,
            "media_type": self.file.media_type.value,
            "size": self.file.size,
            **whereabouts,
        }


@dataclass(frozen=True, slots=True)
class PackedItem:
    """`gone` is the certificate under which the whole stream went, if it did."""

    rows: tuple[StoredRow, ...]
    events: tuple[dict[str, Any], ...]
    files: tuple[Attached, ...]
    gone: Id | None

    def files_in(self, folder: str) -> Iterator[tuple[str, Attached]]:
        """Under names of our own making: those that people gave may say anything."""
        for number, each in enumerate(self.files, 1):
            yield f"{folder}/{number:04}.{ending(each.file.media_type)}", each


def opened_item(journal: KeptJournal, item: Item) -> PackedItem:
    """Raises Lost or Tampered where something is not there, and no certificate says why."""
    with journal.database.reading() as tx:
        rows = journal.recorder.history(tx, item.stream)
        events = [codec.recorded(row) for row in rows]
        texts = _texts(journal, tx, item, events)
        gone = journal.disposer.certificates(tx, (item.stream,)).get(item.stream)
    return PackedItem(
        rows=tuple(rows),
        events=tuple(_told(event, texts) for event in events),
        files=tuple(_attached(journal, file, texts) for file in _files_of(item, events)),
        gone=gone,
    )


def _texts(
    journal: KeptJournal, tx: Tx, item: Item, events: Sequence[Recorded]
) -> dict[Sealed, Text]:
    """The item's own opened; what else is sealed in its stream says of which item it is."""
    sealed = [each for event in events for _, each in sealed_fields(event.event)]
    whose = _whose(tx, item, events, sealed)
    mine = [each for each in sealed if whose[each] == item.item]
    opened = journal.vault.open(tx, mine)
    return {each: _said(opened[each]) if each in opened else {"of": whose[each]} for each in sealed}


def _whose(
    tx: Tx, item: Item, events: Iterable[Recorded], sealed: Iterable[Sealed]
) -> dict[Sealed, ItemId]:
    """Record copies lie in their result's stream, each in a unit of its own."""
    copies = {
        unit_id(item.stream, RESULT.series, item.owner, copy): copy for copy in _copies(events)
    }
    cells = [each.cell for each in sealed if each.cell]
    units = dict(some(tx, "SELECT cell, unit FROM cs_cell WHERE cell", cells))
    return {each: copies.get(units.get(each.cell or "", ""), item.stream) for each in sealed}


def _copies(events: Iterable[Recorded]) -> Iterator[ItemId]:
    for recorded in events:
        match recorded.event:
            case ResultNoted(evidence=evidence):
                yield from (each.copy_id for each in evidence)
            case EvidenceAdded(evidence=added):
                yield added.copy_id
            case FileAttached(file=file):
                yield file.copy_id


def _files_of(item: Item, events: Iterable[Recorded]) -> Iterator[File]:
    """A result's files are record copies, which are items of their own."""
    for recorded in events:
        match recorded.event:
            case FileAttached(file=file) if file.copy_id == item.item:
                yield file
            case ItemFileAttached(file=file) if item.kind is ItemKind.REFERENCE:
                yield file


def _attached(journal: KeptJournal, file: File, texts: Mapping[Sealed, Text]) -> Attached:
    name, title = texts[file.name], texts[file.title] if file.title else None
    try:
        opened = journal.blobs.open(file.copy_id, file.size, file.commitment)
    except FileDestroyed as gone:
        return Attached(file, name, title, None, gone.details["certificate"])
    return Attached(file, name, title, opened, None)


def _told(recorded: Recorded, texts: Mapping[Sealed, Text]) -> dict[str, Any]:
    return {
        "position": recorded.position,
        "recorded_at": recorded.recorded_at.isoformat(),
        "name": recorded.name,
        "version": recorded.version,
        "envelope": recorded.head,
        "says": recorded.said,
        "text": {path: texts[sealed] for path, sealed in sealed_fields(recorded.event)},
    }


def _said(text: str | Erased) -> Text:
    return text if isinstance(text, str) else {"erased": text.certificate}
