"""Schedule: how long things are kept, in versions that never change."""

from ....application import commands as c
from ....application import questions as q
from ..actions import Action
from ..reads import Here, Read


def schedule(here: Here) -> q.ScheduleView:
    found: q.ScheduleView = here.ask(q.Schedule())
    return found


def version(here: Here, version: int) -> q.ScheduleView:
    found: q.ScheduleView = here.ask(q.Schedule(version=version))
    return found


READS = (
    Read(
        "/schedule",
        q.Schedule,
        q.ScheduleView,
        schedule,
        "The schedule in force, and what is proposed",
        "get_schedule",
        of="schedule",
    ),
    Read(
        "/schedule/versions/{version}",
        q.Schedule,
        q.ScheduleView,
        version,
        "A version of the schedule",
        "get_schedule_version",
    ),
)


def _action(method: str, path: str, command: type[c.Command], summary: str) -> Action:
    """What replaces or approves must have been looked at."""
    return Action(method, path, command, summary, of="schedule", must_match=True)


ACTIONS = (
    _action("PUT", "/schedule", c.ProposeSchedule, "Propose a whole new version"),
    _action("POST", "/schedule/confirm-periods", c.ConfirmPeriods, "Propose years settled upon"),
    _action("POST", "/schedule/approve", c.ApproveSchedule, "Approve what is proposed"),
    _action("POST", "/schedule/withdraw", c.WithdrawProposal, "Take back what is proposed"),
)
