"""What only one node of a database may be."""

import asyncio

from smsc_emulator.base.database import Database
from smsc_emulator.base.leadership import Leadership
from smsc_emulator.base.postgres_errors import DatabaseUnusableError

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
