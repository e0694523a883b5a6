"""Projections have copies: one that is asked, one that is built, one that is kept."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

place = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

FORMER = (
    *("person", "line", "stand_in", "plan", "task", "entry", "result", "request", "open"),
    *("named", "returned", "told", "asked", "trail", "due", "due_terms", "item"),
)
"""The tables of before; what they held is folded anew."""


def upgrade() -> None:
    former()
    copies()
    quarantine()
    leases()


def former() -> None:
    schema = context.config.attributes["schema"]
    within = f'"{schema}".' if schema else ""
    for table in FORMER:
        op.execute(f"DROP TABLE IF EXISTS {within}cs_p_{table}")
    op.execute(f"DELETE FROM {within}cs_tracking WHERE substr(name, 1, 11) = 'projection:'")


def copies() -> None:
    op.create_table(
        "cs_projection",
        sa.Column("copy", place, primary_key=True, autoincrement=False),
        sa.Column("name", word, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("rate", sa.Float, nullable=False, server_default="0"),
        sa.Column("quarantined", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("retry_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("error", sa.Text),
        sa.CheckConstraint(
            "state IN ('building', 'live', 'kept', 'scratch')", name="cs_projection_state"
        ),
    )
    op.create_index(
        "cs_projection_live",
        "cs_projection",
        ["name", "version"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )


def quarantine() -> None:
    op.create_table(
        "cs_quarantine",
        sa.Column("copy", place, primary_key=True, autoincrement=False),
        sa.Column("part", word, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cs_waiting",
        sa.Column("copy", place, primary_key=True, autoincrement=False),
        sa.Column("part", word, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )


def leases() -> None:
    op.create_table(
        "cs_lease",
        sa.Column("name", word, primary_key=True),
        sa.Column("holder", word, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
