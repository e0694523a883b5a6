"""RetentionSchedule: how long what is kept for which reason; versions that never change.

Design, section 5. A row of the schedule is a series. A version is proposed by one person; where it
would let anything go earlier than the version before it, another person approves it.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from .calendar import add_months
from .event import Event, PersonId, Value
from .refusals import (
    DurationUnreadable,
    GroupUncovered,
    NothingProposed,
    OwnProposal,
    SeriesDouble,
    UnknownSchedule,
)
from .sealed import Sealed


class Group(StrEnum):
    """What is kept for the same reason, and so under the same rows of the schedule."""

    READING = "reading"
    SUBMITTED = "submitted"
    NEVER_SUBMITTED = "never_submitted"
    PEOPLE = "people"
    CONTROL = "control"
    ACCESS = "access"


class Trigger(StrEnum):
    """What starts the period: that the item was made, or the event that ends its use."""

    CREATION = "creation"
    EVENT = "event"


class Cutoff(StrEnum):
    """Where the period begins: on the day itself, or when its year is over."""

    NONE = "none"
    CALENDAR_YEAR = "calendar_year"


class Action(StrEnum):
    """What becomes of an item whose period is over."""

    DESTROY = "destroy"
    TRANSFER = "transfer"
    REVIEW = "review"
    KEEP = "keep"


class Confirm(StrEnum):
    AUTOMATIC = "automatic"
    TWO_PERSONS = "two_persons"


ISO = re.compile(r"P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?")


class Duration(Value):
    """Years, months and days, in this order (ISO 8601-1, 5.5.2.2): `P7Y`, `P1Y1M`, `P30D`."""

    years: Annotated[int, Field(ge=0, le=999)] = 0
    months: Annotated[int, Field(ge=0, le=9999)] = 0
    days: Annotated[int, Field(ge=0, le=99999)] = 0

    @classmethod
    def read(cls, text: str) -> "Duration":
        """Raises DurationUnreadable."""
        found = ISO.fullmatch(text.strip().upper())
        if found is None:
            raise DurationUnreadable(text=text)
        years, months, days = (int(part or 0) for part in found.groups())
        return cls(years=years, months=months, days=days)

    def after(self, day: date) -> date:
        """Civil dates: 29 February plus a year is 28 February."""
        return add_months(day, self.years * 12 + self.months) + timedelta(days=self.days)

    def __str__(self) -> str:
        parts = ((self.years, "Y"), (self.months, "M"), (self.days, "D"))
        return "P" + ("".join(f"{count}{unit}" for count, unit in parts if count) or "0D")


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/()-]{0,59}$")]


class Series(Value):
    """One row of a schedule. A row that covers nothing, or cannot be computed, only describes.

    `minimum` None is an open number that the organisation has yet to confirm. `words` are the
    titles, authorities and columns that came with the row; nothing is decided by them.
    """

    code: Code
    covers: tuple[Group, ...] = ()
    trigger: Trigger | None = None
    cutoff: Cutoff = Cutoff.NONE
    minimum: Duration | None = None
    maximum: Duration | None = None
    action: Action | None = None
    confirm: Confirm = Confirm.TWO_PERSONS
    descriptive: str | None = None
    words: Sealed | None = None

    @property
    def is_open(self) -> bool:
        """Applies, but nobody has confirmed the number yet."""
        return bool(self.covers) and self.minimum is None and self.action is not Action.KEEP

    def begins(self, start: date) -> date:
        if self.cutoff is Cutoff.CALENDAR_YEAR:
            return date(start.year, 12, 31)
        return start


def _row(
    code: str, group: Group, trigger: Trigger, action: Action, minimum: str | None, **more: object
) -> Series:
    return Series(
        code=code,
        covers=(group,),
        trigger=trigger,
        action=action,
        minimum=Duration.read(minimum) if minimum else None,
        **more,  # type: ignore[arg-type]
    )


SHIPPED: tuple[Series, ...] = (
    _row(
        "RM-READ",
        Group.READING,
        Trigger.CREATION,
        Action.DESTROY,
        "P1Y",
        maximum=Duration(years=1, months=1),
        confirm=Confirm.AUTOMATIC,
    ),
    _row("PR-ENABLE", Group.SUBMITTED, Trigger.EVENT, Action.DESTROY, None),
    _row("PR-SHORT", Group.NEVER_SUBMITTED, Trigger.EVENT, Action.DESTROY, None),
    _row("PR-PEOPLE", Group.PEOPLE, Trigger.EVENT, Action.DESTROY, None),
    _row("CTL", Group.CONTROL, Trigger.CREATION, Action.KEEP, None),
    _row(
        "CTL-ACCESS",
        Group.ACCESS,
        Trigger.CREATION,
        Action.DESTROY,
        "P1Y",
        confirm=Confirm.AUTOMATIC,
    ),
)
"""What ships: reading material for a year and a month of grace; the years of records are open."""


class Version(Value):
    """A version of the schedule, as decisions pin it."""

    number: int = 1
    rows: tuple[Series, ...] = SHIPPED

    def covering(self, group: Group) -> tuple[Series, ...]:
        return tuple(row for row in self.rows if group in row.covers)

    @property
    def open_series(self) -> tuple[str, ...]:
        """Series whose years nobody has confirmed."""
        return tuple(row.code for row in self.rows if row.is_open)


class Proposal(Value):
    version: Version
    digest: str
    by: PersonId
    earlier: tuple[Group, ...]


class RetentionSchedule(Value):
    """Version 1 is the one that ships."""

    current: Version = Version()
    former: tuple[Version, ...] = ()
    proposal: Proposal | None = None

    def version(self, number: int) -> Version:
        """One that was in force at some time; `number` was pinned by a decision."""
        for each in (self.current, *self.former):
            if each.number == number:
                return each
        raise UnknownSchedule(version=number)


class ScheduleProposed(Event):
    """`digest` is SHA-256 of the version's canonical rows; `earlier` is what would go earlier."""

    name = "schedule.proposed.v1"

    version: Version
    digest: str
    by: PersonId
    earlier: tuple[Group, ...]
    reason: Sealed
    on: date


class ScheduleAdopted(Event):
    """In force from here on; never changed afterwards."""

    name = "schedule.adopted.v1"

    version: Version
    digest: str
    by: PersonId
    approved_by: PersonId | None
    on: date


class ProposalWithdrawn(Event):
    name = "schedule.proposal_withdrawn.v1"

    by: PersonId
    on: date


def evolve(schedule: RetentionSchedule, event: Event) -> RetentionSchedule:
    match event:
        case ScheduleProposed(version=version, digest=digest, by=by, earlier=earlier):
            proposal = Proposal(version=version, digest=digest, by=by, earlier=earlier)
            return schedule.model_copy(update={"proposal": proposal})
        case ScheduleAdopted(version=version):
            former = (*schedule.former, schedule.current)
            return RetentionSchedule(current=version, former=former)
        case ProposalWithdrawn():
            return schedule.model_copy(update={"proposal": None})
    return schedule


def propose(
    schedule: RetentionSchedule,
    *,
    rows: Sequence[Series],
    digest: str,
    by: PersonId,
    reason: Sealed,
    on: date,
) -> list[Event]:
    """Keeping longer is in force at once; letting go earlier waits for another person."""
    version = Version(number=schedule.current.number + 1, rows=tuple(rows))
    _whole(version)
    earlier = lets_go_earlier(schedule.current, version)
    proposed = ScheduleProposed(
        version=version, digest=digest, by=by, earlier=earlier, reason=reason, on=on
    )
    if earlier:
        return [proposed]
    adopted = ScheduleAdopted(version=version, digest=digest, by=by, approved_by=None, on=on)
    return [proposed, adopted]


def approve(schedule: RetentionSchedule, *, by: PersonId, on: date) -> list[Event]:
    """Nobody approves what they proposed themselves (RULES G3)."""
    proposal = schedule.proposal
    if proposal is None:
        raise NothingProposed
    if proposal.by == by:
        raise OwnProposal
    return [
        ScheduleAdopted(
            version=proposal.version,
            digest=proposal.digest,
            by=proposal.by,
            approved_by=by,
            on=on,
        )
    ]


def withdraw(schedule: RetentionSchedule, *, by: PersonId, on: date) -> list[Event]:
    return [ProposalWithdrawn(by=by, on=on)] if schedule.proposal else []


def lets_go_earlier(before: Version, after: Version) -> tuple[Group, ...]:
    """The groups of which something could go under the new version that had to stay until now.

    In doubt it says so: then another person looks at it.
    """
    return tuple(
        group for group in Group if not _keeps(after.covering(group), before.covering(group))
    )


SOME_DAYS = tuple(date(2003, 1, 1) + timedelta(days=day) for day in range(2 * 366))
"""Two years with a leap day: months are of different lengths, and years end."""

BINDING = (Action.DESTROY, Action.TRANSFER, Action.REVIEW, Action.KEEP)
"""What goes at once, what is handed over first, what somebody must look at, what never goes."""


def _keeps(after: Sequence[Series], before: Sequence[Series]) -> bool:
    """Whether nothing goes earlier, by fewer people, or with less ado than before."""
    if tuple(after) == tuple(before):
        return True
    if any(_conflicts(row, before) for row in before):
        return False
    if any(_stays(row) for row in after):
        return True
    weakest = min(BINDING.index(_action(row)) for row in after)
    by_two = [any(row.confirm is Confirm.TWO_PERSONS for row in rows) for rows in (before, after)]
    return (
        weakest >= max(BINDING.index(_action(row)) for row in before)
        and by_two[1] >= by_two[0]
        and all(any(_outlasts(new, old) for new in after) for old in before)
    )


def _conflicts(row: Series, rows: Sequence[Series]) -> bool:
    """Whether its maximum may lie before a minimum: then nothing of the group goes."""
    if row.maximum is None or row.minimum is None:
        return False
    return len(rows) > 1 or any(row.maximum.after(on) < row.minimum.after(on) for on in SOME_DAYS)


def _stays(row: Series) -> bool:
    return row.action is Action.KEEP or row.minimum is None


def _action(row: Series) -> Action:
    return Action.KEEP if _stays(row) or row.action is None else row.action


def _outlasts(new: Series, old: Series) -> bool:
    """An event never comes before the making; a sweep waits for the maximum, where there is one."""
    if _stays(old) or (old.trigger is Trigger.EVENT and new.trigger is not Trigger.EVENT):
        return _stays(new)
    due = all(_ends(new.minimum, new, on) >= _ends(old.minimum, old, on) for on in SOME_DAYS)
    return due and all(
        _ends(new.maximum, new, on) >= _ends(old.maximum, old, on) for on in SOME_DAYS
    )


def _ends(period: Duration | None, row: Series, on: date) -> date:
    return period.after(row.begins(on)) if period else date.max


def _whole(version: Version) -> None:
    """Every group has a row that can be computed; no code stands twice."""
    codes = [row.code for row in version.rows]
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise SeriesDouble(series=", ".join(twice))
    bare = [group.value for group in Group if not version.covering(group)]
    if bare:
        raise GroupUncovered(groups=", ".join(bare))
