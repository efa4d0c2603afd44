"""What several nodes of one database need: numbers of the journal, claims, one key."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

COMMENTS = (
    ("attempts", "request_id", "the latest query"),
    ("operator_messages", "kind", "query, code, void or listing"),
    ("operator_queries", "reply_to", "NULL: where the operator''s agreement says"),
    ("ported_numbers", "operator_id", "who has the number since then; empty: nobody"),
)
"""What columns of earlier revisions have come to mean; SQLite keeps no comments."""


def upgrade() -> None:
    """Make the sequence and the comments, which only PostgreSQL has, and the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("journal_seq")))
        for table, column, comment in COMMENTS:
            op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{comment}'")
    op.create_table(
        "claims",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("node", sa.BigInteger(), nullable=False, comment="who has it, as long as that node lives"),
        sa.PrimaryKeyConstraint("kind", "key"),
    )
    op.create_table(
        "shared_keys",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column(
            "fingerprint", sa.String(length=64), nullable=False, comment="tells keys apart and does not tell the key"
        ),
        sa.PrimaryKeyConstraint("name"),
    )
