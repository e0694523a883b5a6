"""Packing: what an approved run hands over to an archive, and whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..domain.disposal import DisposalRun, RunPhase
from ..domain.event import Id, ItemId
from ..domain.items import Item
from ..domain.refusals import RunNotApproved
from .access_log import Concerned
from .desk import Desk
from .items import item_of, ref_of
from .questions import Sight

EXPORT = "transfer_pack"
"""What the access log calls it."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The run with its frozen list, and the holds over its items when it was packed.

    What is held is packed all the same: its hold may be released before the run is carried out,
    and then it goes, so that it must have been handed over.
    """

    run: DisposalRun
    held: Mapping[ItemId, tuple[Id, ...]]

    @property
    def concerned(self) -> tuple[Concerned, ...]:
        owners = dict.fromkeys(entry.item.owner for entry in self.run.entries)
        return tuple(Concerned(owner, None, Sight.RECORDS) for owner in owners)


def leaving(desk: Desk, run: Id) -> Leaving:
    """Raises RunNotApproved."""
    state = desk.run(run)
    if state.phase is not RunPhase.APPROVED:
        raise RunNotApproved
    over = {entry.item.item: _holds_over(desk, entry.item) for entry in state.entries}
    return Leaving(state, {item: holds for item, holds in over.items() if holds})


def _holds_over(desk: Desk, listed: Item) -> tuple[Id, ...]:
    """By what the item is today; the list says what it was."""
    item = item_of(desk, ref_of(listed))
    return tuple(hold.hold for hold in desk.holds().over(item)) if item else ()
