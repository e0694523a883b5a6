"""Troubles that can be foreseen, each as a sentence that says what to do."""

from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from .database import LockTimeout
from .keyring import KeyringUnavailable, WrongKeyring
from .master_key import UnusableMasterKey, WrongMasterKey
from .migrate import NewerDatabase
from .projector import NotCaughtUp, ProjectionFaulty

SPEAK_FOR_THEMSELVES = (
    LockTimeout,
    KeyringUnavailable,
    NewerDatabase,
    NotCaughtUp,
    ProjectionFaulty,
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
        case DBAPIError():
            return f"The database cannot be used: {str(error.orig).strip()}."
        case OSError(filename=str(name), strerror=str(why)):
            return f"{name}: {why}."
        case ValueError() if "journal lives on" in str(error) or "tenant's name" in str(error):
            return str(error)
    return str(error) if isinstance(error, SPEAK_FOR_THEMSELVES) else None
