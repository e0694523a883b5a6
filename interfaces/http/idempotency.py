"""Idempotency-Key: a command sent twice under one key is carried out once (draft -07)."""

import re

from starlette.requests import Request

from .problems import Trouble

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY = re.compile(r'"?([\x21\x23-\x7e]{1,200})"?')


def command_id(request: Request) -> str | None:
    """The key is the command's id; a string in quotation marks, or the bare characters."""
    given = request.headers.get(HEADER)
    if given is None:
        return None
    found = KEY.fullmatch(given.strip())
    if found is None:
        raise Trouble("malformed-header", f"{HEADER} has 1 to 200 visible characters.")
    return found[1]
