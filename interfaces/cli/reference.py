"""`countersign reference`: reading material, its owner's alone, disposable after a year."""

from collections.abc import Sequence
from typing import Annotated

import typer

from ...application import commands as c
from ...application.questions import ReadingItem, ReadingList
from ...domain.reference import Medium
from . import files, render
from .files import Copy, FileTitle, FileToSend, Force, To
from .result import item_of
from .session import Here, command

app = typer.Typer(help="Reading material: yours alone, kept a year.", no_args_is_help=True)


@command(
    app,
    "keep",
    example='countersign reference keep "How readers choose" --url https://readers.example/1'
    " --as 1042",
)
def keep(
    here: Here,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is called.")],
    medium: Annotated[Medium, typer.Option("--medium", help="What it is.")] = Medium.ARTICLE,
    url: Annotated[str | None, typer.Option("--url", help="Where it is; never fetched.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="A word for yourself.")] = None,
) -> None:
    """Keeps something to read; nobody else sees it."""
    here.do(c.KeepItem(medium=medium, title=title, locator=url, note=note))


@command(app, "list", example="countersign reference list --as 1042")
def list_(here: Here) -> None:
    """Lists your reading material, and from when on it may go."""
    items: Sequence[ReadingItem] = here.ask(ReadingList(person=here.me.person))
    kept = [item for item in items if item.discarded is None]

    def text() -> None:
        if not kept:
            render.say(here.out, "Nothing is kept. Keep something: countersign reference keep.")
            return
        rows = [
            (each.item[:8], each.kept_on, each.disposable_from, each.title, each.locator)
            for each in kept
        ]
        render.table(here.out, ("Item", "Kept", "May go from", "Title", "Where"), rows)
        render.files(here.out, (file for each in kept for file in each.files))

    here.show(items, text)


@command(
    app, "attach", example="countersign reference attach 9b1f04e7 how-readers-choose.pdf --as 1042"
)
def attach(
    here: Here,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The beginning of its id.")],
    file: FileToSend,
    title: FileTitle = None,
) -> None:
    """Keeps a file with an item; it goes with the item, and a citation copies it."""
    chosen = item_of(here, item)
    upload = files.sent(here, file)
    files.claim(here, c.KeepFile(item=chosen, upload=upload.blob, name=file.name, title=title))


@command(app, "file", example="countersign reference file 5e0c7f31 --to . --as 1042")
def file_(here: Here, copy: Copy, to: To, force: Force = False) -> None:
    """Saves a file of your reading material; never over another without --force."""
    items: Sequence[ReadingItem] = here.ask(ReadingList(person=here.me.person))
    chosen = files.found(copy, (file for item in items for file in item.files))
    files.saved(here, chosen, to, force=force, plan=None)


@command(app, "discard", example="countersign reference discard 9b1f04e7 --as 1042")
def discard(
    here: Here,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The beginning of its id.")],
    personal_data: Annotated[
        bool, typer.Option("--personal-data", help="It holds personal data; then at any time.")
    ] = False,
) -> None:
    """Throws an item away: after its year, within seven days, or for personal data in it."""
    chosen = item_of(here, item)
    here.do(c.DiscardItem(item=chosen, because_of_personal_data=personal_data))
