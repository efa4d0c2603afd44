"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of every package."""
    _base()
    _smsc()
    _operators()
    _confirm()
    _identification()
    _bindings()
    _lookup()
    _webhooks()


def _base() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="lab time, ms"),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_subject"), ["subject"], unique=False)
    op.create_table(
        "lab_clock",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="lab time, ms"),
        sa.Column("saved_at", sa.BigInteger(), nullable=False, comment="real time at that position, ms"),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _smsc() -> None:
    op.create_table(
        "smsc_messages",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.String(length=65), nullable=False),
        sa.Column("account", sa.String(length=16), nullable=False, comment="system_id of the sender; empty: a handset"),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False, comment="lab time, ms"),
        sa.Column("state", sa.SmallInteger(), nullable=False, comment="message_state, SMPP 3.4, 5.2.28"),
        sa.Column("final_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.SmallInteger(), nullable=False),
        sa.Column("pdu", sa.LargeBinary(), nullable=False, comment="the submit_sm"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "smsc_outbound",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column(
            "account", sa.String(length=16), nullable=False, comment="empty: the first that takes unserved numbers"
        ),
        sa.Column("message", sa.BigInteger(), nullable=False, comment="smsc_messages.id"),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True, comment="lab time of the next attempt, ms"),
        sa.PrimaryKeyConstraint("id"),
    )


def _operators() -> None:
    op.create_table(
        "operator_behaviours",
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False, comment="truth, present, absent or silent"),
        sa.Column("delay", sa.BigInteger(), nullable=False, comment="ms"),
        sa.Column("register", sa.String(length=8), nullable=False, comment="open or closed"),
        sa.PrimaryKeyConstraint("operator_id"),
    )
    op.create_table(
        "operator_queries",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("attempt_id", sa.String(length=64), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("reply_to", sa.String(length=2048), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(length=8), nullable=False, comment="the behaviour in force when the query came"),
        sa.Column("answer_due_at", sa.BigInteger(), nullable=True, comment="NULL: nothing to send"),
        sa.Column("breach_due_at", sa.BigInteger(), nullable=True, comment="NULL: answered, or on record as late"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True, comment="the verdict's as_of"),
        sa.Column("result", sa.String(length=8), nullable=True, comment="PRESENT or ABSENT"),
        sa.PrimaryKeyConstraint("request_id", "operator_id"),
    )
    with op.batch_alter_table("operator_queries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operator_queries_answer_due_at"), ["answer_due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_operator_queries_breach_due_at"), ["breach_due_at"], unique=False)
    op.create_table(
        "register_entries",
        sa.Column("entry_id", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("service_name", sa.String(length=128), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False, comment="OPEN, ENDED or VOID"),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("entry_id"),
        sa.UniqueConstraint("code"),
    )
    with op.batch_alter_table("register_entries", schema=None) as batch_op:
        batch_op.create_index("register_by_number", ["operator_id", "phone_number"], unique=False)
        batch_op.create_index("register_by_request", ["operator_id", "request_id"], unique=True)
    op.create_table(
        "subscribers",
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("imsi", sa.String(length=15), nullable=False),
        sa.Column("contract", sa.String(length=8), nullable=False, comment="ACTIVE or ENDED"),
        sa.PrimaryKeyConstraint("phone_number"),
    )
    with op.batch_alter_table("subscribers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscribers_operator_id"), ["operator_id"], unique=False)


def _confirm() -> None:
    op.create_table(
        "confirmations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True, comment="opaque reference to what it is a part of"),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="lab time, ms, as all instants here"),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.Column("send_state", sa.String(length=16), nullable=False),
        sa.Column("send_due_at", sa.BigInteger(), nullable=True),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column(
            "code_mac", sa.String(length=64), nullable=True, comment="HMAC-SHA256; its key is not in the database"
        ),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.String(length=65), nullable=True),
        sa.Column("send_error", sa.BigInteger(), nullable=True, comment="SMPP command_status"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.create_index("ix_confirmations_expiry", ["state", "expires_at"], unique=False)
        batch_op.create_index("ix_confirmations_number", ["service_id", "phone_number", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_confirmations_send_due_at"), ["send_due_at"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False, comment="SHA-256 of the request"),
        sa.Column("resource_id", sa.String(length=64), nullable=False, comment="what the request created"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="of the answer, once it was given"),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("service_id", "key"),
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_keys_created_at"), ["created_at"], unique=False)


def _identification() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("profile", sa.String(length=32), nullable=False, comment="in force at the start"),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="lab time, ms, as all instants here"),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True, comment="deadline of the state"),
        sa.Column("confirmation_id", sa.String(length=32), nullable=True),
        sa.Column("operator_id", sa.String(length=32), nullable=True),
        sa.Column("request_id", sa.String(length=32), nullable=True),
        sa.Column("result", sa.String(length=8), nullable=True, comment="PRESENT or ABSENT"),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=True, comment="by the operator's clock"),
        sa.Column("identification_code", sa.String(length=32), nullable=True, comment="never used again"),
        sa.Column("entry_id", sa.String(length=64), nullable=True, comment="in the operator's register"),
        sa.Column("binding_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identification_code"),
        sa.UniqueConstraint("request_id"),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempts_due_at"), ["due_at"], unique=False)
        batch_op.create_index("ix_attempts_number", ["service_id", "phone_number"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False, comment="late, repeated or foreign"),
        sa.Column("operator_id", sa.String(length=32), nullable=False, comment="who sent it"),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=32), nullable=True, comment="NULL: the sender was not asked this"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("dead_letters", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dead_letters_received_at"), ["received_at"], unique=False)


def _bindings() -> None:
    op.create_table(
        "bindings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("attempt_id", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("identification_code", sa.String(length=32), nullable=False),
        sa.Column("entry_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("identification_code"),
    )
    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.create_index("ix_bindings_number", ["service_id", "phone_number"], unique=False)
        batch_op.create_index("ix_bindings_user", ["service_id", "user_id"], unique=False)
        batch_op.create_index(
            "ux_bindings_active",
            ["service_id", "phone_number"],
            unique=True,
            sqlite_where=sa.text("state = 'ACTIVE'"),
            postgresql_where=sa.text("state = 'ACTIVE'"),
        )


def _lookup() -> None:
    op.create_table(
        "operator_messages",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="query, code or void"),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("attempt_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("first_try_at", sa.BigInteger(), nullable=False, comment="t0 of the answer timer"),
        sa.Column("until", sa.BigInteger(), nullable=False, comment="no try after this instant"),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True, comment="NULL: nothing more to send"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("acked_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True, comment="nothing is waited for any more"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("operator_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operator_messages_next_try_at"), ["next_try_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_operator_messages_request_id"), ["request_id"], unique=False)
    op.create_table(
        "ported_numbers",
        sa.Column("phone_number", sa.String(length=16), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False, comment="who has the number now"),
        sa.PrimaryKeyConstraint("phone_number"),
    )


def _webhooks() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="order of creation"
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False, comment="the webhook-id, the same in every try"),
        sa.Column("endpoint_id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False, comment="what the event happened to"),
        sa.Column("body", sa.Text(), nullable=False, comment="as it is sent"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True, comment="the next try"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("given_up_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    with op.batch_alter_table("webhook_deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_deliveries_due", ["endpoint_id", "due_at"], unique=False)
        batch_op.create_index("ix_webhook_deliveries_latest", ["endpoint_id", "seq"], unique=False)
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("service_id", sa.String(length=32), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("secret", sa.String(length=128), nullable=False, comment="whsec_..., shown once"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True, comment="the receiver answered 410 Gone"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("webhook_endpoints", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhook_endpoints_service_id"), ["service_id"], unique=False)
