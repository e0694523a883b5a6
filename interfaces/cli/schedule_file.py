"""A schedule file: CSV in the shape of the machine-implementable general records schedule (NARA).

Its columns are known by their names, whatever their case and punctuation; what only countersign
knows stands in columns of its own that begin with `x_`. Columns that are not known come back as
they were. See docs/reference/schedule-file.md.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...application.commands import SeriesRow
from ...application.organisation import RowProblem
from ...domain.refusals import DurationUnreadable
from ...domain.schedule import Action, Confirm, Cutoff, Duration, Trigger

ORIGINAL = (
    "GRS Schedule Number",
    "Item Number",
    "Records Title",
    "Disposition Authority",
    "Final Disposition",
    "Retention (in years)",
    "Retention Type",
    "Event Type",
    "Disposition Instruction",
    "Superseded By",
)
"""The columns that an export begins with."""

OURS = (
    "x_series",
    "x_covers",
    "x_trigger",
    "x_cutoff",
    "x_minimum",
    "x_maximum",
    "x_action",
    "x_confirm",
    "x_authority",
)

SCHEDULE = ("grs_schedule_number", "schedule_number", "grs_number", "schedule")
ITEM = ("item_number", "grs_item_number", "item")
AUTHORITY = ("disposition_authority", "disposition_authority_number", "authority")
YEARS = ("retention_in_years", "retention_years", "retention")
TYPE = ("retention_type",)
DISPOSITION = ("final_disposition", "disposition", "disposition_type")

TRIGGERS = {"creation_age": Trigger.CREATION, "event_age": Trigger.EVENT}
ACTIONS = {"temporary": Action.DESTROY, "permanent": Action.TRANSFER}

NOT_A_NUMBER = "its years are no number"
NO_TRIGGER = "what starts its period cannot be computed"
NO_COVER = "x_covers does not say what is kept under it here"


@dataclass
class ScheduleFile:
    rows: list[SeriesRow] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)


def read(path: Path) -> ScheduleFile:
    """Raises OSError where the file itself cannot be read."""
    return parse(path.read_bytes())


def parse(content: bytes) -> ScheduleFile:
    """Every row, or what is wrong with it; a row that cannot be computed only describes."""
    found = ScheduleFile()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    lines = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for cells in lines:
            _row(lines.line_num, {k: v for k, v in cells.items() if k is not None}, found)
    except csv.Error as error:
        remedy = "close every quotation mark; write a mark within a cell twice"
        found.problems.append(_problem(lines.line_num, "row", f"this is no CSV: {error}", remedy))
    if not found.rows and not found.problems:
        found.problems.append(_problem(1, "file", "there is no row in it", "give it some"))
    return found


def _row(line: int, cells: Mapping[str, str | None], found: ScheduleFile) -> None:
    words = {name.strip(): (cell or "").strip() for name, cell in cells.items()}
    known = {_plain(name): cell for name, cell in words.items()}
    if not any(known.values()):
        return
    try:
        found.rows.append(_distinct(_series(known, words), found.rows))
    except ValidationError as error:
        for each in error.errors():
            column = "x_series" if each["loc"][:1] == ("code",) else f"x_{each['loc'][0]}"
            trouble = f"{each.get('input')} does not fit"
            found.problems.append(_problem(line, column, trouble, str(each["msg"])))
    except DurationUnreadable as refusal:
        problem, _, remedy = refusal.sentence.removesuffix(".").partition("; ")
        is_maximum = refusal.details["text"] == known.get("x_maximum")
        column = "x_maximum" if is_maximum else "x_minimum"
        found.problems.append(_problem(line, column, problem, remedy))


def _series(known: Mapping[str, str], words: dict[str, str]) -> SeriesRow:
    covers = tuple(part for part in re.split(r"[,;\s]+", known.get("x_covers", "")) if part)
    trigger = known.get("x_trigger") or TRIGGERS.get(_plain(_first(known, TYPE)))
    minimum = known.get("x_minimum") or _years(_first(known, YEARS))
    action = known.get("x_action") or ACTIONS.get(_plain(_first(known, DISPOSITION)))
    said: dict[str, Any] = {
        "code": known.get("x_series") or code_of(known),
        "covers": covers,
        "trigger": trigger,
        "cutoff": known.get("x_cutoff") or Cutoff.NONE,
        "minimum": _checked(minimum),
        "maximum": _checked(known.get("x_maximum")),
        "action": action,
        "confirm": known.get("x_confirm") or Confirm.TWO_PERSONS,
        "words": {name: cell for name, cell in words.items() if name and cell},
    }
    if not covers:
        said["descriptive"] = _why_descriptive(trigger, minimum)
    return SeriesRow.model_validate(said)


def _why_descriptive(trigger: object, minimum: object) -> str:
    if minimum is None:
        return NOT_A_NUMBER
    return NO_TRIGGER if trigger is None else NO_COVER


def code_of(known: Mapping[str, str]) -> str:
    """Schedule and item, or the authority; what no code may hold becomes a hyphen."""
    item = _first(known, ITEM)
    schedule = _first(known, SCHEDULE)
    told = f"{schedule}/{item}" if schedule and item else item or _first(known, AUTHORITY)
    return re.sub(r"[^A-Za-z0-9 ._/()-]", "-", told)[:60].strip()


def _distinct(row: SeriesRow, found: Sequence[SeriesRow]) -> SeriesRow:
    """Of rows that only describe, several may have come with one code."""
    taken = {each.code for each in found}
    if row.code not in taken or row.covers:
        return row
    number = 2
    while f"{row.code} ({number})" in taken:
        number += 1
    return row.model_copy(update={"code": f"{row.code} ({number})"})


def _years(text: str) -> str | None:
    """`3`, `3.5` years, or `P3Y`; anything else is no number."""
    if re.fullmatch(r"\d{1,3}", text):
        return f"P{text}Y"
    if found := re.fullmatch(r"(\d{1,3})\.(\d+)", text):
        months = float(f"0.{found[2]}") * 12
        return f"P{found[1]}Y{int(months)}M" if months == int(months) else None
    return text.upper() if re.fullmatch(r"P[0-9YMD]+", text.upper()) else None


def _checked(text: str | None) -> str | None:
    return str(Duration.read(text)) if text else None


def _first(known: Mapping[str, str], names: Iterable[str]) -> str:
    return next((known[name] for name in names if known.get(name)), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _problem(line: int, column: str, problem: str, remedy: str) -> RowProblem:
    return RowProblem(row=line, column=column, problem=problem, remedy=remedy)


def merged(current: Sequence[SeriesRow], brought: Sequence[SeriesRow]) -> list[SeriesRow]:
    """Rows of the file take the place of those with the same code; all others stay."""
    new = {row.code: row for row in brought}
    kept = [new.pop(row.code, row) for row in current]
    return [*kept, *new.values()]


def written(rows: Iterable[SeriesRow]) -> str:
    """CSV with every column that came with a row, and ours after them."""
    every = list(rows)
    others = dict.fromkeys(
        name for row in every for name in row.words if name not in (*ORIGINAL, *OURS)
    )
    columns = (*ORIGINAL, *others, *OURS)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")  # RFC 4180
    writer.writeheader()
    writer.writerows(_cells(row) for row in every)
    return out.getvalue()


def _cells(row: SeriesRow) -> dict[str, str]:
    """What is computed goes before what came along under the same name."""
    ours = {
        "x_series": row.code,
        "x_covers": " ".join(row.covers),
        "x_trigger": row.trigger or "",
        "x_cutoff": row.cutoff,
        "x_minimum": row.minimum or "",
        "x_maximum": row.maximum or "",
        "x_action": row.action or "",
        "x_confirm": row.confirm,
    }
    return {**dict(_original(row)), **row.words, **ours}


def _original(row: SeriesRow) -> Iterator[tuple[str, str]]:
    yield "Item Number", row.code
    if row.minimum and (years := re.fullmatch(r"P(\d+)Y", row.minimum)):
        yield "Retention (in years)", years[1]
    for told, trigger in TRIGGERS.items():
        if row.trigger is trigger:
            yield "Retention Type", told.capitalize()
    for told, action in ACTIONS.items():
        if row.action is action:
            yield "Final Disposition", told.capitalize()
