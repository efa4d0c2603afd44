"""The bindings on record: made, renewed, put to a re-check, suspended and closed, with all that follows from it.

A binding that stands no more takes its code out of the operator's register; one that is suspended or closed ends the
user's sessions on every device. Each act runs in the unit of work that stores what it follows from.
"""

from gateway.identification import bindings, store
from gateway.identification.attempt import Attempt, Cause
from gateway.identification.bindings import Binding, Happening
from gateway.identification.entries import Entries
from gateway.identification.sessions import Sessions
from smsc_emulator.base.database import Tx
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.frozen import replace


class Keeper:
    """Keeps the bindings. `randomness` names them, and is drawn from on the database's thread only."""

    def __init__(self, entries: Entries, sessions: Sessions, randomness: Randomness) -> None:
        self._entries = entries
        self._sessions = sessions
        self._randomness = randomness

    def activate(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Bind the user of an attempt; whoever else had the number in this service has it no more.

        A binding of his that was not active is active again, with a new code in the place of the old one.
        """
        former = self._former(tx, attempt)
        for other in store.standing(tx, attempt.service_id, attempt.phone_number):
            if former is None or other.id != former.id:
                self.close(tx, now, other, "replaced")
        if attempt.cause is Cause.NUMBER_CHANGED and attempt.rechecks is not None:
            self._close_changed(tx, now, attempt.rechecks)
        if former is None:
            binding = bindings.activate(attempt, f"bnd_{self._randomness.token(20)}", now)
            store.add_binding(tx, binding)
        else:
            self._entries.take_back(tx, now, former.identification_code, "renewed")
            binding = bindings.renew(former, attempt, now)
            store.save_binding(tx, binding)
        self.record(tx, now, binding, "active")
        return replace(attempt, binding_id=binding.id)

    def _former(self, tx: Tx, attempt: Attempt) -> Binding | None:
        """Return the user's own binding of the number, if it stands and is not active."""
        mine = [
            one
            for one in store.standing(tx, attempt.service_id, attempt.phone_number)
            if one.user_id == attempt.user_id and bindings.may(one, Happening.IDENTIFIED)
        ]
        return mine[0] if mine else None

    def _close_changed(self, tx: Tx, now: int, binding_id: str) -> None:
        former = store.find_binding(tx, binding_id)
        if former is not None and former.stands:
            self.close(tx, now, former, "number_changed")

    def note_entry(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        """Note the register's entry, which came after the attempt was over, if the binding stands on the attempt."""
        assert attempt.binding_id is not None
        binding = store.find_binding(tx, attempt.binding_id)
        assert binding is not None
        if binding.attempt_id == attempt.id:
            code = binding.identification_code or attempt.identification_code
            entered = replace(binding, entry_id=attempt.entry_id, identification_code=code, updated_at=now)
            store.save_binding(tx, entered)
            self.record(tx, now, entered, "entered")
        return attempt

    def add(self, tx: Tx, now: int, binding: Binding) -> None:
        """Keep a binding that no attempt made: that of a user from before the rules."""
        store.add_binding(tx, binding)
        self.record(tx, now, binding, binding.state.value.lower())

    def begin_recheck(self, tx: Tx, now: int, binding: Binding, cause: Cause, due_at: int) -> Binding:
        """Have a user identified again by `due_at`."""
        rechecked = bindings.recheck(binding, now, cause, due_at)
        store.save_binding(tx, rechecked)
        self.record(tx, now, rechecked, "recheck")
        return rechecked

    def suspend(self, tx: Tx, now: int, binding: Binding, reason: str) -> Binding:
        """Stop a user who was not identified again: nothing is sent or received on any device."""
        suspended = bindings.suspend(binding, now, reason)
        store.save_binding(tx, suspended)
        self.record(tx, now, suspended, "suspended")
        self._entries.take_back(tx, now, binding.identification_code, "suspended")
        self._sessions.end_all(tx, now, suspended, "suspended")
        return suspended

    def close(self, tx: Tx, now: int, binding: Binding, reason: str) -> Binding:
        """End a binding for good."""
        closed = bindings.close(binding, now, reason)
        store.save_binding(tx, closed)
        self.record(tx, now, closed, "closed")
        self._entries.take_back(tx, now, binding.identification_code, reason)
        self._sessions.end_all(tx, now, closed, reason)
        return closed

    def record(self, tx: Tx, now: int, binding: Binding, event: str) -> None:
        """Tell of a binding as it is now."""
        told = bindings.snapshot(binding)
        tx.record(now, f"binding.{event}", binding.id, service_id=binding.service_id, binding=told)
