"""Overview: how many stand where, for HR, and how far the projections have come, for engineers."""

from ....application import commands as c
from ....application import questions as q
from ..actions import Action
from ..reads import Here, Read


def funnel(here: Here) -> q.FunnelView:
    found: q.FunnelView = here.ask(q.Funnel())
    return found


def health(here: Here) -> q.Health:
    found: q.Health = here.ask(q.ProjectionHealth())
    return found


READS = (
    Read("/funnel", q.Funnel, q.FunnelView, funnel, "How many stand where", "get_funnel"),
    Read(
        "/projections",
        q.ProjectionHealth,
        q.Health,
        health,
        "How far every projection has come, and what is held up",
        "get_projections",
    ),
)
ACTIONS = (
    Action(
        "POST",
        "/projections/{projection}/skip",
        c.SkipEvent,
        "Go on without an event that cannot be folded",
    ),
)
