"""The confirmations' deadlines on the lab clock: codes to send, and lifetimes that end."""

from functools import partial

from confirm import challenge, policy, store
from confirm.challenge import Confirmation
from confirm.ports import SmsInDoubtError, SmsPort, SmsRefusedError, SmsUnavailableError
from confirm.service import ConfirmService, Outcome
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import iso
from smsc_emulator.base.flights import Flights


class CodeSending:
    """Sends each queued code: draws it and remembers that in one unit, then hands it to the SMSC once.

    If the process dies between claim and answer, the claim stays and nobody sends that code or another by itself: the
    user may hold it already. He can ask for a new one. `at_once` messages may wait for the SMSC's answer.
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
        at_once: int = 100,
    ) -> None:
        self._service = service
        self._sms = sms
        self._sender = sender
        self._database = database
        self._clock = clock
        self._flights = Flights(activity, at_once=at_once)

    async def next_due(self) -> int | None:
        """Return the instant at which the next code is to be sent."""
        return await self._database.run(store.next_send)

    async def fire(self, now: int) -> None:
        """Claim the codes that are due and start sending them."""
        for confirmation, text in await self._database.run(lambda tx: self._service.claim_sends(tx, now)):
            self._flights.launch((confirmation.id, confirmation.codes), partial(self._send, confirmation, text))

    async def close(self) -> None:
        """Break off what is being sent; it stays in doubt."""
        await self._flights.close()

    async def _send(self, claimed: Confirmation, text: str) -> None:
        outcome = await self._submit(claimed.phone_number, text)
        if outcome is None:
            return
        now = self._clock.now()
        after = await self._database.run(lambda tx: self._service.send_ended(tx, now, claimed, outcome))
        if after.send_due_at is not None:
            again_at = iso(after.send_due_at)
            self._database.journal.publish(now, "confirmation.code_put_off", after.id, again_at=again_at)
            self._service.wake()

    async def _submit(self, to: str, text: str) -> Outcome | None:
        """Hand the SMS over and return what that makes of its confirmation; None if nobody knows."""
        try:
            message_id = await self._sms.submit(to, text, self._sender)
        except SmsRefusedError as refusal:
            return partial(challenge.refused, status=refusal.status)
        except SmsUnavailableError:
            return lambda confirmation, now: challenge.put_off(confirmation, now + policy.SEND_AGAIN)
        except SmsInDoubtError:
            return None
        return partial(challenge.sent, message_id=message_id)


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
