"""Holds: what stays, whatever the schedule says."""

from typing import Annotated

from pydantic import Field

from ....application import commands as c
from ....application import questions as q
from ....domain.event import Id
from ....domain.refusals import UnknownHold
from ..actions import Action, Made
from ..reads import Here, Listed, Part, Read

HOLD = "/holds/{hold}"


class HoldsQuery(Listed):
    released: Annotated[bool, Field(description="Those that were released too.")] = False


def holds(here: Here, *, part: Part, released: bool) -> list[q.HoldView]:
    found: list[q.HoldView] = here.ask(q.LegalHolds(released=released))
    return found[part.after :][: part.limit]


def hold(here: Here, hold: Id) -> q.HoldView:
    for each in here.ask(q.LegalHolds(released=True)):
        if each.hold == hold:
            found: q.HoldView = each
            return found
    raise UnknownHold


READS = (
    Read("/holds", q.LegalHolds, q.HoldView, holds, "Holds", "list_holds", query=HoldsQuery),
    Read(HOLD, q.LegalHolds, q.HoldView, hold, "A hold", "get_hold", of="holds"),
)

ACTIONS = (
    Action(
        "POST",
        "/holds",
        c.PlaceHold,
        "Place a hold",
        of="holds",
        made=Made("hold.placed", "/holds/{new}", by="hold"),
    ),
    Action("POST", f"{HOLD}/release", c.ReleaseHold, "Release a hold", of="holds"),
)
