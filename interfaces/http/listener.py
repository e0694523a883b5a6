"""Listener: one thread that waits on the doorbell and reads the journal once for all who watch."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from ...application.news import Heard, News
from ...application.ports import Doorbell
from ...infrastructure.assembly import explained

LOOK_SECONDS = 1.0
"""So often it looks by itself: a ring may be lost, and a day may turn."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
JOIN_SECONDS = 5.0

log = logging.getLogger("countersign.http")


class Listener:
    """Tells `hear` whom events may concern, from the moment that `listening` is done.

    `hear` is called in the listener's thread, and answers whether there is still somebody to tell.
    """

    def __init__(
        self, news: News, hear: Callable[[Heard], bool], inboxes_watched: Callable[[], bool]
    ) -> None:
        self.listening: Future[None] = Future()
        self._news = news
        self._hear = hear
        self._inboxes_watched = inboxes_watched
        self._stopped = threading.Event()
        self._bell: Doorbell | None = None
        self._pause = FIRST_PAUSE_SECONDS
        self._thread = threading.Thread(target=self._run, name="countersign-news", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """From any thread."""
        self._stopped.set()
        if self._bell is not None:
            self._bell.ring()

    def join(self) -> None:
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        try:
            bell = self._bell = self._news.doorbell()
        except Exception as error:  # noqa: BLE001 - whoever began it is told
            self.listening.set_exception(error)
            return
        try:
            if self._begun():
                while not self._stopped.is_set():
                    self._turn(bell)
        finally:
            bell.close()

    def _begun(self) -> bool:
        try:
            self._position, self._day = self._news.position(), self._news.today()
        except Exception as error:  # noqa: BLE001 - whoever began it is told
            self.listening.set_exception(error)
            return False
        self.listening.set_result(None)
        return True

    def _turn(self, bell: Doorbell) -> None:
        """One look, and the wait for the next; a trouble is waited out at the same place."""
        try:
            self._look()
            self._pause = FIRST_PAUSE_SECONDS
            if not self._stopped.is_set():
                bell.wait(LOOK_SECONDS)
        except Exception as error:
            told = explained(error)
            log.warning("news wait: %s", told, exc_info=None if told else error)
            self._stopped.wait(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _look(self) -> None:
        day = self._news.today()
        if day != self._day:
            self._tell(Heard(until=self._position, everybody=True))
            self._day = day
        while not self._stopped.is_set() and (page := self._news.since(self._position)):
            self._tell(self._news.heard(page, inboxes=self._inboxes_watched()))
            self._position = page[-1].position

    def _tell(self, heard: Heard) -> None:
        if not self._hear(heard):
            self._stopped.set()
