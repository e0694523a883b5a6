"""Two years later: what has become of what was kept, what was cited, and why."""

from datetime import UTC, datetime
from typing import Any

from ...application.questions import (
    CertificateOf,
    ItemState,
    ItemStory,
    Register,
    RegisterItem,
    ResultView,
    WhyItem,
)
from ...domain.items import ItemKind
from . import retention_words
from .stage import Stage
from .stories import day

NOTICE = datetime(2027, 3, 18, 9, tzinfo=UTC)
SWEEP = datetime(2027, 4, 19, 9, tzinfo=UTC)
LATER = datetime(2028, 5, 4, 9, tzinfo=UTC)

READER, RECORDS = "1054", "1017"


def told(stage: Stage) -> dict[str, Any]:
    """The reader's items on three days; the sweep is the engine's own, on the simulated clock."""
    lines = [_noticed(stage), _swept(stage)]
    stage.clock.now = LATER
    return {
        "title": "two years later: what is still there, and why",
        "name": stage.who(READER).name,
        "lines": [*lines, *_still_there(stage)],
    }


def _noticed(stage: Stage) -> dict[str, str]:
    stage.clock.now = NOTICE
    kept = _kept(stage)
    stage.engine.fire_due()
    return _line(
        stage,
        f"the year of {len(kept)} kept articles is over; Tomasz is told that the sweep will come",
    )


def _swept(stage: Stage) -> dict[str, str]:
    stage.clock.now = SWEEP
    stage.engine.fire_due()
    gone = [each for each in _items(stage) if each.state is ItemState.DESTROYED]
    assert gone
    certificate = gone[0].certificate
    assert certificate is not None
    issued = stage.engine.ask(CertificateOf(certificate=certificate), stage.actor(RECORDS))
    return _line(
        stage,
        f"the sweep destroys {issued.certificate.destroyed} of them, text and key, "
        f"under certificate {certificate[:8]}",
    )


def _still_there(stage: Stage) -> list[dict[str, str]]:
    lines = []
    for each in _items(stage):
        if each.kind is ItemKind.REFERENCE:
            lines.append(_gone(stage, each))
        if each.kind is ItemKind.COPY:
            lines += _copy(stage, each)
    return lines


def _gone(stage: Stage, item: RegisterItem) -> dict[str, str]:
    when = item.destroyed_on
    assert when is not None
    return _line(
        stage,
        f"reading material {item.item[:8]}: destroyed on {day(when)} {when.year}, "
        f"certificate {(item.certificate or '')[:8]}",
    )


def _copy(stage: Stage, item: RegisterItem) -> list[dict[str, str]]:
    """The record copy outlives what it was copied from, and says why."""
    story: ItemStory = stage.engine.ask(WhyItem(item=item.item), stage.actor(READER))
    title = next(
        evidence.title
        for task in stage.board(stage.who(READER).person).tasks
        for result in task.results
        for evidence in _evidence(result)
        if evidence.copy_id == item.item
    )
    assert item.evaluation is not None
    because = "; ".join(retention_words.reason(each) for each in item.evaluation.reasons)
    return [
        _line(stage, f'record copy {item.item[:8]}: "{title}" is still there'),
        _line(stage, f"a record, {story.item.because}; {because}"),
    ]


def _evidence(result: ResultView) -> Any:
    return result.evidence


def _kept(stage: Stage) -> list[RegisterItem]:
    return [each for each in _items(stage) if each.kind is ItemKind.REFERENCE]


def _items(stage: Stage) -> list[RegisterItem]:
    reader = stage.who(READER).person
    found: list[RegisterItem] = stage.engine.ask(Register(owner=reader), stage.actor(READER))
    return found


def _line(stage: Stage, says: str) -> dict[str, str]:
    now = stage.clock.now.date()
    return {"on": f"{day(now)} {now.year}", "says": says}
