"""The sending of codes: what is claimed for sending, and what the end of a sending makes of its confirmation."""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from itertools import islice
from typing import TypeAlias

from confirm import calls_store, challenge, codes, policy, store, texts
from confirm.calls_store import PlacedCall
from confirm.challenge import Confirmation, Happening, SendState
from confirm.course import Course, Means
from confirm.entropy import Pool
from confirm.methods import METHODS, flash_call
from confirm.methods.method import Way
from confirm.ports import ReceiptState, SmsReceipt
from smsc_emulator.base.database import Tx
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.frozen import frozen, replace

PARKED = 1_000
"""Receipts kept that came before the SMSC's answer to their SMS was stored."""


@frozen
class SmsSending:
    """An SMS to hand over."""

    claimed: Confirmation
    text: str
    """The code is in it."""


@frozen
class CallSending:
    """A call to place."""

    claimed: Confirmation
    call: str
    caller: str
    """The number to show; its last digits are the code."""


Sending: TypeAlias = SmsSending | CallSending


@frozen
class Taken:
    """The SMSC took the SMS."""

    message_id: str
    segments: int = 1
    """How many SMS the text took."""


@frozen
class Refused:
    """The SMSC refused the SMS for good with this command_status."""

    status: int


@frozen
class Unavailable:
    """Nothing was handed over: there is no way to the network just now."""


SendOutcome: TypeAlias = Taken | Refused | Unavailable


class CodeSends:
    """Claims codes for sending, and takes the outcomes. Every method runs inside a unit of work."""

    def __init__(self, course: Course, means: Means, randomness: Randomness) -> None:
        self._course = course
        self._means = means
        self._settings = means.settings
        self._key = means.key
        self._randomness = randomness
        self._parked: OrderedDict[str, SmsReceipt] = OrderedDict()

    def claim_sends(self, tx: Tx, now: int, not_by: Collection[str] = ()) -> list[Sending]:
        """Make ready each confirmation whose sending is due, and return what is to be sent.

        The methods `not_by` are for other nodes. Only the HMAC of a code is stored. What is claimed is submitted once,
        or never if the process dies first.
        """
        claims = (self._claim(tx, now, due) for due in store.to_send(tx, now, not_by))
        return [sending for sending in claims if sending is not None]

    def _claim(self, tx: Tx, now: int, due: Confirmation) -> Sending | None:
        if due.test:
            self._play(tx, now, due)
            return None
        if due.shadow:
            # There is no code, so that none can be guessed.
            looking_sent = challenge.sent(challenge.claim(due, ""), now, self._course.stand_in(due))
            self._course.save(tx, now, looking_sent, "code_sent")
            return None
        own = self._means.own_codes.get(due.id) if due.own_code else None
        if due.own_code and own is None:
            self._course.fail_step(tx, now, due, "code_lost")
            return None
        if METHODS[due.method].way is Way.CALL:
            return self._claim_call(tx, now, due, own)
        return self._claim_sms(tx, now, due, own)

    def _claim_sms(self, tx: Tx, now: int, due: Confirmation, own: str | None) -> Sending | None:
        digits = METHODS[due.method].digits(self._settings)
        code = own or codes.derive(self._key, due.id, due.generation, digits)
        claimed = challenge.claim(due, challenge.code_mac(self._key, due.id, code))
        store.save(tx, claimed)
        return SmsSending(claimed, texts.render(self._settings, due.template, due.locale, code, due.brand))

    def _claim_call(self, tx: Tx, now: int, due: Confirmation, own: str | None) -> Sending | None:
        if calls_store.is_ending(tx, due.phone_number):
            # The handset must not hear two calls at once for want of a moment; it is tried when that one has ended.
            store.save(tx, challenge.put_off(due, None))
            return None
        chosen = self._choose_caller(tx, now, due, own)
        if chosen is None:
            self._course.fail_step(tx, now, due, "no_caller_number")
            return None
        caller, probe = chosen
        self._mark_used(tx, now, due, caller)
        mac = challenge.code_mac(self._key, due.id, self._code_of(caller))
        number_mac = challenge.code_mac(self._key, due.id, flash_call.whole(caller))
        claimed = replace(challenge.claim(due, mac), number_mac=number_mac, probe=probe)
        return self._place(tx, now, claimed, caller)

    def _place(self, tx: Tx, now: int, claimed: Confirmation, caller: str) -> Sending:
        call = f"cll_{self._randomness.token(20)}"
        claimed = replace(claimed, call=call)
        calls_store.add(
            tx,
            PlacedCall(
                id=call,
                confirmation_id=claimed.id,
                service_id=claimed.service_id,
                phone_number=claimed.phone_number,
                placed_at=now,
                hang_up_at=now + policy.CALL_LIMIT,
            ),
        )
        store.save(tx, claimed)
        self._course.note(tx, now, claimed, "call_placed", call=call)
        return CallSending(claimed, call, caller)

    def _choose_caller(self, tx: Tx, now: int, due: Confirmation, own: str | None) -> tuple[str, int] | None:
        """Return a number that the handset can be called from, and how many were passed over for it.

        Never one that is open for this handset, or was within the quarantine, and never one whose code is that of
        another call that is open for it; whoever calls, for whichever service.
        """
        pool = Pool(self._settings.flash_call.callers)
        index = codes.derive_index(self._key, due.id, due.generation, len(pool))

        def candidates() -> Iterator[str]:
            return flash_call.from_place(pool, index) if own is None else pool.ending_in(own)

        if due.probe is not None:  # the same code goes again
            same = next(islice(candidates(), due.probe, None), None)
            if same and due.code_mac in (None, challenge.code_mac(self._key, due.id, self._code_of(same))):
                return same, due.probe
        in_use = calls_store.in_use(tx, due.phone_number, now)
        return flash_call.choose(candidates(), lambda number: not in_use.isdisjoint(self._used_macs(due, number)))

    def _mark_used(self, tx: Tx, now: int, due: Confirmation, caller: str) -> None:
        of_caller, of_code = self._used_macs(due, caller)
        number = due.phone_number
        until = due.expires_at if due.step_due_at is None else due.step_due_at
        calls_store.use(tx, number, of_caller, now, until + self._settings.flash_call.quarantine)
        calls_store.use(tx, number, of_code, now, until)

    def _used_macs(self, due: Confirmation, caller: str) -> tuple[str, str]:
        number = due.phone_number
        return codes.mac(self._key, "caller", number, caller), codes.mac(
            self._key, "shown", number, self._code_of(caller)
        )

    def _code_of(self, caller: str) -> str:
        return caller[-self._settings.flash_call.digits :]

    def _play(self, tx: Tx, now: int, due: Confirmation) -> None:
        """Do with a test number what is fixed for it. Nothing is sent."""
        fixed = self._means.test_numbers.find(due.phone_number, now)
        code = fixed.code if fixed is not None and fixed.outcome == "answer" else None
        mac = "" if code is None else challenge.code_mac(self._key, due.id, code)
        played = challenge.claim(due, mac)
        match None if fixed is None else fixed.outcome:
            case "send_failed":
                self._course.fail_step(tx, now, played, "failed", event="code_refused")
            case "confirmed":
                proof = challenge.Proof(due.method, "test", None, now)
                self._course.over(tx, now, challenge.prove(played, now, proof))
            case "too_many_attempts":
                failed = replace(played, failures=played.attempts)
                self._course.over(tx, now, challenge.end(failed, now, Happening.LAST_TRY_WRONG))
            case _:
                self._course.save(tx, now, challenge.sent(played, now, None), "code_sent")

    # What comes back from the SMSC.

    def send_ended(self, tx: Tx, now: int, claimed: Confirmation, outcome: SendOutcome) -> Confirmation:
        """Return the confirmation after the SMS it was claimed for has ended with `outcome` at `now`.

        Nothing but the cost changes if another code, or the next step, has been asked for meanwhile.
        """
        before = self._course.get(tx, claimed.id)
        if isinstance(outcome, Taken):
            reference = f"sms:{claimed.id}:{claimed.codes}"
            self._means.ledger.charge(
                tx, now, claimed.service_id, claimed.id, "sms", reference=reference, quantity=outcome.segments
            )
        if before.codes != claimed.codes or before.send_state is not SendState.SUBMITTING:
            return before
        match outcome:
            case Taken(message_id, _):
                after = self._course.save(tx, now, challenge.sent(before, now, message_id), "code_sent")
                # It is let go after the commit: the unit may run again.
                parked = self._parked.get(message_id)
                return after if parked is None or after.over else self._received(tx, now, after, parked)
            case Unavailable():
                return self._course.put_off(tx, now, before, now + policy.SEND_AGAIN)
            case Refused(status):
                return self._refused(tx, now, before, status)

    def send_kept(self, outcome: SendOutcome) -> None:
        """Take that the unit of `send_ended` was committed."""
        if isinstance(outcome, Taken):
            self._parked.pop(outcome.message_id, None)

    def _refused(self, tx: Tx, now: int, before: Confirmation, status: int) -> Confirmation:
        if before.over:
            return self._course.save(tx, now, replace(before, send_state=SendState.REFUSED, send_error=status), None)
        outcome = "nobody" if status in policy.NO_SUCH_NUMBER else "refused"
        return self._course.fail_step(tx, now, before, outcome, status, event="code_refused", command_status=status)

    def receipt(self, tx: Tx, now: int, receipt: SmsReceipt) -> Confirmation | None:
        """Take a final receipt, and return what it makes of the confirmation of its SMS; None if it is of none.

        One about an older code says nothing. One that comes before the SMSC's answer was stored waits for that.
        """
        found = store.of_message(tx, receipt.message_id)
        if found is None:
            self._parked[receipt.message_id] = receipt
            if len(self._parked) > PARKED:
                self._parked.popitem(last=False)
            return None
        if found.over or found.send_state is not SendState.SENT:
            return found
        return self._received(tx, now, found, receipt)

    def _received(self, tx: Tx, now: int, confirmation: Confirmation, receipt: SmsReceipt) -> Confirmation:
        if receipt.state is ReceiptState.DELIVERED:
            if confirmation.present.outcome == "delivered":
                return confirmation
            delivered = challenge.note(confirmation, "delivered")
            if self._settings.reveal_numbers:
                return self._course.save(tx, now, delivered, "code_delivered")
            # That somebody got it tells that the number exists: it is for the journal alone.
            self._course.note(tx, now, delivered, "code_delivered")
            return self._course.save(tx, now, delivered, None)
        if receipt.state not in policy.UNDELIVERED:
            return confirmation
        return self._course.fail_step(
            tx, now, confirmation, "undelivered", receipt_state=receipt.state.value, receipt_error=receipt.error
        )
