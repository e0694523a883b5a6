"""Heads: what can be read can be asked for its headers alone (HEAD, RFC 9110, section 9.3.2)."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter


def add_get(
    router: APIRouter,
    path: str,
    endpoint: Callable[..., Awaitable[Any]],
    *,
    name: str,
    **told: Any,
) -> None:
    """A route for GET that is described by `name` and what is told, and its HEAD, which is not."""
    for method in ("GET", "HEAD"):
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            operation_id=name if method == "GET" else f"{name}_head",
            include_in_schema=method == "GET",
            **told,
        )
