"""Months of the access log at the desk: what of one may go, and what a hold keeps of it.

A hold on a person keeps what was read of them and by them, one on a case what was read of it; with
it stays whatever was read of the same person in that month, and the rest of the month goes.
"""

from collections.abc import Collection, Iterable

from ..domain.event import Id, PersonId
from ..domain.hold import Hold, Scope
from ..domain.items import Item, of_log_month
from .aggregates import PLAN
from .desk import Desk
from .envelope import ENGINE
from .ports import LoggedRead


def month_of(desk: Desk, month: Id) -> Item | None:
    """None before its day has come, and where nothing is left of it."""
    found = desk.session.log_month(month, desk.now.date())
    return None if found is None else of_log_month(month, found.newest, ENGINE)


def kept_by_holds(desk: Desk, month: Item) -> dict[PersonId, set[Id]]:
    """By person, the holds that keep what was read of them in a month."""
    holds = [each for each in desk.holds().active.values() if _of_all(each.scope).covers(month)]
    kept: dict[PersonId, set[Id]] = {}
    for read in desk.session.reads_in(month.item, _named(holds)) if holds else ():
        for hold in holds:
            if hold.scope.covers(_as_held(desk, month, read)):
                kept.setdefault(read.of, set()).add(hold.hold)
    return kept


def _of_all(scope: Scope) -> Scope:
    """Without what is different from entry to entry."""
    anybody = {"cases": (), "persons": (), "made_from": None, "made_until": None}
    return scope.model_copy(update=anybody)


def _named(holds: Iterable[Hold]) -> Collection[Id] | None:
    """Whom and what the holds name; None where one of them names neither."""
    named: set[Id] = set()
    for hold in holds:
        about = {*hold.scope.persons, *hold.scope.cases}
        if not about:
            return None
        named |= about
    return named


def _as_held(desk: Desk, month: Item, read: LoggedRead) -> Item:
    """One entry of the month, as a hold looks at it."""
    persons = {read.reader, read.person or _whose(desk, read.case)} - {None}
    return month.model_copy(
        update={"persons": tuple(sorted(persons)), "case": read.case, "created_on": read.on}
    )


def _whose(desk: Desk, case: Id | None) -> PersonId | None:
    """Of what belongs to no case the stream of a person is named, or one that is nobody's."""
    return (desk.recall(PLAN, case).employee or case) if case else None
