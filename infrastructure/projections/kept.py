"""Kept: what the register's items are made of, one light row for each item, person or case.

A case is one row: its items rest on each other's dates, and are worked out together by the domain.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from ...application.ports import Recorded
from ...domain import approval, employee
from ...domain.approval import Approval
from ...domain.employee import Employee
from ...domain.event import Id, ItemId, PersonId
from ...domain.items import Case, Item, ItemKind, ended_on, of_person, of_reference
from ...domain.plan import Plan
from ...domain.reference import ReferenceItem
from ...domain.result import Result
from .intervals import Book, Doc, Pages, Spread

KEPT = Book(
    "cs_p_kept",
    ("kind", "owner", "told", "state", "created_on", "ends_on", "noticed_on"),
    (("owner",),),
    listed=True,
    current=(("kind", "noticed_on", "created_on"),),
)
"""`kind` is reference, person or case; `ends_on` the first day on which a period of it begins.

`noticed_on` is when the owner was told that it will go, or had thrown it away already.
"""

PART = Book("cs_p_kept_in", ("case_id",))
"""Which case a request, a result or a record copy lies in; its key is the item."""

REFERENCE, PERSON, CASE = "reference", "person", "case"

FOLDED = frozenset(
    f"{kind}.{each}.v1"
    for kind, names in {
        "reference": ("kept", "cited", "disposal_noticed", "discarded"),
        "employee": ("joined", "left", "returned"),
        "plan": ("started", "closed"),
        "result": ("noted", "evidence_added", "file_attached", "told", "retracted"),
        "approval": (
            *("asked", "accepted", "enabled", "declined", "returned", "withdrawn", "ended"),
            *("frozen", "approver_named", "validity_moved"),
        ),
    }.items()
    for each in names
)
"""All that an item's dates, class, owner and persons rest on, and nothing else."""


def keep(pages: Spread, recorded: Recorded) -> None:
    rows = pages[KEPT]
    kind, _, rest = recorded.name.removesuffix(".v1").partition(".")
    match kind:
        case "reference":
            _reference(rows, recorded, rest)
        case "employee":
            _person(rows, recorded)
        case _:
            _in_case(pages, recorded, kind, rest)


def _since(recorded: Recorded) -> list[Any]:
    """Which event made it an item, and by which version of the classification."""
    return [recorded.position, recorded.name, recorded.head["rule"]]


# Reading material


def _reference(rows: Pages, recorded: Recorded, rest: str) -> None:
    said, item = recorded.said, recorded.stream
    doc = rows.get(item) or {}
    if rest == "kept":
        doc = {name: said[name] for name in ("owner", "kept_on", "title")}
        doc |= {"since": _since(recorded)}
    elif not doc:
        return
    doc |= _reference_change(doc, rest, said)
    state = "discarded" if doc.get("discarded") else "live"
    noticed = doc.get("noticed_on") or (doc["kept_on"] if doc.get("discarded") else None)
    columns = (REFERENCE, doc["owner"], None, state, doc["kept_on"], None, noticed)
    rows.put(item, doc, recorded.position, *columns)


def _reference_change(doc: Doc, rest: str, said: Doc) -> Doc:
    match rest:
        case "cited":
            return {"cited_by": [*doc.get("cited_by", ()), said["result"]]}
        case "disposal_noticed":
            return {"noticed_on": said["on"], "goes_from": said["goes_from"]}
        case "discarded":
            return {"discarded": True}
    return {}


# Persons


def _person(rows: Pages, recorded: Recorded) -> None:
    doc = rows.get(recorded.stream) or {"since": _since(recorded)}
    state = Employee.model_validate({"service": doc.get("service", ())})
    state = employee.evolve(state, recorded.event)
    doc |= {"service": [each.model_dump(mode="json") for each in state.service]}
    left = state.left_on.isoformat() if state.left_on else None
    joined = min((each["effective"] for each in doc["service"]), default=None)
    columns = (PERSON, recorded.stream, None, "live", joined, left, None)
    rows.put(recorded.stream, doc, recorded.position, *columns)


# Cases


def _in_case(pages: Spread, recorded: Recorded, kind: str, rest: str) -> None:
    plan = recorded.stream if kind == "plan" else recorded.case
    doc = _started(recorded) if rest == "started" else plan and pages[KEPT].get(plan)
    if not plan or not doc:
        return
    known = _parts(doc)
    match kind:
        case "plan" if rest == "closed":
            doc["closed_on"] = recorded.said["on"]
        case "result":
            doc["results"] = _results(doc["results"], recorded, rest)
        case "approval":
            doc["requests"] = _requests(doc["requests"], recorded)
    for item in sorted(_parts(doc) - known):
        pages[PART].add(item, {}, recorded.position, plan)
    _put_case(pages[KEPT], plan, doc, recorded.position)


def _parts(doc: Doc) -> set[Id]:
    copies = (copy for each in doc["results"].values() for copy in each["copies"])
    return {*doc["requests"], *doc["results"], *copies}


def _started(recorded: Recorded) -> Doc:
    said = recorded.said
    about = {"owner": said["employee"], "started_on": said["on"], "since": _since(recorded)}
    return about | {"results": {}, "requests": {}}


def _put_case(rows: Pages, plan: Id, doc: Doc, position: int) -> None:
    ends = [each["ended_on"] for each in doc["requests"].values() if each["ended_on"]]
    if doc.get("closed_on"):
        ends.append(doc["closed_on"])
    told = doc["requests"] or any(each.get("told") for each in doc["results"].values())
    first = min(ends, default=None)
    columns = (CASE, doc["owner"], "told" if told else None, "live", doc["started_on"], first, None)
    rows.put(plan, doc, position, *columns)


def _results(results: Doc, recorded: Recorded, rest: str) -> Doc:
    said, since = recorded.said, _since(recorded)
    doc = results.get(recorded.stream)
    if rest == "noted":
        doc = {"task": said["task"], "noted_on": said["on"], "since": since}
        doc["copies"] = {each["copy_id"]: _copy(each, said, since) for each in said["evidence"]}
    elif doc is None:
        return results
    elif rest in BRINGS:
        brought = said[BRINGS[rest]]
        added = {brought["copy_id"]: _copy(brought, said, since)}
        doc = doc | {"copies": doc["copies"] | added}
    else:
        doc = doc | {rest: True}
    return results | {recorded.stream: doc}


BRINGS = {"evidence_added": "evidence", "file_attached": "file"}
"""What brings a record copy, and where it says which."""


def _copy(brought: Doc, said: Doc, since: list[Any]) -> Doc:
    return {"on": said["on"], "of": brought["item"], "since": since}


def _requests(requests: Doc, recorded: Recorded) -> Doc:
    task = recorded.stream
    doc = requests.get(task) or {"state": {}, "since": _since(recorded)}
    state = approval.evolve(Approval.model_validate(doc["state"]), recorded.event)
    ended = ended_on(state)
    light = {
        "state": state.model_dump(mode="json", include=DECISIVE, exclude_defaults=True),
        "ended_on": ended.isoformat() if ended else None,
        "since": doc["since"],
    }
    return requests | {task: light}


DECISIVE = {
    *("phase", "request", "round", "acceptances", "named", "asked_on", "ended_on", "until"),
}
"""Of a request's state, what its item rests on."""


# What they are made into


class Entry:
    """A row with the items that are made of it, and what is known of each beside its dates."""

    def __init__(self, key: Id, doc: Doc) -> None:
        self._key = key
        self._doc = doc
        self._case = _case(key, doc) if "started_on" in doc else None

    def items(self) -> tuple[Item, ...]:
        if self._case is not None:
            return self._case.items()
        if "kept_on" in self._doc:
            return (of_reference(self._key, _state_of_reference(self._doc)),)
        return (of_person(self._key, Employee.model_validate({"service": self._doc["service"]})),)

    def since(self, item: Item) -> tuple[int, str, int]:
        """Position and name of the event that made it an item, and the rule that classified it."""
        position, name, rule = self._about(item)["since"]
        return position, name, rule

    def cited_by(self) -> tuple[Id, ...]:
        return tuple(self._doc.get("cited_by", ()))

    def copied_from(self, item: Item) -> ItemId | None:
        found: ItemId | None = self._about(item)["of"] if item.kind is ItemKind.COPY else None
        return found

    def is_evidence(self, item: Item) -> bool:
        """Brought by itself, and copied from nothing that somebody had read."""
        return item.kind is ItemKind.COPY and self.copied_from(item) is None

    def _about(self, item: Item) -> Doc:
        found = self._doc
        match item.kind:
            case ItemKind.REQUEST:
                found = found["requests"][item.item]
            case ItemKind.RESULT:
                found = found["results"][item.item]
            case ItemKind.COPY:
                found = found["results"][item.stream]["copies"][item.item]
        return found


def _state_of_reference(doc: Doc) -> ReferenceItem:
    known = ("owner", "kept_on", "noticed_on", "discarded", "cited_by")
    return ReferenceItem.model_validate({name: doc[name] for name in known if name in doc})


def _case(plan: Id, doc: Doc) -> Case:
    owner: PersonId = doc["owner"]
    started, closed = doc["started_on"], doc.get("closed_on")
    return Case(
        plan=plan,
        state=Plan(
            employee=owner,
            started_on=date.fromisoformat(started),
            closed_on=date.fromisoformat(closed) if closed else None,
        ),
        requests={
            task: Approval.model_validate(each["state"]) for task, each in doc["requests"].items()
        },
        results=dict(_states_of_results(owner, plan, doc)),
    )


def _states_of_results(owner: PersonId, plan: Id, doc: Doc) -> Iterator[tuple[Id, Result]]:
    for result, each in doc["results"].items():
        copies = {copy: about["on"] for copy, about in each["copies"].items()}
        yield (
            result,
            Result(
                employee=owner,
                plan=plan,
                task=each["task"],
                noted_on=each["noted_on"],
                copies=copies,
                retracted=each.get("retracted", False),
            ),
        )
