"""A real server on each kind of database, and what the proofs share of it."""

from collections.abc import Iterator
from types import SimpleNamespace
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
def alone(request, founded, wire, tmp_path) -> Iterator[Any]:
    """A company that no other test knows, with a server that is not begun yet."""
    with founded(request.param) as found:
        server = wire.server_of(found, tmp_path)
        yield SimpleNamespace(found=found, server=server, kind=request.param)
        server.end()


@pytest.fixture(scope="session")
def document(quiet_http, tmp_path_factory) -> Any:
    """The description, in a file: what a generator of clients begins with."""
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_bytes(quiet_http.get("/api/v1/openapi.json").content)
    return file
