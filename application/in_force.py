"""What is in force: the company's numbers and holidays, which anybody may know."""

from datetime import date, datetime

from ..domain.event import Value
from ..domain.policy import HolidaysSet, PolicySet, Terms
from .aggregates import POLICY_STREAM
from .desk import THE_ENGINE
from .engine import Engine
from .ports import Receipt
from .questions import AuditTrail, TrailEntry


class PolicyView(Value):
    """What begins now begins under these terms; what runs keeps its own."""

    version: int
    terms: Terms
    holidays: tuple[date, ...]


def policy_in_force(
    engine: Engine, *, as_of: datetime | int | None = None, after: Receipt | None = None
) -> PolicyView:
    """As recorded by a moment; before anything was set, the defaults that ship."""
    question = AuditTrail(person=POLICY_STREAM)
    view = PolicyView(version=1, terms=Terms(), holidays=())
    while True:
        page: list[TrailEntry] = engine.ask(question, THE_ENGINE, as_of=as_of, after=after)
        for entry in page:
            view = _with(view, entry)
        if len(page) < question.limit:
            return view
        question = question.model_copy(update={"after": page[-1].position})


def _with(view: PolicyView, entry: TrailEntry) -> PolicyView:
    says = entry.says or {}
    match entry.name:
        case PolicySet.name:
            named = {
                name.removeprefix("terms."): value
                for name, value in says.items()
                if name.startswith("terms.")
            }
            change = {"version": says["version"], "terms": Terms.model_validate(named)}
            return view.model_copy(update=change)
        case HolidaysSet.name:
            said = HolidaysSet.model_validate({"year": says["year"], "days": says["days"]})
            others = {day for day in view.holidays if day.year != said.year}
            return view.model_copy(update={"holidays": tuple(sorted(others | {*said.days}))})
    return view
