"""Identification as acts on the database: what users, operators and deadlines make of an attempt.

Every method but `wake` runs inside a unit of work and reads no clock. The machine in `attempt` decides; this module
carries out its effects in the same transaction, so that after a crash each row tells the whole of what is to be done:
the confirmation's SMS, the query and the hand-over of the code are rows of their own with ids of their own, sent by
the deadlines that look after them.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from confirm import challenge
from confirm.challenge import Confirmation
from confirm.errors import ConfirmationOverError
from confirm.ledger import Cost
from confirm.service import ConfirmService
from confirm.settings import StepSettings
from confirm.workflow import Wish
from gateway.identification import attempt as machine
from gateway.identification import bindings, store
from gateway.identification.attempt import Attempt, Effect, Input, Outcome, Reason, State, Verdict
from gateway.identification.bindings import Binding, Permission
from gateway.identification.entries import Entries
from gateway.identification.errors import (
    BindingNotFoundError,
    IdentificationNotFoundError,
    IdentificationOverError,
    MethodNotPermittedError,
    NotConfirmingError,
)
from gateway.identification.profiles import Profile, ProfileError
from gateway.lookup import outbox, porting
from gateway.lookup.outbox import OperatorMessage
from gateway.lookup.routing import NumberingPlan
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.base.randomness import Randomness

_CONCLUSIONS: Mapping[challenge.State, Input] = {
    challenge.State.CONFIRMED: machine.Confirmed(),
    challenge.State.FAILED: machine.ConfirmationFailed(),
}
"""What the end of a confirmation is to its attempt."""


class IdentificationService:
    """Starts attempts and brings them to their one outcome, and keeps the bindings that follow.

    `profile` names the one of `profiles` that new attempts start under. `service_names` are the services' names for
    people, as the operator's register shows them. `randomness` is drawn from on the database's thread only.
    Raises ProfileError if there is no such profile.
    """

    def __init__(
        self,
        confirm: ConfirmService,
        plan: NumberingPlan,
        profiles: Mapping[str, Profile],
        profile: str,
        service_names: Mapping[str, str],
        randomness: Randomness,
        wake: Callable[[], None],
    ) -> None:
        self._confirm = confirm
        self._ledger = confirm.ledger
        self._plan = plan
        self._profiles = profiles
        if profile not in profiles:
            raise ProfileError(f"there is no profile {profile}; known profiles: {', '.join(sorted(profiles))}")
        self._profile = profiles[profile]
        self._service_names = service_names
        self._randomness = randomness
        self._entries = Entries(service_names, randomness)
        self.wake = wake
        """Makes the ticker look again; call it after a unit that may have left something to send."""
        self._acts: Mapping[Effect, Callable[[Tx, int, Attempt], Attempt]] = {
            Effect.CLOSE_CONFIRMATION: self._close_confirmation,
            Effect.ASK_OPERATOR: self._ask_operator,
            Effect.WITHDRAW_QUERY: self._withdraw_query,
            Effect.HAND_OVER_CODE: self._entries.hand_over,
            Effect.VOID_CODE: self._entries.void,
            Effect.ACTIVATE_BINDING: self._entries.activate,
            Effect.RECORD_ENTRY: self._entries.note,
        }
        confirm.on_over.append(self._confirmation_over)

    # What the service and its user do.

    def start(self, tx: Tx, now: int, user_id: str, wish: Wish) -> Attempt:
        """Start an attempt; an older one of the same service and number that is under way is superseded.

        `wish` says how the number is to be confirmed; without a workflow it is the profile's. Raises
        MethodNotPermittedError, and what starting a confirmation may raise; then nothing has changed.
        """
        workflow = self._workflow(wish.workflow)
        for older in store.under_way(tx, wish.service_id, wish.phone_number):
            self._drive(tx, now, older, machine.Supersede())
        attempt = Attempt(
            id=f"idn_{self._randomness.token(20)}",
            service_id=wish.service_id,
            user_id=user_id,
            phone_number=wish.phone_number,
            profile=self._profile.name,
            created_at=now,
            updated_at=now,
        )
        store.add(tx, attempt)
        self._record(tx, now, attempt)
        if not self._profile.in_force(now):
            return self._drive(tx, now, attempt, machine.Ineligible(Reason.POLICY_HOLD))
        confirmation = self._open_confirmation(tx, now, attempt, replace(wish, workflow=workflow))
        attempt = self._drive(tx, now, attempt, machine.Eligible(confirmation.id))
        return self._follow(tx, now, attempt, confirmation)

    def _workflow(self, asked: Sequence[StepSettings]) -> tuple[StepSettings, ...]:
        """Return what is asked for, or the profile's own. Raises MethodNotPermittedError."""
        for step in asked:
            if step.method not in self._profile.permitted_methods:
                raise MethodNotPermittedError(f"the profile {self._profile.name} does not permit {step.method}")
        return tuple(asked or self._profile.methods)

    def get(self, tx: Tx, service_id: str, attempt_id: str) -> Attempt:
        """Return the service's attempt. Raises IdentificationNotFoundError, also if another service has it."""
        attempt = store.find(tx, attempt_id)
        if attempt is None or attempt.service_id != service_id:
            raise IdentificationNotFoundError(f"there is no identification {attempt_id}")
        return attempt

    def check(self, tx: Tx, now: int, service_id: str, attempt_id: str, code: str, source: str = "typed") -> Attempt:
        """Return the attempt after the user gave `code`: it goes on, waits for another try, or is refused.

        Raises IdentificationNotFoundError, NotConfirmingError, NothingToCheckError, and ConfirmationOverError if the
        code's lifetime is over while the attempt's is not: then another code may be asked for.
        """
        attempt, confirmation_id = self._confirming(tx, now, service_id, attempt_id)
        self._confirm.check(tx, now, confirmation_id, code, source)
        return self.get(tx, service_id, attempt.id)

    def next(self, tx: Tx, now: int, service_id: str, attempt_id: str) -> Attempt:
        """Go on to the next way to confirm the number.

        Raises IdentificationNotFoundError, NotConfirmingError, ConfirmationOverError, NoNextStepError, and what
        sending again may raise.
        """
        attempt, confirmation_id = self._confirming(tx, now, service_id, attempt_id)
        self._confirm.next(tx, now, confirmation_id)
        return self.get(tx, service_id, attempt.id)

    def resend(self, tx: Tx, now: int, service_id: str, attempt_id: str) -> Attempt:
        """Have another code sent; if the lifetime of the last one is over, in a confirmation of its own.

        Neither resets the failures, nor does it extend the time to confirm. Raises IdentificationNotFoundError,
        NotConfirmingError, ResendTooSoonError, and what starting a confirmation may raise.
        """
        attempt, confirmation_id = self._confirming(tx, now, service_id, attempt_id)
        try:
            self._confirm.resend(tx, now, confirmation_id)
        except ConfirmationOverError:
            return self._confirm_anew(tx, now, attempt, self._confirm.get(tx, confirmation_id))
        return self.get(tx, service_id, attempt.id)

    def cancel(self, tx: Tx, now: int, service_id: str, attempt_id: str) -> Attempt:
        """End an attempt that is under way. Raises IdentificationNotFoundError, IdentificationOverError."""
        attempt = self.get(tx, service_id, attempt_id)
        if attempt.state.over:
            raise IdentificationOverError(f"the identification is over: it is {attempt.state}")
        return self._drive(tx, now, attempt, machine.Cancel())

    def _confirming(self, tx: Tx, now: int, service_id: str, attempt_id: str) -> tuple[Attempt, str]:
        attempt = self.get(tx, service_id, attempt_id)
        if attempt.state is not State.CONFIRMING or attempt.confirmation_id is None:
            raise NotConfirmingError(f"the identification does not wait for a code: it is {attempt.state}")
        if not machine.meets_deadline(attempt, now):
            raise NotConfirmingError("the time to confirm the number is over")
        return attempt, attempt.confirmation_id

    # What the confirmation, the operators and the deadlines do.

    def _confirmation_over(self, tx: Tx, now: int, confirmation: Confirmation) -> None:
        """Take the end of a confirmation, whatever brought it; only the present one of an attempt says anything."""
        attempt = None if confirmation.owner is None else store.find(tx, confirmation.owner)
        if attempt is not None and attempt.confirmation_id == confirmation.id:
            self._follow(tx, now, attempt, confirmation)

    def _follow(self, tx: Tx, now: int, attempt: Attempt, confirmation: Confirmation) -> Attempt:
        """Go on from a confirmation that is over; one that expired leaves the attempt waiting for another."""
        given = _CONCLUSIONS.get(confirmation.state)
        return attempt if given is None else self._drive(tx, now, attempt, given)

    def verdict(
        self, tx: Tx, now: int, operator_id: str, request_id: str, phone_number: str, verdict: Verdict
    ) -> Outcome:
        """Take an operator's verdict, and return what became of it; what is not accepted is kept apart.

        It counts only if this operator was asked by this request about this number, and only for the first time.
        """
        attempt = store.of_request(tx, request_id)
        if attempt is not None and (attempt.operator_id, attempt.phone_number) != (operator_id, phone_number):
            attempt = None
        outcome = Outcome.FOREIGN if attempt is None else machine.judge(attempt, verdict.received_at)
        if outcome is not Outcome.ACCEPTED:
            attempt_id = attempt.id if attempt else None
            letter_id = f"dlt_{self._randomness.token(20)}"
            store.add_dead_letter(tx, letter_id, outcome, operator_id, request_id, phone_number, verdict, attempt_id)
        tx.record(
            now,
            "identification.verdict",
            attempt.id if attempt else request_id,
            operator_id=operator_id,
            request_id=request_id,
            result=verdict.result,
            outcome=outcome.value,
            received_at=iso(verdict.received_at),
            contradicts=bool(attempt and attempt.result not in (None, verdict.result)),
        )
        if attempt is not None:
            self._drive(tx, now, attempt, verdict)
        return outcome

    def acknowledged(self, tx: Tx, now: int, message: OperatorMessage, answer: Mapping[str, Any]) -> None:
        """Take an operator's first acknowledgement of a message; that of a code is its entry in the register."""
        attempt = store.find(tx, message.attempt_id) if message.kind == outbox.CODE else None
        if attempt is not None:
            self._drive(tx, now, attempt, machine.Registered(answer["entry_id"]))

    def time_up(self, tx: Tx, now: int, limit: int) -> int:
        """Handle up to `limit` deadlines that have come by `now`, oldest first; return how many there were."""
        due = store.due(tx, now, limit)
        for attempt in due:
            self._drive(tx, now, attempt, machine.TimeUp())
        return len(due)

    # What follows from the bindings.

    def get_binding(self, tx: Tx, service_id: str, binding_id: str) -> Binding:
        """Return the service's binding. Raises BindingNotFoundError, also if another service has it."""
        binding = store.find_binding(tx, binding_id)
        if binding is None or binding.service_id != service_id:
            raise BindingNotFoundError(f"there is no binding {binding_id}")
        return binding

    def permission(self, tx: Tx, service_id: str, user_id: str) -> tuple[Permission, Binding | None]:
        """Return whether the service may let the user send, and the binding that decides it, if he has any."""
        binding = bindings.deciding(store.list_bindings(tx, service_id, user_id=user_id))
        return bindings.PERMISSIONS[bindings.NONE if binding is None else binding.state], binding

    def cost(self, tx: Tx, attempt: Attempt) -> Cost:
        """Return what the attempt has cost so far, its confirmations included."""
        return self._ledger.total(tx, attempt.id, *store.confirmation_ids(tx, attempt))

    # The machine and its effects.

    def snapshot(self, tx: Tx, attempt: Attempt) -> dict[str, Any]:
        """Return what notices show of an attempt, as plain JSON: everything but its identification code."""
        confirmation = None
        if attempt.confirmation_id is not None:
            confirmation = self._confirm.snapshot(tx, self._confirm.get(tx, attempt.confirmation_id))
        deadline_at = attempt.due_at if attempt.state is State.PENDING else None
        return {
            "id": attempt.id,
            "service_id": attempt.service_id,
            "user_id": attempt.user_id,
            "phone_number": attempt.phone_number,
            "state": attempt.state.value,
            "reason": None if attempt.reason is None else attempt.reason.value,
            "confirmation": confirmation,
            "operator_id": attempt.operator_id,
            "deadline_at": None if deadline_at is None else iso(deadline_at),
            "binding_id": attempt.binding_id,
            "profile": attempt.profile,
            "created_at": iso(attempt.created_at),
            "updated_at": iso(attempt.updated_at),
        }

    def _drive(self, tx: Tx, now: int, attempt: Attempt, given: Input) -> Attempt:
        """Give the machine an input, and go on at once from the state that waits for nothing outside."""
        attempt = self._step(tx, now, attempt, given)
        if attempt.state is State.ROUTING:
            operator_id = porting.operator_of(tx, self._plan, attempt.phone_number)
            found = machine.Unroutable() if operator_id is None else machine.Routed(operator_id)
            attempt = self._step(tx, now, attempt, found)
        return attempt

    def _step(self, tx: Tx, now: int, before: Attempt, given: Input) -> Attempt:
        # An attempt whose profile was taken out of the installation ends under the present one.
        profile = self._profiles.get(before.profile, self._profile)
        after, effects = machine.step(before, given, now, profile)
        for effect in effects:
            after = self._acts[effect](tx, now, after)
        if after is not before:
            store.save(tx, after)
        if after.state is not before.state:
            self._record(tx, now, after)
        return after

    def _record(self, tx: Tx, now: int, attempt: Attempt) -> None:
        event = "created" if attempt.state is State.NEW else attempt.state.value.lower()
        told = self.snapshot(tx, attempt)
        tx.record(now, f"identification.{event}", attempt.id, service_id=attempt.service_id, identification=told)

    def _open_confirmation(self, tx: Tx, now: int, attempt: Attempt, wish: Wish) -> Confirmation:
        brand = self._service_names.get(attempt.service_id)
        return self._confirm.start(tx, now, replace(wish, owner=attempt.id, brand=brand))

    def _confirm_anew(self, tx: Tx, now: int, attempt: Attempt, former: Confirmation) -> Attempt:
        """Start a confirmation like `former`, which is over."""
        workflow = tuple(StepSettings(method=step.method, time=step.time) for step in former.steps)
        wish = Wish(
            attempt.service_id,
            attempt.phone_number,
            workflow,
            locale=former.locale,
            client_address=former.client_address,
            challenge_passed=True,  # his first start was let through, and a resend has no way to ask him again
        )
        opened = self._open_confirmation(tx, now, attempt, wish)
        attempt = replace(attempt, confirmation_id=opened.id)
        store.save(tx, attempt)
        return self._follow(tx, now, attempt, opened)

    def _close_confirmation(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        assert attempt.confirmation_id is not None
        with suppress(ConfirmationOverError):
            self._confirm.cancel(tx, now, attempt.confirmation_id)
        return attempt

    def _ask_operator(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        assert attempt.operator_id is not None
        assert attempt.due_at is not None
        request_id = f"req_{self._randomness.token(20)}"
        outbox.ask(
            tx,
            now,
            request_id=request_id,
            attempt_id=attempt.id,
            operator_id=attempt.operator_id,
            service_id=attempt.service_id,
            phone_number=attempt.phone_number,
            deadline_at=attempt.due_at,
        )
        self._ledger.charge(tx, now, attempt.service_id, attempt.id, "query", reference=f"query:{request_id}")
        return replace(attempt, request_id=request_id)

    def _withdraw_query(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        assert attempt.request_id is not None
        outbox.withdraw(tx, now, attempt.request_id)
        return attempt
