"""The tables of identification. Instants are lab time in milliseconds since 1970, UTC."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, false

from gateway.identification.bindings import State
from smsc_emulator.base.database import metadata
from smsc_emulator.base.indices import unique_among

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("user_id", String(128), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("profile", String(32), nullable=False, comment="in force at the start"),
    Column("created_at", BigInteger, nullable=False, comment="lab time, ms, as all instants here"),
    Column("updated_at", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("due_at", BigInteger, index=True, comment="deadline of the state"),
    Column("confirmation_id", String(32)),
    Column("operator_id", String(32)),
    Column("request_id", String(32), unique=True, comment="the latest query"),
    Column("result", String(8), comment="PRESENT or ABSENT"),
    Column("answered_at", BigInteger),
    Column("as_of", BigInteger, comment="by the operator's clock"),
    Column("identification_code", String(32), unique=True, comment="never used again"),
    Column("entry_id", String(64), comment="in the operator's register"),
    Column("binding_id", String(32)),
    Column("cause", String(16), nullable=False, server_default="new"),
    Column("mode", String(16), nullable=False, server_default="operator", comment="who identifies"),
    Column("exchange_mode", String(16), nullable=False, server_default="presence"),
    Column("payer", String(16), nullable=False, server_default="service"),
    Column("rechecks", String(32), index=True, comment="the binding whose user is identified again"),
    Column("until", BigInteger, comment="deadline of the whole"),
    Column("fresh_queries", Integer, nullable=False, server_default="0"),
    Column("ended_at", BigInteger, comment="of the contract, by the operator's clock, told meanwhile"),
    Column("matched", Boolean, nullable=False, server_default=false()),
    Column("hint", String(32)),
    Index("ix_attempts_number", "service_id", "phone_number"),
)

queries = Table(
    "identification_queries",
    metadata,
    Column("request_id", String(32), primary_key=True),
    Column("attempt_id", String(32), nullable=False, index=True),
    Column("operator_id", String(32), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("result", String(8), comment="PRESENT or ABSENT; NULL: no verdict was accepted"),
    Column("answered_at", BigInteger),
)

codes = Table(
    "identification_codes",
    metadata,
    Column("code", String(32), primary_key=True, comment="never used again"),
    Column("attempt_id", String(32), nullable=False),
    Column("service_id", String(32), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("operator_id", String(32), nullable=False),
    Column("request_id", String(32), nullable=False, unique=True),
    Column("issued_at", BigInteger, nullable=False),
    Column("entered_at", BigInteger, comment="when the operator acknowledged it"),
    Column("seen_at", BigInteger, comment="when the operator listed it last"),
    Column("over_at", BigInteger, comment="NULL: in force"),
    Column("over_by", String(16), comment="void, ended, missing or unannounced"),
    Index("ix_identification_codes_operator", "operator_id", "over_at"),
)

attributes = Table(
    "identification_attributes",
    metadata,
    Column("attempt_id", String(32), primary_key=True),
    Column("attributes", JSON, nullable=False, comment="in match mode; gone when the attempt is over"),
)

bindings = Table(
    "bindings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("user_id", String(128), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("attempt_id", String(32)),
    Column("operator_id", String(32)),
    Column("request_id", String(32)),
    Column("identification_code", String(32), unique=True),
    Column("entry_id", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("basis", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("profile", String(32), nullable=False, server_default=""),
    Column("due_at", BigInteger, index=True, comment="when the user has to be identified again"),
    Column("cause", String(16), comment="of the latest re-check"),
    Index("ix_bindings_user", "service_id", "user_id"),
    Index("ix_bindings_number", "service_id", "phone_number"),
)
unique_among(
    "ux_bindings_active", bindings.c.service_id, bindings.c.phone_number, where=bindings.c.state == State.ACTIVE.value
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("user_id", String(128), nullable=False),
    Column("binding_id", String(32), nullable=False, index=True),
    Column("device", String(64), nullable=False),
    Column("kind", String(8), nullable=False, comment="app or web"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, index=True, comment="NULL: open until it is ended, or ended"),
    Column("ended_at", BigInteger),
    Column("reason", String(32)),
    Index("ix_sessions_user", "service_id", "user_id"),
)

notices = Table(
    "identification_notices",
    metadata,
    Column("operator_id", String(32), primary_key=True),
    Column("notice_id", String(64), primary_key=True),
    Column("phone_number", String(16), nullable=False),
    Column("reason", String(16), nullable=False, comment="ended, ported or reissued"),
    Column("ended_at", BigInteger, nullable=False, comment="by the operator's clock"),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("outcome", String(16), nullable=False),
    Column("binding_id", String(32), comment="whose user is identified again for it"),
)

appeals = Table(
    "appeals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("service_id", String(32), nullable=False),
    Column("attempt_id", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False, comment="OPEN, UPHELD or REJECTED"),
    Column("reason", String(32), nullable=False, comment="why the attempt was refused"),
    Column("created_at", BigInteger, nullable=False),
    Column("refused_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    Column("restored_by", String(32), index=True, comment="the attempt that stands on the corrected verdict"),
)

breaches = Table(
    "breaches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False, index=True, comment="when it was put on record"),
    Column("rule", String(32), nullable=False, comment="the timer or row that was broken"),
    Column("side", String(16), nullable=False, comment="operator, service or gateway"),
    Column("party", String(32), nullable=False, comment="the operator or the service"),
    Column("subject", String(64), nullable=False, index=True),
    Column("due_at", BigInteger),
    Column("happened_at", BigInteger, nullable=False),
)

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("operator_id", String(32), primary_key=True),
    Column("due_at", BigInteger, nullable=False, index=True, comment="when its register is compared next"),
    Column("started_at", BigInteger, comment="when the latest comparison began"),
    Column("compared_at", BigInteger, comment="when the latest one that ended did"),
)

differences = Table(
    "reconciliation_differences",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("operator_id", String(32), nullable=False),
    Column("kind", String(16), nullable=False, comment="missing, left_open, unknown or differing"),
    Column("service_id", String(32)),
    Column("phone_number", String(16), nullable=False),
    Column("binding_id", String(32)),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("outcome", String(16), nullable=False, comment="late, repeated or foreign"),
    Column("operator_id", String(32), nullable=False, comment="who sent it"),
    Column("request_id", String(64), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("result", String(8), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("attempt_id", String(32), comment="NULL: the sender was not asked this"),
)
