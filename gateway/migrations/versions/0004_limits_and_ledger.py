"""What limits, locks and signals of pumping count, and what things cost."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the change."""
    _sends()
    _failures()
    _starts()
    _ends()
    _charges()


def _sends() -> None:
    op.create_table(
        "confirmation_sends",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="lab time, ms, as all instants here"),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False, comment="the number's first digits"),
        sa.Column("client", sa.String(length=64), nullable=True, comment="the client's address, of IPv6 the /64"),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("confirmation_sends", schema=None) as batch_op:
        batch_op.create_index("ix_confirmation_sends_client", ["service_id", "client", "at"], unique=False)
        batch_op.create_index("ix_confirmation_sends_number", ["service_id", "phone_number", "at"], unique=False)
        batch_op.create_index("ix_confirmation_sends_prefix", ["service_id", "prefix", "at"], unique=False)
        batch_op.create_index("ix_confirmation_sends_service", ["service_id", "at"], unique=False)


def _failures() -> None:
    op.create_table(
        "confirmation_failures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("confirmation_failures", schema=None) as batch_op:
        batch_op.create_index("ix_confirmation_failures_number", ["service_id", "phone_number", "at"], unique=False)


def _starts() -> None:
    op.create_table(
        "confirmation_starts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=True, comment="the client's address, of IPv6 the /64"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("confirmation_starts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_confirmation_starts_client", ["service_id", "client", "at", "phone_number"], unique=False
        )
        batch_op.create_index("ix_confirmation_starts_number", ["service_id", "phone_number", "at"], unique=False)


def _ends() -> None:
    op.create_table(
        "confirmation_ends",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("confirmation_ends", schema=None) as batch_op:
        batch_op.create_index("ix_confirmation_ends_prefix", ["service_id", "prefix", "at", "confirmed"], unique=False)


def _charges() -> None:
    op.create_table(
        "charges",
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="their order"),
        sa.Column(
            "reference", sa.String(length=96), nullable=False, comment="what is charged; nothing is charged twice"
        ),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="lab time, ms"),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False, comment="the confirmation or the identification"),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="sms, call or query"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("billable_seconds", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="millionths of the currency"),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="ISO 4217"),
        sa.PrimaryKeyConstraint("ordinal"),
        sa.UniqueConstraint("reference"),
    )
    with op.batch_alter_table("charges", schema=None) as batch_op:
        batch_op.create_index("ix_charges_service", ["service_id", "ordinal"], unique=False)
        batch_op.create_index("ix_charges_subject", ["subject_id"], unique=False)
        batch_op.create_index(
            "ix_charges_totals",
            ["service_id", "kind", "currency", "quantity", "billable_seconds", "amount"],
            unique=False,
        )
