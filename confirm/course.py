"""The course of confirmations: what follows, in the same unit of work, when a step begins or fails, or all is over.

Users, networks and deadlines all drive it through the acts below. Each saves what it returns and records its event;
when a confirmation ends, by whatever, `on_over` hears of it, its call is hung up, and the limits count it.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from confirm import calls_store, challenge, codes, policy, showing, store
from confirm.challenge import Confirmation, Happening, SendState
from confirm.errors import ConfirmationNotFoundError, WaitError
from confirm.gate import Gate
from confirm.ledger import Ledger
from confirm.methods import METHODS, call_in
from confirm.methods.method import Way
from confirm.settings import ConfirmationSettings
from confirm.test_numbers import TestNumbers
from smsc_emulator.base import claims
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.frozen import frozen, replace

OnOver = Callable[[Tx, int, Confirmation], None]
"""Hears of the end of a confirmation in the transaction that ends it."""

OWN_CODES = 10_000
"""How many of the services' own codes are kept; the oldest are forgotten first."""


class OwnCodes:
    """The codes that services chose, from the request to the end of its confirmation: in memory alone, never stored."""

    def __init__(self) -> None:
        self._codes: OrderedDict[str, str] = OrderedDict()

    def keep(self, confirmation_id: str, code: str) -> None:
        """Keep a confirmation's code."""
        self._codes[confirmation_id] = code
        if len(self._codes) > OWN_CODES:
            self._codes.popitem(last=False)

    def get(self, confirmation_id: str) -> str | None:
        """Return the code, or None: it was lost by a restart."""
        return self._codes.get(confirmation_id)

    def forget(self, confirmation_id: str) -> None:
        """Forget the code, if there is one."""
        self._codes.pop(confirmation_id, None)


@frozen
class Means:
    """What every part of confirming works with. `key` makes and checks secrets and must not be in the database."""

    settings: ConfirmationSettings
    key: bytes
    gate: Gate
    ledger: Ledger
    test_numbers: TestNumbers
    own_codes: OwnCodes


class Course:
    """Drives confirmations through their steps to their one end. Every method runs inside a unit of work."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._settings = means.settings
        self.on_over: list[OnOver] = []

    def get(self, tx: Tx, confirmation_id: str) -> Confirmation:
        """Return the confirmation. Raises ConfirmationNotFoundError."""
        confirmation = store.find(tx, confirmation_id)
        if confirmation is None:
            raise ConfirmationNotFoundError(f"there is no confirmation {confirmation_id}")
        return confirmation

    def pending(self, tx: Tx, now: int, confirmation_id: str) -> Confirmation:
        """Return the confirmation as it stands at `now`: steps whose time is over have made way for the next.

        Raises ConfirmationNotFoundError, and ConfirmationOverError if it is over or its lifetime has passed.
        """
        confirmation = self.get(tx, confirmation_id)
        challenge.require_pending(confirmation, now)
        while not confirmation.over and confirmation.step_due_at is not None and now > confirmation.step_due_at:
            confirmation = self.time_out_step(tx, now, confirmation)
        challenge.require_pending(confirmation, now)
        return confirmation

    def snapshot(self, tx: Tx, confirmation: Confirmation) -> dict[str, Any]:
        """Return what the API and its notices show of a confirmation, as plain JSON; nobody may change it."""
        cost = self._means.ledger.total(tx, confirmation.id)
        # Of one unit's events several show the same.
        shown: dict[str, Any] | None
        of, at, shown = tx.known.get(("confirmation shown", confirmation.id)) or (None, None, None)
        if shown is None or of is not confirmation or at != cost:
            shown = showing.snapshot(confirmation, self._settings, cost)
            tx.known["confirmation shown", confirmation.id] = confirmation, cost, shown
        return shown

    def record(self, tx: Tx, now: int, confirmation: Confirmation, event: str, **more: Any) -> None:
        """Record an event that the confirmation's service is told of; `more` is for the journal alone."""
        told = self.snapshot(tx, confirmation)
        tx.record(
            now,
            f"confirmation.{event}",
            confirmation.id,
            service_id=confirmation.service_id,
            confirmation=told,
            **more,
        )

    def note(self, tx: Tx, now: int, confirmation: Confirmation, event: str, **data: Any) -> None:
        """Record an event that is for the journal alone."""
        tx.record(now, f"confirmation.{event}", confirmation.id, **data)

    def save(self, tx: Tx, now: int, confirmation: Confirmation, event: str | None, **more: Any) -> Confirmation:
        """Write what has become of a confirmation, and record `event` if there is one."""
        store.save(tx, confirmation)
        if event is not None:
            self.record(tx, now, confirmation, event, **more)
        return confirmation

    def over(self, tx: Tx, now: int, ended: Confirmation, **more: Any) -> Confirmation:
        """Write a confirmation that has just ended, with all that follows from it."""
        self.hang_up(tx, now, ended)
        if ended.own_code:
            claims.forget(tx, store.OWN_CODE, ended.id)
        self.save(tx, now, ended, ended.state, **more)
        self._means.gate.over(tx, now, ended)
        for hear in self.on_over:
            hear(tx, now, ended)
        return ended

    def hang_up(self, tx: Tx, now: int, confirmation: Confirmation) -> None:
        """Have the confirmation's call taken back at once, if there is one that has not ended."""
        call = None if confirmation.call is None else calls_store.find(tx, confirmation.call)
        if call is not None and call.over_at is None and not call.ending:
            calls_store.save(tx, replace(call, hang_up_at=now, ending=True))

    # Steps.

    def begin_first(self, tx: Tx, now: int, confirmation: Confirmation) -> Confirmation:
        """Begin the first step of a new confirmation; those that cannot be taken make way for the next ones.

        Raises CoolDownError, LimitedError or LockedError if nothing may be sent to the number now.
        """
        sends = METHODS[confirmation.steps[0].method].sends or confirmation.test
        begun = challenge.begin(confirmation, now, 0, sends=sends)
        self._means.gate.may_send(tx, now, begun)
        self._means.gate.sent(tx, now, begun)
        reserved = self.reserve(tx, now, begun)
        self._means.ledger.begin(tx, begun.id)
        store.add(tx, reserved or begun)
        self.record(tx, now, reserved or begun, "created")
        return reserved or self.fail_step(tx, now, begun, "no_access_number")

    def skip_step(self, tx: Tx, now: int, confirmation: Confirmation) -> Confirmation:
        """Go on to the next step, which there must be. Raises CoolDownError, LimitedError or LockedError."""
        self._means.gate.may_send(tx, now, self._following(now, confirmation))
        skipped = challenge.skip_step(confirmation, now)
        self.hang_up(tx, now, confirmation)
        self.save(tx, now, skipped, "step_ended")
        return self._go_on(tx, now, skipped)

    def time_out_step(self, tx: Tx, now: int, confirmation: Confirmation) -> Confirmation:
        """End the present step, whose time is over, and begin the next."""
        self.hang_up(tx, now, confirmation)
        timed_out = self.save(tx, now, challenge.time_out_step(confirmation, now), "step_ended")
        return self._go_on(tx, now, timed_out)

    def fail_step(
        self,
        tx: Tx,
        now: int,
        confirmation: Confirmation,
        outcome: str,
        error: int | None = None,
        event: str = "step_ended",
        **cause: Any,
    ) -> Confirmation:
        """End the present step with `outcome`, and begin the next; with the last one the confirmation has failed.

        One with an owner stays pending then: whether the user gets another way is the owner's decision. So does one of
        which nobody must learn that its number is nobody's.
        """
        cause = {"cause": outcome, **cause}
        if confirmation.on_last_step and policy.hides(outcome, self._settings):
            return self._miss(tx, now, confirmation, outcome, error, cause)
        failed = self.save(tx, now, challenge.fail_step(confirmation, now, outcome, error), event, **cause)
        return self._go_on(tx, now, failed)

    def _miss(
        self, tx: Tx, now: int, confirmation: Confirmation, outcome: str, error: int | None, cause: dict[str, Any]
    ) -> Confirmation:
        """Let the last step, which has failed, look like one whose code was sent, and say so once."""
        missed = challenge.miss(confirmation, now, outcome, error)
        if confirmation.send_state is SendState.SENT:
            # That was told when it was sent; what has become of it since is for the journal alone.
            self.note(tx, now, missed, "code_undelivered", **cause)
            return self.save(tx, now, missed, None)
        looking_sent = replace(missed, message_id=self.stand_in(confirmation))
        return self.save(tx, now, looking_sent, "code_sent", **cause)

    def stand_in(self, confirmation: Confirmation) -> str | None:
        """Return what stands for the SMSC's id of a code that must look sent; None for one that no SMS brings."""
        if METHODS[confirmation.method].way is not Way.SMS:
            return None
        return codes.derive(self._means.key, f"message {confirmation.id}", confirmation.generation, 8)

    def _go_on(self, tx: Tx, now: int, confirmation: Confirmation) -> Confirmation:
        """Begin the step after the present one, which has ended, or the first after it that can be taken."""
        gate = self._means.gate
        while not confirmation.on_last_step:
            confirmation = self._following(now, confirmation)
            try:
                gate.may_send(tx, now, confirmation)
            except WaitError as refusal:
                confirmation = challenge.fail_step(confirmation, now, "limited")
                self.save(tx, now, confirmation, "step_ended", cause="limited", retry_after=refusal.retry_after)
                continue
            gate.sent(tx, now, confirmation)
            reserved = self.reserve(tx, now, confirmation)
            if reserved is not None:
                return self.save(tx, now, reserved, "step_started")
            confirmation = challenge.fail_step(confirmation, now, "no_access_number")
            self.save(tx, now, confirmation, "step_ended", cause="no_access_number")
        if confirmation.owner is not None:
            return confirmation
        return self.over(tx, now, challenge.end(confirmation, now, Happening.SEND_REFUSED))

    def _following(self, now: int, confirmation: Confirmation) -> Confirmation:
        index = confirmation.step + 1
        sends = METHODS[confirmation.steps[index].method].sends or confirmation.test
        return challenge.begin(confirmation, now, index, sends=sends)

    def reserve(self, tx: Tx, now: int, confirmation: Confirmation) -> Confirmation | None:
        """Return the confirmation with what its present step needs before its user can act; None if none is free."""
        if confirmation.method != call_in.METHOD.name or confirmation.test:
            return confirmation
        numbers = self._settings.call_in.access_numbers
        if not numbers:
            return None
        others = store.waiting_for(tx, confirmation.phone_number, confirmation.method)
        taken = {other.access_number for other in others if other.id != confirmation.id}
        index = codes.derive_index(self._means.key, confirmation.id, confirmation.generation, len(numbers))
        chosen = call_in.choose(numbers, index, {number for number in taken if number is not None})
        return None if chosen is None else replace(confirmation, access_number=chosen)

    def put_off(self, tx: Tx, now: int, confirmation: Confirmation, again_at: int) -> Confirmation:
        """Have the code, which could not be handed over, tried again at `again_at`."""
        after = self.save(tx, now, challenge.put_off(confirmation, again_at), None)
        if not after.over:
            self.note(tx, now, after, "code_put_off", again_at=iso(again_at))
        return after
