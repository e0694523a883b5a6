"""Conditions: what a caller has looked at (ETag, If-Match) and how far an answer must have come."""

import hashlib
import re
from collections.abc import Mapping

from starlette.requests import Request

from ...application.engine import Engine
from ...application.ports import Receipt
from .problems import Trouble

POSITION = "Countersign-Position"
"""In an answer: the journal's position behind it. In a request for one: the least it must have."""

ANY = "*"
OF_A_VERSION = re.compile(r'"(\d{1,18})(?:\.[0-9a-f]+)?"')
NEVER = -1
PLACE = re.compile(r"\d{1,18}")


def etag(body: bytes, version: int | None) -> str:
    """Strong (RFC 9110, section 8.8.3): the version of what was read, and what this reader saw."""
    digest = hashlib.sha256(body).hexdigest()[:24]
    return f'"{digest}"' if version is None else f'"{version}.{digest}"'


def etag_of(version: int) -> str:
    """Of the version alone: good for If-Match."""
    return f'"{version}"'


def unchanged(request: Request, tag: str) -> bool:
    """Whether the caller has this already; weak comparison (RFC 9110, section 13.1.2)."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    tags = {each.strip().removeprefix("W/") for each in given.split(",")}
    return ANY in tags or tag in tags


def must_match(request: Request) -> None:
    if request.headers.get("if-match") is None:
        raise Trouble("precondition-required")


def expected(request: Request, engine: Engine, stream: str) -> Mapping[str, int]:
    """The version that a stream must stand at, checked where the command is decided.

    Only the version in a tag counts: another day or another name does not stop a command.
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == ANY:
        return {}
    versions = [int(found[1]) for each in given.split(",") if (found := _version(each))]
    if len(versions) > 1 and (current := engine.version(stream)) in versions:
        return {stream: current}
    return {stream: versions[0] if versions else NEVER}


def _version(tag: str) -> re.Match[str] | None:
    return OF_A_VERSION.fullmatch(tag.strip())


def awaited(request: Request, engine: Engine) -> Receipt | None:
    """How far an answer must have come; a position that was never given is refused at once."""
    given = request.headers.get(POSITION)
    if given is None:
        return None
    if not PLACE.fullmatch(given.strip()):
        raise Trouble("malformed-header", f"{POSITION} is a number that an answer has named.")
    position = int(given)
    if position > engine.position():
        raise Trouble("position-not-reached")
    return Receipt(position=position, events=())
