"""Bags: packages for an archive, as RFC 8493 (BagIt 1.0) has them, written and examined.

Names are lower-case ASCII that we choose ourselves: implementations disagree about all others.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..domain.disposal import Transfer

DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST = "manifest-sha512.txt"
INFO = "bag-info.txt"
IDENTIFIER = "External-Identifier: "
TAG_MANIFEST = "tagmanifest-sha512.txt"
PIECE = 1 << 16
ITEM = re.compile(r"data/items/[0-9]+\.json")

Payload = Iterable[tuple[str, Iterable[bytes]]]
"""Names below `data/`, each with its bytes."""


class PackFaulty(Exception):
    """A package cannot be written there, or is not whole; the sentence says which file."""


def write(folder: Path, payload: Payload, info: Mapping[str, str], items: int) -> Transfer:
    """A new package in a folder that is not there yet: all of it, or nothing. Raises PackFaulty."""
    with _beside(folder) as fresh:
        return _write(fresh, payload, info, items)


def refuse_taken(folder: Path) -> None:
    """Raises PackFaulty where a package cannot be made there."""
    if folder.exists():
        raise PackFaulty(f"{folder} is there already; name a folder that is still to be made.")
    if (fresh := _fresh(folder)).exists():
        raise PackFaulty(
            f"{fresh} was left by a pack that was broken off, unless one is being written now."
            " It may hold text and files: remove it, then pack again."
        )


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder of nobody else's that becomes the named one at the end, and is gone otherwise."""
    refuse_taken(folder)
    fresh = _fresh(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh.mkdir(mode=0o700)
    try:
        yield fresh
        fresh.rename(folder)
    except BaseException as error:
        shutil.rmtree(fresh)
        if isinstance(error, OSError):
            raise PackFaulty(f"{folder} cannot be written: {error.strerror}.") from error
        raise


def _fresh(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.unfinished")


def _write(folder: Path, payload: Payload, info: Mapping[str, str], items: int) -> Transfer:
    """What declares it a package comes last."""
    digests: dict[str, str] = {}
    octets = 0
    for name, pieces in payload:
        digests[f"data/{name}"], written = _written(folder / "data" / name, pieces)
        octets += written
    tags = {
        "bagit.txt": DECLARATION,
        INFO: _tags({**info, "Payload-Oxum": f"{octets}.{len(digests)}"}),
        MANIFEST: _manifest(digests),
    }
    for name, text in tags.items():
        (folder / name).write_text(text, "utf-8", newline="")
    tag_digests = {name: _digest(text.encode()) for name, text in tags.items()}
    last = _manifest(tag_digests)
    (folder / TAG_MANIFEST).write_text(last, "utf-8", newline="")
    return Transfer(digest=_digest(last.encode()), items=items, octets=octets)


def examined(folder: Path) -> Transfer:
    """What a package holds; every file is there and as it was written. Raises PackFaulty."""
    try:
        tag_manifest = (folder / TAG_MANIFEST).read_bytes()
        _check(folder, dict(_listed(tag_manifest)))
        listed = dict(_listed((folder / MANIFEST).read_bytes()))
        _check(folder, listed)
    except OSError as error:
        raise PackFaulty(f"{folder} is no whole package: {error.filename} is missing.") from None
    found = {f.relative_to(folder).as_posix() for f in (folder / "data").rglob("*") if f.is_file()}
    if strangers := sorted(found - listed.keys()):
        raise PackFaulty(f"{strangers[0]} was added to {folder} after it was packed.")
    octets = sum((folder / name).stat().st_size for name in listed)
    items = sum(ITEM.fullmatch(name) is not None for name in listed)
    return Transfer(digest=_digest(tag_manifest), items=items, octets=octets)


def identifier(folder: Path) -> str | None:
    """What its maker called it; to be asked of a package that was found whole."""
    tags = (folder / INFO).read_text("utf-8").splitlines()
    named = (tag.removeprefix(IDENTIFIER) for tag in tags if tag.startswith(IDENTIFIER))
    return next(named, None)


def _check(folder: Path, listed: Mapping[str, str]) -> None:
    for name, digest in listed.items():
        if _of_file(_within(folder, name)) != digest:
            raise PackFaulty(f"{name} in {folder} is not what was packed.")


def _within(folder: Path, name: str) -> Path:
    """A manifest may name nothing outside its package."""
    path = folder / name
    inside = path.resolve().is_relative_to(folder.resolve())
    if not inside or path.is_symlink():
        raise PackFaulty(f"{folder} names {name}, which does not lie within it.")
    return path


def _written(path: Path, pieces: Iterable[bytes]) -> tuple[str, int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, octets = hashlib.sha512(), 0
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            octets += len(piece)
    return digest.hexdigest(), octets


def _of_file(path: Path) -> str:
    digest = hashlib.sha512()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _listed(manifest: bytes) -> Iterator[tuple[str, str]]:
    for line in manifest.decode().splitlines():
        digest, _, name = line.partition("  ")
        yield name, digest


def _manifest(digests: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def _tags(info: Mapping[str, str]) -> str:
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in info.items())


def _digest(content: bytes) -> str:
    return hashlib.sha512(content).hexdigest()
