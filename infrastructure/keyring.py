"""The keyring: one deletable key per retention unit, and fences where keys have been destroyed."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from .data_key import Key
from .database import Database, Tx, open_database
from .keyed_hash import KeyedHash
from .keyring_place import KeyringUnavailable, ensure_database, keyring_url_for
from .master_key import KEY_BYTES, MasterKey, WrongMasterKey, derived
from .pages import Page, page_after, paged, some
from .recent import Recent

__all__ = [
    "Key",
    "Keyring",
    "KeyringUnavailable",
    "WrongKeyring",
    "ensure_database",
    "keyring_url_for",
]

FORMAT = "1"
STOCK = 64
POOL = 4
REMEMBERED = 4096
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
INDEX_LABEL = "index"

TABLES = (
    "CREATE TABLE IF NOT EXISTS cs_keyring_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS cs_key
    (key_id TEXT PRIMARY KEY, wrapped {bytes} NOT NULL, made_at BIGINT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS cs_fence
    (unit TEXT PRIMARY KEY, certificate TEXT NOT NULL, at BIGINT NOT NULL)""",
)


class WrongKeyring(Exception):
    """The database was born with another keyring than the one that was opened."""


def now() -> int:
    """Microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1000


class Keyring:
    """Keys by id. A key is on the disk before anybody has it, and gone before destroy returns.

    Other processes that hold a destroyed key in memory lose it when they are told (`forget`),
    or after two `HOUR / 6` in which they have not used it.
    """

    def __init__(
        self,
        database: Database,
        master: MasterKey,
        meta: Mapping[str, str],
        *,
        clock: Callable[[], int] = now,
        stock: int = STOCK,
        remembered: int = REMEMBERED,
    ) -> None:
        self.id = meta["keyring"]
        self._database = database
        self._master = master
        self._index = master.unwrap(bytes.fromhex(meta["index"]), INDEX_LABEL)
        self._purposes: dict[str, KeyedHash] = {}
        self._clock = clock
        self._stock = _Stock(stock)
        self._remembered: Recent[str, Key] = Recent(remembered, HOUR // 6, clock)

    @classmethod
    def open(
        cls,
        url: str,
        master: MasterKey,
        *,
        tenant: str | None = None,
        expected: str | None = None,
        clock: Callable[[], int] = now,
        stock: int = STOCK,
        remembered: int = REMEMBERED,
        lock_timeout_seconds: float = 10.0,
    ) -> Keyring:
        """The keyring at the URL, made when `expected` names none.

        `expected` is the `id` that the main database has noted at its birth. Raises WrongKeyring
        for another or none, WrongMasterKey for another master than the keyring was made with.
        """
        if tenant == "keys":
            raise ValueError("No tenant can be called 'keys': its file would be the keyring's.")
        database = open_database(
            url, tenant=tenant, pool_size=POOL, lock_timeout_seconds=lock_timeout_seconds
        )
        try:
            meta = _meta(database) or _born(database, master, expected, clock)
            _check(meta, master, expected)
            return cls(database, master, meta, clock=clock, stock=stock, remembered=remembered)
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Gives up the connections; what was minted and not handed out waits for a sweep."""
        self._database.close()

    def mint(self) -> Key:
        """A key that nobody has had, already committed; made a stock at a time, in one commit."""
        return self._stock.take(self._minted, self._clock())

    def key(self, key_id: str) -> Key | None:
        """The key, or None where there is none (any more)."""
        return self._remembered.get(key_id) or self.keys((key_id,)).get(key_id)

    def keys(self, key_ids: Iterable[str]) -> dict[str, Key]:
        """Those of the keys that there are, in one query for all that are not remembered."""
        found: dict[str, Key] = {}
        unknown: list[str] = []
        for key_id in key_ids:
            if (key := self._remembered.get(key_id)) is not None:
                found[key_id] = key
            else:
                unknown.append(key_id)
        if unknown:
            loaded = self._loaded(unknown)
            self._remembered.put(loaded)
            found |= loaded
        return found

    def forget(self, key_ids: Iterable[str]) -> None:
        """Drops the keys from this process's memory."""
        self._remembered.forget(key_ids)

    def keyed(self, purpose: str, data: bytes) -> bytes:
        """32 bytes that nobody can compute without this keyring, different for every purpose."""
        key = self._purposes.get(purpose)
        if key is None:
            key = KeyedHash(derived(self._index, f"keyed {purpose}"))
            self._purposes[purpose] = key
        return key.digest(data)

    def fenced(self, units: Iterable[str]) -> dict[str, str]:
        """Those of the units that were destroyed, each with its certificate."""
        with self._database.reading() as tx:
            return dict(some(tx, "SELECT unit, certificate FROM cs_fence WHERE unit", units))

    def fences(self, beginning: str) -> Iterator[Page]:
        """(name, certificate) of every fence whose name begins so, a page at a time."""
        for page in self._pages("unit, certificate", "cs_fence", after=beginning):
            found = [each for each in page if each[0].startswith(beginning)]
            if found:
                yield found
            if len(found) < len(page):
                return

    def destroy(self, key_ids: Iterable[str], certificates: Mapping[str, str]) -> bool:
        """Deletes keys and fences units (unit to certificate), all or nothing; may be repeated.

        False where the bytes are unreachable but may still be on the disk: `scrub` again later.
        """
        doomed = list(key_ids)
        at = self._clock()
        with self._writing() as tx:
            tx.many("DELETE FROM cs_key WHERE key_id = :key_id", [{"key_id": k} for k in doomed])
            tx.many(
                "INSERT INTO cs_fence (unit, certificate, at) VALUES (:unit, :certificate, :at)"
                " ON CONFLICT (unit) DO NOTHING",
                [{"unit": u, "certificate": c, "at": at} for u, c in certificates.items()],
            )
        self.forget(doomed)
        return self.scrub()

    def scrub(self) -> bool:
        """Rids the files of deleted keys; False while a reader stands in the way (SQLite).

        PostgreSQL frees the space and may keep bytes in it, as in its archived log; they are
        wrapped, and only the master key would open them.
        """
        with self._database.autocommit() as tx:
            if tx.dialect == "sqlite":
                busy = tx.one("PRAGMA wal_checkpoint(TRUNCATE)")
                return busy is None or busy[0] == 0
            tx.run("VACUUM cs_key")
            return True

    def sweep(self, in_use: Callable[[Sequence[str]], set[str]], *, older_than_us: int) -> int:
        """Deletes keys that were minted and never used; the number of them.

        `in_use` tells which of the key ids belong to a unit. Younger than a day no key may be
        swept (ValueError): it could be in another process's stock or in an open transaction.
        """
        if older_than_us < DAY:
            raise ValueError("Keys younger than a day may still be on their way to their unit.")
        swept = 0
        for page in self._pages("key_id, made_at", "cs_key"):
            old = [key_id for key_id, made in page if made < self._clock() - older_than_us]
            orphans = set(old) - in_use(old) if old else set()
            if orphans:
                self.destroy(orphans, {})
                swept += len(orphans)
        return swept

    def reconcile(self, tx: Tx) -> tuple[tuple[str, str], ...]:
        """Finishes what a crash or a restored backup left half done; to be called at the start.

        Units that the main database calls destroyed lose their keys. The answer is the opposite
        case, (unit, certificate) for what must be shredded again before anything is read.
        """
        for page in paged(tx, "unit, key_id, certificate", "cs_unit", "state = 'destroyed'"):
            self._finish(page)
        return tuple(
            again
            for page in self._pages("unit, certificate", "cs_fence")
            for again in _alive(tx, dict(page))
        )

    def rewrap(self, master: MasterKey) -> None:
        """Puts every key under another master, in one transaction; the old one is then refused."""
        with self._writing() as tx:
            for page in paged(tx, "key_id, wrapped", "cs_key"):
                rows = [(i, master.wrap(self._master.unwrap(w, i), i)) for i, w in page]
                tx.many(
                    "UPDATE cs_key SET wrapped = :wrapped WHERE key_id = :key_id",
                    [{"key_id": key_id, "wrapped": wrapped} for key_id, wrapped in rows],
                )
            _note(tx, "index", master.wrap(self._index, INDEX_LABEL).hex())
            _note(tx, "master", master.fingerprint)
        self._master = master
        self.scrub()

    def _minted(self, count: int) -> list[Key]:
        made = {str(uuid.uuid4()): os.urandom(KEY_BYTES) for _ in range(count)}
        at = self._clock()
        with self._writing() as tx:
            tx.many(
                "INSERT INTO cs_key (key_id, wrapped, made_at) VALUES (:key_id, :wrapped, :at)",
                [
                    {"key_id": key_id, "wrapped": self._master.wrap(material, key_id), "at": at}
                    for key_id, material in made.items()
                ],
            )
        keys = {key_id: Key(key_id, material) for key_id, material in made.items()}
        self._remembered.put(keys)
        return list(keys.values())

    def _loaded(self, key_ids: Sequence[str]) -> dict[str, Key]:
        with self._database.reading() as tx:
            rows = dict(some(tx, "SELECT key_id, wrapped FROM cs_key WHERE key_id", key_ids))
        unwrap = self._master.unwrap
        return {key_id: Key(key_id, unwrap(wrapped, key_id)) for key_id, wrapped in rows.items()}

    def _finish(self, page: Page) -> None:
        """Page: unit, key id and certificate of units that are destroyed."""
        left = self.keys(key for _, key, _ in page)
        fenced = self.fenced(unit for unit, _, _ in page)
        half = {
            unit: certificate
            for unit, key, certificate in page
            if key in left or unit not in fenced
        }
        if half:
            self.destroy(left, half)

    def _pages(self, columns: str, table: str, *, after: str = "") -> Iterator[Page]:
        """As `paged`, with no transaction open in between."""
        last = after
        while True:
            with self._database.reading() as tx:
                page = page_after(tx, columns, table, "TRUE", last)
            if not page:
                return
            yield page
            last = page[-1][0]

    @contextmanager
    def _writing(self) -> Iterator[Tx]:
        """A transaction in which no other process can put the keys under another master."""
        with self._database.writing() as tx:
            lock = " FOR UPDATE" if tx.dialect == "postgresql" else ""
            row = tx.one(f"SELECT value FROM cs_keyring_meta WHERE key = 'master'{lock}")
            _same_master(row[0] if row else "", self._master)
            yield tx


class _Stock:
    """Keys on the disk that nobody has yet; none is handed out when older than an hour."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys: list[Key] = []
        self._best_before = 0
        self._process = os.getpid()
        self._lock = threading.Lock()

    def take(self, make: Callable[[int], list[Key]], at: int) -> Key:
        with self._lock:
            if not self._keys or at > self._best_before or self._process != os.getpid():
                self._keys = make(self._size)
                self._best_before = at + HOUR
                self._process = os.getpid()  # a fork must not hand out its parent's keys
            return self._keys.pop()


def _meta(database: Database) -> dict[str, str]:
    """The keyring's own notes; empty where there is no keyring yet."""
    there = {
        "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'cs_keyring_meta'",
        "postgresql": "SELECT 1 FROM information_schema.tables"
        " WHERE table_schema = :schema AND table_name = 'cs_keyring_meta'",
    }
    with database.reading() as tx:
        if tx.one(there[tx.dialect], schema=tx.schema) is None:
            return {}
        return dict(tx.all("SELECT key, value FROM cs_keyring_meta"))


def _born(
    database: Database, master: MasterKey, expected: str | None, clock: Callable[[], int]
) -> dict[str, str]:
    """Makes the keyring; where many try at once, all get the one that was first."""
    if expected is not None:
        raise WrongKeyring(
            f"The database lives by keyring {expected}, and here is none at all. "
            "Point COUNTERSIGN_KEYRING_URL at it, or restore it from its backup."
        )
    index = master.wrap(os.urandom(KEY_BYTES), INDEX_LABEL).hex()
    notes = {
        "format": FORMAT,
        "keyring": str(uuid.uuid4()),
        "born": str(clock()),
        "master": master.fingerprint,
        "index": index,
    }
    with database.writing() as tx:
        _make_tables(tx)
        if tx.one("SELECT 1 FROM cs_keyring_meta") is None:
            for key, value in notes.items():
                _note(tx, key, value)
        return dict(tx.all("SELECT key, value FROM cs_keyring_meta"))


def _make_tables(tx: Tx) -> None:
    if tx.dialect == "postgresql":
        tx.run("SELECT pg_advisory_xact_lock(hashtext(:place))", place=f"{tx.schema} keyring")
        tx.run(f'CREATE SCHEMA IF NOT EXISTS "{tx.schema}"')
    for table in TABLES:
        tx.run(table.format(bytes="BYTEA" if tx.dialect == "postgresql" else "BLOB"))


def _note(tx: Tx, key: str, value: str) -> None:
    tx.run(
        "INSERT INTO cs_keyring_meta (key, value) VALUES (:key, :value)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key=key,
        value=value,
    )


def _alive(tx: Tx, fences: Mapping[str, str]) -> list[tuple[str, str]]:
    """Those of the fenced units that the main database takes for live, with their certificates."""
    rows = some(tx, "SELECT unit FROM cs_unit WHERE state = 'live' AND unit", fences)
    return [(unit, fences[unit]) for (unit,) in rows]


def _check(meta: Mapping[str, str], master: MasterKey, expected: str | None) -> None:
    if meta["format"] != FORMAT:
        raise WrongKeyring(
            f"The keyring has format {meta['format']}, this version reads format {FORMAT}."
        )
    if expected is not None and meta["keyring"] != expected:
        raise WrongKeyring(
            f"The database lives by keyring {expected}, this one is {meta['keyring']}. "
            "Point COUNTERSIGN_KEYRING_URL at the right one."
        )
    _same_master(meta["master"], master)


def _same_master(fingerprint: str, master: MasterKey) -> None:
    if fingerprint != master.fingerprint:
        raise WrongMasterKey(
            f"The keyring lives by master key {fingerprint[:8]}, the one given is {master.short}. "
            "Set COUNTERSIGN_MASTER_KEY (or the key file) to the former, and start again."
        )
