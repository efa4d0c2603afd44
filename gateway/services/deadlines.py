"""The services' deadlines on the lab clock: broadcasts to send, and times to mend what was found that are over."""

from collections.abc import Callable
from functools import partial

from confirm import texts
from confirm.ledger import Ledger
from confirm.ports import SmsInDoubtError, SmsPort, SmsRefusedError, SmsUnavailableError
from gateway.services import broadcasts, findings
from gateway.services.broadcasts import Claimed, State
from gateway.services.settings import BroadcastSettings
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import SECOND
from smsc_emulator.base.flights import Flights
from smsc_emulator.base.takeover import TakeOver


class BroadcastSending:
    """Hands the SMS of broadcasts over, at the rate that is set.

    `holds` tells whether this node, of those that share the database, has the bind; `wake` makes the ticker look again.
    """

    gives_up = False

    def __init__(
        self,
        settings: BroadcastSettings,
        sms: SmsPort,
        ledger: Ledger,
        database: Database,
        clock: Clock,
        activity: Activity,
        *,
        wake: Callable[[], None] = lambda: None,
        holds: Callable[[], bool] = lambda: True,
    ) -> None:
        self._holds = holds
        self._under_way: set[str] = set()
        self._take_over = TakeOver(database, self._put_in_doubt, wake)
        self._sender = settings.sender
        self._interval = max(1, round(SECOND / settings.rate))
        self._sms = sms
        self._ledger = ledger
        self._database = database
        self._clock = clock
        self._flights = Flights(activity)

    async def start(self) -> None:
        """Take over the broadcasts of an earlier run."""
        await self._take_over.begin()

    async def close(self) -> None:
        """Break off what is being sent; it stays in doubt."""
        await self._flights.close()

    async def next_due(self) -> int | None:
        """Return the instant at which the next SMS may go, if it is this node that sends."""
        await self._take_over.done()
        return await self._database.run(broadcasts.next_due) if self._holds() else None

    async def fire(self, now: int) -> None:
        """Claim what may go and start handing it over."""
        claim = partial(broadcasts.claim, now=now, interval=self._interval)
        while self._holds() and (claimed := await self._database.run(claim)) is not None:
            self._under_way.add(claimed.reference)
            self._flights.launch((claimed.broadcast_id, claimed.ordinal), partial(self._send, claimed))

    async def _put_in_doubt(self) -> None:
        now, mine = self._clock.now(), frozenset(self._under_way)
        await self._database.run(partial(broadcasts.take_over, now=now, mine=mine))

    async def _send(self, claimed: Claimed) -> None:
        try:
            await self._keep(claimed, await self._submit(claimed))
        finally:
            self._under_way.discard(claimed.reference)

    async def _keep(self, claimed: Claimed, state: State) -> None:
        now = self._clock.now()

        def unit(tx: Tx) -> None:
            if state == "sent":
                quantity = texts.segments(claimed.text)
                self._ledger.charge(
                    tx,
                    now,
                    claimed.service_id,
                    claimed.broadcast_id,
                    "sms",
                    reference=claimed.reference,
                    quantity=quantity,
                )
            broadcasts.ended(tx, now, claimed, state)

        await self._database.run(unit)

    async def _submit(self, claimed: Claimed) -> State:
        try:
            await self._sms.submit(claimed.phone_number, claimed.text, self._sender)
        except SmsRefusedError:
            return "refused"
        except SmsUnavailableError:
            return "queued"
        except SmsInDoubtError:
            return "in_doubt"
        return "sent"


class CureTimes:
    """Ends the time to mend what was found against a service (T_cure)."""

    gives_up = True

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_due(self) -> int | None:
        """Return the instant at which the next time ends."""
        return await self._database.run(findings.next_due)

    async def fire(self, now: int) -> None:
        """End the times that are over at `now`."""
        await self._database.run(partial(findings.time_up, now=now))
