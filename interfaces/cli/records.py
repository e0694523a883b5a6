"""`countersign records`: what is kept, for how long, what holds it, and how it goes."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer

from ...application import commands as c
from ...application.questions import ItemState, ItemStory, Register, RegisterItem, WhyItem
from ...domain.event import RecordClass
from ...domain.items import ItemKind
from ...domain.retention import RetentionOutcome
from ...domain.schedule import Group
from . import (
    certificates,
    disposals,
    holds,
    render,
    retention_words,
    schedules,
)
from .options import Reason, day
from .register_finding import item, refs
from .session import Here, Misuse, command

app = typer.Typer(help="What is kept, for how long, and how it goes.", no_args_is_help=True)
app.add_typer(schedules.app, name="schedule")
app.add_typer(holds.app, name="hold")
app.add_typer(disposals.app, name="dispose")
app.add_typer(certificates.app, name="certificate")

On = Annotated[
    date | None, typer.Option("--on", parser=day, metavar="DATE", help="As of that day [today].")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")]


@command(
    app,
    "register",
    example=(
        "countersign records register --as 1017",
        "countersign records register --kind copy --outcome held --as 1017",
    ),
)
def register(
    here: Here,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="PERSON", help="Whose it is.")
    ] = None,
    case: Annotated[str | None, typer.Option("--case", metavar="PLAN", help="Of one plan.")] = None,
    kind: Annotated[ItemKind | None, typer.Option("--kind", help="Of one kind.")] = None,
    group: Annotated[Group | None, typer.Option("--group", help="Kept for one reason.")] = None,
    record_class: Annotated[
        RecordClass | None, typer.Option("--class", help="Of one class.")
    ] = None,
    outcome: Annotated[
        RetentionOutcome | None, typer.Option("--outcome", help="With one outcome.")
    ] = None,
    state: Annotated[ItemState | None, typer.Option("--state", help="In one state.")] = None,
    on: On = None,
    limit: Limit = 200,
) -> None:
    """Lists what is kept: class, series, dates, holds, and what the schedule says of it."""
    found: Sequence[RegisterItem] = here.ask(
        Register(
            owner=here.person(owner) if owner else None,
            case=here.plan_id(case) if case else None,
            kind=kind,
            group=group,
            record_class=record_class,
            outcome=outcome,
            state=state,
            on=on,
            limit=limit,
        )
    )
    here.show(found, lambda: _print(here, found))


@command(
    app,
    "due",
    example=(
        "countersign records due --as 1017",
        "countersign records due --on 2033-01-01 --as 1017",
    ),
)
def due(here: Here, on: On = None, limit: Limit = 200) -> None:
    """Shows, before anything goes, what would go on a day, and why."""
    found: Sequence[RegisterItem] = here.ask(Register(on=on, may_go=True, limit=limit))

    def text() -> None:
        when = on or here.today()
        if not found:
            render.say(here.out, f"Nothing would go on {when}.")
            _say_unconfirmed(here)
            return
        render.say(here.out, f"On {when} these may go:", "bold")
        _print(here, found)
        here.hint("Next: countersign records dispose draft")

    here.show(found, text)


@command(app, "why", example="countersign records why 9b1f04e7 --as 1017")
def why(
    here: Here,
    text: Annotated[str, typer.Argument(metavar="ITEM", help="The beginning of its id.")],
    on: On = None,
) -> None:
    """Says why an item is what it is, and what becomes of it when."""
    story: ItemStory = here.ask(WhyItem(item=item(here, text).item, on=on))
    here.show(story, lambda: _print_story(here, story))


@command(
    app,
    "erase",
    example=(
        'countersign records erase 1042 --reason "request of 3 May" --as 1017',
        'countersign records erase --item 9b1f04e7 --reason "names a customer" --as 1017',
    ),
)
def erase(
    here: Here,
    reason: Reason,
    person: Annotated[
        str | None, typer.Argument(metavar="PERSON", help="Whose data; else name items.")
    ] = None,
    items: Annotated[
        list[str] | None,
        typer.Option("--item", metavar="ITEM", help="An item whose text is to go."),
    ] = None,
) -> None:
    """Drafts the erasure of what is about somebody; what must stay is listed, with the ground."""
    if (person is None) == (not items):
        raise Misuse("Name the person, or items with --item; not both.")
    whose = here.person(person) if person else None
    chosen = refs(here, items or ())
    here.do(c.DraftErasure(person=whose, items=chosen, reason=reason))
    here.hint(disposals.TO_BE_APPROVED)


@command(
    app,
    "demote",
    example='countersign records demote 9b1f04e7 --reason "cited by mistake" --as 1017',
)
def demote(
    here: Here,
    items: Annotated[list[str], typer.Argument(metavar="ITEM...", help="Record copies.")],
    reason: Reason,
) -> None:
    """Drafts that record copies go which were cited by mistake, and never submitted."""
    here.do(c.DraftDemotion(items=refs(here, items), reason=reason))
    here.hint(disposals.TO_BE_APPROVED)


def _print(here: Here, found: Sequence[RegisterItem]) -> None:
    if not found:
        render.say(here.out, "There is nothing of that kind.")
        return
    headings = ("Item", "Kind", "Class", "Series", "Since", "Trigger", "Due", "Outcome")
    render.table(here.out, headings, (retention_words.row(each) for each in found))


def _print_story(here: Here, story: ItemStory) -> None:
    for line in retention_words.story(story):
        render.say(here.out, line)


def _say_unconfirmed(here: Here) -> None:
    """Why nothing would: often nobody has confirmed the years."""
    waiting = schedules.unconfirmed(here)
    if waiting:
        here.hint(
            f"Years not confirmed yet: {', '.join(waiting)}. "
            "Next: countersign records schedule confirm"
        )
