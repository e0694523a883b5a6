"""What each event says to people, in one short sentence; technical words stay in the log."""

from collections.abc import Mapping
from typing import Any

from ...domain.lifecycle import Step

SENTENCES: dict[str, str] = {
    "employee.joined.v1": "joins on {effective}",
    "employee.profile_noted.v1": "has another name or address",
    "employee.time_zone_set.v1": "lives by the clock of {time_zone}",
    "employee.line_set.v1": "has another line from {effective} on",
    "employee.working_days_set.v1": "has other working days from {effective} on",
    "employee.absence_noted.v1": "is away from {start}, back on {end}",
    "employee.absence_cancelled.v1": "an absence is cancelled",
    "employee.stand_in_appointed.v1": "a stand-in decides from {start}, until {end}",
    "employee.stand_in_ended.v1": "the stand-in ends on {effective}",
    "employee.job_changed.v1": "has another job from {effective} on",
    "employee.left.v1": "leaves on {effective}",
    "employee.returned.v1": "is back from {effective} on",
    "employee.role_granted.v1": "has the role {role}",
    "employee.role_withdrawn.v1": "no longer has the role {role}",
    "employee.plan_opened.v1": "has a plan",
    "employee.plan_closed.v1": "may start another plan",
    "policy.administrators_named.v1": "two administrators are named",
    "policy.set.v1": "policy version {version} is in force for what begins from now on",
    "policy.holidays_set.v1": "the holidays of {year} are set",
    "projection.event_skipped.v1": "{projection} {version} goes on without event {position}",
    "plan.started.v1": "a plan is started; nobody else sees it yet",
    "plan.cycle_began.v1": "cycle {cycle} begins under policy version {policy_version}",
    "plan.job_examined.v1": "an ordinary day is listed",
    "plan.task_identified.v1": "a task is picked; value expected: {value}",
    "plan.task_taken.v1": "a task found earlier joins cycle {cycle}",
    "plan.task_found.v1": "a further task is found",
    "plan.task_restated.v1": "the task is said anew; value expected: {value}",
    "plan.use_pinpointed.v1": "where, what for and on which channels is pinpointed",
    "plan.routine_set.v1": "the routine is set",
    "plan.practice_allowed.v1": "the manager agrees that practice begins",
    "plan.practice_logged.v1": "practice on {practised_on} is noted as entry {entry}",
    "plan.entry_struck.v1": "entry {entry} is struck",
    "plan.month_began_again.v1": "your month begins again; your entries stay",
    "plan.month_reckoned.v1": "the month can be completed from {ready_on} on",
    "plan.month_met.v1": "the month is met: {practice_days} days since {began}",
    "plan.month_reopened.v1": "the month is open again",
    "plan.results_checked.v1": "the results are checked: {verdict}",
    "plan.result_attached.v1": "the result belongs to the task",
    "plan.result_detached.v1": "the result no longer belongs to the task",
    "plan.went_on_without_result.v1": "the plan goes on without a result for this task",
    "plan.activities_reviewed.v1": "the ordinary day is looked at again; found: {found}",
    "plan.scope_settled.v1": "the scope is settled: {outcome}",
    "plan.step_completed.v1": "step {step} is done: {step_says}",
    "plan.step_reopened.v1": "back at step {step}: {step_says}",
    "plan.task_parked.v1": "the task rests",
    "plan.task_dropped.v1": "the task is dropped",
    "plan.cycle_ended.v1": "cycle {cycle} ends: no task is running",
    "plan.need_commented.v1": "the manager comments on the result needed",
    "plan.quiet_question_asked.v1": "is this quiet plan still wanted? (question {question})",
    "plan.closed.v1": "the plan is closed: {reason}",
    "result.noted.v1": "a result is noted: {kind}, found by {route}",
    "result.amended.v1": "the result is amended: revision {revision}",
    "result.evidence_added.v1": "evidence is added: revision {revision}",
    "result.file_attached.v1": "a file is attached as evidence: revision {revision}",
    "result.told.v1": "the manager is told of the result",
    "result.acknowledged.v1": "the manager acknowledges the result",
    "result.shown.v1": "the result is shown to colleagues",
    "result.hidden.v1": "the result is no longer shown",
    "result.retracted.v1": "the result is retracted",
    "reference.kept.v1": "reading material is kept; it may go a year later",
    "reference.cited.v1": "reading material is cited: a record copy is made",
    "reference.disposal_noticed.v1": "the sweep takes this reading material from {goes_from} on",
    "reference.file_attached.v1": "a file is kept with the reading material",
    "reference.discarded.v1": "reading material is thrown away",
    "approval.asked.v1": "acceptance is asked for: round {round}",
    "approval.evidence_changed.v1": "the evidence has changed; back to level 1",
    "approval.accepted.v1": "level {card.level} accepts; value seen: {value_perceived}",
    "approval.enabled.v1": "enabled for this task until {until}",
    "approval.declined.v1": "not accepted for now, by level {card.level}",
    "approval.returned.v1": "returned by level {card.level}, to step {to_step}",
    "approval.question_asked.v1": "a question is asked",
    "approval.question_answered.v1": "a question is answered",
    "approval.withdrawn.v1": "the request is withdrawn",
    "approval.approver_named.v1": "HR names an approver for level {level}",
    "approval.task_confirmed.v1": "the task remains after the change of job",
    "approval.validity_moved.v1": "valid until {until} now",
    "approval.ended.v1": "the acceptance has ended: {reason}",
    "approval.frozen.v1": "the case stands still: the employee has left",
    "schedule.proposed.v1": "version {version.number} of the schedule is proposed",
    "schedule.adopted.v1": "version {version.number} of the schedule is in force",
    "schedule.proposal_withdrawn.v1": "the proposed version of the schedule is taken back",
    "hold.placed.v1": "hold {hold} is placed; it catches what comes later too",
    "hold.released.v1": "hold {hold} is released; what it suspended goes on",
    "disposal.drafted.v1": "disposal run {run} is drafted: {kind}",
    "disposal.approved.v1": "the disposal is approved",
    "disposal.abandoned.v1": "the disposal is given up",
    "disposal.transferred.v1": "the pack was handed over",
    "disposal.item_destroyed.v1": "{done.item} is destroyed under certificate {certificate}",
    "disposal.item_spared.v1": "{done.item} stays: {done.fate}",
    "disposal.reads_destroyed.v1": "{entries} entries of the access log go; a hold keeps {kept}",
    "disposal.reapplied.v1": "what certificate {certificate} ended is gone again after a restore",
    "disposal.certificate_issued.v1": "certificate {certificate.certificate} is issued",
}


class _Dotted(dict[str, Any]):
    """Looks `card.level` up under that name; what is not there is shown as a dash."""

    def __missing__(self, key: str) -> str:
        return "-"


def sentence(name: str, says: Mapping[str, Any] | None) -> str:
    """An event in a few words; `says` has its plain values by dotted path."""
    said = _Dotted(says or {})
    if isinstance(said.get("step"), int):
        said["step_says"] = Step(said["step"]).says
    template = SENTENCES.get(name, name)
    return _filled(template, said)


def _filled(template: str, said: _Dotted) -> str:
    """`str.format` would take `card.level` for an attribute."""
    parts = template.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        key, _, rest = part.partition("}")
        filled.append(f"{_words(said[key])}{rest}")
    return "".join(filled)


def _words(value: object) -> str:
    return str(value).replace("_", " ")


def dotted(said: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """A nested body as plain values by dotted path."""
    flat: dict[str, Any] = {}
    for name, value in said.items():
        if isinstance(value, Mapping):
            flat |= dotted(value, f"{path}{name}.")
        else:
            flat[f"{path}{name}"] = value
    return flat
