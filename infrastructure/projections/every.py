"""Every projection that there is."""

from ..projector.projection import Projection
from .audit_trail import AuditTrailProjection
from .due_dates import DueDatesProjection
from .inbox import InboxProjection
from .keeping import KeepingProjection
from .people import Find, PeopleProjection
from .plan_board import PlanBoardProjection
from .reading_list import ReadingListProjection
from .register import RegisterProjection


def projections(find: Find) -> tuple[Projection, ...]:
    """`find` leads from a number, an address or a login to a person."""
    return (
        PeopleProjection(find),
        PlanBoardProjection(),
        InboxProjection(),
        AuditTrailProjection(),
        DueDatesProjection(),
        ReadingListProjection(),
        RegisterProjection(),
        KeepingProjection(),
    )
