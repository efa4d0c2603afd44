"""What a node does at its start and whenever another is gone, such as to begin anew what that one had begun."""

from collections.abc import Awaitable, Callable

from smsc_emulator.base.database import Database


class TakeOver:
    """Awaits `act` at the start of this node, and once for each end of another.

    Whoever looks after deadlines awaits `begin` at his start and `done` at each look. A database that cannot be had
    just then puts the work off to the next look, and loses nothing. `wake` makes the ticker look.
    """

    def __init__(self, database: Database, act: Callable[[], Awaitable[None]], wake: Callable[[], None]) -> None:
        self._act = act
        self._wake = wake
        self._database = database
        self._is_due = False

    async def begin(self) -> None:
        """Do it for the first time. What it raises is raised here."""
        self._database.on_departure.append(self.due)
        self._is_due = True
        await self.done()

    def due(self) -> None:
        """Do it again, at the next look."""
        self._is_due = True
        self._wake()

    async def done(self) -> None:
        """Do it if it is due. What it raises is raised here, and then it stays due."""
        if not self._is_due:
            return
        self._is_due = False
        try:
            await self._act()
        except BaseException:
            self._is_due = True
            raise
