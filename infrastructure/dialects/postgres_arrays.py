"""Arrays in PostgreSQL's own binary form, packed by hand: psycopg's take ten times as long.

The layout is that of array_recv: dimensions, null flag, element type, length, lower bound, then
each element with its length before it.
"""

from collections.abc import Sequence
from struct import Struct, pack
from typing import Any

from psycopg.types.string import BytesBinaryDumper

BYTEA, TEXT, INTEGER, UUID = 17, 25, 23, 2950

_HEADER = Struct(">iiiii")
_LENGTH = Struct(">i")

# Most arrays have one element.
_ONE_BYTEA = _HEADER.pack(1, 0, BYTEA, 1, 1)
_ONE_TEXT = _HEADER.pack(1, 0, TEXT, 1, 1)
_ONE_UUID = _HEADER.pack(1, 0, UUID, 1, 1) + _LENGTH.pack(16)


class Byteas(bytes):
    """A packed bytea[]."""


class Texts(bytes):
    """A packed text[]."""


class Integers(bytes):
    """A packed integer[]."""


class Uuids(bytes):
    """A packed uuid[]."""


class _ByteasDumper(BytesBinaryDumper):
    oid = 1001


class _TextsDumper(BytesBinaryDumper):
    oid = 1009


class _IntegersDumper(BytesBinaryDumper):
    oid = 1007


class _UuidsDumper(BytesBinaryDumper):
    oid = 2951


def register(adapters: Any) -> None:
    """Lets a connection or cursor send the packed arrays as what they are."""
    adapters.register_dumper(Byteas, _ByteasDumper)
    adapters.register_dumper(Texts, _TextsDumper)
    adapters.register_dumper(Integers, _IntegersDumper)
    adapters.register_dumper(Uuids, _UuidsDumper)


def byteas(items: Sequence[bytes]) -> Byteas:
    """A bytea[]."""
    if len(items) == 1:
        return Byteas(_ONE_BYTEA + _LENGTH.pack(len(items[0])) + items[0])
    return Byteas(_packed(BYTEA, items)) if items else NO_BYTEAS


def texts(items: Sequence[str]) -> Texts:
    """A text[]."""
    if len(items) == 1:
        item = items[0].encode()
        return Texts(_ONE_TEXT + _LENGTH.pack(len(item)) + item)
    return Texts(_packed(TEXT, [item.encode() for item in items])) if items else NO_TEXTS


def uuids(items: Sequence[str]) -> Uuids:
    """A uuid[] of ids in canonical form; raises ValueError for anything else."""
    if len(items) == 1:
        return Uuids(_ONE_UUID + _sixteen(items[0]))
    return Uuids(_packed(UUID, [_sixteen(item) for item in items])) if items else NO_UUIDS


def integers(items: Sequence[int]) -> Integers:
    """An integer[]."""
    if not items:
        return NO_INTEGERS
    flat = [part for item in items for part in (4, item)]
    head = _HEADER.pack(1, 0, INTEGER, len(items), 1)
    return Integers(head + pack(f">{len(flat)}i", *flat))


def _sixteen(item: str) -> bytes:
    found = bytes.fromhex(item.replace("-", ""))
    if len(found) != 16:
        raise ValueError(f"{item!r} is no uuid.")
    return found


def _packed(element: int, items: Sequence[bytes]) -> bytes:
    parts = [_HEADER.pack(1, 0, element, len(items), 1)]
    for item in items:
        parts.append(_LENGTH.pack(len(item)))
        parts.append(item)
    return b"".join(parts)


def _empty(element: int) -> bytes:
    return pack(">iii", 0, 0, element)


NO_BYTEAS = Byteas(_empty(BYTEA))
NO_TEXTS = Texts(_empty(TEXT))
NO_INTEGERS = Integers(_empty(INTEGER))
NO_UUIDS = Uuids(_empty(UUID))
