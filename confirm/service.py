"""Confirmations as acts on the database.

`open`, `check`, `resend`, `cancel` and `get` run inside a unit of work, one's own or that of something larger that a
confirmation is a part of; they read no clock. After the unit that opened a confirmation or asked for another code,
await `send_settled`: it wakes the sending and waits until nothing is in doubt any more.
"""

from collections.abc import Callable

from confirm import challenge, policy, store
from confirm.challenge import Confirmation, Happening, SendState
from confirm.errors import ConfirmationNotFoundError, ConfirmationOwnedError, ResendTooSoonError
from confirm.methods import METHODS
from confirm.settings import ConfirmationSettings
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import SECOND
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.base.watch import Watch

Outcome = Callable[[Confirmation, int], Confirmation]
"""What the end of a sending, at an instant, makes of its confirmation: challenge's sent, refused or put_off."""

_SEND_EVENTS = {SendState.SENT: "code_sent", SendState.REFUSED: "code_refused"}


class ConfirmService:
    """Opens, checks and ends confirmations.

    `key` makes the HMAC of each code and must not be in the database. `wake` tells the ticker of new deadlines.
    """

    def __init__(
        self,
        database: Database,
        watch: Watch,
        settings: ConfirmationSettings,
        randomness: Randomness,
        key: bytes,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._watch = watch
        self._settings = settings
        self._randomness = randomness
        self._key = key
        self.wake = wake
        """Call it after a unit that asked for a code, unless `send_settled` is awaited."""

    def open(
        self, tx: Tx, now: int, service_id: str, phone_number: str, method: str, *, owner: str | None = None
    ) -> Confirmation:
        """Start a confirmation; its code is sent as soon as the unit is committed and the ticker awake.

        It replaces the service's pending one of the same number: those without an owner replace each other, and so do
        those with one. `owner` is an opaque reference to what the confirmation is a part of. If its SMS is refused,
        one with an owner stays pending and one without has failed. `method` is a name from METHODS.
        """
        earlier = store.of_number(tx, service_id, phone_number, now - policy.MEMORY)
        for other in earlier:
            if not other.over and (other.owner is None) == (owner is None):
                self._change(tx, now, challenge.end(other, now, Happening.REPLACED), "cancelled")
        confirmation = Confirmation(
            id=f"cnf_{self._randomness.token(20)}",
            service_id=service_id,
            phone_number=phone_number,
            method=METHODS[method].name,
            owner=owner,
            ordinal=1 + max((other.ordinal for other in earlier), default=0),
            attempts=self._settings.attempts,
            failures=policy.inherited_failures(earlier, now),
            created_at=now,
            expires_at=now + self._settings.code_lifetime,
            requested_at=now,
            send_due_at=now,
        )
        store.add(tx, confirmation)
        self._record(tx, now, confirmation, "created")
        return confirmation

    def get(self, tx: Tx, confirmation_id: str) -> Confirmation:
        """Return the confirmation. Raises ConfirmationNotFoundError."""
        confirmation = store.find(tx, confirmation_id)
        if confirmation is None:
            raise ConfirmationNotFoundError(f"there is no confirmation {confirmation_id}")
        return confirmation

    def get_own(self, tx: Tx, confirmation_id: str, service_id: str) -> Confirmation:
        """Return the service's confirmation. Raises ConfirmationNotFoundError also if another service has it."""
        confirmation = self.get(tx, confirmation_id)
        if confirmation.service_id != service_id:
            raise ConfirmationNotFoundError(f"there is no confirmation {confirmation_id}")
        return confirmation

    def require_standalone(self, tx: Tx, confirmation_id: str, service_id: str) -> None:
        """Raise ConfirmationNotFoundError as `get_own` does, and ConfirmationOwnedError if it has an owner."""
        confirmation = self.get_own(tx, confirmation_id, service_id)
        if confirmation.owner is not None:
            raise ConfirmationOwnedError(f"the confirmation is a part of {confirmation.owner}: make the request there")

    def check(self, tx: Tx, now: int, confirmation_id: str, code: str) -> Confirmation:
        """Return the confirmation after `code` was typed back at `now`: confirmed, one try poorer, or failed.

        Raises ConfirmationOverError if it is over, ConfirmationNotFoundError if there is none.
        """
        before = self.get(tx, confirmation_id)
        typed = METHODS[before.method].read(code)
        after = challenge.check(before, now, challenge.code_mac(self._key, before.id, typed))
        if after.failures > before.failures:
            self._record(tx, now, after, "check_failed")
        return self._change(tx, now, after, after.state if after.over else None)

    def resend(self, tx: Tx, now: int, confirmation_id: str) -> Confirmation:
        """Ask for another code with a lifetime of its own: the old one is dead at once, the failures stay.

        Raises ResendTooSoonError inside the gap, ConfirmationOverError, ConfirmationNotFoundError.
        """
        before = self.get(tx, confirmation_id)
        challenge.require_pending(before, now)
        wait = policy.resend_wait(before, now, self._settings.resend_gap)
        if wait:
            seconds = -(-wait // SECOND)
            raise ResendTooSoonError(f"another code may be sent in {seconds} s", seconds)
        return self._change(tx, now, challenge.queue(before, now, now + self._settings.code_lifetime), None)

    def cancel(self, tx: Tx, now: int, confirmation_id: str) -> Confirmation:
        """End the confirmation unanswered. Raises ConfirmationOverError, ConfirmationNotFoundError."""
        before = self.get(tx, confirmation_id)
        challenge.require_pending(before, now)
        return self._change(tx, now, challenge.end(before, now, Happening.CANCEL_REQUESTED), "cancelled")

    def expire(self, tx: Tx, now: int) -> None:
        """End all whose lifetime is over at `now`."""
        for confirmation in store.to_expire(tx, now):
            self._change(tx, now, challenge.end(confirmation, now, Happening.LIFETIME_OVER), "expired")

    def claim_sends(self, tx: Tx, now: int) -> list[tuple[Confirmation, str]]:
        """Draw a code for each confirmation whose sending is due; return them with the texts to send.

        Only the HMAC of a code is stored. What is claimed is submitted once, or never if the process dies first.
        """
        claimed = []
        for due in store.to_send(tx, now):
            code = self._randomness.digits(self._settings.code_digits)
            confirmation = challenge.claim(due, challenge.code_mac(self._key, due.id, code))
            store.save(tx, confirmation)
            claimed.append((confirmation, METHODS[due.method].message(self._settings.text, code)))
        return claimed

    def send_ended(self, tx: Tx, now: int, claimed: Confirmation, outcome: Outcome) -> Confirmation:
        """Return the confirmation after the sending it was claimed for has ended with `outcome` at `now`.

        Nothing changes if another code has been asked for meanwhile.
        """
        before = self.get(tx, claimed.id)
        if before.codes != claimed.codes or before.send_state is not SendState.SUBMITTING:
            return before
        after = outcome(before, now)
        self._change(tx, now, after, _SEND_EVENTS.get(after.send_state))
        if after.over and not before.over:
            self._record(tx, now, after, after.state)
        return after

    async def send_settled(self, confirmation_id: str, *, seconds: float = 2.0) -> Confirmation:
        """Have what is due sent, and return the confirmation once its last code has been, or cannot be for now.

        After `seconds` of real time it is returned as it is. Raises ConfirmationNotFoundError.
        """
        self.wake()
        return await self._watch.until(
            confirmation_id,
            seconds,
            lambda: self._database.run(lambda tx: self.get(tx, confirmation_id)),
            lambda confirmation: confirmation.send_settled,
        )

    def _change(self, tx: Tx, now: int, confirmation: Confirmation, event: str | None) -> Confirmation:
        store.save(tx, confirmation)
        if event is not None:
            self._record(tx, now, confirmation, event)
        return confirmation

    def _record(self, tx: Tx, now: int, confirmation: Confirmation, event: str) -> None:
        tx.record(
            now,
            f"confirmation.{event}",
            confirmation.id,
            service_id=confirmation.service_id,
            confirmation=challenge.snapshot(confirmation),
        )
