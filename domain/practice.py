"""The practice month: proved by dated entries, never by waiting alone (RULES C)."""

from collections.abc import Sequence
from datetime import date, timedelta

from .calendar import WorkCalendar, add_months
from .event import Value
from .policy import Terms


class Month(Value):
    """How a task's month stands; all days are civil dates in the employee's time zone.

    `began` is the first entry of the run that counts, `practice_days` the different days in it.
    `met_on` is the entry that completed it; until then `ready_on` is the first day on which an
    entry can, and `keep_alive_by` the last day on which an entry keeps the run going.
    `began_again` lists the entries with which a gap started the month again.
    """

    began: date | None = None
    practice_days: int = 0
    met_on: date | None = None
    ready_on: date | None = None
    keep_alive_by: date | None = None
    began_again: tuple[date, ...] = ()

    @property
    def met(self) -> bool:
        return self.met_on is not None

    def broken_on(self, day: date) -> bool:
        """Whether the run has ended for want of entries, so that the next one starts it again."""
        return not self.met and self.keep_alive_by is not None and day > self.keep_alive_by


def month(days: Sequence[date], *, calendar: WorkCalendar, terms: Terms, seldom: bool) -> Month:
    """The month of one task, from the days of its entries.

    `seldom`: the task arises less often than weekly, needs a few occurrences spread over at
    least a month, and knows no gap (RULES C4).
    """
    run: list[date] = []
    restarts: list[date] = []
    for day in sorted(set(days)):
        if run and not seldom and calendar.idle_days(run[-1], day) > terms.gap_working_days:
            run = []
            restarts.append(day)
        run.append(day)
        if _complete(run, calendar, terms, seldom):
            return _met(run, restarts)
    return _running(run, restarts, calendar, terms, seldom)


def needed(terms: Terms, seldom: bool) -> int:
    return terms.seldom_occurrences if seldom else terms.practice_days


def _complete(run: list[date], calendar: WorkCalendar, terms: Terms, seldom: bool) -> bool:
    if len(run) < needed(terms, seldom) or run[-1] < add_months(run[0], terms.practice_months):
        return False
    return run[-1] >= calendar.month_after(run[0], terms.practice_months)


def _met(run: list[date], restarts: list[date]) -> Month:
    return Month(began=run[0], practice_days=len(run), met_on=run[-1], began_again=tuple(restarts))


def _running(
    run: list[date], restarts: list[date], calendar: WorkCalendar, terms: Terms, seldom: bool
) -> Month:
    if not run:
        return Month()
    still = needed(terms, seldom) - len(run)
    after_entries = run[-1] + timedelta(days=max(still, 1))
    keep_alive = None if seldom else calendar.last_day_within(run[-1], terms.gap_working_days)
    return Month(
        began=run[0],
        practice_days=len(run),
        ready_on=max(calendar.month_after(run[0], terms.practice_months), after_entries),
        keep_alive_by=keep_alive,
        began_again=tuple(restarts),
    )
