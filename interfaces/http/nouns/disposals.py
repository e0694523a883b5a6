"""Disposals: runs from their draft to their certificate, erasures and demotions among them."""

from typing import Annotated, Any

from pydantic import Field

from ....application import commands as c
from ....application import questions as q
from ....domain.disposal import RunKind, RunPhase
from ....domain.event import Id
from ..actions import Action, Made
from ..reads import Here, Listed, Part, Read

RUN = "/disposals/{run}"
DRAFTED = Made("disposal.drafted", "/disposals/{new}")


class RunsQuery(Listed):
    phase: Annotated[RunPhase | None, Field(description="In one phase.")] = None
    kind: Annotated[RunKind | None, Field(description="Of one kind.")] = None


def runs(here: Here, *, part: Part, **filters: Any) -> list[q.RunSummary]:
    found: list[q.RunSummary] = here.ask(q.DisposalRuns(**filters, **part.words))
    return found


def run(here: Here, run: Id) -> q.RunView:
    found: q.RunView = here.ask(q.Disposal(run=run))
    return found


def certificate(here: Here, certificate: Id) -> q.CertificateView:
    found: q.CertificateView = here.ask(q.CertificateOf(certificate=certificate))
    return found


READS = (
    Read(
        "/disposals",
        q.DisposalRuns,
        q.RunSummary,
        runs,
        "Disposal runs",
        "list_disposals",
        query=RunsQuery,
    ),
    Read(RUN, q.Disposal, q.RunView, run, "A disposal run", "get_disposal", of="run"),
    Read(
        "/certificates/{certificate}",
        q.CertificateOf,
        q.CertificateView,
        certificate,
        "A certificate, as it was signed",
        "get_certificate",
    ),
)

ACTIONS = (
    Action("POST", "/disposals", c.DraftDisposal, "Freeze a list of what may go", made=DRAFTED),
    Action("POST", "/demotions", c.DraftDemotion, "Draft that copies go", made=DRAFTED),
    Action("POST", "/erasures", c.DraftErasure, "Draft an erasure", made=DRAFTED),
    Action(
        "POST", f"{RUN}/approve", c.ApproveDisposal, "Approve a list", of="run", must_match=True
    ),
    Action("POST", f"{RUN}/abandon", c.AbandonDisposal, "Give a run up", of="run"),
    Action("POST", f"{RUN}/transfer", c.RecordTransfer, "Record that it was handed over", of="run"),
    Action("POST", f"{RUN}/execute", c.DestroyNext, "Destroy what was approved", of="run"),
)
