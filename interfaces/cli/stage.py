"""The stage of the demo: a simulated clock, and stories that wait for their next moment."""

import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from heapq import heapify, heappop, heappush
from typing import Any

from ...application.commands import Command
from ...application.desk import Actor
from ...application.engine import Engine
from ...application.ports import Receipt
from ...application.questions import PersonView, PlanBoard, PlanView, WhoIs
from ...domain.event import PersonId
from ...domain.refusals import Refusal

YEAR = 2026
OPENING = datetime(YEAR, 3, 2, 8, tzinfo=UTC)


class StageClock:
    """Stands still until the stage moves it on."""

    def __init__(self) -> None:
        self.now = OPENING

    def __call__(self) -> datetime:
        return self.now


def stage_ids(seed: int = 8) -> Callable[[], str]:
    """The same ids in every performance, so that it can be printed."""
    drawn = random.Random(seed)
    return lambda: str(uuid.UUID(int=drawn.getrandbits(128), version=4))


@dataclass
class Story:
    """What is told of one employee, day by day."""

    number: str
    title: str
    person: PersonView | None = None
    lines: list[tuple[date, str]] = field(default_factory=list)


Script = Iterator[datetime]
"""A story as it plays: it yields the moment at which it wants to go on."""


class Stage:
    """Plays stories side by side, each act at its own moment, never back in time."""

    def __init__(self, engine: Engine, clock: StageClock) -> None:
        self.engine = engine
        self.clock = clock
        self.stories: list[Story] = []

    def who(self, number: str) -> PersonView:
        found: PersonView = self.engine.ask(WhoIs(known_as=number), Actor("demo"))
        return found

    def actor(self, number: str) -> Actor:
        return Actor(self.who(number).person, via="demo")

    def do(self, command: Command, number: str) -> Receipt:
        return self.engine.handle(command, self.actor(number))

    def board(self, person: PersonId) -> PlanView:
        found: PlanView = self.engine.ask(PlanBoard(person=person), Actor(person))
        return found

    def refused(self, command: Command, number: str) -> str:
        """The sentence with which the engine says no."""
        try:
            self.do(command, number)
        except Refusal as refusal:
            return refusal.sentence
        raise AssertionError(f"{type(command).__name__} should have been refused")

    def tells(self, number: str, title: str) -> Story:
        story = Story(number, title, self.who(number))
        self.stories.append(story)
        return story

    def says(self, story: Story, line: str) -> None:
        story.lines.append((self.clock.now.date(), line))

    def play(self, scripts: Iterable[Script]) -> None:
        waiting = [(OPENING, place, script) for place, script in enumerate(scripts)]
        heapify(waiting)
        while waiting:
            self.clock.now, place, script = heappop(waiting)
            moment = next(script, None)
            if moment is not None:
                heappush(waiting, (moment, place, script))


def on(month: int, day: int, hour: int = 9) -> datetime:
    """A moment of the year that the demo plays in."""
    return datetime(YEAR, month, day, hour, tzinfo=UTC)


def told(receipt: Receipt, name: str) -> dict[str, Any]:
    """What the first event of this name says, with its stream."""
    recorded = next(each for each in receipt.events if each.name == name)
    return recorded.said | {"stream": recorded.stream}


def person_of(story: Story) -> PersonId:
    assert story.person is not None
    return story.person.person
