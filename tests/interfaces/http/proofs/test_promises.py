"""What /v1 has promised it keeps: its document is compared with the promises that are stored.

An operation or a schema `gives` what answers hold, `takes` what may be sent and `needs` what must
be, or must be so. What was given and taken stays; nothing is needed newly where something could be
sent before. `make promises` writes down what has been added, and refuses to forget anything: who
must break a promise takes its line out by hand, where a reviewer sees it.
"""

import os
from copy import deepcopy
from pathlib import Path

import pytest

STORED = Path(__file__).with_name("promises.txt")
WRITE = os.environ.get("COUNTERSIGN_TEST_WRITE_PROMISES") == "1"

LIMITS = (
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
)
HARDER_WHEN_LESS = ("maxLength", "maximum", "maxItems")
HARDER_WHEN_MORE = ("minLength", "minimum", "minItems")


class Promises:
    """Of one document: by operation and by named schema, a sentence each."""

    def __init__(self, document):
        self.by_subject = {}
        self._schemas = document["components"]["schemas"]
        for path, item in document["paths"].items():
            for method, operation in item.items():
                self._operation(f"{method.upper()} {path}", operation)
        for name, answer in document["components"]["responses"].items():
            self._answer(name, "", answer)

    def _say(self, subject, *sentences):
        self.by_subject.setdefault(subject, set()).update(sentences)

    def _operation(self, name, operation):
        self._say(name, f"gives the name {operation['operationId']}")
        for each in operation.get("parameters", ()):
            at = f"{each['in']} {each['name']}"
            self._sent(name, at, each["schema"], each.get("required", False))
        body = operation.get("requestBody")
        if body is not None:
            for media, content in body["content"].items():
                at = "body" if media == "application/json" else f"body {media}"
                self._sent(name, at, content["schema"], body.get("required", False))
        for status, answer in operation["responses"].items():
            self._answer(name, f"{status} ", answer)

    def _sent(self, name, at, schema, required):
        if required:
            self._say(name, f"needs {at}")
        self._schema("takes", name, at, schema)

    def _answer(self, name, at, answer):
        self._say(name, f"gives {at}{reference(answer)}".strip())
        for header in answer.get("headers", ()):
            self._say(name, f"gives {at}header {header}")
        for media, content in answer.get("content", {}).items():
            self._schema("gives", name, f"{at}{media}", content.get("schema", {}))

    def _schema(self, role, subject, at, schema):
        if "$ref" in schema:
            self._say(subject, f"{role} {at}: {reference(schema)}")
            self._named(role, reference(schema))
            return
        self._say(subject, f"{role} {at}: {schema.get('type', 'one of these')}")
        if role == "takes":
            self._say(subject, *(f"takes {at} = {each}" for each in schema.get("enum", ())))
            self._say(subject, *(f"needs {at}/{name}" for name in schema.get("required", ())))
            self._say(subject, *(f"needs {at} {n} {schema[n]}" for n in LIMITS if n in schema))
        for name, each in schema.get("properties", {}).items():
            self._schema(role, subject, f"{at}/{name}", each)
        for each in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
            self._schema(role, subject, at if "anyOf" in schema else f"{at}/*", each)

    def _named(self, role, name):
        if not any(each.startswith(role) for each in self.by_subject.get(name, ())):
            self._schema(role, name, "it", self._schemas[name])


def reference(schema):
    return schema.get("$ref", "").rpartition("/")[2]


def broken(before, now):
    """Every promise that is not kept any more, and every new need."""
    for subject, sentences in before.items():
        kept = now.get(subject, set())
        for each in sorted(sentences - kept):
            if not each.startswith("needs"):
                yield f"{subject} no longer {each}"
        for each in sorted(kept - sentences):
            if each.startswith("needs") and is_harder(each, sentences):
                yield f"{subject} newly {each}"


def is_harder(need, before):
    """What lies in something new, or has become laxer, hinders nobody."""
    words = need.removeprefix("needs ").split(" ")
    limit = next((each for each in LIMITS if each in words), None)
    if limit is None:
        above = " ".join(words).rpartition("/")[0]
        return not above or f"takes {above}: object" in before
    at, _, size = " ".join(words).partition(f" {limit} ")
    if not any(each.startswith(f"takes {at}: ") for each in before):
        return False
    earlier = [each for each in before if each.startswith(f"needs {at} {limit} ")]
    return not any(is_laxer(limit, each.rpartition(" ")[2], size) for each in earlier)


def is_laxer(limit, was, is_now):
    if limit in HARDER_WHEN_LESS:
        return float(is_now) > float(was)
    return limit in HARDER_WHEN_MORE and float(is_now) < float(was)


def written(by_subject):
    """A subject, and what it promises below it."""
    lines = []
    for subject in sorted(by_subject):
        lines += [subject, *(f"  {each}" for each in sorted(by_subject[subject]))]
    return "\n".join(lines) + "\n"


def read(text):
    by_subject: dict[str, set[str]] = {}
    subject = ""
    for line in text.splitlines():
        if line.startswith("  "):
            by_subject[subject].add(line.strip())
        else:
            subject = line
            by_subject[subject] = set()
    return by_subject


@pytest.fixture(scope="module")
def described(quiet_http):
    return quiet_http.get("/api/v1/openapi.json").json()


def test_no_promise_is_broken(described):
    now = Promises(described).by_subject
    before = read(STORED.read_text("utf-8")) if STORED.exists() else {}

    assert list(broken(before, now)) == []
    if WRITE:
        STORED.write_text(written(now), "utf-8")
    stored = STORED.read_text("utf-8")
    assert stored == written(now), "the interface has changed, and broken nothing: make promises"


# That a break would be noticed

PLANS, PLAN = "/api/v1/plans", "/api/v1/plans/{plan}"
EXAMINE = f"{PLAN}/examine-job"


def without_an_operation(document):
    del document["paths"][PLANS]["post"]


def with_another_name(document):
    document["paths"][PLANS]["post"]["operationId"] = "begin_plan"


def without_a_status(document):
    del document["paths"][PLANS]["post"]["responses"]["201"]


def without_a_field_in_answers(document):
    del document["components"]["schemas"]["PlanView"]["properties"]["step"]


def with_another_type(document):
    document["components"]["schemas"]["ReceiptDocument"]["properties"]["position"] = {
        "type": "string"
    }


def without_a_filter(document):
    parameters = document["paths"][PLANS]["get"]["parameters"]
    parameters[:] = [each for each in parameters if each["name"] != "step"]


def with_a_filter_needed(document):
    parameters = document["paths"][PLANS]["get"]["parameters"]
    next(each for each in parameters if each["name"] == "step")["required"] = True


def with_a_field_needed(document):
    document["components"]["schemas"]["ExamineJob"]["required"] = ["activities", "tasks"]


def with_a_new_field_needed(document):
    schema = document["components"]["schemas"]["TaskWish"]
    schema["properties"]["weight"] = {"type": "integer"}
    schema["required"].append("weight")


def without_a_choice(document):
    document["components"]["schemas"]["Verdict"]["enum"].pop()


def with_less_room(document):
    document["components"]["schemas"]["TaskWish"]["properties"]["title"]["maxLength"] = 10


BREAKS = (
    without_an_operation,
    with_another_name,
    without_a_status,
    without_a_field_in_answers,
    with_another_type,
    without_a_filter,
    with_a_filter_needed,
    with_a_field_needed,
    with_a_new_field_needed,
    without_a_choice,
    with_less_room,
)


@pytest.mark.parametrize("change", BREAKS, ids=lambda change: change.__name__)
def test_a_break_is_noticed(described, change):
    later = deepcopy(described)
    change(later)

    told = list(broken(Promises(described).by_subject, Promises(later).by_subject))

    assert told


def with_an_operation(document):
    document["paths"]["/api/v1/dreams"] = deepcopy(document["paths"][PLANS])
    document["paths"]["/api/v1/dreams"]["get"]["parameters"][0]["required"] = True


def with_a_filter(document):
    extra = {"name": "mood", "in": "query", "schema": {"type": "string", "maxLength": 9}}
    document["paths"][PLANS]["get"]["parameters"].append(extra)


def with_a_field_in_answers(document):
    schema = document["components"]["schemas"]["PlanView"]
    schema["properties"]["mood"] = {"type": "string"}
    schema["required"].append("mood")


def with_a_field_that_may_be_sent(document):
    inner = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    document["components"]["schemas"]["TaskWish"]["properties"]["weight"] = inner


def with_a_choice(document):
    document["components"]["schemas"]["Verdict"]["enum"].append("sleep_on_it")


def with_more_room(document):
    document["components"]["schemas"]["TaskWish"]["properties"]["title"]["maxLength"] = 8000


def with_less_needed(document):
    document["components"]["schemas"]["TaskWish"]["required"] = ["title"]


ADDITIONS = (
    with_an_operation,
    with_a_filter,
    with_a_field_in_answers,
    with_a_field_that_may_be_sent,
    with_a_choice,
    with_more_room,
    with_less_needed,
)


@pytest.mark.parametrize("change", ADDITIONS, ids=lambda change: change.__name__)
def test_an_addition_breaks_nothing(described, change):
    later = deepcopy(described)
    change(later)

    assert Promises(later).by_subject != Promises(described).by_subject
    assert list(broken(Promises(described).by_subject, Promises(later).by_subject)) == []


def test_what_is_stored_is_read_as_it_was_written(described):
    promised = Promises(described).by_subject

    assert read(written(promised)) == promised
