"""The journal's tables; what projections keep beside them is their own.

Times are in microseconds since 1970-01-01T00:00:00Z. Ids are text in canonical form, a stream's id
a uuid where the database knows uuids. Text that may be sorted sorts by code point.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import UUID

METADATA = MetaData()

Place = BigInteger().with_variant(Integer(), "sqlite")
StreamId = Text().with_variant(UUID(as_uuid=False), "postgresql")
Word = Text().with_variant(Text(collation="C"), "postgresql")

FULL_OR_RESIDUE = (
    "(stream IS NOT NULL AND version IS NOT NULL AND name IS NOT NULL"
    " AND recorded_at IS NOT NULL AND salt IS NOT NULL AND body IS NOT NULL"
    " AND certificate IS NULL)"
    " OR (salt IS NULL AND body IS NULL AND certificate IS NOT NULL)"
)

EVENT = Table(
    "cs_event",
    METADATA,
    Column("position", Place, primary_key=True, autoincrement=False),
    Column("stream", StreamId),
    Column("version", Integer),
    Column("name", Word),
    Column("recorded_at", BigInteger),
    Column("salt", LargeBinary),
    Column("body", LargeBinary),
    Column("leaf", LargeBinary, nullable=False),
    Column("certificate", Word),
    UniqueConstraint("stream", "version", name="cs_event_version"),
    CheckConstraint(FULL_OR_RESIDUE, name="cs_event_full_or_residue"),
    CheckConstraint("length(leaf) = 32", name="cs_event_leaf"),
    CheckConstraint("length(salt) = 16", name="cs_event_salt"),
)

STATE = Table(
    "cs_state",
    METADATA,
    Column("stream", StreamId, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("fold", Word, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

RECEIPT = Table(
    "cs_receipt",
    METADATA,
    Column("actor", Word, primary_key=True),
    Column("command", Word, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

UNIT = Table(
    "cs_unit",
    METADATA,
    Column("unit", Word, primary_key=True),
    Column("stream", StreamId, nullable=False),
    Column("series", Word, nullable=False),
    Column("subject", Word, nullable=False),
    Column("key_id", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("certificate", Word),
    CheckConstraint(
        "(state = 'live' AND certificate IS NULL)"
        " OR (state = 'destroyed' AND certificate IS NOT NULL)",
        name="cs_unit_live_or_destroyed",
    ),
    sqlite_with_rowid=False,
)

CELL = Table(
    "cs_cell",
    METADATA,
    Column("cell", Word, primary_key=True),
    Column("unit", Word, nullable=False),
    Column("sealed", LargeBinary),  # NULL once destroyed: the row still tells the certificate
    Index("cs_cell_unit", "unit"),
    sqlite_with_rowid=False,
)

IDENTITY = Table(
    "cs_identity",
    METADATA,
    Column("kind", Word, primary_key=True),
    Column("hashed", LargeBinary, primary_key=True),
    Column("person", Word, nullable=False),
    Index("cs_identity_person", "person"),
    sqlite_with_rowid=False,
)

TRACKING = Table(
    "cs_tracking",
    METADATA,
    Column("name", Word, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

META = Table(
    "cs_meta",
    METADATA,
    Column("key", Word, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
