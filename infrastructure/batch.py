"""A batch is everything that one command writes, handed to the journal's recorder in one piece."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One event, encoded: `body` is canonical JSON (RFC 8785) of envelope and event."""

    stream: str
    version: int
    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Cell:
    """Sealed text of one event, subject and series; `sealed` is nonce and ciphertext."""

    cell: str
    unit: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Unit:
    """A retention unit: what will be disposed of together, and the key that it lives by."""

    unit: str
    stream: str
    series: str
    subject: str
    key: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An upload that a file claims, with the file's retention unit."""

    blob: str
    unit: str


@dataclass(frozen=True, slots=True)
class FoldedState:
    """A stream's state after its newest event, so that recall need not fold its past."""

    stream: str
    version: int
    fold: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """What makes a repeated command the same command (`digest` is keyed, over its content)."""

    actor: str
    command: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """A keyed hash of a number, a login, a subject or an address; person None: nobody's."""

    kind: str
    hashed: bytes
    person: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """`basis` is every (stream, version) that the decision read; 0 means that the stream was empty.

    `recorded_at` is in microseconds since 1970-01-01T00:00:00Z. `shredded` names units whose
    cells and chunks go in the same transaction, each with the certificate under which they go.
    """

    recorded_at: int
    basis: tuple[tuple[str, int], ...] = ()
    rows: tuple[Row, ...] = ()
    cells: tuple[Cell, ...] = ()
    units: tuple[Unit, ...] = ()
    kept: tuple[Kept, ...] = ()
    states: tuple[FoldedState, ...] = ()
    identities: tuple[Identity, ...] = ()
    shredded: tuple[tuple[str, str], ...] = field(default=())
    receipt: ReceiptKey | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """Positions `first` to `last` are taken; with no rows, `last` is the head."""

    first: int
    last: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Nothing was written: a stream of the basis stands at another version than was read."""

    stream: str
    read: int
    found: int


@dataclass(frozen=True, slots=True)
class UnitGone:
    """Nothing was written: a retention unit has been destroyed, or lives by another key."""

    unit: str


@dataclass(frozen=True, slots=True)
class UploadGone:
    """Nothing was written: an upload was claimed meanwhile, or swept."""

    blob: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """Nothing was written: this actor's command has a receipt already."""

    digest: bytes
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Nothing was written: an identity already belongs to another person."""

    kind: str
    person: str


Outcome = Appended | Moved | UnitGone | UploadGone | Repeated | Taken
