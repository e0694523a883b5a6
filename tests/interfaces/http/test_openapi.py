"""The description: valid, complete, with examples, and nothing in it that leads nowhere."""

import json

import pytest
from fastapi import APIRouter, FastAPI
from openapi_spec_validator import validate

from countersign import Actor
from countersign.interfaces.http.router import create_router


@pytest.fixture(scope="module")
def document(quiet_http):
    return quiet_http.get("/api/v1/openapi.json").json()


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def found(document, reference):
    for part in reference.removeprefix("#/").split("/"):
        document = document.get(part, {})
    return document


def test_it_is_openapi(document):
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_reference_leads_somewhere(document):
    every = set(references(document))

    assert every
    assert [each for each in every if not found(document, each)] == []


def test_in_a_hosts_document_too(quiet_company):
    host = FastAPI()
    ours = create_router(quiet_company.engine, resolver=lambda request: Actor("nobody"))
    outer = APIRouter(prefix="/hr")
    outer.include_router(ours)
    host.include_router(outer)
    document = host.openapi()

    validate(document)
    assert [each for each in references(document) if not found(document, each)] == []
    assert "/hr/api/v1/plans/{plan}" in document["paths"]


def test_every_operation_has_its_own_name_and_says_what_it_is(document):
    names = [operation["operationId"] for _, operation in operations(document)]

    assert len(names) == len(set(names))
    assert all(operation["summary"] for _, operation in operations(document))


def test_every_body_has_an_example(document):
    bodies = [
        operation["requestBody"]
        for _, operation in operations(document)
        if "requestBody" in operation
    ]

    assert bodies
    unsaid = [each for each in bodies if "examples" not in json.dumps(each)]
    schemas = [found(document, next(references(each))) for each in unsaid]
    assert [each["title"] for each in schemas if "examples" not in each] == []


def test_every_operation_asks_for_a_token_but_those_that_explain(document):
    free = {path for path, operation in operations(document) if not operation.get("security")}

    assert free == {"GET /api/v1/problems"}
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_error_is_a_problem(document):
    for name, response in document["components"]["responses"].items():
        assert set(response["content"]) == {"application/problem+json"}, name
    for path, operation in operations(document):
        plain = {"200", "201", "204", "206", "304"}
        refs = [each for status, each in operation["responses"].items() if status not in plain]
        assert all("$ref" in each for each in refs), path


def test_what_the_vault_holds_is_not_described(document):
    assert not {"Sealed", "HTTPValidationError"} & set(document["components"]["schemas"])


NO_COMMANDS = ("/look-up", "/rehearse", "/uploads", "/uploads/{upload}")


def test_a_command_says_that_it_can_be_sent_twice(document):
    commands = [
        operation
        for path, operation in operations(document)
        if not path.startswith("GET") and not path.endswith(NO_COMMANDS)
    ]

    assert len(commands) > 40
    for operation in commands:
        assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}
