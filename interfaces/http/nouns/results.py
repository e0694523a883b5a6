"""Results: what came of a task, with evidence; only what is told counts."""

from ....application import commands as c
from ....application import questions as q
from ....domain.event import PlanId, ResultId
from ....domain.refusals import UnknownResult
from ..actions import Action, Made
from ..reads import Here, Listed, Part, Read

RESULTS = "/plans/{plan}/results"
RESULT = f"{RESULTS}/{{result}}"


def all_of(here: Here, plan: PlanId) -> list[q.ResultView]:
    board: q.PlanView = here.ask(q.PlanBoard(plan=plan))
    return [result for task in board.tasks for result in task.results]


def results(here: Here, plan: PlanId, part: Part) -> list[q.ResultView]:
    return all_of(here, plan)[part.after :][: part.limit]


def result(here: Here, plan: PlanId, result: ResultId) -> q.ResultView:
    for each in all_of(here, plan):
        if each.result == result:
            return each
    raise UnknownResult


READS = (
    Read(
        RESULTS,
        q.PlanBoard,
        q.ResultView,
        results,
        "The results of a plan",
        "list_results",
        query=Listed,
    ),
    Read(RESULT, q.PlanBoard, q.ResultView, result, "A result", "get_result", of="result"),
)


def _of_result(method: str, path: str, command: type[c.Command], summary: str) -> Action:
    return Action(method, path, command, summary, of="result", must_match=method == "PUT")


ACTIONS = (
    Action(
        "POST",
        RESULTS,
        c.NoteResult,
        "Step 6: note a result",
        of="plan",
        made=Made("result.noted", RESULT.replace("{result}", "{new}")),
    ),
    _of_result("PUT", RESULT, c.AmendResult, "Say a result anew"),
    _of_result("POST", f"{RESULT}/evidence", c.AddEvidence, "Add evidence"),
    _of_result("POST", f"{RESULT}/tell", c.TellResult, "Tell the manager"),
    _of_result("POST", f"{RESULT}/acknowledge", c.AcknowledgeResult, "Acknowledge a result"),
    _of_result("POST", f"{RESULT}/show", c.ShowResult, "Show a result to colleagues"),
    _of_result("POST", f"{RESULT}/hide", c.HideResult, "No longer show a result"),
    _of_result("POST", f"{RESULT}/retract", c.RetractResult, "Retract a result"),
)
