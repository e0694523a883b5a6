"""ReferenceItem: kept to inform oneself, its owner's alone, and disposable after a year."""

from datetime import date, timedelta
from enum import StrEnum

from .calendar import add_months
from .event import Event, ItemId, PersonId, ResultId, Value
from .file import MOST, File
from .refusals import (
    EvidenceUnavailable,
    ItemGone,
    NotYetDisposable,
    TooManyFiles,
    UnknownItem,
)
from .sealed import Sealed

MINIMUM_MONTHS = 12
STRIKE_WITHIN = timedelta(days=7)


class Medium(StrEnum):
    """What was kept."""

    ARTICLE = "article"
    TIP = "tip"
    SEARCH = "search"
    POST = "post"
    OTHER = "other"


class DiscardReason(StrEnum):
    """Design, section 5 and RULES G2: after its year, as a mis-save, or for personal data in it."""

    YEAR_OVER = "year_over"
    MIS_SAVED = "mis_saved"
    PERSONAL_DATA = "personal_data"


class ReferenceItem(Value):
    owner: PersonId | None = None
    title: Sealed | None = None
    locator: Sealed | None = None
    kept_on: date | None = None
    noticed_on: date | None = None
    cited_by: tuple[ResultId, ...] = ()
    files: tuple[File, ...] = ()
    discarded: bool = False

    @property
    def disposable_from(self) -> date | None:
        """29 February plus a year is 28 February."""
        return add_months(self.kept_on, MINIMUM_MONTHS) if self.kept_on else None


class ItemKept(Event):
    name = "reference.kept.v1"

    owner: PersonId
    medium: Medium
    title: Sealed
    locator: Sealed | None = None
    note: Sealed | None = None
    kept_on: date


class ItemCited(Event):
    """The copy, on the result's side, is the record; this item stays what it was."""

    name = "reference.cited.v1"

    result: ResultId
    copy_id: ItemId
    on: date


class DisposalNoticed(Event):
    """Its owner is told that the sweep will take it, and from which day on."""

    name = "reference.disposal_noticed.v1"

    goes_from: date
    on: date


class ItemFileAttached(Event):
    """The file goes with the item; a result that cites the item has a copy of its own."""

    name = "reference.file_attached.v1"

    file: File
    on: date


class ItemDiscarded(Event):
    name = "reference.discarded.v1"

    reason: DiscardReason
    on: date


def evolve(item: ReferenceItem, event: Event) -> ReferenceItem:
    match event:
        case ItemKept(owner=owner, title=title, locator=locator, kept_on=kept_on):
            return ReferenceItem(owner=owner, title=title, locator=locator, kept_on=kept_on)
        case ItemCited(result=result):
            return item.model_copy(update={"cited_by": (*item.cited_by, result)})
        case DisposalNoticed(on=on):
            return item.model_copy(update={"noticed_on": on})
        case ItemFileAttached(file=file):
            return item.model_copy(update={"files": (*item.files, file)})
        case ItemDiscarded():
            return item.model_copy(update={"discarded": True, "files": ()})
    return item


def keep(
    item: ReferenceItem,
    *,
    owner: PersonId,
    medium: Medium,
    title: Sealed,
    locator: Sealed | None = None,
    note: Sealed | None = None,
    on: date,
) -> list[Event]:
    if item.owner is not None:
        return []
    return [
        ItemKept(owner=owner, medium=medium, title=title, locator=locator, note=note, kept_on=on)
    ]


def cite(item: ReferenceItem, *, result: ResultId, copy_id: ItemId, on: date) -> list[Event]:
    """Citing something already discarded is refused: there is nothing left to copy."""
    _known(item)
    if item.discarded:
        raise EvidenceUnavailable
    if result in item.cited_by:
        return []
    return [ItemCited(result=result, copy_id=copy_id, on=on)]


def attach_file(item: ReferenceItem, *, file: File, on: date) -> list[Event]:
    """A file that is there already is not attached twice."""
    _known(item)
    if item.discarded:
        raise ItemGone
    if file.copy_id in {each.copy_id for each in item.files}:
        return []
    if len(item.files) >= MOST:
        raise TooManyFiles(limit=MOST)
    return [ItemFileAttached(file=file, on=on)]


def discard(
    item: ReferenceItem, *, on: date, because_of_personal_data: bool = False
) -> list[Event]:
    """By its owner: from its year on, a mis-save within seven days, personal data at any time."""
    _known(item)
    if item.discarded:
        return []
    return [ItemDiscarded(reason=_reason(item, on, because_of_personal_data), on=on)]


def notice(item: ReferenceItem, *, goes_from: date, on: date) -> list[Event]:
    """Once, and only of what is still there."""
    _known(item)
    if item.discarded or item.noticed_on is not None:
        return []
    return [DisposalNoticed(goes_from=goes_from, on=on)]


def _reason(item: ReferenceItem, on: date, because_of_personal_data: bool) -> DiscardReason:
    assert item.kept_on is not None
    assert item.disposable_from is not None
    if because_of_personal_data:
        return DiscardReason.PERSONAL_DATA
    if on >= item.disposable_from:
        return DiscardReason.YEAR_OVER
    if on - item.kept_on <= STRIKE_WITHIN:
        return DiscardReason.MIS_SAVED
    raise NotYetDisposable(disposable_from=item.disposable_from)


def _known(item: ReferenceItem) -> None:
    if item.owner is None:
        raise UnknownItem
