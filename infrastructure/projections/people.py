"""People: who is there, and every reporting line and stand-in, as of any moment and for any day."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from ...application.ports import Recorded
from ...application.questions import People, PersonView, Question, WhoIs
from ...domain.employee import Employee, LineSet, StandInAppointed, evolve
from ...domain.event import PersonId
from ...domain.refusals import UnknownPerson
from ..database import Tx
from .intervals import Book, Pages, Parted, Spread

PERSON = Book("cs_p_person", listed=True)
LINE = Book("cs_p_line", ("manager", "person"), (("manager",),), keyed=False)
STAND_IN = Book(
    "cs_p_stand_in",
    ("absent", "stand_in", "alternate"),
    (("stand_in",), ("alternate",)),
    keyed=False,
)

Find = Callable[[Tx, str], PersonId | None]
"""Who goes by a number, an address or a login; the look-up is keyed and lies elsewhere."""


class PeopleProjection:
    """Keeps each person's folded state; lines and stand-ins can be looked up from above."""

    name = "people"
    version = 1
    books = (PERSON, LINE, STAND_IN)

    answers: tuple[type[Question], ...] = (WhoIs, People)
    stops = True  # lines cross: who is missing would make others' approvers wrong
    reads = ("people",)

    def __init__(self, find: Find) -> None:
        self._find = find

    def concerns(self, name: str) -> bool:
        return name.startswith("employee.")

    def parted(self, name: str) -> Parted:
        return Parted.BY_STREAM

    def fold(self, pages: Spread, recorded: Recorded) -> None:
        _person(pages[PERSON], recorded)
        _line(pages[LINE], recorded)
        _stand_in(pages[STAND_IN], recorded)

    def answer(self, tx: Tx, question: Question, at: int | None, on: date) -> Any:
        match question:
            case WhoIs(known_as=known_as):
                return self._who_is(tx, known_as, at, on)
            case People():
                rows = PERSON.rows(tx, at)
                return [_view(key, Employee.model_validate(doc), on) for key, doc in rows]
        return None

    def _who_is(self, tx: Tx, known_as: str, at: int | None, on: date) -> PersonView:
        doc = PERSON.row(tx, at, known_as)
        person = known_as if doc else self._find(tx, known_as)
        if person is None:
            raise UnknownPerson
        doc = doc or PERSON.row(tx, at, person)
        if doc is None:
            raise UnknownPerson
        return _view(person, Employee.model_validate(doc), on)


def _person(people: Pages, recorded: Recorded) -> None:
    state = evolve(people.state(recorded.stream, Employee), recorded.event)
    people.put(recorded.stream, state, recorded.position)


def _line(lines: Pages, recorded: Recorded) -> None:
    if recorded.name == LineSet.name and recorded.said["manager"]:
        key = f"{recorded.stream}:{recorded.version}"
        doc = {"effective": recorded.said["effective"]}
        lines.add(key, doc, recorded.position, recorded.said["manager"], recorded.stream)


def _stand_in(stand_ins: Pages, recorded: Recorded) -> None:
    if recorded.name == StandInAppointed.name:
        said = recorded.said
        columns = (recorded.stream, said["stand_in"], said["alternate"])
        stand_ins.add(said["appointment"], {}, recorded.position, *columns)


def _view(person: PersonId, state: Employee, on: date) -> PersonView:
    line, stand_in = state.line_on(on), state.stand_in_on(on)
    assert state.kind is not None
    return PersonView(
        person=person,
        kind=state.kind,
        name=state.full_name,
        email=state.email,
        time_zone=state.time_zone,
        serves=state.serves_on(on),
        manager=line.manager if line else None,
        top=bool(line and line.top),
        roles=tuple(sorted(state.roles)),
        stand_in=stand_in.person if stand_in else None,
        plan=state.plan,
    )


class Lookup:
    """People one by one, each read once: what `domain.line` asks for."""

    def __init__(self, tx: Tx, at: int | None) -> None:
        self._tx = tx
        self._at = at
        self._known: dict[PersonId, Employee] = {}

    def __call__(self, person: PersonId) -> Employee:
        if person not in self._known:
            doc = PERSON.row(self._tx, self._at, person)
            self._known[person] = Employee.model_validate(doc or {})
        return self._known[person]

    def meet(self, people: Iterable[PersonId]) -> None:
        """Reads at once those who will be asked for."""
        fresh = [person for person in people if person not in self._known]
        for person, doc in PERSON.rows_of(self._tx, self._at, fresh).items():
            self._known[person] = Employee.model_validate(doc)


BELOW = """
WITH RECURSIVE below(person) AS (
    SELECT person FROM cs_p_line WHERE manager = :person{held}
    UNION
    SELECT l.person FROM cs_p_line l JOIN below b ON l.manager = b.person{held}
)
SELECT person FROM below
"""


def below(tx: Tx, at: int | None, person: PersonId) -> set[PersonId]:
    """Everybody who on any day reports to somebody, however far down."""
    held = "" if at is None else " AND from_position <= :at"
    params: dict[str, Any] = {"person": person} if at is None else {"person": person, "at": at}
    return {row[0] for row in tx.all(BELOW.format(held=held), **params)}


def stands_in_for(tx: Tx, at: int | None, person: PersonId) -> set[PersonId]:
    """Whom somebody was ever appointed for, as stand-in or alternate."""
    held = "" if at is None else " AND from_position <= :at"
    params: dict[str, Any] = {"person": person} if at is None else {"person": person, "at": at}
    rows = tx.all(
        f"SELECT absent FROM cs_p_stand_in WHERE (stand_in = :person OR alternate = :person){held}",
        **params,
    )
    return {row[0] for row in rows}
