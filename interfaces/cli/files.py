"""Files on the way in and out: sent in pieces, saved whole or not at all."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ...application.commands import AttachFile, KeepFile
from ...application.ports import Opened, Uploaded
from ...application.questions import FileView
from ...domain.event import PlanId
from ...domain.media import with_ending
from ...domain.refusals import FileTooLarge, Refusal, UnknownFile
from ...infrastructure import assembly
from . import finding, progress, render
from .session import Here, Misuse

AT_ONCE = 256 * 1024

FileToSend = Annotated[Path, typer.Argument(metavar="FILE", help="The file on this machine.")]
FileTitle = Annotated[str | None, typer.Option("--title", help="What it is, in a few words.")]
Copy = Annotated[str, typer.Argument(metavar="COPY", help="The beginning of the file's id.")]
To = Annotated[Path, typer.Option("--to", metavar="PATH", help="A file, or a folder to save into.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]

Moved = Callable[[int], None]
"""Hears how many bytes have gone so far."""


def sent(here: Here, path: Path) -> Uploaded:
    """The upload of a file, ready to be claimed."""
    if not path.is_file():
        raise Misuse(f"{path} is no file. Name one that is there.")
    size = path.stat().st_size
    limit = here.engine.largest_file
    if size > limit:
        raise FileTooLarge(limit=limit)
    with (
        path.open("rb") as file,
        _shown(here, "sending", size) as moved,
        here.engine.upload(here.actor) as arriving,
    ):
        while piece := file.read(AT_ONCE):
            arriving.write(piece)
            moved(arriving.size)
        return arriving.finish()


def claim(here: Here, command: AttachFile | KeepFile) -> None:
    """What came of it; an upload that is refused its place does not wait for a day."""
    try:
        receipt = here.do(command)
    except Refusal:
        here.engine.withdraw_upload(here.actor, command.upload)
        raise
    if receipt.events:
        here.hint(f"The file is {command.upload[: finding.SHORTEST]}.")


def saved(
    here: Here, copy: str, to: Path, *, force: bool, plan: PlanId | None, reason: str | None = None
) -> None:
    """Under its own name where `to` is a folder. Nothing is there until all of it is."""
    view, opened = here.engine.open_file(copy, here.actor, plan=plan, reason=reason)
    place = to / with_ending(render.shown(view.name), view.media_type) if to.is_dir() else to
    if place.exists() and not force:
        raise Misuse(f"{place} is there already. Choose another place, or overwrite with --force.")
    _write(here, opened, place)
    told = {"file": view, "saved_to": str(place)}
    here.show(told, lambda: render.say(here.out, f"Saved to {place}, {view.size:,} bytes."))


def found(copy: str, files: Iterator[FileView]) -> str:
    """The whole id of a file. Raises UnknownFile."""
    one = finding.beginning(copy, (each.copy_id for each in files))
    if one is None:
        raise UnknownFile
    return one


def _write(here: Here, opened: Opened, place: Path) -> None:
    """Beside its place and then moved there, so that half a file is never taken for one."""
    handle, beside = tempfile.mkstemp(prefix=f".{place.name[:40]}.", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file, _shown(here, "saving", opened.size) as moved:
            for piece in opened.pieces():
                file.write(piece)
                moved(file.tell())
        Path(beside).replace(place)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


@contextmanager
def _shown(here: Here, step: str, size: int) -> Iterator[Moved]:
    """A bar on a terminal where it takes a while; in a pipe nothing is said."""
    out = render.console(error=True)
    if here.as_json or not out.file.isatty() or size < 8 * AT_ONCE:
        yield lambda done: None
        return
    with progress.shown(out, as_json=False) as report:
        meter = assembly.Meter(report, step)
        yield lambda done: meter.tell(done, size)
