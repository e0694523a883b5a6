"""Civil dates: months that end where the month ends, and a person's own working days."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta

from .event import Value

WEEK = (0, 1, 2, 3, 4)
"""Monday to Friday, counted as `date.weekday()` counts."""

DAY = timedelta(days=1)


class Period(Value):
    """Half open: from `start`, not including `end` (None: for good)."""

    start: date
    end: date | None = None

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)

    @property
    def is_empty(self) -> bool:
        return self.end is not None and self.end <= self.start

    def overlaps(self, other: "Period") -> bool:
        if self.is_empty or other.is_empty:
            return False
        return (other.end is None or self.start < other.end) and (
            self.end is None or other.start < self.end
        )


def add_months(day: date, months: int) -> date:
    """The same day `months` later; where that month is shorter, its last day (RULES C2)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class WorkPattern(Value):
    """Which weekdays are somebody's own working days, from a day on."""

    effective: date
    weekdays: tuple[int, ...]


class WorkCalendar(Value):
    """One person's working days: pattern, absences and the company's holidays (dates only)."""

    patterns: tuple[WorkPattern, ...] = ()
    absences: tuple[Period, ...] = ()
    holidays: tuple[date, ...] = ()

    def absent(self, day: date) -> bool:
        return any(absence.covers(day) for absence in self.absences)

    def works(self, day: date) -> bool:
        weekdays: tuple[int, ...] = WEEK
        for pattern in self.patterns:
            if pattern.effective <= day:
                weekdays = pattern.weekdays
        return day.weekday() in weekdays and day not in self.holidays and not self.absent(day)

    def idle_days(self, earlier: date, later: date) -> int:
        """Own working days that lie strictly between two days."""
        return sum(self.works(day) for day in days(earlier + DAY, later))

    def last_day_within(self, earlier: date, idle: int) -> date:
        """The latest day that leaves at most `idle` own working days after `earlier`.

        Somebody who never works within three years is given those three years.
        """
        day, horizon = earlier + DAY, earlier + timedelta(days=3 * 366)
        while day < horizon:
            idle -= self.works(day)
            if idle < 0:
                return day
            day += DAY
        return day

    def month_after(self, first: date, months: int) -> date:
        """`first` plus calendar months, moved by as many days as were absent in between."""
        return moved_by(self.absences, first, add_months(first, months))


def moved_by(absences: Iterable[Period], start: date, end: date) -> date:
    """`end`, later by each day of absence since `start`; a day in two absences counts once."""
    counted = start
    for absence in sorted(absences, key=lambda period: period.start):
        begins = max(absence.start, counted)
        if absence.end is not None and begins < end and begins < absence.end:
            end += absence.end - begins
            counted = absence.end
    return end


def days(start: date, end: date) -> Iterable[date]:
    return (start + timedelta(days=n) for n in range((end - start).days))
