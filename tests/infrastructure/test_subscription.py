"""Following the journal: every event once, in order, until it is stopped."""

import threading
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from countersign.infrastructure.database import open_database
from countersign.infrastructure.doorbell import doorbell_for
from countersign.infrastructure.migrate import upgrade
from countersign.infrastructure.recorder_library import JournalApplicationRecorder


def event(number):
    return StoredEvent(UUID(int=number), 1, "topic", b"state")


def test_a_follower_is_given_what_comes_while_it_waits(database):
    recorder = JournalApplicationRecorder(database)
    with recorder.subscribe() as following:
        writer = threading.Thread(target=lambda: recorder.insert_events([event(1), event(2)]))
        writer.start()
        assert [next(following).id, next(following).id] == [1, 2]
        writer.join()


def test_a_follower_that_waits_can_be_stopped_from_elsewhere(database):
    recorder = JournalApplicationRecorder(database)
    with recorder.subscribe() as following:
        stopper = threading.Thread(target=following.stop)
        stopper.start()
        assert list(following) == []
        stopper.join()


def test_a_follower_in_memory_is_given_everything():
    database = open_database("sqlite://")
    upgrade(database)
    recorder = JournalApplicationRecorder(database)
    with recorder.subscribe() as following:
        writer = threading.Thread(target=lambda: recorder.insert_events([event(1)]))
        writer.start()
        assert next(following).id == 1
        writer.join()
    database.close()


@pytest.fixture
def on_postgresql(postgres_url, fresh_postgres_schema):
    database = open_database(postgres_url, tenant=fresh_postgres_schema)
    upgrade(database)
    yield database
    database.close()


def hang_up(database):
    with database.autocommit() as tx:
        tx.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = :listen",
            listen=f'LISTEN "{database.schema}"',
        )


def test_a_follower_survives_the_loss_of_its_line(on_postgresql):
    recorder = JournalApplicationRecorder(on_postgresql)
    with recorder.subscribe() as following:
        for number in (1, 2, 3):
            recorder.insert_events([event(number)])
            assert next(following).id == number
            hang_up(on_postgresql)


def test_a_ring_ends_a_wait_that_has_no_news(database):
    doorbell = doorbell_for(database)
    doorbell.ring()
    doorbell.wait(3600)
    doorbell.close()


def test_an_append_ends_a_wait(database):
    doorbell = doorbell_for(database)
    JournalApplicationRecorder(database).insert_events([event(1)])
    doorbell.wait(3600)
    doorbell.close()
