"""What others than the employee and the deciding approver are shown is logged."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

place = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "cs_access",
        sa.Column("number", place, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("times", sa.Integer, nullable=False, server_default="1"),
        sa.Column("once", word),
        sa.Column("reader", word, nullable=False),
        sa.Column("sight", word, nullable=False),
        sa.Column("via", word, nullable=False),
        sa.Column("what", word, nullable=False),
        sa.Column("export", sa.Integer, nullable=False, server_default="0"),
        sa.Column("person", word),
        sa.Column("case_id", word),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger),
        sa.Column("effective", word),
        sa.Column("reason", sa.Text),
        sa.Column("disposable_from", word, nullable=False),
        sa.CheckConstraint("person IS NOT NULL OR case_id IS NOT NULL", name="cs_access_of_whom"),
        sa.UniqueConstraint("once", name="cs_access_once"),
    )
    op.create_index("cs_access_person", "cs_access", ["person", "number"])
    op.create_index("cs_access_case", "cs_access", ["case_id"])
    op.create_index("cs_access_disposable", "cs_access", ["disposable_from"])
