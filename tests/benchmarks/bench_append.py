"""One append with sealed text, state and receipt, against the barest durable insert."""

import sqlite3
import threading
import uuid
from collections.abc import Callable
from datetime import date
from itertools import count

import psycopg
import pytest

from countersign.domain.plan import NeedCommented
from countersign.domain.sealed import Sealed
from countersign.infrastructure.batch import Appended, Batch, FoldedState, ReceiptKey, Row
from countersign.infrastructure.database import open_database
from countersign.infrastructure.keyring import Keyring
from countersign.infrastructure.master_key import MasterKey, new_key_text
from countersign.infrastructure.migrate import upgrade
from countersign.infrastructure.recorder import recorder_for
from countersign.infrastructure.vault import Vault

ROUNDS = 12
A_ROUND = 160
BODY = b"x" * 350
TEXT = "The hauliers now send their delays by themselves."
NUMBERS = count(1)


class Appends:
    """A journal of our own; every append is a new event with text on one of many streams."""

    def __init__(self, url: str, folder, tenant: str | None = None) -> None:
        self.database = open_database(url, tenant=tenant, pool_size=10)
        upgrade(self.database)
        master = MasterKey.from_text(new_key_text())
        self.keyring = Keyring.open(f"sqlite:///{folder}/bench.keys.db", master)
        self.vault = Vault(self.keyring)
        self.recorder = recorder_for(self.database)
        self.versions: dict[str, int] = {}

    def one(self, stream: str) -> None:
        version = self.versions.get(stream, 0) + 1
        with self.recorder.appending() as tx:
            sealer = self.vault.sealer(tx)
            event = NeedCommented(
                task=stream, manager=stream, comment=Sealed.of(TEXT), on=date(2030, 1, 7)
            )
            sealing = sealer.seal(
                event_id=str(uuid.uuid4()),
                stream=stream,
                series="enablement",
                owner=stream,
                event=event,
            )
            batch = Batch(
                recorded_at=next(NUMBERS),
                basis=((stream, version - 1),),
                rows=(Row(stream, version, "plan.need_commented.v1", BODY),),
                cells=sealing.cells,
                units=sealing.units,
                states=(FoldedState(stream, version, "plan.1", BODY),),
                receipt=ReceiptKey(stream, str(uuid.uuid4()), b"d" * 32),
            )
            outcome = self.recorder.append(tx, batch)
        assert isinstance(outcome, Appended), outcome
        sealer.committed()
        self.versions[stream] = version

    def close(self) -> None:
        self.keyring.close()
        self.database.close()


@pytest.fixture
def appends(tmp_path):
    opened: list[Appends] = []

    def make(url: str, tenant: str | None = None) -> Appends:
        opened.append(Appends(url, tmp_path, tenant))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def in_threads(work: Callable[[int], None], threads: int) -> Callable[[], None]:
    """A round's work, parted among threads; each gets its own number."""

    def part(number: int) -> None:
        for _ in range(A_ROUND // threads):
            work(number)

    def run() -> None:
        running = [threading.Thread(target=part, args=(number,)) for number in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    return run


def bench_append_on_sqlite(race, appends, tmp_path):
    ours = appends(f"sqlite:///{tmp_path}/append.db")
    stream = str(uuid.uuid4())
    raw = sqlite3.connect(tmp_path / "raw.db", isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute(
        "CREATE TABLE event (position INTEGER PRIMARY KEY, stream TEXT, version INT, body BLOB,"
        " UNIQUE (stream, version))"
    )

    def bare() -> None:
        for _ in range(A_ROUND):
            raw.execute(
                "INSERT INTO event (stream, version, body) VALUES (?, ?, ?)",
                (stream, next(NUMBERS), BODY),
            )

    race(
        "append, SQLite, 1 thread",
        lambda: [ours.one(stream) for _ in range(A_ROUND)],
        bare,
        units=A_ROUND,
        rounds=ROUNDS,
    )
    raw.close()


@pytest.mark.parametrize(
    ("threads", "ordered"), [(1, False), (8, True)], ids=["1-thread", "8-threads"]
)
def bench_append_on_postgresql(race, appends, durable_postgres_url, threads, ordered):
    """With 8 threads the raw side is ordered by a table lock, as any gap-free journal must be."""
    ours = appends(durable_postgres_url, tenant=f"append_{threads}")
    streams = [str(uuid.uuid4()) for _ in range(threads)]
    connections = [psycopg.connect(durable_postgres_url, autocommit=True) for _ in range(threads)]
    table = f"raw_append_{threads}"
    connections[0].execute(
        f"CREATE TABLE {table} (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " stream uuid, version int, body bytea, UNIQUE (stream, version))"
    )
    insert = f"INSERT INTO {table} (stream, version, body) VALUES (%b, %b, %b)"

    def raw(number: int) -> None:
        values = (uuid.UUID(streams[number]), next(NUMBERS), BODY)
        connection = connections[number]
        if not ordered:
            connection.execute(insert, values)
            return
        with connection.transaction():
            connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            connection.execute(insert, values)

    race(
        f"append, PostgreSQL, {threads} thread{'s' if threads > 1 else ''}",
        in_threads(lambda number: ours.one(streams[number]), threads),
        in_threads(raw, threads),
        units=A_ROUND,
        rounds=ROUNDS,
    )
    for connection in connections:
        connection.close()
