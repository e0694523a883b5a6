"""`countersign records hold`: what stays, whatever the schedule says."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from ...application import commands as c
from ...application.questions import HoldView, LegalHolds
from ...domain.event import RecordClass
from ...domain.hold import Scope
from ...domain.refusals import UnknownHold
from . import finding, render
from .options import Reason, day
from .register_finding import item
from .session import Here, command

app = typer.Typer(help="What stays, whatever the schedule says.", no_args_is_help=True)


@command(
    app,
    "place",
    example=(
        (
            'countersign records hold place --person 1042 --matter "claim 8"'
            ' --authority "letter of 3 May" --as 1017'
        ),
        (
            "countersign records hold place --class process_record --from 2026-01-01"
            ' --matter "audit" --authority "board" --as 1017'
        ),
    ),
)
def place(
    here: Here,
    matter: Annotated[str, typer.Option("--matter", help="What it is about.")],
    authority: Annotated[str, typer.Option("--authority", help="Who or what asks for it.")],
    cases: Annotated[list[str] | None, typer.Option("--case", metavar="PLAN")] = None,
    persons: Annotated[list[str] | None, typer.Option("--person", metavar="PERSON")] = None,
    items: Annotated[list[str] | None, typer.Option("--item", metavar="ITEM")] = None,
    classes: Annotated[list[RecordClass] | None, typer.Option("--class")] = None,
    made_from: Annotated[
        date | None, typer.Option("--from", parser=day, metavar="DATE", help="Made on or after.")
    ] = None,
    made_until: Annotated[
        date | None, typer.Option("--until", parser=day, metavar="DATE", help="Made on or before.")
    ] = None,
    review_by: Annotated[
        date | None, typer.Option("--review-by", parser=day, metavar="DATE", help="Look again.")
    ] = None,
) -> None:
    """Holds all that fits, also what comes later; what is named must fit all of it."""
    scope = Scope(
        cases=tuple(here.plan_id(each) for each in cases or ()),
        persons=tuple(here.person(each) for each in persons or ()),
        items=tuple(item(here, each).item for each in items or ()),
        classes=tuple(classes or ()),
        made_from=made_from,
        made_until=made_until,
    )
    here.do(c.PlaceHold(scope=scope, matter=matter, authority=authority, review_by=review_by))


@command(
    app,
    "release",
    example='countersign records hold release 9b1f04e7 --reason "settled" --as 1017',
)
def release(
    here: Here,
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="The beginning of its id.")],
    reason: Reason,
) -> None:
    """Releases a hold; what it had suspended goes on by itself."""
    found: Sequence[HoldView] = here.ask(LegalHolds())
    chosen = finding.beginning(hold, (each.hold for each in found))
    if chosen is None:
        raise UnknownHold
    here.do(c.ReleaseHold(hold=chosen, reason=reason))


@command(app, "list", example="countersign records hold list --all --as 1017")
def list_(
    here: Here,
    every: Annotated[bool, typer.Option("--all", help="Released ones too.")] = False,
) -> None:
    """Lists the holds in force."""
    found: Sequence[HoldView] = here.ask(LegalHolds(released=every))

    def text() -> None:
        if not found:
            render.say(here.out, "Nothing is on hold.")
            return
        headings = ("Hold", "Since", "Look again", "Released", "Matter", "Scope")
        render.table(here.out, headings, map(_row, found))

    here.show(found, text)


def _row(view: HoldView) -> tuple[object, ...]:
    return (
        view.hold[:8],
        view.placed_on,
        view.review_by,
        view.released_on,
        view.matter,
        _scope(view.scope),
    )


def _scope(scope: Scope) -> str:
    said = scope.model_dump(mode="json", exclude_defaults=True)
    return "; ".join(
        f"{name.replace('_', ' ')} {', '.join(each[:8] for each in value)}"
        if isinstance(value, list)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in said.items()
    )
