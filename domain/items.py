"""Items: what is kept and goes as one, with the facts that its retention is worked out from.

An item is a stream, or a record copy within one. What starts its period follows from the states of
the aggregates (RULES G1); nothing is stored that could come to differ from them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

from .approval import Approval, Phase
from .employee import Employee
from .event import Id, ItemId, PersonId, PlanId, RecordClass, TaskId, Value
from .plan import Plan
from .reference import ReferenceItem
from .result import Result
from .schedule import Group

OBJECTION_DAYS = 30
"""RULES E7: a decline may be objected to that long; until then it has not ended."""


class ItemKind(StrEnum):
    REFERENCE = "reference"
    COPY = "copy"
    RESULT = "result"
    REQUEST = "request"
    PLAN = "plan"
    PERSON = "person"
    ACCESS_LOG = "access_log"


class Awaited(StrEnum):
    """The event that the period of an item waits for."""

    REQUEST_ENDS = "request_ends"
    PLAN_ENDS = "plan_ends"
    PERSON_LEAVES = "person_leaves"


class Item(Value):
    """`triggered_on` may lie ahead: an acceptance ends on a day that is known beforehand.

    `persons` are those whom it is about; `copies` the record copies that lie in its stream and
    go by themselves.
    """

    item: ItemId
    kind: ItemKind
    record_class: RecordClass
    group: Group
    stream: Id
    owner: PersonId
    case: PlanId | None = None
    persons: tuple[PersonId, ...] = ()
    created_on: date | None = None
    triggered_on: date | None = None
    awaits: Awaited | None = None
    noticed_on: date | None = None
    discarded: bool = False
    copies: tuple[ItemId, ...] = ()


def of_reference(item: ItemId, state: ReferenceItem) -> Item:
    """Reading material is its owner's alone; being cited makes a copy, and no record of it."""
    assert state.owner is not None
    return Item(
        item=item,
        kind=ItemKind.REFERENCE,
        record_class=RecordClass.REFERENCE_MATERIAL,
        group=Group.READING,
        stream=item,
        owner=state.owner,
        persons=(state.owner,),
        created_on=state.kept_on,
        noticed_on=state.noticed_on,
        discarded=state.discarded,
    )


def of_person(person: PersonId, state: Employee) -> Item:
    """Names and addresses; what somebody did stands under their id, and stays."""
    first = min((each.effective for each in state.service), default=None)
    return Item(
        item=person,
        kind=ItemKind.PERSON,
        record_class=RecordClass.PROCESS_RECORD,
        group=Group.PEOPLE,
        stream=person,
        owner=person,
        persons=(person,),
        created_on=first,
        triggered_on=state.left_on,
        awaits=None if state.left_on else Awaited.PERSON_LEAVES,
    )


def of_log_month(month: Id, newest: date, keeper: PersonId) -> Item:
    """What others have read of people in a month; the item itself is about nobody."""
    return Item(
        item=month,
        kind=ItemKind.ACCESS_LOG,
        record_class=RecordClass.CONTROL_RECORD,
        group=Group.ACCESS,
        stream=month,
        owner=keeper,
        created_on=newest,
    )


class Case(Value):
    """A plan with its requests and results: what the periods of all its items are worked out from.

    A task's request stands under the task's id.
    """

    plan: PlanId
    state: Plan
    requests: Mapping[TaskId, Approval]
    results: Mapping[Id, Result]

    @property
    def employee(self) -> PersonId:
        assert self.state.employee is not None
        return self.state.employee

    def items(self) -> tuple[Item, ...]:
        """Everything of the case that can be disposed of, in an order that is always the same."""
        return (
            self.of_plan(),
            *(self.of_request(task) for task in sorted(self._asked)),
            *(self.of_result(result) for result in sorted(self.results)),
            *(
                self.of_copy(result, copy)
                for result in sorted(self.results)
                for copy in sorted(self.results[result].copies)
            ),
        )

    def of_plan(self) -> Item:
        """As long as the longest of its requests, and never before the plan itself has ended."""
        ends = [self._ended(task) for task in self._asked]
        submitted = bool(self._asked)
        closed = self.state.closed_on
        open_ = closed is None or any(end is None for end in ends)
        return self._item(
            self.plan,
            ItemKind.PLAN,
            submitted=submitted,
            created_on=self.state.started_on,
            triggered_on=None if open_ else _latest(closed, *ends),
            awaits=Awaited.PLAN_ENDS if closed is None else Awaited.REQUEST_ENDS,
        )

    def of_request(self, task: TaskId) -> Item:
        return self._item(
            task,
            ItemKind.REQUEST,
            submitted=True,
            created_on=self.requests[task].asked_on,
            triggered_on=self._ended(task),
            awaits=Awaited.REQUEST_ENDS,
            approvers=_approvers(self.requests[task]),
        )

    def of_result(self, result: Id) -> Item:
        state = self.results[result]
        return self._of_finding(result, ItemKind.RESULT, state, state.noted_on, stream=result)

    def of_copy(self, result: Id, copy: ItemId) -> Item:
        """A copy is kept as long as the result that cites it."""
        state = self.results[result]
        return self._of_finding(copy, ItemKind.COPY, state, state.copies[copy], stream=result)

    def _of_finding(
        self, item: ItemId, kind: ItemKind, state: Result, made: date | None, *, stream: Id
    ) -> Item:
        assert state.task is not None
        submitted = state.task in self._asked
        ended = self._ended(state.task) if submitted else self.state.closed_on
        return self._item(
            item,
            kind,
            stream=stream,
            submitted=submitted,
            created_on=made,
            triggered_on=ended,
            awaits=Awaited.REQUEST_ENDS if submitted else Awaited.PLAN_ENDS,
            copies=tuple(sorted(state.copies)) if kind is ItemKind.RESULT else (),
        )

    def _item(
        self,
        item: ItemId,
        kind: ItemKind,
        *,
        submitted: bool,
        created_on: date | None,
        triggered_on: date | None,
        awaits: Awaited,
        stream: Id | None = None,
        approvers: Iterable[PersonId] = (),
        copies: tuple[ItemId, ...] = (),
    ) -> Item:
        return Item(
            item=item,
            kind=kind,
            record_class=RecordClass.PROCESS_RECORD,
            group=Group.SUBMITTED if submitted else Group.NEVER_SUBMITTED,
            stream=stream or item,
            owner=self.employee,
            case=self.plan,
            persons=tuple(sorted({self.employee, *approvers})),
            created_on=created_on,
            triggered_on=triggered_on,
            awaits=None if triggered_on else awaits,
            copies=copies,
        )

    @property
    def _asked(self) -> Sequence[TaskId]:
        return [task for task, state in self.requests.items() if state.request]

    def _ended(self, task: TaskId) -> date | None:
        return ended_on(self.requests[task])


def ended_on(approval: Approval) -> date | None:
    """The day on which a request's use is over (RULES G1); None while it may still be decided.

    Asking again suspends it: a new request is open then. An acceptance runs until it expires.
    """
    match approval.phase:
        case Phase.ENABLED:
            return approval.until
        case Phase.DECLINED if approval.ended_on is not None:
            return approval.ended_on + timedelta(days=OBJECTION_DAYS)
        case Phase.WITHDRAWN | Phase.ENDED | Phase.FROZEN:
            return approval.ended_on
    return None


def _approvers(approval: Approval) -> set[PersonId]:
    decided = {person for each in approval.decided.values() for person in each}
    return decided | set(approval.named.values())


def _latest(first: date | None, *more: date | None) -> date:
    return max(day for day in (first, *more) if day is not None)
