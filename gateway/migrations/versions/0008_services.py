"""Services: what they are, their agreements and places in the register, what stands against messages, broadcasts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the change."""
    _services()
    _register()
    _findings()
    _lists()
    _broadcasts()


def _services() -> None:
    op.create_table(
        "services",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False, comment="as in the public register"),
        sa.Column("residency", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False, comment="operator or self"),
        sa.Column("user_to_user", sa.Boolean(), nullable=True, comment="NULL, here and below: undetermined"),
        sa.Column("sender_picks_recipients", sa.Boolean(), nullable=True),
        sa.Column("public_posting", sa.Boolean(), nullable=True),
        sa.Column(
            "any_operator",
            sa.Boolean(),
            nullable=False,
            comment="an agreement with each operator unless told otherwise",
        ),
        sa.Column("configured", sa.Text(), nullable=False, comment="the settings that it was made from"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "service_agreements",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("grace_until", sa.BigInteger(), nullable=True, comment="lab time, ms, as all instants here"),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column(
            "exchange_mode", sa.String(length=16), nullable=True, comment="NULL, here and below: as the profile says"
        ),
        sa.Column("payer", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("service_id", "operator_id"),
    )


def _register() -> None:
    op.create_table(
        "service_listings",
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False, comment="applied or forced"),
        sa.Column("listed_from", sa.BigInteger(), nullable=True),
        sa.Column(
            "listed_to", sa.BigInteger(), nullable=True, comment="the first instant at which it is listed no more"
        ),
        sa.PrimaryKeyConstraint("ordinal"),
    )
    op.create_index("ix_service_listings_name", "service_listings", ["name"], unique=False)
    op.create_table(
        "service_blockings",
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("ground", sa.String(length=128), nullable=False),
        sa.Column("blocked_from", sa.BigInteger(), nullable=False),
        sa.Column(
            "restored_at", sa.BigInteger(), nullable=True, comment="the first instant at which it is blocked no more"
        ),
        sa.Column(
            "finding_id", sa.String(length=64), nullable=True, comment="what it was blocked for, if for a finding"
        ),
        sa.Column("court", sa.Boolean(), nullable=False, comment="whether a court ordered it"),
        sa.PrimaryKeyConstraint("ordinal"),
    )
    op.create_index("ix_service_blockings_service", "service_blockings", ["service_id"], unique=False)


def _findings() -> None:
    op.create_table(
        "service_findings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True, comment="the end of T_cure; NULL: it is over"),
        sa.Column("cure_by", sa.BigInteger(), nullable=False, comment="the same, kept"),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_service_findings_due_at", "service_findings", ["due_at"], unique=False)
    op.create_index("ix_service_findings_service", "service_findings", ["service_id", "kind", "state"], unique=False)


def _lists() -> None:
    op.create_table(
        "message_blocks",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("pair", sa.String(length=64), nullable=False, comment="HMAC of the recipient and the sender"),
        sa.Column("owner", sa.String(length=64), nullable=False, comment="HMAC of the recipient"),
        sa.PrimaryKeyConstraint("service_id", "pair"),
    )
    op.create_index("ix_message_blocks_owner", "message_blocks", ["service_id", "owner"], unique=False)
    op.create_table(
        "message_stops",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="lab time, ms"),
        sa.PrimaryKeyConstraint("service_id", "message_id"),
    )
    op.create_table(
        "sender_reports",
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("sender", sa.String(length=128), nullable=False),
        sa.Column("reporter", sa.String(length=64), nullable=False, comment="HMAC of who reports"),
        sa.Column("ground", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ordinal"),
        sa.UniqueConstraint("service_id", "sender", "reporter"),
    )


def _broadcasts() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="their order"),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False, comment="active or all"),
        sa.Column("text", sa.Text(), nullable=True, comment="NULL: it is over"),
        sa.Column("started_at", sa.BigInteger(), nullable=False, comment="lab time, ms, as all instants here"),
        sa.Column("next_at", sa.BigInteger(), nullable=True, comment="when its next SMS may go; NULL: none waits"),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ordinal"),
    )
    op.create_index("ix_broadcasts_next_at", "broadcasts", ["next_at"], unique=False)
    op.create_index("ix_broadcasts_service_id", "broadcasts", ["service_id"], unique=False)
    op.create_table(
        "broadcast_recipients",
        sa.Column("broadcast_id", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("broadcast_id", "ordinal"),
        sa.UniqueConstraint("broadcast_id", "phone_number"),
    )
    op.create_index(
        "ix_broadcast_recipients_state", "broadcast_recipients", ["broadcast_id", "state", "ordinal"], unique=False
    )
