"""Approval: one task's request, accepted by the line manager and then by the level above.

RULES E. Three rules may never break: the two acceptances come from two different people, neither
the employee; each decided as the rightful approver, a recorded stand-in or a named person; and
both name the same frozen evidence version.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum

from pydantic import Field

from .calendar import Period, add_months, moved_by
from .event import Event, Id, PersonId, PlanId, ResultId, TaskId, Value
from .lifecycle import Step
from .line import LEVELS, Seat, Standing
from .plan import ValueKind
from .policy import Terms
from .refusals import (
    AlreadyAsked,
    AlreadyEnabled,
    CannotBeNamed,
    CaseFrozen,
    DecidedOtherLevel,
    EvidenceExpired,
    InvolvedInCase,
    LastRound,
    LevelAlreadyDecided,
    NoResultToShow,
    NothingNew,
    NothingToDecide,
    NothingToWithdraw,
    NotInEvidence,
    NotTheApprover,
    OwnQuestion,
    OwnWork,
    StaleEvidence,
    UnknownLevel,
    UnknownQuestion,
)
from .sealed import Sealed


class Phase(StrEnum):
    """Where a request stands."""

    NOT_ASKED = "not_asked"
    OPEN = "open"
    RETURNED = "returned"
    ENABLED = "enabled"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    FROZEN = "frozen"


class PerceivedValue(StrEnum):
    """What the approver sees, shown beside what was expected (RULES E3)."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    NOT_SEEN = "not_seen"


class EndReason(StrEnum):
    LEFT = "left"
    GIVEN_UP = "given_up"
    NO_RESULT_LEFT = "no_result_left"


class FrozenResult(Value):
    result: ResultId
    revision: int


class EvidenceVersion(Value):
    """What the approvers are shown, by reference: frozen, numbered, and bound by its digest.

    Practice stands here as a count of days, never as the log (RULES F2).
    """

    number: int
    results: tuple[FrozenResult, ...]
    use_revision: int
    routine_revision: int
    practice_days: int
    practice_from: date
    practice_until: date
    digest: str

    def same_content(self, other: "EvidenceVersion") -> bool:
        return self.digest == other.digest


class Because(Value):
    """Every acceptance cites a result and the need that it serves; no words: the need as stated."""

    result: ResultId
    need: Sealed | None = None


class DecisionCard(Value):
    """The ground that a decision stood on, at its moment (design, section 3)."""

    level: int
    standing: Standing
    on_behalf_of: PersonId | None
    line: tuple[PersonId, ...]
    policy_version: int
    evidence: int
    digest: str
    value_expected: ValueKind


class Acceptance(Value):
    approver: PersonId
    holder: PersonId
    evidence: int


class Question(Value):
    id: Id
    by: PersonId


class Approval(Value):
    employee: PersonId | None = None
    plan: PlanId | None = None
    task: TaskId | None = None
    phase: Phase = Phase.NOT_ASKED
    request: int = 0
    round: int = 0
    level: int = 0
    evidence: EvidenceVersion | None = None
    value_expected: ValueKind = ValueKind.DIRECT
    acceptances: dict[int, Acceptance] = Field(default_factory=dict)
    named: dict[int, PersonId] = Field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    terms: Terms = Terms()
    policy_version: int = 1
    declined_evidence: str | None = None
    asked_on: date | None = None
    ended_on: date | None = None
    enabled_on: date | None = None
    until: date | None = None

    @property
    def is_open(self) -> bool:
        return self.phase is Phase.OPEN

    @property
    def holds_task(self) -> bool:
        """While it is with approvers or enabled, the task's use and routine stand still."""
        return self.phase in (Phase.OPEN, Phase.ENABLED, Phase.FROZEN)

    @property
    def decided(self) -> dict[int, tuple[PersonId, PersonId]]:
        """By level: who accepted, and on whose behalf; all are barred from the other level."""
        return {at: (each.approver, each.holder) for at, each in self.acceptances.items()}


class AcceptanceAsked(Event):
    """Asking freezes an evidence version (RULES E2); `terms` pins the policy in full."""

    name = "approval.asked.v1"

    employee: PersonId
    plan: PlanId
    task: TaskId
    request: int
    round: int
    evidence: EvidenceVersion
    value_expected: ValueKind
    policy_version: int
    terms: Terms
    on: date


class EvidenceChanged(Event):
    """The request goes back to level 1, with the difference shown."""

    name = "approval.evidence_changed.v1"

    evidence: EvidenceVersion
    added: tuple[ResultId, ...]
    removed: tuple[ResultId, ...]
    amended: tuple[ResultId, ...]
    on: date


class TaskAccepted(Event):
    name = "approval.accepted.v1"

    approver: PersonId
    card: DecisionCard
    because: Because
    value_perceived: PerceivedValue
    on: date


class TaskEnabled(Event):
    """Both levels have accepted: the employee is social media-enabled for this task."""

    name = "approval.enabled.v1"

    employee: PersonId
    task: TaskId
    until: date
    on: date


class TaskDeclined(Event):
    name = "approval.declined.v1"

    approver: PersonId
    card: DecisionCard
    reason: Sealed
    on: date


class TaskReturned(Event):
    name = "approval.returned.v1"

    approver: PersonId
    card: DecisionCard
    missing: Sealed
    to_step: Step
    on: date


class QuestionAsked(Event):
    """Moves nothing; wakes the other side."""

    name = "approval.question_asked.v1"

    question: Id
    by: PersonId
    text: Sealed
    on: date


class QuestionAnswered(Event):
    name = "approval.question_answered.v1"

    question: Id
    by: PersonId
    text: Sealed
    on: date


class RequestWithdrawn(Event):
    name = "approval.withdrawn.v1"

    on: date


class ApproverNamed(Event):
    """By HR: its own event, with a reason, shown everywhere; it never accepts (RULES E5, E8)."""

    name = "approval.approver_named.v1"

    level: int
    approver: PersonId
    reason: Sealed
    on: date


class TaskConfirmed(Event):
    """After a change of job the employee says that the task remains (RULES E13)."""

    name = "approval.task_confirmed.v1"

    on: date


class ValidityMoved(Event):
    """A leave of over 30 days pauses validity (RULES E13)."""

    name = "approval.validity_moved.v1"

    until: date
    on: date


class ApprovalEnded(Event):
    name = "approval.ended.v1"

    reason: EndReason
    on: date


class CaseFroze(Event):
    """The employee left while the request was open."""

    name = "approval.frozen.v1"

    on: date


def evolve(approval: Approval, event: Event) -> Approval:
    match event:
        case AcceptanceAsked():
            change = _asked(approval, event)
        case EvidenceChanged(evidence=evidence):
            change = {"evidence": evidence, "level": 1, "acceptances": {}}
        case TaskAccepted():
            change = _accepted(approval, event)
        case TaskEnabled(on=on, until=until):
            change = {"phase": Phase.ENABLED, "level": 0, "enabled_on": on, "until": until}
        case ValidityMoved(until=until):
            change = {"until": until}
        case TaskDeclined(card=card, on=on):
            change = {**_over(Phase.DECLINED, on), "declined_evidence": card.digest}
        case TaskReturned():
            change = {"phase": Phase.RETURNED, "level": 0, "acceptances": {}}
        case QuestionAsked(question=question, by=by):
            asked = Question(id=question, by=by)
            change = {"questions": (*approval.questions, asked)}
        case QuestionAnswered(question=question):
            left = tuple(each for each in approval.questions if each.id != question)
            change = {"questions": left}
        case RequestWithdrawn(on=on):
            change = {**_over(Phase.WITHDRAWN, on), "round": _round(approval)}
        case ApproverNamed(level=level, approver=approver):
            change = {"named": {**approval.named, level: approver}}
        case ApprovalEnded(on=on):
            change = _over(Phase.ENDED, on)
        case CaseFroze(on=on):
            change = _over(Phase.FROZEN, on)
        case _:
            return approval
    return approval.model_copy(update=change)


def _asked(approval: Approval, event: AcceptanceAsked) -> dict[str, object]:
    kept = approval.named if event.request == approval.request else {}
    return {
        "employee": event.employee,
        "plan": event.plan,
        "task": event.task,
        "phase": Phase.OPEN,
        "request": event.request,
        "round": event.round,
        "level": 1,
        "evidence": event.evidence,
        "value_expected": event.value_expected,
        "acceptances": {},
        "named": kept,
        "questions": (),
        "terms": event.terms,
        "policy_version": event.policy_version,
        "asked_on": approval.asked_on or event.on,
        "ended_on": None,
        "enabled_on": None,
    }


def _accepted(approval: Approval, event: TaskAccepted) -> dict[str, object]:
    level = event.card.level
    given = Acceptance(
        approver=event.approver,
        holder=event.card.on_behalf_of or event.approver,
        evidence=event.card.evidence,
    )
    return {"acceptances": {**approval.acceptances, level: given}, "level": level + 1}


def _over(phase: Phase, on: date) -> dict[str, object]:
    return {"phase": phase, "level": 0, "ended_on": on, "questions": ()}


def freeze(
    approval: Approval,
    *,
    results: Sequence[FrozenResult],
    use_revision: int,
    routine_revision: int,
    practice_days: int,
    practice_from: date,
    practice_until: date,
) -> EvidenceVersion:
    """The next evidence version. Its digest covers references, never text (design, section 5).

    A reference is a stream and a revision: the journal's entry for it carries the commitments,
    and the ledger binds that entry.
    """
    facts = {
        "results": sorted([each.result, each.revision] for each in results),
        "use": use_revision,
        "routine": routine_revision,
        "practice": [practice_days, practice_from.isoformat(), practice_until.isoformat()],
    }
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return EvidenceVersion(
        number=(approval.evidence.number if approval.evidence else 0) + 1,
        results=tuple(sorted(results, key=lambda each: each.result)),
        use_revision=use_revision,
        routine_revision=routine_revision,
        practice_days=practice_days,
        practice_from=practice_from,
        practice_until=practice_until,
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def ask(
    approval: Approval,
    *,
    employee: PersonId,
    plan: PlanId,
    task: TaskId,
    evidence: EvidenceVersion,
    value_expected: ValueKind,
    policy_version: int,
    terms: Terms,
    on: date,
) -> list[Event]:
    """A first request, a resubmission (round n + 1), or a new request after an ending."""
    if approval.is_open:
        raise AlreadyAsked
    if approval.phase is Phase.ENABLED:
        raise AlreadyEnabled
    if approval.phase is Phase.FROZEN:
        raise CaseFrozen
    if len(evidence.results) < terms.results_per_task:
        raise NoResultToShow(needed=terms.results_per_task)
    _still_valid(approval, evidence, on)
    again = approval.phase in (Phase.RETURNED, Phase.WITHDRAWN)
    return [
        AcceptanceAsked(
            employee=employee,
            plan=plan,
            task=task,
            request=approval.request if again else approval.request + 1,
            round=_round(approval),
            evidence=evidence,
            value_expected=value_expected,
            policy_version=approval.policy_version if again else policy_version,
            terms=approval.terms if again else terms,
            on=on,
        )
    ]


def _round(approval: Approval) -> int:
    """A return costs a round, also when withdrawn after it; a new request begins at one."""
    if approval.phase is Phase.RETURNED:
        return approval.round + 1
    return approval.round if approval.phase in (Phase.OPEN, Phase.WITHDRAWN) else 1


def _still_valid(approval: Approval, evidence: EvidenceVersion, on: date) -> None:
    """RULES E6; and what was declined is not asked for again unchanged."""
    if approval.ended_on is not None:
        until = add_months(approval.ended_on, approval.terms.evidence_valid_months)
        if on > until and evidence.practice_until <= approval.ended_on:
            raise EvidenceExpired(until=until)
    if approval.declined_evidence == evidence.digest:
        raise NothingNew


def change_evidence(approval: Approval, *, evidence: EvidenceVersion, on: date) -> list[Event]:
    """A result of an open request was added, amended or retracted (RULES E2, D4)."""
    if not approval.is_open or approval.evidence is None:
        return []
    if evidence.same_content(approval.evidence):
        return []
    if not evidence.results:
        return [ApprovalEnded(reason=EndReason.NO_RESULT_LEFT, on=on)]
    was = {each.result: each.revision for each in approval.evidence.results}
    now = {each.result: each.revision for each in evidence.results}
    return [
        EvidenceChanged(
            evidence=evidence,
            added=tuple(sorted(now.keys() - was.keys())),
            removed=tuple(sorted(was.keys() - now.keys())),
            amended=tuple(
                sorted(each for each in now.keys() & was.keys() if now[each] != was[each])
            ),
            on=on,
        )
    ]


def accept(
    approval: Approval,
    *,
    approver: PersonId,
    seat: Seat,
    evidence: int,
    because: Because,
    value_perceived: PerceivedValue,
    on: date,
) -> list[Event]:
    """One level's acceptance; with the second, the employee is enabled for the task."""
    card = _card(approval, approver, seat, evidence)
    assert approval.evidence is not None
    assert approval.employee is not None
    if because.result not in {each.result for each in approval.evidence.results}:
        raise NotInEvidence
    accepted = TaskAccepted(
        approver=approver, card=card, because=because, value_perceived=value_perceived, on=on
    )
    if card.level != LEVELS[-1]:
        return [accepted]
    assert approval.task is not None
    until = add_months(on, approval.terms.valid_months)
    return [
        accepted,
        TaskEnabled(employee=approval.employee, task=approval.task, until=until, on=on),
    ]


def decline(
    approval: Approval,
    *,
    approver: PersonId,
    seat: Seat,
    evidence: int,
    reason: Sealed,
    on: date,
) -> list[Event]:
    """Not accepted for now; it ends the task's request and says nothing of conduct (RULES A3)."""
    card = _card(approval, approver, seat, evidence)
    return [TaskDeclined(approver=approver, card=card, reason=reason, on=on)]


def give_back(
    approval: Approval,
    *,
    approver: PersonId,
    seat: Seat,
    evidence: int,
    missing: Sealed,
    to_step: Step,
    on: date,
) -> list[Event]:
    """Says what is missing, and to which step; not in the last round (RULES E6)."""
    card = _card(approval, approver, seat, evidence)
    if approval.round >= approval.terms.rounds:
        raise LastRound(rounds=approval.terms.rounds)
    return [TaskReturned(approver=approver, card=card, missing=missing, to_step=to_step, on=on)]


def _card(approval: Approval, approver: PersonId, seat: Seat, evidence: int) -> DecisionCard:
    """The unbreakable rules, in one place, for whatever is decided."""
    if approval.phase is Phase.FROZEN:
        raise CaseFrozen
    if not approval.is_open or approval.evidence is None:
        raise NothingToDecide
    if approver == approval.employee:
        raise OwnWork
    if any(approver in people for people in approval.decided.values()):
        raise DecidedOtherLevel
    standing = seat.standing_of(approver) if seat.level == approval.level else None
    if standing is None:
        raise NotTheApprover(level=approval.level)
    if evidence != approval.evidence.number:
        raise StaleEvidence(seen=evidence, current=approval.evidence.number)
    return DecisionCard(
        level=approval.level,
        standing=standing,
        on_behalf_of=seat.holder if standing is Standing.STAND_IN else None,
        line=seat.path,
        policy_version=approval.policy_version,
        evidence=approval.evidence.number,
        digest=approval.evidence.digest,
        value_expected=approval.value_expected,
    )


def ask_question(
    approval: Approval, *, question: Id, by: PersonId, text: Sealed, on: date
) -> list[Event]:
    if not approval.is_open:
        raise NothingToDecide
    return [QuestionAsked(question=question, by=by, text=text, on=on)]


def answer_question(
    approval: Approval, *, question: Id, by: PersonId, text: Sealed, on: date
) -> list[Event]:
    """The employee answers the approvers, and they the employee."""
    found = next((each for each in approval.questions if each.id == question), None)
    if found is None:
        raise UnknownQuestion
    if (by == approval.employee) is (found.by == approval.employee):
        raise OwnQuestion
    return [QuestionAnswered(question=question, by=by, text=text, on=on)]


def withdraw(approval: Approval, *, on: date) -> list[Event]:
    """By the employee, before the end; it never moves the case forward."""
    if approval.phase is Phase.WITHDRAWN:
        return []
    if approval.phase not in (Phase.OPEN, Phase.RETURNED):
        raise NothingToWithdraw
    return [RequestWithdrawn(on=on)]


def name_approver(
    approval: Approval,
    *,
    level: int,
    approver: PersonId,
    reason: Sealed,
    by: PersonId,
    seats: Mapping[int, Seat],
    may_be_named: bool,
    on: date,
) -> list[Event]:
    """HR names who decides a level; never in a case in which HR has a part (RULES E5, E8)."""
    if not approval.is_open:
        raise NothingToDecide
    if level not in LEVELS:
        raise UnknownLevel(level=level)
    if level in approval.acceptances:
        raise LevelAlreadyDecided(level=level)
    if by == approval.employee or by == approver or _involved(approval, by, seats):
        raise InvolvedInCase
    if approver == approval.employee or not may_be_named:
        raise CannotBeNamed
    if approval.named.get(level) == approver:
        return []
    return [ApproverNamed(level=level, approver=approver, reason=reason, on=on)]


def _involved(approval: Approval, person: PersonId, seats: Mapping[int, Seat]) -> bool:
    decided = any(person in people for people in approval.decided.values())
    return decided or any(seat.standing_of(person) for seat in seats.values())


def confirm_task(approval: Approval, *, on: date) -> list[Event]:
    return [TaskConfirmed(on=on)] if approval.phase is Phase.ENABLED else []


def give_up(approval: Approval, *, on: date) -> list[Event]:
    """The task no longer belongs to the job, or the employee is done with it."""
    if approval.phase is not Phase.ENABLED:
        return []
    return [ApprovalEnded(reason=EndReason.GIVEN_UP, on=on)]


def leave(approval: Approval, *, on: date) -> list[Event]:
    """Leaving ends acceptances and freezes open cases (RULES E13)."""
    if approval.phase is Phase.ENABLED:
        return [ApprovalEnded(reason=EndReason.LEFT, on=on)]
    return [CaseFroze(on=on)] if approval.phase in (Phase.OPEN, Phase.RETURNED) else []


def reckon_validity(approval: Approval, *, absences: Sequence[Period], on: date) -> list[Event]:
    """After an absence was noted or cancelled."""
    if approval.phase is not Phase.ENABLED or approval.enabled_on is None:
        return []
    until = valid_until(approval.enabled_on, approval.terms.valid_months, absences)
    return [] if until == approval.until else [ValidityMoved(until=until, on=on)]


LONG_LEAVE_DAYS = 30


def valid_until(enabled_on: date, months: int, absences: Sequence[Period]) -> date:
    """The last day of validity; a leave of over 30 days pauses it (RULES E13)."""
    long = [
        absence
        for absence in absences
        if absence.end and (absence.end - absence.start).days > LONG_LEAVE_DAYS
    ]
    return moved_by(long, enabled_on, add_months(enabled_on, months))
