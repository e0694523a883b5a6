"""`countersign demo`: a small company's stories on a simulated clock, printed and kept."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from ...application import commands as c
from ...application.desk import Actor
from ...application.questions import PersonView, TaskView, WhoIs
from ...infrastructure import assembly
from . import organisation_file, render, two_years_later
from .session import Here, Misuse, command
from .stage import Stage, StageClock, Story, person_of, stage_ids
from .stories import STORIES, day, lines_of

FILE = Path(__file__).with_name("organisation.csv")
NAME = "countersign-demo"
HR, RECORDS = "1016", "1017"
SHORTEST_DATE = 9
HOLIDAYS = tuple(date(2026, month, day_) for month, day_ in ((1, 1), (4, 3), (4, 6), (5, 14)))


def add_to(app: typer.Typer) -> None:
    command(
        app,
        "demo",
        example=("countersign demo", "countersign demo --db sqlite:///story.db"),
    )(demo)


def demo(here: Here) -> None:
    """Plays a small company's story on a simulated clock, prints it and leaves the database."""
    here.url = here.url or assembly.named_database() or _free_name()
    if assembly.is_there(here.url):
        raise Misuse(
            f"{assembly.shown_url(here.url)} holds a countersign already. The demo begins with an "
            "empty one: name another with --db, such as --db sqlite:///story.db."
        )
    clock = StageClock()
    house = here.open(clock=clock, ids=stage_ids())
    stage = Stage(house.engine, clock)
    imported = _opens(stage)
    stage.play(script(stage) for script in STORIES)
    told = {
        "database": assembly.shown_url(here.url),
        "organisation": imported,
        "stories": [_story(stage, story) for story in stage.stories],
        "later": two_years_later.told(stage),
        "next": _next(stage, assembly.shown_url(here.url)),
    }
    here.show(told, lambda: _print(here.out, told))


def _free_name() -> str:
    """`countersign-demo.db`, or with a number where that has been played already."""
    number, name = 1, NAME
    while Path(f"{name}.db").exists():
        number += 1
        name = f"{NAME}-{number}"
    return f"sqlite:///{name}.db"


def _opens(stage: Stage) -> str:
    """Two administrators, the organisation file, and the file once more."""
    rows = tuple(organisation_file.read(FILE).rows)
    first, second = (_administrator(rows, number) for number in (HR, RECORDS))
    named = c.Initialise(administrators=(first, second))
    stage.engine.handle(named, Actor("demo", via="demo"))
    days = c.SetHolidays(year=2026, days=HOLIDAYS)
    stage.do(days, HR)
    brought = c.ImportOrganisation(rows=rows, effective=date(2026, 3, 1))
    first_time = stage.do(brought, HR)
    again = stage.do(brought, HR)
    return (
        f"{len(rows)} people on four levels come in from a file: {len(first_time.events)} events. "
        f"The same file again: {len(again.events)}."
    )


def _administrator(rows: Sequence[c.PersonRow], number: str) -> c.PersonRow:
    """Who they report to comes with the file."""
    row = next(row for row in rows if row.number == number)
    return row.model_copy(update={"manager": None})


def _story(stage: Stage, story: Story) -> dict[str, Any]:
    board = stage.board(person_of(story))
    return {
        "number": story.number,
        "name": board.employee_name,
        "title": story.title,
        "plan": board.plan,
        "lines": [{"on": when, "says": line} for when, line in lines_of(story)],
        "tasks": [{"title": task.title, "state": _state(stage, task)} for task in board.tasks],
    }


def _state(stage: Stage, task: TaskView) -> str:
    request = task.request
    if request is None:
        return task.standing.value
    if request.enabled_on is not None and request.until is not None:
        return f"enabled until {day(request.until)} {request.until.year}"
    if request.seat is None:
        return "not accepted for now" if request.phase == "declined" else request.phase.value
    if request.seat.holder is None:
        return f"level {request.level} waits for HR to name an approver"
    holder: PersonView = stage.engine.ask(WhoIs(known_as=request.seat.holder), Actor("demo"))
    return f"level {request.level} waits for {holder.name}"


def _next(stage: Stage, url: str) -> list[dict[str, str]]:
    """Four commands that go on from here, with the ids of this very database."""
    case = next(story for story in stage.stories if story.number == "1054")
    plan = stage.board(person_of(case)).plan[:8]
    return [
        {
            "command": f"countersign replay {plan} --as 1054 --db {url}",
            "shows": "every event of a case: who, as what, why it is kept, what changed",
        },
        {
            "command": f"countersign inbox --as {HR} --db {url}",
            "shows": "what waits for HR",
        },
        {
            "command": f"countersign records register --as {RECORDS} --db {url}",
            "shows": "what is kept, for how long, and what holds it",
        },
        {
            "command": f"countersign projections rebuild --all --db {url}",
            "shows": "everything that can be asked, made anew from the journal",
        },
    ]


def _print(out: Console, told: dict[str, Any]) -> None:
    render.say(out, "Tallis Pumps, from March to May 2026, on a simulated clock", "bold")
    render.say(out, told["organisation"])
    for story in told["stories"]:
        _print_story(out, story)
    out.print()
    rows = [
        (f"{story['name']} ({story['number']})", task["title"], task["state"])
        for story in told["stories"]
        for task in story["tasks"]
    ]
    render.table(out, ("Who", "Task", "State"), rows)
    _print_story(out, told["later"])
    out.print()
    render.say(out, f"All of it is kept in {told['database']}. Try next:", "bold")
    for each in told["next"]:
        out.print(Text.assemble("  ", (each["command"], "cyan")), soft_wrap=True)
        render.say(out, f"      {each['shows']}", "dim")


def _print_story(out: Console, story: dict[str, Any]) -> None:
    out.print()
    heading = Text.assemble((story["name"], "bold cyan"), f": {story['title']}")
    out.print(heading, soft_wrap=True)
    width = max(SHORTEST_DATE, *(len(line["on"]) for line in story["lines"]))
    for line in story["lines"]:
        out.print(Text.assemble((f"  {line['on']:<{width}} ", "dim"), line["says"]), soft_wrap=True)
