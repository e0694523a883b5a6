"""Streams of which only the residue is left, each with its certificate."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

stream_id = sa.Text().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "cs_gone",
        sa.Column("stream", stream_id, primary_key=True),
        sa.Column("certificate", word, nullable=False),
        sqlite_with_rowid=False,
    )
