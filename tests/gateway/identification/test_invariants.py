"""What holds whatever services, users, operators and the clock do, in whatever order (identification, 3.5)."""

from collections import Counter
from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from confirm import calls_store
from confirm import store as confirm_store
from confirm.challenge import Confirmation
from confirm.challenge import State as ConfirmationState
from confirm.errors import ConfirmationError
from confirm.ports import CallFate, CallReport, InboundCall, Trust
from confirm.sending import CallSending
from confirm.service import ConfirmService
from confirm.settings import ConfirmationSettings, StepSettings
from confirm.workflow import Wish
from gateway.identification import store
from gateway.identification.attempt import Attempt, Outcome, State, Verdict
from gateway.identification.bindings import State as BindingState
from gateway.identification.errors import IdentificationError
from gateway.identification.profiles import Profile
from gateway.identification.service import IdentificationService
from gateway.lookup import outbox
from gateway.lookup.routing import NumberingPlan, NumberRange
from smsc_emulator.base.database import Database, Tx, make_engine, metadata
from smsc_emulator.base.durations import HOUR, MINUTE, SECOND, instant
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.watch import Watch

NUMBERS = ("+70000000001", "+70000000002", "+99900000001")
USERS = ("user-1", "user-2")
SERVICES = ("demo", "other")
PLAN = NumberingPlan([NumberRange(70000000000, 70000000099, "alpha")])
PROFILES = {
    "lenient": Profile(name="lenient", title="The entry may follow"),
    "strict": Profile(name="strict", title="No entry, no identification", on_register_failure="refuse"),
}
WORKFLOWS = ((), ("flash_call", "sms_code"), ("sms_code", "call_in"), ("call_in",), ("flash_call",))
picks = st.integers(0, 99)


class Identification(RuleBasedStateMachine):
    """Every act is a unit of work of its own, on a database in memory."""

    @initialize(profile=st.sampled_from(sorted(PROFILES)))
    def begin(self, profile: str) -> None:
        self.now = instant("2026-01-01T12:00:00Z")
        self.engine = make_engine("sqlite://")
        metadata.create_all(self.engine)
        self.conn = self.engine.connect()
        journal = Journal()
        self.confirm = ConfirmService(
            Database("sqlite://", journal),
            Watch(journal),
            ConfirmationSettings(),
            SeededRandomness("confirm"),
            b"key",
            lambda: None,
        )
        draws = SeededRandomness("identification")
        self.service = IdentificationService(self.confirm, PLAN, PROFILES, profile, {}, draws, lambda: None)
        self.typed: dict[str, str] = {}
        self.calls: list[str] = []
        self.ends: dict[str, tuple] = {}
        self.ended: Counter[str] = Counter()

    def teardown(self) -> None:
        if hasattr(self, "conn"):
            self.conn.close()
            self.engine.dispose()

    def unit(self, act):
        tx = Tx(self.conn, [])
        result = act(tx)
        for event in tx.events:
            if event.type.partition(".")[2] in ("identified", "refused", "cancelled", "superseded"):
                self.ended[event.subject] += 1
        return result

    def attempts(self) -> list[Attempt]:
        query = select(store.attempts).order_by(store.attempts.c.created_at, store.attempts.c.id)
        return self.unit(lambda tx: [store._attempt(row) for row in tx.conn.execute(query)])

    def pick(self, number: int, *states: State) -> Attempt | None:
        fitting = [one for one in self.attempts() if not states or one.state in states]
        return fitting[number % len(fitting)] if fitting else None

    @rule(
        service=st.sampled_from(SERVICES),
        user=st.sampled_from(USERS),
        number=st.sampled_from(NUMBERS),
        methods=st.sampled_from(WORKFLOWS),
    )
    def start(self, service: str, user: str, number: str, methods: tuple[str, ...] = ()) -> None:
        workflow = tuple(StepSettings(method=method) for method in methods)
        self.unit(lambda tx: self.service.start(tx, self.now, user, Wish(service, number, workflow)))

    @rule()
    def send_codes(self) -> None:
        for sending in self.unit(lambda tx: self.confirm.claim_sends(tx, self.now)):
            if isinstance(sending, CallSending):
                self.calls.append(sending.call)
                self.typed[sending.claimed.owner] = sending.caller[-4:]
            else:
                self.typed[sending.claimed.owner] = sending.text[:6]

    @rule(number=picks, fate=st.sampled_from(list(CallFate)))
    def report(self, number: int, fate: CallFate) -> None:
        """Report something of a call, once or more often, also of one that is over."""
        if self.calls:
            report = CallReport(self.calls[number % len(self.calls)], fate, 180)
            self.unit(lambda tx: self.confirm.call_report(tx, self.now, report))

    @rule(number=picks, caller=st.sampled_from(NUMBERS), trust=st.sampled_from(list(Trust)), mine=st.booleans())
    def call_in(self, number: int, caller: str, trust: Trust, mine: bool) -> None:
        attempt = self.pick(number, State.CONFIRMING)
        if attempt is not None:
            access_number = self.confirmation(attempt).access_number or "+70002000001"
            call = InboundCall("cll_in", attempt.phone_number if mine else caller, access_number, trust)
            self.unit(lambda tx: self.confirm.inbound_call(tx, self.now, call))

    @rule(number=picks)
    def next(self, number: int) -> None:
        attempt = self.pick(number, State.CONFIRMING)
        if attempt is not None:
            self.permitted(lambda tx: self.service.next(tx, self.now, attempt.service_id, attempt.id))

    def confirmation(self, attempt: Attempt) -> Confirmation:
        return self.unit(lambda tx: self.confirm.get(tx, attempt.confirmation_id))

    @rule(number=picks, right=st.booleans() | st.just(True))
    def check(self, number: int, right: bool) -> None:
        self.send_codes()
        attempt = self.pick(number, State.CONFIRMING)
        if attempt is not None:
            code = self.typed.get(attempt.id, "none") if right else "wrong"
            self.permitted(lambda tx: self.service.check(tx, self.now, attempt.service_id, attempt.id, code))

    @rule(number=picks)
    def resend(self, number: int) -> None:
        attempt = self.pick(number, State.CONFIRMING)
        if attempt is not None:
            self.permitted(lambda tx: self.service.resend(tx, self.now, attempt.service_id, attempt.id))

    @rule(number=picks, result=st.sampled_from(["PRESENT", "PRESENT", "ABSENT"]), waiting=st.booleans())
    def answer(self, number: int, result: str, waiting: bool) -> None:
        attempt = self.pick(number, State.PENDING) if waiting else self.pick(number)
        if attempt is None or attempt.request_id is None:
            return
        outcome = self.verdict("alpha", attempt.request_id, attempt.phone_number, result)
        assert outcome is not Outcome.FOREIGN
        assert (outcome is Outcome.ACCEPTED) <= (attempt.state is State.PENDING and self.now <= attempt.due_at)

    @rule(number=picks, what=st.sampled_from(["operator", "request", "number"]))
    def answer_what_was_not_asked(self, number: int, what: str) -> None:
        attempt = self.pick(number)
        if attempt is None or attempt.request_id is None:
            return
        said = {"operator": "alpha", "request": attempt.request_id, "number": attempt.phone_number}
        said[what] = "beta" if what == "operator" else f"{said[what]}9"
        before = self.attempts()
        assert self.verdict(said["operator"], said["request"], said["number"], "PRESENT") is Outcome.FOREIGN
        assert self.attempts() == before

    @rule(number=picks, waiting=st.booleans() | st.just(True))
    def enter(self, number: int, waiting: bool) -> None:
        attempt = self.pick(number, State.REGISTERING if waiting else State.IDENTIFIED)
        if attempt is not None and attempt.identification_code is not None:
            self.acknowledge(attempt)

    @rule(number=picks)
    def go_on(self, number: int) -> None:
        """Bring an attempt one step nearer to its good end."""
        attempt = self.pick(number, State.CONFIRMING, State.PENDING, State.REGISTERING)
        if attempt is not None:
            self.go_on_with(attempt)

    def go_on_with(self, attempt: Attempt) -> None:
        if attempt.state is State.CONFIRMING:
            self.send_codes()
            code = self.typed.get(attempt.id, "none")
            self.permitted(lambda tx: self.service.check(tx, self.now, attempt.service_id, attempt.id, code))
        elif attempt.state is State.PENDING:
            self.verdict("alpha", attempt.request_id, attempt.phone_number, "PRESENT")
        else:
            self.acknowledge(attempt)

    @rule(user=st.sampled_from(USERS), number=st.sampled_from(NUMBERS), until_entered=st.booleans())
    def go_all_the_way(self, user: str, number: str, until_entered: bool) -> None:
        """Identify a user, or leave his code on its way to the operator."""
        self.start("demo", user, number)
        for _ in range(3 if until_entered else 2):
            under_way = self.unit(lambda tx: store.under_way(tx, "demo", number))
            for attempt in under_way:
                self.go_on_with(attempt)

    @rule(number=picks)
    def cancel(self, number: int) -> None:
        attempt = self.pick(number)
        if attempt is not None:
            self.permitted(lambda tx: self.service.cancel(tx, self.now, attempt.service_id, attempt.id))

    @rule(by=st.sampled_from([1, SECOND, MINUTE, 5 * MINUTE, 20 * MINUTE, 24 * HOUR]), handled=st.booleans())
    def turn(self, by: int, handled: bool) -> None:
        self.now += by
        if handled:
            self.unit(lambda tx: self.confirm.step_times(tx, self.now))
            self.unit(lambda tx: self.confirm.expire(tx, self.now))
            self.unit(lambda tx: self.service.time_up(tx, self.now, 1000))

    def acknowledge(self, attempt: Attempt) -> None:
        message = self.unit(lambda tx: outbox.find(tx, f"{attempt.request_id}_code"))
        entry = {"entry_id": f"ent_{attempt.id[4:]}"}
        self.unit(lambda tx: self.service.acknowledged(tx, self.now, message, entry))

    def permitted(self, act) -> None:
        with suppress(IdentificationError, ConfirmationError):
            self.unit(act)

    def verdict(self, operator: str, request: str, number: str, result: str) -> Outcome:
        verdict = Verdict(result, self.now, self.now)
        return self.unit(lambda tx: self.service.verdict(tx, self.now, operator, request, number, verdict))

    def bindings(self):
        return self.unit(lambda tx: [one for service in SERVICES for one in store.list_bindings(tx, service)])

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def one_outcome_that_stays(self) -> None:
        """I1, I3, I9."""
        for attempt in self.attempts():
            if attempt.state.over:
                end = attempt.state, attempt.reason, attempt.result, attempt.identification_code
                assert self.ends.setdefault(attempt.id, end) == end
            assert self.ended[attempt.id] == int(attempt.state.over)
            assert (attempt.reason is not None) == (attempt.state is State.REFUSED)
            assert (attempt.due_at is None) == attempt.state.over

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def what_confirms_a_number_ends_with_its_attempt_and_drives_it_on(self) -> None:
        found = self.unit(lambda tx: confirm_store._all(tx, select(confirm_store.confirmations)))
        confirmations = {one.id: one for one in found}
        for attempt in self.attempts():
            if attempt.confirmation_id is None:
                continue
            confirmation = confirmations[attempt.confirmation_id]
            waits = attempt.state is State.CONFIRMING
            assert waits or confirmation.over or self.now > confirmation.expires_at
            assert not waits or confirmation.state in (ConfirmationState.PENDING, ConfirmationState.EXPIRED)
        for one in found:
            call = self.unit(lambda tx, c=one.call: c and calls_store.find(tx, c))
            assert not (one.over and call) or call.ending or call.over_at is not None

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def one_attempt_under_way_and_one_active_binding_for_a_number(self) -> None:
        """I6."""
        under_way = Counter((one.service_id, one.phone_number) for one in self.attempts() if not one.state.over)
        active = [one for one in self.bindings() if one.state is BindingState.ACTIVE]
        bound = Counter((one.service_id, one.phone_number) for one in active)
        assert max([*under_way.values(), *bound.values()], default=0) <= 1

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def a_binding_stands_on_a_verdict_and_an_entry_has_its_code(self) -> None:
        """I2, I4."""
        attempts = {one.id: one for one in self.attempts()}
        for binding in self.bindings():
            attempt = attempts[binding.attempt_id]
            assert (attempt.state, attempt.result) == (State.IDENTIFIED, "PRESENT")
            assert (binding.identification_code, binding.entry_id) == (attempt.identification_code, attempt.entry_id)
        codes = [one.identification_code for one in attempts.values() if one.identification_code]
        assert len(codes) == len(set(codes))

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def who_may_send_has_an_active_binding(self) -> None:
        """I5."""
        bound = {(one.service_id, one.user_id) for one in self.bindings() if one.state is BindingState.ACTIVE}
        for service in SERVICES:
            for user in USERS:
                found, _ = self.unit(lambda tx, s=service, u=user: self.service.permission(tx, s, u))
                assert found.may_send == ((service, user) in bound)

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def a_code_that_stands_for_nothing_is_taken_back(self) -> None:
        """The register can only be left with codes of active bindings and of attempts under way."""
        standing = {one.attempt_id for one in self.bindings() if one.state is BindingState.ACTIVE}
        for attempt in self.attempts():
            if attempt.identification_code is None:
                continue
            wanted = attempt.id in standing or attempt.state is State.REGISTERING
            request_id = attempt.request_id
            void = self.unit(lambda tx, r=request_id: outbox.find(tx, f"{r}_void"))
            assert (void is None) == wanted


TestIdentification = Identification.TestCase
TestIdentification.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
