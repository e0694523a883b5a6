"""Who sees what: one place that asks, hides, and only then opens text (RULES F1 and F2).

A reader finds the table in docs/reference/access.md.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import Any, TypeVar

from ..domain.disposal import Certificate
from ..domain.employee import Role
from ..domain.event import Id, ItemId, PersonId, RecordClass
from ..domain.plan import TaskStanding
from ..domain.policy import Starting
from ..domain.refusals import (
    Destroyed,
    NotFound,
    NotYours,
    PlanNotStarted,
    RoleNeeded,
    UnknownItem,
    UnknownPerson,
    UnknownRun,
)
from . import questions as q
from .access_log import Seen
from .desk import Actor
from .opening import opened
from .ports import Answers
from .questions import Sight

SEES: dict[Sight, str] = {
    Sight.OWNER: "everything of their own",
    Sight.LEVEL_1: "told results, frozen evidence, how many days of practice; never the log",
    Sight.LEVEL_2: "the same, from its turn on",
    Sight.FORMER: "their own decisions",
    Sight.HR: "status and dates, no text; nothing before the employee tells or asks",
    Sight.AUDITOR: "text too, with a stated reason; nothing before the employee tells or asks",
    Sight.RECORDS: "of the trail, class and dates; nothing before the employee tells or asks",
    Sight.ENGINEER: "which cases are held up, by their ids",
}


PARTED = (q.Register, q.DisposalRuns)
"""Long lists of which nothing is hidden once they are answered: the tables give the part."""


def show(
    answers: Answers,
    question: q.Question,
    actor: Actor,
    *,
    at: int | None,
    on: date,
    today: date,
    log: Callable[[Seen], None],
) -> Any:
    """The answer as this reader may see it. Raises NotFound for what is not theirs to see.

    Whatever moment or day the question is about, what somebody may see rests on today. `log` is
    told what will be shown before any text of it is opened.
    """
    reader = _Reader(answers, actor, at, on, today)
    answer = reader.seen(question)
    if isinstance(question, q.Part) and not isinstance(question, PARTED):
        answer = answer[question.skip :][: question.limit]
    if reader.sight is not None:
        log(Seen(answer, reader.sight, reader.owners))
    return opened(answers, answer)


def seen(
    answers: Answers,
    question: q.Question,
    actor: Actor,
    *,
    at: int | None,
    on: date,
    today: date,
) -> Any:
    """As `show`, whole, and with its text still sealed."""
    return seen_as(answers, question, actor, at=at, on=on, today=today)[0]


def seen_as(
    answers: Answers,
    question: q.Question,
    actor: Actor,
    *,
    at: int | None,
    on: date,
    today: date,
) -> tuple[Any, Seen | None]:
    """As `seen`, and as what it was seen; None where that is nobody's concern (RULES F3)."""
    reader = _Reader(answers, actor, at, on, today)
    answer = reader.seen(question)
    return answer, Seen(answer, reader.sight, reader.owners) if reader.sight else None


class _Reader:
    def __init__(
        self, answers: Answers, actor: Actor, at: int | None, on: date, today: date
    ) -> None:
        self._answers = answers
        self._me = actor.person
        self._at = at
        self._on = on
        self._today = today
        self._trusted = actor.is_engine
        self._brought = actor.roles
        self._told: dict[str, bool] = {}
        self.sight: Sight | None = None  # as what they see what is logged (RULES F3)
        self.owners: dict[str, PersonId] = {}

    def seen(self, question: q.Question) -> Any:
        match question:
            case q.WhoIs():
                return self._person(self._ask(question))
            case q.People():
                return [self._person(each) for each in _people(question, self._ask(question))]
            case q.Calendar(person=person):
                return self._calendar(question, person)
            case q.PlanBoard():
                return self._board(question)
            case q.Plans():
                return _plans(question, self._followed(self._ask(question)))
            case q.Funnel():
                self._needs(Role.HR)
                return _few_hidden(self._ask(question))
            case q.Inbox(person=person):
                self._only(person)
                self._sees_as(Sight.LEVEL_1)
                return _items(question, self._ask(question))
            case q.ReadingList(person=person):
                self._only(person)
                return self._reading(question)
            case q.DueDates(case=case):
                return self._due(question, case)
            case q.AuditTrail():
                return self._trail(question)
            case q.ProjectionHealth():
                return self._health(question)
            case q.Reads(person=person):
                return self._reads(question, person)
        return self._kept(question)

    def _kept(self, question: q.Question) -> Any:
        """What the records desk keeps."""
        match question:
            case q.Register():
                return self._register(question)
            case q.WhyItem(item=item):
                return self._story(question, item)
            case q.Schedule():
                return self._schedule(question)
            case q.LegalHolds():
                self._needs_records(question.reason)
                return self._ask(question)
            case q.DisposalRuns():
                return self._runs(question)
            case q.Disposal(run=run):
                return self._run(question, run)
            case q.CertificateOf():
                return self._certificate(question)
            case q.ReadingToGo() | q.SuspendedErasures() if self._trusted:
                return self._ask(question)
            case q.ReadingToGo() | q.SuspendedErasures():
                raise NotFound
        raise TypeError(f"{type(question).__name__} is no question")

    def _ask(self, question: q.Question) -> Any:
        return self._answers.answer(question, at=self._at, on=self._on)

    def _ask_today(self, question: q.Question) -> Any:
        return self._answers.answer(question, at=None, on=self._today)

    def _health(self, question: q.ProjectionHealth) -> q.Health:
        """Says which cases are held up, so not everybody's."""
        self._needs(Role.ENGINEER)
        self._sees_as(Sight.ENGINEER)
        answer: q.Health = self._ask(question)
        return answer

    def _person(self, view: q.PersonView) -> q.PersonView:
        """That somebody has a plan is theirs to tell (RULES F1)."""
        mine = self._trusted or view.person == self._me
        return view if mine else view.model_copy(update={"plan": None})

    def _only(self, person: PersonId) -> None:
        if person != self._me and not self._trusted:
            raise NotYours

    def _needs(self, role: Role) -> None:
        if not self._trusted and role not in self._roles():
            raise RoleNeeded(role=role.value)

    def _roles(self) -> Collection[Role]:
        try:
            me: q.PersonView = self._ask_today(q.WhoIs(known_as=self._me))
        except UnknownPerson:
            return ()
        return self._brought.union(me.roles)

    def _calendar(self, question: q.Calendar, person: PersonId) -> q.CalendarView:
        """When somebody is away is for themselves and HR."""
        if person != self._me and not self._trusted and Role.HR not in self._roles():
            raise NotFound
        self._sees_as(Sight.HR)
        found: q.CalendarView = self._ask(question)
        return found

    def _followed(self, plans: Sequence[q.PlanSummary]) -> Sequence[q.PlanSummary]:
        """One's own; as HR also what has been told (RULES F1)."""
        is_hr = self._trusted or Role.HR in self._roles()
        if is_hr:
            self._sees_as(Sight.HR)
        return [plan for plan in plans if plan.employee == self._me or (is_hr and plan.told)]

    def _knows_records(self, reason: str | None) -> bool:
        """Whether all that is kept may be seen: by records managers, and auditors with a reason."""
        roles = self._roles()
        return self._trusted or Role.RECORDS in roles or bool(Role.AUDITOR in roles and reason)

    def _sees_records(self, reason: str | None) -> bool:
        """As `_knows_records`; what is shown then is somebody else's, and a look at it."""
        if not self._knows_records(reason):
            return False
        records = self._trusted or Role.RECORDS in self._roles()
        self._sees_as(Sight.RECORDS if records else Sight.AUDITOR)
        return True

    def _needs_records(self, reason: str | None) -> None:
        if not self._knows_records(reason):
            raise NotFound

    def _register(self, question: q.Register) -> Any:
        """Others see their own, and of a plan nothing before its owner has told (RULES F1)."""
        if question.owner == self._me or self._trusted:
            return self._ask(question)
        if self._sees_records(question.reason):
            return self._ask(question.model_copy(update={"told": True}))
        if question.owner is not None:
            raise NotFound
        return self._ask(question.model_copy(update={"owner": self._me}))

    def _story(self, question: q.WhyItem, item: ItemId) -> q.ItemStory:
        story: q.ItemStory = self._ask(question)
        if self._trusted or story.item.owner == self._me:
            return story
        if self._sees_records(question.reason) and self._is_public(story.item):
            return story
        raise UnknownItem

    def _is_public(self, item: q.RegisterItem) -> bool:
        if item.case is None or item.residue or item.triggered_on is not None:
            return True
        wanted = q.Register(case=item.case, starts=item.item, told=True, limit=1)
        return bool(self._ask_today(wanted))

    def _schedule(self, question: q.Schedule) -> q.ScheduleView:
        """In force, for anyone in service; what is only proposed, for those whose work it is."""
        view: q.ScheduleView = self._ask(question)
        if self._knows_records(question.reason):
            return view
        me: q.PersonView = self._ask_today(q.WhoIs(known_as=self._me))
        if not me.serves or view.version == view.proposal:
            raise NotFound
        return view.model_copy(update={"proposal": None, "reason": None})

    def _runs(self, question: q.DisposalRuns) -> Any:
        if question.person == self._me or self._sees_records(question.reason):
            return self._ask(question)
        if question.person is not None:
            raise NotFound
        return self._ask(question.model_copy(update={"person": self._me}))

    def _run(self, question: q.Disposal, run: Id) -> q.RunView:
        """Who has a part in it sees their own entries; whose erasure it is sees it whole."""
        view: q.RunView = self._ask(question)
        if view.summary.person == self._me or self._sees_records(question.reason):
            return view
        entries = tuple(each for each in view.entries if each.item.owner == self._me)
        if not entries:
            raise UnknownRun
        mine = {each.item.item for each in entries}
        done = tuple(each for each in view.done if each.item in mine)
        return view.model_copy(update={"entries": entries, "done": done, "reason": None})

    def _certificate(self, question: q.CertificateOf) -> q.CertificateView:
        view: q.CertificateView = self._ask(question)
        if self._sees_records(question.reason):
            return view
        whole = view.certificate
        run: q.RunView = self._run(q.Disposal(run=whole.run), whole.run)
        if run.summary.person == self._me:
            return view
        part: Certificate = whole.model_copy(update={"entries": run.entries, "done": run.done})
        return view.model_copy(update={"certificate": part, "whole": False})

    def _reading(self, question: q.ReadingList) -> Any:
        """Who asks for one that is no more is told what became of it."""
        items: Sequence[q.ReadingItem] = self._ask(question)
        if question.item is not None and not items:
            self._tell_end(question.item, question.reason)
            raise UnknownItem
        return items

    def _tell_end(self, item: ItemId, reason: str | None) -> None:
        """Raises Destroyed for who may know that something was here and is no more."""
        try:
            story: q.ItemStory = self._ask_today(q.WhyItem(item=item))
        except UnknownItem:
            return
        end = story.item
        if end.residue and (end.owner == self._me or self._knows_records(reason)):
            raise Destroyed(on=end.destroyed_on, certificate=end.certificate)

    def _board(self, question: q.PlanBoard) -> q.PlanView:
        try:
            board: q.PlanView = self._ask(question)
        except PlanNotStarted:
            if question.plan is not None:
                self._tell_end(question.plan, question.reason)
            raise
        now = board if self._is_today else self._ask_today(q.PlanBoard(plan=board.plan))
        sight = self._sight(now, question.reason)
        if sight is None:
            raise PlanNotStarted
        self.owners[board.plan] = board.employee
        if sight is not Sight.OWNER and not may_decide(now, self._me):
            self._sees_as(sight)
        if sight in WHOLE:
            return board
        return veiled(board, sight, self._me, in_line=self._is_manager_of(board.employee))

    @property
    def _is_today(self) -> bool:
        return self._at is None and self._on == self._today

    def _sight(self, board: q.PlanView, reason: str | None) -> Sight | None:
        if self._trusted or board.employee == self._me:
            return Sight.OWNER
        levels = [_level_of(task, self._me) for task in board.tasks]
        if 1 in levels or (self._is_manager_of(board.employee) and _starts_in_sight(board)):
            return Sight.LEVEL_1
        if 2 in levels:
            return Sight.LEVEL_2
        if any(_decided(task, self._me) for task in board.tasks):
            return Sight.FORMER
        return self._by_role(reason) if is_told(board) else None

    def _reads(self, question: q.Reads, person: PersonId) -> Sequence[q.ReadView]:
        """Who has looked is for whom it concerns, and for an auditor with a reason."""
        if person != self._me and not self._trusted:
            if Role.AUDITOR not in self._roles() or not question.reason:
                raise NotFound
            self._sees_as(Sight.AUDITOR)
        found: Sequence[q.ReadView] = self._ask(question)
        return found

    def _sees_as(self, sight: Sight) -> None:
        """The engine itself looks at nothing."""
        if not self._trusted:
            self.sight = sight

    def _is_manager_of(self, person: PersonId) -> bool:
        view: q.PersonView = self._ask_today(q.WhoIs(known_as=person))
        return view.manager == self._me

    def _by_role(self, reason: str | None) -> Sight | None:
        roles = self._roles()
        if Role.AUDITOR in roles and reason:
            return Sight.AUDITOR
        return Sight.HR if Role.HR in roles else None

    def _due(self, question: q.DueDates, case: str | None) -> Any:
        """A case's dates to whoever sees the case; everybody's to HR, of holds to records."""
        roles = () if self._trusted else self._roles()
        if case is not None:
            self._board(q.PlanBoard(plan=case, reason=question.reason))
        elif Role.HR in roles or Role.RECORDS not in roles:
            self._needs(Role.HR)
            self._sees_as(Sight.HR)
        dates: Sequence[q.DueDate] = self._ask(question)
        shown = [due for due in dates if self._is_due_for(due, case, roles)]
        return _kept(shown, kind=question.kind)

    def _is_due_for(self, due: q.DueDate, case: str | None, roles: Collection[Role]) -> bool:
        if due.item is not None:
            return due.person == self._me
        if due.hold is not None:
            return self._trusted or Role.RECORDS in roles
        return self._trusted or case is not None or Role.HR in roles

    def _trail(self, question: q.AuditTrail) -> Sequence[q.TrailEntry]:
        """A page is as long as was asked, unless there is no more, however much is hidden."""
        if question.case is not None:
            self._tell_end(question.case, question.reason)
        found: list[q.TrailEntry] = []
        while True:
            entries: Sequence[q.TrailEntry] = self._ask(question)
            found += self._seen_of(question, entries)
            if len(entries) < question.limit or len(found) >= question.limit:
                return found[: question.limit]
            question = question.model_copy(update={"after": entries[-1].position})

    def _seen_of(
        self, question: q.AuditTrail, entries: Sequence[q.TrailEntry]
    ) -> Sequence[q.TrailEntry]:
        if self._trusted or question.person == self._me or self._owns(question.case):
            return entries
        roles = self._roles()
        told = [entry for entry in entries if self._is_told(entry.case)]
        if Role.AUDITOR in roles and question.reason:
            self._sees_as(Sight.AUDITOR)
            return [_for_auditor(entry, self._me) for entry in told]
        if Role.RECORDS not in roles:
            told = [entry for entry in told if not _is_reading(entry, self._me)]
        if Role.HR in roles:
            self._sees_as(Sight.HR)
            return [_for_hr(entry) for entry in told]
        if Role.RECORDS in roles:
            self._sees_as(Sight.RECORDS)
            return [_class_and_dates(entry) for entry in told]
        raise NotFound

    def _owns(self, case: str | None) -> bool:
        if case is None:
            return False
        board: q.PlanView = self._ask_today(q.PlanBoard(plan=case))
        return board.employee == self._me

    def _is_told(self, case: str | None) -> bool:
        """Until the employee tells or asks, nobody else sees that there is a plan (RULES F1)."""
        if case is not None and case not in self._told:
            board: q.PlanView = self._ask_today(q.PlanBoard(plan=case))
            self._told[case], self.owners[case] = is_told(board), board.employee
        return case is None or self._told[case]


Item = TypeVar("Item")


def _kept(items: Iterable[Item], **wanted: object) -> list[Item]:
    """Those that have the values asked for; None asks for nothing."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    return [item for item in items if all(getattr(item, name) == asked[name] for name in asked)]


def _people(question: q.People, people: Iterable[q.PersonView]) -> list[q.PersonView]:
    found = _kept(people, manager=question.manager, kind=question.kind, serves=question.serves)
    return [each for each in found if question.role is None or question.role in each.roles]


def _items(question: q.Inbox, items: Iterable[q.InboxItem]) -> list[q.InboxItem]:
    return _kept(items, kind=question.kind, plan=question.plan, employee=question.employee)


def _plans(question: q.Plans, plans: Iterable[q.PlanSummary]) -> list[q.PlanSummary]:
    found = _kept(plans, employee=question.employee, step=question.step)
    if question.is_open is not None:
        found = [plan for plan in found if (plan.closed is None) is question.is_open]
    if question.phase is None and question.level is None:
        return found
    wanted = {"phase": question.phase, "level": question.level}
    return [plan for plan in found if _kept(plan.tasks, **wanted)]


FEW = 5


def _few_hidden(funnel: q.FunnelView) -> q.FunnelView:
    """Counts under five could be told apart (RULES F3)."""
    counts = {name: getattr(funnel, name) for name in q.FunnelView.model_fields if name != "steps"}
    steps = tuple(each.model_copy(update={"plans": _shown(each.plans)}) for each in funnel.steps)
    return funnel.model_copy(
        update={"steps": steps, **{name: _shown(count) for name, count in counts.items()}}
    )


def _shown(count: int | None) -> int | None:
    return None if count is None or count < FEW else count


def _starts_in_sight(board: q.PlanView) -> bool:
    """Policy says whether a start is the employee's own affair until they tell (RULES A2, F1)."""
    return board.starting is not Starting.FREE or is_told(board)


def is_told(board: q.PlanView) -> bool:
    """Whether the employee has told a result of this plan, or asked for acceptance."""
    return any(_task_is_told(task) for task in board.tasks)


def _task_is_told(task: q.TaskView) -> bool:
    return task.request is not None or any(result.told_to for result in task.results)


WHOLE = (Sight.OWNER, Sight.AUDITOR)
"""Who sees a plan with nothing left out."""


def veiled(board: q.PlanView, sight: Sight, me: PersonId, *, in_line: bool) -> q.PlanView:
    """What remains of a plan for this sight; `in_line`: for the employee's manager of today."""
    hidden: dict[str, object] = {"activities": (), "reviewed_activities": (), "entries": ()}
    if sight is Sight.HR:
        hidden["tasks"] = tuple(_status(task) for task in board.tasks)
    elif sight is Sight.FORMER:
        decided = (task for task in board.tasks if _decided(task, me))
        hidden["tasks"] = tuple(_own_decisions(task, me) for task in decided)
    else:
        shown = (task for task in board.tasks if _is_shown(task, me, in_line=in_line))
        hidden["tasks"] = tuple(_told(task) for task in shown)
    return board.model_copy(update=hidden)


def _is_shown(task: q.TaskView, me: PersonId, *, in_line: bool) -> bool:
    """The manager is told of the tasks that run; other approvers of those that came to them."""
    if in_line and task.standing in (TaskStanding.RUNNING, TaskStanding.SETTLED):
        return True
    return _level_of(task, me) is not None or _decided(task, me)


def _told(task: q.TaskView) -> q.TaskView:
    """Task and need; with the first told result counts; how it is done once it is asked for."""
    told = tuple(result for result in task.results if result.told_to and not result.retracted)
    changes: dict[str, object] = {"results": told, "methods": ()}
    if task.request is None:
        changes |= {"point": None, "purpose": None, "channels": (), "actions": ()}
    if not _task_is_told(task):
        changes |= dict.fromkeys(PROGRESS, None) | {"practice_days": 0, "went_on_without": False}
    return task.model_copy(update=changes)


PROGRESS = ("frequency", "verdict", "month_began", "month_ready_on", "month_met_on")


def _status(task: q.TaskView) -> q.TaskView:
    hidden: dict[str, object] = dict.fromkeys(("title", "need", "point", "purpose"), None)
    hidden |= dict.fromkeys(("comments", "channels", "actions", "methods", "results"), ())
    if task.request is not None:
        hidden["request"] = _without_words(task.request)
    return task.model_copy(update=hidden)


def _own_decisions(task: q.TaskView, me: PersonId) -> q.TaskView:
    status = _status(task)
    if task.request is None or status.request is None:
        return status
    own = tuple(each for each in task.request.decisions if each.approver == me)
    request = status.request.model_copy(update={"decisions": own})
    return status.model_copy(update={"title": task.title, "request": request})


def _without_words(request: q.RequestView) -> q.RequestView:
    return request.model_copy(
        update={
            "decisions": tuple(
                each.model_copy(update={"need": None, "text": None}) for each in request.decisions
            ),
            "named": tuple(each.model_copy(update={"reason": None}) for each in request.named),
            "questions": (),
        }
    )


def _for_auditor(entry: q.TrailEntry, me: PersonId) -> q.TrailEntry:
    return _class_and_dates(entry) if _is_reading(entry, me) else entry


def _is_reading(entry: q.TrailEntry, me: PersonId) -> bool:
    """Reading material is its owner's alone (RULES G2)."""
    return entry.record_class is RecordClass.REFERENCE_MATERIAL and entry.actor != me


def _for_hr(entry: q.TrailEntry) -> q.TrailEntry:
    """What HR keeps itself, people and policy, it may read; of the work, status and dates."""
    if entry.name.startswith(("employee.", "policy.")):
        return entry.model_copy(update={"text": {}})
    return _class_and_dates(entry)


def _class_and_dates(entry: q.TrailEntry) -> q.TrailEntry:
    return entry.model_copy(update={"text": {}, "says": None})


def _level_of(task: q.TaskView, person: PersonId) -> int | None:
    """At which level this person may decide, or has decided on what is shown now."""
    request = task.request
    if request is None:
        return None
    if request.seat is not None and request.seat.standing_of(person):
        return request.seat.level
    given = [
        each.card.level
        for each in request.decisions
        if each.approver == person and each.request == request.request
    ]
    return given[-1] if given else None


def may_decide(board: q.PlanView, person: PersonId) -> bool:
    """Whether an open level of one of the tasks is theirs to decide on the day asked about."""
    seats = (task.request.seat for task in board.tasks if task.request)
    return any(seat.standing_of(person) for seat in seats if seat)


def _decided(task: q.TaskView, person: PersonId) -> bool:
    decisions = task.request.decisions if task.request else ()
    return any(each.approver == person for each in decisions)
