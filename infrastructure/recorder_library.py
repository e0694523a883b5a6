"""The recorder under the faces that the eventsourcing library knows, proved by its own suites.

Importing `eventsourcing.persistence` brings `eventsourcing.domain` along, which replaces the
private `dataclasses._process_class` for the whole process. So nothing imports this by the way.
No environment variable is read: what there is to configure comes in as a `Database`.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from eventsourcing import persistence
from eventsourcing.persistence import Notification, StoredEvent, Tracking

from .batch import Appended, Batch, Row
from .database import Database, Tx
from .doorbell import doorbell_for
from .recorder import recorder_for

PAGE = 500
LOOK_SECONDS = 0.25
ERRORS = ("IntegrityError", "OperationalError", "DataError", "ProgrammingError", "InternalError")


def _microseconds() -> int:
    return time.time_ns() // 1000


class _Journal:
    """What the four recorders share: a database, its recorder and a clock (microseconds)."""

    def __init__(self, database: Database, clock: Callable[[], int] = _microseconds) -> None:
        self.database = database
        self._recorder = recorder_for(database)
        self._clock = clock

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """A driver's error by the library's name for it."""
        driver: Any = self.database.engine.dialect.loaded_dbapi
        try:
            yield
        except driver.Error as error:
            for name in ERRORS:
                if isinstance(error, getattr(driver, name)):
                    raise getattr(persistence, name)(error) from error
            raise persistence.DatabaseError(error) from error

    def _insert(self, events: Sequence[StoredEvent], tracking: Tracking | None) -> Sequence[int]:
        with self._errors():
            if tracking is None:
                if not events:
                    return []
                with self._recorder.appending() as tx:
                    return self._append(tx, events)
            with self.database.writing() as tx:
                self._track(tx, tracking)
                return self._append(tx, events) if events else []

    def _append(self, tx: Tx, events: Sequence[StoredEvent]) -> Sequence[int]:
        rows = (Row(str(e.originator_id), e.originator_version, e.topic, e.state) for e in events)
        batch = Batch(recorded_at=self._clock(), rows=tuple(rows))
        done = self._recorder.append_on(tx, batch, ())
        assert isinstance(done, Appended), "without a basis nothing can stand against it"
        return range(done.first, done.last + 1)

    def _track(self, tx: Tx, tracking: Tracking) -> None:
        name, place = tracking.application_name, tracking.notification_id
        if not self._recorder.track(tx, name, place, self._clock()):
            raise persistence.IntegrityError(f"{name} has come to {place} before.")


class JournalAggregateRecorder(_Journal, persistence.AggregateRecorder):
    """Streams of events; a residue is no event any more."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Raises IntegrityError when a version is there already; then nothing was written."""
        self._insert(stored_events, kwargs.get("tracking"))
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The stream's events in order of version."""
        conditions = ["stream = :stream", "body IS NOT NULL"]
        conditions += ["version > :gt"] * (gt is not None)
        conditions += ["version <= :lte"] * (lte is not None)
        sql = f"SELECT stream, version, name, body FROM cs_event WHERE {' AND '.join(conditions)}"
        sql += f" ORDER BY version{' DESC' * desc}{' LIMIT :limit' * (limit is not None)}"
        with self._errors(), self.database.reading() as tx:
            found = tx.all(sql, stream=str(originator_id), gt=gt, lte=lte, limit=limit)
        return [StoredEvent(UUID(stream), *rest) for stream, *rest in found]


class JournalApplicationRecorder(JournalAggregateRecorder, persistence.ApplicationRecorder):
    """The whole journal in order; a notification's id is the event's position."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """As above; returns the positions."""
        return list(self._insert(stored_events, kwargs.get("tracking")))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Up to `limit` events from `start` to `stop`."""
        after = (start or 0) - (1 if inclusive_of_start else 0)
        conditions = ["position > :after", "body IS NOT NULL"]
        conditions += ["position <= :stop"] * (stop is not None)
        conditions += ["name IN (SELECT value FROM json_each(:topics))"] * bool(topics)
        sql = "SELECT stream, version, name, body, position FROM cs_event"
        sql += f" WHERE {' AND '.join(conditions)} ORDER BY position LIMIT :limit"
        wanted = json.dumps(list(topics))
        with self._errors(), self.database.reading() as tx:
            found = tx.all(sql, after=after, stop=stop, limit=limit, topics=wanted)
        return [Notification(UUID(stream), *rest) for stream, *rest in found]

    def max_notification_id(self) -> int | None:
        """The newest position, residues included; None while the journal is empty."""
        with self._errors(), self.database.reading() as tx:
            return self._recorder.head(tx) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "JournalSubscription":
        """Every event after `gt`, and then every new one as it is committed."""
        return JournalSubscription(self, gt, topics)


class JournalTrackingRecorder(_Journal, persistence.TrackingRecorder):
    """How far each follower has come; a place once passed is never taken again."""

    def insert_tracking(self, tracking: Tracking) -> None:
        """Raises IntegrityError unless it is a step forward."""
        with self._errors(), self.database.writing() as tx:
            self._track(tx, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """The follower's place."""
        with self._errors(), self.database.reading() as tx:
            return self._recorder.tracked(tx, application_name)


class JournalProcessRecorder(
    JournalTrackingRecorder, JournalApplicationRecorder, persistence.ProcessRecorder
):
    """New events and the place of what they follow from, in one transaction."""


class JournalSubscription(persistence.Subscription[JournalApplicationRecorder]):
    """Pulls pages in the thread that iterates; the doorbell only shortens the pause between two."""

    def __init__(
        self, recorder: JournalApplicationRecorder, gt: int | None, topics: Sequence[str]
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._doorbell = doorbell_for(recorder.database)
        self._page: Iterator[Notification] = iter(())

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        self._doorbell.close()

    def stop(self) -> None:
        """Ends the iteration, from whichever thread."""
        super().stop()
        self._doorbell.ring()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            for notification in self._page:
                self._last_notification_id = notification.id
                return notification
            if not self._pull():
                self._doorbell.wait(LOOK_SECONDS)
        raise StopIteration

    def _pull(self) -> bool:
        found = self._recorder.select_notifications(
            self._last_notification_id, PAGE, topics=self._topics, inclusive_of_start=False
        )
        self._page = iter(found)
        return bool(found)
