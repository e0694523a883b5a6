"""A real server on each kind of database, and what the proofs share of it."""

from collections.abc import Iterator
from typing import Any

import pytest

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session", params=KINDS)
def stage(request, founded, wire, tmp_path_factory) -> Iterator[Any]:
    """One that tests share; each brings people of its own."""
    folder = tmp_path_factory.mktemp("served")
    with founded(request.param) as found, wire.served(found, folder) as client:
        yield wire.place(found, client)


@pytest.fixture
def team(stage) -> Any:
    return stage.team()


@pytest.fixture(params=KINDS)
def founded_alone(request, founded) -> Iterator[Any]:
    """A company that no other test knows."""
    with founded(request.param) as found:
        yield found


@pytest.fixture(scope="session")
def described(quiet_http) -> bytes:
    """The document, as a generator of clients is given it."""
    content: bytes = quiet_http.get("/api/v1/openapi.json").content
    return content
