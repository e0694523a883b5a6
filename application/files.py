"""The files desk: what was uploaded becomes evidence, or is kept with what one reads."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from ..domain import reference, result
from ..domain.event import Event, Id, ItemId, PersonId, PlanId, ResultId, fold
from ..domain.file import File
from ..domain.media import named
from ..domain.refusals import UnknownFile, UnknownUpload
from ..domain.result import Result
from ..domain.sealed import Erased, Sealed
from . import commands as c
from .aggregates import REFERENCE
from .desk import Desk, Handler
from .ports import Claim, Uploaded
from .questions import FileView, PlanBoard, PlanView, Question, ReadingItem, ReadingList


def keep_file(desk: Desk, command: c.KeepFile) -> None:
    item, owner = desk.item(command.item), desk.actor.person
    if command.upload in {each.copy_id for each in item.files}:
        return
    file = claimed(desk, command.item, command)
    events = reference.attach_file(item, file=file, on=desk.today(owner))
    desk.write(REFERENCE, command.item, events, owner=owner)


def claimed(desk: Desk, stream: Id, command: c.AttachFile | c.KeepFile) -> File:
    """One's own upload, as a file of this stream; its bytes change hands with the append."""
    upload = desk.session.uploaded(command.upload, desk.actor.person, desk.now)
    if upload is None:
        raise UnknownUpload
    media = named(upload.media_type, command.name)
    file = _file(upload, command.name, command.title)
    desk.claims.append(Claim(blob=upload.blob, stream=stream))
    return file.model_copy(update={"media_type": media})


def copied(desk: Desk, item_id: ItemId, result_id: ResultId) -> list[File]:
    """The files of a cited item, copied byte by byte, each under a key of its own."""
    return [_copy(desk, file, item_id, result_id) for file in desk.item(item_id).files]


def attached(state: Result, files: Iterable[File], on: date) -> list[Event]:
    """One event after the other, each on the revision before it."""
    events: list[Event] = []
    for file in files:
        more = result.attach_file(state, file=file, on=on)
        state = fold(result.evolve, state, more)
        events += more
    return events


def _copy(desk: Desk, file: File, item_id: ItemId, result_id: ResultId) -> File:
    words = [each for each in (file.name, file.title) if each is not None]
    texts = desk.session.texts(words)
    name, title = texts[file.name], texts[file.title] if file.title else None
    copy = desk.session.copied(file, desk.actor.person, desk.now)
    desk.claims.append(Claim(blob=copy.blob, stream=result_id))
    made = _file(copy, _text(name), None if title is None else _text(title))
    return made.model_copy(update={"media_type": file.media_type, "item": item_id})


def _text(text: str | Erased) -> str:
    if isinstance(text, Erased):
        raise UnknownFile
    return text


def _file(upload: Uploaded, name: str, title: str | None) -> File:
    return File(
        copy_id=upload.blob,
        name=Sealed.of(name, unit=upload.blob),
        title=Sealed.of(title, unit=upload.blob) if title else None,
        media_type=upload.media_type,
        size=upload.size,
        commitment=upload.commitment,
    )


Ask = Callable[[Question], Any]
"""In somebody's name."""


def seen(
    ask: Ask,
    reader: PersonId,
    copy_id: Id,
    *,
    plan: PlanId | None,
    within: Id | None,
    reason: str | None,
) -> FileView:
    """The file as this reader may see it: of a plan's results, or of one's own reading.

    Raises NotFound: whoever does not see the evidence does not see its file either (RULES F).
    """
    places = _of_plan(ask, plan, reason) if plan else _of_reading(ask, reader)
    for place, files in places:
        for file in files:
            if file.copy_id == copy_id and within in (None, place):
                return file
    raise UnknownFile


Places = Sequence[tuple[Id, Sequence[FileView]]]
"""Results or items, each with its files."""


def _of_plan(ask: Ask, plan: PlanId, reason: str | None) -> Places:
    board: PlanView = ask(PlanBoard(plan=plan, reason=reason))
    return [(each.result, each.files) for task in board.tasks for each in task.results]


def _of_reading(ask: Ask, reader: PersonId) -> Places:
    items: list[ReadingItem] = ask(ReadingList(person=reader))
    return [(item.item, item.files) for item in items]


HANDLES: dict[type[c.Command], Handler] = {c.KeepFile: keep_file}
