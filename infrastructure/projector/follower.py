"""The follower: keeps live copies up with the journal, rows and position in one transaction."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic, sleep

from ...application.ports import Recorded
from ..database import Database, Tx
from ..recorder import Recorder
from . import copies, quarantine
from .copies import Copy, Shelf
from .folding import Concerned, apply, cause, decoded, skips
from .projection import (
    NotCaughtUp,
    Projection,
    ProjectionFaulty,
    Unfolded,
    describe,
    partition,
)

PAGE = 500
DEADLINE_SECONDS = 10.0
POLL_SECONDS = 0.005
SECOND = 1_000_000

log = logging.getLogger("countersign.projector")


class Projector:
    """Any process may be the projector; a lock makes them take turns."""

    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        projections: Sequence[Projection],
        now: Callable[[], int] = copies.now,
    ) -> None:
        self.projections = tuple(projections)
        self._database = database
        self._recorder = recorder
        self._now = now
        self._by_name = {each.name: each for each in projections}
        self._concerned = Concerned(projections)
        self._alone = {each.name: Concerned((each,)) for each in projections}
        self._shelf: Shelf | None = None

    def live(self, tx: Tx, events: Sequence[Recorded]) -> None:
        """Follows within the append's own transaction (SQLite).

        If anything is not in step or fails, all is left to `catch_up`: the command is not harmed.
        """
        if not events:
            return
        shelf = self._shelf or self._taken_down(tx)
        before, after = events[0].position - 1, events[-1].position
        try:
            with tx.savepoint():
                self._step(tx, shelf, before, after)
                apply(shelf.on(tx), self._concerned, events)
        except _OutOfStep:
            self._shelf = None
        except Exception as error:  # noqa: BLE001 - whatever it is, the command must not suffer
            log.error("following is left for later at position %s: %s", before, describe(error))

    def catch_up(self, until: int | None = None) -> int:
        """Applies what is there, page by page; returns the position that all have reached.

        A copy that stands still at an event is left behind, and is tried again when it is time.
        """
        while True:
            with self._database.writing() as tx:
                reached, more = self._page(tx)
            if not more or (until is not None and reached >= until):
                return reached

    @contextmanager
    def caught_up(self) -> Iterator[tuple[Tx, list[Copy]]]:
        """For a reader: whoever asks while nobody follows, follows. With the live copies."""
        with self._database.reading() as tx:
            found, head = copies.everything_and_head(tx)
            live = self.in_step(found, head)
            if live is not None:
                yield tx, live
                return
        self.catch_up()
        with self._database.reading() as tx:
            yield tx, self.live_copies(tx)

    def in_step(self, found: Sequence[Copy], head: int) -> list[Copy] | None:
        """The live ones of these copies; None where one is behind and could be brought up."""
        live = self._live_ones(found)
        behind = any(copy.position < head and self._is_due(copy) for copy in live)
        return None if behind else live

    def wait_for(self, position: int, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        """Returns when every copy that does not stand still has come this far.

        Raises NotCaughtUp.
        """
        ends = monotonic() + deadline_seconds
        if self.position() >= position:
            return
        while self.catch_up(position) < position:
            if monotonic() > ends:
                raise NotCaughtUp(f"The projections have not reached position {position} yet.")
            sleep(POLL_SECONDS)

    def position(self) -> int:
        """How far all have come that do not stand still."""
        with self._database.reading() as tx:
            return self._reached(tx, self.live_copies(tx))

    def live_copies(self, tx: Tx, *, lock: bool = False) -> list[Copy]:
        """The live copies of the versions that this code has, the oldest first.

        Whoever locks them is alone in moving them, or in choosing others, until its transaction
        ends; on SQLite every writer is.
        """
        if lock and tx.dialect == "postgresql":
            tx.run(IN_TURN, lock=FOLLOWING, schema=tx.schema)
        return self._live_ones(copies.everything(tx))

    def _live_ones(self, found: Sequence[Copy]) -> list[Copy]:
        return [copy for copy in found if copy.state == "live" and self._is_ours(copy)]

    def shelf(self, found: Sequence[Copy]) -> Shelf:
        """The live copies, to be asked by plain names."""
        wanted = {copy.name: copy.number for copy in found}
        shelf = self._shelf
        if shelf is None or shelf.copies != wanted:
            shelf = self._shelf = Shelf(self._database, self.projections, wanted)
        return shelf

    def on_live(self, tx: Tx) -> Tx:
        """A transaction that finds the live copies' tables by their plain names."""
        return self.shelf(self.live_copies(tx)).on(tx)

    def release(self, copy: Copy, part: str) -> int:
        """Folds a partition that was set aside; returns how many events were.

        Raises ProjectionFaulty if one cannot be folded; it is set aside again from there.
        """
        done = 0
        while True:
            with self._database.writing() as tx:
                self.live_copies(tx, lock=True)
                folded, failed = self._some_waiting(tx, copy, part)
                done += folded
                if not (folded or failed):
                    quarantine.release(tx, copy.number, part)
                    return done
            if failed:
                raise ProjectionFaulty(str(failed))

    def retry(self, name: str) -> None:
        """Tries the event at which a projection stands still once more, now.

        Raises ProjectionFaulty if it cannot be folded still.
        """
        with self._database.writing() as tx:
            tx.run(
                "UPDATE cs_projection SET retry_at = 0 WHERE name = :name AND state = 'live'",
                name=name,
            )
        self.catch_up()
        with self._database.reading() as tx:
            still = [c for c in self.live_copies(tx) if c.name == name and c.attempts]
        if still:
            raise ProjectionFaulty(f"{name}, after position {still[0].position}: {still[0].error}")

    def _taken_down(self, tx: Tx) -> Shelf:
        return self.shelf(self.live_copies(tx))

    def _step(self, tx: Tx, shelf: Shelf, before: int, after: int) -> None:
        """Moves all positions at once; raises _OutOfStep unless all could be."""
        moment = self._now()
        stepped = tx.run(STEP, before=before, after=after, updated=moment, copies=shelf.asked)
        if stepped != len(self.projections):
            raise _OutOfStep

    def _page(self, tx: Tx) -> tuple[int, bool]:
        """One page for whoever is furthest behind; returns the position of all, and if more is."""
        found = self.live_copies(tx, lock=True)
        due = [copy for copy in found if self._is_due(copy)]
        if not due:
            return self._reached(tx, found), False
        rows = self._recorder.since(tx, min(copy.position for copy in due), PAGE)
        if not rows:
            return self._reached(tx, found), False
        page = _Page(decoded(rows), rows[-1].position, self.shelf(found).on(tx), monotonic())
        moved = self._together(tx, page, due)
        for copy in due:
            if copy.position < page.end and copy.number not in moved:
                moved[copy.number] = self._advance(tx, page, copy)
        now = [moved.get(copy.number, copy) for copy in found]
        behind = any(copy.position < page.end and self._is_due(copy) for copy in now)
        return self._reached(tx, now), behind or len(rows) == PAGE

    def _together(self, tx: Tx, page: "_Page", due: Sequence[Copy]) -> dict[int, Copy]:
        """All that are in step and sound take the page as one; none, if any of them cannot."""
        start = min(copy.position for copy in due)
        sound = [c for c in due if c.position == start and not (c.attempts or c.quarantined)]
        if not sound or not self._applied(tx, page, sound, page.events):
            return {}
        return {copy.number: replace(copy, position=page.end) for copy in sound}

    def _advance(self, tx: Tx, page: "_Page", copy: Copy) -> Copy:
        """Brings one copy to the page's end, or to the event that it cannot fold."""
        projection, concerns = self._by_name[copy.name], self._alone[copy.name]
        aside = quarantine.parts(tx, copy)
        events = [e for e in page.events if e.position > copy.position and concerns[e.name]]
        waits = [e for e in events if partition(projection, e) in aside] if aside else []
        waiting = {each.position for each in waits}
        free = [each for each in events if each.position not in waiting]
        if copy.attempts or not self._applied(tx, page, [copy], free):
            return self._one_by_one(tx, page, copy, events, aside)
        self._wait(tx, copy, waits)
        return replace(copy, position=page.end)

    def _applied(
        self, tx: Tx, page: "_Page", together: Sequence[Copy], events: Sequence[Recorded]
    ) -> bool:
        """Rows and positions, or neither and False."""
        concerned = self._concerned
        if len(together) != len(self.projections):
            concerned = Concerned(self._by_name[copy.name] for copy in together)
        try:
            with tx.savepoint():
                apply(page.shelf, concerned, events)
        except Exception as error:  # noqa: BLE001 - what is no event's fault is raised again
            self._check_event_is_the_cause(error)
            return False
        tx.run(
            f"{PLACE_ALL} WHERE {AMONG[tx.dialect]}",
            position=page.end,
            updated=self._now(),
            rate=len(page.events) / max(monotonic() - page.began, 1e-6),
            copies=json.dumps([copy.number for copy in together]),
        )
        return True

    def _one_by_one(
        self, tx: Tx, page: "_Page", copy: Copy, events: Sequence[Recorded], aside: set[str]
    ) -> Copy:
        """The careful way: each event by itself, and what waits put aside."""
        projection, left_out = self._by_name[copy.name], skips(tx, self._recorder)
        waits: list[Recorded] = []
        for recorded in events:
            part = partition(projection, recorded)
            if part in aside:
                waits.append(recorded)
                continue
            skipped = (copy.name, copy.version, recorded.position) in left_out
            error = None if skipped else self._tried(tx, page.shelf, copy, recorded)
            if error is None:
                copy = _sound(copy)
                continue
            if projection.stops or copy.attempts + 1 < quarantine.ATTEMPTS:
                self._wait(tx, copy, waits)
                return self._stopped(tx, copy, recorded, error)
            self._set_aside(tx, copy, part, recorded, copy.attempts + 1, error)
            copy = _sound(copy)
            aside.add(part)
            waits.append(recorded)
        self._wait(tx, copy, waits)
        return self._placed(tx, replace(_sound(copy), position=page.end))

    def _wait(self, tx: Tx, copy: Copy, events: Sequence[Recorded]) -> None:
        projection = self._by_name[copy.name]
        waits = [(partition(projection, each), each.position) for each in events]
        quarantine.wait(tx, copy.number, waits)

    def _tried(self, tx: Tx, shelf: Tx, copy: Copy, recorded: Recorded) -> Unfolded | None:
        try:
            with tx.savepoint():
                apply(shelf, self._alone[copy.name], (recorded,))
        except Exception as error:  # noqa: BLE001 - what is no event's fault is raised again
            self._check_event_is_the_cause(error)
            if isinstance(error, Unfolded):
                return error
            return Unfolded(copy.name, recorded.name, recorded.position, describe(error))
        return None

    def _check_event_is_the_cause(self, error: Exception) -> None:
        """What the database could not do just now is raised; no event is to blame for it."""
        why = cause(error)
        if self._database.transient(why):
            raise why from None

    def _stopped(self, tx: Tx, copy: Copy, recorded: Recorded, error: Unfolded) -> Copy:
        attempts = copy.attempts + 1
        log.error("attempt %s: %s", attempts, error)
        stopped = replace(
            copy,
            position=recorded.position - 1,
            attempts=attempts,
            retry_at=self._now() + quarantine.pause(attempts),
            error=f"{recorded.name}: {error.why}",
        )
        return self._placed(tx, stopped)

    def _set_aside(
        self, tx: Tx, copy: Copy, part: str, recorded: Recorded, attempts: int, error: Unfolded
    ) -> None:
        log.error("%s is set aside: %s", part, error)
        told = f"{recorded.name}: {error.why}"
        quarantine.set_aside(tx, copy.number, part, recorded.position, attempts, told)

    def _some_waiting(self, tx: Tx, copy: Copy, part: str) -> tuple[int, Unfolded | None]:
        """Folds some of what waits, in order; how many, and what stopped it."""
        positions = quarantine.waiting(tx, copy.number, part, PAGE)
        left_out, folded = skips(tx, self._recorder), 0
        own = (self._by_name[copy.name],)
        shelf = Shelf(self._database, own, {copy.name: copy.number}).on(tx)
        for position in positions:
            for recorded in decoded(self._recorder.since(tx, position - 1, 1, until=position)):
                if (copy.name, copy.version, position) in left_out:
                    continue
                error = self._tried(tx, shelf, copy, recorded)
                if error is not None:
                    self._set_aside(tx, copy, part, recorded, 1, error)
                    return folded, error
            quarantine.wait_no_more(tx, copy.number, part, position)
            folded += 1
        return folded, None

    def _placed(self, tx: Tx, copy: Copy) -> Copy:
        tx.run(
            PLACE,
            copy=copy.number,
            position=copy.position,
            updated=self._now(),
            attempts=copy.attempts,
            retry_at=copy.retry_at,
            error=copy.error,
        )
        return copy

    def _reached(self, tx: Tx, found: Sequence[Copy]) -> int:
        """Where nobody moves, nobody need be waited for."""
        moving = [copy.position for copy in found if not stands_still(copy)]
        return min(moving) if moving else self._recorder.head(tx)

    def _is_ours(self, copy: Copy) -> bool:
        ours = self._by_name.get(copy.name)
        return ours is not None and ours.version == copy.version

    def _is_due(self, copy: Copy) -> bool:
        return copy.attempts == 0 or copy.retry_at <= self._now()


@dataclass(frozen=True, slots=True)
class _Page:
    """Events that are read together, up to a position, and the tables that they go into."""

    events: Sequence[Recorded]
    end: int
    shelf: Tx
    began: float


class _OutOfStep(Exception):
    """A copy is behind, set aside in part, or no longer the one that is live."""


def stands_still(copy: Copy) -> bool:
    """Whether nobody should wait for it any more."""
    return copy.attempts >= quarantine.ATTEMPTS


def _sound(copy: Copy) -> Copy:
    return replace(copy, attempts=0, retry_at=0, error=None) if copy.attempts else copy


AMONG = {
    "sqlite": "copy IN (SELECT value FROM json_each(:copies))",
    "postgresql": "copy IN (SELECT CAST(value AS bigint) FROM json_each(:copies))",
}
FOLLOWING = 0x6373_0004
IN_TURN = "SELECT pg_advisory_xact_lock(:lock, hashtext(:schema))"
STEP = (
    "UPDATE cs_projection SET position = :after, updated = :updated WHERE position = :before"
    " AND state = 'live' AND quarantined = 0 AND attempts = 0"
    f" AND {AMONG['sqlite']}"
)
PLACE_ALL = (
    "UPDATE cs_projection SET position = :position, updated = :updated, rate = :rate,"
    " attempts = 0, retry_at = 0, error = NULL"
)
PLACE = (
    "UPDATE cs_projection SET position = :position, updated = :updated, attempts = :attempts,"
    " retry_at = :retry_at, error = :error WHERE copy = :copy"
)
