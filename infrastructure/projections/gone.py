"""Gone: streams that have shrunk to their residue, whatever a table still says of them."""

from collections.abc import Iterable

from ..database import Tx
from ..pages import some


def there(tx: Tx, key: str = "key") -> str:
    """The condition for rows whose key is no stream that is gone."""
    stream = key if tx.dialect == "sqlite" else f"CAST({key} AS uuid)"
    return f"NOT EXISTS (SELECT 1 FROM cs_gone WHERE cs_gone.stream = {stream})"


def is_gone(tx: Tx, stream: str) -> bool:
    return stream in gone(tx, (stream,))


def gone(tx: Tx, streams: Iterable[str]) -> dict[str, str]:
    """Those of the streams that are gone, each with its certificate."""
    text = "stream" if tx.dialect == "sqlite" else "CAST(stream AS text)"
    return dict(some(tx, f"SELECT {text}, certificate FROM cs_gone WHERE {text}", streams))
