"""Who may decide: the line as it stands, its vacancies, loops and tops, stand-ins and named people.

RULES E4, E8 and E13. Everything here is asked about one day, and looks people up one by one, so
that the caller knows whom the answer rests on.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from datetime import date
from enum import StrEnum

from .employee import Employee, StandIn
from .event import PersonId, Value

People = Callable[[PersonId], Employee]

LEVELS = (1, 2)


class Standing(StrEnum):
    """In which capacity somebody decides."""

    LINE = "line"
    STAND_IN = "stand_in"
    NAMED = "named"


class Missing(StrEnum):
    """Why nobody can decide until HR names somebody."""

    NO_MANAGER = "no_manager"
    TOP_OF_THE_HOUSE = "top_of_the_house"
    NOBODY_DIFFERENT_ABOVE = "nobody_different_above"
    NAMED_PERSON_BARRED = "named_person_barred"
    NO_ALTERNATE = "no_alternate"


class Seat(Value):
    """One level of a case on one day: whose it is, who may act for them, and how it was found."""

    level: int
    holder: PersonId | None = None
    standing: Standing | None = None
    stand_in: PersonId | None = None
    path: tuple[PersonId, ...] = ()
    missing: Missing | None = None

    @property
    def waits_for_hr(self) -> bool:
        return self.missing is not None

    def standing_of(self, person: PersonId) -> Standing | None:
        """In which capacity this person may decide here; None: not at all."""
        if person == self.holder:
            return self.standing
        return Standing.STAND_IN if person == self.stand_in and self.holder else None


def posts_above(person: PersonId, people: People, on: date) -> Iterator[PersonId]:
    """Every post above somebody, nearest first, held or vacant; a loop in the chart ends it."""
    seen = {person}
    line = people(person).line_on(on)
    while line and line.manager and line.manager not in seen:
        seen.add(line.manager)
        yield line.manager
        line = people(line.manager).line_on(on)


def holders_above(person: PersonId, people: People, on: date) -> Iterator[PersonId]:
    """Who serves above somebody; vacant posts and leavers are climbed over."""
    return (post for post in posts_above(person, people, on) if people(post).serves_on(on))


def is_below(person: PersonId, other: PersonId, people: People, on: date) -> bool:
    """Whether `person` reports to `other`, however far down."""
    return other in posts_above(person, people, on)


def seat(
    level: int,
    *,
    employee: PersonId,
    people: People,
    on: date,
    named: Mapping[int, PersonId] | None = None,
    decided: Mapping[int, Collection[PersonId]] | None = None,
) -> Seat:
    """Who may decide `level` of a case of `employee` on a day.

    `named`: whom HR named, by level. `decided`: who accepted the other levels, and on whose
    behalf; they, and the employee, are barred here.
    """
    others = {each for at, some in (decided or {}).items() if at != level for each in some}
    barred = {employee} | others
    found = _held(level, employee, barred, people, on, (named or {}).get(level))
    return found if found.holder is None else _with_stand_in(found, employee, barred, people, on)


def _held(
    level: int,
    employee: PersonId,
    barred: Set[PersonId],
    people: People,
    on: date,
    named: PersonId | None,
) -> Seat:
    if named is not None:
        fit = may_be_named(named, employee=employee, barred=barred, people=people, on=on)
        if not fit:
            return Seat(level=level, path=(named,), missing=Missing.NAMED_PERSON_BARRED)
        return Seat(level=level, holder=named, standing=Standing.NAMED, path=(named,))
    return _held_by_line(level, employee, barred, people, on)


def _held_by_line(
    level: int, employee: PersonId, barred: Set[PersonId], people: People, on: date
) -> Seat:
    posts = tuple(posts_above(employee, people, on))
    serving = [post for post in posts if people(post).serves_on(on)]
    candidates = [
        post for post in _from(level, posts, serving, barred - {employee}) if post not in barred
    ]
    if not candidates:
        return Seat(level=level, path=posts, missing=_why_nobody(employee, serving, people, on))
    holder = candidates[0]
    path = posts[: posts.index(holder) + 1]
    return Seat(level=level, holder=holder, standing=Standing.LINE, path=path)


def _from(
    level: int,
    posts: tuple[PersonId, ...],
    serving: list[PersonId],
    decided: Collection[PersonId],
) -> list[PersonId]:
    """Who comes into question for a level, nearest first.

    Once level 1 has been decided, level 2 is looked for from the second post on, so that the
    first manager's leaving does not push it up; before, it is above whoever would decide level 1.
    """
    if not decided:
        return serving[level - 1 :]
    return [post for post in posts[level - 1 :] if post in serving]


def _why_nobody(employee: PersonId, serving: list[PersonId], people: People, on: date) -> Missing:
    line = people(employee).line_on(on)
    if line is not None and line.top:
        return Missing.TOP_OF_THE_HOUSE
    return Missing.NOBODY_DIFFERENT_ABOVE if serving else Missing.NO_MANAGER


def may_be_named(
    person: PersonId,
    *,
    employee: PersonId,
    barred: Collection[PersonId],
    people: People,
    on: date,
) -> bool:
    """Outsiders may; the employee, whoever is below, and who decided already may not."""
    return (
        person != employee
        and person not in barred
        and people(person).serves_on(on)
        and not is_below(person, employee, people, on)
    )


def _with_stand_in(
    found: Seat, employee: PersonId, barred: Collection[PersonId], people: People, on: date
) -> Seat:
    assert found.holder is not None
    appointed = people(found.holder).stand_in_on(on)
    if appointed is None:
        return found
    for candidate in _candidates(found.holder, appointed, people, on):
        if may_be_named(candidate, employee=employee, barred=barred, people=people, on=on):
            return found.model_copy(update={"stand_in": candidate})
    return found.model_copy(update={"missing": Missing.NO_ALTERNATE})


def _candidates(
    absent: PersonId, appointed: StandIn, people: People, on: date
) -> Iterator[PersonId]:
    """The stand-in; where barred, the alternate, by default the absent one's own manager."""
    yield appointed.person
    if appointed.alternate is not None:
        yield appointed.alternate
        return
    manager = next(holders_above(absent, people, on), None)
    if manager is not None:
        yield manager
