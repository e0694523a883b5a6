"""Leases: who does what only one should do, until when; whoever dies leaves it to the next.

A lease keeps others from wasting work. What must not be done twice is fenced by the transaction
that does it, not by a lease.
"""

import os
import secrets
import socket
from dataclasses import dataclass
from time import time_ns

from .database import Tx

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Lease:
    """Times in microseconds since 1970-01-01T00:00:00Z, by the holder's clock."""

    name: str
    holder: str
    since: int
    until: int


def own_name() -> str:
    """A holder's name: machine, process, and a word that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def take(tx: Tx, name: str, holder: str, seconds: float) -> Lease | None:
    """Takes or prolongs the lease; None if it was taken, else whoever holds it.

    A lease that has run out is free, and so is one of a process of this machine that is no more.
    """
    while not _taken(tx, name, holder, seconds):
        other = held(tx, name)
        if other is not None:
            return other
    return None


def _taken(tx: Tx, name: str, holder: str, seconds: float) -> bool:
    moment = time_ns() // 1000
    taken = tx.run(
        "INSERT INTO cs_lease AS l (name, holder, since, until)"
        " VALUES (:name, :holder, :moment, :until)"
        " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,"
        " since = CASE WHEN l.holder = excluded.holder THEN l.since ELSE excluded.since END"
        " WHERE l.holder = excluded.holder OR l.until < :moment OR l.holder = :dead",
        name=name,
        holder=holder,
        moment=moment,
        until=moment + round(seconds * SECOND),
        dead=_dead(tx, name),
    )
    return taken > 0


def held(tx: Tx, name: str) -> Lease | None:
    """The lease as it was last taken, run out or not."""
    row = tx.one("SELECT name, holder, since, until FROM cs_lease WHERE name = :name", name=name)
    return Lease(*row) if row else None


def at_work(tx: Tx, name: str) -> Lease | None:
    """The lease, if it has not run out and its holder is not known to be dead."""
    lease = held(tx, name)
    if lease is None or lease.until < time_ns() // 1000 or _dead(tx, name):
        return None
    return lease


def leave(tx: Tx, name: str, holder: str) -> None:
    """Gives the lease up, if it is still held."""
    tx.run("DELETE FROM cs_lease WHERE name = :name AND holder = :holder", name=name, holder=holder)


def _dead(tx: Tx, name: str) -> str | None:
    """The holder, if it was a process of this machine that has ended."""
    lease = held(tx, name)
    if lease is None:
        return None
    machine, process, _ = lease.holder.rsplit(":", 2)
    alive = machine != socket.gethostname() or _runs(int(process))
    return None if alive else lease.holder


def _runs(process: int) -> bool:
    if os.name == "nt":
        return True  # there, the question would end the process
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
