"""The course of attempts: begun, driven by inputs, ended once.

The machine decides; this module carries out its effects in the same transaction, so that after a crash each row tells
the whole of what is to be done: the confirmation's SMS, the query and the hand-over of the code are rows of their own
with ids of their own, sent by the deadlines that look after them.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from confirm import challenge
from confirm.challenge import Confirmation
from confirm.errors import ConfirmationError, ConfirmationOverError
from confirm.service import ConfirmService
from confirm.settings import StepSettings
from confirm.workflow import Wish
from gateway.identification import attempt as inputs
from gateway.identification import machine, queries, store
from gateway.identification.attempt import RESPONSIBLE, Attempt, Cause, Input, Reason, StandIn, State
from gateway.identification.bindings import Binding
from gateway.identification.entries import Entries
from gateway.identification.errors import (
    AttributesNotAskedError,
    MethodNotPermittedError,
    RetryTooSoonError,
    StandInNotPermittedError,
)
from gateway.identification.keeping import Keeper
from gateway.identification.machine import Effect
from gateway.identification.profiles import Profile, Schedule
from gateway.lookup import outbox, porting
from gateway.lookup.routing import NumberingPlan
from gateway.services.eligibility import eligibility
from gateway.services.standing import Eligible
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import SECOND, iso, whole_seconds
from smsc_emulator.base.randomness import Randomness
from smsc_emulator.frozen import frozen, replace

OnOver = Callable[[Tx, int, Attempt], None]

CONCLUSIONS: Mapping[challenge.State, Input] = {
    challenge.State.CONFIRMED: inputs.Confirmed(),
    challenge.State.FAILED: inputs.ConfirmationFailed(),
}
"""What the end of a confirmation is to its attempt."""


@frozen
class Beginning:
    """What an attempt begins with."""

    user_id: str
    wish: Wish
    """How the number is to be confirmed; without a workflow it is as the profile says."""
    cause: Cause = Cause.NEW
    rechecks: str | None = None
    """The binding whose user is identified again."""
    until: int | None = None
    """When the whole has to be over."""
    confirm: bool | None = None
    """Whether the number is confirmed; None: as the profile says of the cause."""
    attributes: Mapping[str, str] | None = None
    """What the user says of himself, in match mode."""
    sim_in_device: bool | None = None
    """Whether the SIM of the number is in the user's device, as far as the service knows."""
    consent: bool = False
    """Whether the user has consented."""
    verified_by: StandIn | None = None
    """By what the service has verified the user instead of his number."""

    @property
    def by_the_user(self) -> bool:
        """Whether the user is there and has asked for it."""
        return self.cause in (Cause.NEW, Cause.NUMBER_CHANGED)


class Course:
    """Begins attempts and drives them. `randomness` is drawn from on the database's thread only."""

    def __init__(
        self,
        confirm: ConfirmService,
        plan: NumberingPlan,
        schedule: Schedule,
        entries: Entries,
        keeper: Keeper,
        randomness: Randomness,
    ) -> None:
        self._confirm = confirm
        self._plan = plan
        self._schedule = schedule
        self._entries = entries
        self._randomness = randomness
        self.on_over: list[OnOver] = []
        """Those who hear of each end in its transaction."""
        self._acts: Mapping[Effect, Callable[[Tx, int, Attempt], Attempt]] = {
            Effect.CLOSE_CONFIRMATION: self._close_confirmation,
            Effect.ISSUE_CODE: entries.issue,
            Effect.ASK_OPERATOR: self._ask_operator,
            Effect.WITHDRAW_QUERY: self._withdraw_query,
            Effect.HAND_OVER_CODE: entries.hand_over,
            Effect.VOID_CODE: entries.void,
            Effect.ACTIVATE_BINDING: keeper.activate,
            Effect.RECORD_ENTRY: keeper.note_entry,
        }

    def begin(self, tx: Tx, now: int, beginning: Beginning) -> Attempt:
        """Begin an attempt; an older one of the same service and number that is under way is superseded.

        What another user's operator is asked in a re-check goes on: nobody stops it by giving that one's number. Raises
        MethodNotPermittedError, StandInNotPermittedError, AttributesNotAskedError, RetryTooSoonError, and what starting
        a confirmation may raise; then nothing has changed.
        """
        wish, profile = beginning.wish, self._schedule.at(now)
        workflow = _workflow(profile, wish.workflow)
        self._require_waited(tx, now, beginning, profile)
        for older in store.under_way(tx, wish.service_id, wish.phone_number):
            if older.state is State.CONFIRMING or older.cause is Cause.NEW or older.user_id == beginning.user_id:
                self.drive(tx, now, older, inputs.Supersede())
        attempt = self.new(now, beginning, profile)
        self._confirm.ledger.begin(tx, attempt.id)
        store.add(tx, attempt)
        self.record(tx, now, attempt)
        decided = _by_stand_in(beginning, profile, self._eligible(tx, now, attempt, beginning, profile))
        if not isinstance(decided, inputs.Eligible):
            return self.drive(tx, now, attempt, decided)
        self._keep_attributes(tx, attempt, beginning, decided)
        if beginning.verified_by is not None or not _confirms(beginning, profile):
            return self.drive(tx, now, attempt, decided)
        return self._begin_confirming(tx, now, attempt, beginning, replace(wish, workflow=workflow), decided)

    def new(self, now: int, beginning: Beginning, profile: Profile) -> Attempt:
        """Return an attempt as it begins."""
        ends = [] if beginning.until is None else [beginning.until]
        if profile.deadline_scope == "end_to_end":
            ends.append(now + profile.t_answer_s * SECOND + profile.grace_ms)
        return Attempt(
            id=f"idn_{self._randomness.token(20)}",
            service_id=beginning.wish.service_id,
            user_id=beginning.user_id,
            phone_number=beginning.wish.phone_number,
            profile=profile.name,
            created_at=now,
            updated_at=now,
            cause=beginning.cause,
            rechecks=beginning.rechecks,
            until=min(ends, default=None),
        )

    def _require_waited(self, tx: Tx, now: int, beginning: Beginning, profile: Profile) -> None:
        wish = beginning.wish
        if not profile.retry_wait_s or not beginning.by_the_user:
            return
        refused = store.last_refusal(tx, wish.service_id, beginning.user_id, wish.phone_number)
        wait = 0 if refused is None else refused.updated_at + profile.retry_wait_s * SECOND - now
        if wait > 0:
            seconds = whole_seconds(wait)
            raise RetryTooSoonError(f"the user was refused; he may try again in {seconds} s", seconds)

    def _eligible(
        self, tx: Tx, now: int, attempt: Attempt, beginning: Beginning, profile: Profile
    ) -> inputs.Eligible | inputs.Ineligible:
        """Return whether the attempt may go on, by the profile, the service and the number."""
        if not profile.in_force(now):
            return inputs.Ineligible(Reason.POLICY_HOLD, "profile_not_in_force")
        if beginning.by_the_user and profile.sim_in_device and beginning.sim_in_device is not True:
            return inputs.Ineligible(Reason.POLICY_HOLD, "insert_sim")
        if beginning.by_the_user and profile.consent_required and not beginning.consent:
            return inputs.Ineligible(Reason.POLICY_HOLD, "ask_for_consent")
        if profile.one_number_one_account and self._is_anothers(tx, attempt):
            return inputs.Ineligible(Reason.POLICY_HOLD, "number_in_use")
        route = porting.route(tx, now, self._plan, attempt.phone_number, profile.resolve_by)
        if profile.allowed_countries is not None and route.country not in profile.allowed_countries:
            return inputs.Ineligible(Reason.FOREIGN_NUMBER)
        found = eligibility(tx, now, attempt.service_id, profile, route.number_class, route.operator_id)
        if not isinstance(found, Eligible):
            return inputs.Ineligible(Reason(found.value))
        return inputs.Eligible(None, found.mode, found.exchange_mode, found.payer)

    def _is_anothers(self, tx: Tx, attempt: Attempt) -> bool:
        standing = store.standing(tx, attempt.service_id, attempt.phone_number)
        return any(one.user_id != attempt.user_id for one in standing)

    def _keep_attributes(self, tx: Tx, attempt: Attempt, beginning: Beginning, decided: inputs.Eligible) -> None:
        if not beginning.attributes:
            return
        if decided.mode != "operator" or decided.exchange_mode != "match":
            raise AttributesNotAskedError("nothing is asked about the person: leave out what he says of himself")
        queries.keep_attributes(tx, attempt.id, beginning.attributes)

    def _begin_confirming(
        self, tx: Tx, now: int, attempt: Attempt, beginning: Beginning, wish: Wish, decided: inputs.Eligible
    ) -> Attempt:
        try:
            confirmation = self.open_confirmation(tx, now, attempt, wish)
        except ConfirmationError:
            if beginning.by_the_user:
                raise
            return self.drive(tx, now, attempt, inputs.Ineligible(Reason.POLICY_HOLD, "number_not_confirmable"))
        attempt = self.drive(tx, now, attempt, replace(decided, confirmation_id=confirmation.id))
        return self.follow(tx, now, attempt, confirmation)

    def open_confirmation(self, tx: Tx, now: int, attempt: Attempt, wish: Wish) -> Confirmation:
        """Start to confirm the attempt's number."""
        brand = self._entries.name_of(attempt.service_id)
        return self._confirm.start(tx, now, replace(wish, owner=attempt.id, brand=brand))

    def follow(self, tx: Tx, now: int, attempt: Attempt, confirmation: Confirmation) -> Attempt:
        """Go on from a confirmation that is over; one that expired leaves the attempt waiting for another."""
        given = CONCLUSIONS.get(confirmation.state)
        return attempt if given is None else self.drive(tx, now, attempt, given)

    def drive(self, tx: Tx, now: int, attempt: Attempt, given: Input) -> Attempt:
        """Give the machine an input, and go on at once from the state that waits for nothing outside."""
        attempt = self._step(tx, now, attempt, given)
        if attempt.state is State.ROUTING:
            attempt = self._step(tx, now, attempt, self._destination(tx, now, attempt))
        return attempt

    def _destination(self, tx: Tx, now: int, attempt: Attempt) -> inputs.Routed | inputs.Ineligible:
        """Return whom to ask, by the moves of the number up to now and the agreements in force now."""
        profile = self._schedule.of(attempt.profile, now)
        route = porting.route(tx, now, self._plan, attempt.phone_number, profile.resolve_by)
        if route.operator_id is None:
            return inputs.Ineligible(Reason.UNROUTABLE)
        found = eligibility(tx, now, attempt.service_id, profile, route.number_class, route.operator_id)
        if not isinstance(found, Eligible):
            return inputs.Ineligible(Reason(found.value))
        return inputs.Routed(route.operator_id, found.exchange_mode, found.payer)

    def has_moved(self, tx: Tx, now: int, attempt: Attempt, operator_id: str) -> bool:
        """Whether somebody else than `operator_id` would be asked about the number now."""
        profile = self._schedule.of(attempt.profile, now)
        route = porting.route(tx, now, self._plan, attempt.phone_number, profile.resolve_by)
        return route.operator_id is not None and route.operator_id != operator_id

    def _step(self, tx: Tx, now: int, before: Attempt, given: Input) -> Attempt:
        profile = self._schedule.of(before.profile, now)
        after, effects = machine.step(before, given, now, profile)
        for effect in effects:
            after = self._acts[effect](tx, now, after)
        if after is not before:
            store.save(tx, after)
        if after.state is not before.state:
            self.record(tx, now, after)
        elif after.due_at != before.due_at:
            self._record_as(tx, now, after, "taken")
        if after.state.over and not before.state.over:
            queries.erase_attributes(tx, after.id)
            for listener in self.on_over:
                listener(tx, now, after)
        return after

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
            "cause": attempt.cause.value,
            "mode": attempt.mode,
            "state": attempt.state.value,
            "reason": None if attempt.reason is None else attempt.reason.value,
            "responsible": None if attempt.reason is None else RESPONSIBLE[attempt.reason],
            "hint": attempt.hint,
            "confirmation": confirmation,
            "operator_id": attempt.operator_id,
            "deadline_at": None if deadline_at is None else iso(deadline_at),
            "binding_id": attempt.binding_id,
            "rechecks": attempt.rechecks,
            "profile": attempt.profile,
            "created_at": iso(attempt.created_at),
            "updated_at": iso(attempt.updated_at),
        }

    def record(self, tx: Tx, now: int, attempt: Attempt) -> None:
        """Tell of an attempt as it is now."""
        self._record_as(tx, now, attempt, "created" if attempt.state is State.NEW else attempt.state.value.lower())

    def _record_as(self, tx: Tx, now: int, attempt: Attempt, event: str) -> None:
        told = self.snapshot(tx, attempt)
        tx.record(now, f"identification.{event}", attempt.id, service_id=attempt.service_id, identification=told)

    # The effects that concern the user's action and the question to the operator.

    def _close_confirmation(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        assert attempt.confirmation_id is not None
        with suppress(ConfirmationOverError):
            self._confirm.cancel(tx, now, attempt.confirmation_id)
        return attempt

    def _ask_operator(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        operator_id, due_at = attempt.operator_id, attempt.due_at
        assert operator_id is not None
        assert due_at is not None
        request_id = self.new_request(tx, now, attempt, operator_id)
        attempt = replace(attempt, request_id=request_id)
        code, name = attempt.identification_code, self._entries.name_of(attempt.service_id)
        if code is not None:
            self._entries.issued(tx, now, attempt)
        said = queries.attributes_of(tx, attempt.id) if attempt.exchange_mode == "match" else None
        outbox.ask(
            tx,
            now,
            request_id=request_id,
            attempt_id=attempt.id,
            operator_id=operator_id,
            service_id=attempt.service_id,
            phone_number=attempt.phone_number,
            deadline_at=due_at,
            attributes=said,
            code=code,
            service_name=None if code is None else name,
            since=self._known_since(tx, now, attempt),
        )
        reference = f"query:{request_id}"
        self._confirm.ledger.charge(tx, now, attempt.service_id, attempt.id, "query", reference=reference)
        return attempt

    def _known_since(self, tx: Tx, now: int, attempt: Attempt) -> int | None:
        """Return when the number was last known to be its user's in this service, if that is asked about (S31)."""
        if not self._schedule.of(attempt.profile, now).recycle_check:
            return None
        standing = store.standing(tx, attempt.service_id, attempt.phone_number)
        return max((_stood_at(tx, binding) for binding in standing), default=None)

    def new_request(self, tx: Tx, now: int, attempt: Attempt, operator_id: str) -> str:
        """Return the id of a new query of an attempt, which is on record."""
        request_id = f"req_{self._randomness.token(20)}"
        queries.add(tx, now, attempt, request_id, operator_id)
        return request_id

    def _withdraw_query(self, tx: Tx, now: int, attempt: Attempt) -> Attempt:
        assert attempt.request_id is not None
        outbox.withdraw(tx, now, attempt.request_id)
        return attempt


def _workflow(profile: Profile, asked: Sequence[StepSettings]) -> tuple[StepSettings, ...]:
    """Return what is asked for, or the profile's own. Raises MethodNotPermittedError."""
    for step in asked:
        if step.method not in profile.permitted_methods:
            raise MethodNotPermittedError(f"the profile {profile.name} does not permit {step.method}")
    return tuple(asked or profile.methods)


def _stood_at(tx: Tx, binding: Binding) -> int:
    """Return when the operator spoke for a binding's user the last time; without that, when the binding was made."""
    attempt = None if binding.attempt_id is None else store.find(tx, binding.attempt_id)
    answered_at = None if attempt is None else attempt.answered_at
    return binding.created_at if answered_at is None else answered_at


def _by_stand_in(
    beginning: Beginning, profile: Profile, decided: inputs.Eligible | inputs.Ineligible
) -> inputs.Eligible | inputs.Ineligible:
    """Return how the attempt goes on where something else than the number verifies the user, or might.

    A personal id number stands for a number that the profile does not let in, and for no other; other means stand for
    any that could be confirmed. Raises StandInNotPermittedError.
    """
    given, permitted = beginning.verified_by, profile.fallback_identity
    unusable = isinstance(decided, inputs.Ineligible) and decided.reason is Reason.FOREIGN_NUMBER
    if given is None:
        hint = None if permitted == "none" else f"verify_by_{permitted}"
        return inputs.Ineligible(Reason.FOREIGN_NUMBER, hint) if unusable else decided
    if given != permitted:
        raise StandInNotPermittedError(f"the profile {profile.name} does not let {given} stand for a number")
    if given == "personal_id" and isinstance(decided, inputs.Eligible):
        raise StandInNotPermittedError("the number may be used: have the user confirm it")
    if isinstance(decided, inputs.Ineligible) and not unusable:
        return decided
    return inputs.Eligible(None, given)


def _confirms(beginning: Beginning, profile: Profile) -> bool:
    """Whether the number is confirmed: always for a new user, and in those re-checks that the profile names."""
    if beginning.confirm is not None:
        return beginning.confirm
    return beginning.cause is Cause.NEW or beginning.cause.value in profile.recheck_confirm
