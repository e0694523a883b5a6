"""The packer: the items of an approved run, with text, files and their trail, for an archive."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..application.desk import Actor
from ..application.engine import Engine
from ..application.packing import Leaving
from ..domain.disposal import DisposalRun, Entry, Transfer
from ..domain.event import Id, ItemId
from . import bag
from .packed_item import Attached, PackedItem, opened_item
from .recorder import StoredRow

if TYPE_CHECKING:
    from .journal import KeptJournal

README = """What countersign handed over.

run.json               the run: its list in the order of the items, who drafted and who approved it
items/NNNN.json        an item: its facts, the outcome that let it go, every event of its stream
                       with the text that was sealed in it (`text`, by the path of the field), and
                       its files (`files`), each with its path
items/NNNN/files/      the bytes of these files, as they were attached
leaves.jsonl           the leaf of every event in the package: position, leaf hash and salt in hex

What is no longer there says so: a text or a file is `erased` under a certificate, an item `gone`.
Text that belongs to another item of the same stream names that item (`of`) and is packed with it.
What is on hold (`held`, by the holds) stays with us too until they are released.
The commitments to texts and files are keyed, and the keys stay behind: what proves that these
bytes are whole is the manifest.
"""


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed, and which of it was on hold then."""

    transfer: Transfer
    held: tuple[ItemId, ...]


class Packer:
    """The pack is out of our reach: who may make one is asked, and it is logged, before that."""

    def __init__(self, journal: KeptJournal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine

    def pack(self, run: Id, folder: Path, actor: Actor) -> Packed:
        bag.refuse_taken(folder)
        leaving = self._engine.begin_pack(run, actor)
        info = {
            "Source-Organization": "countersign",
            "External-Identifier": run,
            "Bagging-Date": self._engine.now().date().isoformat(),
        }
        count = len(leaving.run.entries)
        transfer = bag.write(folder, self._payload(run, leaving), info, count)
        return Packed(transfer, tuple(leaving.held))

    def _payload(self, run: Id, leaving: Leaving) -> bag.Payload:
        yield "readme.txt", (README.encode(),)
        yield "run.json", (_json(_about(run, leaving.run)),)
        leaves: dict[int, bytes] = {}
        for number, entry in enumerate(leaving.run.entries, 1):
            place = f"items/{number:04}"
            item = opened_item(self._journal, entry.item)
            attached = dict(item.files_in(f"{place}/files"))
            yield f"{place}.json", (_json(_told(entry, leaving, item, attached)),)
            for path, file in attached.items():
                if file.opened is not None:
                    yield path, file.opened.pieces()
            leaves |= {row.position: _leaf(row) for row in item.rows}
        yield "leaves.jsonl", (leaves[position] for position in sorted(leaves))


def _told(
    entry: Entry, leaving: Leaving, item: PackedItem, attached: dict[str, Attached]
) -> dict[str, Any]:
    told = {
        "entry": entry.model_dump(mode="json"),
        "events": item.events,
        "files": [file.told(path) for path, file in attached.items()],
        "held": leaving.held.get(entry.item.item, ()),
    }
    return told if item.gone is None else {**told, "gone": item.gone}


def _about(run: Id, state: DisposalRun) -> dict[str, Any]:
    return {
        "run": run,
        "kind": state.kind,
        "schedule": state.schedule,
        "fingerprint": state.fingerprint,
        "drafted_by": state.drafted_by,
        "approved_by": list(state.approved_by),
        "evaluated_on": _day(state.evaluated_on),
        "items": [entry.item.item for entry in state.entries],
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _leaf(row: StoredRow) -> bytes:
    told = {"position": row.position, "leaf": row.leaf.hex(), "salt": (row.salt or b"").hex()}
    return _json(told) + b"\n"


def _json(said: Any) -> bytes:
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
