"""Identity: who a number, a login or an address belongs to is known by keyed hashes alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from ..domain.refusals import Invalid
from .batch import Identity
from .database import Tx
from .keyring import Keyring

Kind = Literal["number", "login", "oidc", "email"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CASELESS = ("login", "email")

Named = tuple[Kind, str]
"""A kind and a value, as they came in."""


class NoIdentity(Invalid):
    says = "An empty {kind} identifies nobody."


def oidc(issuer: str, subject: str) -> str:
    """The value of kind `oidc`; a subject means something only together with its issuer."""
    if not issuer or not subject:
        raise NoIdentity(kind="issuer or subject")
    return f"{len(issuer)}:{issuer}{subject}"


class Identities:
    """Keyed hashes; without the keyring's index key nobody can try out names against them."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def hashed(self, kind: Kind, value: str) -> bytes:
        """32 bytes, equal for spellings that mean the same; raises NoIdentity for an empty one."""
        plain = normal(kind, value)
        if not plain:
            raise NoIdentity(kind=kind)
        return self._keyring.keyed(f"identity {kind}", plain.encode())

    def belongs(self, kind: Kind, value: str, person: str | None) -> Identity:
        """The row that says whose it is (None: nobody's any more), for a batch."""
        return Identity(kind, self.hashed(kind, value), person)

    def find(self, tx: Tx, kind: Kind, value: str) -> str | None:
        """The person, or None where nobody has this identity."""
        return _person(tx, kind, self.hashed(kind, value))

    def find_many(self, tx: Tx, wanted: Iterable[Named]) -> dict[Named, str]:
        """The persons of those that have one, by what was asked; on PostgreSQL a query a kind."""
        asked = {named: (named[0], self.hashed(*named)) for named in wanted}
        persons = _persons(tx, set(asked.values()))
        return {named: persons[row] for named, row in asked.items() if row in persons}


def normal(kind: Kind, value: str) -> str:
    """One spelling for all that mean the same; an issuer and subject are compared as they are."""
    if kind == "oidc":
        return value
    plain = unicodedata.normalize("NFC", value).strip()
    if kind in CASELESS:
        plain = unicodedata.normalize("NFC", plain.casefold())
    return plain


def _persons(tx: Tx, rows: set[tuple[Kind, bytes]]) -> dict[tuple[Kind, bytes], str]:
    if tx.dialect == "postgresql":
        return {found: person for kind in KINDS for found, person in _of_kind(tx, kind, rows)}
    found = {row: _person(tx, *row) for row in rows}
    return {row: person for row, person in found.items() if person is not None}


def _of_kind(
    tx: Tx, kind: Kind, rows: set[tuple[Kind, bytes]]
) -> Iterator[tuple[tuple[Kind, bytes], str]]:
    hashes = [hashed for of, hashed in rows if of == kind]
    for hashed, person in tx.all(
        "SELECT hashed, person FROM cs_identity WHERE kind = :kind AND hashed = ANY(:hashes)",
        kind=kind,
        hashes=hashes,
    ):
        yield (kind, hashed), person


def _person(tx: Tx, kind: Kind, hashed: bytes) -> str | None:
    row = tx.one(
        "SELECT person FROM cs_identity WHERE kind = :kind AND hashed = :hashed",
        kind=kind,
        hashed=hashed,
    )
    return None if row is None else str(row[0])
