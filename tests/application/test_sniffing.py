"""What a file is, is told from its bytes; what runs when it is opened is refused by name."""

import io
import zipfile

import pytest

from countersign.application.sniffing import Sniffer
from countersign.domain.media import Media, agreed, named, with_ending
from countersign.domain.refusals import FileContradicts, FileUnwelcome

OFFICE = {
    "word/document.xml": Media.DOCX,
    "xl/workbook.xml": Media.XLSX,
    "ppt/presentation.xml": Media.PPTX,
}


def sniffed(content, piece=256):
    sniffer = Sniffer()
    for start in range(0, len(content), piece):
        sniffer.see(content[start : start + piece])
    return sniffer.told()


def package(*names, first=None):
    """A ZIP archive with these entries."""
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w", zipfile.ZIP_DEFLATED) as packed:
        if first:
            packed.writestr(zipfile.ZipInfo("mimetype"), first)
        for name in names:
            packed.writestr(name, f"<x>{name}</x>" * 50)
    return room.getvalue()


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", Media.PDF),
        (b"\x89PNG\r\n\x1a\n\0\0", Media.PNG),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", Media.JPEG),
        (b"GIF89a\1\0\1\0", Media.GIF),
        (b"RIFF\x24\0\0\0WEBPVP8 ", Media.WEBP),
        (b"\0\0\0\x18ftypmp42\0\0", Media.MP4),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", Media.WEBM),
        (b"one, two\r\n3, 4\r\n", Media.TEXT),
        ("\ufeffgrüße, 你好\n".encode(), Media.TEXT),
        (b"<https://readers.example> says: a < b", Media.TEXT),
    ],
)
def test_welcome_files_are_told_by_their_bytes(content, media):
    assert sniffed(content) is media


@pytest.mark.parametrize(("name", "media"), OFFICE.items())
def test_an_office_document_is_told_by_what_it_holds(name, media):
    assert sniffed(package("[Content_Types].xml", "_rels/.rels", name)) is media


@pytest.mark.parametrize("media", [Media.ODT, Media.ODS, Media.ODP])
def test_an_opendocument_says_its_type_first(media):
    assert sniffed(package("content.xml", first=media.value)) is media


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!DOCTYPE html><p>hello", "page or drawing"),
        (b"\xef\xbb\xbf \n<HTML><script>x()</script>", "page or drawing"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "page or drawing"),
        (b"<?xml version='1.0'?><svg/>", "page or drawing"),
        (b"#!/bin/sh\nrm -r x\n", "program or a script"),
        (b"MZ\x90\0\3\0", "program or a script"),
        (b"\x7fELF\2\1\1", "program or a script"),
        (package("one.txt", "two.txt"), "archive"),
        (package("content.xml", first="application/vnd.oasis.opendocument.formula"), "archive"),
        (package("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "macros"),
        (package("Basic/script-lc.xml", first=Media.ODT.value), "macros"),
        ("text".encode("utf-16"), "UTF-16"),
        (b"some text\0with a NUL", "not known"),
        (b"caf\xe9 au lait", "not known"),
        (b"\0\0\0\x14ftypqt  \0\0", "not known"),
        (b"cut off in a letter \xc3", "not known"),
    ],
)
def test_what_is_not_welcome_says_what_it_is_and_what_to_do(content, what):
    with pytest.raises(FileUnwelcome, match=what) as refused:
        sniffed(content)

    assert refused.value.details["instead"]


def test_text_is_looked_at_to_the_end_whatever_the_pieces():
    sniffed(("ü" * 1000).encode(), piece=257)
    with pytest.raises(FileUnwelcome):
        sniffed(b"good " * 1000 + b"\xff")


def test_a_name_inside_is_found_across_two_pieces():
    content = package("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")
    for piece in range(256, 320):
        with pytest.raises(FileUnwelcome, match="macros"):
            sniffed(content, piece)


def test_what_is_declared_must_agree_with_the_bytes():
    assert agreed(Media.PDF, None) is Media.PDF
    assert agreed(Media.PDF, "application/octet-stream") is Media.PDF
    assert agreed(Media.PDF, "Application/PDF; version=1") is Media.PDF
    assert agreed(Media.JPEG, "image/jpg") is Media.JPEG
    assert agreed(Media.TEXT, "text/csv; charset=utf-8") is Media.CSV
    for word in ("image/png", "text/plain", "text/html", "application/zip"):
        with pytest.raises(FileContradicts):
            agreed(Media.PDF, word)


def test_a_name_that_ends_as_another_type_is_refused():
    assert named(Media.PDF, "a quotation") is Media.PDF
    assert named(Media.TEXT, "leads.CSV") is Media.CSV
    assert named(Media.PDF, "version 1.2") is Media.PDF
    for name in ("photo.png", "page.html", "run.bat", "letter.docx"):
        with pytest.raises(FileContradicts):
            named(Media.TEXT, name)


def test_a_name_always_ends_as_its_type():
    assert with_ending("quotation.PDF", Media.PDF) == "quotation.PDF"
    assert with_ending("version 1.2", Media.PDF) == "version 1.2.pdf"
    assert with_ending("photo", Media.JPEG) == "photo.jpg"
