"""The journal's tables, and what says how far each projection has come.

What projections keep is in tables of their own, which they make: `cs_p7_task` is the table `task`
of the projection's copy 7.

Times are in microseconds since 1970-01-01T00:00:00Z. Ids are text in canonical form, a stream's id
a uuid where the database knows uuids. Text that may be sorted sorts by code point.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
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
    Index(
        "cs_event_residue",
        "certificate",
        sqlite_where=text("certificate IS NOT NULL"),
        postgresql_where=text("certificate IS NOT NULL"),
    ),
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
    *(
        Index(
            f"cs_unit_live_{column}",
            column,
            sqlite_where=text("state = 'live'"),
            postgresql_where=text("state = 'live'"),
        )
        for column in ("stream", "subject")
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

GONE = Table(
    "cs_gone",
    METADATA,
    Column("stream", StreamId, primary_key=True),
    Column("certificate", Word, nullable=False),
    Index("cs_gone_certificate", "certificate"),
    sqlite_with_rowid=False,
)

BLOB = Table(
    "cs_blob",
    METADATA,
    Column("blob", Word, primary_key=True),
    Column("person", Word),  # whose upload it is, until a file claims it
    Column("unit", Word),  # of the file that has claimed it
    Column("key_id", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("media_type", Word),
    Column("size", BigInteger, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("commitment", Word),
    Column("begun", BigInteger, nullable=False),
    CheckConstraint(
        "(state IN ('arriving', 'whole', 'going') AND person IS NOT NULL AND unit IS NULL)"
        " OR (state = 'kept' AND person IS NULL AND unit IS NOT NULL)",
        name="cs_blob_upload_or_kept",
    ),
    Index("cs_blob_unit", "unit"),
    Index(
        "cs_blob_person",
        "person",
        sqlite_where=text("person IS NOT NULL"),
        postgresql_where=text("person IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

CHUNK = Table(
    "cs_chunk",
    METADATA,
    Column("blob", Word, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),  # the row goes once destroyed
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

PROJECTION = Table(
    "cs_projection",
    METADATA,
    Column("copy", Place, primary_key=True, autoincrement=False),
    Column("name", Word, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Word, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("rate", Float, nullable=False, server_default="0"),  # events a second, lately
    Column("quarantined", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),  # at the event that follows
    Column("retry_at", BigInteger, nullable=False, server_default="0"),
    Column("error", Text),
    Column("shrunk", Integer, nullable=False, server_default="0"),  # disposals that purged it
    CheckConstraint("state IN ('building', 'live', 'kept', 'scratch')", name="cs_projection_state"),
    Index(
        "cs_projection_live",
        "name",
        "version",
        unique=True,
        sqlite_where=text("state = 'live'"),
        postgresql_where=text("state = 'live'"),
    ),
)

QUARANTINE = Table(
    "cs_quarantine",
    METADATA,
    Column("copy", Place, primary_key=True, autoincrement=False),
    Column("part", Word, primary_key=True),
    Column("position", BigInteger, nullable=False),  # of the event that could not be folded
    Column("attempts", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    sqlite_with_rowid=False,
)

WAITING = Table(
    "cs_waiting",
    METADATA,
    Column("copy", Place, primary_key=True, autoincrement=False),
    Column("part", Word, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

LEASE = Table(
    "cs_lease",
    METADATA,
    Column("name", Word, primary_key=True),
    Column("holder", Word, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

ACCESS = Table(
    "cs_access",
    METADATA,
    Column("number", Place, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("once", Word),  # who saw what of whom on one day, where that is counted up
    Column("reader", Word, nullable=False),
    Column("sight", Word, nullable=False),
    Column("via", Word, nullable=False),
    Column("what", Word, nullable=False),
    Column("export", Integer, nullable=False, server_default="0"),
    Column("person", Word),
    Column("case_id", Word),
    Column("position", BigInteger, nullable=False),
    Column("as_of", BigInteger),
    Column("effective", Word),
    Column("reason", Text),  # a sealed reference, never text
    Column("disposable_from", Word, nullable=False),
    CheckConstraint("person IS NOT NULL OR case_id IS NOT NULL", name="cs_access_of_whom"),
    UniqueConstraint("once", name="cs_access_once"),
    Index("cs_access_person", "person", "number"),
    Index("cs_access_case", "case_id"),
    Index("cs_access_disposable", "disposable_from"),
)
