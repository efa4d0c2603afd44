"""The deadlines of identification on the lab clock: of attempts, of re-checks as a whole, and of web sessions."""

from gateway.identification import sessions, store
from gateway.identification.service import IdentificationService
from smsc_emulator.base.database import Database, Tx

_BATCH = 500


class AttemptDeadlines:
    """Gives up what an attempt waits for when its time is over, and what was to be done for a user by then."""

    gives_up = True

    def __init__(self, service: IdentificationService, database: Database) -> None:
        self._service = service
        self._database = database

    async def next_due(self) -> int | None:
        """Return the instant of the earliest deadline."""
        return await self._database.run(_next_due)

    async def fire(self, now: int) -> None:
        """Handle the deadlines that have come, in units of limited size."""
        while await self._database.run(lambda tx: self._service.time_up(tx, now, _BATCH)) == _BATCH:
            pass
        self._service.wake()


def _next_due(tx: Tx) -> int | None:
    dues = store.next_due(tx), store.next_overdue(tx), sessions.next_expiry(tx)
    return min((due for due in dues if due is not None), default=None)
