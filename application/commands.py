"""What may be asked of countersign: frozen models with imperative names.

Text is given open and sealed on its way to the journal. Dates are civil dates in the employee's
time zone; ids are those that earlier receipts named.
"""

import unicodedata
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from ..domain.approval import PerceivedValue
from ..domain.disposal import MOST, Residue, Transfer
from ..domain.employee import Kind, Role
from ..domain.event import Id, ItemId, PersonId, PlanId, ResultId, TaskId, Value
from ..domain.hold import Scope
from ..domain.items import ItemKind
from ..domain.lifecycle import Step
from ..domain.plan import Frequency, Outcome, ValueKind, Verdict
from ..domain.policy import Terms
from ..domain.reference import Medium
from ..domain.result import ResultKind, Route
from ..domain.schedule import Action, Code, Confirm, Cutoff, Group, Trigger


def _storable(text: str) -> str:
    """A lone surrogate or a NUL has no place in any database."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("the text holds characters that cannot be stored")
    return text


LONGEST = 4000
"""Characters of a text, the blanks around it included."""


def _short_enough(said: object) -> object:
    """Before blanks are stripped, as those who read our JSON schemas measure it."""
    if isinstance(said, str) and len(said) > LONGEST:
        raise ValueError(f"the text has more than {LONGEST} characters")
    return said


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST),
    BeforeValidator(_short_enough),
    AfterValidator(_storable),
    Field(json_schema_extra={"pattern": r"^[^\x00]*[^\s\x00\x85][^\x00]*$"}),
]
"""More than blanks; the pattern tells those who read our JSON schemas."""
TURNS_ROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters with which a name could show another end than it has."""


def _a_name(name: str) -> str:
    """A file's name and no path, fit to be written in one line."""
    if name in (".", "..") or set(name) & {"/", "\\", *TURNS_ROUND}:
        raise ValueError("give the file's name alone, without folders")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise ValueError("the name holds characters that cannot be shown")
    return name


AMISS = r"/\\\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069"
A_NAME = rf"^(?!\s*\.{{1,2}}\s*$)\s*[^{AMISS}]*[^\s{AMISS}][^{AMISS}]*\s*$"
"""What `_a_name` takes, told to those who read our JSON schemas."""

FileName = Annotated[
    Text, Field(max_length=255, json_schema_extra={"pattern": A_NAME}), AfterValidator(_a_name)
]

Weekdays = Annotated[
    tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(min_length=1, max_length=7)
]
"""0 is Monday, as `date.weekday()` counts."""


Day = Annotated[
    date,
    Field(
        ge=date(1900, 1, 1),
        le=date(2200, 12, 31),
        json_schema_extra={"pattern": r"^(19\d\d|2[01]\d\d|2200)-\d\d-\d\d$"},
    ),
]
"""A civil date that calendars and schedules can still be reckoned from."""

Zone = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""An IANA name; whether there is such a zone is the domain's to say."""


class Command(Value):
    """Something that somebody wants to be done."""


class PersonRow(Value):
    """One person of an organisation file. `number` is the HR number; `manager` the manager's."""

    row: int = 0
    number: Text
    name: Text
    email: Text | None = None
    login: Text | None = None
    manager: Text | None = None
    top: bool = False
    kind: Kind = Kind.EMPLOYEE
    time_zone: Zone = "UTC"
    weekdays: Weekdays | None = None
    left_on: Day | None = None


# Organisation


class Initialise(Command):
    """Names two administrators; only in an empty journal (RULES H)."""

    administrators: tuple[PersonRow, PersonRow]


class ImportOrganisation(Command):
    """Brings people and lines to what the rows say, all or nothing; who is missing stays."""

    rows: tuple[PersonRow, ...]
    effective: Day


class RegisterOutsider(Command):
    """Somebody outside the company who may be named as an approver (RULES E8)."""

    name: Text
    email: Text | None = None
    time_zone: Zone = "UTC"


class SetLine(Command):
    person: PersonId
    manager: PersonId | None = None
    top: bool = False
    effective: Day


class SetTimeZone(Command):
    person: PersonId
    time_zone: Zone


class SetWorkingDays(Command):
    person: PersonId
    weekdays: Weekdays
    effective: Day


class NoteAbsence(Command):
    """Dates only, never the kind: from `start`, not including `end`."""

    person: PersonId
    start: Day
    end: Day


class CancelAbsence(Command):
    person: PersonId
    absence: Id


class AppointStandIn(Command):
    """`stand_in` decides for `person` from `start`, not including `end`."""

    person: PersonId
    stand_in: PersonId
    alternate: PersonId | None = None
    start: Day
    end: Day


class EndStandIn(Command):
    person: PersonId
    appointment: Id
    effective: Day


class RecordJobChange(Command):
    person: PersonId
    effective: Day


class RecordLeaving(Command):
    """Open cases freeze and acceptances end (RULES E13)."""

    person: PersonId
    effective: Day


class RecordReturn(Command):
    person: PersonId
    effective: Day


class GrantRole(Command):
    person: PersonId
    role: Role


class WithdrawRole(Command):
    person: PersonId
    role: Role


# Policy


class SetPolicy(Command):
    """A new version; cycles that run keep theirs."""

    terms: Terms
    reason: Text


class SetHolidays(Command):
    year: Annotated[int, Field(ge=2000, le=2200)]
    days: tuple[Day, ...]


# Plan


class TaskWish(Value):
    """A task, the result that the manager needs, and the kind of value expected."""

    title: Text
    need: Text
    value: ValueKind = ValueKind.DIRECT


class PracticeDay(Value):
    on: Day
    note: Text | None = None


class StartPlan(Command):
    """For oneself; anyone may (RULES A2)."""


class BeginCycle(Command):
    plan: PlanId


class ExamineJob(Command):
    """Step 1."""

    plan: PlanId
    activities: tuple[Text, ...] = ()
    tasks: tuple[TaskWish, ...] = ()
    take: tuple[TaskId, ...] = ()


class RestateTask(Command):
    """Step 1 revisited, as long as the task is not with the approvers."""

    plan: PlanId
    task: TaskId
    title: Text
    need: Text
    value: ValueKind = ValueKind.DIRECT


class PinpointUse(Command):
    """Step 2."""

    plan: PlanId
    task: TaskId
    point: Text
    purpose: Text
    channels: Annotated[tuple[Text, ...], Field(min_length=1)]
    frequency: Frequency = Frequency.WEEKLY


class KeepSimple(Command):
    """Step 3."""

    plan: PlanId
    task: TaskId
    actions: tuple[Text, ...]


class AllowPractice(Command):
    """By the line manager, where policy asks first."""

    plan: PlanId


class LogPractice(Command):
    """Step 4. `tasks` empty: every running task."""

    plan: PlanId
    tasks: tuple[TaskId, ...] = ()
    days: Annotated[tuple[PracticeDay, ...], Field(min_length=1, max_length=400)]


class StrikeEntry(Command):
    plan: PlanId
    entry: int


class CheckResults(Command):
    """Step 5."""

    plan: PlanId
    task: TaskId
    verdict: Verdict
    methods: tuple[Text, ...] = ()


class GoOnWithoutResult(Command):
    """Step 6, for a task that has shown nothing tangible yet."""

    plan: PlanId
    task: TaskId


class ReviewActivities(Command):
    """Step 7."""

    plan: PlanId
    activities: tuple[Text, ...]
    found: tuple[TaskWish, ...] = ()


class Settle(Command):
    """Step 8."""

    plan: PlanId
    outcome: Outcome = Outcome.FINE


class ParkTask(Command):
    plan: PlanId
    task: TaskId


class DropTask(Command):
    plan: PlanId
    task: TaskId


class CommentNeed(Command):
    """By the line manager; no gate."""

    plan: PlanId
    task: TaskId
    comment: Text


class AbandonPlan(Command):
    """At any time, without a reason; enabled tasks too (RULES B5)."""

    plan: PlanId


class AskQuietPlan(Command):
    """By the engine: a plan that has been quiet for long is asked, twice, and then closed."""

    plan: PlanId


# Results


class EvidenceWish(Value):
    """Either `item`, a reference item of one's own that is cited and copied, or a `title`."""

    item: ItemId | None = None
    title: Text | None = None
    locator: Text | None = None


class FindingWish(Value):
    """What was found. `outsider` names somebody outside, sealed under a subject of its own."""

    kind: ResultKind
    value: ValueKind = ValueKind.DIRECT
    route: Route
    channel: Text
    what: Text
    confirmable_by: Text | None = None
    outsider: Text | None = None


class NoteResult(Command):
    """Step 6, and from step 4 on."""

    plan: PlanId
    task: TaskId
    finding: FindingWish
    evidence: tuple[EvidenceWish, ...] = ()
    found_on: Day | None = None


class AmendResult(Command):
    result: ResultId
    finding: FindingWish


class AddEvidence(Command):
    result: ResultId
    evidence: EvidenceWish


class AttachFile(Command):
    """A file that was uploaded before becomes evidence: a record of its own."""

    result: ResultId
    upload: Id
    name: FileName
    title: Text | None = None


class TellResult(Command):
    """To the line manager of today: only what was told counts."""

    result: ResultId


class AcknowledgeResult(Command):
    result: ResultId


class ShowResult(Command):
    """To colleagues."""

    result: ResultId


class HideResult(Command):
    result: ResultId


class RetractResult(Command):
    result: ResultId


# Reading material


class KeepItem(Command):
    medium: Medium = Medium.ARTICLE
    title: Text
    locator: Text | None = None
    note: Text | None = None


class DiscardItem(Command):
    item: ItemId
    because_of_personal_data: bool = False


class KeepFile(Command):
    """A file that was uploaded before is kept with an item, and goes with it."""

    item: ItemId
    upload: Id
    name: FileName
    title: Text | None = None


# Acceptance


class AskForAcceptance(Command):
    """Freezes an evidence version; results not told yet are told."""

    plan: PlanId
    task: TaskId


class AcceptTask(Command):
    """`evidence` is the version looked at; the need defaults to the stated one."""

    task: TaskId
    evidence: int
    result: ResultId
    need: Text | None = None
    value_perceived: PerceivedValue


class DeclineTask(Command):
    task: TaskId
    evidence: int
    reason: Text


class ReturnTask(Command):
    task: TaskId
    evidence: int
    missing: Text
    to_step: Step


class AskQuestion(Command):
    task: TaskId
    text: Text


class AnswerQuestion(Command):
    task: TaskId
    question: Id
    text: Text


class WithdrawRequest(Command):
    task: TaskId


class NameApprover(Command):
    """By HR, with a reason; it never accepts."""

    task: TaskId
    level: Annotated[int, Field(ge=1, le=2)]
    approver: PersonId
    reason: Text


class ConfirmTask(Command):
    """After a change of job: this task remains."""

    task: TaskId


class GiveUpTask(Command):
    """The task no longer belongs to the job."""

    task: TaskId


# Records


class ItemRef(Value):
    """An item by its kind, its id and the stream that it lies in."""

    kind: ItemKind
    item: ItemId
    stream: Id


ItemRefs = Annotated[tuple[ItemRef, ...], Field(min_length=1, max_length=MOST)]


class SeriesRow(Value):
    """A row of a schedule; periods as ISO 8601 durations (`P7Y`); `words` come back as they were.

    Without `covers`, or with `descriptive` saying why, it only describes.
    """

    code: Code
    covers: tuple[Group, ...] = ()
    trigger: Trigger | None = None
    cutoff: Cutoff = Cutoff.NONE
    minimum: Annotated[str, Field(max_length=20)] | None = None
    maximum: Annotated[str, Field(max_length=20)] | None = None
    action: Action | None = None
    confirm: Confirm = Confirm.TWO_PERSONS
    descriptive: Annotated[str, Field(max_length=100)] | None = None
    words: dict[str, str] = {}


class ConfirmedPeriod(Value):
    """How long a series is kept, and on whose authority."""

    series: Code
    minimum: Annotated[str, Field(max_length=20)]
    authority: Text


class ProposeSchedule(Command):
    """A whole new version; where it lets anything go earlier, another person approves it."""

    rows: Annotated[tuple[SeriesRow, ...], Field(min_length=1, max_length=2000)]
    reason: Text


class ConfirmPeriods(Command):
    """Proposes the version in force with the years that the organisation has settled upon."""

    periods: Annotated[tuple[ConfirmedPeriod, ...], Field(min_length=1, max_length=100)]
    reason: Text


class ApproveSchedule(Command):
    """By another person than the one who proposed it; `version` is the one looked at."""

    version: Annotated[int, Field(ge=2)]


class WithdrawProposal(Command):
    """The proposed version of the schedule is not to come into force."""


class PlaceHold(Command):
    """What the scope covers, now and later, stays until the hold is released."""

    scope: Scope
    matter: Text
    authority: Text
    review_by: Day | None = None


class ReleaseHold(Command):
    hold: Id
    reason: Text


class DraftDisposal(Command):
    """Freezes the list of what is named and may go on a day (today unless an earlier is named)."""

    items: ItemRefs
    on: Day | None = None


class DraftDemotion(Command):
    """Record copies that were cited by mistake: their results are void and were never submitted."""

    items: ItemRefs
    reason: Text


class DraftErasure(Command):
    """All that is about a person, or the text of what is named; what must stay is told, and why."""

    person: PersonId | None = None
    items: Annotated[tuple[ItemRef, ...], Field(max_length=MOST)] = ()
    reason: Text


class ApproveDisposal(Command):
    """By another person; `fingerprint` is that of the list that was looked at."""

    run: Id
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AbandonDisposal(Command):
    run: Id
    reason: Text


class RecordTransfer(Command):
    """The pack of an approved run was handed over to an archive."""

    run: Id
    transfer: Transfer
    receiver: Text


class DestroyNext(Command):
    """Some more of an approved run, each item looked at anew; the engine carries on from there."""

    run: Id
    at_most: Annotated[int, Field(ge=1, le=MOST)] = 50


class NoticeReading(Command):
    """By the engine: the owner is told from which day on the sweep takes an item."""

    item: ItemId


class SweepReading(Command):
    """By the engine: reading material whose time of grace is over."""

    items: ItemRefs


class SweepAccessLog(Command):
    """By the engine: months of the access log whose time is over."""


class ResumeErasure(Command):
    """By the engine: a hold was released that had suspended a part of an erasure."""

    run: Id


class CertifyDisposal(Command):
    """By the engine: everything is gone that was to go, and was looked for."""

    run: Id
    residues: tuple[Residue, ...] = ()


# The machinery


class SkipEvent(Command):
    """By an engineer, with a reason: a projection goes on without an event that it cannot fold."""

    projection: Annotated[str, Field(min_length=1, max_length=64)]
    position: Annotated[int, Field(ge=1, le=10**15)]
    reason: Text


class CloseCases(Command):
    """By the engine, after somebody has left."""

    person: PersonId


COMMANDS: dict[str, type[Command]] = {each.__name__: each for each in Command.__subclasses__()}
