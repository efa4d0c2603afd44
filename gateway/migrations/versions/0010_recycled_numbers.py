"""Whether a number went to another person: what an operator is asked, knows and answers."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns; who moved with his number, or came back to it, before this revision is not known any more."""
    op.add_column(
        "contracts",
        sa.Column(
            "continues",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="the person is that of the contract before",
        ),
    )
    op.add_column(
        "operator_queries",
        sa.Column(
            "since",
            sa.BigInteger(),
            nullable=True,
            comment="asked: whether the number went to another person since then",
        ),
    )
    op.add_column(
        "operator_queries",
        sa.Column("recycled", sa.Boolean(), nullable=True, comment="whether it did; NULL: not asked, or ABSENT"),
    )
