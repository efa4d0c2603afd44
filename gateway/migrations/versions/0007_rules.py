"""The rules: why and how attempts are made, every query and code, re-checks, sessions, notices, appeals, breaches."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the change. What the first attempts asked and handed over is carried over."""
    _attempts()
    _bindings()
    _queries_and_codes()
    _sessions()
    _notices()
    _reviews()
    _reconciliations()


def _attempts() -> None:
    more: tuple[sa.Column[Any], ...] = (
        sa.Column("cause", sa.String(length=16), nullable=False, server_default="new"),
        sa.Column("mode", sa.String(length=16), nullable=False, server_default="operator", comment="who identifies"),
        sa.Column("exchange_mode", sa.String(length=16), nullable=False, server_default="presence"),
        sa.Column("payer", sa.String(length=16), nullable=False, server_default="service"),
        sa.Column("rechecks", sa.String(length=32), comment="the binding whose user is identified again"),
        sa.Column("until", sa.BigInteger(), comment="deadline of the whole"),
        sa.Column("fresh_queries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("ended_at", sa.BigInteger(), comment="of the contract, by the operator's clock, told meanwhile"),
        sa.Column("matched", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("hint", sa.String(length=32)),
    )
    with op.batch_alter_table("attempts") as batch:
        for column in more:
            batch.add_column(column)
    op.create_index("ix_attempts_rechecks", "attempts", ["rechecks"])


def _bindings() -> None:
    with op.batch_alter_table("bindings") as batch:
        for name in ("attempt_id", "operator_id", "request_id", "identification_code"):
            batch.alter_column(name, existing_type=sa.String(length=32), nullable=True)
        batch.add_column(sa.Column("profile", sa.String(length=32), nullable=False, server_default=""))
        batch.add_column(sa.Column("due_at", sa.BigInteger(), comment="when the user has to be identified again"))
        batch.add_column(sa.Column("cause", sa.String(length=16), comment="of the latest re-check"))
    op.create_index("ix_bindings_due_at", "bindings", ["due_at"])


def _queries_and_codes() -> None:
    queries = op.create_table(
        "identification_queries",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("attempt_id", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.String(length=8), comment="PRESENT or ABSENT; NULL: no verdict was accepted"),
        sa.Column("answered_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("request_id"),
    )
    codes = op.create_table(
        "identification_codes",
        sa.Column("code", sa.String(length=32), nullable=False, comment="never used again"),
        sa.Column("attempt_id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), comment="when the operator acknowledged it"),
        sa.Column("seen_at", sa.BigInteger(), comment="when the operator listed it last"),
        sa.Column("over_at", sa.BigInteger(), comment="NULL: in force"),
        sa.Column("over_by", sa.String(length=16), comment="void, ended, missing or unannounced"),
        sa.PrimaryKeyConstraint("code"),
        sa.UniqueConstraint("request_id"),
    )
    op.create_table(
        "identification_attributes",
        sa.Column("attempt_id", sa.String(length=32), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False, comment="in match mode; gone when the attempt is over"),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_index("ix_identification_queries_attempt_id", "identification_queries", ["attempt_id"])
    op.create_index("ix_identification_codes_operator", "identification_codes", ["operator_id", "over_at"])
    _carry_over(queries, codes)


_FORMER = (
    "id service_id phone_number operator_id request_id state result answered_at identification_code entry_id updated_at"
)


def _carry_over(queries: sa.Table, codes: sa.Table) -> None:
    """Note the query and the code of each attempt, and take the codes that no active binding has for void."""
    attempts = sa.table("attempts", *map(sa.column, _FORMER.split()))
    bindings = sa.table("bindings", sa.column("identification_code"), sa.column("state"))
    connection = op.get_bind()
    active = set(
        connection.execute(sa.select(bindings.c.identification_code).where(bindings.c.state == "ACTIVE")).scalars()
    )
    for row in connection.execute(sa.select(attempts).where(attempts.c.request_id.is_not(None))).all():
        asked = {"request_id": row.request_id, "attempt_id": row.id, "operator_id": row.operator_id}
        at = row.answered_at or row.updated_at
        op.bulk_insert(queries, [{**asked, "asked_at": at, "result": row.result, "answered_at": row.answered_at}])
        if row.identification_code is not None:
            in_force = row.identification_code in active or row.state == "REGISTERING"
            made = {
                **asked,
                "code": row.identification_code,
                "service_id": row.service_id,
                "phone_number": row.phone_number,
                "issued_at": at,
                "entered_at": None if row.entry_id is None else row.updated_at,
                "over_at": None if in_force else row.updated_at,
                "over_by": None if in_force else "void",
            }
            op.bulk_insert(codes, [made])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("binding_id", sa.String(length=32), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="app or web"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), comment="NULL: open until it is ended, or ended"),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("reason", sa.String(length=32)),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sessions_binding_id", "sessions", ["binding_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_user", "sessions", ["service_id", "user_id"])


def _notices() -> None:
    op.create_table(
        "identification_notices",
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False, comment="ended, ported or reissued"),
        sa.Column("ended_at", sa.BigInteger(), nullable=False, comment="by the operator's clock"),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("binding_id", sa.String(length=32), comment="whose user is identified again for it"),
        sa.PrimaryKeyConstraint("operator_id", "notice_id"),
    )
    op.create_index("ix_identification_notices_received_at", "identification_notices", ["received_at"])


def _reviews() -> None:
    op.create_table(
        "appeals",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("attempt_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="OPEN, UPHELD or REJECTED"),
        sa.Column("reason", sa.String(length=32), nullable=False, comment="why the attempt was refused"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("refused_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("restored_by", sa.String(length=32), comment="the attempt that stands on the corrected verdict"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_appeals_attempt_id", "appeals", ["attempt_id"])
    op.create_table(
        "breaches",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was put on record"),
        sa.Column("rule", sa.String(length=32), nullable=False, comment="the timer or row that was broken"),
        sa.Column("side", sa.String(length=16), nullable=False, comment="operator, service or gateway"),
        sa.Column("party", sa.String(length=32), nullable=False, comment="the operator or the service"),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_breaches_at", "breaches", ["at"])


def _reconciliations() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False, comment="when its register is compared next"),
        sa.Column("started_at", sa.BigInteger(), comment="when the latest comparison began"),
        sa.Column("compared_at", sa.BigInteger(), comment="when the latest one that ended did"),
        sa.PrimaryKeyConstraint("operator_id"),
    )
    op.create_index("ix_reconciliations_due_at", "reconciliations", ["due_at"])
    op.create_table(
        "reconciliation_differences",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="missing, left_open, unknown or differing"),
        sa.Column("service_id", sa.String(length=32)),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("binding_id", sa.String(length=32)),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reconciliation_differences_at", "reconciliation_differences", ["at"])
