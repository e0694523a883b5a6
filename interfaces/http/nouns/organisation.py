"""Organisation: people and their lines, brought in all or nothing, rehearsed beforehand."""

from collections import Counter
from typing import Annotated, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ....application import commands as c
from ..actions import Action, body_model, exampled
from ..documents import RehearsalDocument
from ..edge import Edge
from ..examples import REHEARSED
from ..openapi import described_query


def numbered(command: c.Command) -> c.Command:
    """A row is where it stands in `rows`, so that what is wrong with it can be pointed at."""
    wanted = cast("c.ImportOrganisation", command)
    rows = tuple(each.model_copy(update={"row": place}) for place, each in enumerate(wanted.rows))
    return wanted.model_copy(update={"rows": rows})


IMPORT = Action(
    "POST",
    "/organisation/import",
    c.ImportOrganisation,
    "Bring people and lines in, all rows or none",
    large=True,
    prepare=numbered,
)

ACTIONS = (IMPORT,)
READS = ()


def add_rehearsal(router: APIRouter, edge: Edge) -> None:
    model = body_model(IMPORT)

    async def rehearse(request: Request, body) -> Response:  # type: ignore[no-untyped-def]
        def work() -> Response:
            said = request.state.body
            command = c.ImportOrganisation(rows=said.rows, effective=said.effective)
            events = edge.engine.rehearse(numbered(command), request.state.actor)
            told = RehearsalDocument(
                people=len(command.rows), would_change=dict(Counter(each.name for each in events))
            )
            return Response(
                told.model_dump_json(),
                200,
                {"Cache-Control": "no-store"},
                media_type="application/json",
            )

        return await edge.run(work)

    rehearse.__annotations__["body"] = Annotated[model, exampled(IMPORT)]
    rehearse.body = model  # type: ignore[attr-defined]
    rehearse.most_bytes = edge.gate.settings.import_bytes  # type: ignore[attr-defined]
    router.add_api_route(
        "/organisation/rehearse",
        rehearse,
        methods=["POST"],
        summary="Say what an import would change; nothing is written",
        operation_id="rehearse_organisation",
        response_model=RehearsalDocument,
        **described_query(REHEARSED),
    )
