"""The worker: follows the journal for everybody, one at a time; others stand by to take over.

What must not be done twice is fenced in the database, so the lease only says who is at work, and
a worker that is wrong about it does no harm.
"""

import logging
import threading
from collections.abc import Callable
from time import monotonic

from . import lease
from .assembly import House
from .doorbell import doorbell_for

LEASE_SECONDS = 5.0
LOOK_SECONDS = 1.0
"""So often a lease is prolonged, or a standby looks whether it has run out."""

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
        self._stopped = threading.Event()
        self._looked = -LOOK_SECONDS
        self._holds = False
        self._bell = doorbell_for(house.database)

    @property
    def at_work(self) -> bool:
        """Whether it holds the lease; else it stands by."""
        return self._holds

    def run(self) -> None:
        """Until `stop`; gives the lease back at the end."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                self.turn()
                pause = FIRST_PAUSE_SECONDS
                self._bell.wait(LOOK_SECONDS)
            except Exception as error:
                if not self._house.database.transient(error):
                    log.exception("a turn of the worker failed; it goes on")
                else:
                    log.warning("the database cannot be reached; trying again in %.1f s", pause)
                self._holds = False
                self._stopped.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._leave()

    def turn(self) -> bool:
        """One look: everything that is there is done, if it is this worker's turn."""
        if self._clock() - self._looked >= LOOK_SECONDS:
            self._holds = self._taken()
            self._looked = self._clock()
        if self._holds:
            self._house.projector.catch_up()
            self._house.react()
            self._house.engine.fire_due()
        return self._holds

    def stop(self) -> None:
        """From any thread, or a signal's handler: the turn that runs is ended in good order."""
        self._stopped.set()
        self._bell.ring()

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
        self._bell.close()
