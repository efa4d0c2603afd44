"""The code of an identified user in the operator's register, and the binding that stands on it.

Each act is an effect of the attempt's machine and runs in the unit of work that stores the attempt's new state.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.identification import bindings, store
from gateway.identification.attempt import Attempt
from gateway.identification.bindings import Binding
from gateway.lookup import outbox
from smsc_emulator.base.database import Tx
from smsc_emulator.base.randomness import Randomness

CODE_LENGTH = 24
"""Characters of an identification code. The acts leave its form open; this is opaque, and 120 bits are not guessed."""


class Entries:
    """Hands codes over to the operators and takes them back, and binds the users whom they identify.

    `service_names` are the services' names for people, as the register shows them. `randomness` is drawn from on the
    database's thread only.
    """

    def __init__(self, service_names: Mapping[str, str], randomness: Randomness) -> None:
        self._service_names = service_names
        self._randomness = randomness

    def hand_over(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Have a new code entered in the register of the operator that was asked."""
        assert attempt.operator_id is not None
        assert attempt.request_id is not None
        code = self._new_code(tx)
        outbox.hand_over(
            tx,
            now,
            request_id=attempt.request_id,
            attempt_id=attempt.id,
            operator_id=attempt.operator_id,
            service_id=attempt.service_id,
            service_name=self._service_names.get(attempt.service_id, attempt.service_id),
            phone_number=attempt.phone_number,
            code=code,
        )
        return replace(attempt, identification_code=code)

    def void(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Take the attempt's code back, since the attempt has ended without a binding."""
        self._void(tx, now, attempt, attempt.reason.value if attempt.reason else attempt.state.value.lower())
        return attempt

    def activate(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Bind the user; whoever was bound to the number in this service before is so no more, and his code is void."""
        number, active = attempt.phone_number, bindings.State.ACTIVE
        for previous in store.list_bindings(tx, attempt.service_id, phone_number=number, state=active):
            closed = bindings.close(previous, now, "replaced")
            store.save_binding(tx, closed)
            self._record(tx, now, closed, "closed")
            self._void_former(tx, now, previous)
        binding = bindings.activate(attempt, f"bnd_{self._randomness.token(20)}", now)
        store.add_binding(tx, binding)
        self._record(tx, now, binding, "active")
        return replace(attempt, binding_id=binding.id)

    def note(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Note the register's entry, which came after the attempt was over."""
        assert attempt.binding_id is not None
        binding = store.find_binding(tx, attempt.binding_id)
        assert binding is not None
        entered = replace(binding, entry_id=attempt.entry_id, updated_at=now)
        store.save_binding(tx, entered)
        self._record(tx, now, entered, "entered")
        return attempt

    def _new_code(self, tx: Tx) -> str:
        while store.code_is_taken(tx, code := self._randomness.token(CODE_LENGTH).upper()):
            pass
        return code

    def _void_former(self, tx: Tx, now: int, binding: Binding) -> None:
        former = store.find(tx, binding.attempt_id)
        assert former is not None
        self._void(tx, now, former, "replaced")

    def _void(self, tx: Tx, now: int, attempt: Attempt, reason: str) -> None:
        assert attempt.operator_id is not None
        assert attempt.request_id is not None
        assert attempt.identification_code is not None
        outbox.void(
            tx,
            now,
            request_id=attempt.request_id,
            attempt_id=attempt.id,
            operator_id=attempt.operator_id,
            code=attempt.identification_code,
            reason=reason,
        )

    def _record(self, tx: Tx, now: int, binding: Binding, event: str) -> None:
        told = bindings.snapshot(binding)
        tx.record(now, f"binding.{event}", binding.id, service_id=binding.service_id, binding=told)
