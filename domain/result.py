"""Result: something tangible that came of a task, noted, told and acknowledged (RULES D)."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from pydantic import Field

from .event import Event, Id, ItemId, PersonId, PlanId, TaskId, Value
from .file import MOST, File
from .plan import ValueKind
from .refusals import NotTangible, ResultNotTold, ResultRetracted, TooManyFiles, UnknownResult
from .sealed import Sealed


class ResultKind(StrEnum):
    LEAD = "lead"
    ARTICLE = "article"
    INFORMATION = "information"
    CONTACT = "contact"
    OTHER = "other"


class Route(StrEnum):
    """How it was found."""

    SEARCH = "search"
    TIP = "tip"
    CONNECTION = "connection"
    STUDY_NETWORK = "study_network"
    OTHER = "other"


class Evidence(Value):
    """What another person can look at: a record of its own, with its own key.

    `item` is the reference item that it was copied from, when it was cited.
    """

    copy_id: ItemId
    title: Sealed
    locator: Sealed | None = None
    item: ItemId | None = None


class Result(Value):
    employee: PersonId | None = None
    plan: PlanId | None = None
    task: TaskId | None = None
    revision: int = 0
    evidence: int = 0
    cited: tuple[ItemId, ...] = ()
    noted_on: date | None = None
    copies: dict[ItemId, date] = Field(default_factory=dict)
    files: tuple[Id, ...] = ()
    told_to: PersonId | None = None
    acknowledged: bool = False
    shown: bool = False
    retracted: bool = False

    @property
    def told(self) -> bool:
        return self.told_to is not None


class ResultNoted(Event):
    """`outsider` names somebody outside the company, under a subject of its own (RULES A4)."""

    name = "result.noted.v1"

    employee: PersonId
    plan: PlanId
    task: TaskId
    kind: ResultKind
    value: ValueKind
    route: Route
    channel: Sealed
    what: Sealed
    evidence: tuple[Evidence, ...] = ()
    confirmable_by: Sealed | None = None
    outsider: Sealed | None = None
    found_on: date
    on: date


class ResultAmended(Event):
    name = "result.amended.v1"

    kind: ResultKind
    value: ValueKind
    route: Route
    channel: Sealed
    what: Sealed
    confirmable_by: Sealed | None = None
    outsider: Sealed | None = None
    revision: int
    on: date


class EvidenceAdded(Event):
    """Citing a reference item copies it here, in the same transaction (design, section 5)."""

    name = "result.evidence_added.v1"

    evidence: Evidence
    revision: int
    on: date


class FileAttached(Event):
    """Evidence that can be opened; of a cited item, a copy under a key of its own."""

    name = "result.file_attached.v1"

    file: File
    revision: int
    on: date


class ResultTold(Event):
    name = "result.told.v1"

    manager: PersonId
    on: date


class ResultAcknowledged(Event):
    name = "result.acknowledged.v1"

    manager: PersonId
    on: date


class ResultShown(Event):
    """To colleagues: opt in, and can be taken back (RULES D3)."""

    name = "result.shown.v1"

    on: date


class ResultHidden(Event):
    name = "result.hidden.v1"

    on: date


class ResultRetractedByOwner(Event):
    name = "result.retracted.v1"

    on: date


def evolve(result: Result, event: Event) -> Result:
    change: dict[str, object] = {}
    match event:
        case ResultNoted(employee=employee, plan=plan, task=task, evidence=evidence, on=on):
            change = {"employee": employee, "plan": plan, "task": task, "revision": 1}
            change["noted_on"] = on
            change["copies"] = {each.copy_id: on for each in evidence}
            change["cited"] = tuple(each.item for each in evidence if each.item)
            change["evidence"] = len(evidence)
        case ResultAmended(revision=revision):
            change = {"revision": revision}
        case EvidenceAdded(evidence=evidence, revision=revision, on=on):
            cited = (*result.cited, evidence.item) if evidence.item else result.cited
            change = {"revision": revision, "cited": cited, "evidence": result.evidence + 1}
            change["copies"] = {**result.copies, evidence.copy_id: on}
        case FileAttached(file=file, revision=revision, on=on):
            change = {"revision": revision, "files": (*result.files, file.copy_id)}
            change["evidence"] = result.evidence + 1
            change["copies"] = {**result.copies, file.copy_id: on}
        case ResultTold(manager=manager):
            change = {"told_to": manager, "acknowledged": False}
        case ResultAcknowledged():
            change = {"acknowledged": True}
        case ResultShown():
            change = {"shown": True}
        case ResultHidden():
            change = {"shown": False}
        case ResultRetractedByOwner():
            change = {"retracted": True, "shown": False}
    return result.model_copy(update=change) if change else result


class Finding(Value):
    """What a result says, apart from whose it is."""

    kind: ResultKind
    value: ValueKind
    route: Route
    channel: Sealed
    what: Sealed
    confirmable_by: Sealed | None = None
    outsider: Sealed | None = None


def note(
    result: Result,
    *,
    employee: PersonId,
    plan: PlanId,
    task: TaskId,
    finding: Finding,
    evidence: Sequence[Evidence] = (),
    found_on: date,
    on: date,
) -> list[Event]:
    """Tangible means something that another person can look at or confirm (RULES B4)."""
    if result.employee is not None:
        return []
    _tangible(finding, len(evidence))
    return [
        ResultNoted(
            employee=employee,
            plan=plan,
            task=task,
            evidence=tuple(evidence),
            found_on=found_on,
            on=on,
            **dict(finding),
        )
    ]


def amend(result: Result, *, finding: Finding, on: date) -> list[Event]:
    _stands(result)
    _tangible(finding, result.evidence)
    return [ResultAmended(revision=result.revision + 1, on=on, **dict(finding))]


def add_evidence(result: Result, *, evidence: Evidence, on: date) -> list[Event]:
    """An item that is cited already is not cited twice."""
    _stands(result)
    if evidence.item is not None and evidence.item in result.cited:
        return []
    return [EvidenceAdded(evidence=evidence, revision=result.revision + 1, on=on)]


def attach_file(result: Result, *, file: File, on: date) -> list[Event]:
    """A file that is there already is not attached twice."""
    _stands(result)
    if file.copy_id in result.files:
        return []
    if len(result.files) >= MOST:
        raise TooManyFiles(limit=MOST)
    return [FileAttached(file=file, revision=result.revision + 1, on=on)]


def tell(result: Result, *, manager: PersonId, on: date) -> list[Event]:
    """Only what was told counts (RULES D1)."""
    _stands(result)
    return [] if result.told_to == manager else [ResultTold(manager=manager, on=on)]


def acknowledge(result: Result, *, manager: PersonId, on: date) -> list[Event]:
    """An explicit word, never the opening of a link (RULES D2)."""
    _stands(result)
    if not result.told:
        raise ResultNotTold
    return [] if result.acknowledged else [ResultAcknowledged(manager=manager, on=on)]


def show(result: Result, *, on: date) -> list[Event]:
    _stands(result)
    return [] if result.shown else [ResultShown(on=on)]


def hide(result: Result, *, on: date) -> list[Event]:
    _known(result)
    return [ResultHidden(on=on)] if result.shown else []


def retract(result: Result, *, on: date) -> list[Event]:
    _known(result)
    return [] if result.retracted else [ResultRetractedByOwner(on=on)]


def _tangible(finding: Finding, evidence: int) -> None:
    if not evidence and finding.confirmable_by is None:
        raise NotTangible


def _known(result: Result) -> None:
    if result.employee is None:
        raise UnknownResult


def _stands(result: Result) -> None:
    _known(result)
    if result.retracted:
        raise ResultRetracted
