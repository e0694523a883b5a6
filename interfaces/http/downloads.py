"""Downloads: with which headers a file is handed out, whole or in part, so that nothing runs."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request

from ...application.questions import FileView
from ...domain.media import with_ending
from .conditions import unchanged
from .problems import Trouble

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
PLAIN = re.compile(r"[^A-Za-z0-9 ._()+-]")


@dataclass(frozen=True, slots=True)
class Answer:
    """`part`: from which byte to before which; None: the caller has it already."""

    status: int
    headers: dict[str, str]
    part: tuple[int, int] | None


def answer(request: Request, file: FileView) -> Answer:
    """Raises Trouble for a range that begins after the file's end."""
    tag = f'"{file.copy_id}"'  # what it names never changes
    headers = {"ETag": tag, **_guards()}
    if unchanged(request, tag):
        return Answer(304, headers, None)
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Type": _content_type(file),
        "Content-Disposition": disposition(with_ending(str(file.name), file.media_type)),
    }
    part = _part(request, file.size, tag)
    if part is None:
        return Answer(200, headers | {"Content-Length": str(file.size)}, (0, file.size))
    start, stop = part
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    return Answer(206, headers | {"Content-Length": str(stop - start)}, part)


def _guards() -> dict[str, str]:
    """A browser saves it; if it shows it after all, it runs nothing and tells nobody."""
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def disposition(name: str) -> str:
    """For all (RFC 6266), and in full for those who read RFC 8187."""
    plain = PLAIN.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _content_type(file: FileView) -> str:
    text = file.media_type.is_text
    return f"{file.media_type.value}; charset=utf-8" if text else file.media_type.value


def _part(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """One range (RFC 9110, section 14); what is no range of bytes is passed over."""
    found = RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if found is None or request.method != "GET" or found[0] == "bytes=-":
        return None
    if request.headers.get("if-range", tag) != tag:
        return None
    if not found[1]:
        start, stop = max(0, size - int(found[2])), size
    else:
        start, stop = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
    if found[1] and found[2] and int(found[2]) < int(found[1]):
        return None
    if start >= size:
        raise Trouble("range-not-satisfiable", headers={"Content-Range": f"bytes */{size}"})
    return start, stop
