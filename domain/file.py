"""File: what another person can open, sealed under a key of its own."""

from typing import Annotated

from pydantic import Field

from .event import Id, ItemId, Value
from .media import Media
from .sealed import Sealed

MOST = 20
"""How many files a result, or an item, may have."""


class File(Value):
    """A record of its own: `copy_id` names it, its retention unit and its bytes.

    `commitment` is keyed by the file's key, over all of its bytes. `item` is the reference item
    whose file it was copied from, when that was cited.
    """

    copy_id: Id
    name: Sealed
    title: Sealed | None = None
    media_type: Media
    size: Annotated[int, Field(ge=1)]
    commitment: str
    item: ItemId | None = None
