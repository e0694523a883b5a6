"""Streams of which only the residue is left, each with its certificate; nothing is added to them.

Copies of projections count the disposals that went through them.
"""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SQL = Path(__file__).parent.parent / "sql"

stream_id = sa.Text().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    schema = context.config.attributes["schema"]
    op.create_table(
        "cs_gone",
        sa.Column("stream", stream_id, primary_key=True),
        sa.Column("certificate", word, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("cs_gone_certificate", "cs_gone", ["certificate"])
    partial("cs_event_residue", "cs_event", "certificate", "certificate IS NOT NULL")
    for column in ("stream", "subject"):
        partial(f"cs_unit_live_{column}", "cs_unit", column, "state = 'live'")
    op.add_column(
        "cs_projection",
        sa.Column("shrunk", sa.Integer, nullable=False, server_default="0"),
        schema=schema,
    )
    guard(schema)


def partial(name: str, table: str, column: str, where: str) -> None:
    only = sa.text(where)
    op.create_index(name, table, [column], sqlite_where=only, postgresql_where=only)


def guard(schema: str | None) -> None:
    """What has shrunk reads as empty, and would otherwise take a first event again."""
    kind = context.get_context().dialect.name
    connection = op.get_bind()
    for statement in (SQL / f"gone_{kind}.sql").read_text().split("\n-- next --\n"):
        connection.exec_driver_sql(statement.replace("$schema", f'"{schema}"'))
