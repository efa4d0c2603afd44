"""Workflows of several methods: their steps, the calls that show codes, and the numbers these were made from."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_STEP_STATES = (
    "CASE state WHEN 'pending' THEN 'current' WHEN 'confirmed' THEN 'answered' "
    "WHEN 'expired' THEN 'timed_out' WHEN 'cancelled' THEN 'skipped' ELSE 'failed' END"
)


def upgrade() -> None:
    """Make the change."""
    _add_columns()
    _give_steps_to_old_ones()
    op.create_table(
        "confirmation_calls",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("confirmation_id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("placed_at", sa.BigInteger(), nullable=False, comment="lab time, ms, as all instants here"),
        sa.Column("hang_up_at", sa.BigInteger(), nullable=True, comment="null: it has ended"),
        sa.Column("ending", sa.Boolean(), nullable=False, comment="it is being hung up"),
        sa.Column("rang_at", sa.BigInteger(), nullable=True),
        sa.Column("diverted", sa.Boolean(), nullable=False),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "fate", sa.String(length=16), nullable=True, comment="see confirm.ports.CallFate; null also if nobody told"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_confirmation_calls_hang_up_at", "confirmation_calls", ["hang_up_at"])
    op.create_index("ix_confirmation_calls_number", "confirmation_calls", ["phone_number", "over_at"])
    op.create_table(
        "confirmation_callers",
        sa.Column(
            "mac",
            sa.String(length=64),
            nullable=False,
            comment="HMAC of the handset and the caller, or of it and the code",
        ),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mac"),
    )
    op.create_index("ix_confirmation_callers_phone_number", "confirmation_callers", ["phone_number"])
    op.create_index("ix_confirmation_callers_until", "confirmation_callers", ["until"])


def _add_columns() -> None:
    columns: list[sa.Column[Any]] = [
        sa.Column("steps", sa.JSON(), server_default="[]", nullable=False, comment="the workflow"),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False, comment="the present one"),
        sa.Column("step_due_at", sa.BigInteger(), nullable=True, comment="when the next step begins by itself"),
        sa.Column("proof", sa.JSON(), nullable=True),
        sa.Column("locale", sa.String(length=35), nullable=True),
        sa.Column("template", sa.String(length=64), nullable=True),
        sa.Column("brand", sa.String(length=64), nullable=True),
        sa.Column("client_address", sa.String(length=64), nullable=True),
        sa.Column("test", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("shadow", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("own_code", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False, comment="secrets so far"),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("number_mac", sa.String(length=64), nullable=True, comment="the same of the whole caller number"),
        sa.Column("probe", sa.Integer(), nullable=True, comment="numbers of the pool that were passed over"),
        sa.Column("call", sa.String(length=32), nullable=True),
        sa.Column("access_number", sa.String(length=16), nullable=True),
    ]
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        for column in columns:
            batch_op.add_column(column)
        batch_op.create_index("ix_confirmations_step_due_at", ["step_due_at"], unique=False)
        batch_op.create_index("ix_confirmations_message_id", ["message_id"], unique=False)
        batch_op.create_index("ix_confirmations_waiting", ["phone_number", "state"], unique=False)
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("confirmations", "send_error", comment="SMPP command_status or SIP status")


def _give_steps_to_old_ones() -> None:
    """Make of each confirmation there is a workflow of its one method."""
    # Every part of the text is a column or a constant of this file.
    step = (
        """'[{"method":"' || method || '","time":' || (expires_at - requested_at) || ',"state":"' || """
        f"""{_STEP_STATES} || '","outcome": null,"started_at":' || created_at || ',"ended_at":' || """
        """coalesce(CAST(over_at AS TEXT), 'null') || '}]'"""
    )
    if op.get_bind().dialect.name == "postgresql":
        step = f"CAST({step} AS JSON)"  # SQLite, which has no such type, would make a number of it
    op.execute(f"UPDATE confirmations SET steps = {step}, generation = codes")  # noqa: S608
