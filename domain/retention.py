"""Retention: what the schedule says of an item on a day, with every reason. Pure; reads no clock.

Design, section 5. Hold beats maximum; a maximum before another minimum is a conflict that a person
decides; an item without a date is never disposed of.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

from .event import Id, Value
from .hold import Hold
from .items import Item
from .schedule import Action, Confirm, Group, Series, Trigger, Version


class RetentionOutcome(StrEnum):
    ELIGIBLE = "eligible"
    NOT_DUE = "not_due"
    AWAITING_TRIGGER = "awaiting_trigger"
    HELD = "held"
    PERMANENT = "permanent"
    REVIEW_DUE = "review_due"
    OVERDUE = "overdue"
    CONFLICT = "conflict"
    CANNOT_EVALUATE = "cannot_evaluate"


class Because(StrEnum):
    """Why the outcome is what it is."""

    NO_SERIES = "no_series"
    YEARS_NOT_CONFIRMED = "years_not_confirmed"
    NO_DATE = "no_date"
    TRIGGER_AWAITED = "trigger_awaited"
    KEPT_FOR_GOOD = "kept_for_good"
    MINIMUM_UNTIL = "minimum_until"
    MINIMUM_OVER = "minimum_over"
    MAXIMUM_OVER = "maximum_over"
    MAXIMUM_BEFORE_MINIMUM = "maximum_before_minimum"
    TO_BE_REVIEWED = "to_be_reviewed"
    ON_HOLD = "on_hold"


class Reason(Value):
    code: Because
    series: str | None = None
    hold: Id | None = None
    on: date | None = None


class Evaluation(Value):
    """`due` is the first day on which it may go, `latest` the day by which it should be gone.

    `action` and `confirm` are those of the series that governs: the one that keeps it longest.
    """

    outcome: RetentionOutcome
    reasons: tuple[Reason, ...]
    schedule: int
    evaluated_on: date
    series: tuple[str, ...] = ()
    due: date | None = None
    latest: date | None = None
    action: Action | None = None
    confirm: Confirm | None = None

    @property
    def may_go(self) -> bool:
        return self.outcome in (RetentionOutcome.ELIGIBLE, RetentionOutcome.OVERDUE)


def evaluate(item: Item, version: Version, holds: Iterable[Hold], on: date) -> Evaluation:
    """The outcome for an item under a version of the schedule, on a day."""
    rows = version.covering(item.group)
    series = tuple(row.code for row in rows)
    blank = Evaluation(
        outcome=RetentionOutcome.CANNOT_EVALUATE,
        reasons=(),
        schedule=version.number,
        evaluated_on=on,
        series=series,
    )
    found = _undated(item, rows, blank) or _dated(item, rows, blank, on)
    return _held(found, item, holds)


def _held(found: Evaluation, item: Item, holds: Iterable[Hold]) -> Evaluation:
    """A hold stands before everything, and the reasons behind it stay in sight."""
    over = tuple(
        Reason(code=Because.ON_HOLD, hold=hold.hold, on=hold.placed_on)
        for hold in holds
        if hold.scope.covers(item)
    )
    if not over:
        return found
    return found.model_copy(
        update={"outcome": RetentionOutcome.HELD, "reasons": (*over, *found.reasons)}
    )


def _undated(item: Item, rows: Sequence[Series], blank: Evaluation) -> Evaluation | None:
    """What is decided without any date, or for the want of one."""
    if not rows:
        return _with(blank, RetentionOutcome.CANNOT_EVALUATE, Reason(code=Because.NO_SERIES))
    if forever := _codes(rows, lambda row: row.action is Action.KEEP):
        return _with(blank, RetentionOutcome.PERMANENT, *_each(Because.KEPT_FOR_GOOD, forever))
    if unconfirmed := _codes(rows, lambda row: row.is_open):
        return _with(
            blank,
            RetentionOutcome.CANNOT_EVALUATE,
            *_each(Because.YEARS_NOT_CONFIRMED, unconfirmed),
        )
    dateless = [row.code for row in rows if _start(item, row) is None]
    awaiting = [row.code for row in rows if row.code in dateless and row.trigger is Trigger.EVENT]
    if set(dateless) - set(awaiting):
        return _with(blank, RetentionOutcome.CANNOT_EVALUATE, *_each(Because.NO_DATE, dateless))
    if awaiting:
        return _with(
            blank, RetentionOutcome.AWAITING_TRIGGER, *_each(Because.TRIGGER_AWAITED, awaiting)
        )
    return None


def _dated(item: Item, rows: Sequence[Series], blank: Evaluation, on: date) -> Evaluation:
    dues = {row.code: _due(item, row) for row in rows}
    governing = max(rows, key=lambda row: (dues[row.code], row.confirm is Confirm.TWO_PERSONS))
    due = dues[governing.code]
    ends = {row.code: end for row in rows if (end := _latest(item, row)) is not None}
    latest = min(ends.values(), default=None)
    found = blank.model_copy(
        update={
            "due": due,
            "latest": latest,
            "action": governing.action,
            "confirm": _strictest(rows),
        }
    )
    if latest is not None and latest < due:
        reasons = [
            Reason(code=Because.MAXIMUM_BEFORE_MINIMUM, series=code, on=end)
            for code, end in ends.items()
            if end < due
        ]
        return _with(found, RetentionOutcome.CONFLICT, *reasons, _minimum(governing.code, due, on))
    minima = [_minimum(code, day, on) for code, day in dues.items()]
    if on < due:
        return _with(found, RetentionOutcome.NOT_DUE, *minima)
    if governing.action is Action.REVIEW:
        review = Reason(code=Because.TO_BE_REVIEWED, series=governing.code)
        return _with(found, RetentionOutcome.REVIEW_DUE, *minima, review)
    if latest is not None and on > latest:
        over = [
            Reason(code=Because.MAXIMUM_OVER, series=code, on=end)
            for code, end in ends.items()
            if on > end
        ]
        return _with(found, RetentionOutcome.OVERDUE, *minima, *over)
    return _with(found, RetentionOutcome.ELIGIBLE, *minima)


def _start(item: Item, row: Series) -> date | None:
    return item.triggered_on if row.trigger is Trigger.EVENT else item.created_on


def _due(item: Item, row: Series) -> date:
    start = _start(item, row)
    assert start is not None
    assert row.minimum is not None
    return row.minimum.after(row.begins(start))


def _latest(item: Item, row: Series) -> date | None:
    """Reading material goes no earlier than its owner had notice for the time of grace."""
    start = _start(item, row)
    assert start is not None
    if row.maximum is None:
        return None
    latest = row.maximum.after(row.begins(start))
    if item.group is not Group.READING or item.noticed_on is None:
        return latest
    return max(latest, item.noticed_on + (latest - _due(item, row)))


def _strictest(rows: Sequence[Series]) -> Confirm:
    if any(row.confirm is Confirm.TWO_PERSONS for row in rows):
        return Confirm.TWO_PERSONS
    return Confirm.AUTOMATIC


def _minimum(code: str, due: date, on: date) -> Reason:
    over = Because.MINIMUM_OVER if on >= due else Because.MINIMUM_UNTIL
    return Reason(code=over, series=code, on=due)


def _codes(rows: Sequence[Series], wanted: object) -> list[str]:
    return [row.code for row in rows if wanted(row)]  # type: ignore[operator]


def _each(code: Because, series: Iterable[str]) -> list[Reason]:
    return [Reason(code=code, series=each) for each in series]


def _with(found: Evaluation, outcome: RetentionOutcome, *reasons: Reason) -> Evaluation:
    return found.model_copy(update={"outcome": outcome, "reasons": reasons})
