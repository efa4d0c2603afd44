"""What several nodes of one database need: numbers of the journal, claims, one key."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the sequence, which only PostgreSQL has, and the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("journal_seq")))
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
