"""The one door: settings in, an engine out, with every part chosen and put together."""

import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from ..application.desk import Actor
from ..application.engine import Engine
from ..application.ports import Clock, Ids, Recorded
from ..application.questions import Health
from ..domain.disposal import Transfer
from ..domain.event import Id
from . import bag, migrate
from .access_log import KeptAccessLog, LoggedReads, NotLogged
from .bag import PackFaulty
from .blobs import Blobs
from .certificates import CertificateFolder, CertificateRefused, verify_certificate
from .database import Database, Tx, open_database
from .dialects.sqlite import in_memory
from .disposer import Disposer
from .examination import examined
from .identity import KINDS, Identities
from .journal import KeptJournal
from .keyring import Keyring, ensure_database, keyring_url_for
from .master_key import MasterKey, new_key_text
from .packer import Packed, Packer
from .projections.every import projections
from .projections.overview import Overview
from .projections.people import Find
from .projector import quarantine
from .projector.answers import ProjectedAnswers
from .projector.compare import Comparison, Difference
from .projector.copies import Copy
from .projector.folding import decoded
from .projector.follower import Projector
from .projector.progress import Meter, Progress, Report, silent
from .projector.projection import NotCaughtUp, ProjectionBuilding, ProjectionFaulty, Unfolded
from .projector.rebuild import (
    Builder,
    BuildHeld,
    BuildTakenOver,
    NothingKept,
    NothingToResume,
    Rebuilt,
)
from .recent import Recent
from .recorder import Recorder, recorder_for
from .restoring import Restorer
from .settings import LARGEST, Settings
from .troubles import explained
from .vault import Lost, Tampered, Vault

if TYPE_CHECKING:
    from .worker import Worker

STATES_REMEMBERED = 4096
STATE_LIFETIME_US = 600 * 1_000_000
KEYRING_ID = "keyring"
REACTIONS = "reactions"
ACCESS_LOG_MONTHS = 12

SAYS_NO = (
    BuildHeld,
    BuildTakenOver,
    Lost,
    NotCaughtUp,
    NothingKept,
    NothingToResume,
    NotLogged,
    ProjectionBuilding,
    ProjectionFaulty,
    Tampered,
    Unfolded,
)
"""What the state of things says no with; each is a sentence."""

__all__ = [
    "SAYS_NO",
    "CertificateRefused",
    "Comparison",
    "Difference",
    "House",
    "Meter",
    "PackFaulty",
    "Packed",
    "Progress",
    "ProjectionFaulty",
    "Rebuilt",
    "Report",
    "explained",
    "is_there",
    "named_database",
    "newest",
    "open_engine",
    "open_house",
    "schema_status",
    "shown_url",
    "silent",
    "verify_certificate",
]

log = logging.getLogger("countersign")

Announce = Callable[[str], None]


def open_engine(
    url: str | None = None,
    *,
    tenant: str | None = None,
    settings: Settings | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    announce: Announce = log.warning,
) -> Engine:
    """countersign on a database: `sqlite:///file.db`, `sqlite://` or `postgresql://…`.

    Makes or upgrades the tables, makes keyring and key file on the first run (and says so through
    `announce`), and finishes what a crash left undone. Settings come from the environment unless
    handed in; `url` and `tenant` go before them. `clock` returns moments with an offset.
    Raises WrongMasterKey, WrongKeyring, UnusableMasterKey, KeyringUnavailable, LockTimeout.
    """
    return open_house(
        url, tenant=tenant, settings=settings, clock=clock, ids=ids, announce=announce
    ).engine


class House:
    """The parts behind an engine, for commands that tend them."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        clock: Clock,
        ids: Ids,
        *,
        certificates: CertificateFolder | None = None,
        backup_days: int | None = None,
        access_log_months: int = ACCESS_LOG_MONTHS,
        largest_file: int = LARGEST,
    ) -> None:
        self.database = database
        self.keyring = keyring
        self.recorder: Recorder = recorder_for(database)
        self.vault = Vault(keyring)
        self.blobs = Blobs(database, keyring, ids, largest_file)
        self._find = _find(keyring)
        self.projector = Projector(database, self.recorder, projections(self._find))
        self.builder = Builder(database, self.recorder, self.projector)
        self.disposer = Disposer(
            database,
            self.recorder,
            self.vault,
            self.projector,
            clock,
            folder=certificates,
            backup_days=backup_days,
        )
        self.journal = KeptJournal(
            database,
            self.recorder,
            self.vault,
            self.blobs,
            self.projector,
            ids,
            Recent(STATES_REMEMBERED, STATE_LIFETIME_US, lambda: time_ns() // 1000),
            self.disposer,
        )
        self._restorer = Restorer(database, keyring, self.journal, self.disposer, clock, ids)
        self.access_log = KeptAccessLog(database, self.vault, months=access_log_months)
        beside = (Overview(), LoggedReads())
        self._answers = ProjectedAnswers(
            database, self.recorder, self.projector, self.vault, beside
        )
        self.engine = Engine(
            self.journal, self._answers, self.blobs, clock, ids, self.access_log, self.close
        )

    def close(self) -> None:
        self.access_log.close()
        self.keyring.close()
        self.database.close()

    @property
    def projections(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.projector.projections)

    def rebuild(self, names: Sequence[str] = (), **options: Any) -> Rebuilt:
        """Builds projections anew (all of them by default), as `Builder.rebuild` does."""
        return self.builder.rebuild(names or self.projections, **options)

    def verify(self, names: Sequence[str] = (), **options: Any) -> Rebuilt:
        """Compares projections with what the journal says, as `Builder.verify` does."""
        return self.builder.verify(names or self.projections, **options)

    def roll_back(self, name: str) -> int:
        """Asks the copy of before the last switch again; returns how far it has come."""
        return self.builder.roll_back(name).position

    def health(self) -> Health:
        """What `ProjectionHealth` answers, for whoever tends the database."""
        return self._answers.health()

    def waiting(self, name: str, part: str, limit: int) -> list[Recorded]:
        """The first events that wait in a partition that is set aside."""
        copy = self._live(name)
        with self.database.reading() as tx:
            positions = quarantine.waiting(tx, copy.number, part, limit)
        return [each for position in positions for each in self.event_at(position)]

    def event_at(self, position: int) -> list[Recorded]:
        """One event, or none: there may be nothing, or nothing left."""
        with self.database.reading() as tx:
            return decoded(self.recorder.since(tx, position - 1, 1, until=position))

    def retry(self, name: str, part: str | None = None) -> int:
        """Folds once more what holds up a partition, or the whole; returns how many events were.

        Raises ProjectionFaulty if one cannot be folded still.
        """
        copy = self._live(name)
        if part is not None:
            return self.projector.release(copy, part)
        self.projector.retry(name)
        return self._live(name).position - copy.position

    def pack(self, run: Id, folder: Path, actor: Actor) -> Packed:
        """Writes what an approved run holds as a BagIt package, all of it or nothing.

        It is logged as an export beforehand. Raises a Refusal, PackFaulty, NotLogged, Lost or
        Tampered.
        """
        return Packer(self.journal, self.engine).pack(run, folder, actor)

    def packed(self, run: Id, folder: Path) -> Transfer:
        """What `pack` has written there of this run, if it is whole. Raises PackFaulty."""
        transfer = bag.examined(folder)
        if bag.identifier(folder) != run:
            raise PackFaulty(f"{folder} was packed from another run, and not from {run}.")
        return transfer

    def examine_certificate(self, said: Any, public_key: str) -> list[str]:
        """What is wrong with a certificate as it was issued; nothing: it holds."""
        return examined(said, public_key, self.engine.schedule_version)

    def whose(self, known_as: str) -> str | None:
        """Who goes by a number, an address or a login; asked of the journal alone."""
        with self.database.reading() as tx:
            return self._find(tx, known_as)

    def worker(self) -> "Worker":
        """What follows the journal for everybody, until it is stopped."""
        from .worker import Worker  # it knows the house

        return Worker(self)

    def _live(self, name: str) -> Copy:
        with self.database.reading() as tx:
            return next(copy for copy in self.projector.live_copies(tx) if copy.name == name)

    def start(self, report: Report = silent) -> None:
        """What must be done before the first read; `report` hears of projections that are built."""
        self._restorer.put_right()
        self.engine.sweep_uploads()
        self.builder.prepare(report)
        self.react()
        try:
            self.engine.fire_due()
        except (ProjectionBuilding, ProjectionFaulty) as held_up:
            log.warning("what is due fires later: %s", held_up)

    def public_key(self) -> str:
        """What certificates of this installation are verified with: Ed25519, raw, in hex."""
        return self.disposer.signer.public_key.hex()

    def react(self) -> None:
        """Does what events ask to be done; at start also what a crash has left undone."""
        with self.database.reading() as tx:
            place = self.recorder.tracked(tx, REACTIONS) or 0
            head = self.recorder.head(tx)
        if head > place:
            done = self.engine.catch_up_reactions(place)
            with self.database.writing() as tx:
                self.recorder.track(tx, REACTIONS, done, time_ns() // 1000)


def open_house(
    url: str | None = None,
    *,
    tenant: str | None = None,
    settings: Settings | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    announce: Announce = log.warning,
    report: Report = silent,
    start: bool = True,
) -> House:
    """The house behind `open_engine`; without `start` nothing is built, followed or fired."""
    settings = settings or Settings()
    url, tenant = url or settings.database_url, tenant or settings.tenant
    database = open_database(
        url,
        tenant=tenant,
        pool_size=settings.pool_size,
        lock_timeout_seconds=settings.lock_timeout_seconds,
    )
    try:
        migrate.upgrade(database)
        keyring = _keyring(database, url, tenant, settings, announce)
    except BaseException:
        database.close()
        raise
    house = House(
        database,
        keyring,
        clock or _now,
        ids or _new_id,
        certificates=_certificate_folder(url, tenant, settings),
        backup_days=settings.backup_days,
        access_log_months=settings.access_log_months,
        largest_file=settings.attachment_max_bytes,
    )
    try:
        if start:
            house.start(report)
    except BaseException:
        house.close()
        raise
    return house


def schema_status(
    url: str | None = None, *, tenant: str | None = None, settings: Settings | None = None
) -> tuple[str | None, str]:
    """The version that the tables have (None: there are none) and the newest known one."""
    settings = settings or Settings()
    database = open_database(url or settings.database_url, tenant=tenant or settings.tenant)
    try:
        return migrate.status(database)
    finally:
        database.close()


def _find(keyring: Keyring) -> Find:
    identities = Identities(keyring)

    def find(tx: Tx, known_as: str) -> str | None:
        for kind in KINDS:
            if kind != "oidc" and (person := identities.find(tx, kind, known_as)):
                return person
        return None

    return find


def _keyring(
    database: Database, url: str, tenant: str | None, settings: Settings, announce: Announce
) -> Keyring:
    """Knows its database by id, so that a mistyped address is not taken for a new keyring."""
    place = settings.keyring_url or keyring_url_for(url)
    expected = _known_keyring(database)
    master = _master_key(url, settings, announce, first_run=expected is None)
    if make_url(place).get_backend_name() != "sqlite":
        ensure_database(place)
    keyring = Keyring.open(
        place,
        master,
        tenant=tenant,
        expected=expected,
        lock_timeout_seconds=settings.lock_timeout_seconds,
    )
    if expected is None:
        _know_keyring(database, keyring.id)
    return keyring


def _known_keyring(database: Database) -> str | None:
    with database.reading() as tx:
        row = tx.one("SELECT value FROM cs_meta WHERE key = :key", key=KEYRING_ID)
    return row[0] if row else None


def _know_keyring(database: Database, keyring: str) -> None:
    with database.writing() as tx:
        tx.run(
            "INSERT INTO cs_meta (key, value) VALUES (:key, :value) ON CONFLICT DO NOTHING",
            key=KEYRING_ID,
            value=keyring,
        )


def _master_key(url: str, settings: Settings, announce: Announce, *, first_run: bool) -> MasterKey:
    if settings.master_key is not None:
        return MasterKey.from_text(settings.master_key.get_secret_value())
    file = Path(settings.master_key_file) if settings.master_key_file else _key_file_beside(url)
    if file is None:
        return MasterKey.from_text(new_key_text())
    if not first_run:
        return MasterKey.from_file(file)
    key, made = MasterKey.from_or_made_file(file)
    if made:
        announce(
            f"A new master key was written to {file}. Keep a copy of it elsewhere: without it "
            "no sealed text can be read again, and nobody can make it anew."
        )
    return key


def _certificate_folder(
    url: str, tenant: str | None, settings: Settings
) -> CertificateFolder | None:
    """`x.db` has its certificates in `x.certificates`; an empty setting means nowhere.

    Tenants never share a folder: each signs with a key of its own.
    """
    if settings.certificate_folder is not None:
        named = Path(settings.certificate_folder)
        return CertificateFolder(named / (tenant or "")) if settings.certificate_folder else None
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or in_memory(parsed):
        return None
    file = Path(str(parsed.database))
    name = f"{file.stem}.{tenant}" if tenant else file.stem
    return CertificateFolder(file.with_name(f"{name}.certificates"))


def _key_file_beside(url: str) -> Path | None:
    """`x.db` has its key in `x.key`; a database in memory needs none that outlives it."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return Path("countersign.key")
    if parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database)).with_suffix(".key")


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    """A random UUID (RFC 9562, version 4), as `uuid.uuid4` draws it, in a fraction of the time."""
    drawn = os.urandom(16).hex()
    variant = "89ab"[int(drawn[16], 16) & 3]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"


def named_database() -> str | None:
    """The database that the environment names, if it names one."""
    settings = Settings()
    return settings.database_url if "database_url" in settings.model_fields_set else None


def is_there(url: str | None = None) -> bool:
    """Whether a database has tables of ours; looking does not make one."""
    parsed = make_url(url or Settings().database_url)
    if parsed.get_backend_name() == "sqlite" and not in_memory(parsed):
        file = Path(str(parsed.database))
        if not file.exists():
            return False
    return schema_status(url)[0] is not None


def newest() -> str:
    """The newest version of the tables that this countersign knows."""
    return migrate.newest()


def shown_url(url: str | None = None) -> str:
    """A database's address without its password."""
    return make_url(url or Settings().database_url).render_as_string(hide_password=True)
