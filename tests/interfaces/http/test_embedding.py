"""The same interface as a router in a host's application, and mounted below one."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from countersign.interfaces.http.identity import Bearers
from countersign.interfaces.http.router import create_router


def as_router(company, wire):
    host = FastAPI()
    resolver = Bearers(company.engine, wire.tokens)
    host.include_router(create_router(company.engine, resolver=resolver), prefix="/hr")
    return host


def mounted(company, wire):
    host = FastAPI()
    host.mount("/hr", wire.app_of(company))
    return host


@pytest.fixture(params=[as_router, mounted])
def hr(request, on_sqlite, wire):
    """Somebody's requests to wherever the host has put us."""
    with TestClient(request.param(on_sqlite, wire), raise_server_exceptions=False) as client:
        yield lambda name: wire.client_of(client, on_sqlite.person(name), prefix="/hr/api/v1")


def test_it_works_where_the_host_has_put_it(hr):
    ada = hr("Ada")

    plan = ada.post("/plans").ok(201)
    where = plan.headers["location"]
    assert where.startswith("/hr/api/v1/plans/")
    assert ada.http.get(where, headers=ada.headers).json()["step"] == 1


def test_lists_lead_on_where_the_host_has_put_them(hr):
    told = hr("Ada").get("/people?limit=2").ok()

    assert told.headers["link"].startswith("</hr/api/v1/people?limit=2&cursor=")


def test_its_errors_are_its_own(hr):
    ada = hr("Ada")
    for method, path, status in (
        ("GET", "/plans/x", 404),
        ("GET", "/nowhere", 404),
        ("PATCH", "/plans", 405),
        ("POST", "/outsiders", 415),
        ("GET", "/people?limit=0", 422),
        ("GET", "/due-dates", 403),
    ):
        told = ada.request(method, path, content=b"x" if method == "POST" else None)
        assert (told.status, told.headers["content-type"]) == (status, "application/problem+json")
        assert ada.http.get(told.body["type"]).status_code == 200, "explained where it happened"


def test_the_hosts_own_addresses_stay_the_hosts(hr):
    told = hr("Ada").http.get("/elsewhere")

    assert (told.status_code, told.json()) == (404, {"detail": "Not Found"})
