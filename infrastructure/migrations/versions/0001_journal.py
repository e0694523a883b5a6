"""The journal as it was born."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SQL = Path(__file__).parent.parent / "sql"

place = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
stream_id = sa.Text().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables, then what guards and fills them."""
    events()
    states_and_receipts()
    units_and_cells()
    identities()
    tracking_and_meta()
    guards()


def events() -> None:
    op.create_table(
        "cs_event",
        sa.Column("position", place, primary_key=True, autoincrement=False),
        sa.Column("stream", stream_id),
        sa.Column("version", sa.Integer),
        sa.Column("name", word),
        sa.Column("recorded_at", sa.BigInteger),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("body", sa.LargeBinary),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("certificate", word),
        sa.UniqueConstraint("stream", "version", name="cs_event_version"),
        sa.CheckConstraint(
            "(stream IS NOT NULL AND version IS NOT NULL AND name IS NOT NULL"
            " AND recorded_at IS NOT NULL AND salt IS NOT NULL AND body IS NOT NULL"
            " AND certificate IS NULL)"
            " OR (salt IS NULL AND body IS NULL AND certificate IS NOT NULL)",
            name="cs_event_full_or_residue",
        ),
        sa.CheckConstraint("length(leaf) = 32", name="cs_event_leaf"),
        sa.CheckConstraint("length(salt) = 16", name="cs_event_salt"),
    )


def states_and_receipts() -> None:
    op.create_table(
        "cs_state",
        sa.Column("stream", stream_id, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("fold", word, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cs_receipt",
        sa.Column("actor", word, primary_key=True),
        sa.Column("command", word, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def units_and_cells() -> None:
    op.create_table(
        "cs_unit",
        sa.Column("unit", word, primary_key=True),
        sa.Column("stream", stream_id, nullable=False),
        sa.Column("series", word, nullable=False),
        sa.Column("subject", word, nullable=False),
        sa.Column("key_id", word, nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("certificate", word),
        sa.CheckConstraint(
            "(state = 'live' AND certificate IS NULL)"
            " OR (state = 'destroyed' AND certificate IS NOT NULL)",
            name="cs_unit_live_or_destroyed",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cs_cell",
        sa.Column("cell", word, primary_key=True),
        sa.Column("unit", word, nullable=False),
        sa.Column("sealed", sa.LargeBinary),  # NULL once destroyed
        sqlite_with_rowid=False,
    )
    op.create_index("cs_cell_unit", "cs_cell", ["unit"])


def identities() -> None:
    op.create_table(
        "cs_identity",
        sa.Column("kind", word, primary_key=True),
        sa.Column("hashed", sa.LargeBinary, primary_key=True),
        sa.Column("person", word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("cs_identity_person", "cs_identity", ["person"])


def tracking_and_meta() -> None:
    op.create_table(
        "cs_tracking",
        sa.Column("name", word, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cs_meta",
        sa.Column("key", word, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def guards() -> None:
    """An event is never deleted, and changes only by shrinking to its residue."""
    kind = context.get_context().dialect.name
    files = ["guard_postgresql", "append_v1"] if kind == "postgresql" else ["guard_sqlite"]
    connection = op.get_bind()
    for file in files:
        for statement in (SQL / f"{file}.sql").read_text().split("\n-- next --\n"):
            schema = context.config.attributes["schema"]
            named = statement.replace("$schema", f'"{schema}"').replace("$channel", str(schema))
            connection.exec_driver_sql(named)
