"""The projector: brings projections up to the journal, rows and position in one transaction."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from time import monotonic, sleep
from typing import Any, Protocol

from ..application.ports import Recorded
from ..application.questions import Question
from ..domain.sealed import Erased, Sealed
from . import codec
from .database import Database, Tx
from .projections.intervals import Book
from .recorder import Recorder
from .vault import Vault

PAGE = 500
DEADLINE_SECONDS = 10.0
POLL_SECONDS = 0.005

log = logging.getLogger("countersign.projector")

Progress = Callable[[int, int], None]
"""How many events of how many have been applied."""


class Projection(Protocol):
    """Tables, apply and answer, in one file."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def books(self) -> tuple[Book, ...]: ...

    def apply(self, tx: Tx, page: Sequence[Recorded], /) -> None: ...

    def answer(self, tx: Tx, question: Question, at: int | None, on: date, /) -> Any: ...


class NotCaughtUp(TimeoutError):
    """The projections did not reach a position in time; the command itself is safe."""


class ProjectionFaulty(RuntimeError):
    """A projection could not apply an event; it says which, and stands where it stood."""


class Projector:
    """Any process may be the projector; a lock on the positions makes them take turns."""

    def __init__(
        self, database: Database, recorder: Recorder, projections: Sequence[Projection]
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._projections = {tracked(each): each for each in projections}

    @property
    def projections(self) -> Sequence[Projection]:
        return tuple(self._projections.values())

    def prepare(self) -> None:
        """Makes the tables of projections that have none; they start at the journal's beginning."""
        with self._database.reading() as tx:
            missing = self._missing(tx)
        if not missing:
            return
        with self._database.writing() as tx:
            self._one_maker(tx)
            for name in self._missing(tx):
                _make(tx, self._projections[name])
                self._recorder.track(tx, name, 0, 0)
        self.catch_up()

    def live(self, tx: Tx, events: Sequence[Recorded]) -> None:
        """Follows within the append's own transaction (SQLite).

        A projection that is behind stays so; a faulty one rolls back to its savepoint and is
        left behind, loudly: the command is not harmed.
        """
        if not events:
            return
        before, after = events[0].position - 1, events[-1].position
        ready = tx.run(ADVANCE, before=before, after=after, prefix=PREFIX)
        if ready != len(self._projections):
            self._one_by_one(tx, before, after, events)
            return
        try:
            with tx.savepoint():
                for projection in self._projections.values():
                    projection.apply(tx, events)
        except Exception:
            log.exception("a projection failed at positions %s to %s", before + 1, after)
            tx.run(RETREAT, before=before, after=after, prefix=PREFIX)
            self._one_by_one(tx, before, after, events)

    def catch_up(self, until: int | None = None) -> int:
        """Applies what is there, page by page; returns the position reached by all."""
        while True:
            with self._database.writing() as tx:
                reached, more = self._page(tx)
            if not more or (until is not None and reached >= until):
                return reached

    def catch_up_if_behind(self) -> None:
        """For a reader: whoever asks while nobody follows, follows."""
        with self._database.reading() as tx:
            behind = self._recorder.head(tx) > min(self.positions(tx).values(), default=0)
        if behind:
            self.catch_up()

    def wait_for(self, position: int, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        """Returns when every projection has come this far. Raises NotCaughtUp."""
        if self.position() >= position:
            return
        ends = monotonic() + deadline_seconds
        while self.catch_up(position) < position:
            if monotonic() > ends:
                raise NotCaughtUp(f"The projections have not reached position {position} yet.")
            sleep(POLL_SECONDS)

    def position(self) -> int:
        """How far every projection has come."""
        with self._database.reading() as tx:
            return min(self.positions(tx).values(), default=0)

    def positions(self, tx: Tx) -> dict[str, int]:
        found = dict(tx.all(POSITIONS, prefix=PREFIX))
        return {each.name: int(found.get(name, 0)) for name, each in self._projections.items()}

    def rebuild(self, names: Iterable[str], progress: Progress = lambda done, of: None) -> int:
        """Empties the named projections and folds the whole journal into them again.

        One transaction: readers see the old rows until it ends, and keep them if it fails.
        Returns how many events were applied.
        """
        chosen = [self._projections[PREFIX + name] for name in names]
        with self._database.writing() as tx:
            self._lock(tx)
            head = self._recorder.head(tx)
            for projection in chosen:
                _drop(tx, projection)
                _make(tx, projection)
            self._replay(tx, chosen, head, progress)
            for projection in chosen:
                tx.run(PLACE, name=tracked(projection), position=head)
        return head

    def _replay(self, tx: Tx, chosen: list[Projection], head: int, progress: Progress) -> None:
        position = 0
        while position < head:
            rows = self._recorder.since(tx, position, PAGE, until=head)
            page = [codec.recorded(row) for row in rows if row.body is not None]
            for projection in chosen:
                projection.apply(tx, page)
            position = rows[-1].position
            progress(position, head)

    def _page(self, tx: Tx) -> tuple[int, bool]:
        """One page for whoever is furthest behind; returns the position of all, and if more is."""
        self._lock(tx)
        places = dict(tx.all(POSITIONS, prefix=PREFIX))
        known = {name: int(places[name]) for name in self._projections if name in places}
        if not known:
            return 0, False
        behind = min(known.values())
        rows = self._recorder.since(tx, behind, PAGE)
        if not rows:
            return behind, False
        reached = rows[-1].position
        for name, place in known.items():
            if place == behind:
                self._apply_rows(tx, name, rows)
            elif place < reached:
                self._apply_rows(tx, name, [row for row in rows if row.position > place])
        return reached, len(rows) == PAGE

    def _apply_rows(self, tx: Tx, name: str, rows: Sequence[Any]) -> None:
        page = [codec.recorded(row) for row in rows if row.body is not None]
        projection = self._projections[name]
        try:
            with tx.savepoint():
                projection.apply(tx, page)
        except Exception as error:
            first, last = rows[0].position, rows[-1].position
            raise ProjectionFaulty(
                f"{projection.name} failed between positions {first} and {last}: {error}"
            ) from error
        tx.run(PLACE, name=name, position=rows[-1].position)

    def _one_by_one(self, tx: Tx, before: int, after: int, events: Sequence[Recorded]) -> None:
        places = dict(tx.all(POSITIONS, prefix=PREFIX))
        for name, projection in self._projections.items():
            if places.get(name) not in (before, after):
                continue
            try:
                with tx.savepoint():
                    projection.apply(tx, events)
                place = after
            except Exception:
                log.exception("%s stays behind at position %s", projection.name, before)
                place = before
            tx.run(PLACE, name=name, position=place)

    def _one_maker(self, tx: Tx) -> None:
        """Processes that start at once make the tables once."""
        if tx.dialect == "postgresql":
            tx.run(
                "SELECT pg_advisory_xact_lock(:lock, hashtext(:schema))",
                lock=MAKING,
                schema=tx.schema,
            )

    def _lock(self, tx: Tx) -> None:
        if tx.dialect == "postgresql":
            tx.all(IN_TURN, prefix=PREFIX)

    def _missing(self, tx: Tx) -> list[str]:
        places = {name for (name, _) in tx.all(POSITIONS, prefix=PREFIX)}
        return [name for name in self._projections if name not in places]


MAKING = 0x6373_0003
PREFIX = "projection:"
OURS = "substr(name, 1, 11) = :prefix"
POSITIONS = f"SELECT name, position FROM cs_tracking WHERE {OURS}"
IN_TURN = f"SELECT name FROM cs_tracking WHERE {OURS} ORDER BY name FOR UPDATE"
ADVANCE = f"UPDATE cs_tracking SET position = :after WHERE {OURS} AND position = :before"
RETREAT = f"UPDATE cs_tracking SET position = :before WHERE {OURS} AND position = :after"
PLACE = "UPDATE cs_tracking SET position = :position WHERE name = :name"


def tracked(projection: Projection) -> str:
    return PREFIX + projection.name


def _make(tx: Tx, projection: Projection) -> None:
    for book in projection.books:
        for statement in book.ddl():
            tx.run(statement)


def _drop(tx: Tx, projection: Projection) -> None:
    for book in projection.books:
        tx.run(book.drop())


class ProjectedAnswers:
    """Questions to the projections; text is opened by the page."""

    def __init__(
        self, database: Database, recorder: Recorder, projector: Projector, vault: Vault
    ) -> None:
        self._database = database
        self._recorder = recorder
        self._projector = projector
        self._vault = vault

    def answer(self, question: Question, *, at: int | None, on: date) -> Any:
        self._projector.catch_up_if_behind()
        with self._database.reading() as tx:
            for projection in self._projector.projections:
                found = projection.answer(tx, question, at, on)
                if found is not None:
                    return found
        raise TypeError(f"No projection answers {type(question).__name__}.")

    def position_at(self, moment: datetime) -> int:
        with self._database.reading() as tx:
            return self._recorder.position_at(tx, codec.microseconds(moment))

    def wait_for(self, position: int) -> None:
        self._projector.wait_for(position)

    def open(self, sealed: Sequence[Sealed]) -> dict[Sealed, str | Erased]:
        with self._database.reading() as tx:
            return self._vault.open(tx, sealed)
