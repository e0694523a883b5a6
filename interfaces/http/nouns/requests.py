"""Requests: one task on its way through two acceptances."""

from ....application import commands as c
from ....application import questions as q
from ....domain.event import PlanId, TaskId
from ....domain.refusals import UnknownQuestion, UnknownRequest
from ..actions import Action, Made
from ..reads import Here, Read
from .plans import TASK, task

REQUEST = f"{TASK}/request"
QUESTIONS = f"{REQUEST}/questions"


def request(here: Here, plan: PlanId, task_id: TaskId) -> q.RequestView:
    found = task(here, plan, task_id).request
    if found is None:
        raise UnknownRequest
    return found


def one(here: Here, plan: PlanId, task: TaskId) -> q.RequestView:
    return request(here, plan, task)


def question(here: Here, plan: PlanId, task: TaskId, question: str) -> q.QuestionView:
    for each in request(here, plan, task).questions:
        if each.question == question:
            return each
    raise UnknownQuestion


READS = (
    Read(REQUEST, q.PlanBoard, q.RequestView, one, "A task's request", "get_request", of="task"),
    Read(
        f"{QUESTIONS}/{{question}}",
        q.PlanBoard,
        q.QuestionView,
        question,
        "A question about a request",
        "get_question",
    ),
)


def _decides(verb: str, command: type[c.Command], summary: str) -> Action:
    """Of two who decide at once, the second has looked at something else."""
    return Action("POST", f"{REQUEST}/{verb}", command, summary, of="task", must_match=True)


def _moves(verb: str, command: type[c.Command], summary: str) -> Action:
    return Action("POST", f"{REQUEST}/{verb}", command, summary, of="task")


ACTIONS = (
    Action(
        "POST",
        REQUEST,
        c.AskForAcceptance,
        "Ask for acceptance",
        of="task",
        made=Made("approval.asked", REQUEST),
    ),
    _decides("accept", c.AcceptTask, "Accept a task"),
    _decides("decline", c.DeclineTask, "Decline a task"),
    _decides("return", c.ReturnTask, "Return a task with what is missing"),
    _moves("withdraw", c.WithdrawRequest, "Withdraw one's own request"),
    _moves("confirm", c.ConfirmTask, "Say that a task remains after a change of job"),
    _moves("give-up", c.GiveUpTask, "Give an accepted task up"),
    _moves("name-approver", c.NameApprover, "Name who decides a level"),
    Action(
        "POST",
        QUESTIONS,
        c.AskQuestion,
        "Ask the other side",
        of="task",
        made=Made("approval.question_asked", f"{QUESTIONS}/{{new}}", by="question"),
    ),
    _moves("questions/{question}/answer", c.AnswerQuestion, "Answer the other side"),
)
