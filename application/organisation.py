"""An organisation file as rows: what is wrong with them, each with its column and remedy."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..domain.employee import Kind
from ..domain.event import Value
from ..domain.zones import is_zone
from .commands import PersonRow


class RowProblem(Value):
    """`row` counts as the file's lines do, the heading being line 1."""

    row: int
    column: str
    problem: str
    remedy: str


KnownNumber = Callable[[str], bool]


def problems(rows: Iterable[PersonRow], *, is_known: KnownNumber) -> list[RowProblem]:
    """Everything that keeps these rows from being imported, in the order of the rows.

    `is_known` tells whether somebody outside the file goes by an HR number already.
    """
    rows = list(rows)
    by_number = {row.number: row for row in rows}
    found = [
        *_twice(rows, "number", lambda row: row.number),
        *_twice(rows, "email", lambda row: row.email and row.email.casefold()),
        *_twice(rows, "login", lambda row: row.login and row.login.casefold()),
        *(problem for row in rows for problem in _in_row(row, by_number, is_known)),
        *_loops(by_number),
    ]
    return sorted(found, key=lambda problem: (problem.row, problem.column))


def _twice(
    rows: list[PersonRow], column: str, value: Callable[[PersonRow], str | None]
) -> Iterator[RowProblem]:
    counted = Counter(value(row) for row in rows)
    first: set[str] = set()
    for row in rows:
        held = value(row)
        if not held or counted[held] < 2:
            continue
        if held in first:
            yield RowProblem(
                row=row.row,
                column=column,
                problem=f"this {column} stands in an earlier row too",
                remedy="give every person one row and their own value",
            )
        first.add(held)


def _in_row(
    row: PersonRow, by_number: Mapping[str, PersonRow], is_known: KnownNumber
) -> Iterator[RowProblem]:
    if row.manager is not None and row.manager == row.number:
        yield _problem(row, "manager", "nobody reports to themselves", "name the manager's number")
    elif row.manager is not None and row.manager not in by_number and not is_known(row.manager):
        yield _problem(
            row,
            "manager",
            f"no row and nobody known has the number {row.manager}",
            "add a row for the manager, or correct the number",
        )
    if row.top and row.manager is not None:
        yield _problem(
            row, "top", "the top of the house reports to nobody", "leave manager or top empty"
        )
    if not is_zone(row.time_zone):
        yield _problem(
            row,
            "time_zone",
            f"{row.time_zone} is no time zone",
            "use an IANA name such as Europe/Amsterdam",
        )
    if row.kind is Kind.OUTSIDER and row.manager is not None:
        yield _problem(row, "kind", "an outsider has no line", "leave manager empty")


def _loops(by_number: Mapping[str, PersonRow]) -> Iterator[RowProblem]:
    """A loop is named once, at its first row."""
    settled: set[str] = set()
    for number in by_number:
        trail: list[str] = []
        at: str | None = number
        while at is not None and at in by_number and at not in settled and at not in trail:
            trail.append(at)
            at = by_number[at].manager
        if at is not None and at in trail and len(trail[trail.index(at) :]) > 1:
            circle = trail[trail.index(at) :]
            yield _problem(
                min((by_number[each] for each in circle), key=lambda row: row.row),
                "manager",
                f"the line runs in a circle: {' > '.join([*circle, at])}",
                "correct one of these managers, or mark the top of the house",
            )
        settled.update(trail)


def _problem(row: PersonRow, column: str, problem: str, remedy: str) -> RowProblem:
    return RowProblem(row=row.row, column=column, problem=problem, remedy=remedy)
