"""The operators' tables: contracts, how each operator behaves, the queries it got, its register of codes, its notices.

Operators of one lab share the tables and nothing else: every row names its operator, and each face sees only its own.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, false

from smsc_emulator.base.database import metadata
from smsc_emulator.base.indices import unique_among

contracts = Table(
    "contracts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("phone_number", String(16), nullable=False, index=True),
    Column("operator_id", String(32), nullable=False),
    Column("imsi", String(15), nullable=False),
    Column("sim", String(8), nullable=False, comment="active or blocked"),
    Column("owner", String(16), nullable=False, comment="own, third_person, minor, corporate or unverified"),
    Column("end_user_known", Boolean, nullable=False, comment="of a corporate line"),
    Column("kyc", String(24), nullable=False),
    Column("family_name", String(128), nullable=True, comment="of a made-up person, as the two that follow"),
    Column("given_name", String(128), nullable=True),
    Column("birth_date", String(10), nullable=True),
    Column("began_at", BigInteger, nullable=False, comment="lab time, ms, as all instants here"),
    Column(
        "continues",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="the person is that of the contract before",
    ),
    Column("ended_at", BigInteger, nullable=True, comment="NULL: in force"),
    Column("end_reason", String(8), nullable=True, comment="ended, ported or reissued"),
)
unique_among("ux_contracts_in_force", contracts.c.phone_number, where=contracts.c.ended_at.is_(None))
Index("ix_contracts_operator", contracts.c.operator_id, contracts.c.phone_number)

operator_behaviours = Table(
    "operator_behaviours",
    metadata,
    Column("operator_id", String(32), primary_key=True),
    Column("behaviour", JSON, nullable=False),
)

operator_queries = Table(
    "operator_queries",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column("operator_id", String(32), primary_key=True),
    Column("attempt_id", String(64), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("service_id", String(32), nullable=False),
    Column("mode", String(8), nullable=False, comment="presence or match"),
    Column("attributes", JSON, nullable=True, comment="what is to be compared; NULL again once it is answered"),
    Column("code", String(64), nullable=True, comment="to be entered if the answer is PRESENT"),
    Column("service_name", String(128), nullable=True),
    Column("agreement_id", String(64), nullable=True),
    Column("since", BigInteger, nullable=True, comment="asked: whether the number went to another person since then"),
    Column("reply_to", String(2048), nullable=True, comment="NULL: where the operator's agreement says"),
    Column("received_at", BigInteger, nullable=False),
    Column("answer", String(8), nullable=False, comment="the behaviour in force when the query came"),
    Column("answer_due_at", BigInteger, nullable=True, index=True, comment="NULL: nothing to send"),
    Column("breach_due_at", BigInteger, nullable=True, index=True, comment="NULL: answered, or on record as late"),
    Column("tries", Integer, nullable=False),
    Column("answered_at", BigInteger, nullable=True, comment="the verdict's as_of"),
    Column("result", String(8), nullable=True, comment="PRESENT or ABSENT"),
    Column("match", JSON, nullable=True, comment="attribute to true, false or not_available"),
    Column("entry_id", String(32), nullable=True, comment="of the code that came with the query"),
    Column("recycled", Boolean, nullable=True, comment="whether it did; NULL: not asked, or ABSENT"),
    Index("ix_operator_queries_number", "operator_id", "phone_number"),
)

register_entries = Table(
    "register_entries",
    metadata,
    Column("entry_id", String(32), primary_key=True),
    Column("operator_id", String(32), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("service_id", String(32), nullable=False),
    Column("service_name", String(128), nullable=False),
    Column("code", String(64), nullable=False, unique=True),
    Column("state", String(8), nullable=False, comment="OPEN, ENDED or VOID"),
    Column("opened_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=True),
    Column("reason", String(64), nullable=True),
    Index("register_by_number", "operator_id", "phone_number"),
    Index("register_by_request", "operator_id", "request_id", unique=True),
)

operator_notices = Table(
    "operator_notices",
    metadata,
    Column("notice_id", String(32), primary_key=True),
    Column("operator_id", String(32), nullable=False),
    Column("phone_number", String(16), nullable=False, index=True),
    Column("service_id", String(32), nullable=False),
    Column("code", String(64), nullable=True, comment="NULL: asked about, and not in the register yet"),
    Column("reason", String(8), nullable=False, comment="ended, ported or reissued"),
    Column("ended_at", BigInteger, nullable=False),
    Column("send_due_at", BigInteger, nullable=True, index=True, comment="NULL: nothing to send"),
    Column("breach_due_at", BigInteger, nullable=True, index=True, comment="NULL: sent, or on record as late"),
    Column("planned_at", BigInteger, nullable=True, comment="the first try; NULL: never"),
    Column("sent_at", BigInteger, nullable=True, comment="when it was first sent"),
    Column("acked_at", BigInteger, nullable=True),
    Column("tries", Integer, nullable=False),
)
