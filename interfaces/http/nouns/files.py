"""Files: uploaded first, then claimed by a command; handed out to be saved, never to be run."""

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from ....application import commands as c
from ....application.commands import Text
from ....application.ports import Arriving, Uploaded
from ....domain.refusals import FileTooLarge
from .. import downloads
from ..actions import Action, Made
from ..documents import UploadDocument, UploadsDocument
from ..edge import JSON, Edge
from ..heads import add_get
from ..openapi import described_download, described_plainly, described_upload
from ..parameters import Id
from ..problems import Trouble
from .references import ITEM
from .results import RESULT

UPLOADS = "/uploads"
UPLOAD = f"{UPLOADS}/{{upload}}"
OF_RESULT = f"{RESULT}/files"
OF_ITEM = f"{ITEM}/files"
AT_ONCE = 256 * 1024
"""So many bytes are gathered before a thread is asked for."""

BESIDE = {
    UPLOADS: {"POST", "GET", "HEAD"},
    UPLOAD: {"DELETE"},
    f"{OF_RESULT}/{{copy_id}}": {"GET", "HEAD"},
    f"{OF_ITEM}/{{copy_id}}": {"GET", "HEAD"},
}
"""Routes that are neither a command's nor a question's."""

READS = ()

ACTIONS = (
    Action(
        "POST",
        OF_RESULT,
        c.AttachFile,
        "Attach an upload as evidence",
        of="result",
        made=Made("result.file_attached", f"{OF_RESULT}/{{new}}", by="file.copy_id"),
    ),
    Action(
        "POST",
        OF_ITEM,
        c.KeepFile,
        "Keep an upload with an item",
        of="item",
        made=Made("reference.file_attached", f"{OF_ITEM}/{{new}}", by="file.copy_id"),
    ),
)


class Why(BaseModel):
    """Why somebody looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Text | None = None


def add_files(router: APIRouter, edge: Edge) -> None:
    _add_uploads(router, edge)
    _add_downloads(router, edge)


def _add_uploads(router: APIRouter, edge: Edge) -> None:
    async def upload(request: Request) -> Response:
        _check_head(request, edge.engine.largest_file)
        declared = request.headers.get("content-type")
        begin = partial(edge.engine.upload, request.state.actor, declared)
        arriving = await edge.run(begin)
        try:
            made = await _received(request, edge, arriving)
        finally:
            await edge.run(arriving.abandon)
        return _json(_document(made), 201)

    upload.most_bytes = edge.engine.largest_file + AT_ONCE  # type: ignore[attr-defined]
    upload.most_seconds = edge.gate.settings.upload_seconds  # type: ignore[attr-defined]

    async def uploads(request: Request) -> Response:
        waiting = await edge.run(partial(edge.engine.uploads, request.state.actor))
        return _json(UploadsDocument(items=tuple(_document(each) for each in waiting)), 200)

    async def withdraw(request: Request, upload: Id) -> Response:
        await edge.run(partial(edge.engine.withdraw_upload, request.state.actor, upload))
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    router.add_api_route(
        UPLOADS,
        upload,
        methods=["POST"],
        summary="Send a file, as the whole body",
        operation_id="upload",
        status_code=201,
        response_model=UploadDocument,
        **described_upload(),
    )
    add_get(
        router,
        UPLOADS,
        uploads,
        name="list_uploads",
        summary="One's own uploads that wait to be attached",
        response_model=UploadsDocument,
        **described_plainly(),
    )
    router.add_api_route(
        UPLOAD,
        withdraw,
        methods=["DELETE"],
        summary="Withdraw an upload",
        operation_id="withdraw_upload",
        status_code=204,
        **described_plainly(),
    )


def _add_downloads(router: APIRouter, edge: Edge) -> None:
    async def of_result(
        request: Request, plan: Id, result: Id, copy_id: Id, query: Annotated[Why, Query()]
    ) -> Response:
        return await _handed_out(
            request, edge, copy_id, plan=plan, within=result, reason=query.reason
        )

    async def of_item(request: Request, item: Id, copy_id: Id) -> Response:
        return await _handed_out(request, edge, copy_id, within=item)

    for path, endpoint, name in (
        (f"{OF_RESULT}/{{copy_id}}", of_result, "get_result_file"),
        (f"{OF_ITEM}/{{copy_id}}", of_item, "get_reference_file"),
    ):
        add_get(
            router,
            path,
            endpoint,
            name=name,
            summary="A file, to be saved",
            response_class=Response,
            **described_download(),
        )


def _check_head(request: Request, limit: int) -> None:
    """Before the first byte is read. Raises FileTooLarge, or Trouble for a form."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise Trouble(
            "unsupported-media-type",
            "Send the file itself as the body, not a form: curl --data-binary @file.",
        )
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:18]) > limit:
        raise FileTooLarge(limit=limit)


async def _received(request: Request, edge: Edge, arriving: Arriving) -> Uploaded:
    """Of a caller who hangs up nothing stays."""
    held = bytearray()
    try:
        async for piece in request.stream():
            held += piece
            if len(held) >= AT_ONCE:
                await edge.run(partial(arriving.write, bytes(held)))
                held.clear()
    except ClientDisconnect:
        raise Trouble("malformed-body", "The file came in part only.") from None
    if held:
        await edge.run(partial(arriving.write, bytes(held)))
    return await edge.run(arriving.finish)


async def _handed_out(request: Request, edge: Edge, copy_id: str, **where: Any) -> Response:
    opening = partial(edge.engine.open_file, copy_id, request.state.actor, **where)
    view, opened = await edge.run(opening)
    told = downloads.answer(request, view)
    if told.part is None or request.method == "HEAD":
        return Response(status_code=told.status, headers=told.headers)
    pieces = opened.pieces(*told.part)
    first = await edge.run(partial(next, pieces, b""))
    body = _flow(edge, first, pieces)
    return StreamingResponse(body, told.status, headers=told.headers)


async def _flow(edge: Edge, first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The first piece is there before the answer begins, so that what is lost is told as such."""
    yield first
    while piece := await edge.run(partial(next, rest, b"")):
        yield piece


def _document(made: Uploaded) -> UploadDocument:
    return UploadDocument(
        upload=made.blob, size=made.size, media_type=made.media_type, expires=made.expires
    )


def _json(document: BaseModel, status: int, headers: Mapping[str, str] | None = None) -> Response:
    told = {"Cache-Control": "no-store", **(headers or {})}
    return Response(document.model_dump_json(), status, told, media_type=JSON)
