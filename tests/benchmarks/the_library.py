"""eventsourcing's own ProjectionRunner on PostgreSQL, with a view that has the audit trail's rows.

Needs the package psycopg-pool; its import changes how dataclasses are made in the whole process.
"""

from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent, datetime_now_with_tzinfo
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import register_topic
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

A_STREAM = 10
TEXT = "x" * 600
DEADLINE = 300.0


class Said(DomainEvent):
    """About as long as one of ours."""

    TOPIC = "said"

    case: str
    actor: str
    record_class: str
    text: str


register_topic(Said.TOPIC, Said)


class Saying(Application[UUID]):
    name = "saying"


class TrailView(PostgresTrackingRecorder):
    """A row for each event, its columns indexed as in the table of our audit_trail."""

    def __init__(self, datastore: PostgresDatastore, **more: Any) -> None:
        super().__init__(datastore, **more)
        table = Identifier(datastore.schema, "trail")
        columns = SQL(
            "CREATE TABLE IF NOT EXISTS {0} (id bigint PRIMARY KEY, case_id text, stream text,"
            " actor text, record_class text, doc text)"
        )
        self.sql_create_statements.append(columns.format(table))
        for column in ("case_id", "stream", "actor"):
            index = SQL("CREATE INDEX IF NOT EXISTS {0} ON {1} ({2})")
            names = Identifier(f"trail_{column}"), table, Identifier(column)
            self.sql_create_statements.append(index.format(*names))
        self._add = SQL("INSERT INTO {0} VALUES (%s, %s, %s, %s, %s, '{{}}')").format(table)

    def add(self, row: tuple[Any, ...], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._add, row, prepare=True)


class Trail(Projection[TrailView]):
    name = "trail"

    def process_event(self, domain_event: Said, tracking: Tracking) -> None:
        said = domain_event
        looked_up = (said.case, str(said.originator_id), said.actor, said.record_class)
        self.view.add((tracking.notification_id, *looked_up), tracking)


def events_a_second(url: str, events: int) -> float:
    """Stores so many events, then has the runner project them."""
    env = _env(url)
    application = Saying(env=env)
    for _ in range(events // A_STREAM):
        application.save(*_some_events())
    head = application.recorder.max_notification_id()
    application.close()
    began = perf_counter()
    with ProjectionRunner(
        application_class=Saying, projection_class=Trail, view_class=TrailView, env=env
    ) as runner:
        runner.wait(head, timeout=DEADLINE)
        return events / (perf_counter() - began)


def _some_events() -> list[Said]:
    stream, actor, now = uuid4(), str(uuid4()), datetime_now_with_tzinfo()
    said = {"case": str(stream), "actor": actor, "record_class": "record", "text": TEXT}
    return [
        Said(originator_id=stream, originator_version=version, timestamp=now, **said)
        for version in range(1, A_STREAM + 1)
    ]


def _env(url: str) -> dict[str, str]:
    """Complete, so that nothing of the environment leaks in."""
    address = make_url(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": address.database or "postgres",
        "POSTGRES_HOST": str(address.query.get("host", address.host)),
        "POSTGRES_PORT": str(address.port or 5432),
        "POSTGRES_USER": address.username or "postgres",
        "POSTGRES_PASSWORD": address.password or "",
        "POSTGRES_SCHEMA": "public",
    }
