"""Media: which kinds of file may be attached, and how their names end."""

from enum import StrEnum

from .refusals import FileContradicts

OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN = "application/vnd.oasis.opendocument"


class Media(StrEnum):
    """What fits evidence at work; nothing that runs when it is opened.

    Events name these: what is no longer welcome is refused by the sniffer, and stays here.
    """

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"
    TEXT = "text/plain"
    CSV = "text/csv"
    MARKDOWN = "text/markdown"
    DOCX = f"{OFFICE}.wordprocessingml.document"
    XLSX = f"{OFFICE}.spreadsheetml.sheet"
    PPTX = f"{OFFICE}.presentationml.presentation"
    ODT = f"{OPEN}.text"
    ODS = f"{OPEN}.spreadsheet"
    ODP = f"{OPEN}.presentation"
    MP4 = "video/mp4"
    WEBM = "video/webm"

    @property
    def is_text(self) -> bool:
        return self in TEXTS


TEXTS = frozenset({Media.TEXT, Media.CSV, Media.MARKDOWN})
"""The bytes cannot tell them apart: there the name decides."""

ENDINGS: dict[str, Media | None] = {
    "pdf": Media.PDF,
    "png": Media.PNG,
    "jpg": Media.JPEG,
    "jpeg": Media.JPEG,
    "gif": Media.GIF,
    "webp": Media.WEBP,
    "txt": Media.TEXT,
    "text": Media.TEXT,
    "log": Media.TEXT,
    "csv": Media.CSV,
    "md": Media.MARKDOWN,
    "markdown": Media.MARKDOWN,
    "docx": Media.DOCX,
    "xlsx": Media.XLSX,
    "pptx": Media.PPTX,
    "odt": Media.ODT,
    "ods": Media.ODS,
    "odp": Media.ODP,
    "mp4": Media.MP4,
    "m4v": Media.MP4,
    "webm": Media.WEBM,
    **dict.fromkeys(("htm", "html", "xhtml", "svg", "xml", "hta", "mht", "mhtml", "url")),
    **dict.fromkeys(("js", "mjs", "vbs", "vbe", "wsf", "ps1", "bat", "cmd", "sh", "py", "php")),
    **dict.fromkeys(("exe", "com", "scr", "msi", "dll", "lnk", "jar", "app", "apk", "dmg")),
    **dict.fromkeys(("docm", "xlsm", "pptm", "xlsb", "dotm", "xltm", "doc", "xls", "ppt")),
}
"""By how a name ends, in lower case; None: never welcome, whatever the bytes are."""

ALIASES = {
    "application/x-pdf": Media.PDF,
    "image/jpg": Media.JPEG,
    "image/pjpeg": Media.JPEG,
    "application/csv": Media.CSV,
    "application/vnd.ms-excel": Media.CSV,  # what Windows calls a CSV file
    "text/x-markdown": Media.MARKDOWN,
    "video/x-m4v": Media.MP4,
}

UNSAID = frozenset({"", "application/octet-stream", "application/x-www-form-urlencoded"})
"""What clients send that know nothing of the type; the last is curl's."""


def agreed(found: Media, declared: str | None) -> Media:
    """The type on which bytes and word agree; the word counts among kinds of text only.

    Raises FileContradicts.
    """
    word = (declared or "").partition(";")[0].strip().lower()
    if word in UNSAID:
        return found
    said = ALIASES.get(word) or next((each for each in Media if each == word), None)
    if said is not None and found.is_text and said.is_text:
        return said
    if said is not found:
        raise FileContradicts(declared=word, found=found.value)
    return found


def named(found: Media, name: str) -> Media:
    """The type of a file of this name. Raises FileContradicts where its end says another."""
    end = _end(name)
    if end not in ENDINGS:
        return found
    said = ENDINGS[end]
    if said is not None and found.is_text and said.is_text:
        return said
    if said is not found:
        raise FileContradicts(declared=f".{end}", found=found.value)
    return found


def with_ending(name: str, media: str) -> str:
    """The name under which it is handed out: its end always tells the type."""
    return name if ENDINGS.get(_end(name)) == media else f"{name}.{ending(media)}"


def ending(media: str) -> str:
    """How the name of a file of this type ends."""
    return next((end for end, each in ENDINGS.items() if each == media), "bin")


def _end(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""
