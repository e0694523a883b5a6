"""The packer: the items of an approved run, with their text and their trail, for an archive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..application.aggregates import RUN
from ..application.desk import Actor
from ..application.engine import Engine
from ..application.questions import Disposal
from ..domain.disposal import DisposalRun, Entry, RunPhase, Transfer
from ..domain.event import Id, sealed_fields
from ..domain.refusals import RunNotApproved
from ..domain.sealed import Erased, Sealed
from . import bag, codec
from .recorder import StoredRow

if TYPE_CHECKING:
    from .journal import KeptJournal

README = """What countersign handed over.

items/NNNN.json     an item: its facts, the outcome that let it go, and every event of its stream
                    with the text that was sealed in it (`text`, by the path of the field)
leaves.jsonl        the leaf of every event in the package: position, leaf hash and salt in hex
run.json            the run: its frozen list, who drafted and who approved it
"""


class Packer:
    """Opens text, so whoever packs must be allowed to see the run; the pack is out of our reach."""

    def __init__(self, journal: KeptJournal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine

    def pack(self, run: Id, folder: Path, actor: Actor) -> Transfer:
        """Raises RunNotApproved, PackFaulty, or NotFound for whoever may not see the run."""
        self._engine.ask(Disposal(run=run), actor)
        with self._journal.session() as session:
            _, state = session.recall(RUN, run)
        if state.phase is not RunPhase.APPROVED:
            raise RunNotApproved
        info = {
            "Source-Organization": "countersign",
            "External-Identifier": run,
            "Bagging-Date": self._engine.now().date().isoformat(),
        }
        return bag.write(folder, self._payload(run, state), info, len(state.entries))

    def _payload(self, run: Id, state: DisposalRun) -> bag.Payload:
        yield "readme.txt", (README.encode(),)
        yield "run.json", (_json(_about(run, state)),)
        leaves: list[StoredRow] = []
        for number, entry in enumerate(state.entries, 1):
            yield f"items/{number:04}.json", self._item(entry, leaves)
        yield "leaves.jsonl", map(_leaf, sorted(leaves, key=lambda row: row.position))

    def _item(self, entry: Entry, leaves: list[StoredRow]) -> Iterator[bytes]:
        journal = self._journal
        with journal.database.reading() as tx:
            rows = list(journal.recorder.history(tx, entry.item.stream))
            leaves += rows
            events = [_event(row) for row in rows]
            wanted = [sealed for _, sealed in _texts(events)]
            opened = journal.vault.open(tx, wanted)
        told = [_told(event, opened) for event in events]
        yield _json({"entry": entry.model_dump(mode="json"), "events": told})


def _event(row: StoredRow) -> Any:
    return codec.recorded(row)


def _texts(events: Iterable[Any]) -> Iterator[tuple[str, Sealed]]:
    for event in events:
        yield from sealed_fields(event.event)


def _told(recorded: Any, opened: dict[Sealed, str | Erased]) -> dict[str, Any]:
    text = {path: _opened(opened[sealed]) for path, sealed in sealed_fields(recorded.event)}
    return {
        "position": recorded.position,
        "recorded_at": recorded.recorded_at.isoformat(),
        "name": recorded.name,
        "version": recorded.version,
        "envelope": recorded.head,
        "says": recorded.said,
        "text": text,
    }


def _opened(text: str | Erased) -> Any:
    return text if isinstance(text, str) else {"erased": text.certificate}


def _about(run: Id, state: DisposalRun) -> dict[str, Any]:
    return {
        "run": run,
        "kind": state.kind,
        "schedule": state.schedule,
        "fingerprint": state.fingerprint,
        "drafted_by": state.drafted_by,
        "approved_by": list(state.approved_by),
        "evaluated_on": _day(state.evaluated_on),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _leaf(row: StoredRow) -> bytes:
    told = {"position": row.position, "leaf": row.leaf.hex(), "salt": (row.salt or b"").hex()}
    return _json(told) + b"\n"


def _json(said: Any) -> bytes:
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
