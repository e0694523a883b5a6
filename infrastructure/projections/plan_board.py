"""Plan board: every plan with its tasks, practice, results and requests, as of any moment."""

from collections.abc import Callable
from datetime import date
from typing import Any

from ...application.ports import Recorded
from ...application.questions import (
    EntryView,
    PlanBoard,
    PlanView,
    Question,
    RequestView,
    ResultView,
    TaskView,
)
from ...domain import line
from ...domain.approval import Phase
from ...domain.event import PlanId
from ...domain.lifecycle import NEEDS, Step
from ...domain.plan import TaskStanding
from ...domain.policy import Starting
from ...domain.refusals import PlanNotStarted
from ..database import Tx
from .gone import is_gone, there
from .intervals import Book, Doc, Pages, Parted, Spread
from .people import PERSON, Lookup

PLAN = Book("cs_p_plan", ("employee",), (("employee",),))
ACTIVITIES = Book("cs_p_activities")
TASK = Book("cs_p_task", ("plan",), (("plan",),))
ENTRY = Book("cs_p_entry", ("plan",), (("plan",),))
RESULT = Book("cs_p_result", ("plan", "task"), (("plan",),))
REQUEST = Book("cs_p_request", ("plan",), (("plan",),))

Said = dict[str, Any]


class PlanBoardProjection:
    name = "plan_board"
    version = 2
    books = (PLAN, ACTIVITIES, TASK, ENTRY, RESULT, REQUEST)

    answers: tuple[type[Question], ...] = (PlanBoard,)
    stops = False
    reads = ("plan_board", "people")

    def concerns(self, name: str) -> bool:
        return name.startswith(("plan.", "result.", "approval."))

    def parted(self, name: str) -> Parted:
        return Parted.BY_CASE

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        kind, _, rest = recorded.name.partition(".")
        if kind == "plan":
            _plan_event(pages, recorded, rest)
        elif kind == "result":
            _result_event(pages[RESULT], recorded, rest)
        else:
            _request_event(pages[REQUEST], recorded, rest)

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> PlanView | None:
        if not isinstance(question, PlanBoard):
            return None
        plan = question.plan or _open_plan(tx, at, question.person)
        doc = PLAN.row(tx, at, plan) if plan else None
        if plan is None or doc is None or is_gone(tx, plan):
            raise PlanNotStarted
        return _board(tx, at, on, plan, doc)


def _open_plan(tx: Tx, at: int | None, person: str | None) -> PlanId | None:
    """The plan that a person has now, or had last."""
    mine = f"employee = :person AND {there(tx)}"
    rows = PLAN.rows(tx, at, mine, person=person) if person else []
    rows.sort(key=lambda row: (row[1]["closed"] is None, row[1]["started"]))
    return rows[-1][0] if rows else None


def _board(tx: Tx, at: int | None, on: date, plan: PlanId, doc: Doc) -> PlanView:
    in_plan = {"where": "plan = :plan", "plan": plan}
    requests = dict(REQUEST.rows(tx, at, **in_plan))
    results = [ResultView.model_validate(row) for _, row in RESULT.rows(tx, at, **in_plan)]
    tasks = [
        TaskView.model_validate(
            row
            | {
                "results": [result for result in results if result.task == task],
                "request": _request(tx, at, on, requests.get(task)),
            }
        )
        for task, row in TASK.rows(tx, at, **in_plan)
    ]
    entries = [EntryView.model_validate(row) for _, row in ENTRY.rows(tx, at, **in_plan)]
    entries.sort(key=lambda entry: entry.entry)
    person = PERSON.row(tx, at, doc["employee"]) or {}
    step = Step(doc["step"]) if doc["step"] else None
    shown = {name: value for name, value in doc.items() if name not in ("started", "task_order")}
    return PlanView.model_validate(
        (ACTIVITIES.row(tx, at, plan) or NO_ACTIVITIES)
        | shown
        | {
            "plan": plan,
            "employee_name": person.get("full_name"),
            "needs": NEEDS[step] if step else None,
            "tasks": sorted(tasks, key=lambda task: (task.cycle, order(doc, task.task))),
            "entries": entries,
        }
    )


def order(doc: Doc, task: str) -> int:
    """Tasks stand in the order in which they came up."""
    tasks: list[str] = doc["task_order"]
    return tasks.index(task)


def _request(tx: Tx, at: int | None, on: date, doc: Doc | None) -> RequestView | None:
    if doc is None:
        return None
    shown = {name: value for name, value in doc.items() if name != "employee"}
    view = RequestView.model_validate(shown)
    if view.phase is not Phase.OPEN:
        return view
    return view.model_copy(update={"seat": seat_of(tx, at, on, doc)})


def seat_of(tx: Tx, at: int | None, on: date, doc: Doc) -> line.Seat:
    """Who may decide the open level of a request on a day, by the domain's own rules."""
    return line.seat(
        doc["level"],
        employee=doc["employee"],
        people=Lookup(tx, at),
        on=on,
        named={named["level"]: named["approver"] for named in doc["named"]},
        decided=decided(doc),
    )


def decided(doc: Doc) -> dict[int, tuple[str, str]]:
    """By level, who accepted the evidence that stands now, and on whose behalf."""
    standing = [
        decision
        for decision in doc["decisions"]
        if decision["verb"] == "accepted"
        and (decision["request"], decision["round"]) == (doc["request"], doc["round"])
        and decision["card"]["evidence"] == doc["evidence"]["number"]
    ]
    return {
        each["card"]["level"]: (each["approver"], each["card"]["on_behalf_of"] or each["approver"])
        for each in standing
    }


TOLD_ACTIVITIES = {
    "job_examined.v1": "activities",
    "activities_reviewed.v1": "reviewed_activities",
}
"""Long, and seldom told: not to be written again with every step."""

NO_ACTIVITIES: Doc = {"activities": [], "reviewed_activities": []}


def _plan_event(pages: Spread, recorded: Recorded, rest: str) -> None:
    said, at, plan = recorded.said, recorded.position, recorded.stream
    if rest == "practice_logged.v1":
        _entry(pages[ENTRY], plan, said, at)
    elif rest == "entry_struck.v1":
        key = f"{plan}:{said['entry']}"
        pages[ENTRY].put(key, (pages[ENTRY].get(key) or {}) | {"struck": True}, at)
    elif "task" in said:
        _task_event(pages, plan, rest, said, at)
    elif rest in TOLD_ACTIVITIES:
        told = {TOLD_ACTIVITIES[rest]: said["activities"]}
        pages[ACTIVITIES].put(plan, (pages[ACTIVITIES].get(plan) or NO_ACTIVITIES) | told, at)
    elif rest == "cycle_began.v1":
        pages[ACTIVITIES].end(plan, at)
    change = _plan_change(pages[PLAN].get(plan), rest, said)
    if change is None:
        return
    pages[PLAN].put(plan, change, at, change["employee"])
    if rest == "step_completed.v1" and said["step"] == Step.SETTLE:
        _settle_tasks(pages[TASK], change, at)


def _plan_change(doc: Doc | None, rest: str, said: Said) -> Doc | None:
    if rest == "started.v1":
        return _new_plan(said)
    if doc is None:
        return None
    match rest:
        case "cycle_began.v1":
            fresh = {"step": 1, "outcome": None}
            pinned = {name: said[name] for name in ("cycle", "policy_version")}
            return doc | fresh | pinned | {"starting": said["terms"]["starting"]}
        case "scope_settled.v1":
            return doc | {"outcome": said["outcome"]}
        case "step_completed.v1":
            step = said["step"]
            return doc | {"step": None if step == Step.SETTLE else step + 1}
        case "step_reopened.v1":
            return doc | {"step": said["step"]}
        case "cycle_ended.v1":
            return doc | {"step": None}
        case "practice_allowed.v1":
            return doc | {"practice_allowed": True}
        case "closed.v1":
            return doc | {"closed": said["reason"], "step": None}
        case "task_identified.v1" | "task_found.v1":
            return doc | {"task_order": [*doc["task_order"], said["task"]]}
    return None


def _new_plan(said: Said) -> Doc:
    return {
        "employee": said["employee"],
        "cycle": 0,
        "step": None,
        "policy_version": 1,
        "starting": Starting.TOLD,
        "outcome": None,
        "practice_allowed": False,
        "started_on": said["on"],
        "started": said["on"],
        "closed": None,
        "task_order": [],
    }


def _entry(entries: Pages, plan: str, said: Said, at: int) -> None:
    doc = {
        "entry": said["entry"],
        "practised_on": said["practised_on"],
        "tasks": said["tasks"],
        "backdated": said["backdated"],
        "note": said["note"],
        "struck": False,
    }
    entries.put(f"{plan}:{said['entry']}", doc, at, plan)


def _task_event(pages: Spread, plan: str, rest: str, said: Said, at: int) -> None:
    task = said["task"]
    change = _task_change(pages[TASK].get(task), rest, said)
    if change is not None:
        pages[TASK].put(task, change, at, plan)


def _task_change(doc: Doc | None, rest: str, said: Said) -> Doc | None:
    if rest in ("task_identified.v1", "task_found.v1"):
        standing = TaskStanding.RUNNING if rest == "task_identified.v1" else TaskStanding.FOUND
        shown = {name: said[name] for name in ("task", "title", "need", "value", "cycle")}
        return shown | {"standing": standing, "comments": []}
    if doc is None:
        return None
    change = TASK_CHANGES.get(rest)
    return None if change is None else doc | change(doc, said)


Change = Callable[[Doc, Said], Doc]


def _standing(standing: TaskStanding) -> Change:
    return lambda doc, said: {"standing": standing}


def _taken(doc: Doc, said: Said) -> Doc:
    fresh = {"verdict": None, "went_on_without": False}
    return {"standing": TaskStanding.RUNNING, "cycle": said["cycle"], **fresh}


def _picked(*names: str) -> Change:
    return lambda doc, said: {name: said[name] for name in names}


def _month(doc: Doc, said: Said) -> Doc:
    return {
        "month_began": said["began"],
        "month_met_on": said["met_on"],
        "practice_days": said["practice_days"],
    }


def _month_again(doc: Doc, said: Said) -> Doc:
    return {"month_met_on": None, "month_ready_on": None, "month_began": None, "practice_days": 0}


TASK_CHANGES: dict[str, Change] = {
    "task_restated.v1": _picked("title", "need", "value"),
    "task_taken.v1": _taken,
    "task_parked.v1": _standing(TaskStanding.PARKED),
    "task_dropped.v1": _standing(TaskStanding.DROPPED),
    "use_pinpointed.v1": _picked("point", "purpose", "channels", "frequency"),
    "routine_set.v1": _picked("actions"),
    "results_checked.v1": _picked("methods", "verdict"),
    "went_on_without_result.v1": lambda doc, said: {"went_on_without": True},
    "month_reckoned.v1": lambda doc, said: {
        "month_began": said["began"],
        "month_ready_on": said["ready_on"],
    },
    "month_met.v1": _month,
    "month_reopened.v1": lambda doc, said: {"month_met_on": None},
    "month_began_again.v1": _month_again,
    "need_commented.v1": lambda doc, said: {"comments": [*doc["comments"], said["comment"]]},
}


def _settle_tasks(tasks: Pages, plan: Doc, at: int) -> None:
    for task in plan["task_order"]:
        doc = tasks.get(task)
        if doc is not None and doc["standing"] == TaskStanding.RUNNING:
            tasks.put(task, doc | {"standing": TaskStanding.SETTLED}, at)


def _result_event(results: Pages, recorded: Recorded, rest: str) -> None:
    said, at, result = recorded.said, recorded.position, recorded.stream
    if rest == "noted.v1":
        doc = {
            name: value for name, value in said.items() if name not in ("employee", "plan", "on")
        }
        results.put(result, doc | {"result": result, "revision": 1}, at, said["plan"], said["task"])
        return
    doc_now = results.get(result)
    if doc_now is not None:
        results.put(result, doc_now | _result_change(doc_now, rest, said), at)


def _result_change(doc: Doc, rest: str, said: Said) -> Doc:
    match rest:
        case "amended.v1":
            return {name: value for name, value in said.items() if name != "on"}
        case "evidence_added.v1":
            evidence = [*doc["evidence"], said["evidence"]]
            return {"evidence": evidence, "revision": said["revision"]}
        case "file_attached.v1":
            files = [*doc.get("files", ()), said["file"]]
            return {"files": files, "revision": said["revision"]}
        case "told.v1":
            return {"told_to": said["manager"], "acknowledged": False}
        case "acknowledged.v1":
            return {"acknowledged": True}
        case "shown.v1":
            return {"shown": True}
        case "hidden.v1":
            return {"shown": False}
        case "retracted.v1":
            return {"retracted": True, "shown": False}
    return {}


def _request_event(requests: Pages, recorded: Recorded, rest: str) -> None:
    said, at, task = recorded.said, recorded.position, recorded.stream
    doc = requests.get(task)
    if rest == "asked.v1":
        requests.put(task, _asked(doc, said), at, said["plan"])
    elif doc is not None:
        requests.put(task, doc | _request_change(doc, rest, said), at)


def _asked(doc: Doc | None, said: Said) -> Doc:
    same_request = doc is not None and doc["request"] == said["request"]
    return {
        "employee": said["employee"],
        "phase": Phase.OPEN,
        "request": said["request"],
        "round": said["round"],
        "level": 1,
        "evidence": said["evidence"],
        "value_expected": said["value_expected"],
        "decisions": doc["decisions"] if doc else [],
        "named": doc["named"] if doc and same_request else [],
        "questions": doc["questions"] if doc else [],
        "asked_on": said["on"],
        "level_since": said["on"],
        "enabled_on": None,
        "until": None,
        "end_reason": None,
    }


def _request_change(doc: Doc, rest: str, said: Said) -> Doc:
    match rest:
        case "accepted.v1" | "declined.v1" | "returned.v1":
            return _decision(doc, rest.removesuffix(".v1"), said)
        case "enabled.v1":
            return {
                "phase": Phase.ENABLED,
                "level": 0,
                "enabled_on": said["on"],
                "until": said["until"],
            }
        case "evidence_changed.v1":
            return {"evidence": said["evidence"], "level": 1, "level_since": said["on"]}
        case "question_asked.v1":
            asked = {name: said[name] for name in ("question", "by", "text", "on")}
            return {"questions": [*doc["questions"], asked]}
        case "question_answered.v1":
            return {"questions": [_answered(each, said) for each in doc["questions"]]}
        case "approver_named.v1":
            others = [each for each in doc["named"] if each["level"] != said["level"]]
            return {"named": [*others, said]}
        case "validity_moved.v1":
            return {"until": said["until"]}
        case "withdrawn.v1":
            return {"phase": Phase.WITHDRAWN, "level": 0}
        case "ended.v1":
            return {"phase": Phase.ENDED, "level": 0, "end_reason": said["reason"]}
        case "frozen.v1":
            return {"phase": Phase.FROZEN, "level": 0}
    return {}


def _decision(doc: Doc, verb: str, said: Said) -> Doc:
    because = said.get("because") or {}
    made = {
        "verb": verb,
        "approver": said["approver"],
        "card": said["card"],
        "request": doc["request"],
        "round": doc["round"],
        "result": because.get("result"),
        "need": because.get("need"),
        "text": said.get("reason") or said.get("missing"),
        "to_step": said.get("to_step"),
        "value_perceived": said.get("value_perceived"),
        "on": said["on"],
    }
    moved: Doc = {"accepted": {"level": said["card"]["level"] + 1, "level_since": said["on"]}}.get(
        verb, {"phase": verb, "level": 0}
    )
    return {"decisions": [*doc["decisions"], made], **moved}


def _answered(question: Doc, said: Said) -> Doc:
    if question["question"] != said["question"]:
        return question
    return question | {"answered_by": said["by"], "answer": said["text"]}
