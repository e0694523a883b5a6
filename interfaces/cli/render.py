"""How answers look: plain lines in a pipe, some colour on a terminal, JSON on request."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...application.organisation import RowProblem
from ...application.ports import Receipt
from ...application.questions import FileView
from ...domain.refusals import Refusal
from ...domain.sealed import Erased
from .sentences import dotted, sentence

PIPE_WIDTH = 140


def console(*, error: bool = False) -> Console:
    """Text is never taken for markup; in a pipe nothing is cut to a terminal's width."""
    file = sys.stderr if error else sys.stdout
    width = None if file.isatty() else PIPE_WIDTH
    return Console(file=file, markup=False, highlight=False, emoji=False, width=width)


def say(out: Console, text: str, style: str | None = None) -> None:
    out.print(Text(text, style=style or ""), soft_wrap=True)


def aside(text: str) -> None:
    """A word to whoever sits here, not part of the answer."""
    say(console(error=True), text, "yellow")


def as_json(answer: object) -> None:
    """Answer models, and plain values around them."""
    told = TypeAdapter(Any).dump_python(answer, mode="json")
    sys.stdout.write(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def receipt(given: Receipt) -> dict[str, Any]:
    return {
        "position": given.position,
        "events": [
            {
                "position": each.position,
                "name": each.name,
                "stream": each.stream,
                "version": each.version,
                "case": each.envelope.case,
                "says": sentence(each.name, dotted(each.said)),
            }
            for each in given.events
        ],
    }


def events(out: Console, given: Receipt) -> None:
    """What came of a command, one line an event."""
    if not given.events:
        say(out, "Nothing to change: it is so already.")
    for each in given.events:
        line = sentence(each.name, dotted(each.said))
        say(out, f"{line[:1].upper()}{line[1:]}.")


def refusal(refused: Refusal, *, as_json: bool) -> None:
    name = type(refused).__name__
    if as_json:
        _json_error({"refusal": name, "says": refused.sentence, "details": refused.details})
        return
    problems_of: Sequence[RowProblem] = refused.details.get("problems", ())
    out = console(error=True)
    out.print(Text.assemble(refused.sentence, (f"  [{name}]", "dim")), soft_wrap=True)
    problems(out, problems_of)


def problems(out: Console, found: Iterable[RowProblem]) -> None:
    for each in found:
        line = f"  line {each.row}, column {each.column}: {each.problem}; {each.remedy}."
        say(out, line)


def complaint(text: str, *, as_json: bool) -> None:
    if as_json:
        _json_error({"error": text})
    else:
        say(console(error=True), text, "red")


def _json_error(told: dict[str, Any]) -> None:
    plain = TypeAdapter(Any).dump_python(told, mode="json", fallback=str)
    sys.stderr.write(json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


def invalid(error: ValidationError) -> str:
    """Which option is wrong, and why, in a sentence each."""
    told = []
    for each in error.errors(include_url=False):
        where = " ".join(str(part) for part in each["loc"] if not isinstance(part, int))
        told.append(f"{where or error.title}: {each['msg']}.")
    return " ".join(told)


def shown(text: object) -> str:
    """Text as this reader may see it."""
    if text is None:
        return "-"
    if isinstance(text, Erased):
        on = f" on {text.on}" if text.on else ""
        return f"(destroyed{on}, certificate {text.certificate})"
    return str(text)


def count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def files(out: Console, found: Iterable[FileView]) -> None:
    """What can be saved, under a table of what it belongs to; nothing where there is none."""
    rows = [
        (each.copy_id[:8], each.media_type.value, f"{each.size:,}", each.name, each.title)
        for each in found
    ]
    if rows:
        say(out, "")
        table(out, ("File", "Type", "Bytes", "Name", "Title"), rows)


def table(out: Console, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(shown(cell)) for cell in row))
    with out.capture() as captured:
        out.print(drawn)
    for line in captured.get().splitlines():
        out.file.write(f"{line.rstrip()}\n")
