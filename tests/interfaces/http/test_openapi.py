"""The description: valid, complete, with examples, and nothing in it that leads nowhere."""

import json
import re

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


def test_it_is_written_once_and_not_sent_to_whoever_has_it(quiet_http):
    first = quiet_http.get("/api/v1/openapi.json")
    again = quiet_http.get("/api/v1/openapi.json", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    app = quiet_http.app
    assert app.openapi() is app.openapi()
    app.openapi_schema = None  # whoever began again now would be noticed
    assert quiet_http.get("/api/v1/openapi.json").content == first.content
    assert app.openapi_schema is None


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


def test_every_answer_has_an_example(document):
    for path, operation in operations(document):
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                schema = found(document, content["schema"].get("$ref", "none"))
                assert "example" in content or "examples" in schema, (path, status)


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


def test_a_watch_shows_its_events_and_their_shape(document):
    for path, tells in (("/inbox/events", "InboxChanged"), ("/plans/{plan}/events", "PlanChanged")):
        operation = document["paths"][f"/api/v1{path}"]["get"]
        told = operation["responses"]["200"]["content"]["text/event-stream"]
        assert told["example"].startswith("event: now\ndata: {")
        shapes = [each.rpartition("/")[2] for each in references(told["schema"]["contentSchema"])]
        assert shapes == ["NowDocument", tells]
        assert "Last-Event-ID" in {each["name"] for each in operation["parameters"]}


def test_what_the_vault_holds_is_not_described(document):
    assert not {"Sealed", "HTTPValidationError"} & set(document["components"]["schemas"])


def test_what_was_made_and_what_was_seen_leads_on(document):
    """A link names an operation and whatever its address, and its condition, need."""
    by_name = {operation["operationId"]: path for path, operation in operations(document)}
    links = {
        operation["operationId"]: answer["links"]
        for _, operation in operations(document)
        for answer in operation["responses"].values()
        if "links" in answer
    }

    assert {"get_plan", "examine_job", "note_result"} <= set(links["start_plan"])
    assert set(links["note_absence"]) == {"get_absence", "cancel_absence"}
    assert links["note_absence"]["get_absence"]["parameters"] == {
        "person": "$request.path.person",
        "absence": "$response.body#/made",
    }
    accept = links["get_request"]["accept_task"]["parameters"]
    assert accept["header.If-Match"] == "$response.header.ETag"
    for each in (link for some in links.values() for link in some.values()):
        needed = set(re.findall(r"{(\w+)}", by_name[each["operationId"]]))
        assert needed == {name for name in each["parameters"] if "." not in name}, each


def test_what_was_made_is_in_the_receipt(quiet_api):
    made = quiet_api("Carl").post("/references", {"title": "an article"}).ok(201)

    assert made.location.endswith(made.body["made"])
    assert quiet_api("Carl").post(f"{made.location}/discard", {}).ok(200).body["made"] is None


def test_a_query_holds_no_null(document):
    for path, operation in operations(document):
        for each in operation.get("parameters", ()):
            assert "null" not in json.dumps(each["schema"]), (path, each["name"])


def test_descriptions_speak_of_the_house_and_not_of_its_tools(document):
    assert "FastAPI" not in json.dumps(document)


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
