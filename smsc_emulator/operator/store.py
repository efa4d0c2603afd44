"""The operators' tables: subscribers, how each operator behaves, the queries it got, its register of codes.

Operators of one lab share the tables and nothing else: every row names its operator, and each face sees only its own.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from smsc_emulator.base.database import metadata

subscribers = Table(
    "subscribers",
    metadata,
    Column("phone_number", String(16), primary_key=True),
    Column("operator_id", String(32), nullable=False, index=True),
    Column("imsi", String(15), nullable=False),
    Column("contract", String(8), nullable=False, comment="ACTIVE or ENDED"),
)

operator_behaviours = Table(
    "operator_behaviours",
    metadata,
    Column("operator_id", String(32), primary_key=True),
    Column("answer", String(8), nullable=False, comment="truth, present, absent or silent"),
    Column("delay", BigInteger, nullable=False, comment="ms"),
    Column("register", String(8), nullable=False, comment="open or closed"),
)

operator_queries = Table(
    "operator_queries",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column("operator_id", String(32), primary_key=True),
    Column("attempt_id", String(64), nullable=False),
    Column("phone_number", String(16), nullable=False),
    Column("service_id", String(32), nullable=False),
    Column("reply_to", String(2048), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("answer", String(8), nullable=False, comment="the behaviour in force when the query came"),
    Column("answer_due_at", BigInteger, nullable=True, index=True, comment="NULL: nothing to send"),
    Column("breach_due_at", BigInteger, nullable=True, index=True, comment="NULL: answered, or on record as late"),
    Column("tries", Integer, nullable=False),
    Column("answered_at", BigInteger, nullable=True, comment="the verdict's as_of"),
    Column("result", String(8), nullable=True, comment="PRESENT or ABSENT"),
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
