"""Reading list: the reference items that somebody keeps, each disposable after its year."""

from datetime import date
from typing import Any

from ...application.ports import Recorded
from ...application.questions import Question, ReadingItem, ReadingList
from ...domain.calendar import add_months
from ...domain.reference import MINIMUM_MONTHS
from ..database import Tx
from .gone import there
from .intervals import Book, Doc, Pages, Parted, Spread

ITEM = Book("cs_p_item", ("owner",), (("owner",),))


class ReadingListProjection:
    name = "reading_list"
    version = 1
    books = (ITEM,)

    answers: tuple[type[Question], ...] = (ReadingList,)
    stops = False
    reads = ("reading_list",)

    def concerns(self, name: str) -> bool:
        return name.startswith("reference.")

    def parted(self, name: str) -> Parted:
        return Parted.BY_STREAM

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        _item(pages[ITEM], recorded)

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        if not isinstance(question, ReadingList):
            return None
        where, params = f"owner = :owner AND {there(tx)}", {"owner": question.person}
        if question.item is not None:
            where, params = f"{where} AND key = :item", params | {"item": question.item}
        rows = ITEM.rows(tx, at, where, **params)
        found = [ReadingItem.model_validate(doc) for _, doc in rows]
        return sorted(found, key=lambda item: (item.kept_on, item.item))


def _item(items: Pages, recorded: Recorded) -> None:
    said, item = recorded.said, recorded.stream
    doc = _kept(item, said) if recorded.name == "reference.kept.v1" else items.get(item)
    if doc is None:
        return
    owner = (said["owner"],) if recorded.name == "reference.kept.v1" else ()
    items.put(item, doc | _change(doc, recorded.name, said), recorded.position, *owner)


def _kept(item: str, said: Doc) -> Doc:
    disposable = add_months(date.fromisoformat(said["kept_on"]), MINIMUM_MONTHS)
    shown = {name: said[name] for name in ("medium", "title", "locator", "note", "kept_on")}
    return shown | {"item": item, "disposable_from": disposable.isoformat(), "cited_by": []}


def _change(doc: Doc, name: str, said: Doc) -> Doc:
    match name:
        case "reference.cited.v1":
            return {"cited_by": [*doc["cited_by"], said["result"]]}
        case "reference.disposal_noticed.v1":
            return {"noticed_on": said["on"], "goes_from": said["goes_from"]}
        case "reference.file_attached.v1":
            return {"files": [*doc.get("files", ()), said["file"]]}
        case "reference.discarded.v1":
            return {"discarded": said["reason"]}
    return {}
