"""The vault seals the text of an event into cells, and opens cells for those who may read."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from pydantic import BaseModel
from pydantic_core import from_json

from ..domain.event import Event, may_hold_text, sealed_fields
from ..domain.refusals import Disposed, Invalid
from ..domain.sealed import Erased, Sealed
from .batch import Cell, Unit
from .data_key import Key
from .database import Tx
from .keyring import HOUR, Keyring, now
from .pages import some
from .recent import Recent

ALGORITHM = "A256GCM-HS256"
UNITS = uuid.UUID("3f1d7f1e-1f0b-4c5e-9d0a-6f6b5a0c7a11")
REMEMBERED = 4096
SMALLEST = 256
LARGEST_STEP = 4096

Field = tuple[str, str]
"""A dotted path and the text that stands there."""


class UnstorableText(Invalid):
    says = "The text in {field} holds a character that cannot be kept ({character})."


class Lost(Exception):
    """Sealed text is gone without a certificate: a backup is incomplete, or somebody deleted it."""


class Tampered(Exception):
    """Sealed text is not what the journal committed to."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """The event with references for text, its cells, and the units its sealer had not yet named."""

    event: Event
    cells: tuple[Cell, ...]
    units: tuple[Unit, ...]


@lru_cache(maxsize=REMEMBERED)
def unit_id(stream: str, series: str, subject: str, own: str | None = None) -> str:
    """The id of a retention unit, the same in every process (RFC 9562, version 5).

    All four are random ids or words of ours, so that the result tells nothing.
    """
    return str(uuid.uuid5(UNITS, json.dumps((stream, series, subject, own))))


class Vault:
    """Text in, cells out, and back; keys come from the keyring, rows from the main database."""

    def __init__(self, keyring: Keyring, *, remembered: int = REMEMBERED) -> None:
        self.keyring = keyring
        self._live: Recent[str, Unit] = Recent(remembered, HOUR, now)
        self._checked: Recent[str, _Checked] = Recent(remembered, HOUR, now)

    def sealer(self, tx: Tx) -> Sealer:
        """What seals the events of one transaction."""
        return Sealer(tx, self.keyring, self._live)

    def open(self, tx: Tx, wanted: Iterable[Sealed]) -> dict[Sealed, str | Erased]:
        """The text of every reference, or the certificate under which it went; one query for all.

        Text that was never sealed is its own answer. Raises Lost or Tampered.
        """
        opened: dict[Sealed, str | Erased] = {}
        for sealed, found in self.examine(tx, wanted).items():
            if isinstance(found, Exception):
                raise found
            opened[sealed] = found
        return opened

    def examine(
        self, tx: Tx, wanted: Iterable[Sealed]
    ) -> dict[Sealed, str | Erased | Lost | Tampered]:
        """As `open`, but what is lost or tampered with is told as a value, each for itself."""
        asked = dict.fromkeys(wanted)
        cells = self._cells(tx, [sealed.cell for sealed in asked if sealed.cell])
        return {sealed: _found(sealed, cells) for sealed in asked}

    def same(self, tx: Tx, sealed: Sealed, text: str) -> bool:
        """Whether the text is exactly this; never true of what has been erased."""
        return self.open(tx, (sealed,))[sealed] == text

    def forget(self, units: Iterable[str]) -> None:
        """To be told of units that were disposed of, or that live by another key than thought."""
        for unit in units:
            if (known := self._live.get(unit)) is not None:
                self.keyring.forget((known.key,))
            self._live.forget((unit,))

    def _cells(self, tx: Tx, wanted: Iterable[str]) -> dict[str, Content]:
        rows = [_Row(*row) for row in some(tx, CELLS, wanted)]
        keys = self.keyring.keys({row.key for row in rows if row.certificate is None and row.key})
        doubtful = [
            r.unit for r in rows if r.certificate is None and not (r.sealed and r.key in keys)
        ]
        fences = self.keyring.fenced(doubtful) if doubtful else {}
        return {
            row.cell: self._content(
                row, keys.get(row.key or ""), row.certificate or fences.get(row.unit)
            )
            for row in rows
        }

    def _content(self, row: _Row, key: Key | None, certificate: str | None) -> Content:
        if certificate is not None:
            return Erased(certificate=certificate)
        if key is None or row.sealed is None:
            missing = "key" if row.sealed else "text"
            return Lost(f"The {missing} of cell {row.cell} is gone, and no certificate says why.")
        try:
            event_id, fields = from_json(key.open(row.cell, row.sealed))
        except (InvalidTag, ValueError, TypeError):
            return Tampered(
                f"Cell {row.cell} does not belong to its key: one of the two was changed."
            )
        commitments = self._commitments(row.cell, row.sealed, key, event_id, fields)
        return {each: text for each, (_, text) in zip(commitments, fields, strict=True)}

    def _commitments(
        self, cell: str, sealed: bytes, key: Key, event_id: str, fields: list[Field]
    ) -> tuple[str, ...]:
        """Computed once for the very bytes under the very key; the text is not remembered."""
        asked = (hashlib.sha256(sealed).digest(), key.id)
        checked = self._checked.get(cell)
        if checked is None or checked[0] != asked:
            each = tuple(_commitment(key, event_id, path, text) for path, text in fields)
            self._checked.put({cell: (asked, each)})
            return each
        return checked[1]


def keys_in_use(tx: Tx, key_ids: Iterable[str]) -> set[str]:
    """Those of the keys that a unit or an upload lives by, or did; the keyring's sweep asks."""
    asked = list(key_ids)
    tables = ("cs_unit", "cs_blob")
    return {
        key
        for each in tables
        for (key,) in some(tx, f"SELECT key_id FROM {each} WHERE key_id", asked)
    }


class Sealer:
    """Seals for one transaction; what it learns is shared once that has been committed."""

    def __init__(self, tx: Tx, keyring: Keyring, live: Recent[str, Unit]) -> None:
        self._tx = tx
        self._keyring = keyring
        self._live = live
        self._units: dict[str, Unit] = {}
        self._brought: dict[str, str] = {}

    def lives_by(self, own: str, key_id: str) -> None:
        """A unit of its own that brings its key along: its bytes were sealed before."""
        self._brought[own] = key_id

    def seal(self, *, event_id: str, stream: str, series: str, owner: str, event: Event) -> Sealing:
        """One cell for each subject and unit; every text becomes a reference to it.

        Raises UnstorableText before anything else happens, Disposed where the unit is gone.
        """
        groups = _grouped(event, owner) if may_hold_text(type(event)) else {}
        if not groups:
            return Sealing(event, (), ())
        cells: list[Cell] = []
        units: list[Unit] = []
        references: dict[str, Sealed] = {}
        for (subject, own), fields in groups.items():
            units.append(self._unit(stream, series, subject, own))
            cells.append(self._cell(event_id, units[-1], fields, references))
        fresh = tuple(unit for unit in units if unit.unit not in self._units)
        self._units.update((unit.unit, unit) for unit in fresh)
        return Sealing(_closed(event, references, ""), tuple(cells), fresh)

    def committed(self) -> None:
        """To be called after the commit, and only then."""
        self._live.put(self._units)

    def _cell(
        self, event_id: str, unit: Unit, fields: list[Field], references: dict[str, Sealed]
    ) -> Cell:
        key = self._keyring.key(unit.key) or self._keyless(unit)
        cell = str(uuid.uuid4())
        plain = json.dumps((event_id, fields), ensure_ascii=False, separators=(",", ":")).encode()
        for path, text in fields:
            commitment = _commitment(key, event_id, path, text)
            references[path] = Sealed(cell=cell, alg=ALGORITHM, commitment=commitment)
        return Cell(cell, unit.unit, key.seal(cell, plain.ljust(bucket(len(plain)))))

    def _unit(self, stream: str, series: str, subject: str, own: str | None) -> Unit:
        name = unit_id(stream, series, subject, own)
        known = self._units.get(name) or self._live.get(name) or self._stored(name)
        return known or Unit(name, stream, series, subject, self._first_key(name, own))

    def _stored(self, name: str) -> Unit | None:
        row = self._tx.one(
            "SELECT stream, series, subject, key_id, certificate FROM cs_unit WHERE unit = :unit",
            unit=name,
        )
        if row is None:
            return None
        *words, certificate = row
        if certificate is not None:
            raise Disposed(certificate=certificate)
        return Unit(name, *words)

    def _first_key(self, name: str, own: str | None) -> str:
        """A key's id; a fenced unit never gets one, whatever the main database remembers."""
        self._refuse_fenced(name)
        return self._brought.get(own or "") or self._keyring.mint().id

    def _keyless(self, unit: Unit) -> NoReturn:
        self._refuse_fenced(unit.unit)
        raise Lost(f"The key of unit {unit.unit} is not in the keyring; restore the keyring.")

    def _refuse_fenced(self, name: str) -> None:
        if certificate := self._keyring.fenced((name,)).get(name):
            raise Disposed(certificate=certificate)


@dataclass(frozen=True, slots=True)
class _Row:
    cell: str
    unit: str
    sealed: bytes | None
    key: str | None
    certificate: str | None


Content = dict[str, str] | Erased | Lost | Tampered
"""What a cell holds: text by commitment, if it holds any."""

_Checked = tuple[tuple[bytes, str], tuple[str, ...]]
"""A cell's digest and key, and the commitments that were computed of it."""

CELLS = (
    "SELECT c.cell, c.unit, c.sealed, u.key_id, u.certificate"
    " FROM cs_cell c LEFT JOIN cs_unit u ON u.unit = c.unit WHERE c.cell"
)


def bucket(length: int) -> int:
    """The size that a plaintext of this many bytes is padded to."""
    if length > LARGEST_STEP:
        return -(-length // LARGEST_STEP) * LARGEST_STEP
    return max(SMALLEST, 1 << (length - 1).bit_length())


def _grouped(event: Event, owner: str) -> dict[tuple[str, str | None], list[Field]]:
    """The open text of an event by subject and own unit."""
    groups: dict[tuple[str, str | None], list[Field]] = {}
    for path, sealed in sealed_fields(event):
        if sealed.text is not None:
            _check_storable(path, sealed.text)
            key = (sealed.about or owner, sealed.unit)
            groups.setdefault(key, []).append((path, sealed.text))
    return groups


def _check_storable(path: str, text: str) -> None:
    character = _unstorable(text)
    if character:
        raise UnstorableText(field=path, character=f"U+{ord(character):04X}")


def _unstorable(text: str) -> str:
    """The first character that no database keeps: NUL, or half of a surrogate pair."""
    if "\0" in text:
        return "\0"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return text[error.start]
    return ""


def _closed(value: Any, references: Mapping[str, Sealed], path: str) -> Any:
    """The value with references where text stood; what holds none stays the very same object."""
    if isinstance(value, Sealed):
        return references.get(path, value)
    if isinstance(value, BaseModel):
        parts = {field: getattr(value, field) for field in type(value).model_fields}
        changed = _changed(parts, references, path)
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple | list):
        parts = {str(place): item for place, item in enumerate(value)}
        changed = _changed(parts, references, path)
        return type(value)((parts | changed).values()) if changed else value
    return value


def _changed(
    parts: Mapping[str, Any], references: Mapping[str, Sealed], path: str
) -> dict[str, Any]:
    prefix = f"{path}." if path else ""
    closed = {name: _closed(part, references, prefix + name) for name, part in parts.items()}
    return {name: part for name, part in closed.items() if part is not parts[name]}


def _commitment(key: Key, event_id: str, path: str, text: str) -> str:
    return key.commitment((event_id.encode(), path.encode(), text.encode()))


def _found(sealed: Sealed, cells: Mapping[str, Content]) -> str | Erased | Lost | Tampered:
    if sealed.text is not None:
        return sealed.text
    content = cells.get(sealed.cell or "")
    if content is None:
        return Lost(f"Cell {sealed.cell} is gone, and no certificate says why.")
    if not isinstance(content, dict):
        return content
    text = content.get(sealed.commitment or "")
    if text is None or sealed.alg != ALGORITHM:
        return Tampered(f"Cell {sealed.cell} does not hold what the journal committed to.")
    return text
