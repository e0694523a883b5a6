"""A Python client that a generator made of the document walks from an ordinary day to enabled."""

import importlib
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

WEEKS = 6


@pytest.fixture(scope="session")
def generated(document, tmp_path_factory) -> Any:
    """openapi-python-client's package; its operations by name."""
    folder = tmp_path_factory.mktemp("python")
    name = "countersign_client"
    made = subprocess.run(
        [
            Path(sys.executable).with_name("openapi-python-client"),
            "generate",
            f"--path={document}",
            f"--output-path={folder / name}",
            "--meta=none",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Unable to" not in made.stdout, made.stdout
    sys.path.insert(0, str(folder))
    try:
        package = importlib.import_module(name)
        modules = {file.stem: file for file in (folder / name / "api").rglob("*.py")}
        yield SimpleNamespace(
            client=package.AuthenticatedClient,
            models=importlib.import_module(f"{name}.models"),
            call=lambda operation: importlib.import_module(
                f"{name}.api.{modules[operation].parent.name}.{operation}"
            ),
        )
    finally:
        sys.path.remove(str(folder))


class Somebody:
    """Calls operations by their names; each answer is of the type that the document says."""

    def __init__(self, generated: Any, client: Any) -> None:
        self._generated = generated
        self._client = client

    def does(self, operation: str, *named: str, status: int = 200, **more: Any) -> Any:
        call = self._generated.call(operation).sync_detailed
        told = call(*named, client=self._client, **more)
        assert told.status_code == status, told.content
        return told.parsed

    def commands(self, operation: str, *named: str, **more: Any) -> Any:
        receipt = self.does(operation, *named, idempotency_key=str(uuid4()), **more)
        assert isinstance(receipt, self._generated.models.ReceiptDocument)
        return receipt


@pytest.fixture
def somebody(stage, team, wire, generated) -> Any:
    with ExitStack() as open_clients:

        def by_name(name: str) -> Somebody:
            client = generated.client(
                base_url=str(stage.http.base_url).rstrip("/"),
                token=wire.tokens.issue(team.person(name), seconds=3600),
                httpx_args={"trust_env": False},
            )
            return Somebody(generated, open_clients.enter_context(client))

        yield by_name


def test_every_operation_can_be_called(stage, generated):
    document = stage.http.get("/api/v1/openapi.json").json()
    for path in document["paths"].values():
        for operation in path.values():
            assert callable(generated.call(operation["operationId"]).sync_detailed)


def test_a_case_is_walked_to_double_acceptance(stage, team, somebody, generated):
    m, ada = generated.models, somebody("Ada")
    plan = ada.commands("start_plan", status=201).made
    wish = m.TaskWish(title="find leads", need="three leads a month")
    ada.commands("examine_job", plan, body=m.ExamineJob(activities=["mail"], tasks=[wish]))
    (task,) = [each.task for each in ada.does("list_tasks", plan).items]
    use = m.PinpointUse(point="mornings", purpose="to find leads", channels=["LinkedIn"])
    used = ada.commands("pinpoint_use", plan, task, body=use, if_match="*")
    routine = m.KeepSimple(actions=["search"])
    ada.commands("keep_simple", plan, task, body=routine, if_match=used.etag)
    practise(stage.company.clock, ada, plan, m)
    ada.commands("check_results", plan, task, body=m.CheckResults(verdict=m.Verdict.KEEP))
    finding = m.FindingWish(
        kind=m.ResultKind.LEAD,
        route=m.Route.SEARCH,
        channel="LinkedIn",
        what="a quotation asked for",
        confirmable_by="the sales desk",
    )
    noting = m.NoteResult(task=task, finding=finding)
    result = ada.commands("note_result", plan, body=noting, status=201).made
    ada.commands("review_activities", plan, body=m.ReviewActivities(activities=["mail"]))
    ada.commands("settle", plan, body=m.Settle())
    ada.commands("ask_for_acceptance", plan, task, status=201)

    for level, name in ((1, "Max"), (2, "Vera")):
        approver = somebody(name)
        (waiting,) = approver.does("list_inbox", plan=plan, kind=m.ListInboxKind.DECIDE).items
        assert (waiting.level, waiting.task) == (level, task)
        accepting = m.AcceptTask(
            evidence=waiting.evidence, result=result, value_perceived=m.PerceivedValue.DIRECT
        )
        approver.commands("accept_task", plan, task, body=accepting, if_match="*")

    assert ada.does("get_request", plan, task).phase is m.Phase.ENABLED


def practise(clock, ada, plan, m):
    first = clock.today
    for weeks in range(WEEKS):
        clock.go(first + timedelta(weeks=weeks))
        days = [m.PracticeDay(on=clock.today)]
        ada.commands("log_practice", plan, body=m.LogPractice(days=days))


def test_a_refusal_is_a_typed_problem(somebody, generated):
    ada = somebody("Ada")
    plan = ada.commands("start_plan", status=201).made
    ada.commands("abandon_plan", plan)

    refused = ada.does("abandon_plan", str(uuid4()), status=404)

    assert isinstance(refused, generated.models.Problem)
    assert refused.type_.endswith("/plan-not-started")
