"""News: what has happened since a position, for whoever watches a plan or an inbox.

A position is all that need be remembered: what is told of the time between two positions is
worked out from the journal and the projections, so that it can be told again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..domain.employee import Role
from ..domain.event import PersonId, PlanId, Value
from ..domain.refusals import NotFound, PlanNotStarted
from . import questions as q
from .access_log import Concerned, Seen, of_items
from .desk import Actor
from .ports import Answers, Clock, Doorbell, Journal
from .questions import Sight
from .visibility import seen_as

PAGE = 500
PLAN_WATCH, INBOX_WATCH = "PlanWatch", "InboxWatch"
"""What the access log calls it when somebody is told."""

TOUCHES_INBOXES = (
    *("approval.", "result.", "employee."),
    *("reference.", "schedule.", "hold.", "disposal."),
)
MOVES_PEOPLE = "employee."


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, as far as everybody may be woken by it."""

    position: int
    name: str
    case: PlanId | None
    stream: str
    actor: PersonId

    @property
    def moves_people(self) -> bool:
        """Whether lines, service, roles or absences have changed: then anybody's sight may."""
        return self.name.startswith(MOVES_PEOPLE)

    @property
    def touches_inboxes(self) -> bool:
        return self.name.startswith(TOUCHES_INBOXES)


@dataclass(frozen=True, slots=True)
class Heard:
    """Whom some events may concern, up to a position.

    `hr`: whoever is HR on record; `everybody`: sight itself may have changed.
    """

    until: int
    plans: frozenset[PlanId] = frozenset()
    people: frozenset[PersonId] = frozenset()
    hr: bool = False
    everybody: bool = False


class PlanChanged(Value):
    """An event of a plan.

    Without its name for whoever sees the plan and not its trail, and where something else has
    changed what is seen, as a new manager does.
    """

    position: int
    plan: PlanId
    name: str | None = None


class InboxChanged(Value):
    """What came into an inbox and what went from it, up to a position; without any text."""

    position: int
    came: tuple[q.InboxItem, ...]
    went: tuple[q.InboxItem, ...]


class News:
    """The journal's side of live updates. Threads may share one.

    What somebody is told of somebody else's case is logged, as what they read of it is (RULES F3):
    counted up for a day, and of an auditor each time, before it is told.
    """

    def __init__(
        self, journal: Journal, answers: Answers, clock: Clock, log: Callable[..., None]
    ) -> None:
        self._journal = journal
        self._answers = answers
        self._clock = clock
        self._log = log

    def position(self) -> int:
        """The journal's newest position."""
        return self._journal.position()

    def today(self) -> date:
        return self._clock().date()

    def since(self, position: int, limit: int = PAGE) -> list[Happened]:
        """Some of what was recorded after a position, oldest first; nothing: that is all."""
        return [
            Happened(each.position, each.name, each.case, each.stream, each.actor)
            for each in self._journal.since(position, limit)
        ]

    def heard(self, happened: Sequence[Happened], *, inboxes: bool = True) -> Heard:
        """Whom these events may concern; `inboxes`: whether anybody asks whose inbox."""
        touching = [each for each in happened if inboxes and each.touches_inboxes]
        touched = [self.may_concern(each) for each in touching if not each.moves_people]
        return Heard(
            until=happened[-1].position,
            plans=frozenset(each.case for each in happened if each.case is not None),
            people=frozenset[PersonId]().union(*(each for each in touched if each is not None)),
            hr=bool(touching),
            everybody=None in touched or any(each.moves_people for each in happened),
        )

    def doorbell(self) -> Doorbell:
        """Rings when something may have been appended; whoever made it closes it."""
        return self._journal.doorbell()

    def of_plan(
        self, plan: PlanId, actor: Actor, *, after: int, until: int, reason: str | None = None
    ) -> list[PlanChanged]:
        """What this reader may know of a plan's events between two positions.

        Whoever may read the trail is told every event; whoever sees the plan, and of no event,
        that what they see has changed. Raises PlanNotStarted for anybody else.
        """
        self._answers.wait_for(until)
        told, seen = self._trail(plan, actor, after, until, reason)
        if told:
            self._log_plan(plan, actor, seen, reason)
            return [PlanChanged(position=each.position, plan=plan, name=each.name) for each in told]
        board, seen = self._board(plan, actor, None, reason)
        if board is None and not self._reads_trail(plan, actor, reason):
            raise PlanNotStarted
        if board is None or until <= after:
            return []
        now, before = (self._board(plan, actor, at, reason)[0] for at in (until, after))
        if now == before:
            return []
        self._log_plan(plan, actor, seen, reason)
        return [PlanChanged(position=until, plan=plan)]

    def of_inbox(self, actor: Actor, *, after: int, until: int) -> InboxChanged | None:
        """What came into this reader's inbox between two positions, and what went."""
        if until <= after:
            return None
        self._answers.wait_for(until)
        before, now = self._inbox(actor, after), self._inbox(actor, until)
        came = tuple(item for item in now if item not in before)
        went = tuple(item for item in before if item not in now)
        about = list(dict.fromkeys(of_items((*came, *went))))
        self._log(INBOX_WATCH, actor, about, strict=False, daily=True)
        return InboxChanged(position=until, came=came, went=went) if came or went else None

    def may_concern(self, happened: Happened) -> frozenset[PersonId] | None:
        """Whose inbox an event can have changed, beside HR's; None: anybody's.

        The employee, whoever on any day stands above them, whoever was named, and whoever was
        ever appointed for one of those.
        """
        if happened.moves_people or happened.case is None:
            return None
        self._answers.wait_for(happened.position)
        try:
            board: q.PlanView = self._asked(q.PlanBoard(plan=happened.case))
            return frozenset(self._around(board))
        except NotFound:
            return None

    def is_hr(self, person: PersonId) -> bool:
        """Whether it says so on record; the inbox goes by that alone."""
        view: q.PersonView = self._asked(q.WhoIs(known_as=person))
        return Role.HR in view.roles

    def _log_plan(self, plan: PlanId, actor: Actor, seen: Seen | None, reason: str | None) -> None:
        if seen is None:
            return
        strict = seen.sight is Sight.AUDITOR
        self._log(
            PLAN_WATCH,
            actor,
            [Concerned(seen.owners.get(plan), plan, seen.sight)],
            strict=strict,
            daily=not strict,
            reason=reason if strict else None,
        )

    def _trail(
        self, plan: PlanId, actor: Actor, after: int, until: int, reason: str | None
    ) -> tuple[list[q.TrailEntry], Seen | None]:
        found: list[q.TrailEntry] = []
        seen, more = None, until > after
        while more:
            page, looked = self._entries(plan, actor, after, until, reason, PAGE)
            found, seen = found + page, looked or seen
            more = len(page) == PAGE
            after = page[-1].position if page else after
        return found, seen

    def _reads_trail(self, plan: PlanId, actor: Actor, reason: str | None) -> bool:
        """A plan has a first event; it is seen by whoever may read its trail."""
        return bool(self._entries(plan, actor, 0, None, reason, 1)[0])

    def _entries(
        self,
        plan: PlanId,
        actor: Actor,
        after: int,
        until: int | None,
        reason: str | None,
        limit: int,
    ) -> tuple[list[q.TrailEntry], Seen | None]:
        question = q.AuditTrail(case=plan, after=after, limit=limit, reason=reason)
        try:
            page, seen = self._looked(question, actor, until)
        except NotFound:
            return [], None
        return list(page), seen

    def _board(
        self, plan: PlanId, actor: Actor, at: int | None, reason: str | None
    ) -> tuple[q.PlanView | None, Seen | None]:
        try:
            return self._looked(q.PlanBoard(plan=plan, reason=reason), actor, at)
        except NotFound:
            return None, None

    def _inbox(self, actor: Actor, at: int) -> list[q.InboxItem]:
        items: Iterable[q.InboxItem]
        items, _ = self._looked(q.Inbox(person=actor.person), actor, at)
        return [item.model_copy(update={"employee_name": None, "title": None}) for item in items]

    def _looked(
        self, question: q.Question, actor: Actor, at: int | None
    ) -> tuple[Any, Seen | None]:
        today = self.today()
        return seen_as(self._answers, question, actor, at=at, on=today, today=today)

    def _asked(self, question: q.Question) -> Any:
        return self._answers.answer(question, at=None, on=self.today())

    def _around(self, board: q.PlanView) -> Iterator[PersonId]:
        """Up every line that was ever set, and whoever stands in on the way."""
        named = [
            each.approver for task in board.tasks if task.request for each in task.request.named
        ]
        waiting, known = [board.employee, *named], set[PersonId]()
        while waiting:
            person = waiting.pop()
            if person in known:
                continue
            known.add(person)
            calendar: q.CalendarView = self._asked(q.Calendar(person=person))
            waiting += [line.manager for line in calendar.lines if line.manager]
            yield person
            for each in calendar.stand_ins:
                yield each.stand_in
                if each.alternate:
                    yield each.alternate
