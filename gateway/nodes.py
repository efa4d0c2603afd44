"""What the nodes of one database agree on: who plays the operators, and the key of the codes' hashes."""

import asyncio
import hmac

from sqlalchemy import Column, String, Table, insert, select

from smsc_emulator.base.database import Database, Tx, metadata
from smsc_emulator.base.leadership import Leadership
from smsc_emulator.base.postgres_errors import DatabaseUnusableError

shared_keys = Table(
    "shared_keys",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("fingerprint", String(64), nullable=False, comment="tells keys apart and does not tell the key"),
)

TAKE_OVER = 3.0
"""Real seconds in which a lab that was just stopped or killed leaves its place."""


async def be_the_only_lab(database: Database) -> Leadership:
    """Take the operator's side of a database for this node, as long as it lives. Raises DatabaseUnusableError.

    The SMSC and the handsets live in the memory of one process; gateways may be as many as you like.
    """
    lead = Leadership(database, "the operator's side")
    try:
        async with asyncio.timeout(TAKE_OVER):
            await lead.gained()
    except TimeoutError:
        lead.resign()
        raise DatabaseUnusableError(
            "another lab plays the operators on this database; stop it, or start this gateway with lab.enabled: false"
        ) from None
    return lead


async def share_key(database: Database, key: bytes) -> None:
    """Check that this node hashes codes with the key of the others. Raises DatabaseUnusableError.

    The key itself is never in the database; the first node leaves a fingerprint of its own there.
    """
    mine = hmac.digest(key, b"confirmlab: the key of the codes", "sha256").hex()

    def fingerprint(tx: Tx) -> str:
        found: str | None = tx.conn.execute(select(shared_keys.c.fingerprint)).scalar()
        if found is None:
            tx.conn.execute(insert(shared_keys).values(name="codes", fingerprint=mine))
        return found or mine

    if not hmac.compare_digest(await database.run(fingerprint), mine):
        raise DatabaseUnusableError(
            "the codes in this database were hashed with another key: copy codes.key from the data folder of a gateway "
            "that uses the database into the data folder of this one"
        )
