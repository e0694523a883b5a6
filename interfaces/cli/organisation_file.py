"""An organisation file: CSV in, rows out, and every cell that cannot be read is named."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...application.commands import PersonRow
from ...application.organisation import RowProblem
from ...domain.employee import Kind

COLUMNS = (
    "number",
    "name",
    "email",
    "login",
    "manager",
    "top",
    "kind",
    "time_zone",
    "working_days",
    "left_on",
)
REQUIRED = ("number", "name")
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = tuple(name[:3] for name in NAMES)
YES, NO = ("yes", "true", "1", "x"), ("no", "false", "0", "")
KINDS = ", ".join(Kind)


@dataclass
class OrganisationFile:
    """What could be read; a cell with a problem is left out of its row."""

    rows: list[PersonRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)


def read(path: Path) -> OrganisationFile:
    """Raises OSError where the file itself cannot be read."""
    return parse(path.read_bytes())


def parse(content: bytes) -> OrganisationFile:
    found = OrganisationFile()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found.problems.append(_problem(line, "file", "this is not UTF-8", "save it as CSV UTF-8"))
        return found
    lines = _lines(text, found.problems)
    number, heading = next(lines, (1, []))
    names = [name.strip().lower() for name in heading]
    found.problems.extend(_heading(number, names))
    if not any(each.row == number for each in found.problems):
        for line, cells in lines:
            _row(line, cells, names, found)
    return found


def _lines(text: str, problems: list[RowProblem]) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line of the file that they begin on; a quoted cell may hold line ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        remedy = "close every quotation mark; write a mark within a cell twice"
        problems.append(_problem(begins, "row", f"this is no CSV: {error}", remedy))


def _delimiter(text: str) -> str:
    """Whichever parts the heading into more known columns."""
    heading = next((line for line in text.splitlines() if line.strip()), "")

    def known(delimiter: str) -> int:
        names = [cell.strip().strip('"').lower() for cell in heading.split(delimiter)]
        return sum(name in COLUMNS for name in names)

    return ";" if known(";") > known(",") else ","


def _heading(line: int, names: list[str]) -> Iterator[RowProblem]:
    for name in REQUIRED:
        if name not in names:
            yield _problem(line, name, "this column is missing", f"add a column {name}")
    for place, name in enumerate(names, 1):
        if name not in COLUMNS:
            known = f"remove it, or use one of: {', '.join(COLUMNS)}"
            yield _problem(line, name or f"no. {place}", "this column is not known", known)
        elif name in names[: place - 1]:
            yield _problem(line, name, "this column stands here twice", "keep one of them")


def _row(line: int, cells: list[str], names: list[str], found: OrganisationFile) -> None:
    if len(cells) != len(names):
        trouble = f"{len(cells)} cells under {len(names)} columns"
        remedy = "give the row as many cells as the heading; quote cells with a delimiter in them"
        found.problems.append(_problem(line, "row", trouble, remedy))
        cells = (cells + [""] * len(names))[: len(names)]
    said: dict[str, Any] = {"row": line}
    for name, cell in zip(names, cells, strict=True):
        if cell.strip():
            _cell(line, name, cell.strip(), said, found.problems)
    _person(line, said, found)


def _cell(
    line: int, name: str, cell: str, said: dict[str, Any], problems: list[RowProblem]
) -> None:
    reading = READINGS.get(name)
    try:
        said[name if reading is None else reading.field] = (
            cell if reading is None else reading.read(cell)
        )
    except ValueError:
        assert reading is not None
        problems.append(_problem(line, name, f"{cell} {reading.wrong}", reading.remedy))


def _person(line: int, said: dict[str, Any], found: OrganisationFile) -> None:
    """Each field that is refused is named, and left out in a second attempt."""
    try:
        found.rows.append(PersonRow.model_validate(said))
    except ValidationError as error:
        wrong = {str(each["loc"][0]): each for each in error.errors()}
        for name, each in wrong.items():
            trouble, remedy = _wrong(each)
            found.problems.append(_problem(line, name, trouble, remedy))
        kept = {name: value for name, value in said.items() if name not in wrong}
        if not set(REQUIRED) & wrong.keys():
            found.rows.append(PersonRow.model_validate(kept))


def _wrong(error: Any) -> tuple[str, str]:
    match error["type"]:
        case "missing":
            return "this cell is empty", "every person needs one"
        case "string_too_long":
            return "this is too long", "use at most 4000 characters"
        case "greater_than_equal" | "less_than_equal":
            return "this day is out of reach", "use a day from 1900 to 2200"
    return "this cannot be stored", "remove characters that are not text"


@dataclass(frozen=True)
class _Reading:
    """How a cell becomes a value, and what to say when it cannot."""

    field: str
    read: Callable[[str], object]
    wrong: str
    remedy: str


def _yes(cell: str) -> bool:
    if cell.lower() not in (*YES, *NO):
        raise ValueError(cell)
    return cell.lower() in YES


def weekdays(cell: str) -> tuple[int, ...]:
    """`mon-fri`, `mon,tue,thu`, or both together; Monday is 0. Raises ValueError."""
    days: set[int] = set()
    for part in cell.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        begin, end = _weekday(first), _weekday(last if dash else first)
        if end < begin:
            raise ValueError(cell)
        days.update(range(begin, end + 1))
    return tuple(sorted(days))


def _weekday(name: str) -> int:
    """By its name or the first three letters of it."""
    return (NAMES if len(name) > 3 else DAYS).index(name)


READINGS = {
    "top": _Reading("top", _yes, "is neither yes nor no", "write yes for the top of the house"),
    "kind": _Reading("kind", lambda cell: Kind(cell.lower()), "is no kind", f"use one of: {KINDS}"),
    "working_days": _Reading(
        "weekdays", weekdays, "are no weekdays", "write mon-fri, or mon,tue,thu in quotation marks"
    ),
    "left_on": _Reading(
        "left_on", date.fromisoformat, "is no date", "write year-month-day, such as 2026-03-31"
    ),
}


def _problem(line: int, column: str, problem: str, remedy: str) -> RowProblem:
    return RowProblem(row=line, column=column, problem=problem, remedy=remedy)
