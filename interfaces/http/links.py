"""Links: what can be done next with what an answer has brought, as OpenAPI says it.

They follow from the addresses: whoever has made a plan can read it, and whoever has read a request
can decide it under the ETag that they saw.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .actions import Action
from .reads import Read

Operation = Action | Read
Links = dict[str, dict[str, Any]]

NEW = "$response.body#/made"
SEEN = {"header.If-Match": "$response.header.ETag"}


class Surroundings:
    """All operations, each of which may be what comes after another."""

    def __init__(self, reads: Iterable[Read], actions: Iterable[Action]) -> None:
        self._actions = tuple(actions)
        self._all: tuple[Operation, ...] = (*reads, *self._actions)

    def after_action(self, action: Action) -> Links:
        """Whatever stands at the address of what was made."""
        return dict(self._below_made(action)) if action.made is not None else {}

    def after_read(self, read: Read) -> Links:
        """What changes it, under the ETag that was seen. A list may be empty: it leads nowhere."""
        return dict(self._of_what_was_seen(read))

    def _below_made(self, action: Action) -> Iterator[tuple[str, dict[str, Any]]]:
        assert action.made is not None
        for each in self._all:
            named = _opened(each, action.made.at)
            if named is not None:
                yield _link(each, _from_path(action.named) | named)

    def _of_what_was_seen(self, read: Read) -> Iterator[tuple[str, dict[str, Any]]]:
        for each in self._actions:
            if read.of is not None and (each.of, set(each.named)) == (read.of, set(read.named)):
                yield _link(each, _from_path(read.named) | SEEN)


def _opened(each: Operation, made: str) -> dict[str, str] | None:
    """How what is new fills the parameters of an operation below its address; None: not below."""
    pattern = re.sub(r"\\{new\\}", r"(?:{(\\w+)})", re.escape(made))
    found = re.match(f"{pattern}(?=/|$)", each.path)
    if found is None:
        return None
    new = found.groups()
    known = {*re.findall(r"{(\w+)}", made), *new}
    return dict.fromkeys(new, NEW) if set(each.named) <= known else None


def _from_path(named: Iterable[str]) -> dict[str, str]:
    return {name: f"$request.path.{name}" for name in named}


def _link(each: Operation, parameters: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    return each.operation, {"operationId": each.operation, "parameters": dict(parameters)}
