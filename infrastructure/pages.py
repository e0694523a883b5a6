"""Pages: many ids are asked for, and many rows gone through, a thousand at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .database import Tx

SIZE = 1000

Page = list[tuple[Any, ...]]


def some(tx: Tx, select: str, ids: Iterable[str], **params: object) -> Iterator[tuple[Any, ...]]:
    """The rows whose last named column is one of the ids, a thousand ids to a query."""
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), SIZE):
        part = wanted[start : start + SIZE]
        if tx.dialect == "sqlite":
            among, listed = "IN (SELECT value FROM json_each(:ids))", json.dumps(part)
            yield from tx.all(f"{select} {among}", ids=listed, **params)
        else:
            yield from tx.all(f"{select} = ANY(:ids)", ids=part, **params)


def paged(tx: Tx, columns: str, table: str, where: str = "TRUE") -> Iterator[Page]:
    """The rows in the order of their first column, a thousand at a time."""
    last = ""
    while page := page_after(tx, columns, table, where, last):
        yield page
        last = page[-1][0]


def page_after(tx: Tx, columns: str, table: str, where: str, last: str) -> Page:
    """The page whose first column (text) comes after `last`; empty at the end."""
    first, _, _ = columns.partition(",")
    return tx.all(
        f"SELECT {columns} FROM {table} WHERE {where} AND {first} > :last"
        f" ORDER BY {first} LIMIT {SIZE}",
        last=last,
    )
