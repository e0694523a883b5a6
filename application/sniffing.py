"""Sniffing: what kind of file the bytes are, told while they stream by.

Text is looked at to the end, a packed document for what its table of contents names; all others
say what they are in their first bytes. Names and headers are never asked.
"""

import codecs
import re
from typing import NoReturn, Protocol

from ..domain.media import OPEN, Media
from ..domain.refusals import FileUnwelcome

EBML = b"\x1aE\xdf\xa3"
PACKED = b"PK\x03\x04"
BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"}
)
PROGRAMS = (
    *(b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\x00asm", b"dex\n"),
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
)
MARKUP = re.compile(r"\s*<(?:[!?%]|/?[a-z][\w:-]*(?:\s|/?>))", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

INSIDE = {
    b"word/document.xml": Media.DOCX,
    b"xl/workbook.xml": Media.XLSX,
    b"ppt/presentation.xml": Media.PPTX,
}
CONTENTS = b"[Content_Types].xml"
MACROS = (b"vbaProject.bin", b"Basic/script-l", b"Scripts/")
LONGEST = max(len(each) for each in (*INSIDE, CONTENTS, *MACROS))

RUNS = "print it to a PDF, or take a picture of it"


class Sniffer:
    """Sees every byte once and in order; the first piece is whole, or has at least 256 bytes."""

    def __init__(self) -> None:
        self._looks: _Looks | None = None

    def see(self, piece: bytes) -> None:
        """Raises FileUnwelcome as soon as it is sure."""
        if self._looks is None:
            self._looks = _first(piece)
        self._looks.see(piece)

    def told(self) -> Media:
        """After the last piece. Raises FileUnwelcome."""
        if self._looks is None:
            _unwelcome("nothing at all", "a file with something in it")
        return self._looks.told()


class _Looks(Protocol):
    def see(self, piece: bytes) -> None: ...
    def told(self) -> Media: ...


class _Plain:
    """Said by the first bytes, and that is that."""

    def __init__(self, media: Media) -> None:
        self._media = media

    def see(self, piece: bytes) -> None:
        """Whatever follows."""

    def told(self) -> Media:
        return self._media


class _Text:
    """UTF-8 to the last byte, without control characters."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._begun = False

    def see(self, piece: bytes) -> None:
        self._read(piece)

    def told(self) -> Media:
        self._read(b"", final=True)
        return Media.TEXT

    def _read(self, piece: bytes, *, final: bool = False) -> None:
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            _unwelcome("of a kind that is not known here", "save it as one of these")
        if not self._begun:
            text = text.removeprefix("\ufeff")
            if MARKUP.match(text):
                _unwelcome("a page or drawing that can run scripts (HTML, SVG, XML)", RUNS)
        self._begun = True
        if CONTROL.search(text):
            _unwelcome("of a kind that is not known here", "save it as one of these")


class _Package:
    """A ZIP archive, whose names stand in it unpacked: OpenDocument says its type at once."""

    def __init__(self, head: bytes) -> None:
        self._media = _opendocument(head)
        self._names: set[bytes] = set()
        self._tail = b""

    def see(self, piece: bytes) -> None:
        seen = self._tail + piece
        if any(each in seen for each in MACROS):
            _unwelcome("a document with macros", "save it without them")
        self._names.update(each for each in (*INSIDE, CONTENTS) if each in seen)
        self._tail = seen[-LONGEST:]

    def told(self) -> Media:
        if self._media is not None:
            return self._media
        found = [INSIDE[each] for each in INSIDE if each in self._names]
        if CONTENTS in self._names and len(found) == 1:
            return found[0]
        raise FileUnwelcome(what="an archive", instead="unpack it and attach what is in it")


def _first(head: bytes) -> _Looks:
    if (media := _by_first_bytes(head)) is not None:
        return _Plain(media)
    if head.startswith(PACKED):
        return _Package(head)
    if head.startswith(PROGRAMS):
        _unwelcome("a program or a script", RUNS)
    if head.startswith(WIDE):
        _unwelcome("text in UTF-16", "save it as UTF-8")
    return _Text()


def _by_first_bytes(head: bytes) -> Media | None:
    begins = {
        b"%PDF-": Media.PDF,
        b"\x89PNG\r\n\x1a\n": Media.PNG,
        b"\xff\xd8\xff": Media.JPEG,
        b"GIF87a": Media.GIF,
        b"GIF89a": Media.GIF,
    }
    for begin, media in begins.items():
        if head.startswith(begin):
            return media
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Media.WEBP
    if head[4:8] == b"ftyp" and head[8:12] in BRANDS:
        return Media.MP4
    if head.startswith(EBML) and b"webm" in head[:64]:
        return Media.WEBM
    return None


def _opendocument(head: bytes) -> Media | None:
    """Its first entry is named `mimetype`, is not packed, and says it in plain letters."""
    if head[30:38] != b"mimetype":
        return None
    said = re.match(rb"[a-z.\-/]+", head[38 : 38 + len(OPEN) + 20])
    kinds = {each.value: each for each in (Media.ODT, Media.ODS, Media.ODP)}
    return kinds.get(said[0].decode()) if said else None


def _unwelcome(what: str, instead: str) -> NoReturn:
    raise FileUnwelcome(what=what, instead=instead)
