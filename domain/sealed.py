"""Sealed: text that the journal never holds, only a commitment to it."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer


class UnsealedText(TypeError):
    """Somebody tried to write open text where only a sealed reference may stand."""


class Sealed(BaseModel):
    """Free text, a name, an address, a URL or a file name, on its way to or from the vault.

    Open, it carries the text and lives only between a command and the append.
    Closed, it is the reference that the journal keeps: the cell that holds the bytes,
    the algorithm, and a commitment keyed over event id, field and text (design, section 5).

    `about` is the person whose data the text is, where that is not the owner of the stream;
    `unit` names a retention unit of its own, for a copy that dies apart from its stream.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str | None = None
    about: str | None = None
    unit: str | None = None

    cell: str | None = None
    alg: str | None = None
    commitment: str | None = None

    @classmethod
    def of(cls, text: str, *, about: str | None = None, unit: str | None = None) -> Sealed:
        """Open text, to be sealed by the append."""
        return cls(text=text, about=about, unit=unit)

    def __hash__(self) -> int:
        """Of what tells two apart; every page looks each of its texts up by this."""
        return hash((self.text, self.cell, self.commitment))

    @property
    def is_open(self) -> bool:
        return self.text is not None

    def closed(self, *, cell: str, alg: str, commitment: str) -> Sealed:
        return Sealed(cell=cell, alg=alg, commitment=commitment)

    @model_serializer
    def _reference_only(self) -> dict[str, Any]:
        if self.is_open:
            raise UnsealedText("open text may not be serialised; seal it first")
        return {"cell": self.cell, "alg": self.alg, "commitment": self.commitment}


class Erased(BaseModel):
    """What a destroyed cell reads as: the certificate under which it went, and on which day.

    Of what went before there were certificates nobody knows the day.
    """

    model_config = ConfigDict(frozen=True)

    certificate: str
    on: date | None = None
