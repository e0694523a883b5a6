"""A server killed at any moment has what it acknowledged, once, and can be asked again."""

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any

import httpx2

from countersign.infrastructure import codec

ROUNDS = 3
WRITERS = ("Ada", "Bob", "Carl", "Max", "Tess", "Vera")
ENOUGH = 40
"""Acknowledged commands in a round before the server may be killed."""


@dataclass
class Sent:
    """One command under its key, with its answer if there was one."""

    name: str
    path: str
    key: str
    answer: bytes | None = None

    @property
    def body(self) -> dict[str, str] | None:
        return {"title": self.key} if self.path == "/references" else None


@dataclass
class Load:
    """Writers who go on until nobody answers any more."""

    round: int
    sent: list[Sent] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    def write(self, name: str, client: Any) -> None:
        """Reading material is kept; every third time a plan is started or abandoned."""
        plan = None
        for turn in count():
            sent = Sent(name, "/references", f"{name}-{self.round}-{turn}")
            if turn % 3 == 2:
                sent.path = f"{plan}/abandon" if plan else "/plans"
            with self.lock:
                self.sent.append(sent)
            try:
                told = client.post(sent.path, sent.body, key=sent.key)
            except httpx2.TransportError:
                return
            told.ok()
            sent.answer = told.response.content
            if sent.body is None:
                plan = told.location if sent.path == "/plans" else None

    @property
    def acknowledged(self) -> int:
        return sum(each.answer is not None for each in self.sent)

    @property
    def unanswered(self) -> int:
        return len(self.sent) - self.acknowledged


def test_a_killed_server_has_what_it_acknowledged_and_nothing_twice(alone, wire):
    company, server = alone.found.company, alone.server
    rounds: list[Load] = []
    for number in range(ROUNDS):
        server.start()
        with server.client() as http:
            place = wire.place(alone.found, http)
            repeat_all(place, rounds)
            load = under_load(server, place, Load(number))
        rounds.append(load)
        assert load.unanswered == len(WRITERS)
        whole(company, rounds)
    server.start()
    with server.client() as http:
        place = wire.place(alone.found, http)
        repeat_all(place, rounds)
        listed(place, rounds)
    whole(company, rounds)


def under_load(server, place, load):
    """The server is killed while everybody writes."""
    free_everybody(place)
    with ThreadPoolExecutor(len(WRITERS)) as pool:
        writing = [pool.submit(load.write, name, place.api(name)) for name in WRITERS]
        server.until(lambda: load.acknowledged >= ENOUGH or any(each.done() for each in writing))
        assert not any(each.done() for each in writing), [each.result() for each in writing]
        server.process.kill()
        assert server.process.wait() == -signal.SIGKILL
        for each in writing:
            each.result()
    return load


def free_everybody(place):
    for name in WRITERS:
        somebody = place.api(name)
        plan = somebody.get("/me").ok(200).body["plan"]
        if plan is not None:
            somebody.post(f"/plans/{plan}/abandon").ok(200)


def repeat_all(place, rounds):
    """Under its key, whatever was acknowledged is answered the same, and the rest is done now."""
    for load in rounds[-1:]:
        for sent in load.sent:
            told = place.api(sent.name).post(sent.path, sent.body, key=sent.key).ok()
            assert sent.answer in (None, told.response.content)
            sent.answer = told.response.content


def whole(company, rounds):
    """Every acknowledged command is there once, and no other more than once."""
    with company.house.database.reading() as tx:
        rows = company.house.recorder.since(tx, 0, 1_000_000)
        receipts = tx.all("SELECT actor, command, first, last FROM cs_receipt")
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    written: dict[tuple[str, str], list[int]] = {}
    for recorded in map(codec.recorded, rows):
        envelope = recorded.envelope
        written.setdefault((envelope.actor, envelope.command), []).append(recorded.position)
    for actor, command, first, last in receipts:
        assert written.get((actor, command), []) == list(range(first, last + 1))
    done = Counter((actor, command) for actor, command, _, _ in receipts)
    for load in rounds:
        for sent in load.sent:
            times = done[company.person(sent.name), sent.key]
            assert times == 1 if sent.answer is not None else times <= 1, sent


def listed(place, rounds):
    """What people kept is in their lists, each once."""
    for name in WRITERS:
        titles = [
            sent.key for load in rounds for sent in load.sent if sent.name == name and sent.body
        ]
        items, address = [], "/references?limit=500"
        while address:
            told = place.api(name).get(address).ok(200)
            items += told.body["items"]
            link = told.headers.get("link", "").partition(">")[0]
            address = link.removeprefix("<").removeprefix(place.prefix)
        assert Counter(each["title"] for each in items) == Counter(titles)
