"""Chunks: the bytes of a file in pieces of one size, each sealed to its place.

The label of a chunk is bound to its ciphertext, so that none can be moved, swapped for one of
another file, left out at the end or added there. The commitment is a chain over the plain pieces
and so over all of the file, keyed like that of a text.
"""

from .data_key import Key
from .master_key import NONCE_BYTES

SIZE = 256 * 1024
TAG_BYTES = 16
OVERHEAD = NONCE_BYTES + TAG_BYTES


def label(blob: str, place: int, *, last: bool) -> str:
    """What a chunk is sealed to; no cell has such an id."""
    return f"file {blob} {place} {'last' if last else 'more'}"


def count(size: int) -> int:
    """How many chunks so many bytes take."""
    return -(-size // SIZE)


def sealed_size(size: int) -> int:
    """How many bytes they are when sealed."""
    return size + count(size) * OVERHEAD


class Chain:
    """The commitment over pieces as they come; needs none of them twice."""

    def __init__(self, key: Key, blob: str) -> None:
        self._key = key
        self._blob = blob
        self._link = ""
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._link = self._key.commitment((self._link.encode(), piece))
        self._size += len(piece)

    @property
    def commitment(self) -> str:
        parts = ("file", self._blob, str(self._size), self._link)
        return self._key.commitment(part.encode() for part in parts)
