"""The access log: which answers are logged, of whom, and which of them before they are given.

RULES F3. A reader finds the tables in docs/reference/access.md; a test holds them against these.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from ..domain.event import PersonId, PlanId
from . import questions as q
from .aggregates import POLICY_STREAM
from .envelope import ENGINE
from .questions import Sight

SERIES = "access"
"""The retention series of the log."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whose it is that somebody saw; where only the case is known, whose case it is."""

    person: PersonId | None
    case: PlanId | None
    sight: Sight


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer, and as what its reader sees it.

    `owners` says whose the cases are that were looked at for it.
    """

    answer: Any
    sight: Sight
    owners: Mapping[PlanId, PersonId]

    def first(self, shown: int | None) -> "Seen":
        """Of a list only so much."""
        if shown is None or not isinstance(self.answer, list | tuple):
            return self
        return replace(self, answer=self.answer[:shown])


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One read or export, of one person or case; a `daily` one is counted up for a day."""

    at: datetime
    reader: PersonId
    via: str
    sight: Sight
    what: str
    person: PersonId | None
    case: PlanId | None
    position: int
    as_of: int | None = None
    effective: date | None = None
    reason: str | None = None
    is_export: bool = False
    daily: bool = False


def concerned(question: q.Question, seen: Seen, reader: PersonId) -> tuple[Concerned, ...]:
    """Of whom an answer shows what must be logged; never the reader themselves.

    The access log's own months are the engine's, and concern nobody.
    """
    found = RULES[type(question)].of(question, seen, seen.sight)
    return tuple(dict.fromkeys(each for each in found if each.person not in (reader, ENGINE)))


def disposable_from(day: date, months: int) -> date:
    """The first of the month after so many months: what was read in one month goes together."""
    whole = day.year * 12 + day.month + months
    return date(whole // 12, whole % 12 + 1, 1)


def is_strict(question: q.Question, sight: Sight) -> bool:
    """Whether the log is written before the answer is given: no log, no text."""
    of_a_person = isinstance(question, q.AuditTrail) and question.person is not None
    return sight is Sight.AUDITOR or of_a_person


def is_daily(question: q.Question, sight: Sight) -> bool:
    """A list that names nobody is counted once a day for each person on it, else it would flood."""
    return _is_list(question) and not is_strict(question, sight)


def _is_list(question: q.Question) -> bool:
    match question:
        case q.Plans() | q.Inbox() | q.ProjectionHealth() | q.Register():
            return True
        case q.DisposalRuns() | q.Disposal() | q.CertificateOf():
            return True
        case q.DueDates(case=case):
            return case is None
        case q.AuditTrail(case=case, person=person):
            return case is None and person is None
    return False


Found = Iterable[Concerned]
Of = Callable[[Any, Seen, Sight], Found]


@dataclass(frozen=True, slots=True)
class Rule:
    """In words, and how an answer is asked whom it concerns."""

    says: str
    of: Of


def _nobody(question: q.Question, seen: Seen, sight: Sight) -> Found:
    return ()


def _whom_it_names(question: q.Calendar | q.Reads, seen: Seen, sight: Sight) -> Found:
    yield Concerned(question.person, None, sight)


def _board(question: q.PlanBoard, seen: Seen, sight: Sight) -> Found:
    yield Concerned(seen.answer.employee, seen.answer.plan, sight)


def _plans(question: q.Plans, seen: Seen, sight: Sight) -> Found:
    return (Concerned(each.employee, each.plan, sight) for each in seen.answer)


NOT_DECIDING = {"name_approver": Sight.HR, "acknowledge": Sight.LEVEL_1}
"""What waits for somebody without being theirs to decide, and as what they see it."""


def _inbox(question: q.Inbox, seen: Seen, sight: Sight) -> Found:
    return of_items(seen.answer)


def of_items(items: Iterable[q.InboxItem]) -> Iterator[Concerned]:
    """Whose cases wait for somebody without being theirs to decide."""
    for item in items:
        if item.kind in NOT_DECIDING:
            yield Concerned(item.employee, item.plan, NOT_DECIDING[item.kind])


def _dates(question: q.DueDates, seen: Seen, sight: Sight) -> Found:
    for due in seen.answer:
        yield Concerned(due.person or seen.owners.get(due.case), due.case, sight)


def _trail(question: q.AuditTrail, seen: Seen, sight: Sight) -> Iterator[Concerned]:
    if question.person not in (None, POLICY_STREAM):
        yield Concerned(question.person, None, sight)
    for entry in seen.answer:
        whose = _whose(entry, seen.owners)
        if whose != question.person and (whose or entry.case):
            yield Concerned(whose, entry.case, sight)


def _whose(entry: q.TrailEntry, owners: Mapping[PlanId, PersonId]) -> PersonId | None:
    if entry.case is not None:
        return owners.get(entry.case)
    if entry.name.startswith("employee."):
        return entry.stream
    return entry.actor if entry.name.startswith("reference.") else None


def _held_up(question: q.ProjectionHealth, seen: Seen, sight: Sight) -> Found:
    """A partition is a case; of what belongs to no case, a stream that is nobody's case."""
    for projection in seen.answer.projections:
        for each in projection.quarantined:
            yield Concerned(None, each.partition, sight)


def _owners(question: q.Register, seen: Seen, sight: Sight) -> Found:
    return (Concerned(each.owner, None, sight) for each in seen.answer)


def _item(question: q.WhyItem, seen: Seen, sight: Sight) -> Found:
    yield Concerned(seen.answer.item.owner, seen.answer.item.case, sight)


def _erased(question: q.DisposalRuns, seen: Seen, sight: Sight) -> Found:
    return (Concerned(each.person, None, sight) for each in seen.answer if each.person)


def _entries(question: q.Disposal, seen: Seen, sight: Sight) -> Found:
    return (Concerned(each.item.owner, None, sight) for each in seen.answer.entries)


def _certified(question: q.CertificateOf, seen: Seen, sight: Sight) -> Found:
    return (Concerned(each.item.owner, None, sight) for each in seen.answer.certificate.entries)


RULES: dict[type[q.Question], Rule] = {
    q.WhoIs: Rule("never: the directory is everybody's", _nobody),
    q.People: Rule("never: the directory is everybody's", _nobody),
    q.Calendar: Rule("each time HR looks at somebody's", _whom_it_names),
    q.PlanBoard: Rule("each time, but for the deciding approver", _board),
    q.Plans: Rule("once a day for each person on the list that HR sees", _plans),
    q.Funnel: Rule("never: it counts, and names nobody", _nobody),
    q.Inbox: Rule("once a day for each case that waits and is not one's own to decide", _inbox),
    q.ReadingList: Rule("never: only its owner is answered", _nobody),
    q.DueDates: Rule(
        "of one case each time, but for the deciding approver; of all cases once a day for each"
        " person or case on the list",
        _dates,
    ),
    q.AuditTrail: Rule(
        "of one case or one person each time; of all once a day for each person or case on it",
        _trail,
    ),
    q.ProjectionHealth: Rule("once a day for each case that it names as held up", _held_up),
    q.Reads: Rule("each time an auditor looks at somebody's", _whom_it_names),
    q.Register: Rule("once a day for each person whose items are on the list", _owners),
    q.WhyItem: Rule("each time", _item),
    q.Schedule: Rule("never: it names nobody", _nobody),
    q.LegalHolds: Rule("never: whom a hold is about may have to know nothing of it", _nobody),
    q.DisposalRuns: Rule("once a day for each person whose erasure is on the list", _erased),
    q.Disposal: Rule("once a day for each person whose items are on it", _entries),
    q.CertificateOf: Rule("once a day for each person whose items are on it", _certified),
    q.ReadingToGo: Rule("never: the engine alone asks", _nobody),
    q.SuspendedErasures: Rule("never: the engine alone asks", _nobody),
}
