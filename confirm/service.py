"""Confirmations as acts on the database: what a service and its user do.

`start`, `check`, `next`, `resend`, `cancel` and `get` run inside a unit of work, one's own or that of something larger
that a confirmation is a part of; they read no clock. After the unit that started a confirmation or asked for another
code, await `send_settled`: it wakes the sending and waits until nothing is in doubt any more.

What the networks report is taken by `inbound.Reports`, what is sent by `sending.CodeSends`; both are reached by the
names that they have here, and drive confirmations through the same `course.Course`.
"""

import hmac
from collections.abc import Callable
from typing import Any

from confirm import challenge, policy, showing, store, texts, workflow
from confirm.challenge import Confirmation, Happening, State
from confirm.course import Course, Means, OwnCodes
from confirm.errors import (
    ConfirmationNotFoundError,
    ConfirmationOwnedError,
    NoNextStepError,
    NothingToCheckError,
    OwnCodeError,
    PendingConfirmationError,
    ResendTooSoonError,
)
from confirm.gate import Gate
from confirm.inbound import Reports
from confirm.ledger import Ledger
from confirm.methods import METHODS, sms_code
from confirm.methods.method import Way
from confirm.sending import CodeSends
from confirm.settings import ConfirmationSettings
from confirm.test_numbers import TestNumbers
from confirm.workflow import Step, Wish
from smsc_emulator.base import claims
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import whole_seconds
from smsc_emulator.base.journal import Event
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.base.watch import Watch
from smsc_emulator.frozen import replace

ENDS = frozenset(f"confirmation.{state}" for state in State if state is not State.PENDING)
"""Events of a confirmation that is over."""

LEAVES_DUE = frozenset({"confirmation.step_started", "confirmation.code_put_off", "confirmation.call_ended"})
"""Events that leave something due. So does every event of a confirmation by call: a ringing call ends with it."""


class ConfirmService:
    """Starts, checks and ends confirmations.

    `key` derives each code and makes its HMAC, and must not be in the database. `wake` tells the ticker of new
    deadlines. `randomness` names confirmations and calls.
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
        self.ring = settings.flash_call.ring
        """How long a call rings, in milliseconds of lab time."""
        self.gate = Gate(settings)
        self.ledger = Ledger(settings.tariffs)
        self._test_numbers = TestNumbers(settings.test_numbers or ())
        self._own_codes = OwnCodes()
        means = Means(settings, key, self.gate, self.ledger, self._test_numbers, self._own_codes)
        self._course = Course(means)
        self.on_over = self._course.on_over
        """Those who hear of each end in its transaction. A start may so tell of an older confirmation that it replaces,
        before it has returned the new one."""
        self.get = self._course.get
        self.snapshot = self._course.snapshot

        sends = CodeSends(self._course, means, randomness)
        self.claim_sends = sends.claim_sends
        self.send_ended = sends.send_ended
        self.send_kept = sends.send_kept
        self.receipt = sends.receipt

        reports = Reports(self._course, means)
        self.call_report = reports.call_report
        self.call_unplaced = reports.call_unplaced
        self.ring_ends = reports.ring_ends
        self.hung_up = reports.hung_up
        self.calls_in_line: set[str] = set()
        """Calls that were claimed and wait for their turn to be placed; who hangs one up takes it out."""
        self.inbound_call = reports.inbound_call
        self.inbound_sms = reports.inbound_sms

        self.holds: Callable[[Way], bool] = lambda _way: True
        """Whether this node, of those that share the database, is the one that sends by a way."""
        database.journal.subscribe(self._committed, runs=False)
        database.followers.append(self._committed_elsewhere)

    def start(self, tx: Tx, now: int, wish: Wish) -> Confirmation:
        """Start a confirmation; its code is sent as soon as the unit is committed and the ticker awake.

        What becomes of the service's pending one of the same number is a setting. Those without an owner and those
        with one do not concern each other, and an owned one is always replaced. One with an owner that has failed to
        reach its user in every step stays pending, one without has failed.

        Raises OwnCodeError, UnknownTemplateError, PendingConfirmationError, ResendTooSoonError (the same code again),
        NumberRefusedError, ChallengeRequiredError, LockedError, CoolDownError and LimitedError.
        """
        steps = workflow.steps(wish.workflow, self._settings)
        self._require_sendable(wish, steps)
        earlier = store.of_number(tx, wish.service_id, wish.phone_number, now - policy.MEMORY)
        open_ones = [one for one in earlier if not one.over and (one.owner is None) == (wish.owner is None)]
        again = self._second_start(tx, now, wish, [one for one in open_ones if now <= one.expires_at])
        if again is not None:
            return again
        is_test = self._test_numbers.find(wish.phone_number, now) is not None
        shadow = not is_test and self.gate.admit(tx, now, wish).shadow
        confirmation = Confirmation(
            id=f"cnf_{self._randomness.token(20)}",
            service_id=wish.service_id,
            phone_number=wish.phone_number,
            method=steps[0].method,
            owner=wish.owner,
            ordinal=1 + max((other.ordinal for other in earlier), default=0),
            attempts=self._settings.attempts,
            failures=policy.inherited_failures(earlier, now),
            created_at=now,
            expires_at=now,
            requested_at=now,
            steps=steps,
            locale=wish.locale,
            template=wish.template,
            brand=wish.brand,
            client_address=wish.client_address,
            test=is_test,
            shadow=shadow,
            own_code=wish.code is not None,
        )
        if wish.owner is not None or self._settings.second_start != "independent":
            for other in open_ones:
                self._course.over(tx, now, challenge.end(other, now, Happening.REPLACED))
        begun = self._course.begin_first(tx, now, confirmation)
        if wish.code is not None and not begun.over:
            self._keep(tx, begun.id, wish.code)
        return begun

    def _keep(self, tx: Tx, confirmation_id: str, code: str) -> None:
        """Keep a service's own code, and let the other nodes know that this one has it."""
        self._own_codes.keep(confirmation_id, code)
        claims.forget(tx, store.OWN_CODE, confirmation_id)
        claims.take(tx, store.OWN_CODE, [confirmation_id])

    def _require_sendable(self, wish: Wish, steps: tuple[Step, ...]) -> None:
        texts.choose(self._settings, wish.template, wish.locale)
        if wish.code is not None:
            self._require_own_code(wish.code, [step.method for step in steps])

    def _require_own_code(self, code: str, methods: list[str]) -> None:
        if not any(METHODS[method].sends for method in methods):
            raise OwnCodeError("no method asked for sends a code")
        for method in methods:
            if not METHODS[method].takes(code, self._settings):
                raise OwnCodeError(f"{method} cannot carry this code")
            if not self.holds(METHODS[method].way):
                raise OwnCodeError(f"another gateway holds the link of {method}, and must not be told the code")

    def for_others(self) -> frozenset[str]:
        """Return the methods by which other nodes send now."""
        return frozenset(name for name, method in METHODS.items() if not self.holds(method.way))

    def _second_start(self, tx: Tx, now: int, wish: Wish, open_ones: list[Confirmation]) -> Confirmation | None:
        """Return the open confirmation that a second start goes on with; None if a new one is to be started.

        Raises PendingConfirmationError where the settings say that it conflicts, and what `resend` may raise.
        """
        if wish.owner is not None or not open_ones:
            return None
        last = max(open_ones, key=lambda one: one.ordinal)
        match self._settings.second_start:
            case "conflict":
                raise PendingConfirmationError("a confirmation of this number is open", last.id)
            case "same_code":
                return self._send_again(tx, now, last.id, wish.code, same=wish.code is None)
            case "new_code":
                return self._send_again(tx, now, last.id, wish.code, same=False)
            case _:
                return None

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

    def instructions(self, confirmation: Confirmation) -> dict[str, Any] | None:
        """Return what the user must know to prove his number now; None if nothing is waited for.

        It may hold the token of an SMS that he is to send: it is for answers, never for events or logs.
        """
        return showing.instructions(confirmation, self._settings, self._key)

    def check(self, tx: Tx, now: int, confirmation_id: str, answer: str, source: str = "typed") -> Confirmation:
        """Return the confirmation after `answer` came back at `now`: confirmed, one try poorer, or failed.

        `source` says who gave it: typed, by the user, or intercepted, by an application on his phone. Raises
        ConfirmationOverError, ConfirmationNotFoundError, NothingToCheckError for a step that the user answers
        otherwise, and LockedError.
        """
        before = self._course.pending(tx, now, confirmation_id)
        method = METHODS[before.method]
        if not method.sends and not before.test:
            raise NothingToCheckError(f"{before.method} is not answered by a code")
        self.gate.may_answer(tx, now, before)
        read = sms_code.read if before.test else method.read
        meant = read(answer, method.digits(self._settings))
        after = challenge.check(before, now, challenge.code_mac(self._key, before.id, meant), source)
        if after.failures > before.failures:
            self.gate.failed(tx, now, after)
            self._course.record(tx, now, after, "check_failed")
        return self._course.over(tx, now, after) if after.over else self._course.save(tx, now, after, None)

    def next(self, tx: Tx, now: int, confirmation_id: str) -> Confirmation:
        """Leave the present step, whose secret is dead at once, and begin the next; the failures stay.

        Raises NoNextStepError, ConfirmationOverError, ConfirmationNotFoundError, LockedError, CoolDownError and
        LimitedError.
        """
        before = self._course.pending(tx, now, confirmation_id)
        if before.on_last_step:
            raise NoNextStepError(f"{before.method} is the last step")
        return self._course.skip_step(tx, now, before)

    def resend(self, tx: Tx, now: int, confirmation_id: str, code: str | None = None) -> Confirmation:
        """Ask for another code, or another place to call, for the present step, which begins anew with it.

        The old one is dead at once, the failures stay. `code` is the service's own. Raises ResendTooSoonError inside
        the gap, ConfirmationOverError, ConfirmationNotFoundError, OwnCodeError, LockedError, CoolDownError and
        LimitedError.
        """
        return self._send_again(tx, now, confirmation_id, code, same=False)

    def _send_again(self, tx: Tx, now: int, confirmation_id: str, code: str | None, *, same: bool) -> Confirmation:
        before = self._course.pending(tx, now, confirmation_id)
        wait = policy.resend_wait(before, now, self._settings.resend_gap)
        if wait:
            seconds = whole_seconds(wait)
            raise ResendTooSoonError(f"another code may be sent in {seconds} s", seconds)
        if code is not None:
            self._require_own_code(code, [step.method for step in before.steps[before.step :]])
            # A number of the pool that ends in it may be the only one: what is asked for again is sent again.
            same = self._is_present(before, code)
        self.gate.may_send(tx, now, before)
        if code is not None:
            self._keep(tx, before.id, code)
        self._course.hang_up(tx, now, before)
        sends = METHODS[before.method].sends or before.test
        queued = challenge.queue(before, now, sends=sends, same=same)
        if not same:
            queued = replace(queued, own_code=code is not None)
        self.gate.sent(tx, now, queued)
        reserved = queued if same else self._course.reserve(tx, now, queued)
        if reserved is None:
            return self._course.fail_step(tx, now, queued, "no_access_number")
        return self._course.save(tx, now, reserved, None)

    def _is_present(self, confirmation: Confirmation, own: str) -> bool:
        """Return whether the service's code is the one that the confirmation has already."""
        mac = challenge.code_mac(self._key, confirmation.id, own)
        return hmac.compare_digest(confirmation.code_mac or "", mac) or self._own_codes.get(confirmation.id) == own

    def cancel(self, tx: Tx, now: int, confirmation_id: str) -> Confirmation:
        """End the confirmation unanswered. Raises ConfirmationOverError, ConfirmationNotFoundError."""
        before = self.get(tx, confirmation_id)
        challenge.require_pending(before, now)
        return self._course.over(tx, now, challenge.end(before, now, Happening.CANCEL_REQUESTED))

    def step_times(self, tx: Tx, now: int) -> None:
        """Begin the next step of all whose present one's time is over at `now`.

        Where a process was away until the lifetime was over too, nobody waits for another step.
        """
        for confirmation in store.to_advance(tx, now):
            if now > confirmation.expires_at:
                self._course.over(tx, now, challenge.end(confirmation, now, Happening.LIFETIME_OVER))
            else:
                self._course.time_out_step(tx, now, confirmation)

    def expire(self, tx: Tx, now: int) -> None:
        """End all whose lifetime is over at `now`."""
        for confirmation in store.to_expire(tx, now):
            self._course.over(tx, now, challenge.end(confirmation, now, Happening.LIFETIME_OVER))

    async def send_settled(self, confirmation_id: str, *, seconds: float = 2.0) -> Confirmation:
        """Have what is due sent, and return the confirmation once its last code has been, or cannot be for now.

        Of a call only that it was placed is waited for. After `seconds` of real time the confirmation is returned as it
        is. Raises ConfirmationNotFoundError.
        """
        self.wake()
        return await self._watch.until(
            confirmation_id,
            seconds,
            lambda: self._database.run(lambda tx: self.get(tx, confirmation_id)),
            lambda confirmation: confirmation.send_settled,
        )

    def _committed(self, event: Event) -> None:
        """Wake the ticker after the commit of what leaves something due, whoever ran the unit."""
        if event.type in ENDS:
            self._own_codes.forget(event.subject)
        told = event.data.get("confirmation")
        by_call = told is not None and event.type.startswith("confirmation.") and told.get("call") is not None
        if by_call or event.type in LEAVES_DUE:
            self.wake()

    def _committed_elsewhere(self, event: Event) -> None:
        """Wake the ticker after what another node has committed: a code that it asked for may be for this one."""
        if event.type.startswith("confirmation."):
            self.wake()
