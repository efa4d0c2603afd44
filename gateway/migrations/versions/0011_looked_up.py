"""What reports and ends of contracts look for among appeals, breaches and queries, without reading them all."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the indices."""
    op.create_index("ix_appeals_restored_by", "appeals", ["restored_by"])
    op.create_index("ix_breaches_subject", "breaches", ["subject"])
    op.create_index("ix_operator_queries_number", "operator_queries", ["operator_id", "phone_number"])
