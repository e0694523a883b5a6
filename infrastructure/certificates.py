"""Certificates: signed, to be checked by strangers, and kept outside the database as well."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from ..domain.disposal import Certificate
from . import codec
from .keyring import Keyring

PURPOSE = "certificates"
ENDING = ".json"


class CertificateRefused(Exception):
    """A file in the certificate folder is no certificate of this installation; it says which."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate with its signature; `document` is what was signed, in plain JSON values."""

    document: dict[str, Any]
    signature: str
    key: str
    public_key: str

    @property
    def certificate(self) -> Certificate:
        return Certificate.model_validate(self.document, strict=False)


def verify_certificate(
    document: Mapping[str, Any], signature: str, public_key: str | bytes
) -> bool:
    """Whether this is what was signed with the key that belongs to `public_key` (raw, or in hex).

    Asks nothing but its arguments: no database, no keyring, no clock.
    """
    try:
        raw = bytes.fromhex(public_key) if isinstance(public_key, str) else public_key
        signed = codec.canonical(dict(document))
        Ed25519PublicKey.from_public_bytes(raw).verify(bytes.fromhex(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


class Signer:
    """The installation's own key, derived from the keyring's index key: a rewrap leaves it."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(keyring.keyed(PURPOSE, b"1"))
        self.public_key = self._key.public_key().public_bytes_raw()

    @property
    def key(self) -> str:
        """The first 16 hex digits of SHA-256 of the raw public key."""
        return hashlib.sha256(self.public_key).hexdigest()[:16]

    def sign(self, certificate: Certificate) -> str:
        said = codec.canonical(certificate.model_dump(mode="json"))
        return self._key.sign(said).hex()


class CertificateFolder:
    """One file for each certificate, named by its id; written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def ids(self) -> set[str]:
        if not self.path.is_dir():
            return set()
        return {file.stem for file in self.path.glob(f"[!.]*{ENDING}")}

    def put(self, signed: Signed) -> None:
        """On the disk when it returns; a crash leaves the file as it was, or none."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{signed.document['certificate']}{ENDING}"
        fresh = self.path / f".{name}.new"
        said = {
            "certificate": signed.document,
            "signature": signed.signature,
            "key": signed.key,
            "public_key": signed.public_key,
        }
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps(said, indent=2, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path / name)
        self._sync()

    def read(self, wanted: Iterable[str], public_key: bytes) -> list[Signed]:
        """Raises CertificateRefused for the first that this installation has not signed."""
        return [self._checked(certificate, public_key) for certificate in sorted(wanted)]

    def _checked(self, certificate: str, public_key: bytes) -> Signed:
        file = self.path / f"{certificate}{ENDING}"
        signed, read = None, None
        try:
            said = json.loads(file.read_text("utf-8"))
            signed = Signed(said["certificate"], said["signature"], said["key"], said["public_key"])
            genuine = verify_certificate(signed.document, signed.signature, public_key)
            read = signed.certificate if genuine else None
        except (ValueError, KeyError, TypeError, ValidationError):
            read = None
        if signed is None or read is None or read.certificate != certificate:
            raise CertificateRefused(
                f"{file} is no certificate of this installation, or was changed; nothing was"
                " destroyed because of it. Take it away, or set COUNTERSIGN_CERTIFICATE_FOLDER"
                " to the folder that belongs to this database."
            )
        return signed

    def _sync(self) -> None:
        """The name is on the disk too."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
