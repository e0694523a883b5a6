"""Due dates follow from facts; nothing here fires, it only says what falls due on which day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from ...application.ports import Recorded
from ...application.questions import DueDate, DueDates, Question
from ...domain.calendar import add_months
from ...domain.reference import MINIMUM_MONTHS
from ..database import Tx
from .intervals import Book, Doc, Pages, Parted, Spread

DUE = Book(
    "cs_p_due",
    ("due_on", "kind", "case_id", "task"),
    (("due_on",), ("kind", "due_on"), ("case_id",), ("task",)),
)
TERMS = Book("cs_p_due_terms")

LEVEL_KINDS = ("remind", "overdue", "lapse")
VALIDITY_KINDS = ("renewal", "expiry")
MONTH_OVER = frozenset(
    f"plan.{each}" for each in ("month_met", "month_began_again", "task_parked", "task_dropped")
)

FROM_PLAN = frozenset(f"{each}.v1" for each in ("plan.month_reckoned", *MONTH_OVER))


class DueDatesProjection:
    name = "due_dates"
    version = 1
    books = (DUE, TERMS)

    answers: tuple[type[Question], ...] = (DueDates,)
    stops = False
    reads = ("due_dates",)

    def concerns(self, name: str) -> bool:
        begins = ("approval.", "reference.", "employee.left", "hold.")
        return name in FROM_PLAN or name.startswith(begins)

    def parted(self, name: str) -> Parted:
        """An item and a person have due dates of their own, whatever case an event belongs to."""
        in_case = name.startswith(("plan.", "approval."))
        return Parted.BY_CASE if in_case else Parted.BY_STREAM

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        _Apply(pages[DUE], pages[TERMS], recorded).run()

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        if not isinstance(question, DueDates):
            return None
        where, params = ["1 = 1"], {}
        if question.until is not None:
            where.append("due_on <= :until")
            params["until"] = question.until.isoformat()
        if question.kind is not None:
            where.append("kind = :kind")
            params["kind"] = question.kind
        if question.case is not None:
            where.append("case_id = :case")
            params["case"] = question.case
        rows = DUE.rows(tx, at, " AND ".join(where), **params)
        found = [DueDate.model_validate(doc) for _, doc in rows]
        return sorted(found, key=lambda due: (due.due_on, due.kind, due.case or "", due.task or ""))


class _Apply:
    """What one event does to the due dates."""

    def __init__(self, dues: Pages, terms: Pages, recorded: Recorded) -> None:
        self._dues = dues
        self._terms = terms
        self._said = recorded.said
        self._at = recorded.position
        self._stream = recorded.stream
        self._case = recorded.case
        self._name = recorded.name.removesuffix(".v1")

    def run(self) -> None:
        match self._name:
            case "plan.month_reckoned":
                self._month(self._said["ready_on"])
            case name if name in MONTH_OVER:
                self._end(f"month_ready:{self._said['task']}")
            case "approval.asked":
                self._asked()
            case "approval.accepted":
                self._level(self._said["card"]["level"] + 1)
            case "approval.evidence_changed":
                self._level(1)
            case "approval.enabled" | "approval.validity_moved":
                self._valid(date.fromisoformat(self._said["until"]))
            case _ if self._name.startswith("approval."):
                self._over()
            case "reference.kept":
                self._kept()
            case "reference.disposal_noticed":
                self._noticed()
            case "reference.discarded":
                self._ends(("disposable", "sweep"))
            case "hold.placed" if self._said["review_by"]:
                self._review()
            case "hold.released":
                self._end(f"hold_review:{self._said['hold']}")
            case "employee.left":
                self._left()

    def _month(self, ready_on: str) -> None:
        task = self._said["task"]
        self._put("month_ready", task, ready_on, {"case": self._case, "task": task})

    def _asked(self) -> None:
        terms = self._said["terms"]
        kept = {
            "remind": terms["remind_after_days"],
            "overdue": terms["overdue_after_days"],
            "lapse": terms["lapse_after_days"],
            "renewal": terms["renew_before_days"],
            "round": self._said["round"],
        }
        self._terms.put(self._stream, kept, self._at)
        self._level(1)

    def _level(self, level: int) -> None:
        """A level opens: its reminder, when it is overdue, and when it lapses."""
        terms = self._terms.get(self._stream)
        if terms is None:
            return
        if level > 2:
            self._ends(LEVEL_KINDS)
            return
        since = date.fromisoformat(self._said["on"])
        about = {"case": self._case, "task": self._stream, "level": level, "round": terms["round"]}
        for kind in LEVEL_KINDS:
            due_on = since + timedelta(days=terms[kind])
            self._put(kind, self._stream, due_on.isoformat(), about)

    def _valid(self, until: date) -> None:
        terms = self._terms.get(self._stream) or {"renewal": 0}
        about = {"case": self._case, "task": self._stream}
        renewal = until - timedelta(days=terms["renewal"])
        self._put("renewal", self._stream, renewal.isoformat(), about)
        self._put("expiry", self._stream, until.isoformat(), about)

    def _over(self) -> None:
        if self._name in ENDS:
            self._ends((*LEVEL_KINDS, *VALIDITY_KINDS))

    def _kept(self) -> None:
        kept_on = date.fromisoformat(self._said["kept_on"])
        about = {"item": self._stream, "person": self._said["owner"]}
        due_on = add_months(kept_on, MINIMUM_MONTHS).isoformat()
        self._put("disposable", self._stream, due_on, about)

    def _noticed(self) -> None:
        """Whose it is stands in the row that keeping it has made."""
        kept = self._dues.get(f"disposable:{self._stream}") or {}
        about = {"item": self._stream, "person": kept.get("person")}
        self._put("sweep", self._stream, self._said["goes_from"], about)

    def _review(self) -> None:
        hold = self._said["hold"]
        self._put("hold_review", hold, self._said["review_by"], {"hold": hold})

    def _left(self) -> None:
        self._put("leaving", self._stream, self._said["effective"], {"person": self._stream})

    def _put(self, kind: str, about: str, due_on: str, doc: Doc) -> None:
        whole = {name: value for name, value in doc.items() if value is not None}
        columns = (due_on, kind, doc.get("case"), doc.get("task"))
        whole |= {"kind": kind, "due_on": due_on}
        self._dues.put(f"{kind}:{about}", whole, self._at, *columns)

    def _ends(self, kinds: Sequence[str]) -> None:
        for kind in kinds:
            self._end(f"{kind}:{self._stream}")

    def _end(self, key: str) -> None:
        self._dues.end(key, self._at)


ENDS = frozenset(
    f"approval.{each}" for each in ("declined", "returned", "withdrawn", "ended", "frozen")
)
