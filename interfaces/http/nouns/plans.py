"""Plans: one employee's way to being enabled, in eight steps, with tasks and practice."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from ....application import commands as c
from ....application import questions as q
from ....application.news import Heard, News, PlanChanged
from ....application.replay import Replay, replay
from ....domain.approval import Phase
from ....domain.event import PersonId, PlanId, TaskId
from ....domain.lifecycle import Step
from ....domain.refusals import UnknownTask
from ..actions import Action, Made
from ..reads import Here, Listed, Part, Read
from ..watchers import Asking, Watch, Watcher

PLAN = "/plans/{plan}"
TASK = f"{PLAN}/tasks/{{task}}"
ENTRIES = f"{PLAN}/entries"


class PlansQuery(Listed):
    employee: Annotated[PersonId | None, Field(description="Whose.")] = None
    step: Annotated[int | None, Field(ge=1, le=8, description="At which step, 1 to 8.")] = None
    phase: Annotated[Phase | None, Field(description="Of one of its tasks' requests.")] = None
    level: Annotated[int | None, Field(ge=1, le=2, description="The open level of one.")] = None
    is_open: Annotated[bool | None, Field(description="Not closed.")] = None


def plans(
    here: Here, *, part: Part, step: int | None = None, **filters: Any
) -> list[q.PlanSummary]:
    at = Step(step) if step is not None else None
    found: list[q.PlanSummary] = here.ask(q.Plans(step=at, **filters, **part.words))
    return found


def plan(here: Here, plan: PlanId) -> q.PlanView:
    found: q.PlanView = here.ask(q.PlanBoard(plan=plan))
    return found


def task(here: Here, plan: PlanId, task: TaskId) -> q.TaskView:
    found: q.PlanView = here.ask(q.PlanBoard(plan=plan))
    for each in found.tasks:
        if each.task == task:
            return each
    raise UnknownTask


def tasks(here: Here, plan: PlanId, part: Part) -> tuple[q.TaskView, ...]:
    found: q.PlanView = here.ask(q.PlanBoard(plan=plan))
    return found.tasks[part.after :][: part.limit]


def entries(here: Here, plan: PlanId, part: Part) -> tuple[q.EntryView, ...]:
    found: q.PlanView = here.ask(q.PlanBoard(plan=plan))
    return found.entries[part.after :][: part.limit]


def replayed(here: Here, plan: PlanId) -> Replay:
    return replay(
        here.engine,
        here.actor,
        plan,
        as_of=here.as_of,
        effective=here.effective,
        reason=here.reason,
    )


def changed(news: News, asking: Asking, after: int, until: int) -> Sequence[PlanChanged]:
    return news.of_plan(
        asking.named["plan"], asking.actor, after=after, until=until, reason=asking.reason
    )


def touched(heard: Heard, watcher: Watcher) -> bool:
    return watcher.asking.named["plan"] in heard.plans


READS = (
    Read(PLAN, q.PlanBoard, q.PlanView, plan, "A plan", "get_plan", of="plan"),
    Read(
        "/plans",
        q.Plans,
        q.PlanSummary,
        plans,
        "Plans that one may follow",
        "list_plans",
        query=PlansQuery,
    ),
    Read(
        f"{PLAN}/tasks",
        q.PlanBoard,
        q.TaskView,
        tasks,
        "The tasks of a plan",
        "list_tasks",
        query=Listed,
    ),
    Read(TASK, q.PlanBoard, q.TaskView, task, "A task", "get_task", of="plan"),
    Read(ENTRIES, q.PlanBoard, q.EntryView, entries, "Practice", "list_entries", query=Listed),
    Read(f"{PLAN}/replay", q.AuditTrail, Replay, replayed, "A case, event by event", "replay"),
)


def _of_plan(method: str, path: str, command: type[c.Command], summary: str) -> Action:
    """What replaces something must have been looked at."""
    return Action(method, path, command, summary, of="plan", must_match=method == "PUT")


ACTIONS = (
    Action(
        "POST",
        "/plans",
        c.StartPlan,
        "Start a plan for oneself",
        made=Made("plan.started", "/plans/{new}"),
    ),
    _of_plan("POST", f"{PLAN}/begin-cycle", c.BeginCycle, "Begin a cycle"),
    _of_plan("POST", f"{PLAN}/examine-job", c.ExamineJob, "Step 1: examine the job"),
    _of_plan("PUT", TASK, c.RestateTask, "Say a task anew"),
    _of_plan("PUT", f"{TASK}/use", c.PinpointUse, "Step 2: pinpoint the use"),
    _of_plan("PUT", f"{TASK}/routine", c.KeepSimple, "Step 3: keep it simple"),
    _of_plan("POST", f"{PLAN}/allow-practice", c.AllowPractice, "Agree that practice begins"),
    _of_plan("POST", ENTRIES, c.LogPractice, "Step 4: log practice"),
    _of_plan("DELETE", f"{ENTRIES}/{{entry}}", c.StrikeEntry, "Strike a practice entry"),
    _of_plan("POST", f"{TASK}/check-results", c.CheckResults, "Step 5: check the results"),
    _of_plan(
        "POST",
        f"{TASK}/go-on-without-result",
        c.GoOnWithoutResult,
        "Step 6: go on without a result",
    ),
    _of_plan(
        "POST", f"{PLAN}/review-activities", c.ReviewActivities, "Step 7: review the activities"
    ),
    _of_plan("POST", f"{PLAN}/settle", c.Settle, "Step 8: settle"),
    _of_plan("POST", f"{TASK}/park", c.ParkTask, "Lay a task aside"),
    _of_plan("POST", f"{TASK}/drop", c.DropTask, "Drop a task"),
    _of_plan("POST", f"{TASK}/comment", c.CommentNeed, "Comment on the result needed"),
    _of_plan("POST", f"{PLAN}/abandon", c.AbandonPlan, "Abandon a plan, without a reason"),
)

WATCHES = (
    Watch(
        f"{PLAN}/events",
        "plan",
        PlanChanged,
        changed,
        touched,
        "Watch a plan",
        "watch_plan",
    ),
)
