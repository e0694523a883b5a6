"""The policy desk: the company's numbers and its holidays."""

from ..domain import policy
from ..domain.sealed import Sealed
from .aggregates import POLICY, POLICY_STREAM
from .commands import Command, SetHolidays, SetPolicy
from .desk import Desk, Handler
from .envelope import ENGINE


def set_policy(desk: Desk, command: SetPolicy) -> None:
    reason = Sealed.of(command.reason)
    events = policy.set_terms(desk.policy(), terms=command.terms, reason=reason)
    desk.write(POLICY, POLICY_STREAM, events, owner=ENGINE)


def set_holidays(desk: Desk, command: SetHolidays) -> None:
    events = policy.set_holidays(desk.policy(), year=command.year, days=command.days)
    desk.write(POLICY, POLICY_STREAM, events, owner=ENGINE)


HANDLES: dict[type[Command], Handler] = {SetPolicy: set_policy, SetHolidays: set_holidays}
