"""Development: tokens that are signed with a key on this machine, for this machine alone."""

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import Key, OctKey

from ...domain.event import PersonId
from .identity import Vouched
from .tokens import NotConfigured, read

ISSUER = "countersign-development"
AUDIENCE = "countersign"
ALGORITHM = "HS256"
KEY_BYTES = 32


class DevelopmentTokens:
    """Issues tokens for a person's id, and checks them."""

    def __init__(self, key: bytes, now: Callable[[], float] = time.time) -> None:
        self._key: Key = OctKey.import_key(key)
        self._now = now

    def issue(self, person: PersonId, *, seconds: int) -> str:
        now = int(self._now())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": person,
            "iat": now,
            "exp": now + seconds,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])

    def __call__(self, token: str) -> Vouched:
        claims = read(
            token,
            lambda guest: self._key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            now=self._now,
        )
        return Vouched(kind="person", value=str(claims["sub"]), until=float(claims["exp"]))


def development_key(file: Path) -> bytes:
    """The key in a file that only its owner can read; made when it is missing."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(file)
    with os.fdopen(handle, "w") as made:
        made.write(secrets.token_hex(KEY_BYTES))
    return _read(file)


def _read(file: Path) -> bytes:
    if file.stat().st_mode & 0o077:
        raise NotConfigured(f"{file} may be read by others: chmod 600 {file}")
    try:
        key = bytes.fromhex(file.read_text("utf-8").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise NotConfigured(f"{file} holds no development key; remove it, and a new one is made.")
    return key
