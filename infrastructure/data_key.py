"""A data key lives and dies with one retention unit: it encrypts cells and commits to text."""

import os
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .keyed_hash import KeyedHash
from .master_key import KEY_BYTES, NONCE_BYTES, derived


class Key:
    """What is derived from 32 random bytes: AES-256-GCM for cells, HMAC-SHA256 for commitments."""

    __slots__ = ("_cipher", "_committing", "id")

    def __init__(self, key_id: str, material: bytes) -> None:
        if len(material) != KEY_BYTES:
            raise ValueError(f"A data key is {KEY_BYTES} bytes long, not {len(material)}.")
        self.id = key_id
        self._cipher = AESGCM(derived(material, "cell encryption"))
        self._committing = KeyedHash(derived(material, "cell commitment"))

    def seal(self, cell: str, plain: bytes) -> bytes:
        """A random nonce and the ciphertext, bound to the cell's id."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, cell.encode())

    def open(self, cell: str, sealed: bytes) -> bytes:
        """The plaintext; raises InvalidTag where key, cell and bytes do not match."""
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], cell.encode())

    def commitment(self, parts: Iterable[bytes]) -> str:
        """64 hexadecimal digits over the parts, each preceded by its length in four bytes."""
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return self._committing.digest(framed).hex()

    def __repr__(self) -> str:
        return f"Key({self.id})"
