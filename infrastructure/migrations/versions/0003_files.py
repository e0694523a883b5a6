"""Files: sealed chunks beside the cells, and an append that claims uploads and destroys chunks."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SQL = Path(__file__).parent.parent / "sql"

word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    blobs()
    chunks()
    if context.get_context().dialect.name == "postgresql":
        on_postgresql()


def blobs() -> None:
    op.create_table(
        "cs_blob",
        sa.Column("blob", word, primary_key=True),
        sa.Column("person", word),
        sa.Column("unit", word),
        sa.Column("key_id", word, nullable=False),
        sa.Column("state", word, nullable=False),
        sa.Column("media_type", word),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("chunks", sa.Integer, nullable=False),
        sa.Column("commitment", word),
        sa.Column("begun", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "(state IN ('arriving', 'whole', 'going') AND person IS NOT NULL AND unit IS NULL)"
            " OR (state = 'kept' AND person IS NULL AND unit IS NOT NULL)",
            name="cs_blob_upload_or_kept",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("cs_blob_unit", "cs_blob", ["unit"])
    op.create_index(
        "cs_blob_person",
        "cs_blob",
        ["person"],
        sqlite_where=sa.text("person IS NOT NULL"),
        postgresql_where=sa.text("person IS NOT NULL"),
    )


def chunks() -> None:
    op.create_table(
        "cs_chunk",
        sa.Column("blob", word, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )


def on_postgresql() -> None:
    """What is sealed cannot be compressed. The former append stays for processes that run it."""
    schema = str(context.config.attributes["schema"])
    connection = op.get_bind()
    connection.exec_driver_sql(
        f'ALTER TABLE "{schema}".cs_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL'
    )
    statement = (SQL / "append_v2.sql").read_text()
    named = statement.replace("$schema", f'"{schema}"').replace("$channel", schema)
    connection.exec_driver_sql(named)
