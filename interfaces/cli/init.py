"""`countersign init`: the first run names two administrators, and says what comes next."""

import sys
from typing import Annotated

import typer

from ...application import commands as c
from ...application.desk import Actor
from ...application.questions import WhoIs
from . import render
from .session import Here, Misuse, command

NEXT = """\
What comes next:
  1. Keep a copy of the key file elsewhere: without it no text can be read again.
  2. Bring your people in:    countersign org import FILE.csv --as {number}
  3. Look for gaps in the line, and who is the top: countersign employee list --as {number}
  4. Set the year's holidays:  countersign policy holidays YEAR DATE... --as {number}
Records: the years of keeping are not confirmed yet."""

Number = Annotated[str | None, typer.Option("--number", help="The first one's HR number.")]
Name = Annotated[str | None, typer.Option("--name", help="The first one's name.")]
Email = Annotated[str | None, typer.Option("--email", help="The first one's address.")]
Number2 = Annotated[str | None, typer.Option("--second-number", help="The second one's HR number.")]
Name2 = Annotated[str | None, typer.Option("--second-name", help="The second one's name.")]
Email2 = Annotated[str | None, typer.Option("--second-email", help="The second one's address.")]


def add_to(app: typer.Typer) -> None:
    command(
        app,
        "init",
        example="countersign init --number 1 --name 'Hilda Brandsma' --email hilda@tallis.example"
        " --second-number 2 --second-name 'Rob Teunissen' --second-email rob@tallis.example",
    )(init)


def init(
    here: Here,
    number: Number = None,
    name: Name = None,
    email: Email = None,
    second_number: Number2 = None,
    second_name: Name2 = None,
    second_email: Email2 = None,
) -> None:
    """Names two administrators, makes tables and keys, and says what comes next."""
    first = _administrator("first", number, name, email)
    second = _administrator("second", second_number, second_name, second_email)
    engine = here.open().engine
    named = engine.handle(c.Initialise(administrators=(first, second)), Actor("init", via="cli"))
    told = {
        "administrators": [
            engine.ask(WhoIs(known_as=row.number), Actor("init", via="cli"), after=named)
            for row in (first, second)
        ]
    }

    def text() -> None:
        render.say(here.out, f"{first.name} and {second.name} are the administrators.", "bold")
        render.say(here.out, NEXT.format(number=first.number))

    here.show(told, text)


def _administrator(
    which: str, number: str | None, name: str | None, email: str | None
) -> c.PersonRow:
    return c.PersonRow(
        number=number or _asked(f"HR number of the {which} administrator"),
        name=name or _asked(f"Name of the {which} administrator"),
        email=email or _typed(f"E-mail of the {which} administrator (may be empty)"),
    )


def _asked(question: str) -> str:
    """A typed answer; without a terminal, or without an answer, what is missing is named."""
    answer = _typed(question)
    if not answer:
        raise Misuse(f"Missing: {question}. See countersign init --help.")
    return answer


def _typed(question: str) -> str | None:
    if not sys.stdin.isatty():
        return None
    answer = typer.prompt(question, default="", show_default=False)
    return str(answer).strip() or None
