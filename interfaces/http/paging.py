"""Paging: a cursor holds its place in one list, as it stood when the first page was asked for."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .problems import Trouble, invalid

LIMIT = 50
MOST = 500


class Place(BaseModel):
    """As of which position and day, after how many items (or after which position)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    query: str
    position: Annotated[int, Field(ge=0, le=10**18)]
    day: date
    after: Annotated[int, Field(ge=0, le=10**18)] = 0

    def cursor(self) -> str:
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")

    def moved(self, after: int) -> "Place":
        return self.model_copy(update={"after": after})


def digest(address: str, filters: dict[str, Any]) -> str:
    """A cursor is good for the list that it came from and no other."""
    plain = json.dumps([address, filters], default=_plain, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def place_in(cursor: str, query: str) -> Place:
    """Raises a problem for what is no cursor, or a cursor of another list."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        place = Place.model_validate_json(base64.urlsafe_b64decode(padded), strict=True)
    except (ValidationError, binascii.Error, ValueError):
        raise _unusable("this is no cursor; begin without one") from None
    if place.query != query:
        raise _unusable("this cursor belongs to another list; begin without one")
    return place


def _unusable(why: str) -> Trouble:
    return invalid([{"loc": ("query", "cursor"), "msg": why, "type": "cursor"}])


def link(path: str, query: Sequence[tuple[str, str]], cursor: str) -> str:
    """RFC 8288: the same list, one part further."""
    pairs = [(name, value) for name, value in query if name != "cursor"]
    return f'<{path}?{urlencode([*pairs, ("cursor", cursor)])}>; rel="next"'
