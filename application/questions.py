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
from ..domain.employee import Kind, ReportingLine, Role
from ..domain.event import Id, ItemId, PersonId, PlanId, RecordClass, ResultId, TaskId, Value
from ..domain.lifecycle import Step
from ..domain.line import Seat
from ..domain.media import Media
from ..domain.plan import Frequency, TaskStanding, ValueKind, Verdict
from ..domain.policy import Starting
from ..domain.reference import Medium
from ..domain.result import ResultKind, Route
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
    """The reference items that somebody keeps."""

    person: PersonId


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
    """`kind`: decide, name_approver, acknowledge, answer, resubmit."""

    kind: str
    plan: PlanId
    task: TaskId
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
    why: str | None = None
    since: date


class TrailEntry(Value):
    """One event: when, who, as what, for whom, of which class and why, and what it says."""

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


class DueDate(Value):
    """`kind`: month_ready, remind, overdue, lapse, renewal, expiry, disposable, leaving."""

    kind: str
    due_on: date
    case: PlanId | None = None
    task: TaskId | None = None
    item: ItemId | None = None
    person: PersonId | None = None
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


QUESTIONS: dict[str, type[Question]] = {each.__name__: each for each in Question.__subclasses__()}
