"""What the schedule says of an item, in words that people use."""

from collections.abc import Iterator

from ...application.questions import ItemState, ItemStory, RegisterItem
from ...domain.disposal import Ground, Withheld
from ...domain.event import RecordClass
from ...domain.items import Awaited
from ...domain.retention import Because, Reason

BECAUSE: dict[Because, str] = {
    Because.NO_SERIES: "no series of the schedule covers it",
    Because.YEARS_NOT_CONFIRMED: "nobody has confirmed how long {series} is kept",
    Because.NO_DATE: "it has no date that {series} could be reckoned from",
    Because.TRIGGER_AWAITED: "{series} begins when its use has ended",
    Because.KEPT_FOR_GOOD: "{series} is kept for good",
    Because.MINIMUM_UNTIL: "{series} keeps it until {on}",
    Because.MINIMUM_OVER: "{series} has kept it until {on}",
    Because.MAXIMUM_OVER: "{series} wanted it gone by {on}",
    Because.MAXIMUM_BEFORE_MINIMUM: "{series} wants it gone by {on}, before another lets it go",
    Because.TO_BE_REVIEWED: "{series} asks for a review first",
    Because.ON_HOLD: "hold {hold} keeps it since {on}",
}

AWAITS: dict[Awaited, str] = {
    Awaited.REQUEST_ENDS: "until the request ends",
    Awaited.PLAN_ENDS: "until the plan ends",
    Awaited.PERSON_LEAVES: "until they leave",
}

CLASSES: dict[RecordClass, str] = {
    RecordClass.PROCESS_RECORD: "a process record",
    RecordClass.REFERENCE_MATERIAL: "reference material",
    RecordClass.CONTROL_RECORD: "a control record",
}

ENDED: dict[ItemState, str] = {
    ItemState.LIVE: "Text about somebody in it was destroyed",
    ItemState.DISCARDED: "Thrown away by its owner, and destroyed",
    ItemState.DESTROYED: "Destroyed",
}
"""What a certificate did to it."""

GROUNDS: dict[Ground, str] = {
    Ground.ON_HOLD: "hold {hold} keeps it",
    Ground.RETENTION: "it must be kept under {series} until {until}",
    Ground.IN_SERVICE: "they are in service",
    Ground.CASE_OPEN: "the plan is still open",
}


def reason(found: Reason) -> str:
    hold = (found.hold or "")[:8]
    return BECAUSE[found.code].format(series=found.series, on=found.on, hold=hold)


def ground(found: Withheld) -> str:
    until = found.until or "its use has ended"
    hold = (found.hold or "")[:8]
    return GROUNDS[found.ground].format(series=found.series, until=until, hold=hold)


def row(item: RegisterItem) -> tuple[object, ...]:
    """Item, kind, class, series, since, trigger, due, outcome."""
    found = item.evaluation
    started = item.triggered_on or (AWAITS[item.awaits] if item.awaits else item.created_on)
    return (
        item.item[:8],
        item.kind.value,
        item.record_class.value.replace("_", " "),
        ", ".join(found.series) if found else None,
        item.created_on,
        started,
        found.due if found else None,
        _outcome(item),
    )


def _outcome(item: RegisterItem) -> str | None:
    """Of what has gone, when; of it nothing will become any more."""
    if item.state is not ItemState.LIVE:
        return f"{item.state.value} on {item.destroyed_on}"
    return item.evaluation.outcome.value.replace("_", " ") if item.evaluation else None


def story(told: ItemStory) -> Iterator[str]:
    """One sentence a line."""
    item = told.item
    was = "is" if item.state is ItemState.LIVE else "was"
    yield f"{item.item} {was} {CLASSES[item.record_class]}: {item.because}."
    if told.classed_at is not None:
        yield (
            f"It is so by {told.classed_by} at position {told.classed_at}, "
            f"under version {told.rule} of the rules."
        )
    if told.copied_from:
        yield f"It was copied from {told.copied_from}, as evidence of result {told.for_result}."
    if told.cited_by:
        yield f"Cited by {', '.join(told.cited_by)}: each has a record copy of its own."
    if item.certificate:
        ended = f"{ENDED[item.state]} on {item.destroyed_on}"
        yield f"{ended} under certificate {item.certificate}."
    if item.evaluation and item.state is ItemState.LIVE:
        yield from _evaluated(item)


def _evaluated(item: RegisterItem) -> Iterator[str]:
    found = item.evaluation
    assert found is not None
    outcome = found.outcome.value.replace("_", " ")
    yield f"On {found.evaluated_on}, under schedule version {found.schedule}: {outcome}."
    for each in found.reasons:
        yield f"  {reason(each)}"
    if item.awaits:
        yield f"  it waits {AWAITS[item.awaits]}"
