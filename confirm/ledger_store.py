"""The table of charges."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from smsc_emulator.base.database import metadata

charges = Table(
    "charges",
    metadata,
    Column("ordinal", Integer, primary_key=True, comment="their order"),
    Column("reference", String(96), nullable=False, unique=True, comment="what is charged; nothing is charged twice"),
    Column("at", BigInteger, nullable=False, comment="lab time, ms"),
    Column("service_id", String(32), nullable=False),
    Column("subject_id", String(64), nullable=False, comment="the confirmation or the identification"),
    Column("kind", String(8), nullable=False, comment="sms, call or query"),
    Column("quantity", Integer, nullable=False),
    Column("billable_seconds", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="millionths of the currency"),
    Column("currency", String(3), nullable=False, comment="ISO 4217"),
    Index("ix_charges_service", "service_id", "ordinal"),
    Index("ix_charges_subject", "subject_id"),
    # Holds all that is added up, so that totals are read from it alone.
    Index("ix_charges_totals", "service_id", "kind", "currency", "quantity", "billable_seconds", "amount"),
)
