"""Overview: how many stand where, for HR, and how far the projections have come, for engineers."""

from ....application import questions as q
from ..reads import Here, Listed, Part, Read


def funnel(here: Here) -> q.FunnelView:
    found: q.FunnelView = here.ask(q.Funnel())
    return found


def projections(here: Here, part: Part) -> list[q.ProjectionState]:
    found: list[q.ProjectionState] = here.ask(q.ProjectionStatus())
    return found[part.after :][: part.limit]


READS = (
    Read("/funnel", q.Funnel, q.FunnelView, funnel, "How many stand where", "get_funnel"),
    Read(
        "/projections",
        q.ProjectionStatus,
        q.ProjectionState,
        projections,
        "How far every projection has come",
        "list_projections",
        query=Listed,
    ),
)
ACTIONS = ()
