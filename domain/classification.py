"""Record or reference: every event and every way in which an item enters has a declared class.

Design, section 5. `RULES` counts the versions of these tables; an event's envelope names the one
that classified it, and a later version never reclassifies it.
"""

from collections.abc import Iterable
from enum import StrEnum

from .event import RecordClass, Value

RULES = 1


class Classed(Value):
    record_class: RecordClass
    because: str


class Entrance(StrEnum):
    """How an item enters."""

    READ = "read"
    EVIDENCE = "evidence"
    CITATION = "citation"
    ACCESS = "access"


class Unclassified(Exception):
    """Start-up stops: something could be recorded without a class."""


def _record(because: str) -> Classed:
    return Classed(record_class=RecordClass.PROCESS_RECORD, because=because)


def _reference(because: str) -> Classed:
    return Classed(record_class=RecordClass.REFERENCE_MATERIAL, because=because)


def _control(because: str) -> Classed:
    return Classed(record_class=RecordClass.CONTROL_RECORD, because=because)


STEP = _record("produced by doing the work: a step of the process")
PRACTICE = _record("produced by doing the work: practice that the month is proved by")
RESULT = _record("produced by doing the work: a result and its evidence")
DECISION = _record("produced by doing the work: a decision and its reason")
LINE = _record("says who could decide, and on which day")
READING = _reference("read to inform oneself")
CONTROL = _control("says under which rules, and by whom, the work was done")
KEEPING = _control("proves the keeping and the disposal itself, and outlives what it proves")

EVENTS: dict[str, Classed] = {
    "employee.joined.v1": LINE,
    "employee.profile_noted.v1": LINE,
    "employee.time_zone_set.v1": LINE,
    "employee.line_set.v1": LINE,
    "employee.working_days_set.v1": LINE,
    "employee.absence_noted.v1": LINE,
    "employee.absence_cancelled.v1": LINE,
    "employee.stand_in_appointed.v1": LINE,
    "employee.stand_in_ended.v1": LINE,
    "employee.job_changed.v1": LINE,
    "employee.left.v1": LINE,
    "employee.returned.v1": LINE,
    "employee.role_granted.v1": CONTROL,
    "employee.role_withdrawn.v1": CONTROL,
    "employee.plan_opened.v1": STEP,
    "employee.plan_closed.v1": STEP,
    "policy.administrators_named.v1": CONTROL,
    "policy.set.v1": CONTROL,
    "policy.holidays_set.v1": CONTROL,
    "projection.event_skipped.v1": CONTROL,
    "plan.started.v1": STEP,
    "plan.cycle_began.v1": STEP,
    "plan.job_examined.v1": STEP,
    "plan.task_identified.v1": STEP,
    "plan.task_restated.v1": STEP,
    "plan.task_taken.v1": STEP,
    "plan.task_found.v1": STEP,
    "plan.use_pinpointed.v1": STEP,
    "plan.routine_set.v1": STEP,
    "plan.practice_allowed.v1": DECISION,
    "plan.practice_logged.v1": PRACTICE,
    "plan.entry_struck.v1": PRACTICE,
    "plan.month_reckoned.v1": PRACTICE,
    "plan.month_began_again.v1": PRACTICE,
    "plan.month_met.v1": PRACTICE,
    "plan.month_reopened.v1": PRACTICE,
    "plan.results_checked.v1": STEP,
    "plan.result_attached.v1": RESULT,
    "plan.result_detached.v1": RESULT,
    "plan.went_on_without_result.v1": STEP,
    "plan.activities_reviewed.v1": STEP,
    "plan.scope_settled.v1": STEP,
    "plan.step_completed.v1": STEP,
    "plan.step_reopened.v1": STEP,
    "plan.task_parked.v1": STEP,
    "plan.task_dropped.v1": STEP,
    "plan.cycle_ended.v1": STEP,
    "plan.need_commented.v1": STEP,
    "plan.quiet_question_asked.v1": STEP,
    "plan.closed.v1": STEP,
    "result.noted.v1": RESULT,
    "result.amended.v1": RESULT,
    "result.evidence_added.v1": RESULT,
    "result.file_attached.v1": RESULT,
    "result.told.v1": RESULT,
    "result.acknowledged.v1": RESULT,
    "result.shown.v1": RESULT,
    "result.hidden.v1": RESULT,
    "result.retracted.v1": RESULT,
    "reference.kept.v1": READING,
    "reference.cited.v1": READING,
    "reference.disposal_noticed.v1": READING,
    "reference.file_attached.v1": READING,
    "reference.discarded.v1": READING,
    "approval.asked.v1": DECISION,
    "approval.evidence_changed.v1": DECISION,
    "approval.accepted.v1": DECISION,
    "approval.enabled.v1": DECISION,
    "approval.declined.v1": DECISION,
    "approval.returned.v1": DECISION,
    "approval.question_asked.v1": DECISION,
    "approval.question_answered.v1": DECISION,
    "approval.withdrawn.v1": DECISION,
    "approval.approver_named.v1": DECISION,
    "approval.task_confirmed.v1": DECISION,
    "approval.validity_moved.v1": DECISION,
    "approval.ended.v1": DECISION,
    "approval.frozen.v1": DECISION,
    "schedule.proposed.v1": KEEPING,
    "schedule.adopted.v1": KEEPING,
    "schedule.proposal_withdrawn.v1": KEEPING,
    "hold.placed.v1": KEEPING,
    "hold.released.v1": KEEPING,
    "disposal.drafted.v1": KEEPING,
    "disposal.approved.v1": KEEPING,
    "disposal.abandoned.v1": KEEPING,
    "disposal.transferred.v1": KEEPING,
    "disposal.item_destroyed.v1": KEEPING,
    "disposal.item_spared.v1": KEEPING,
    "disposal.reads_destroyed.v1": KEEPING,
    "disposal.certificate_issued.v1": KEEPING,
    "disposal.reapplied.v1": KEEPING,
}

ENTRANCES: dict[Entrance, Classed] = {
    Entrance.READ: _reference("kept by a reader, for the reader"),
    Entrance.EVIDENCE: _record("brought as evidence of a result"),
    Entrance.CITATION: _record("copied because a result cites it as evidence"),
    Entrance.ACCESS: _control("says who has seen what of somebody else's"),
}


def classify(event: str) -> Classed:
    """The class of an event by its name. Raises Unclassified."""
    if event not in EVENTS:
        raise Unclassified(f"{event} has no declared class; add it to domain/classification.py")
    return EVENTS[event]


def check(events: Iterable[str]) -> None:
    """Everything that can be recorded has a class. Raises Unclassified."""
    for event in events:
        classify(event)
    for entrance in Entrance:
        if entrance not in ENTRANCES:
            raise Unclassified(f"items that enter by {entrance} have no declared class")
