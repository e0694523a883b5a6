"""The master key wraps every other key; it is known by its fingerprint and never shown."""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, urlsafe_b64encode
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
TOO_OPEN = 0o027
"""What others may not do with a key file; a group may read it, as mounted secrets need."""


class UnusableMasterKey(Exception):
    """The master key cannot be read, understood or made; the sentence says what to do."""


class WrongMasterKey(Exception):
    """The keyring lives by another master key than the one given."""


def derived(secret: bytes, purpose: str) -> bytes:
    """32 bytes by HKDF-SHA256 (RFC 5869), another 32 for every purpose."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"countersign {purpose}".encode()).derive(
        secret
    )


class MasterKey:
    """32 random bytes, held out of sight: only wrapping and a fingerprint are offered."""

    __slots__ = ("_wrapping", "fingerprint")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise UnusableMasterKey(
                f"A master key is {KEY_BYTES} bytes long, this one has {len(secret)}."
            )
        self.fingerprint = derived(secret, "master fingerprint")[:16].hex()
        self._wrapping = AESGCM(derived(secret, "master wrapping"))

    @classmethod
    def from_text(cls, text: str) -> MasterKey:
        """From base64url text, with or without padding."""
        bare = text.strip().rstrip("=")
        try:
            secret = b64decode(bare + "=" * (-len(bare) % 4), altchars="-_", validate=True)
        except ValueError:
            raise UnusableMasterKey("The master key is not base64url text.") from None
        return cls(secret)

    @classmethod
    def from_file(cls, path: Path) -> MasterKey:
        """From a key file that nobody but its owner may change and no stranger may read."""
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                text = file.read(1024).decode("ascii", errors="replace")
        except OSError as error:
            raise UnusableMasterKey(
                f"The key file {path} cannot be read: {error.strerror}."
            ) from None
        if os.name == "posix" and mode & TOO_OPEN:
            raise UnusableMasterKey(
                f"The key file {path} is open to others (mode {mode:04o}); run chmod 600 on it."
            )
        return cls.from_text(text)

    @classmethod
    def from_or_made_file(cls, path: Path) -> tuple[MasterKey, bool]:
        """The key in the file, and whether the file had to be made for it."""
        made = not path.exists() and make_key_file(path)
        return cls.from_file(path), made

    @property
    def short(self) -> str:
        """Enough of the fingerprint for people to compare."""
        return self.fingerprint[:8]

    def wrap(self, material: bytes, label: str) -> bytes:
        """Nonce and ciphertext, bound to the label."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, material, label.encode())

    def unwrap(self, wrapped: bytes, label: str) -> bytes:
        """Raises WrongMasterKey where bytes, label and master do not belong together."""
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._wrapping.decrypt(nonce, sealed, label.encode())
        except InvalidTag:
            raise WrongMasterKey(
                f"Key {label} cannot be unwrapped by master key {self.short}: "
                "it was altered, or the master key has changed since start-up."
            ) from None

    def __repr__(self) -> str:
        return f"MasterKey({self.short}…)"


def new_key_text() -> str:
    """A fresh master key as base64url text, for settings and key files."""
    return urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode().rstrip("=")


def make_key_file(path: Path) -> bool:
    """Whether the file is ours: of many that try at once, one makes it, and whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_durably(draft, new_key_text() + "\n")
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise UnusableMasterKey(
            f"The key file {path} cannot be made: {error.strerror}. "
            "Name a writable place, or set COUNTERSIGN_MASTER_KEY."
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    _make_entry_durable(path.parent)
    return True


def _write_durably(path: Path, text: str) -> None:
    place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(place, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _make_entry_durable(folder: Path) -> None:
    if os.name != "posix":
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
