"""The codes of identified users in the operators' registers: made, handed over, taken back.

Each act runs in the unit of work that stores what it follows from.
"""

from collections.abc import Mapping

from gateway.identification import codes
from gateway.identification.attempt import Attempt, State
from gateway.identification.codes import Code
from gateway.identification.profiles import Schedule
from gateway.lookup import outbox
from gateway.lookup.outbox import OperatorMessage
from smsc_emulator.base.database import Tx
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.frozen import replace

CODE_LENGTH = 24
"""Characters of an identification code. The acts leave its form open; this is opaque, and 120 bits are not guessed."""


class Entries:
    """Hands codes over to the operators and takes them back.

    `service_names` are the services' names for people, as the register shows them. `randomness` is drawn from on the
    database's thread only.
    """

    def __init__(self, schedule: Schedule, service_names: Mapping[str, str], randomness: Randomness) -> None:
        self._schedule = schedule
        self._service_names = service_names
        self._randomness = randomness

    def name_of(self, service_id: str) -> str:
        """Return the service's name for people."""
        return self._service_names.get(service_id, service_id)

    def issue(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Make a code that goes along with the query to come."""
        return replace(attempt, identification_code=self._new_code(tx))

    def hand_over(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Have a code entered in the register of the operator that was asked: a new one, or one made before."""
        operator_id, request_id, code = attempt.operator_id, attempt.request_id, attempt.identification_code
        assert operator_id is not None
        assert request_id is not None
        if code is None and self._schedule.of(attempt.profile, now).code_assigned_by == "service":
            code = self._new_code(tx)
            attempt = replace(attempt, identification_code=code)
            self.issued(tx, now, attempt)
        outbox.hand_over(
            tx,
            now,
            request_id=request_id,
            attempt_id=attempt.id,
            operator_id=operator_id,
            service_id=attempt.service_id,
            service_name=self.name_of(attempt.service_id),
            phone_number=attempt.phone_number,
            code=code,
        )
        return attempt

    def issued(self, tx: Tx, now: int, attempt: Attempt) -> None:
        """Note that the attempt's code is out: from now on it is in force, and never used again."""
        assert attempt.operator_id is not None
        assert attempt.request_id is not None
        assert attempt.identification_code is not None
        new = Code(
            attempt.identification_code,
            attempt.id,
            attempt.service_id,
            attempt.phone_number,
            attempt.operator_id,
            attempt.request_id,
            now,
        )
        codes.add(tx, new)

    def acknowledged(self, tx: Tx, now: int, attempt: Attempt, message: OperatorMessage, made: str | None) -> None:
        """Note that an operator has a code in its register; `made` is one that it made itself.

        One that was made for an attempt that is over without a binding is taken back at once.
        """
        if message.body.get("code") is None and made is not None and codes.find(tx, made) is None:
            self.issued(tx, now, replace(attempt, identification_code=made, request_id=message.request_id))
            if attempt.state.over and attempt.state is not State.IDENTIFIED:
                self.take_back(tx, now, made, attempt.state.value.lower())
        known = codes.of_request(tx, message.request_id)
        if known is not None:
            codes.entered(tx, now, known.code)

    def void(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Take the attempt's code back, if it has one: the attempt has ended without a binding, or asks afresh."""
        if attempt.identification_code is None:
            return attempt
        reason = attempt.reason.value if attempt.reason else attempt.state.value.lower()
        self.take_back(tx, now, attempt.identification_code, reason if attempt.state.over else "out_of_date")
        if attempt.state is State.ROUTING:
            return replace(attempt, identification_code=None, entry_id=None)
        return attempt

    def take_back(self, tx: Tx, now: int, code: str | None, reason: str) -> None:
        """Have a code's entry voided, if the code is in force."""
        known = None if code is None else codes.find(tx, code)
        if known is not None and codes.over(tx, now, known.code, "void"):
            self._send_void(tx, now, known, reason)

    def end(self, tx: Tx, now: int, known: Code) -> None:
        """Note that the contract of a code has ended; one that is on its way to the register is taken back."""
        codes.ended(tx, now, known.code)
        if known.entered_at is None:
            self._send_void(tx, now, known, "ended")

    def take_back_again(self, tx: Tx, now: int, request_id: str, code: str) -> None:
        """Void a code whose entry was made after the code was taken back: by an answer that came too late."""
        known = codes.find(tx, code)
        if known is not None and known.over_at is not None and known.request_id == request_id:
            self._send_void(tx, now, known, "late", again=True)

    def _send_void(self, tx: Tx, now: int, known: Code, reason: str, *, again: bool = False) -> None:
        outbox.void(
            tx,
            now,
            request_id=known.request_id,
            attempt_id=known.attempt_id,
            operator_id=known.operator_id,
            code=known.code,
            reason=reason,
            again=again,
        )

    def _new_code(self, tx: Tx) -> str:
        while codes.find(tx, code := self._randomness.token(CODE_LENGTH).upper()) is not None:
            pass
        return code
