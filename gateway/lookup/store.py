"""The tables of the gateway's side of look-ups: messages to operators, and the moves of numbers between them."""

from sqlalchemy import JSON, BigInteger, Column, Integer, String, Table

from smsc_emulator.base.database import metadata

operator_messages = Table(
    "operator_messages",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(8), nullable=False, comment="query, code, void or listing"),
    Column("request_id", String(64), nullable=False, index=True),
    Column("operator_id", String(32), nullable=False),
    Column("attempt_id", String(64), nullable=False),
    Column("body", JSON, nullable=False),
    Column("first_try_at", BigInteger, nullable=False, comment="t0 of the answer timer"),
    Column("until", BigInteger, nullable=False, comment="no try after this instant"),
    Column("next_try_at", BigInteger, nullable=True, index=True, comment="NULL: nothing more to send"),
    Column("tries", Integer, nullable=False),
    Column("acked_at", BigInteger, nullable=True),
    Column("answer", JSON, nullable=True),
    Column("withdrawn_at", BigInteger, nullable=True, comment="nothing is waited for any more"),
)

ported_numbers = Table(
    "ported_numbers",
    metadata,
    Column("phone_number", String(16), primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False, comment="lab time, ms"),
    Column("operator_id", String(32), nullable=False, comment="who has the number since then; empty: nobody"),
)
