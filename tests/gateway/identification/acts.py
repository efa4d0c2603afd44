"""What services, users and operators do, and the clock, for the machine that does it in any order."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from confirm.ports import CallFate, CallReport, InboundCall, Trust
from confirm.sending import CallSending
from confirm.settings import StepSettings
from confirm.workflow import Wish
from gateway.identification import store
from gateway.identification.attempt import Outcome, State
from gateway.identification.bindings import State as BindingState
from gateway.identification.notices import Notice
from gateway.identification.rechecks import ExistingUser
from gateway.lookup import porting
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import HOUR, MINUTE, SECOND
from tests.gateway.identification.world import NUMBERS, OPERATORS, PLAN, SERVICES, USERS, WORKFLOWS, World, picks


class Acts(World):
    """Every act is a unit of work of its own, on a database in memory, and may be followed by any other."""

    @rule(away=st.sampled_from([0, 10 * SECOND, 25 * MINUTE, 48 * HOUR]))
    def restart(self, away: int) -> None:
        self.assemble()
        self.now += away

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

    @rule(
        number=picks,
        result=st.sampled_from(["PRESENT", "PRESENT", "ABSENT"]),
        waiting=st.booleans(),
        recycled=st.booleans(),
    )
    def answer(self, number: int, result: str, waiting: bool, recycled: bool) -> None:
        attempt = self.pick(number, State.PENDING) if waiting else self.pick(number)
        if attempt is None or attempt.request_id is None:
            return
        asked = attempt.operator_id, attempt.request_id, attempt.phone_number
        outcome = self.verdict(*asked, result, recycled=recycled)
        assert outcome is not Outcome.FOREIGN
        assert (outcome is Outcome.ACCEPTED) <= (attempt.state is State.PENDING and self.now <= attempt.due_at)

    @rule(number=picks, result=st.sampled_from(["PRESENT", "ABSENT"]))
    def answer_later(self, number: int, result: str) -> None:
        """Have an answer made now delivered at any time, any number of times, in any order with others."""
        attempt = self.pick(number, State.PENDING)
        if attempt is not None:
            made, asked = self.now, (attempt.operator_id, attempt.request_id, attempt.phone_number)
            self.held_back.append(lambda: self.verdict(*asked, result, made))

    @rule(number=picks)
    def deliver(self, number: int) -> None:
        if self.held_back:
            self.held_back[number % len(self.held_back)]()

    @rule(
        number=picks, reason=st.sampled_from(["ended", "ported", "reissued"]), bound=st.booleans(), late=st.booleans()
    )
    def notice(self, number: int, reason: str, bound: bool, late: bool) -> None:
        """End a contract: of a binding's code, or of the number that somebody asks about; and tell of it, or later."""
        self.notices += 1
        bindings = [one for one in self.bindings() if one.identification_code]
        attempt = self.pick(number, State.PENDING, State.REGISTERING)
        if bound and bindings:
            binding = bindings[number % len(bindings)]
            operator, code, phone = binding.operator_id, binding.identification_code, binding.phone_number
        elif attempt is not None:
            operator, code, phone = attempt.operator_id, None, attempt.phone_number
        else:
            return
        self.end_entry(operator, code)
        notice_id, ended_at = f"ntc_{self.notices}", self.now

        def tell() -> None:
            notice = Notice(operator, notice_id, phone, code, reason, ended_at, self.now)
            self.unit(lambda tx: self.service.notices.take(tx, self.now, notice))

        self.held_back.append(tell)
        if not late:
            tell()

    @rule(number=st.sampled_from(NUMBERS), operator=st.sampled_from(OPERATORS))
    def port(self, number: str, operator: str) -> None:
        self.unit(lambda tx: porting.move(tx, PLAN, number, operator, since=self.now))

    @rule(number=picks)
    def change_data(self, number: int) -> None:
        bindings = self.bindings()
        if bindings:
            binding = bindings[number % len(bindings)]
            self.permitted(lambda tx: self.service.rechecks.change_data(tx, self.now, binding, None))

    @rule(user=st.sampled_from(USERS), number=st.sampled_from(NUMBERS), result=st.sampled_from(["PRESENT", "ABSENT"]))
    def identify_again(self, user: str, number: str, result: str) -> None:
        """Identify a user, have his data changed, and answer."""
        self.go_all_the_way(user, number, True)
        for binding in [one for one in self.bindings() if one.state is BindingState.ACTIVE][:1]:
            attempt = self.unit(lambda tx, b=binding: self.service.rechecks.change_data(tx, self.now, b, None))
            if attempt.state is State.PENDING:
                self.verdict(attempt.operator_id, attempt.request_id, attempt.phone_number, result)

    @rule(number=picks, to=st.sampled_from(NUMBERS))
    def change_number(self, number: int, to: str) -> None:
        bindings = self.bindings()
        if bindings:
            binding, wish = bindings[number % len(bindings)], Wish(bindings[number % len(bindings)].service_id, to)
            self.permitted(lambda tx: self.service.rechecks.change_number(tx, self.now, binding, wish, None, sim=None))

    @rule(user=st.sampled_from(USERS), number=st.sampled_from(NUMBERS))
    def take_over(self, user: str, number: str) -> None:
        existing = ExistingUser(user, number)
        self.unit(lambda tx: self.service.rechecks.take_over(tx, self.now, "demo", existing))

    @rule(number=picks, upheld=st.booleans())
    def appeal(self, number: int, upheld: bool) -> None:
        attempt = self.pick(number, State.REFUSED)
        if attempt is None:
            return

        def act(tx: Tx) -> None:
            appeal = self.service.appeals.lodge(tx, self.now, attempt)
            self.service.appeals.decide(tx, self.now, appeal.id, upheld=upheld)

        self.permitted(act)

    @rule(user=st.sampled_from(USERS), kind=st.sampled_from(["app", "web"]))
    def open_session(self, user: str, kind: str) -> None:
        self.permitted(lambda tx: self.service.sessions.open(tx, self.now, "demo", user, "phone-1", kind))

    @rule(
        user=st.sampled_from(USERS),
        number=st.sampled_from(NUMBERS),
        end=st.sampled_from(["ABSENT", "silence", "cancel"]),
    )
    def answer_what_is_over(self, user: str, number: str, end: str) -> None:
        """Ask an operator, have that end without a binding, and get PRESENT all the same, twice."""
        self.start("demo", user, number)
        for attempt in self.unit(lambda tx: store.under_way(tx, "demo", number)):
            self.go_on_with(attempt)
            asked = self.unit(lambda tx, a=attempt: store.find(tx, a.id))
            if asked.state is not State.PENDING:
                continue
            about = asked.operator_id, asked.request_id, asked.phone_number
            if end == "ABSENT":
                self.verdict(*about, "ABSENT")
            elif end == "cancel":
                self.unit(lambda tx, a=asked: self.service.cancel(tx, self.now, a.service_id, a.id))
            else:
                self.turn(25 * MINUTE, True)
            for _ in range(2):
                assert self.verdict(*about, "PRESENT") is not Outcome.ACCEPTED

    @rule(number=picks, what=st.sampled_from(["operator", "request", "number"]))
    def answer_what_was_not_asked(self, number: int, what: str) -> None:
        attempt = self.pick(number)
        if attempt is None or attempt.request_id is None:
            return
        said = {"operator": attempt.operator_id, "request": attempt.request_id, "number": attempt.phone_number}
        said[what] = "gamma" if what == "operator" else f"{said[what]}9"
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

    @rule(number=picks)
    def exchange_one(self, number: int) -> None:
        messages = self.messages()
        if messages:
            self.exchange(messages[number % len(messages)])
