"""`countersign employee`: who is there, who reports to whom, who is away and who stands in."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from ...application import commands as c
from ...application.questions import AuditTrail, People, PersonView, Reads, ReadView, TrailEntry
from ...domain.employee import Role
from ...domain.refusals import UnknownStandIn
from . import boards, finding, organisation_file, render
from .options import AsOf, Effective, Stated, Who, Whose, day, moment
from .session import Here, Misuse, command

app = typer.Typer(help="People, lines, absences, stand-ins and roles.", no_args_is_help=True)
stand_in = typer.Typer(help="Who decides for somebody in a period.", no_args_is_help=True)
role = typer.Typer(help="What somebody may do beside their own work.", no_args_is_help=True)
app.add_typer(stand_in, name="stand-in")
app.add_typer(role, name="role")

Other = Annotated[
    str | None, typer.Option("--for", metavar="PERSON", help="Whose, if not your own (by HR).")
]
From = Annotated[date, typer.Option("--from", parser=day, metavar="DATE", help="From this day on.")]
Until = Annotated[
    date, typer.Option("--until", parser=day, metavar="DATE", help="Back on this day.")
]


@command(app, "list", example="countersign employee list --as 1016")
def list_(here: Here) -> None:
    """Lists everybody, with whom they report to today."""
    people: Sequence[PersonView] = here.ask(People())
    name = boards.names(here)

    def text() -> None:
        rows = [
            (each.person[:8], each.name, each.kind.value, _above(each, name), ", ".join(each.roles))
            for each in sorted(people, key=lambda each: render.shown(each.name))
        ]
        render.table(here.out, ("Id", "Name", "Kind", "Reports to", "Roles"), rows)

    here.show(people, text)


@command(app, "show", example="countersign employee show 1042 --as 1016")
def show(here: Here, person: Whose = None) -> None:
    """Shows a person as they stand today."""
    found = finding.person(here.engine, person) if person else here.me

    def text() -> None:
        name = boards.names(here)
        render.say(here.out, f"{render.shown(found.name)} ({found.kind.value})", "bold")
        render.say(here.out, f"  id {found.person}")
        render.say(here.out, f"  reports to {_above(found, name)}; {found.time_zone}")
        if found.stand_in:
            render.say(here.out, f"  today {name(found.stand_in)} stands in")
        if found.roles:
            render.say(here.out, f"  roles: {', '.join(found.roles)}")
        if not found.serves:
            render.say(here.out, "  not in service")

    here.show(found, text)


@command(
    app,
    "reads",
    example=(
        "countersign employee reads --as 1042",
        'countersign employee reads 1042 --reason "a complaint" --as 1052',
    ),
)
def reads(
    here: Here,
    person: Whose = None,
    most: Annotated[int, typer.Option("--most", min=1, help="So many, the newest.")] = 100,
    as_of: AsOf = None,
    reason: Stated = None,
) -> None:
    """Shows who has seen something of you: as what, when, of which case and why."""
    at = moment(as_of) if as_of is not None else None
    question = Reads(person=here.person(person), limit=most, reason=reason)
    found: Sequence[ReadView] = here.ask(question, as_of=at)

    def text() -> None:
        if not found:
            render.say(here.out, "Nobody else has looked, beside whoever decides.")
            return
        heads = ("When", "Who", "As", "What", "Case", "Why")
        render.table(here.out, heads, [_read(each) for each in found])

    here.show(found, text)


@command(
    app,
    "set-line",
    example=(
        "countersign employee set-line 1042 --manager 1010 --as 1016",
        "countersign employee set-line 1001 --top --as 1016",
    ),
)
def set_line(
    here: Here,
    person: Who,
    manager: Annotated[
        str | None, typer.Option("--manager", metavar="PERSON", help="Whom they report to.")
    ] = None,
    top: Annotated[bool, typer.Option("--top", help="They are the top of the house.")] = False,
    effective: Effective = None,
) -> None:
    """Sets, as HR, whom somebody reports to."""
    if manager and top:
        raise Misuse("The top of the house reports to nobody: give --manager or --top.")
    here.do(
        c.SetLine(
            person=here.person(person),
            manager=here.person(manager) if manager else None,
            top=top,
            effective=effective or here.today(),
        )
    )


@command(
    app,
    "absent",
    example="countersign employee absent --as 1010 --from 2026-07-01 --until 2026-07-15",
)
def absent(here: Here, start: From, end: Until, person: Other = None) -> None:
    """Notes an absence: dates only, never the kind."""
    here.do(c.NoteAbsence(person=here.person(person), start=start, end=end))


@command(
    app,
    "back",
    example="countersign employee back --as 1010 --from 2026-07-01",
)
def back(here: Here, start: From, person: Other = None) -> None:
    """Cancels the absence that was noted from a day on."""
    someone = here.person(person)
    noted = _said(here, someone, "employee.absence_noted.v1")
    found = next((each for each in noted if each["start"] == start.isoformat()), None)
    if found is None:
        raise Misuse(f"No absence was noted from {start} on.")
    here.do(c.CancelAbsence(person=someone, absence=found["absence"]))


@command(
    app,
    "working-days",
    example="countersign employee working-days mon,tue,thu --as 1042",
)
def working_days(
    here: Here,
    days: Annotated[str, typer.Argument(metavar="DAYS", help="mon-fri, or mon,tue,thu.")],
    person: Other = None,
    effective: Effective = None,
) -> None:
    """Sets somebody's own working days, which gaps are counted by."""
    try:
        weekdays = organisation_file.weekdays(days)
    except ValueError:
        raise Misuse(f"{days} are no weekdays; write mon-fri, or mon,tue,thu.") from None
    someone = here.person(person)
    on = effective or here.today()
    here.do(c.SetWorkingDays(person=someone, weekdays=weekdays, effective=on))


@command(app, "time-zone", example="countersign employee time-zone Europe/Lisbon --as 1042")
def time_zone(
    here: Here,
    zone: Annotated[str, typer.Argument(metavar="ZONE", help="An IANA name.")],
    person: Other = None,
) -> None:
    """Sets by which clock somebody's days are counted."""
    here.do(c.SetTimeZone(person=here.person(person), time_zone=zone))


@command(app, "job-change", example="countersign employee job-change 1042 --as 1016")
def job_change(here: Here, person: Who, effective: Effective = None) -> None:
    """Records, as HR, another job; the employee says which tasks remain."""
    on = effective or here.today()
    here.do(c.RecordJobChange(person=here.person(person), effective=on))


@command(app, "leave", example="countersign employee leave 1042 --effective 2026-09-30 --as 1016")
def leave(here: Here, person: Who, effective: Effective = None) -> None:
    """Records, as HR, that somebody leaves: acceptances end and open cases stand still."""
    here.do(c.RecordLeaving(person=here.person(person), effective=effective or here.today()))


@command(app, "return", example="countersign employee return 1042 --as 1016")
def come_back(here: Here, person: Who, effective: Effective = None) -> None:
    """Records, as HR, that somebody is in service again; their plans start anew."""
    here.do(c.RecordReturn(person=here.person(person), effective=effective or here.today()))


@command(
    app,
    "outsider",
    example='countersign employee outsider "Vera Lindgard" --email vera@board.example --as 1016',
)
def outsider(
    here: Here,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Their name.")],
    email: Annotated[str | None, typer.Option("--email", help="Their address.")] = None,
    zone: Annotated[str, typer.Option("--time-zone", help="An IANA name.")] = "UTC",
) -> None:
    """Registers, as HR, somebody outside the company who may be named as an approver."""
    here.do(c.RegisterOutsider(name=name, email=email, time_zone=zone))


@command(
    stand_in,
    "appoint",
    example="countersign employee stand-in appoint 1011 --as 1010"
    " --from 2026-07-01 --until 2026-07-15",
)
def appoint(
    here: Here,
    person: Who,
    start: From,
    end: Until,
    alternate: Annotated[
        str | None,
        typer.Option(
            "--alternate", metavar="PERSON", help="Who decides the stand-in's own case [above]."
        ),
    ] = None,
    absent_one: Other = None,
) -> None:
    """Appoints who decides for you in a period; also what is open already."""
    here.do(
        c.AppointStandIn(
            person=here.person(absent_one),
            stand_in=here.person(person),
            alternate=here.person(alternate) if alternate else None,
            start=start,
            end=end,
        )
    )


@command(stand_in, "end", example="countersign employee stand-in end --as 1010")
def end_stand_in(here: Here, absent_one: Other = None, effective: Effective = None) -> None:
    """Ends the newest stand-in's time early."""
    someone = here.person(absent_one)
    appointed = _said(here, someone, "employee.stand_in_appointed.v1")
    if not appointed:
        raise UnknownStandIn
    here.do(
        c.EndStandIn(
            person=someone,
            appointment=appointed[-1]["appointment"],
            effective=effective or here.today(),
        )
    )


@command(role, "grant", example="countersign employee role grant 1052 auditor --as 1016")
def grant(
    here: Here, person: Who, granted: Annotated[Role, typer.Argument(metavar="ROLE")]
) -> None:
    """Grants a role, as HR: hr, records, auditor or engineer."""
    here.do(c.GrantRole(person=here.person(person), role=granted))


@command(role, "withdraw", example="countersign employee role withdraw 1052 auditor --as 1016")
def withdraw(
    here: Here, person: Who, withdrawn: Annotated[Role, typer.Argument(metavar="ROLE")]
) -> None:
    """Withdraws a role, as HR."""
    here.do(c.WithdrawRole(person=here.person(person), role=withdrawn))


def _read(each: ReadView) -> tuple[object, ...]:
    again = f", {each.times} times" if each.times > 1 else ""
    then = f", as of position {each.as_of}" if each.as_of is not None else ""
    taken = " (exported)" if each.is_export else ""
    return (
        each.at.strftime("%Y-%m-%d %H:%M"),
        each.reader_name if each.reader_name is not None else each.reader[:8],
        each.sight.value.replace("_", " "),
        f"{each.what}{taken}{then}{again}",
        each.case[:8] if each.case else None,
        each.reason,
    )


def _above(person: PersonView, name: boards.Names) -> str:
    return "nobody: the top of the house" if person.top else name(person.manager)


def _said(here: Here, person: str, event: str) -> list[dict[str, Any]]:
    """What somebody's events of one kind say, oldest first."""
    trail: Sequence[TrailEntry] = here.ask(AuditTrail(person=person))
    return [each.says or {} for each in trail if each.name == event and each.stream == person]
