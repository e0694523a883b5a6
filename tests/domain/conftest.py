"""Stories: `given(*events).when(decision, ...).then(*events)`, or `.refused(Refusal)`.

A module names its aggregate once, as `STORY = (evolve, Initial())`. `COUNTERSIGN_THOROUGH` in the
environment makes the properties try many more, and other, examples.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import settings

from countersign.domain.event import Event, fold
from countersign.domain.refusals import Refusal

THOROUGH = "COUNTERSIGN_THOROUGH" in os.environ
settings.register_profile(
    "domain",
    deadline=None,
    derandomize=not THOROUGH,
    database=None,
    max_examples=2000 if THOROUGH else 100,
)
settings.load_profile("domain")

Happened = TypeVar("Happened", bound=Event)
Outcome = Sequence[Event] | Refusal


class Story:
    """What has happened, and what the last decision said to it."""

    def __init__(self, evolve: Any, initial: Any, events: Sequence[Event]) -> None:
        self.evolve, self.initial, self.events = evolve, initial, tuple(events)
        self.outcome: Outcome | None = None

    @property
    def state(self) -> Any:
        """After everything, the last decision included."""
        new = self.outcome if isinstance(self.outcome, list) else []
        return fold(self.evolve, self.initial, (*self.events, *new))

    def when(self, decision: Callable[..., list[Event]], **words: Any) -> "Story":
        """Decides once more; what was decided before has happened by then."""
        if isinstance(self.outcome, Refusal):
            raise AssertionError("refused earlier in the story") from self.outcome
        told = Story(self.evolve, self.initial, (*self.events, *(self.outcome or ())))
        try:
            told.outcome = decision(told.state, **words)
        except Refusal as refusal:
            told.outcome = refusal
        return told

    def then(self, *expected: Event | type[Event]) -> "Story":
        """Exactly these, in order; a class stands for any event of its kind."""
        assert not isinstance(self.outcome, Refusal), f"refused: {self.outcome!r}"
        happened = [
            type(event) if isinstance(wanted, type) else event
            for event, wanted in zip(self.outcome or (), expected, strict=False)
        ]
        happened += list(self.outcome or ())[len(expected) :]
        assert happened == list(expected)
        return self

    def the(self, kind: type[Happened]) -> Happened:
        """The one event of a kind that came of the last decision."""
        assert not isinstance(self.outcome, Refusal), f"refused: {self.outcome!r}"
        (found,) = (event for event in self.outcome or () if isinstance(event, kind))
        return found

    def has(self, *kinds: type[Event]) -> "Story":
        for kind in kinds:
            self.the(kind)
        return self

    def has_no(self, kind: type[Event]) -> "Story":
        assert not isinstance(self.outcome, Refusal), f"refused: {self.outcome!r}"
        assert [event for event in self.outcome or () if isinstance(event, kind)] == []
        return self

    def refused(self, kind: type[Refusal], **details: Any) -> "Story":
        assert type(self.outcome) is kind, f"not refused as {kind.__name__}: {self.outcome!r}"
        assert {key: self.outcome.details.get(key) for key in details} == details
        return self


@pytest.fixture
def given(request: pytest.FixtureRequest) -> Callable[..., Story]:
    evolve, initial = request.module.STORY

    def begin(*events: Event) -> Story:
        return Story(evolve, initial, events)

    return begin
