"""The confirmations' deadlines on the lab clock: codes to send, calls to take back, and times that are over."""

from functools import partial

from confirm import calls_store, store, texts
from confirm.methods.method import Way
from confirm.ports import CallPort, CallUnavailableError, SmsInDoubtError, SmsPort, SmsRefusedError, SmsUnavailableError
from confirm.sending import CallSending, Refused, SendOutcome, SmsSending, Taken, Unavailable
from confirm.service import ConfirmService
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database
from smsc_emulator.base.flights import Flights


class CodeSending:
    """Sends each queued code: makes it and remembers that in one unit, then hands it over once, as an SMS or a call.

    If the process dies between claim and answer, the claim stays and nobody sends that code or another by itself: the
    user may hold it already. He can ask for a new one. `at_once` of them may wait for the network's answer. Without
    `calls` there is no way to any voice network, and calls are put off.
    """

    gives_up = False

    def __init__(
        self,
        service: ConfirmService,
        sms: SmsPort,
        sender: str,
        database: Database,
        clock: Clock,
        activity: Activity,
        *,
        calls: CallPort | None = None,
        at_once: int = 100,
    ) -> None:
        self._service = service
        self._sms = sms
        self._calls = calls
        self._sender = sender
        self._database = database
        self._clock = clock
        self._flights = Flights(activity, at_once=at_once)

    async def next_due(self) -> int | None:
        """Return the instant at which the next code is to be sent."""
        not_by = self._service.for_others()
        return await self._database.run(lambda tx: store.next_send(tx, not_by))

    async def fire(self, now: int) -> None:
        """Claim the codes that are due and start sending them."""
        not_by = self._service.for_others()
        for sending in await self._database.run(lambda tx: self._service.claim_sends(tx, now, not_by)):
            if isinstance(sending, CallSending):
                self._service.calls_in_line.add(sending.call)
                send = partial(self._call, sending)
            else:
                send = partial(self._send, sending)
            self._flights.launch((sending.claimed.id, sending.claimed.codes), send)

    async def close(self) -> None:
        """Break off what is being sent; it stays in doubt."""
        await self._flights.close()

    async def _send(self, sending: SmsSending) -> None:
        outcome = await self._submit(sending.claimed.phone_number, sending.text)
        if outcome is not None:
            now = self._clock.now()
            await self._database.run(lambda tx: self._service.send_ended(tx, now, sending.claimed, outcome))
            self._service.send_kept(outcome)

    async def _submit(self, to: str, text: str) -> SendOutcome | None:
        """Hand the SMS over and return what came of it; None if nobody knows."""
        try:
            message_id = await self._sms.submit(to, text, self._sender)
        except SmsRefusedError as refusal:
            return Refused(refusal.status)
        except SmsUnavailableError:
            return Unavailable()
        except SmsInDoubtError:
            return None
        return Taken(message_id, texts.segments(text))

    async def _call(self, sending: CallSending) -> None:
        """Place the call; what becomes of it is reported, not answered.

        One that was hung up while it waited for its turn is not placed: nobody would hang it up any more.
        """
        if sending.call not in self._service.calls_in_line:
            return
        self._service.calls_in_line.remove(sending.call)
        try:
            if self._calls is None:
                raise CallUnavailableError
            await self._calls.place(sending.call, sending.claimed.phone_number, sending.caller, ring=self._service.ring)
        except CallUnavailableError:
            now = self._clock.now()
            await self._database.run(lambda tx: self._service.call_unplaced(tx, now, sending.call))


class RingEnds:
    """Takes back each call that has rung for its time, or that nobody needs any more."""

    gives_up = False

    def __init__(
        self, service: ConfirmService, calls: CallPort, database: Database, clock: Clock, activity: Activity
    ) -> None:
        self._service = service
        self._calls = calls
        self._database = database
        self._clock = clock
        self._flights = Flights(activity)

    async def next_due(self) -> int | None:
        """Return the instant at which the next call is to be hung up."""
        return await self._database.run(calls_store.next_hang_up) if self._service.holds(Way.CALL) else None

    async def fire(self, now: int) -> None:
        """Start hanging up the calls that are due, if it is this node that places them."""
        if not self._service.holds(Way.CALL):
            return
        for call in await self._database.run(lambda tx: self._service.ring_ends(tx, now)):
            self._flights.launch(call, partial(self._hang_up, call))

    async def close(self) -> None:
        """Break off what is being hung up; it is done after the next start."""
        await self._flights.close()

    async def _hang_up(self, call: str) -> None:
        self._service.calls_in_line.discard(call)
        await self._calls.hang_up(call)
        now = self._clock.now()
        await self._database.run(lambda tx: self._service.hung_up(tx, now, call))


class StepTimes:
    """Begins the next step of each confirmation whose present one's time is over."""

    gives_up = True

    def __init__(self, service: ConfirmService, database: Database) -> None:
        self._service = service
        self._database = database

    async def next_due(self) -> int | None:
        """Return the instant at which the next step's time ends."""
        return await self._database.run(store.next_step)

    async def fire(self, now: int) -> None:
        """Go on from the steps whose time is over at `now`."""
        await self._database.run(lambda tx: self._service.step_times(tx, now))


class Expiry:
    """Ends each confirmation whose lifetime is over."""

    gives_up = True

    def __init__(self, service: ConfirmService, database: Database) -> None:
        self._service = service
        self._database = database

    async def next_due(self) -> int | None:
        """Return the instant at which the next lifetime ends."""
        return await self._database.run(store.next_expiry)

    async def fire(self, now: int) -> None:
        """End those whose lifetime is over at `now`."""
        await self._database.run(lambda tx: self._service.expire(tx, now))
