"""Inbox: what waits for whom, found from the line as it stands on the day asked about."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from ...application.ports import Recorded
from ...application.questions import Inbox, InboxItem, Question
from ...domain import line
from ...domain.employee import Employee, Role
from ...domain.event import PersonId
from ..database import Tx
from . import keeping
from .gone import there
from .intervals import Book, Doc, Pages, Parted, Spread
from .kept import KEPT
from .people import Lookup, below, stands_in_for
from .plan_board import RESULT, TASK

OPEN = Book("cs_p_open", ("employee", "plan"), (("employee",),), listed=True)
NAMED = Book("cs_p_named", ("person", "task"), (("person",), ("task",)))
RETURNED = Book("cs_p_returned", ("employee",), (("employee",),))
TOLD = Book("cs_p_told", ("employee",), (("employee",),), listed=True)
ASKED = Book("cs_p_asked", ("task",), (("task",),))

ENDS = ("declined", "returned", "enabled", "withdrawn", "ended", "frozen")


class InboxProjection:
    """Keeps what is open; who may act on it is worked out when somebody looks."""

    name = "inbox"
    version = 1
    books = (OPEN, NAMED, RETURNED, TOLD, ASKED)

    answers: tuple[type[Question], ...] = (Inbox,)
    stops = False
    reads = ("inbox", "plan_board", "people", "register", "keeping")

    def concerns(self, name: str) -> bool:
        return name.startswith(("approval.", "result."))

    def parted(self, name: str) -> Parted:
        return Parted.BY_CASE

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        kind, _, rest = recorded.name.removesuffix(".v1").partition(".")
        if kind == "approval":
            _approval(pages, recorded, rest)
        else:
            _result(pages[TOLD], recorded, rest)

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        if not isinstance(question, Inbox):
            return None
        return _Desk(tx, at, on, question.person).items()


@dataclass(frozen=True, slots=True)
class _Waits:
    """Something that waits, before it is told of what and of whom."""

    kind: str
    task: str
    doc: Doc
    more: dict[str, object] = field(default_factory=dict)


class _Desk:
    """One person's inbox on one day; what many items need is read at once for all."""

    def __init__(self, tx: Tx, at: int | None, on: date, person: PersonId) -> None:
        self._tx = tx
        self._at = at
        self._on = on
        self._me = person
        self._people = Lookup(tx, at)

    def items(self) -> list[InboxItem]:
        waiting = [*self._levels(), *self._told(), *self._own()]
        self._people.meet(each.doc["employee"] for each in waiting)
        about = TASK.rows_of(self._tx, self._at, (each.task for each in waiting))
        found = [self._item(each, about.get(each.task) or {}) for each in waiting]
        found += [*self._reading(), *self._records()]
        return sorted(found, key=_in_order)

    def _reading(self) -> Iterator[InboxItem]:
        """What I have read and the sweep will take."""
        where = (
            "owner = :me AND kind = 'reference' AND state = 'live' AND noticed_on IS NOT NULL"
            f" AND {there(self._tx)}"
        )
        for item, doc in KEPT.rows(self._tx, self._at, where, me=self._me):
            yield self._waits(
                "reading_goes",
                self._me,
                doc["noticed_on"],
                item=item,
                title=doc["title"],
                due_on=doc["goes_from"],
            )

    def _records(self) -> Iterator[InboxItem]:
        """What waits for a records manager who had no part in it (RULES G3)."""
        if Role.RECORDS not in self._people(self._me).roles:
            return
        for doc in keeping.runs_waiting(self._tx, self._at, self._me):
            by, since = doc["drafted_by"], doc["drafted_on"]
            yield self._waits("approve_disposal", by, since, run=doc["run"])
        waiting = keeping.proposal(self._tx, self._at)
        if waiting is not None and waiting["by"] != self._me:
            number = waiting["version"]["number"]
            yield self._waits("approve_schedule", waiting["by"], waiting["on"], schedule=number)
        for hold in keeping.holds_in_force(self._tx, self._at):
            if hold.review_by is not None and hold.review_by <= self._on:
                due = hold.review_by
                yield self._waits("hold_review", hold.by, due, hold=hold.hold, due_on=due)

    def _waits(self, kind: str, whose: PersonId, since: date | str, **more: object) -> InboxItem:
        about = {"kind": kind, "employee": whose, "since": since, **more}
        return InboxItem.model_validate(about | {"employee_name": self._people(whose).full_name})

    def _levels(self) -> Iterator[_Waits]:
        """Open levels: mine to decide, or waiting for HR to name somebody."""
        is_hr = Role.HR in self._people(self._me).roles
        candidates = self._candidates(is_hr)
        self._people.meet(doc["employee"] for _, doc in candidates)
        asked = self._asked(candidates)
        for task, doc in candidates:
            seat = self._seat(doc)
            standing = seat.standing_of(self._me)
            if standing is not None:
                yield self._decide(task, doc, seat, standing)
                yield from _answers(task, doc, asked, for_employee=False)
            elif is_hr and seat.waits_for_hr and doc["employee"] != self._me:
                yield _Waits("name_approver", task, doc, {"why": seat.missing})

    def _candidates(self, is_hr: bool) -> list[tuple[str, Doc]]:
        rows = OPEN.rows(self._tx, self._at)
        if is_hr or not rows:
            return rows
        named = self._named(self._heads)
        return [row for row in rows if row[1]["employee"] in self._reports or row[0] in named]

    def _named(self, heads: set[PersonId]) -> set[str]:
        return {
            doc["task"]
            for head in heads
            for _, doc in NAMED.rows(self._tx, self._at, "person = :person", person=head)
        }

    def _seat(self, doc: Doc) -> line.Seat:
        return line.seat(
            doc["level"],
            employee=doc["employee"],
            people=self._people,
            on=self._on,
            named={int(level): person for level, person in doc["named"].items()},
            decided={int(level): tuple(some) for level, some in doc["decided"].items()},
        )

    def _decide(self, task: str, doc: Doc, seat: line.Seat, standing: line.Standing) -> _Waits:
        behalf = seat.holder if standing is line.Standing.STAND_IN else None
        return _Waits("decide", task, doc, {"standing": standing, "on_behalf_of": behalf})

    def _told(self) -> Iterator[_Waits]:
        told = TOLD.rows(self._tx, self._at)
        told = [row for row in told if row[1]["employee"] in self._reports] if told else []
        self._people.meet(doc["employee"] for _, doc in told)
        mine = [row for row in told if self._manages(row[1]["employee"])]
        noted = RESULT.rows_of(self._tx, self._at, (result for result, _ in mine))
        for result, doc in mine:
            yield _Waits("acknowledge", noted[result]["task"], doc, {"result": result})

    def _manages(self, employee: PersonId) -> bool:
        """Whether I am the line manager of that day, or stand in for them."""
        if not self._people(employee).serves_on(self._on):
            return False
        manager = next(line.holders_above(employee, self._people, self._on), None)
        if manager is None or manager == self._me:
            return manager is not None
        appointed = self._people(manager).stand_in_on(self._on)
        return appointed is not None and appointed.person == self._me

    @cached_property
    def _heads(self) -> set[PersonId]:
        """I, and whomever I may act for."""
        return {self._me} | stands_in_for(self._tx, self._at, self._me)

    @cached_property
    def _reports(self) -> set[PersonId]:
        return {one for head in self._heads for one in below(self._tx, self._at, head)}

    def _own(self) -> Iterator[_Waits]:
        """What the approvers want of me."""
        for task, doc in RETURNED.rows(self._tx, self._at, "employee = :me", me=self._me):
            if doc["wanted"]:
                yield _Waits("resubmit", task, doc)
        mine = OPEN.rows(self._tx, self._at, "employee = :me", me=self._me)
        asked = self._asked(mine)
        for task, doc in mine:
            yield from _answers(task, doc, asked, for_employee=True)

    def _asked(self, rows: Iterable[tuple[str, Doc]]) -> dict[str, Doc]:
        """Every question that is open in one of these requests."""
        questions = [question for _, doc in rows for question in doc["questions"]]
        return ASKED.rows_of(self._tx, self._at, questions)

    def _item(self, waits: _Waits, about: Doc) -> InboxItem:
        doc = waits.doc
        known = {name: doc.get(name) for name in ("plan", "employee", "level", "round", "since")}
        person: Employee = self._people(doc["employee"])
        return InboxItem.model_validate(
            {
                "kind": waits.kind,
                "task": waits.task,
                **known,
                "evidence": doc.get("evidence"),
                "employee_name": person.full_name,
                "title": about.get("title"),
                **waits.more,
            }
        )


def _in_order(item: InboxItem) -> tuple[date, str, str, str, str]:
    other = item.item or item.run or item.hold or ""
    return item.since, item.plan or "", item.task or "", item.kind, other


def _answers(
    task: str, doc: Doc, asked: Mapping[str, Doc], *, for_employee: bool
) -> Iterator[_Waits]:
    """The questions of a request that the one side or the other has still to answer."""
    for question in doc["questions"]:
        open_one = asked.get(question)
        if open_one is not None and (open_one["by"] == doc["employee"]) != for_employee:
            since = {"since": open_one["since"]}
            yield _Waits("answer", task, doc | since, {"question": question})


def _approval(pages: Spread, recorded: Recorded, rest: str) -> None:
    task, said, at = recorded.stream, recorded.said, recorded.position
    doc = pages[OPEN].get(task)
    if rest == "asked":
        _asked(pages, task, said, at)
    elif doc is None:
        return
    elif rest in ENDS:
        _ended(pages, task, doc, rest, said, at)
    else:
        _moved(pages, task, doc, rest, said, at)


def _asked(pages: Spread, task: str, said: Doc, at: int) -> None:
    returned = pages[RETURNED].get(task)
    doc = {
        "employee": said["employee"],
        "plan": said["plan"],
        "request": said["request"],
        "round": said["round"],
        "level": 1,
        "evidence": said["evidence"]["number"],
        "since": said["on"],
        "named": returned["named"] if returned and returned["request"] == said["request"] else {},
        "decided": {},
        "questions": [],
    }
    pages[OPEN].put(task, doc, at, said["employee"], said["plan"])
    for level, person in doc["named"].items():
        pages[NAMED].put(f"{task}:{level}", {"task": task}, at, person, task)
    pages[RETURNED].end(task, at)


def _moved(pages: Spread, task: str, doc: Doc, rest: str, said: Doc, at: int) -> None:
    match rest:
        case "accepted":
            level = said["card"]["level"]
            who = [said["approver"], said["card"]["on_behalf_of"] or said["approver"]]
            decided = {**doc["decided"], str(level): who}
            change: Doc = {"level": level + 1, "since": said["on"], "decided": decided}
        case "evidence_changed":
            number = said["evidence"]["number"]
            change = {"level": 1, "since": said["on"], "decided": {}, "evidence": number}
        case "approver_named":
            key = f"{task}:{said['level']}"
            pages[NAMED].put(key, {"task": task}, at, said["approver"], task)
            change = {"named": {**doc["named"], str(said["level"]): said["approver"]}}
        case "question_asked":
            asked = {"by": said["by"], "since": said["on"]}
            pages[ASKED].put(said["question"], asked, at, task)
            change = {"questions": [*doc["questions"], said["question"]]}
        case "question_answered":
            pages[ASKED].end(said["question"], at)
            return
        case _:
            return
    pages[OPEN].put(task, doc | change, at)


def _ended(pages: Spread, task: str, doc: Doc, rest: str, said: Doc, at: int) -> None:
    pages[OPEN].end(task, at)
    for level in doc["named"]:
        pages[NAMED].end(f"{task}:{level}", at)
    for question in doc["questions"]:
        pages[ASKED].end(question, at)
    if rest in ("returned", "withdrawn"):
        kept = {name: doc[name] for name in ("employee", "plan", "request", "round", "named")}
        kept |= {"since": said["on"], "wanted": rest == "returned"}
        pages[RETURNED].put(task, kept, at, doc["employee"])


def _result(told: Pages, recorded: Recorded, rest: str) -> None:
    said, at, result = recorded.said, recorded.position, recorded.stream
    if rest == "told":
        kept = {
            "employee": recorded.actor,
            "plan": recorded.case,
            "since": said["on"],
        }
        told.put(result, kept, at, kept["employee"])
    elif rest in ("acknowledged", "retracted"):
        told.end(result, at)
