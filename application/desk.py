"""The desk is what a handler works at: it recalls, looks people up, and collects writes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from ..domain import line
from ..domain.approval import Approval
from ..domain.disposal import DisposalRun
from ..domain.employee import Employee, Role, today
from ..domain.event import Event, Id, ItemId, PersonId, PlanId, ResultId, TaskId, Value
from ..domain.hold import Holds
from ..domain.line import Seat
from ..domain.plan import Plan, TaskStanding
from ..domain.policy import Policy
from ..domain.reference import ReferenceItem
from ..domain.refusals import (
    Outdated,
    PlanNotStarted,
    UnknownItem,
    UnknownPerson,
    UnknownRequest,
    UnknownResult,
)
from ..domain.result import Result
from ..domain.schedule import RetentionSchedule
from ..domain.sealed import Sealed
from ..domain.steps import Ground
from .aggregates import (
    APPROVAL,
    EMPLOYEE,
    HOLDS,
    HOLDS_STREAM,
    PLAN,
    POLICY,
    POLICY_STREAM,
    REFERENCE,
    RESULT,
    RUN,
    SCHEDULE,
    SCHEDULE_STREAM,
    Aggregate,
)
from .envelope import ENGINE
from .ports import Claim, GoneReads, Ids, Link, Moved, Session, Write

State = TypeVar("State", bound=Value)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, or the engine itself; `via` names the client that speaks for them.

    `roles` are those that whoever vouches for the person brings, beside those on record.
    """

    person: PersonId
    via: str = "library"
    roles: frozenset[Role] = frozenset()

    @property
    def is_engine(self) -> bool:
        return self.person == ENGINE


Handler = Callable[["Desk", Any], None]
"""What carries a command out: it reads and writes through the desk, and returns nothing."""

THE_ENGINE = Actor(ENGINE, via="engine")


class Desk:
    """One command's working place. What it recalls becomes the basis of what it writes."""

    def __init__(self, session: Session, actor: Actor, now: datetime, ids: Ids) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.new_id = ids
        self.basis: dict[str, int] = {}
        self.writes: list[Write] = []
        self.links: list[Link] = []
        self.shredded: list[tuple[str, str]] = []
        self.residue: list[tuple[str, str]] = []
        self.forgotten: list[PersonId] = []
        self.reads: list[GoneReads] = []
        self.claims: list[Claim] = []
        self.role = "employee"
        self.on_behalf_of: PersonId | None = None
        self.policy_version: int | None = None
        self._states: dict[tuple[str, str], Any] = {}

    def recall(self, aggregate: Aggregate[State], stream: str) -> State:
        place = (aggregate.name, stream)
        if place not in self._states:
            self.basis[stream], self._states[place] = self.session.recall(aggregate, stream)
        state: State = self._states[place]
        return state

    def write(
        self,
        aggregate: Aggregate[Any],
        stream: str,
        events: Sequence[Event],
        *,
        owner: PersonId,
        case: str | None = None,
    ) -> None:
        """What is written is seen at once by whatever the same command recalls later."""
        state = self.recall(aggregate, stream)
        for event in events:
            state = aggregate.evolve(state, event)
        self._states[aggregate.name, stream] = state
        if events:
            self.writes.append(Write(stream, aggregate, tuple(events), owner, case))

    def person(self, person: PersonId) -> Employee:
        return self.recall(EMPLOYEE, person)

    def known_person(self, person: PersonId) -> Employee:
        state = self.person(person)
        if not state.known:
            raise UnknownPerson
        return state

    @property
    def roles(self) -> frozenset[Role]:
        """The actor's: granted on record, or brought along."""
        return self.person(self.actor.person).roles | self.actor.roles

    def expect(self, versions: Mapping[str, int]) -> None:
        """Raises Outdated unless every stream still stands at the version that was looked at."""
        for stream, seen in versions.items():
            current = self.session.version(stream)
            if current != seen:
                raise Outdated(current=current)

    def hold_to(self, versions: Mapping[str, int]) -> None:
        """Raises Moved where a stream was recalled at another version than was looked at."""
        if any(self.basis.get(stream, seen) != seen for stream, seen in versions.items()):
            raise Moved

    def plan(self, plan: PlanId) -> Plan:
        state = self.recall(PLAN, plan)
        if state.employee is None:
            raise PlanNotStarted
        return state

    def result(self, result: ResultId) -> Result:
        state = self.recall(RESULT, result)
        if state.employee is None:
            raise UnknownResult
        return state

    def item(self, item: ItemId) -> ReferenceItem:
        state = self.recall(REFERENCE, item)
        if state.owner is None:
            raise UnknownItem
        return state

    def approval(self, task: TaskId) -> Approval:
        """Of a task for which somebody has asked."""
        state = self.recall(APPROVAL, task)
        if state.employee is None:
            raise UnknownRequest
        return state

    def policy(self) -> Policy:
        return self.recall(POLICY, POLICY_STREAM)

    def schedule(self) -> RetentionSchedule:
        return self.recall(SCHEDULE, SCHEDULE_STREAM)

    def holds(self) -> Holds:
        """What is read here stands in the basis: a hold placed meanwhile is seen."""
        return self.recall(HOLDS, HOLDS_STREAM)

    def run(self, run: Id) -> DisposalRun:
        return self.recall(RUN, run)

    def today(self, person: PersonId) -> date:
        """The date that this person's own clock shows."""
        return today(self.person(person), self.now)

    def ground(self, plan: Plan) -> Ground:
        """What the plan's decisions need to know from elsewhere."""
        assert plan.employee is not None
        employee = self.person(plan.employee)
        return Ground(
            today=today(employee, self.now),
            calendar=employee.calendar(self.policy().holidays),
            with_approvers=frozenset(
                task
                for task, state in plan.tasks.items()
                if state.standing is TaskStanding.SETTLED and self._held(task)
            ),
        )

    def _held(self, task: TaskId) -> bool:
        return self.recall(APPROVAL, task).holds_task

    def seat(self, approval: Approval, level: int | None = None) -> Seat:
        """Who may decide a level of this request today."""
        assert approval.employee is not None
        return line.seat(
            approval.level if level is None else level,
            employee=approval.employee,
            people=self.person,
            on=self.today(approval.employee),
            named=approval.named,
            decided=approval.decided,
        )

    def may_be_named(self, approval: Approval, person: PersonId, level: int) -> bool:
        assert approval.employee is not None
        return line.may_be_named(
            person,
            employee=approval.employee,
            barred=self._barred(approval, level),
            people=self.person,
            on=self.today(approval.employee),
        )

    def _barred(self, approval: Approval, level: int) -> Collection[PersonId]:
        decided = approval.decided.items()
        return {person for at, people in decided if at != level for person in people}

    def line_manager(self, person: PersonId) -> PersonId | None:
        """The first who serves above somebody, today."""
        above = line.holders_above(person, self.person, self.today(person))
        return next(above, None)


def sealed(text: str, *, about: PersonId | None = None) -> Sealed:
    return Sealed.of(text, about=about)


def sealed_or_none(text: str | None) -> Sealed | None:
    return None if text is None else Sealed.of(text)
