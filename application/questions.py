"""What may be read: questions, and the answer models that projections fill.

Text in an answer is a sealed reference until it is opened for a reader who may see it; then it is
the text, or `Erased` with its certificate. `None` where this reader may not see it.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from ..domain.approval import (
    DecisionCard,
    EvidenceVersion,
    PerceivedValue,
    Phase,
)
from ..domain.calendar import WorkPattern
from ..domain.disposal import Certificate, Done, Entry, RunKind, RunPhase, Transfer
from ..domain.employee import Kind, ReportingLine, Role
from ..domain.event import Id, ItemId, PersonId, PlanId, RecordClass, ResultId, TaskId, Value
from ..domain.hold import Scope
from ..domain.items import Awaited, ItemKind
from ..domain.lifecycle import Step
from ..domain.line import Seat
from ..domain.media import Media
from ..domain.plan import Frequency, TaskStanding, ValueKind, Verdict
from ..domain.policy import Starting
from ..domain.reference import Medium
from ..domain.result import ResultKind, Route
from ..domain.retention import Evaluation, RetentionOutcome
from ..domain.schedule import Action, Confirm, Cutoff, Group, Trigger
from ..domain.sealed import Erased, Sealed

Text = SkipJsonSchema[Sealed] | Erased | str
"""Sealed while it travels; a text, or the certificate of its destruction, when it arrives."""

Count = Annotated[int, Field(ge=0)]


class Sight(StrEnum):
    """How much of a case somebody sees."""

    OWNER = "owner"
    LEVEL_1 = "level_1"
    LEVEL_2 = "level_2"
    FORMER = "former_approver"
    HR = "hr"
    AUDITOR = "auditor"
    RECORDS = "records"
    ENGINEER = "engineer"


class Question(Value):
    """Something to be read. `reason` is what an auditor states (RULES F2)."""

    reason: str | None = None


class Part(Value):
    """Of a long answer so many items (None: all that follow), after skipping some."""

    skip: Count = 0
    limit: Count | None = None


class WhoIs(Question):
    """A person by id, HR number, e-mail address or login."""

    known_as: str


class People(Question, Part):
    """Everybody, with their lines, as they stand on the day asked about."""

    manager: PersonId | None = None
    role: Role | None = None
    kind: Kind | None = None
    serves: bool | None = None


class PlanBoard(Question):
    """One plan, or the open plan of a person."""

    plan: PlanId | None = None
    person: PersonId | None = None


class Calendar(Question):
    """When somebody works, is away, and who stands in; whom they report to, from which day on."""

    person: PersonId


class Plans(Question, Part):
    """The plans that a reader may follow: their own, and as HR all that have been told."""

    employee: PersonId | None = None
    step: Step | None = None
    phase: Phase | None = None
    level: int | None = None
    is_open: bool | None = None


class Funnel(Question):
    """How many plans stand at which step, and how many tasks wait or are enabled."""


class Inbox(Question, Part):
    """What waits for a person."""

    person: PersonId
    kind: str | None = None
    plan: PlanId | None = None
    employee: PersonId | None = None


class AuditTrail(Question):
    """What happened: of a case or a person, of all classes or one."""

    case: PlanId | None = None
    person: PersonId | None = None
    record_class: RecordClass | None = None
    limit: int = 1000
    after: int = 0


class DueDates(Question, Part):
    """What falls due up to a day, of one case or of all, of one kind or of every."""

    until: date | None = None
    case: PlanId | None = None
    kind: str | None = None


class ProjectionHealth(Question):
    """How far every projection has come, and what is held up."""


class ReadingList(Question, Part):
    """The reference items that somebody keeps, or one of them."""

    person: PersonId
    item: ItemId | None = None


class ItemState(StrEnum):
    """`live`; `discarded`, by its owner; `destroyed`, in a disposal run: its text has gone."""

    LIVE = "live"
    DISCARDED = "discarded"
    DESTROYED = "destroyed"


class Register(Question, Part):
    """Every item that is kept, with what the schedule says of it on a day (default: today).

    `starts` is how an item's id begins; `may_go` asks for what could be disposed of on the day.
    `told` leaves out what nobody but its owner may know of yet.
    """

    on: date | None = None
    starts: Annotated[str, Field(max_length=64)] | None = None
    owner: PersonId | None = None
    case: PlanId | None = None
    kind: ItemKind | None = None
    group: Group | None = None
    record_class: RecordClass | None = None
    outcome: RetentionOutcome | None = None
    state: ItemState | None = None
    may_go: bool | None = None
    told: bool = False


class WhyItem(Question):
    """One item: why it is what it is, and what becomes of it on a day (default: today)."""

    item: ItemId
    on: date | None = None


class ReadingToGo(Question):
    """By the engine: reading material of which notice is due, or that the sweep may take.

    At most `limit` of each: what is left comes at the next look.
    """

    on: date
    limit: Annotated[int, Field(ge=1)] = 1000


class Schedule(Question):
    """A version of the retention schedule (default: the one in force), and what is proposed."""

    version: int | None = None


class LegalHolds(Question):
    """Holds in force, or all that there ever were."""

    released: bool = False


class DisposalRuns(Question, Part):
    """Disposal runs, the newest first; with `person`, those that they have a part in.

    Somebody has a part as the one whose erasure it is, or as the owner of an item on the list.
    """

    phase: RunPhase | None = None
    kind: RunKind | None = None
    person: PersonId | None = None


class Disposal(Question):
    """One run, whole."""

    run: Id


class CertificateOf(Question):
    """A certificate, by its own id."""

    certificate: Id


class SuspendedErasures(Question):
    """By the engine: erasure runs that a hold made withhold something."""

    hold: Id


class Reads(Question):
    """Who has seen something of a person's, the newest first; `after` is an entry's number."""

    person: PersonId
    limit: int = 1000
    after: int = 0


class PersonView(Value):
    person: PersonId
    kind: Kind
    name: Text | None = None
    email: Text | None = None
    time_zone: str
    serves: bool
    manager: PersonId | None = None
    top: bool = False
    roles: tuple[Role, ...] = ()
    stand_in: PersonId | None = None
    plan: PlanId | None = None


class AbsenceView(Value):
    """From `start`, not including `end`."""

    absence: Id
    start: date
    end: date | None = None


class StandInView(Value):
    """Decides from `start`, not including `end`."""

    appointment: Id
    stand_in: PersonId
    alternate: PersonId | None = None
    start: date
    end: date | None = None


class CalendarView(Value):
    person: PersonId
    time_zone: str
    lines: tuple[ReportingLine, ...] = ()
    working_days: tuple[WorkPattern, ...] = ()
    absences: tuple[AbsenceView, ...] = ()
    stand_ins: tuple[StandInView, ...] = ()


class EvidenceView(Value):
    copy_id: ItemId
    title: Text | None = None
    locator: Text | None = None
    item: ItemId | None = None


class FileView(Value):
    """A file that can be opened; `commitment` is what its bytes are held to, under its own key."""

    copy_id: Id
    name: Text | None = None
    title: Text | None = None
    media_type: Media
    size: int
    commitment: str
    item: ItemId | None = None


class ResultView(Value):
    result: ResultId
    task: TaskId
    kind: ResultKind
    value: ValueKind
    route: Route
    channel: Text | None = None
    what: Text | None = None
    confirmable_by: Text | None = None
    outsider: Text | None = None
    evidence: tuple[EvidenceView, ...] = ()
    files: tuple[FileView, ...] = ()
    revision: int
    found_on: date
    told_to: PersonId | None = None
    acknowledged: bool = False
    shown: bool = False
    retracted: bool = False


class EntryView(Value):
    entry: int
    practised_on: date
    tasks: tuple[TaskId, ...]
    backdated: bool = False
    note: Text | None = None
    struck: bool = False


class DecisionView(Value):
    """An acceptance, a decline or a return, with the ground that it stood on."""

    verb: str
    approver: PersonId
    card: DecisionCard
    request: int
    round: int
    result: ResultId | None = None
    need: Text | None = None
    text: Text | None = None
    to_step: Step | None = None
    value_perceived: PerceivedValue | None = None
    on: date


class NamedView(Value):
    level: int
    approver: PersonId
    reason: Text | None = None
    on: date


class QuestionView(Value):
    question: Id
    by: PersonId
    text: Text | None = None
    answered_by: PersonId | None = None
    answer: Text | None = None
    on: date


class RequestView(Value):
    """A task's request; `seat` says who may decide the open level on the day asked about."""

    phase: Phase
    request: int
    round: int
    level: int
    evidence: EvidenceVersion | None = None
    value_expected: ValueKind
    decisions: tuple[DecisionView, ...] = ()
    named: tuple[NamedView, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    asked_on: date
    level_since: date
    enabled_on: date | None = None
    until: date | None = None
    end_reason: str | None = None
    seat: Seat | None = None


class TaskView(Value):
    task: TaskId
    cycle: int
    standing: TaskStanding
    title: Text | None = None
    need: Text | None = None
    comments: tuple[Text, ...] = ()
    value: ValueKind
    point: Text | None = None
    purpose: Text | None = None
    channels: tuple[Text, ...] = ()
    frequency: Frequency | None = None
    actions: tuple[Text, ...] = ()
    methods: tuple[Text, ...] = ()
    verdict: Verdict | None = None
    went_on_without: bool = False
    month_began: date | None = None
    month_ready_on: date | None = None
    month_met_on: date | None = None
    practice_days: int = 0
    results: tuple[ResultView, ...] = ()
    request: RequestView | None = None


class PlanView(Value):
    plan: PlanId
    employee: PersonId
    employee_name: Text | None = None
    cycle: int
    step: Step | None = None
    needs: str | None = None
    policy_version: int
    starting: Starting = Starting.TOLD
    activities: tuple[Text, ...] = ()
    reviewed_activities: tuple[Text, ...] = ()
    outcome: str | None = None
    practice_allowed: bool = False
    started_on: date
    closed: str | None = None
    tasks: tuple[TaskView, ...] = ()
    entries: tuple[EntryView, ...] = ()


class TaskSummary(Value):
    """A task's state and dates, and nothing of what it is about."""

    task: TaskId
    standing: TaskStanding
    month_ready_on: date | None = None
    month_met_on: date | None = None
    phase: Phase = Phase.NOT_ASKED
    round: int | None = None
    level: int | None = None
    level_since: date | None = None
    enabled_on: date | None = None
    until: date | None = None


class PlanSummary(Value):
    plan: PlanId
    employee: PersonId
    employee_name: Text | None = None
    cycle: int
    step: Step | None = None
    started_on: date
    closed: str | None = None
    told: bool
    tasks: tuple[TaskSummary, ...] = ()


class StepCount(Value):
    step: Step
    plans: int | None


class FunnelView(Value):
    """Open plans by step, tasks by request; None where it would be fewer than five (RULES F3)."""

    steps: tuple[StepCount, ...]
    between_cycles: int | None
    waiting_for_level_1: int | None
    waiting_for_level_2: int | None
    returned: int | None
    declined: int | None
    enabled: int | None


class InboxItem(Value):
    """`kind`: decide, name_approver, acknowledge, answer, resubmit; reading_goes, and for records
    managers approve_disposal, approve_schedule, hold_review.

    What belongs to no plan names none; of these `employee` is whose reading goes, or who has
    drafted, proposed or placed what waits.
    """

    kind: str
    plan: PlanId | None = None
    task: TaskId | None = None
    employee: PersonId
    employee_name: Text | None = None
    title: Text | None = None
    level: int | None = None
    round: int | None = None
    evidence: int | None = None
    standing: str | None = None
    on_behalf_of: PersonId | None = None
    result: ResultId | None = None
    question: Id | None = None
    item: ItemId | None = None
    run: Id | None = None
    hold: Id | None = None
    schedule: int | None = None
    due_on: date | None = None
    why: str | None = None
    since: date


class TrailEntry(Value):
    """One event: when, who, as what, for whom, of which class and why, and what it says.

    In somebody's trail it may tell the end of what was theirs: then `destroyed` is how many of
    their texts went with it, under `certificate`.
    """

    position: int
    recorded_at: datetime
    occurred: datetime
    name: str
    stream: Id
    version: int
    event: Id
    actor: PersonId
    actor_name: Text | None = None
    role: str
    on_behalf_of: PersonId | None = None
    via: str
    command: str
    cause: str | None = None
    policy: int | None = None
    record_class: RecordClass
    because: str
    case: PlanId | None = None
    says: dict[str, object] | None = None
    text: dict[str, Text] = {}
    changed: tuple[str, ...] = ()
    certificate: Id | None = None
    destroyed: int | None = None


class DueDate(Value):
    """`kind`: month_ready, remind, overdue, lapse, renewal, expiry, disposable, sweep, leaving,
    hold_review."""

    kind: str
    due_on: date
    case: PlanId | None = None
    task: TaskId | None = None
    item: ItemId | None = None
    person: PersonId | None = None
    hold: Id | None = None
    level: int | None = None
    round: int | None = None


class ReadingItem(Value):
    item: ItemId
    medium: Medium
    title: Text | None = None
    locator: Text | None = None
    note: Text | None = None
    kept_on: date
    disposable_from: date
    files: tuple[FileView, ...] = ()
    cited_by: tuple[ResultId, ...] = ()
    noticed_on: date | None = None
    goes_from: date | None = None
    discarded: str | None = None
    record_class: RecordClass = RecordClass.REFERENCE_MATERIAL


class ReadView(Value):
    """One entry of the access log: who saw what of somebody, as what, and when.

    `times` is more than one where a list was read again on the same day, `until` the last time.
    """

    number: int
    at: datetime
    until: datetime
    times: int
    reader: PersonId
    reader_name: Text | None = None
    sight: Sight
    via: str
    what: str
    is_export: bool = False
    case: PlanId | None = None
    position: int
    as_of: int | None = None
    effective: date | None = None
    reason: Text | None = None
    disposable_from: date
    record_class: RecordClass = RecordClass.CONTROL_RECORD


class Quarantined(Value):
    """A partition (a case, or a stream) that is set aside since an event could not be folded."""

    partition: str
    position: int
    waiting: int
    attempts: int
    since: datetime
    error: str


class CopyKind(StrEnum):
    LIVE = "live"
    BUILDING = "building"
    KEPT = "kept"


class ProjectionState(Value):
    """One copy of one projection. `lag_seconds` is how long its next event has been recorded."""

    name: str
    version: int
    kind: CopyKind
    position: int
    lag_events: int
    lag_seconds: float
    rate: float
    updated: datetime
    stands_still: bool
    attempts: int
    error: str | None
    holder: str | None
    ours: bool
    quarantined: tuple[Quarantined, ...]


class Health(Value):
    """`healthy`: every projection of this version is live, moves, and has nothing set aside."""

    head: int
    healthy: bool
    projections: tuple[ProjectionState, ...]


class RegisterItem(Value):
    """An item with its evaluation; no text. Destroyed ones name their certificate and day.

    `residue`: nothing is left of its events either; its evaluation is then the last one.
    """

    item: ItemId
    kind: ItemKind
    stream: Id
    record_class: RecordClass
    because: str
    group: Group
    owner: PersonId
    case: PlanId | None = None
    created_on: date | None = None
    triggered_on: date | None = None
    awaits: Awaited | None = None
    noticed_on: date | None = None
    state: ItemState
    evaluation: Evaluation | None = None
    holds: tuple[Id, ...] = ()
    certificate: Id | None = None
    destroyed_on: date | None = None
    residue: bool = False

    @property
    def is_noticed(self) -> bool:
        return self.noticed_on is not None or self.state is ItemState.DISCARDED


class SeriesView(Value):
    """A row of the schedule as people read it; `words` is JSON, as the row came."""

    code: str
    covers: tuple[Group, ...] = ()
    trigger: Trigger | None = None
    cutoff: Cutoff = Cutoff.NONE
    minimum: str | None = None
    maximum: str | None = None
    action: Action | None = None
    confirm: Confirm = Confirm.TWO_PERSONS
    descriptive: str | None = None
    is_open: bool = False
    words: Text | None = None


class ItemStory(Value):
    """What an item is, since which event, and what cites it or was copied from it.

    `cited_by` are the results that cite a reference item; `copied_from` the item that a record
    copy was made from, `for_result` the result it is evidence of. Of what has only its residue
    left nobody knows at which position (`classed_at`), nor by which version of the rules.
    """

    item: RegisterItem
    classed_by: str
    classed_at: int | None = None
    rule: int | None = None
    cited_by: tuple[ResultId, ...] = ()
    copied_from: ItemId | None = None
    for_result: ResultId | None = None
    series: tuple[SeriesView, ...] = ()


class ScheduleView(Value):
    """`proposal` is the version that waits for approval; one that was proposed says what would go
    `earlier` under it, and why."""

    version: int
    digest: str | None = None
    adopted_on: date | None = None
    proposed_by: PersonId | None = None
    approved_by: PersonId | None = None
    rows: tuple[SeriesView, ...]
    open_series: tuple[str, ...] = ()
    in_force: bool = True
    proposal: int | None = None
    earlier: tuple[Group, ...] = ()
    reason: Text | None = None


class HoldView(Value):
    hold: Id
    scope: Scope
    matter: Text | None = None
    authority: Text | None = None
    placed_by: PersonId
    placed_on: date
    review_by: date | None = None
    released_by: PersonId | None = None
    released_on: date | None = None
    release_reason: Text | None = None


class RunSummary(Value):
    run: Id
    kind: RunKind
    phase: RunPhase
    entries: int
    destroyed: int
    spared: int
    withheld: int
    drafted_by: PersonId
    drafted_on: date
    approved_by: tuple[PersonId, ...] = ()
    certificate: Id
    completed_on: date | None = None
    person: PersonId | None = None
    follows: Id | None = None


class RunView(Value):
    """A run with its frozen list, and what has become of each entry so far."""

    summary: RunSummary
    fingerprint: str
    schedule: int
    evaluated_on: date
    needed: int
    reason: Text | None = None
    entries: tuple[Entry, ...]
    done: tuple[Done, ...] = ()
    transfer: Transfer | None = None


class CertificateView(Value):
    """As it was issued: whoever has the public key can check it without countersign.

    Who may see their own entries only has a part, to which the signature does not fit: not `whole`.
    """

    certificate: Certificate
    signature: str
    key: str
    whole: bool = True


QUESTIONS: dict[str, type[Question]] = {each.__name__: each for each in Question.__subclasses__()}
