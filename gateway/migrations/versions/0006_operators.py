"""Contracts with their history, operators' behaviour as a whole, match mode, notices, and moves with their dates."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the change. A contract whose beginning or end was not kept counts from the beginning of time."""
    _contracts()
    _behaviours()
    _queries()
    _notices()
    _moves()


def _contracts() -> None:
    contracts = op.create_table(
        "contracts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("imsi", sa.String(length=15), nullable=False),
        sa.Column("sim", sa.String(length=8), nullable=False, comment="active or blocked"),
        sa.Column(
            "owner", sa.String(length=16), nullable=False, comment="own, third_person, minor, corporate or unverified"
        ),
        sa.Column("end_user_known", sa.Boolean(), nullable=False, comment="of a corporate line"),
        sa.Column("kyc", sa.String(length=24), nullable=False),
        sa.Column(
            "family_name",
            sa.String(length=128),
            nullable=True,
            comment="of a made-up person, as the two that follow",
        ),
        sa.Column("given_name", sa.String(length=128), nullable=True),
        sa.Column("birth_date", sa.String(length=10), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=False, comment="lab time, ms, as all instants here"),
        sa.Column("ended_at", sa.BigInteger(), nullable=True, comment="NULL: in force"),
        sa.Column("end_reason", sa.String(length=8), nullable=True, comment="ended, ported or reissued"),
        sa.PrimaryKeyConstraint("id"),
    )
    former = sa.table("subscribers", *(sa.column(c) for c in ("phone_number", "operator_id", "imsi", "contract")))
    for row in op.get_bind().execute(sa.select(former)).all():
        op.bulk_insert(contracts, [_carried_over(row)])
    op.drop_index("ix_subscribers_operator_id", table_name="subscribers")
    op.drop_table("subscribers")
    in_force = sa.text("ended_at IS NULL")
    op.create_index("ix_contracts_phone_number", "contracts", ["phone_number"], unique=False)
    op.create_index("ix_contracts_operator", "contracts", ["operator_id", "phone_number"], unique=False)
    op.create_index(
        "ux_contracts_in_force",
        "contracts",
        ["phone_number"],
        unique=True,
        sqlite_where=in_force,
        postgresql_where=in_force,
    )


def _carried_over(row: Any) -> dict[str, Any]:
    over = row.contract == "ENDED"
    return {
        "phone_number": row.phone_number,
        "operator_id": row.operator_id,
        "imsi": row.imsi,
        "sim": "active",
        "owner": "own",
        "end_user_known": False,
        "kyc": "verified",
        "began_at": 0,
        "ended_at": 0 if over else None,
        "end_reason": "ended" if over else None,
    }


def _behaviours() -> None:
    former = sa.table("operator_behaviours", *(sa.column(c) for c in ("operator_id", "answer", "delay", "register")))
    kept = [
        {
            "operator_id": row.operator_id,
            "behaviour": {"answer": row.answer, "delay": row.delay, "register": row.register},
        }
        for row in op.get_bind().execute(sa.select(former)).all()
    ]
    op.drop_table("operator_behaviours")
    behaviours = op.create_table(
        "operator_behaviours",
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("behaviour", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("operator_id"),
    )
    op.bulk_insert(behaviours, kept)


def _queries() -> None:
    with op.batch_alter_table("operator_queries", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "mode", sa.String(length=8), nullable=False, server_default="presence", comment="presence or match"
            )
        )
        batch_op.add_column(
            sa.Column(
                "attributes", sa.JSON(), nullable=True, comment="what is to be compared; NULL again once it is answered"
            )
        )
        batch_op.add_column(
            sa.Column("code", sa.String(length=64), nullable=True, comment="to be entered if the answer is PRESENT")
        )
        batch_op.add_column(sa.Column("service_name", sa.String(length=128), nullable=True))
        batch_op.add_column(sa.Column("agreement_id", sa.String(length=64), nullable=True))
        batch_op.add_column(
            sa.Column("match", sa.JSON(), nullable=True, comment="attribute to true, false or not_available")
        )
        batch_op.add_column(
            sa.Column("entry_id", sa.String(length=32), nullable=True, comment="of the code that came with the query")
        )
        batch_op.alter_column("reply_to", existing_type=sa.String(length=2048), nullable=True)
    with op.batch_alter_table("operator_queries", schema=None) as batch_op:
        batch_op.alter_column("mode", existing_type=sa.String(length=8), server_default=None)


def _notices() -> None:
    op.create_table(
        "operator_notices",
        sa.Column("notice_id", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column(
            "code", sa.String(length=64), nullable=True, comment="NULL: asked about, and not in the register yet"
        ),
        sa.Column("reason", sa.String(length=8), nullable=False, comment="ended, ported or reissued"),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("send_due_at", sa.BigInteger(), nullable=True, comment="NULL: nothing to send"),
        sa.Column("breach_due_at", sa.BigInteger(), nullable=True, comment="NULL: sent, or on record as late"),
        sa.Column("planned_at", sa.BigInteger(), nullable=True, comment="the first try; NULL: never"),
        sa.Column("sent_at", sa.BigInteger(), nullable=True, comment="when it was first sent"),
        sa.Column("acked_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id"),
    )
    for column in ("phone_number", "send_due_at", "breach_due_at"):
        op.create_index(f"ix_operator_notices_{column}", "operator_notices", [column], unique=False)


def _moves() -> None:
    former = sa.table("ported_numbers", sa.column("phone_number"), sa.column("operator_id"))
    kept = [
        {"phone_number": row.phone_number, "since": 0, "operator_id": row.operator_id}
        for row in op.get_bind().execute(sa.select(former)).all()
    ]
    op.drop_table("ported_numbers")
    moves = op.create_table(
        "ported_numbers",
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False, comment="lab time, ms"),
        sa.Column(
            "operator_id", sa.String(length=32), nullable=False, comment="who has the number since then; empty: nobody"
        ),
        sa.PrimaryKeyConstraint("phone_number", "since"),
    )
    op.bulk_insert(moves, kept)
