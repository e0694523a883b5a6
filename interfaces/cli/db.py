"""`countersign db`: the tables, brought up to date and looked at."""

import typer

from ...infrastructure import assembly
from . import render
from .session import Here, command

app = typer.Typer(help="The database's tables.", no_args_is_help=True)


@command(app, "upgrade", example="countersign db upgrade --db sqlite:///countersign.db")
def upgrade(here: Here) -> None:
    """Makes the tables or brings them up to date; any number of processes may do so at once."""
    here.open()
    status(here)


@command(app, "status", example="countersign db status")
def status(here: Here) -> None:
    """Says which version the tables have, and which one this countersign knows."""
    there = assembly.is_there(here.url)
    found, newest = assembly.schema_status(here.url) if there else (None, assembly.newest())
    told = {
        "database": assembly.shown_url(here.url),
        "found": found,
        "newest": newest,
        "up_to_date": found == newest,
    }
    here.show(told, lambda: render.say(here.out, _sentence(told["database"], found, newest)))


def _sentence(database: object, found: str | None, newest: str) -> str:
    if found is None:
        return f"{database} has no tables yet. Make them: countersign db upgrade."
    if found == newest:
        return f"{database} is up to date, at version {found}."
    if found > newest:
        return f"{database} is at version {found}, made by a later countersign. Upgrade it."
    return f"{database} is at version {found}; the newest is {newest}: countersign db upgrade."
