"""The eventsourcing library's own suites, on each kind of database."""

import itertools

import pytest
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)

from countersign.infrastructure.database import Database
from countersign.infrastructure.recorder_library import (
    JournalAggregateRecorder,
    JournalApplicationRecorder,
    JournalProcessRecorder,
    JournalTrackingRecorder,
)


class AggregateSuite(AggregateRecorderTestCase):
    database: Database

    def create_recorder(self) -> JournalAggregateRecorder:
        return JournalAggregateRecorder(self.database)


class ApplicationSuite(ApplicationRecorderTestCase[JournalApplicationRecorder]):
    database: Database

    def create_recorder(self) -> JournalApplicationRecorder:
        return JournalApplicationRecorder(self.database)


class TrackingSuite(TrackingRecorderTestCase):
    database: Database

    def create_recorder(self) -> JournalTrackingRecorder:
        return JournalTrackingRecorder(self.database)


class ProcessSuite(ProcessRecorderTestCase):
    database: Database

    def create_recorder(self) -> JournalProcessRecorder:
        return JournalProcessRecorder(self.database)


class OrderSuite(NonInterleavingNotificationIDsBaseCase):
    database: Database

    def create_recorder(self) -> JournalApplicationRecorder:
        return JournalApplicationRecorder(self.database)


SUITES = (AggregateSuite, ApplicationSuite, TrackingSuite, ProcessSuite, OrderSuite)
TESTS = [
    pytest.param(suite, name, id=f"{suite.__name__}-{name}")
    for suite, name in itertools.chain.from_iterable(
        [(suite, name) for name in dir(suite) if name.startswith(("test", "optional_test"))]
        for suite in SUITES
    )
]


@pytest.mark.parametrize(("suite", "name"), TESTS)
def test_the_library_finds_in_the_journal_what_it_asks_of_a_recorder(suite, name, database):
    case = suite(name)
    case.database = database
    case.debug()


# The library's classes are met only through the parameters above.
for met in (*SUITES, *(base for suite in SUITES for base in suite.__bases__)):
    setattr(met, "__test__", False)  # noqa: B010
