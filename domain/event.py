"""An event is something that happened, under a name we chose; a fold makes state of events."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Protocol, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, StringConstraints

from .sealed import Sealed

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A random identifier (RFC 9562, version 4) in its text form; never derived from what it names."""

PersonId = Id
PlanId = Id
TaskId = Id
ResultId = Id
ItemId = Id
Moment = AwareDatetime


Item = TypeVar("Item")

InOrder = Annotated[frozenset[Item], PlainSerializer(sorted)]
"""A set that is written in order: the same state is the same text in every process."""


class Value(BaseModel):
    """Plain, frozen, and nothing beyond what is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's; folds copy so often that theirs, made for every case, costs too much."""
        if deep:
            return super().model_copy(update=update, deep=True)
        changes = update or {}
        copy = type(self).__new__(type(self))
        object.__setattr__(copy, "__dict__", {**self.__dict__, **changes})
        object.__setattr__(
            copy, "__pydantic_fields_set__", self.__pydantic_fields_set__ | changes.keys()
        )
        object.__setattr__(copy, "__pydantic_extra__", None)
        object.__setattr__(copy, "__pydantic_private__", None)
        return copy


class Event(Value):
    """Something that happened; the journal keeps its name, never its import path."""

    name: ClassVar[str]


class RecordClass(StrEnum):
    """Design, section 5: what an entry is, and so how long it lives."""

    PROCESS_RECORD = "process_record"
    REFERENCE_MATERIAL = "reference_material"
    CONTROL_RECORD = "control_record"


State = TypeVar("State")


class Evolve(Protocol[State]):
    def __call__(self, state: State, event: Event, /) -> State: ...


def fold(evolve: Evolve[State], initial: State, events: Iterable[Event]) -> State:
    for event in events:
        initial = evolve(initial, event)
    return initial


@cache
def may_hold_text(kind: type[Event]) -> bool:
    """Whether an event of this class has a sealed field anywhere."""
    return "Sealed" in kind.model_json_schema().get("$defs", {})


def sealed_fields(value: Any, path: str = "") -> Iterator[tuple[str, Sealed]]:
    """Every sealed field below a value, with its dotted path: `because`, `evidence.0.title`."""
    if isinstance(value, Sealed):
        yield path, value
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from sealed_fields(getattr(value, field), f"{path}.{field}" if path else field)
    elif isinstance(value, tuple | list):
        for place, item in enumerate(value):
            yield from sealed_fields(item, f"{path}.{place}")
