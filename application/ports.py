"""What the application asks of the outside: time, ids, a journal, answers."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from ..domain.disposal import Certificate, CertificateIssued, DisposalRun, Residue
from ..domain.event import Event, Id, PersonId, Value
from ..domain.file import File
from ..domain.media import Media
from ..domain.sealed import Erased, Sealed
from .access_log import AccessEntry
from .aggregates import Aggregate
from .envelope import Envelope

State = TypeVar("State", bound=Value)

Clock = Callable[[], datetime]
"""The present moment, with an offset."""

Ids = Callable[[], str]
"""A new random id (RFC 9562, version 4)."""


class Reading(Protocol):
    """How what is stored becomes what it stands for."""

    def event(self, name: str, said: dict[str, Any], /) -> Event: ...

    def envelope(self, head: dict[str, Any], /) -> Envelope: ...

    def moment(self, microseconds: int, /) -> datetime: ...


class Recorded:
    """An event as the journal keeps it; sealed fields are closed.

    `said` is its body and `head` its envelope in plain JSON values; `event`, `envelope` and
    `recorded_at` are made of what is stored when first asked for: a rebuild asks for few.
    """

    __slots__ = (
        "_at",
        "_envelope",
        "_event",
        "_reading",
        "actor",
        "case",
        "head",
        "name",
        "position",
        "said",
        "stream",
        "version",
    )

    def __init__(
        self,
        position: int,
        stream: str,
        version: int,
        name: str,
        at: int,
        head: dict[str, Any],
        said: dict[str, Any],
        reading: Reading,
    ) -> None:
        self.position = position
        self.stream = stream
        self.version = version
        self.name = name
        self.head = head
        self.said = said
        self.actor: PersonId = head["actor"]
        self.case: str | None = head.get("case")
        self._at = at
        self._reading = reading
        self._event: Event | None = None
        self._envelope: Envelope | None = None

    @property
    def event(self) -> Event:
        if self._event is None:
            self._event = self._reading.event(self.name, self.said)
        return self._event

    @property
    def envelope(self) -> Envelope:
        if self._envelope is None:
            self._envelope = self._reading.envelope(self.head)
        return self._envelope

    @property
    def recorded_at(self) -> datetime:
        return self._reading.moment(self._at)

    def __repr__(self) -> str:
        return f"Recorded({self.position}, {self.name}, {self.stream}/{self.version})"


@dataclass(frozen=True, slots=True)
class Write:
    """Events for one stream, in the version that follows the one read; `owner` is whose data."""

    stream: str
    aggregate: Aggregate[Any]
    events: tuple[Event, ...]
    owner: PersonId
    case: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """Who goes by an HR number, a login or an address from now on; None: nobody."""

    kind: str
    value: str
    person: PersonId | None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Bytes that came in whole, sealed, and are nobody's evidence yet; gone after `expires`."""

    blob: Id
    media_type: Media
    size: int
    commitment: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """Bytes that were uploaded, or copied, and belong to a file of this stream from now on."""

    blob: Id
    stream: str


@dataclass(frozen=True, slots=True)
class LoggedMonth:
    """How many entries of a month of the access log may go, and the day of the newest."""

    entries: int
    newest: date


@dataclass(frozen=True, slots=True)
class LoggedRead:
    """What a hold goes by: who read on a day of whom and which case.

    `of` is with whom the entry stays or goes: the person concerned, or the reader.
    """

    of: PersonId
    reader: PersonId
    person: PersonId | None
    case: Id | None
    on: date


@dataclass(frozen=True, slots=True)
class GoneReads:
    """A month of the access log goes, but for what belongs to those who are spared."""

    month: Id
    spared: frozenset[PersonId] = frozenset()


@dataclass(frozen=True, slots=True)
class Decided:
    """Everything that a command writes, in one transaction.

    `basis` is every (stream, version) read; `shredded` the retention units that are destroyed now
    and `residue` the streams whose rows shrink, each with the certificate; `forgotten` are persons
    whom no number, login or address leads to any more; `reads` what goes of the access log.
    `claims` the bytes that some of the events speak of.
    """

    writes: tuple[Write, ...]
    basis: tuple[tuple[str, int], ...]
    envelope: Envelope
    links: tuple[Link, ...] = ()
    shredded: tuple[tuple[str, str], ...] = ()
    residue: tuple[tuple[str, str], ...] = ()
    forgotten: tuple[PersonId, ...] = ()
    reads: tuple[GoneReads, ...] = ()
    claims: tuple[Claim, ...] = ()
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a command has done; the same command returns its first receipt.

    `position` is the journal's position after it. `provisional` until the host has committed.
    """

    position: int
    events: tuple[Recorded, ...]
    repeated: bool = False
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class LiveUnit:
    """A retention unit that is not destroyed: whose data it is, and how much of it there is."""

    unit: str
    stream: str
    subject: PersonId
    cells: int
    octets: int


@dataclass(frozen=True, slots=True)
class Signature:
    """Ed25519 (RFC 8032) over a certificate's canonical JSON (RFC 8785), in hex; `key` names it."""

    signature: str
    key: str


class Moved(Exception):
    """Something that the decision read has changed in between."""


class Session(Protocol):
    """One command's look at the journal, and its one append."""

    def receipt(self, actor: str, command: str, content: bytes) -> Receipt | None:
        """The first receipt; raises CommandReused when the content differs."""

    def recall(self, aggregate: Aggregate[State], stream: str) -> tuple[int, State]:
        """A stream's version and folded state; version 0 and the initial state when empty."""

    def version(self, stream: str) -> int:
        """Where a stream stands; 0 if nothing was ever written to it."""

    def whose(self, kind: str, value: str) -> PersonId | None:
        """Who goes by this number, login or address."""

    def says(self, sealed: Sealed, text: str) -> bool:
        """Whether sealed text is this text."""

    def texts(self, sealed: Iterable[Sealed]) -> dict[Sealed, str | Erased]:
        """Opens sealed text, all in one query."""

    def held_up(self, projection: str, position: int) -> int | None:
        """The version of a projection that cannot fold the event there; None if it can."""

    def live_units(self, streams: Sequence[str]) -> tuple[LiveUnit, ...]:
        """The retention units of these streams that are not destroyed."""

    def live_units_about(self, person: PersonId) -> tuple[LiveUnit, ...]:
        """Those that hold data of a person, wherever they lie."""

    def destroyed_under(self, streams: Sequence[str]) -> tuple[tuple[Id, Id | None], ...]:
        """Certificates under which units of these streams went, with the run once it is over."""

    def log_months(self, until: date) -> tuple[Id, ...]:
        """The months of the access log that may go by a day."""

    def log_month(
        self, month: Id, until: date, spared: Collection[PersonId] = ()
    ) -> LoggedMonth | None:
        """One of them, without what belongs to those who are spared; None: nothing is left."""

    def reads_in(self, month: Id, about: Collection[Id] | None) -> Iterable[LoggedRead]:
        """What may concern any of these persons and cases, each once; None: everything."""

    def unit_of_copy(self, stream: str, owner: PersonId, copy: str) -> str:
        """The id of the unit that a record copy in a stream has for itself."""

    def certificate_of(self, stream: str) -> str | None:
        """Under which certificate a stream shrank to its residue, if it did."""

    def sign(self, certificate: Certificate) -> Signature:
        """With the key of this installation."""

    def uploaded(self, blob: Id, person: PersonId, at: datetime) -> Uploaded | None:
        """What this person has uploaded, if it came in whole, is not claimed and not too old."""

    def copied(self, file: File, person: PersonId, at: datetime) -> Uploaded:
        """The bytes of a file once more, under a key of their own, to be claimed.

        What this session does not claim is gone with it.
        """

    def append(self, decided: Decided) -> Receipt:
        """Writes everything or nothing; raises Moved when the basis has changed."""


class Doorbell(Protocol):
    """Hears what is committed from the moment that it is made.

    It is only a hint. Whoever follows looks for news after every `wait`, whatever woke it, so a
    ring that is lost costs one interval and no event.
    """

    def wait(self, timeout_seconds: float) -> None:
        """Returns when something may have been appended, at a `ring`, or at the time-out."""

    def ring(self) -> None:
        """Ends a `wait`, also the next one, from any thread."""

    def close(self) -> None:
        """Gives back what it holds; not while another thread waits on it."""


class Journal(Protocol):
    """Where events are kept."""

    def session(
        self, host: object | None = None, *, destroys: bool = False
    ) -> AbstractContextManager[Session]:
        """A session; `host` is the host's own connection, inside its own transaction.

        One that `destroys` does so in the transaction of its append, in every store of the
        database.
        """

    def settled(self, receipt: Receipt) -> None:
        """The host has committed: catch up, so that questions see it."""

    def position(self) -> int:
        """The newest position; 0 while it is empty."""

    def version(self, stream: str) -> int:
        """Where a stream stands; 0 if nothing was ever written to it."""

    def whose(self, kind: str, value: str, issuer: str | None = None) -> PersonId | None:
        """Who goes by this number, login or address, or is this issuer's subject."""

    def follow(self, after: int, names: frozenset[str]) -> Iterator[Recorded]:
        """Events of these names after a position, oldest first."""

    def since(self, after: int, limit: int) -> list[Recorded]:
        """Up to `limit` events after a position, oldest first; nothing: there are no more."""

    def doorbell(self) -> Doorbell:
        """A doorbell of one's own."""

    def look_for(self, state: DisposalRun, run: Id) -> tuple[Residue, ...]:
        """Finishes what a disposal has left to do outside its transaction, and looks for remains.

        Keys, write-ahead log, projections, backups: what is told here goes into the certificate.
        May be repeated.
        """

    def hand_out(self, issued: CertificateIssued) -> None:
        """Puts a certificate where it survives the loss of the database, if that is set."""

    def is_current(self) -> bool:
        """Whether its tables are those that this version knows."""


class Arriving(Protocol):
    """An upload on its way in, a piece at a time; each is sealed before the next is taken."""

    @property
    def size(self) -> int:
        """How many bytes have come."""

    def write(self, piece: bytes) -> None:
        """Raises FileTooLarge, FileUnwelcome, or UnknownUpload where it was swept meanwhile."""

    def finish(self) -> Uploaded:
        """All have come. Raises FileEmpty, FileUnwelcome or FileContradicts."""

    def abandon(self) -> None:
        """Nothing of it stays; does nothing once it is finished."""

    def __enter__(self) -> "Arriving": ...

    def __exit__(self, *_: object) -> None:
        """Abandons what is not finished."""


class Opened(Protocol):
    """The bytes of a file, for whoever may see it."""

    @property
    def size(self) -> int: ...

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """From one byte to before another, a piece at a time; raises what `open` raises.

        Of the whole the last piece comes only when all of it is what the journal committed to.
        """


class Files(Protocol):
    """Bytes: sealed as they come in, opened as they go out, never in one piece."""

    @property
    def limit(self) -> int:
        """How many bytes a file may have."""

    def begin(self, person: PersonId, declared: str | None, at: datetime) -> Arriving:
        """Raises TooManyUploads."""

    def waiting(self, person: PersonId, at: datetime) -> list[Uploaded]:
        """Somebody's uploads that came in whole and are not claimed, oldest first."""

    def withdraw(self, person: PersonId, blob: Id) -> None:
        """Raises UnknownUpload."""

    def open(self, copy_id: Id, size: int, commitment: str) -> Opened:
        """Raises FileDestroyed, or what tells that bytes are lost or tampered with."""

    def sweep(self, at: datetime) -> int:
        """Destroys what nobody has claimed within a day; how many that were."""


class Answers(Protocol):
    """The projections' side: questions in, answer models out."""

    def look(self) -> "Look":
        """For questions that belong together: what this process knows, it looks up once."""

    def answer(self, question: Any, *, at: int | None, on: date) -> Any:
        """As of a position (None: now), with organisation facts effective on a day."""

    def position_at(self, moment: datetime) -> int:
        """The last position recorded by a moment."""

    def wait_for(self, position: int) -> None:
        """Returns once the projections have come this far; raises NotCaughtUp at the deadline."""

    def open(self, sealed: Sequence[Sealed]) -> dict[Sealed, str | Erased]:
        """Opens the sealed text of one page, in one query."""


class Look(Answers, Protocol):
    """Answers to the questions of one request; later ones may be of the state of the first."""

    def place(self, stream: Id | None = None) -> tuple[int, int]:
        """The journal's newest position, and a stream's version; no later answer is older."""


class AccessLog(Protocol):
    """Where reads and exports are logged, beside the journal."""

    def note(self, entries: Sequence[AccessEntry], *, strict: bool) -> None:
        """Keeps the entries, soon; `strict`: before it returns. Raises NotLogged then."""
