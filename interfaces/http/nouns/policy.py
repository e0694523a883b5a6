"""Policy: the company's numbers in versions, and its holidays."""

from datetime import date

from ....application import commands as c
from ....application import questions as q
from ....application.in_force import PolicyView, policy_in_force
from ....domain.event import Value
from ..actions import Action
from ..reads import Here, Read

HOLIDAYS = "/policy/holidays/{year}"


class HolidaysView(Value):
    year: int
    days: tuple[date, ...]


def policy(here: Here) -> PolicyView:
    return policy_in_force(here.engine, as_of=here.as_of, after=here.after)


def holidays(here: Here, year: int) -> HolidaysView:
    days = tuple(day for day in policy(here).holidays if day.year == year)
    return HolidaysView(year=year, days=days)


READS = (
    Read(
        "/policy", q.AuditTrail, PolicyView, policy, "What is in force", "get_policy", of="policy"
    ),
    Read(
        HOLIDAYS,
        q.AuditTrail,
        HolidaysView,
        holidays,
        "A year's holidays",
        "get_holidays",
        of="policy",
    ),
)

ACTIONS = (
    Action("PUT", "/policy", c.SetPolicy, "Set the numbers", of="policy", must_match=True),
    Action("PUT", HOLIDAYS, c.SetHolidays, "Set a year's holidays", of="policy", must_match=True),
)
