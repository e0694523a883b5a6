"""The ledger's leaves: what is hashed of an event, byte for byte.

`leaf_hash` is a leaf of RFC 6962 (hence the first byte 0x00). It stands over a salt, so that it
tells nothing about a short body once salt and body are gone.

    content = SHA-256( part(stream) || version i64 BE || part(name) || part(body) )
    part(x) = length of x in bytes, u64 BE || x          (text as UTF-8)
    leaf    = SHA-256( 0x00 || salt, 16 bytes || position u64 BE || recorded_at i64 BE || content )

`recorded_at` is in microseconds since 1970-01-01T00:00:00Z.
"""

from hashlib import sha256
from struct import Struct

SALT_BYTES = 16

_LENGTH = Struct(">Q")
_VERSION_AND_LENGTH = Struct(">qQ")
_PLACE = Struct(">Qq")


def content_hash(stream: str, version: int, name: str, body: bytes) -> bytes:
    """The 32 bytes that stand for what an event says, wherever and whenever it is recorded."""
    stream_bytes, name_bytes = stream.encode(), name.encode()
    return sha256(
        _LENGTH.pack(len(stream_bytes))
        + stream_bytes
        + _VERSION_AND_LENGTH.pack(version, len(name_bytes))
        + name_bytes
        + _LENGTH.pack(len(body))
        + body
    ).digest()


def leaf_hash(salt: bytes, position: int, recorded_at: int, content: bytes) -> bytes:
    """The 32 bytes of the leaf; `salt` has 16 bytes, `content` is what `content_hash` gave."""
    return sha256(b"\x00" + salt + _PLACE.pack(position, recorded_at) + content).digest()
