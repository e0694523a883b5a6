"""The worker: follows the journal for everybody, one at a time; others stand by to take over.

What must not be done twice is fenced in the database, so the lease only says who is at work, and
a worker that is wrong about it does no harm.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic

from ..application.ports import Doorbell
from . import lease
from .assembly import House
from .doorbell import doorbell_for

LEASE_SECONDS = 5.0
LOOK_SECONDS = 1.0
"""So often a lease is prolonged, or a standby looks whether it has run out."""

STRETCH = 2000
"""So many events are followed before the worker looks up from its work."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

log = logging.getLogger("countersign.worker")


class Worker:
    """Runs until it is stopped; a lost connection is waited for, a fault is told and survived."""

    def __init__(self, house: House, clock: Callable[[], float] = monotonic) -> None:
        self._house = house
        self._clock = clock
        self._holder = lease.own_name()
        self._names = [f"follow:{name}" for name in house.projections]
        self._stopped = False
        self._stops: SimpleQueue[None] = SimpleQueue()  # unlike an Event, safe in a handler
        self._bell: Doorbell | None = None
        self._looked = -LOOK_SECONDS
        self._holds = False
        self._reached = 0

    @property
    def at_work(self) -> bool:
        """Whether it holds the lease; else it stands by."""
        return self._holds

    def run(self) -> None:
        """Until `stop`; gives the lease back at the end."""
        pause = FIRST_PAUSE_SECONDS
        try:
            while not self._stopped:
                if self._went_well():
                    pause = FIRST_PAUSE_SECONDS
                    continue
                self._rest(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        finally:
            self._leave()

    def turn(self) -> bool:
        """One look: everything that is there is done, if it is this worker's turn."""
        looks = self._looks()
        while self._may_go_on() and self._is_behind():
            goal = self._reached + STRETCH
            self._reached = self._house.projector.catch_up(goal)
            if self._reached < goal:
                break
            looks = self._looks() or looks
        if looks and self._may_go_on():
            self._house.builder.prepare()  # whoever built a new version may have died
            self._house.react()
            self._house.engine.fire_due()
            self._house.engine.sweep_uploads()
        return self._holds

    def stop(self) -> None:
        """From any thread, or a signal's handler: the turn that runs is ended in good order."""
        self._stopped = True
        self._stops.put(None)
        if self._bell:
            self._bell.ring()

    def _went_well(self) -> bool:
        """A turn, and the wait for the next one."""
        try:
            bell = self._bell = self._bell or doorbell_for(self._house.database)
            self.turn()
            if not self._stopped:
                bell.wait(LOOK_SECONDS)
        except Exception as error:
            if self._house.database.transient(error):
                log.warning("the database cannot be used just now: %s", _first_line(error))
            else:
                log.exception("a turn of the worker failed; it goes on")
            self._holds = False
            return False
        return True

    def _rest(self, seconds: float) -> None:
        with suppress(Empty):
            self._stops.get(timeout=seconds)

    def _looks(self) -> bool:
        """Now and then: whose turn it is."""
        if self._clock() - self._looked < LOOK_SECONDS:
            return False
        self._holds = self._taken()
        self._looked = self._clock()
        return True

    def _may_go_on(self) -> bool:
        return self._holds and not self._stopped

    def _is_behind(self) -> bool:
        """Asked without a lock: on SQLite writers mostly have followed themselves."""
        house = self._house
        with house.database.reading() as tx:
            head = house.recorder.head(tx)
            return any(copy.position < head for copy in house.projector.live_copies(tx))

    def _taken(self) -> bool:
        """All of them or none: pages are decoded once for every projection."""
        with self._house.database.writing() as tx:
            held = [lease.take(tx, name, self._holder, LEASE_SECONDS) for name in self._names]
            if not any(held):
                return self._told(True)
            for name in self._names:
                lease.leave(tx, name, self._holder)
        return self._told(False)

    def _told(self, holds: bool) -> bool:
        if holds != self._holds:
            log.info("follows the journal" if holds else "stands by")
        return holds

    def _leave(self) -> None:
        try:
            with self._house.database.writing() as tx:
                for name in self._names:
                    lease.leave(tx, name, self._holder)
        except Exception:
            log.exception("the lease could not be given back; it runs out by itself")
        if self._bell:
            self._bell.close()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
