"""What logging a read costs: the same question by the same reader, with the log and without."""

from collections.abc import Callable, Sequence
from functools import partial

from countersign import Actor
from countersign.application.access_log import AccessEntry
from countersign.application.commands import GrantRole
from countersign.application.engine import Engine
from countersign.application.questions import PlanBoard
from countersign.domain.employee import Role

from .conftest import Company

READS = 100
ROUNDS = 9


class Silent:
    """A log that keeps nothing."""

    def note(self, entries: Sequence[AccessEntry], *, strict: bool) -> None:
        return


def bench_reads_on_sqlite(company, race, tmp_path):
    measure("SQLite", company(f"sqlite:///{tmp_path}/reads.db", people=1), race)


def bench_reads_on_postgresql(company, race, durable_postgres_url):
    measure("PostgreSQL", company(durable_postgres_url, people=1, tenant="reads"), race)


def measure(kind: str, ours: Company, race: Callable[..., object]) -> None:
    (employee,) = ours.employees
    ours.lifecycle(employee)
    hr, auditor = ours.who("1"), ours.who("2")
    ours.engine.handle(GrantRole(person=auditor.person, role=Role.AUDITOR), hr)
    house = ours.house
    silent = Engine(
        house.journal, house._answers, house.blobs, ours.engine.now, lambda: "", Silent()
    )
    readers: dict[str, tuple[Actor, str | None]] = {
        "by the employee, not logged": (employee, None),
        "by HR, logged a moment later": (hr, None),
        "by an auditor, logged before": (auditor, "a complaint"),
    }
    for what, (reader, reason) in readers.items():
        question = PlanBoard(person=employee.person, reason=reason)
        logged = partial(asks, ours.engine, question, reader)
        unlogged = partial(asks, silent, question, reader)
        race(f"plan read {what}, {kind}", logged, unlogged, units=READS, rounds=ROUNDS)
    assert house.access_log.lost == 0
    with house.database.reading() as tx:
        assert tx.one("SELECT count(*) FROM cs_access WHERE sight = 'auditor'") == (
            READS * (ROUNDS + 1),
        )


def asks(engine: Engine, question: PlanBoard, reader: Actor) -> None:
    for _ in range(READS):
        engine.ask(question, reader)
