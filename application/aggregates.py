"""Which folds there are, by name; the name and its number say when a kept state is outdated."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..domain import (
    approval,
    disposal,
    employee,
    hold,
    plan,
    policy,
    reference,
    result,
    schedule,
    skipping,
)
from ..domain.event import Event, Value

State = TypeVar("State", bound=Value)


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[State]):
    """`series` is the retention series that the stream's sealed text belongs to."""

    name: str
    fold: int
    initial: State
    evolve: Callable[[State, Event], State]
    series: str

    @property
    def fold_name(self) -> str:
        return f"{self.name}.{self.fold}"


EMPLOYEE = Aggregate("employee", 1, employee.Employee(), employee.evolve, "person")
PLAN = Aggregate("plan", 2, plan.Plan(), plan.evolve, "enablement")
RESULT = Aggregate("result", 3, result.Result(), result.evolve, "enablement")
APPROVAL = Aggregate("approval", 2, approval.Approval(), approval.evolve, "enablement")
REFERENCE = Aggregate("reference", 3, reference.ReferenceItem(), reference.evolve, "reference")
POLICY = Aggregate("policy", 1, policy.Policy(), policy.evolve, "control")
PROJECTIONS = Aggregate("projections", 1, skipping.Skips(), skipping.evolve, "control")
SCHEDULE = Aggregate("schedule", 1, schedule.RetentionSchedule(), schedule.evolve, "control")
HOLDS = Aggregate("holds", 1, hold.Holds(), hold.evolve, "control")
RUN = Aggregate("run", 2, disposal.DisposalRun(), disposal.evolve, "control")

AGGREGATES: dict[str, Aggregate[Value]] = {
    each.name: each  # type: ignore[misc]
    for each in (
        EMPLOYEE,
        PLAN,
        RESULT,
        APPROVAL,
        REFERENCE,
        POLICY,
        PROJECTIONS,
        SCHEDULE,
        HOLDS,
        RUN,
    )
}

POLICY_STREAM = "00000000-0000-4000-8000-000000000001"
"""The company's policy; like what follows, the same stream everywhere."""

PROJECTIONS_STREAM = "00000000-0000-4000-8000-000000000002"
"""What engineers have decided about projections."""

SCHEDULE_STREAM = "00000000-0000-4000-8000-000000000003"
"""The retention schedule, all its versions."""

HOLDS_STREAM = "00000000-0000-4000-8000-000000000004"
"""Every legal hold, so that one version says whether any was placed or released since."""
