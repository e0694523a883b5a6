"""The engine: a command in, a receipt out; a question in, an answer out."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from ..domain.event import Event
from ..domain.refusals import Refusal, Stale
from . import (
    access,
    approvals,
    employees,
    operations,
    plans,
    policies,
    references,
    results,
    visibility,
)
from .commands import CloseCases, Command
from .desk import THE_ENGINE, Actor, Desk, Handler
from .envelope import Envelope
from .ports import Answers, Clock, Decided, Ids, Journal, Moved, Receipt, Session
from .questions import DueDates, Question
from .reactions import NAMES, react

DESKS = (employees, policies, plans, results, references, approvals, operations)

HANDLES: dict[type[Command], Handler] = {
    command: handler for desk in DESKS for command, handler in desk.HANDLES.items()
}


class Engine:
    """countersign, as a host meets it. Threads may share one."""

    def __init__(
        self,
        journal: Journal,
        answers: Answers,
        clock: Clock,
        ids: Ids,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._answers = answers
        self._clock = clock
        self._ids = ids
        self._close = close

    def handle(
        self,
        command: Command,
        actor: Actor,
        *,
        command_id: str | None = None,
        cause: str | None = None,
        correlation: str | None = None,
        connection: object | None = None,
    ) -> Receipt:
        """Decides and writes; returns what was written and the journal's position after it.

        The same `command_id` from the same actor returns its first receipt. With `connection`,
        the host's own, the receipt is provisional until the host has committed and called
        `settle`. Raises a Refusal; nothing is written then.
        """
        command_id = command_id or self._ids()
        decide = partial(self._decide, command, actor, command_id, cause, correlation, connection)
        try:
            receipt = decide()
        except Moved:
            receipt = self._once_more(decide)
        if connection is None:
            self._react(receipt)
        return receipt

    def _once_more(self, decide: Callable[[], Receipt]) -> Receipt:
        try:
            return decide()
        except Moved:
            raise Stale from None

    def rehearse(self, command: Command, actor: Actor) -> tuple[Event, ...]:
        """What handling the command would write now; writes nothing. Raises a Refusal."""
        with self._journal.session() as session:
            desk = self._desk(session, command, actor)
            return tuple(event for write in desk.writes for event in write.events)

    def settle(self, receipt: Receipt) -> None:
        """The host has committed the transaction in which this receipt was given."""
        self._journal.settled(receipt)
        self._react(receipt)

    def ask(
        self,
        question: Question,
        actor: Actor,
        *,
        after: Receipt | None = None,
        as_of: datetime | int | None = None,
        effective: date | None = None,
    ) -> Any:
        """Answers from the projections, with what this reader may see.

        `after` waits for one's own write; `as_of` is a moment or a position; `effective` is the
        day for which organisation facts are taken (default: today, or the day of `as_of`).
        """
        if after is not None:
            self._answers.wait_for(after.position)
        at = self._position(as_of)
        on = effective or self._day(as_of)
        today = self._clock().date()
        return visibility.show(self._answers, question, actor, at=at, on=on, today=today)

    def position_at(self, moment: datetime) -> int:
        """The journal's last position that was recorded by a moment."""
        return self._answers.position_at(moment)

    def now(self) -> datetime:
        return self._clock()

    def close(self) -> None:
        self._close()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _decide(
        self,
        command: Command,
        actor: Actor,
        command_id: str,
        cause: str | None,
        correlation: str | None,
        connection: object | None,
    ) -> Receipt:
        """Recall, decide, append: the road of every command."""
        content = f"{type(command).__name__}:{command.model_dump_json()}".encode()
        with self._open(connection) as session:
            if first := session.receipt(actor.person, command_id, content):
                return first
            try:
                desk = self._desk(session, command, actor)
            except Refusal:
                # It may be refused for what it has done itself: sent twice at once.
                if first := session.receipt(actor.person, command_id, content):
                    return first
                raise
            envelope = Envelope(
                actor=actor.person,
                role=desk.role,
                via=actor.via,
                command=command_id,
                occurred=desk.now,
                on_behalf_of=desk.on_behalf_of,
                cause=cause,
                correlation=correlation or command_id,
                policy=desk.policy_version,
            )
            return session.append(
                Decided(
                    writes=tuple(desk.writes),
                    basis=tuple(desk.basis.items()),
                    envelope=envelope,
                    links=tuple(desk.links),
                    shredded=tuple(desk.shredded),
                    content=content,
                )
            )

    def _open(self, connection: object | None) -> AbstractContextManager[Session]:
        return self._journal.session(connection)

    def _desk(self, session: Session, command: Command, actor: Actor) -> Desk:
        desk = Desk(session, actor, self._clock(), self._ids)
        access.admit(desk, command)
        HANDLES[type(command)](desk, command)
        return desk

    def _react(self, receipt: Receipt) -> None:
        """The only bend in the house: events in, commands out; twice does no harm."""
        for recorded in receipt.events:
            if recorded.name not in NAMES:
                continue
            for reaction, command in react(recorded):
                self.handle(
                    command,
                    THE_ENGINE,
                    command_id=f"{recorded.envelope.id}:{reaction}",
                    cause=recorded.envelope.id,
                    correlation=recorded.envelope.correlation,
                )

    def catch_up_reactions(self, after: int = 0) -> int:
        """Runs what a crash may have left undone since a position; returns the newest seen."""
        seen = after
        for recorded in self._journal.follow(after, NAMES):
            self._react(Receipt(position=recorded.position, events=(recorded,)))
            seen = recorded.position
        return seen

    def fire_due(self) -> int:
        """Does what fell due by itself up to yesterday; each only once. Returns how many."""
        yesterday = self._clock().date() - timedelta(days=1)
        question = DueDates(until=yesterday, kind="leaving")
        leaving = self._answers.answer(question, at=None, on=yesterday)
        for each in leaving:
            self.handle(
                CloseCases(person=each.person),
                THE_ENGINE,
                command_id=f"leaving:{each.person}:{each.due_on}",
            )
        return len(leaving)

    def _position(self, as_of: datetime | int | None) -> int | None:
        if isinstance(as_of, datetime):
            return self._answers.position_at(as_of)
        return as_of

    def _day(self, as_of: datetime | int | None) -> date:
        return (as_of if isinstance(as_of, datetime) else self._clock()).date()
