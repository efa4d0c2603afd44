"""Identification as acts on the database: what services, their users, operators and deadlines make of it.

Every method but `wake` runs inside a unit of work and reads no clock. Attempts are driven by `course.Course`; what
concerns bindings, sessions, notices, appeals and the comparison of registers is in parts of its own, reached by the
names that they have here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from confirm.challenge import Confirmation
from confirm.errors import ConfirmationOverError
from confirm.ledger import Cost
from confirm.service import ConfirmService
from confirm.settings import StepSettings
from confirm.workflow import Wish
from gateway.identification import attempt as inputs
from gateway.identification import bindings, codes, machine, queries, store
from gateway.identification.appeals import Appeals
from gateway.identification.attempt import Attempt, Outcome, State, Verdict
from gateway.identification.bindings import Binding, Permission
from gateway.identification.breaches import Breaches
from gateway.identification.course import Beginning, Course
from gateway.identification.entries import Entries
from gateway.identification.errors import (
    AttributesNotAskedError,
    BindingNotFoundError,
    IdentificationNotFoundError,
    IdentificationOverError,
    NotConfirmingError,
)
from gateway.identification.keeping import Keeper
from gateway.identification.notices import Notices
from gateway.identification.profiles import Plan, Profile, Schedule
from gateway.identification.rechecks import Rechecks
from gateway.identification.reconciliation import Reconciliation
from gateway.identification.sessions import Sessions
from gateway.lookup import outbox
from gateway.lookup.outbox import OperatorMessage
from gateway.lookup.routing import NumberingPlan
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import MINUTE, iso
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.frozen import replace

SKEW = MINUTE
"""How far an operator's clock may be from the gateway's before that is told; it decides nothing."""


class IdentificationService:
    """Starts attempts and brings them to their one outcome, and keeps the bindings that follow.

    `schedule` says which of `profiles` new attempts start under. `service_names` are the services' names for people,
    as the operator's register shows them. `randomness` is drawn from on the database's thread only. Raises
    ProfileError if there is no such profile.
    """

    def __init__(
        self,
        confirm: ConfirmService,
        plan: NumberingPlan,
        profiles: Mapping[str, Profile],
        schedule: Plan,
        service_names: Mapping[str, str],
        randomness: Randomness,
        wake: Callable[[], None],
    ) -> None:
        self._confirm = confirm
        self._ledger = confirm.ledger
        self._randomness = randomness
        self.wake = wake
        """Makes the ticker look again; call it after a unit that may have left something to send."""
        self.schedule = Schedule(profiles, schedule)
        self._entries = Entries(self.schedule, service_names, randomness)
        self.sessions = Sessions(self.schedule, randomness, self.permission)
        self._keeper = keeper = Keeper(self._entries, self.sessions, randomness)
        self._course = Course(confirm, plan, self.schedule, self._entries, keeper, randomness)
        self.snapshot = self._course.snapshot
        self.breaches = Breaches(randomness)
        self.rechecks = Rechecks(self._course, keeper, self.schedule, self.breaches, randomness)
        self.notices = Notices(self._course, self.rechecks, self.schedule, self.breaches, self._entries)
        self.appeals = Appeals(self._course, self.schedule, randomness)
        self.reconciliation = Reconciliation(self._entries, self.rechecks, self.schedule, self.breaches, randomness)
        confirm.on_over.append(self._confirmation_over)

    # What the service and its user do.

    def start(self, tx: Tx, now: int, user_id: str, wish: Wish, **more: Any) -> Attempt:
        """Start an attempt; an older one of the same service and number that is under way is superseded.

        `wish` says how the number is to be confirmed; without a workflow it is the profile's. `more` are members of
        `Beginning`: attributes, sim_in_device, consent. Raises what `Course.begin` raises; then nothing has changed.
        """
        return self._course.begin(tx, now, Beginning(user_id, wish, **more))

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
        return self._course.drive(tx, now, attempt, inputs.Cancel())

    def _confirming(self, tx: Tx, now: int, service_id: str, attempt_id: str) -> tuple[Attempt, str]:
        attempt = self.get(tx, service_id, attempt_id)
        if attempt.state is not State.CONFIRMING or attempt.confirmation_id is None:
            raise NotConfirmingError(f"the identification does not wait for a code: it is {attempt.state}")
        if not machine.meets_deadline(attempt, now):
            raise NotConfirmingError("the time to confirm the number is over")
        return attempt, attempt.confirmation_id

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
        opened = self._course.open_confirmation(tx, now, attempt, wish)
        attempt = replace(attempt, confirmation_id=opened.id)
        store.save(tx, attempt)
        return self._course.follow(tx, now, attempt, opened)

    # What the confirmation, the operators and the deadlines do.

    def _confirmation_over(self, tx: Tx, now: int, confirmation: Confirmation) -> None:
        """Take the end of a confirmation, whatever brought it; only the present one of an attempt says anything."""
        attempt = None if confirmation.owner is None else store.find(tx, confirmation.owner)
        if attempt is not None and attempt.confirmation_id == confirmation.id:
            self._course.follow(tx, now, attempt, confirmation)

    def verdict(
        self, tx: Tx, now: int, operator_id: str, request_id: str, phone_number: str, verdict: Verdict
    ) -> Outcome:
        """Take an operator's verdict, and return what became of it; what is not accepted is kept apart.

        It counts only if this operator was asked by this request about this number, and only for the first time.
        Raises AttributesNotAskedError for one that says what was not asked about a person.
        """
        query = queries.find(tx, request_id)
        attempt = None if query is None else store.find(tx, query.attempt_id)
        if query is None or attempt is None or (query.operator_id, attempt.phone_number) != (operator_id, phone_number):
            return self._dead_letter(tx, now, Outcome.FOREIGN, operator_id, request_id, phone_number, verdict, None)
        if verdict.match is not None and attempt.exchange_mode != "match":
            raise AttributesNotAskedError("the operator was asked for presence, and for nothing about a person")
        outcome = machine.judge(attempt, request_id, verdict.received_at, answered=query.result is not None)
        contradicts = query.result not in (None, verdict.result)
        if outcome is Outcome.ACCEPTED:
            queries.answered(tx, request_id, verdict.result, verdict.received_at)
            self._record_verdict(tx, now, attempt.id, operator_id, request_id, verdict, outcome, contradicts)
        else:
            about = operator_id, request_id, phone_number
            self._dead_letter(tx, now, outcome, *about, verdict, attempt, contradicts=contradicts)
        self._take_entry(tx, now, request_id, verdict, outcome)
        if attempt.request_id == request_id:
            moved = self._course.has_moved(tx, now, attempt, operator_id)
            gone = verdict.recycled and verdict.result == "PRESENT" and outcome is Outcome.ACCEPTED and not moved
            inherits = gone and self._end_recycled(tx, now, attempt)
            self._course.drive(tx, now, attempt, replace(verdict, elsewhere=moved, inherits=inherits))
        return outcome

    def _end_recycled(self, tx: Tx, now: int, attempt: Attempt) -> bool:
        """End what stands on a number that is another person's now; return whether the attempt's user had it (S31)."""
        if not self.schedule.of(attempt.profile, now).recycle_check:
            return False
        former = store.standing(tx, attempt.service_id, attempt.phone_number)
        for binding in former:
            self._keeper.close(tx, now, binding, "recycled")
        return any(binding.user_id == attempt.user_id for binding in former)

    def _take_entry(self, tx: Tx, now: int, request_id: str, verdict: Verdict, outcome: Outcome) -> None:
        """Note the entry of a code that went along with the query; one that an answer made too late is voided."""
        code = None if verdict.entry_id is None else codes.of_request(tx, request_id)
        if code is not None and outcome is Outcome.ACCEPTED:
            codes.entered(tx, now, code.code)
        elif code is not None:
            self._entries.take_back_again(tx, now, request_id, code.code)

    def _dead_letter(
        self,
        tx: Tx,
        now: int,
        outcome: Outcome,
        operator_id: str,
        request_id: str,
        phone_number: str,
        verdict: Verdict,
        attempt: Attempt | None,
        *,
        contradicts: bool = False,
    ) -> Outcome:
        attempt_id = None if attempt is None else attempt.id
        letter_id = f"dlt_{self._randomness.token(20)}"
        store.add_dead_letter(tx, letter_id, outcome, operator_id, request_id, phone_number, verdict, attempt_id)
        subject = attempt_id or request_id
        self._record_verdict(tx, now, subject, operator_id, request_id, verdict, outcome, contradicts)
        return outcome

    def _record_verdict(
        self,
        tx: Tx,
        now: int,
        subject: str,
        operator_id: str,
        request_id: str,
        verdict: Verdict,
        outcome: Outcome,
        contradicts: bool,
    ) -> None:
        told = {"operator_id": operator_id, "request_id": request_id}
        received_at = iso(verdict.received_at)
        result = {"result": verdict.result, "outcome": outcome.value, "received_at": received_at}
        tx.record(now, "identification.verdict", subject, **told, **result, contradicts=contradicts)
        skew = verdict.as_of - verdict.received_at
        if abs(skew) > SKEW:
            tx.record(now, "lookup.clock_skewed", request_id, operator_id=operator_id, skew_ms=skew)

    def acknowledged(self, tx: Tx, now: int, message: OperatorMessage, answer: Mapping[str, Any]) -> None:
        """Take an operator's first acknowledgement of a message; that of a code is its entry in the register."""
        if message.kind == outbox.LISTING:
            self.reconciliation.listed(tx, now, message, answer)
            return
        attempt = store.find(tx, message.attempt_id)
        if attempt is None or message.kind == outbox.VOID:
            return
        is_present = attempt.request_id == message.request_id
        if message.kind == outbox.QUERY and is_present:
            self._course.drive(tx, now, attempt, inputs.Taken())
        if message.kind == outbox.CODE:
            self._entries.acknowledged(tx, now, attempt, message, answer.get("code"))
            if is_present:
                self._course.drive(tx, now, attempt, inputs.Registered(answer["entry_id"], answer.get("code")))

    def time_up(self, tx: Tx, now: int, limit: int) -> int:
        """Handle up to `limit` deadlines of a kind that have come by `now`, oldest first; return the most of a kind."""
        due = store.due(tx, now, limit)
        for attempt in due:
            # What follows from the end of one may have ended another: a user who is confirmed instead supersedes.
            current = store.find(tx, attempt.id)
            assert current is not None
            self._course.drive(tx, now, current, inputs.TimeUp())
        return max(len(due), self.rechecks.time_up(tx, now, limit), self.sessions.expire(tx, now, limit))

    # What follows from the bindings.

    def get_binding(self, tx: Tx, service_id: str, binding_id: str) -> Binding:
        """Return the service's binding. Raises BindingNotFoundError, also if another service has it."""
        binding = store.find_binding(tx, binding_id)
        if binding is None or binding.service_id != service_id:
            raise BindingNotFoundError(f"there is no binding {binding_id}")
        return binding

    def permission(self, tx: Tx, service_id: str, user_id: str) -> tuple[Permission, Binding | None]:
        """Return whether the service may let the user send, and the binding that decides it, if he has any."""
        mine = store.list_bindings(tx, service_id, user_id=user_id)
        binding = bindings.deciding(mine)
        if binding is None:
            return bindings.permission(None), None
        profile = self.schedule.of(binding.profile, binding.updated_at)
        return bindings.permission(binding, held_in_recheck=profile.service_during_recheck == "hold"), binding

    def cost(self, tx: Tx, attempt: Attempt) -> Cost:
        """Return what the attempt has cost so far, its confirmations included."""
        return self._ledger.total(tx, attempt.id, *store.confirmation_ids(tx, attempt))
