"""Troubles that can be foreseen, each as a sentence that says what to do."""

from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from .access_log import NotLogged
from .certificates import CertificateRefused
from .database import LockTimeout
from .keyring import KeyringUnavailable, WrongKeyring
from .master_key import UnusableMasterKey, WrongMasterKey
from .migrate import NewerDatabase
from .projector.projection import NotCaughtUp, ProjectionBuilding, ProjectionFaulty, Unfolded
from .projector.rebuild import BuildHeld, BuildTakenOver, NothingKept, NothingToResume

SPEAK_FOR_THEMSELVES = (
    BuildHeld,
    BuildTakenOver,
    CertificateRefused,
    KeyringUnavailable,
    LockTimeout,
    NewerDatabase,
    NotCaughtUp,
    NothingKept,
    NothingToResume,
    NotLogged,
    ProjectionBuilding,
    ProjectionFaulty,
    Unfolded,
    UnusableMasterKey,
    WrongKeyring,
    WrongMasterKey,
)


def explained(error: BaseException) -> str | None:
    """What to tell whoever runs into it; None for what nobody foresaw."""
    match error:
        case ModuleNotFoundError(name="psycopg"):
            return "PostgreSQL needs one package more: pip install 'countersign[postgres]'."
        case ArgumentError() | NoSuchModuleError():
            return f"This is no database address: {error}. Use sqlite:///file.db or postgresql://…"
        case DBAPIError(orig=cause):
            return _unusable(cause)
        case Exception() if _is_a_drivers(error):
            return _unusable(error)
        case OSError(filename=str(name), strerror=str(why)):
            return f"{name}: {why}."
        case ValueError() if "journal lives on" in str(error) or "tenant's name" in str(error):
            return str(error)
    return str(error) if isinstance(error, SPEAK_FOR_THEMSELVES) else None


def _is_a_drivers(error: Exception) -> bool:
    """Told by its module: psycopg is an extra, and need not be there to be asked about."""
    return type(error).__module__.partition(".")[0] in ("psycopg", "psycopg_pool", "sqlite3")


def _unusable(cause: BaseException | None) -> str:
    first = str(cause).strip().splitlines()[:1]
    return f"The database cannot be used: {''.join(first)}."
