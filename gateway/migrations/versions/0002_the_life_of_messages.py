"""The life of messages: validity, retries, notices, and what handsets are like."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("smsc_messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("network_error", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column(
                "version",
                sa.SmallInteger(),
                server_default="52",
                nullable=False,
                comment="the sender's interface_version",
            )
        )
        batch_op.add_column(sa.Column("expires_at", sa.BigInteger(), nullable=True, comment="end of its validity"))
        batch_op.add_column(
            sa.Column(
                "due_at",
                sa.BigInteger(),
                nullable=True,
                comment="when it is looked at next; null: over, or with an ESME",
            )
        )
        batch_op.add_column(sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column(
                "deleted",
                sa.SmallInteger(),
                server_default="0",
                nullable=False,
                comment="1: thrown away on the handset",
            )
        )
        batch_op.create_index("ix_smsc_messages_state", ["state", "final_at"], unique=False)

    with op.batch_alter_table("smsc_outbound", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "told_state",
                sa.SmallInteger(),
                nullable=True,
                comment="of a notice: the state that it tells of; so the next ones",
            )
        )
        batch_op.add_column(sa.Column("told_error", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("told_network_error", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("told_at", sa.BigInteger(), nullable=True))

    op.create_table(
        "smsc_handsets",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("memory", sa.Integer(), nullable=True),
        sa.Column("script", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
