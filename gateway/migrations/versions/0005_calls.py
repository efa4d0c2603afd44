"""Calls: their logs, what numbers and the switch do with them, and which phones have registered."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "voice_calls",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False, comment="whose log it is in"),
        sa.Column("direction", sa.String(length=3), nullable=False, comment="in or out"),
        sa.Column("shown", sa.String(length=128), nullable=True, comment="the caller as shown; null: withheld"),
        sa.Column("to", sa.String(length=128), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False, comment="lab time, ms"),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("rang_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=True, comment="the final SIP status"),
        sa.Column("cause", sa.SmallInteger(), nullable=True, comment="Q.850"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_voice_calls_number", "voice_calls", ["number", "id"], unique=False)
    op.create_index("ix_voice_calls_ended_at", "voice_calls", ["ended_at"], unique=False)
    op.create_table(
        "voice_lines",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("voice", sa.JSON(), nullable=False, comment="what it does with calls"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "voice_switch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="1: there is one switch"),
        sa.Column("habits", sa.JSON(), nullable=False, comment="what was set over HTTP: habits and firewall rules"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "voice_registrations",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("contact", sa.String(length=256), nullable=False, comment="a sip: URI"),
        sa.Column("until", sa.BigInteger(), nullable=False, comment="real time, ms"),
        sa.PrimaryKeyConstraint("number"),
    )
