"""`countersign policy`: the company's numbers, in versions, and its holidays."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from ...application import commands as c
from ...application.aggregates import POLICY_STREAM
from ...application.questions import AuditTrail, TrailEntry
from ...domain.policy import PolicySet, Terms
from . import render
from .options import Reason, day
from .session import Here, Misuse, command

app = typer.Typer(help="The company's numbers and holidays.", no_args_is_help=True)


@command(app, "show", example="countersign policy show --as 1016")
def show(here: Here) -> None:
    """Shows, to HR, the numbers that cycles begin under from now on."""
    version, terms = _current(here)

    def text() -> None:
        render.say(here.out, f"Policy version {version}", "bold")
        rows = [(name, value) for name, value in terms.model_dump(mode="json").items()]
        render.table(here.out, ("Term", "Value"), rows)

    here.show({"version": version, "terms": terms}, text)


@command(
    app,
    "set",
    example='countersign policy set rounds=4 --reason "one round more" --as 1016',
)
def set_(
    here: Here,
    terms: Annotated[list[str], typer.Argument(metavar="TERM=VALUE", help="See policy show.")],
    reason: Reason,
) -> None:
    """Sets, as HR, other numbers for what begins from now on; what runs keeps its own."""
    _, current = _current(here)
    changed = current.model_dump() | dict(_pair(each) for each in terms)
    here.do(c.SetPolicy(terms=Terms.model_validate(changed), reason=reason))


@command(
    app, "holidays", example="countersign policy holidays 2026 2026-04-03 2026-04-06 --as 1016"
)
def holidays(
    here: Here,
    year: Annotated[int, typer.Argument(metavar="YEAR", min=2000, max=2200)],
    days: Annotated[list[date], typer.Argument(metavar="DATE...", parser=day)],
) -> None:
    """Sets, as HR, all holidays of a year; they are nobody's working days."""
    here.do(c.SetHolidays(year=year, days=tuple(days)))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name not in Terms.model_fields:
        raise Misuse(f"{text} is no TERM=VALUE; the terms are {', '.join(Terms.model_fields)}.")
    return name, value


def _current(here: Here) -> tuple[int, Terms]:
    trail: Sequence[TrailEntry] = here.ask(AuditTrail(person=POLICY_STREAM))
    set_before = [each.says or {} for each in trail if each.name == PolicySet.name]
    if not set_before:
        return 1, Terms()
    return set_before[-1]["version"], _terms(set_before[-1])  # type: ignore[return-value]


def _terms(said: dict[str, Any]) -> Terms:
    within = "terms."
    named = {name.removeprefix(within): value for name, value in said.items() if within in name}
    return Terms.model_validate(named)
