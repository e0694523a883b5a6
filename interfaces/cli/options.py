"""Options that several commands share, and how a date or a moment is typed."""

from datetime import UTC, date, datetime, time
from typing import Annotated

import typer


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no date; write 2026-03-31") from None


def moment(text: str) -> datetime | int:
    """A position, a date (its end, UTC), or a date and time (UTC where no offset is given)."""
    if text.isdigit() and len(text) < 8:
        return int(text)
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        at = datetime.fromisoformat(text)
    except ValueError:
        trouble = f"{text} is no moment; write 2026-03-31, 2026-03-31T17:00+02:00 or a position"
        raise typer.BadParameter(trouble) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


Effective = Annotated[
    date | None,
    typer.Option("--effective", parser=day, metavar="DATE", help="From this day on [today]."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="As recorded by a moment: date, time or position."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with the decision.")]
Stated = Annotated[str | None, typer.Option("--reason", help="Why you look; an auditor must say.")]
Who = Annotated[str, typer.Argument(metavar="PERSON", help="HR number, e-mail, login or id.")]
Whose = Annotated[
    str | None, typer.Argument(metavar="PERSON", help="HR number, e-mail, login or id [yourself].")
]
Task = Annotated[
    str | None, typer.Option("--task", metavar="TASK", help="1, 2 or the id [the only one].")
]
Evidence = Annotated[
    int, typer.Option("--evidence", help="The evidence version that you looked at.")
]
Request = Annotated[
    str | None,
    typer.Argument(metavar="TASK", help="The beginning of its id [the only one that waits]."),
]
