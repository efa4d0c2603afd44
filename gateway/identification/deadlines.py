"""The attempts' deadlines on the lab clock: to confirm, to answer, to enter the code in the register."""

from gateway.identification import store
from gateway.identification.service import IdentificationService
from smsc_emulator.base.database import Database

_BATCH = 500


class AttemptDeadlines:
    """Gives up what an attempt waits for when its time is over."""

    gives_up = True

    def __init__(self, service: IdentificationService, database: Database) -> None:
        self._service = service
        self._database = database

    async def next_due(self) -> int | None:
        """Return the instant of the earliest deadline."""
        return await self._database.run(store.next_due)

    async def fire(self, now: int) -> None:
        """Handle the deadlines that have come, in units of limited size."""
        while await self._database.run(lambda tx: self._service.time_up(tx, now, _BATCH)) == _BATCH:
            pass
        self._service.wake()
