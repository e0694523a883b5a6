"""A company on the wire: `api("Ada").post("/plans")`, in one's name and with a token of one's own.

The application runs in this process, on the company's own clock; tokens are those of development.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from countersign.infrastructure.assembly import open_house
from countersign.interfaces.http.app import create_app
from countersign.interfaces.http.development import DevelopmentTokens
from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.live import EVERY
from countersign.interfaces.http.settings import HttpSettings

PREFIX = "/api/v1"
SECRET = bytes(range(32))
LATER = 3600


@dataclass
class Told:
    """An answer, with the questions that a story asks of it."""

    response: Any
    prefix: str = PREFIX

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def body(self) -> Any:
        return self.response.json()

    @property
    def headers(self) -> Any:
        return self.response.headers

    @property
    def etag(self) -> str:
        """Of what was read; or, after a command, of what it left behind."""
        return str(self.headers.get("etag") or self.body["etag"])

    @property
    def location(self) -> str:
        return str(self.headers["location"]).removeprefix(self.prefix)

    @property
    def names(self) -> list[str]:
        return [each["name"].removesuffix(".v1") for each in self.body["events"]]

    def ok(self, status: int | None = None) -> "Told":
        assert self.status < 300, self.response.text
        assert status is None or self.status == status
        return self

    def problem(self, status: int, name: str) -> "Told":
        assert self.headers["content-type"] == "application/problem+json", self.response.text
        assert (self.status, self.body["type"]) == (
            status,
            f"{self.prefix}/problems/{name}",
        ), self.body
        assert self.body["status"] == status
        return self


@dataclass
class Client:
    """Somebody, with the headers that say so."""

    http: Any
    headers: dict[str, str] = field(default_factory=dict)
    prefix: str = PREFIX

    def request(self, method: str, path: str, **more: Any) -> Told:
        headers = {**self.headers, **more.pop("headers", {})}
        match = more.pop("match", None)
        key = more.pop("key", None)
        headers |= {"If-Match": match} if match else {}
        headers |= {"Idempotency-Key": key} if key else {}
        told = self.http.request(method, self.prefix + path, headers=headers, **more)
        return Told(told, self.prefix)

    def get(self, path: str, **more: Any) -> Told:
        return self.request("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Told:
        return self.request("POST", path, json=body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Told:
        """On whatever there is, unless a story says what it has looked at."""
        return self.request("PUT", path, json=body, **{"match": "*", **more})

    def delete(self, path: str, **more: Any) -> Told:
        return self.request("DELETE", path, **more)


TOKENS = DevelopmentTokens(SECRET)
Api = Callable[[str], Client]


def app_of(company: Any) -> Any:
    """Whoever watches is let go as soon as they know what there is: nobody waits here."""
    resolver, before = Bearers(company.engine, TOKENS), set(EVERY)
    app = create_app(company.engine, resolver=resolver, settings=HttpSettings())
    for live in set(EVERY) - before:
        live.end()
    return app


def client_of(http: Any, person: str, prefix: str = PREFIX) -> Client:
    token = TOKENS.issue(person, seconds=LATER)
    return Client(http, {"Authorization": f"Bearer {token}"}, prefix)


def api_of(company: Any, http: TestClient) -> Api:
    return lambda name: client_of(http, company.person(name))


@pytest.fixture(scope="session")
def wire() -> Any:
    """How a company of one's own is put on the wire."""
    return SimpleNamespace(
        app_of=app_of,
        api_of=api_of,
        client_of=client_of,
        client=Client,
        tokens=TOKENS,
        secret=SECRET,
    )


@pytest.fixture
def app(on_sqlite):
    return app_of(on_sqlite)


@pytest.fixture
def http(app) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def api(on_sqlite, http) -> Api:
    return api_of(on_sqlite, http)


@pytest.fixture(scope="session")
def quiet_http(quiet_company) -> Iterator[TestClient]:
    with TestClient(app_of(quiet_company), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def quiet_api(quiet_company, quiet_http) -> Api:
    return api_of(quiet_company, quiet_http)


@pytest.fixture
def quiet_stranger(quiet_http) -> Client:
    return Client(quiet_http)


@pytest.fixture
def stranger(http) -> Client:
    """Nobody: no token at all."""
    return Client(http)


@pytest.fixture
def api_again(on_sqlite, tmp_path, settings, clock) -> Iterator[Api]:
    """The same company after a restart: another engine, another application."""
    house = open_house(f"sqlite:///{tmp_path}/company.db", settings=settings, clock=clock)
    with TestClient(app_of(house), raise_server_exceptions=False) as client:
        yield api_of(on_sqlite, client)
    house.close()
