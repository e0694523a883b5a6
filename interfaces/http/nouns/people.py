"""People: who is there, to whom they report, when they are away, and who stands in."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from ....application import commands as c
from ....application import questions as q
from ....domain.employee import Kind, Role
from ....domain.event import PersonId
from ....domain.refusals import NotFound, UnknownPerson
from ..actions import Action, Made
from ..documents import Document, MeDocument
from ..edge import Edge
from ..examples import ANSWERS, LOOK_UP
from ..openapi import described_query
from ..reads import Here, Listed, Part, Read

PERSON = "/people/{person}"
ABSENCES = f"{PERSON}/absences"
STAND_INS = f"{PERSON}/stand-ins"


class PeopleQuery(Listed):
    manager: Annotated[PersonId | None, Field(description="Whom they report to.")] = None
    role: Annotated[Role | None, Field(description="A role granted to them.")] = None
    kind: Kind | None = None
    serves: Annotated[bool | None, Field(description="In service on the day.")] = None


class LookUp(Document):
    """Somebody's HR number, e-mail address or login."""

    model_config = ConfigDict(json_schema_extra={"examples": [LOOK_UP]})

    known_as: c.Text


def me(here: Here) -> MeDocument:
    view: q.PersonView = here.ask(q.WhoIs(known_as=here.actor.person))
    return MeDocument(
        person=view.person,
        name=view.name if isinstance(view.name, str) else None,
        roles=tuple(sorted({*view.roles, *here.actor.roles})),
        plan=view.plan,
        manager=view.manager,
        time_zone=view.time_zone,
    )


def people(here: Here, *, part: Part, **filters: Any) -> list[q.PersonView]:
    found: list[q.PersonView] = here.ask(q.People(**filters, **part.words))
    return found


def person(here: Here, person: PersonId) -> q.PersonView:
    """By id; whoever is looked for by number or address is looked up."""
    found: q.PersonView = here.ask(q.WhoIs(known_as=person))
    if found.person != person:
        raise UnknownPerson
    return found


def calendar(here: Here, person: PersonId) -> q.CalendarView:
    found: q.CalendarView = here.ask(q.Calendar(person=person))
    return found


def absences(here: Here, person: PersonId, part: Part) -> tuple[q.AbsenceView, ...]:
    return calendar(here, person).absences[part.after :][: part.limit]


def absence(here: Here, person: PersonId, absence: str) -> q.AbsenceView:
    found = [each for each in calendar(here, person).absences if each.absence == absence]
    if not found:
        raise NotFound
    return found[0]


def stand_ins(here: Here, person: PersonId, part: Part) -> tuple[q.StandInView, ...]:
    return calendar(here, person).stand_ins[part.after :][: part.limit]


def stand_in(here: Here, person: PersonId, appointment: str) -> q.StandInView:
    found = [each for each in calendar(here, person).stand_ins if each.appointment == appointment]
    if not found:
        raise NotFound
    return found[0]


def my_reads(here: Here, *, part: Part) -> list[q.ReadView]:
    return reads_of(here, here.actor.person, part=part)


def reads_of(here: Here, person: PersonId, *, part: Part) -> list[q.ReadView]:
    found: list[q.ReadView] = here.ask(q.Reads(person=person, after=part.after, limit=part.limit))
    return found


def number(read: q.ReadView) -> int:
    return read.number


def plan(here: Here, person: PersonId) -> q.PlanView:
    found: q.PlanView = here.ask(q.PlanBoard(person=person))
    return found


READS = (
    Read("/me", q.WhoIs, MeDocument, me, "Whoever asks", "get_me"),
    Read(
        "/me/reads",
        q.Reads,
        q.ReadView,
        my_reads,
        "Who has seen something of whoever asks",
        "list_my_reads",
        query=Listed,
        place_of=number,
    ),
    Read(
        f"{PERSON}/reads",
        q.Reads,
        q.ReadView,
        reads_of,
        "Who has seen something of somebody",
        "list_reads",
        query=Listed,
        place_of=number,
    ),
    Read("/people", q.People, q.PersonView, people, "Everybody", "list_people", query=PeopleQuery),
    Read(PERSON, q.WhoIs, q.PersonView, person, "A person", "get_person", of="person"),
    Read(f"{PERSON}/plan", q.PlanBoard, q.PlanView, plan, "The plan somebody has", "get_plan_of"),
    Read(
        f"{PERSON}/calendar",
        q.Calendar,
        q.CalendarView,
        calendar,
        "When somebody works and is away",
        "get_calendar",
        of="person",
    ),
    Read(ABSENCES, q.Calendar, q.AbsenceView, absences, "Absences", "list_absences", query=Listed),
    Read(
        f"{ABSENCES}/{{absence}}", q.Calendar, q.AbsenceView, absence, "An absence", "get_absence"
    ),
    Read(
        STAND_INS, q.Calendar, q.StandInView, stand_ins, "Stand-ins", "list_stand_ins", query=Listed
    ),
    Read(
        f"{STAND_INS}/{{appointment}}",
        q.Calendar,
        q.StandInView,
        stand_in,
        "A stand-in's appointment",
        "get_stand_in",
    ),
)

JOINED = Made("employee.joined", "/people/{new}")
AWAY = Made("employee.absence_noted", "/people/{person}/absences/{new}", by="absence")
APPOINTED = Made(
    "employee.stand_in_appointed", "/people/{person}/stand-ins/{new}", by="appointment"
)


def _changed(method: str, path: str, command: type[c.Command], summary: str) -> Action:
    """Something of a person's; what replaces it must have been looked at."""
    return Action(method, path, command, summary, of="person", must_match=method == "PUT")


ACTIONS = (
    Action("POST", "/outsiders", c.RegisterOutsider, "Register an outsider", made=JOINED),
    _changed("PUT", f"{PERSON}/line", c.SetLine, "Set whom somebody reports to"),
    _changed("PUT", f"{PERSON}/time-zone", c.SetTimeZone, "Set somebody's clock"),
    _changed("PUT", f"{PERSON}/working-days", c.SetWorkingDays, "Set somebody's working days"),
    Action("POST", ABSENCES, c.NoteAbsence, "Note an absence", of="person", made=AWAY),
    _changed("DELETE", f"{ABSENCES}/{{absence}}", c.CancelAbsence, "Cancel an absence"),
    Action("POST", STAND_INS, c.AppointStandIn, "Appoint a stand-in", of="person", made=APPOINTED),
    _changed(
        "POST", f"{STAND_INS}/{{appointment}}/end", c.EndStandIn, "End a stand-in's time early"
    ),
    _changed("POST", f"{PERSON}/change-job", c.RecordJobChange, "Record another job"),
    _changed("POST", f"{PERSON}/leave", c.RecordLeaving, "Record that somebody leaves"),
    _changed("POST", f"{PERSON}/return", c.RecordReturn, "Record that somebody is back"),
    Action("PUT", f"{PERSON}/roles/{{role}}", c.GrantRole, "Grant a role", of="person"),
    Action("DELETE", f"{PERSON}/roles/{{role}}", c.WithdrawRole, "Withdraw a role", of="person"),
)


def add_look_up(router: APIRouter, edge: Edge) -> None:
    """A question in a body: an address in a URL would end up in logs."""

    async def look_up(request: Request, body: LookUp) -> Response:
        def work() -> Response:
            found: q.PersonView = edge.engine.ask(
                q.WhoIs(known_as=body.known_as), request.state.actor
            )
            told = found.model_dump_json().encode()
            return Response(told, 200, {"Cache-Control": "no-store"}, media_type="application/json")

        return await edge.run(work)

    look_up.body = LookUp  # type: ignore[attr-defined]
    router.add_api_route(
        "/look-up",
        look_up,
        methods=["POST"],
        summary="Look somebody up by number, address or login",
        operation_id="look_up_person",
        response_model=q.PersonView,
        **described_query(ANSWERS["get_person"]),
    )
