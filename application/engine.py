"""The engine: a command in, a receipt out; a question in, an answer out."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from ..domain import schedule
from ..domain.event import Event, Id, PersonId, PlanId
from ..domain.refusals import NothingToDispose, Refusal, Stale
from . import (
    access,
    access_log,
    approvals,
    disposals,
    employees,
    files,
    operations,
    packing,
    plans,
    policies,
    records,
    references,
    results,
    visibility,
)
from .access_log import AccessEntry, Concerned, Seen
from .aggregates import HOLDS_STREAM, SCHEDULE, SCHEDULE_STREAM
from .commands import CertifyDisposal, CloseCases, Command, DestroyNext, DiscardItem, ResumeErasure
from .desk import THE_ENGINE, Actor, Desk, Handler
from .envelope import Envelope
from .news import News
from .packing import Leaving
from .ports import (
    AccessLog,
    Answers,
    Arriving,
    Clock,
    Decided,
    Files,
    Ids,
    Journal,
    Look,
    Moved,
    Opened,
    Receipt,
    Recorded,
    Session,
    Uploaded,
)
from .questions import Disposal, DueDates, FileView, Question, Sight, SuspendedErasures
from .reactions import NAMES, OVER, react, released, to_be_carried_out

log = logging.getLogger("countersign")

DESKS = (
    employees,
    policies,
    plans,
    results,
    references,
    files,
    approvals,
    records,
    operations,
)

HANDLES: dict[type[Command], Handler] = {
    command: handler for desk in DESKS for command, handler in desk.HANDLES.items()
}

DESTROYS = (DestroyNext, DiscardItem, CertifyDisposal)
"""Commands that are one transaction with what is destroyed, or noted of it, in other tables."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A command with who gives it, under which id, and what they take for granted."""

    command: Command
    actor: Actor
    id: str
    cause: str | None = None
    correlation: str | None = None
    case: PlanId | None = None
    expecting: Mapping[str, int] = field(default_factory=dict)


class Engine:
    """countersign, as a host meets it. Threads may share one."""

    def __init__(
        self,
        journal: Journal,
        answers: Answers,
        files: Files,
        clock: Clock,
        ids: Ids,
        log: AccessLog,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._answers = answers
        self._files = files
        self._clock = clock
        self._ids = ids
        self._log = log
        self._close = close
        self._log_swept: tuple[object, ...] = ()
        self.news = News(journal, answers, clock, self._note)

    def handle(
        self,
        command: Command,
        actor: Actor,
        *,
        command_id: str | None = None,
        cause: str | None = None,
        correlation: str | None = None,
        connection: object | None = None,
        case: PlanId | None = None,
        expecting: Mapping[str, int] | None = None,
    ) -> Receipt:
        """Decides and writes; returns what was written and the journal's position after it.

        The same `command_id` from the same actor returns its first receipt. With `connection`,
        the host's own, the receipt is provisional until the host has committed and called
        `settle`. Raises a Refusal; nothing is written then: a NotFound also where what is named
        lies in another case than `case`, and Outdated where a stream no longer stands at the
        version in `expecting`.
        """
        asked = _Asked(
            command=command,
            actor=actor,
            id=command_id or self._ids(),
            cause=cause,
            correlation=correlation,
            case=case,
            expecting=expecting or {},
        )
        receipt = self._decided(asked, connection)
        if connection is None:
            self._react(receipt)
        return receipt

    def _decided(self, asked: "_Asked", connection: object | None) -> Receipt:
        decide = partial(self._decide, asked, connection)
        try:
            return decide()
        except Moved:
            return self._once_more(decide)

    def schedule_version(self, number: int) -> schedule.Version:
        """A version of the retention schedule that was ever in force. Raises UnknownSchedule."""
        with self._journal.session() as session:
            _, state = session.recall(SCHEDULE, SCHEDULE_STREAM)
        return state.version(number)

    def begin_disposal(self, run: Id, actor: Actor) -> None:
        """The first item of an approved run goes, in this person's name; nothing reacts to it.

        What follows is `carry_out`'s. Raises a Refusal where it may not begin.
        """
        asked = _Asked(command=DestroyNext(run=run, at_most=1), actor=actor, id=self._ids())
        self._decided(asked, None)

    def carry_out(self, run: Id, told: Callable[[int, int], None] = lambda done, of: None) -> None:
        """Goes on with an approved disposal run until it is certified; may be repeated.

        `told` hears how many of how many items have been dealt with. Raises a Refusal where the
        run is not approved, or must be handed over to an archive first.
        """
        disposals.carry_out(self._journal, self._carried, run, told)

    def _carried(self, command: Command) -> Receipt:
        """By the engine, and nothing reacts: whoever carries out looks after the rest."""
        asked = _Asked(command=command, actor=THE_ENGINE, id=self._ids())
        return self._decided(asked, None)

    def _once_more(self, decide: Callable[[], Receipt]) -> Receipt:
        try:
            return decide()
        except Moved:
            raise Stale from None

    def rehearse(self, command: Command, actor: Actor) -> tuple[Event, ...]:
        """What handling the command would write now; writes nothing. Raises a Refusal."""
        with self._journal.session() as session:
            desk = self._desk(session, _Asked(command=command, actor=actor, id=""))
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
        shown: int | None = None,
        look: Look | None = None,
    ) -> Any:
        """Answers from the projections, with what this reader may see.

        `after` waits for one's own write; `as_of` is a moment or a position; `effective` is the
        day for which organisation facts are taken (default: today, or the day of `as_of`).
        What others than the employee and the deciding approver are shown is logged; an auditor's
        read and the trail of a person before the answer is given. Raises NotLogged then. Who
        asks for more of a list than will be `shown`, to know whether there is more, says so. With
        a `look` the answer is of that moment or a later one.
        """
        answers = look or self._answers.look()
        if after is not None:
            answers.wait_for(after.position)
        at = self._position(as_of)
        return visibility.show(
            answers,
            question,
            actor,
            at=at,
            on=effective or self._day(as_of),
            today=self._clock().date(),
            log=partial(self._log_read, question, actor, at, effective, shown),
        )

    def glance(
        self,
        question: Question,
        actor: Actor,
        *,
        after: Receipt | None = None,
        as_of: datetime | int | None = None,
        effective: date | None = None,
    ) -> Any:
        """As `ask`, whole and with its text sealed, to be shown to nobody: nothing is logged."""
        if after is not None:
            self._answers.wait_for(after.position)
        return visibility.seen(
            self._answers,
            question,
            actor,
            at=self._position(as_of),
            on=effective or self._day(as_of),
            today=self._clock().date(),
        )

    def exported(
        self,
        what: str,
        actor: Actor,
        concerned: Iterable[Concerned],
        *,
        reason: str | None = None,
    ) -> None:
        """Logs an export, named by a word of ours, to be called before anything leaves.

        Raises NotLogged; nothing may leave then.
        """
        if not what.isidentifier():
            raise ValueError("An export is named by a word of ours, such as transfer_pack.")
        about = [each for each in concerned if each.person != actor.person]
        if not actor.is_engine:
            self._note(what, actor, about, strict=True, reason=reason, is_export=True)

    def begin_pack(self, run: Id, actor: Actor) -> Leaving:
        """What a pack of an approved run is made of, to be called before anything is written.

        It is logged as an export of each whose item is on the list. Raises NotFound, RoleNeeded,
        RunNotApproved or NotLogged; nothing may be packed then.
        """
        self.ask(Disposal(run=run), actor)
        with self._journal.session() as session:
            desk = Desk(session, actor, self._clock(), self._ids)
            access.in_service(desk)
            access.keeps_records(desk)
            found = packing.leaving(desk, run)
        self.exported(packing.EXPORT, actor, found.concerned)
        return found

    def upload(self, actor: Actor, declared: str | None = None) -> Arriving:
        """Takes a file in, before a command says what it is evidence of.

        `declared` is the type that it calls itself, if it does. Raises TooManyUploads.
        """
        now = self._clock()
        with self._journal.session() as session:
            access.in_service(Desk(session, actor, now, self._ids))
        return self._files.begin(actor.person, declared, now)

    def uploads(self, actor: Actor) -> list[Uploaded]:
        """One's own uploads that wait to be attached."""
        return self._files.waiting(actor.person, self._clock())

    def withdraw_upload(self, actor: Actor, upload: Id) -> None:
        """Its bytes and its key are gone. Raises UnknownUpload."""
        self._files.withdraw(actor.person, upload)

    @property
    def largest_file(self) -> int:
        """How many bytes a file may have."""
        return self._files.limit

    def open_file(
        self,
        copy_id: Id,
        actor: Actor,
        *,
        plan: PlanId | None = None,
        within: Id | None = None,
        reason: str | None = None,
    ) -> tuple[FileView, Opened]:
        """A file of a plan's results, or (without a plan) of one's own reading material.

        `within` is the result or the item that it must belong to; `reason` an auditor's.
        Raises NotFound for what is not there, or not for this reader; FileDestroyed.
        """
        ask = partial(self.ask, actor=actor)
        view = files.seen(ask, actor.person, copy_id, plan=plan, within=within, reason=reason)
        return view, self._files.open(view.copy_id, view.size, view.commitment)

    def sweep_uploads(self) -> int:
        """Destroys what was uploaded and not attached within a day."""
        return self._files.sweep(self._clock())

    def position_at(self, moment: datetime) -> int:
        """The journal's last position that was recorded by a moment."""
        return self._answers.position_at(moment)

    def position(self) -> int:
        """The journal's newest position."""
        return self._journal.position()

    def is_current(self) -> bool:
        """Whether the database has the tables that this version knows."""
        return self._journal.is_current()

    def version(self, stream: str) -> int:
        """The version at which a stream stands, for `expecting`."""
        return self._journal.version(stream)

    def look(self) -> Look:
        """What several questions may share: asked with it, they are looked up once."""
        return self._answers.look()

    def whose(self, kind: str, value: str, issuer: str | None = None) -> PersonId | None:
        """Who goes by this `number`, `login` or `email`, or is this issuer's subject (`oidc`)."""
        return self._journal.whose(kind, value, issuer)

    def now(self) -> datetime:
        return self._clock()

    def close(self) -> None:
        self._close()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _decide(self, asked: "_Asked", connection: object | None) -> Receipt:
        """Recall, decide, append: the road of every command."""
        actor, command = asked.actor, asked.command
        content = f"{type(command).__name__}:{command.model_dump_json()}".encode()
        with self._open(connection, asked.command) as session:
            if first := session.receipt(actor.person, asked.id, content):
                return first
            try:
                desk = self._desk(session, asked)
            except Refusal:
                # It may be refused for what it has done itself: sent twice at once.
                if first := session.receipt(actor.person, asked.id, content):
                    return first
                raise
            envelope = Envelope(
                actor=actor.person,
                role=desk.role,
                via=actor.via,
                command=asked.id,
                occurred=desk.now,
                on_behalf_of=desk.on_behalf_of,
                cause=asked.cause,
                correlation=asked.correlation or asked.id,
                policy=desk.policy_version,
            )
            return session.append(
                Decided(
                    writes=tuple(desk.writes),
                    basis=tuple({**desk.basis, **asked.expecting}.items()),
                    envelope=envelope,
                    links=tuple(desk.links),
                    shredded=tuple(desk.shredded),
                    residue=tuple(desk.residue),
                    forgotten=tuple(desk.forgotten),
                    reads=tuple(desk.reads),
                    claims=tuple(desk.claims),
                    content=content,
                )
            )

    def _open(self, connection: object | None, command: Command) -> AbstractContextManager[Session]:
        return self._journal.session(connection, destroys=isinstance(command, DESTROYS))

    def _desk(self, session: Session, asked: "_Asked") -> Desk:
        command = asked.command
        desk = Desk(session, asked.actor, self._clock(), self._ids)
        if asked.case is not None:
            access.within(desk, command, asked.case)
        access.admit(desk, command)
        desk.expect(asked.expecting)
        HANDLES[type(command)](desk, command)
        desk.hold_to(asked.expecting)
        return desk

    def _react(self, receipt: Receipt) -> None:
        """The only bend in the house: events in, commands out; twice does no harm."""
        events = [recorded for recorded in receipt.events if recorded.name in NAMES]
        for recorded in events:
            self._react_to(recorded)
        for run in dict.fromkeys(filter(None, map(to_be_carried_out, events))):
            self.carry_out(run)

    def _react_to(self, recorded: Recorded) -> None:
        for reaction, command in react(recorded):
            self._as_reaction(recorded, reaction, command)
        if hold := released(recorded):
            self._resume(recorded, hold)

    def _as_reaction(self, recorded: Recorded, reaction: str, command: Command) -> None:
        self.handle(
            command,
            THE_ENGINE,
            command_id=f"{recorded.envelope.id}:{reaction}",
            cause=recorded.envelope.id,
            correlation=recorded.envelope.correlation,
        )

    def _resume(self, recorded: Recorded, hold: Id) -> None:
        """Erasures that a hold had suspended go on by themselves once it is released."""
        self._answers.wait_for(recorded.position)
        question = SuspendedErasures(hold=hold)
        for run in self._answers.answer(question, at=None, on=self._clock().date()):
            with suppress(NothingToDispose):  # another hold covers it too
                self._as_reaction(recorded, f"resume:{run}", ResumeErasure(run=run))

    def catch_up_reactions(self, after: int = 0) -> int:
        """Runs what a crash may have left undone since a position; returns how far all is done.

        A disposal run is gone on with once, however many of its events there are, and only where
        no certificate is among them. One that cannot go on just now is told, and tried next time.
        """
        seen = self._journal.position()
        begun: dict[Id, int] = {}
        for recorded in self._journal.follow(after, NAMES):
            self._react_to(recorded)
            seen = max(seen, recorded.position)
            if recorded.name in OVER:
                begun.pop(recorded.stream, None)
            elif run := to_be_carried_out(recorded):
                begun.setdefault(run, recorded.position)
        stuck = [at for run, at in begun.items() if not self._went_on(run)]
        return min(stuck) - 1 if stuck else seen

    def _went_on(self, run: Id) -> bool:
        try:
            self.carry_out(run)
        except Refusal as refusal:
            log.warning("disposal run %s cannot go on just now: %s", run, type(refusal).__name__)
            return False
        return True

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
        swept = disposals.sweep(self._answers, self.handle, self._clock())
        return len(leaving) + swept + self._sweep_access_log()

    def _sweep_access_log(self) -> int:
        """Once a day, and whenever a hold or the schedule has changed: nothing else lets it go."""
        ground = (
            self._clock().date().isoformat(),
            self._journal.version(SCHEDULE_STREAM),
            self._journal.version(HOLDS_STREAM),
        )
        if ground == self._log_swept:
            return 0
        swept = disposals.sweep_access_log(self.handle, ground)
        self._log_swept = ground
        return swept

    def _log_read(
        self,
        question: Question,
        actor: Actor,
        at: int | None,
        on: date | None,
        shown: int | None,
        seen: Seen,
    ) -> None:
        self._note(
            type(question).__name__,
            actor,
            access_log.concerned(question, seen.first(shown), actor.person),
            strict=access_log.is_strict(question, seen.sight),
            as_of=at,
            effective=on,
            reason=question.reason if seen.sight is Sight.AUDITOR else None,
            daily=access_log.is_daily(question, seen.sight),
        )

    def _note(
        self,
        what: str,
        actor: Actor,
        about: Sequence[Concerned],
        *,
        strict: bool,
        as_of: int | None = None,
        effective: date | None = None,
        **more: Any,
    ) -> None:
        """As of now and for today are not said."""
        if not about:
            return
        now, position = self._clock(), self._journal.position()
        entries = [
            AccessEntry(
                at=now,
                reader=actor.person,
                via=actor.via,
                sight=each.sight,
                what=what,
                person=each.person,
                case=each.case,
                position=position,
                as_of=None if as_of == position else as_of,
                effective=None if effective == now.date() else effective,
                **more,
            )
            for each in about
        ]
        self._log.note(entries, strict=strict)

    def _position(self, as_of: datetime | int | None) -> int | None:
        if isinstance(as_of, datetime):
            return self._answers.position_at(as_of)
        return as_of

    def _day(self, as_of: datetime | int | None) -> date:
        return (as_of if isinstance(as_of, datetime) else self._clock()).date()
