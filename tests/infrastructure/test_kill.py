"""A process killed at any moment loses no acknowledged command and leaves no half command."""

import json
import os
import random
import select
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from countersign.infrastructure import codec

ROUNDS = 6
ENOUGH = 12
"""Acknowledged commands before a process may be killed."""

WORKER = """
import json, os, sys
from datetime import date, datetime, timezone
from pathlib import Path

from countersign import Actor, open_engine
from countersign.application import commands as c
from countersign.infrastructure.settings import Settings

told = json.loads(sys.argv[1])
out = sys.stdout.fileno()
engine = open_engine(
    told["url"],
    tenant=told["tenant"],
    settings=Settings(**told["settings"]),
    clock=lambda: datetime(2026, 3, 2, 9, tzinfo=timezone.utc),
)
log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
me, hr = Actor(told["person"]), Actor(told["hr"])


def does(name, command, actor=me):
    name = f"{told['round']}-{name}"
    receipt = engine.handle(command, actor, command_id=name)
    os.write(log, f"{actor.person} {name} {len(receipt.events)} {receipt.position}\\n".encode())
    os.fsync(log)
    os.write(out, b".")
    return receipt


for turn in range(10_000):
    started = does(f"start-{turn}", c.StartPlan())
    plan = started.events[1].stream
    wishes = tuple(c.TaskWish(title=f"task {n}", need="leads") for n in range(2))
    does(f"examine-{turn}", c.ExamineJob(plan=plan, activities=("mail", "calls"), tasks=wishes))
    item = does(f"keep-{turn}", c.KeepItem(title="an article", note="long " * 100)).events[0].stream
    does(f"discard-{turn}", c.DiscardItem(item=item))
    moved = c.SetLine(
        person=told["person"], manager=told["managers"][turn % 2], effective=date(2026, 3, 2)
    )
    does(f"move-{turn}", moved, hr)
    does(f"abandon-{turn}", c.AbandonPlan(plan=plan))
"""


@contextmanager
def worker(told):
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, json.dumps(told)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def acknowledged(process, wanted):
    """Waits until so many commands were acknowledged."""
    seen = 0
    while seen < wanted:
        ready, _, _ = select.select([process.stdout], [], [], 30)
        told = os.read(process.stdout.fileno(), 4096) if ready else b""
        assert told, process.stderr.read().decode() if ready else "nothing was acknowledged"
        seen += len(told)
    return seen


@pytest.mark.parametrize("seed", [1])
def test_a_killed_process_loses_nothing_acknowledged_and_leaves_nothing_half(
    company, place, settings, also, tmp_path, seed
):
    moments = random.Random(seed)
    log = tmp_path / "acknowledged.txt"
    told = {
        "url": place.url,
        "tenant": place.tenant,
        "settings": {
            "master_key": settings.master_key.get_secret_value(),
            "keyring_url": settings.keyring_url,
        },
        "log": str(log),
        "person": company.person("Ada"),
        "hr": company.person("Hilda"),
        "managers": [company.person("Tess"), company.person("Max")],
    }
    company.house.close()
    for number in range(ROUNDS):
        with worker(told | {"round": number}) as process:
            acknowledged(process, ENOUGH)
            stumbled, _, _ = select.select([process.stderr], [], [], moments.uniform(0, 0.05))
            assert not stumbled, process.stderr.read().decode()
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        survivor = also(company)
        with survivor.house.database.reading() as tx:
            check(tx, survivor.house.recorder, log.read_text().splitlines())
        freed(survivor)
        survivor.house.close()

    whole = also(company)
    followed = whole.projected(in_order=True)
    whole.house.rebuild(())
    assert whole.projected(in_order=True) == followed
    assert all_units_have_their_keys(whole.house)


def freed(company):
    """Whatever the last one had open is closed, so that the next may start a plan."""
    from countersign.application import commands as c
    from countersign.application import questions as q

    view = company.ask("Ada", q.WhoIs(known_as=company.person("Ada")))
    if view.plan is not None:
        company.does("Ada", c.AbandonPlan(plan=view.plan))


def check(tx, recorder, acknowledged):
    rows = recorder.since(tx, 0, 1_000_000)
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    receipts = {
        (actor, command): (first, last)
        for actor, command, first, last in tx.all(
            "SELECT actor, command, first, last FROM cs_receipt"
        )
    }
    written: dict[tuple[str, str], list[int]] = {}
    for recorded in map(codec.recorded, rows):
        envelope = recorded.envelope
        written.setdefault((envelope.actor, envelope.command), []).append(recorded.position)
    for key, (first, last) in receipts.items():
        assert written.get(key, []) == list(range(first, last + 1))
    assert written.keys() <= receipts.keys()
    for line in acknowledged:
        actor, command, count, position = line.split(" ")
        first, last = receipts[actor, command]
        assert (last - first + 1, last) == (int(count), int(position))
    for stream in {row.stream for row in rows}:
        versions = [row.version for row in rows if row.stream == stream]
        assert versions == list(range(1, len(versions) + 1))


def all_units_have_their_keys(house):
    with house.database.reading() as tx:
        units = tx.all("SELECT unit, key_id, state FROM cs_unit")
        empty = {u for (u,) in tx.all("SELECT unit FROM cs_cell WHERE sealed IS NULL")}
    keys = house.keyring.keys([key for _, key, _ in units])
    fenced = house.keyring.fenced([unit for unit, _, _ in units])
    return all(
        (key in keys and unit not in fenced and unit not in empty)
        if state == "live"
        else (key not in keys and unit in fenced and unit in empty)
        for unit, key, state in units
    )
