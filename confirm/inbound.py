"""What the networks report: the fate of calls that show codes, and the calls and SMS of users who prove their numbers.

Reports come late, twice, in any order, or never. So each is held against the row of its call: what is over stays over,
and a call that is not the present step's changes nothing but what it costs.
"""

from collections.abc import Sequence

from confirm import calls_store, challenge, policy, showing, store
from confirm.calls_store import PlacedCall
from confirm.challenge import Confirmation, Proof, SendState
from confirm.course import Course, Means
from confirm.errors import ConfirmationOverError
from confirm.methods import call_in, flash_call, mo_sms
from confirm.ports import CallFate, CallReport, InboundCall, InboundSms, Trust
from smsc_emulator.base.database import Tx
from smsc_emulator.frozen import replace


class Reports:
    """Takes what the networks tell. Every method runs inside a unit of work."""

    def __init__(self, course: Course, means: Means) -> None:
        self._course = course
        self._means = means
        self._settings = means.settings

    # Calls that show codes.

    def call_report(self, tx: Tx, now: int, report: CallReport) -> None:
        """Take what has happened to an outgoing call; of an unknown one nothing is known."""
        call = calls_store.find(tx, report.call)
        if call is None:
            return
        if report.billable_seconds:
            self._charge(tx, now, call, report.billable_seconds)
        if call.over_at is not None:
            return
        match report.fate:
            case CallFate.RINGING:
                self._ringing(tx, now, call)
            case CallFate.DIVERTED:
                self._diverted(tx, now, call)
            case _:
                self._call_over(tx, now, call, report.fate, report)

    def call_unplaced(self, tx: Tx, now: int, call_id: str) -> None:
        """Take that a call was surely not placed: it is tried again."""
        call = calls_store.find(tx, call_id)
        if call is None or call.over_at is not None:
            return
        self._close(tx, now, call, None)
        confirmation = self._shown_by(tx, call)
        if confirmation is not None:
            self._course.put_off(tx, now, confirmation, now + policy.SEND_AGAIN)

    def ring_ends(self, tx: Tx, now: int) -> list[str]:
        """Return the calls that are to be hung up by `now`."""
        due = calls_store.to_hang_up(tx, now)
        for call in due:
            calls_store.save(tx, replace(call, ending=True, hang_up_at=now + policy.HANG_UP_AGAIN))
        return [call.id for call in due]

    def hung_up(self, tx: Tx, now: int, call_id: str) -> None:
        """Take that a call was hung up, and has ended or was unknown, unless something else was reported before."""
        call = calls_store.find(tx, call_id)
        if call is not None and call.over_at is None:
            self._call_over(tx, now, call, CallFate.CANCELLED, None)

    def _ringing(self, tx: Tx, now: int, call: PlacedCall) -> None:
        if call.rang_at is not None:
            return
        # It costs from here on, so that whoever answers at the first ring sees what it has cost.
        self._charge(tx, now, call, 0)
        calls_store.save(tx, replace(call, rang_at=now, hang_up_at=self._ring_end(now, call)))
        confirmation = self._shown_by(tx, call)
        if confirmation is not None and confirmation.send_state is SendState.SUBMITTING:
            self._course.save(tx, now, challenge.sent(confirmation, now, None), "code_sent")

    def _diverted(self, tx: Tx, now: int, call: PlacedCall) -> None:
        """Note that the network goes on without ringing; it may still ring within the usual time."""
        if call.rang_at is None and not call.diverted:
            calls_store.save(tx, replace(call, diverted=True, hang_up_at=self._ring_end(now, call)))
            self._course.note(tx, now, self._course.get(tx, call.confirmation_id), "call_diverted", call=call.id)

    def _ring_end(self, now: int, call: PlacedCall) -> int | None:
        """Return when the call is to be hung up; one that is being hung up already has its time."""
        return call.hang_up_at if call.ending else now + self._settings.flash_call.ring

    def _call_over(self, tx: Tx, now: int, call: PlacedCall, fate: CallFate, report: CallReport | None) -> None:
        rang = call.rang_at is not None
        self._close(tx, now, call, fate)
        if fate is not CallFate.CONGESTED:
            self._charge(tx, now, call, 0)
        outcome = flash_call.outcome(fate, rang=rang, diverted=call.diverted)
        told = {"status": None if report is None else report.status, "cause": None if report is None else report.cause}
        tx.record(
            now, "confirmation.call_ended", call.confirmation_id, call=call.id, fate=fate.value, outcome=outcome, **told
        )
        confirmation = self._shown_by(tx, call)
        if confirmation is None:
            return
        if rang:
            self._course.save(tx, now, challenge.note(confirmation, outcome), None)
        elif outcome == "congested" and confirmation.tries + 1 < policy.CALL_TRIES:
            tried = replace(confirmation, tries=confirmation.tries + 1)
            self._course.put_off(tx, now, tried, now + policy.SEND_AGAIN)
        else:
            self._course.fail_step(tx, now, confirmation, outcome, told["status"])

    def _close(self, tx: Tx, now: int, call: PlacedCall, fate: CallFate | None) -> None:
        """Note that a call has ended; calls to its number that waited for that are due now."""
        calls_store.save(
            tx, replace(call, over_at=now, hang_up_at=None, ending=False, fate=None if fate is None else fate.value)
        )
        if not calls_store.is_ending(tx, call.phone_number):
            for held in store.held_back(tx, call.phone_number):
                store.save(tx, replace(held, send_due_at=now))

    def _shown_by(self, tx: Tx, call: PlacedCall) -> Confirmation | None:
        """Return the confirmation whose present code the call shows, or None: it is over, or has gone on."""
        confirmation = self._course.get(tx, call.confirmation_id)
        return None if confirmation.over or confirmation.call != call.id else confirmation

    def _charge(self, tx: Tx, now: int, call: PlacedCall, seconds: int) -> None:
        """Charge the call, or the seconds for which it was answered."""
        self._means.ledger.charge(
            tx,
            now,
            call.service_id,
            call.confirmation_id,
            "call",
            reference=f"call:{call.id}:seconds" if seconds else f"call:{call.id}",
            quantity=0 if seconds else 1,
            billable_seconds=seconds,
        )

    # Calls and SMS of users.

    def inbound_call(self, tx: Tx, now: int, call: InboundCall) -> Confirmation | None:
        """Return the confirmation that a user's call proves; None if it proves none.

        One that is late, repeated, from a number that nobody can be sure of, or about nothing changes nothing.
        """
        if call.caller is None:
            self._withheld(tx, now, call)
            return None
        waiting = self._waiting(tx, now, call.caller, call_in.METHOD.name)
        found = next((one for one in waiting if one.access_number == call.access_number), None)
        if found is None:
            return None
        return self._prove(tx, now, found, "call", call.trust, self._settings.call_in.least_trust)

    def inbound_sms(self, tx: Tx, now: int, sms: InboundSms) -> Confirmation | None:
        """Return the confirmation that a user's SMS proves; None if it proves none.

        A wrong token is no failure of the user's: anybody may send SMS. Repeated and late ones change nothing.
        """
        short_code = self._settings.mo_sms.short_code.removeprefix("+")
        if sms.sender is None or sms.short_code.removeprefix("+") != short_code:
            return None
        # All are looked at, so that the time does not tell which one it was.
        held = [
            one
            for one in self._waiting(tx, now, sms.sender, mo_sms.METHOD.name)
            if mo_sms.holds(sms.text, showing.token_of(one, self._settings, self._means.key))
        ]
        if not held:
            return None
        return self._prove(tx, now, held[0], "sms", sms.trust, self._settings.mo_sms.least_trust)

    def _waiting(self, tx: Tx, now: int, phone_number: str, method: str) -> Sequence[Confirmation]:
        """Return the confirmations of a number that wait at `now` for what `method` asks of the user."""
        waiting = []
        for one in store.waiting_for(tx, phone_number, method):
            try:
                present = self._course.pending(tx, now, one.id)
            except ConfirmationOverError:
                continue
            if present.method == method and not present.test and not present.shadow:
                waiting.append(present)
        return waiting

    def _prove(
        self, tx: Tx, now: int, confirmation: Confirmation, source: str, trust: Trust, least: Trust
    ) -> Confirmation | None:
        if not policy.is_trusted(trust, least):
            self._course.note(tx, now, confirmation, "unproven", reason=trust.value, source=source)
            return None
        proof = Proof(confirmation.method, source, trust.value, now)
        return self._course.over(tx, now, challenge.prove(confirmation, now, proof))

    def _withheld(self, tx: Tx, now: int, call: InboundCall) -> None:
        """Record a call that shows no number: of the confirmation that waits on the access number, if it is one."""
        waiting = store.on_access_number(tx, call.access_number)
        subject = waiting[0].id if len(waiting) == 1 else call.access_number
        tx.record(now, "confirmation.unproven", subject, reason="withheld", source="call")
