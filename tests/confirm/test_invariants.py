"""What holds whatever services, users, networks and the clock do to confirmations, in whatever order."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from confirm import challenge, store
from confirm.challenge import Confirmation, SendState, State
from confirm.errors import ConfirmationError
from confirm.methods import METHODS
from confirm.ports import CallFate, CallReport, InboundCall, InboundSms, ReceiptState, SmsReceipt, Trust
from confirm.sending import CallSending, Refused, SmsSending, Taken, Unavailable
from confirm.service import ConfirmService
from confirm.settings import CallInSettings, ConfirmationSettings, FlashCallSettings, StepSettings
from confirm.workflow import StepState, Wish
from smsc_emulator.base.database import Database, make_engine, metadata
from smsc_emulator.base.durations import MINUTE, SECOND, instant
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.watch import Watch
from tests.peers.units import Process

NUMBERS = ("+70000000001", "+70000000002")
ACCESS = ["+70002000001", "+70002000002"]
KEY = b"key"
SECOND_STARTS = ["replace", "same_code", "new_code", "conflict", "independent"]
FINAL = [fate for fate in CallFate if fate not in (CallFate.RINGING, CallFate.DIVERTED)]
ENDS = ("confirmed", "failed", "expired", "cancelled")
picks = st.integers(0, 99)
workflows = st.lists(st.sampled_from([*sorted(METHODS), "flash_call"]), min_size=1, max_size=4)
at_once = st.sampled_from([True, True, False])
"""Whether what is due is sent before anything else happens."""


@dataclass
class Line:
    """A call as the network knows it."""

    call: str
    to: str
    caller: str
    confirmation_id: str
    open: bool = True


class Workflows(RuleBasedStateMachine):
    """Every act is a unit of work of its own, on a database in memory; what raises is undone."""

    @initialize(second_start=st.sampled_from(SECOND_STARTS), reveal=st.booleans())
    def begin(self, second_start: str, reveal: bool) -> None:
        self.now = instant("2026-01-01T12:00:00Z")
        self.engine = make_engine("sqlite://")
        metadata.create_all(self.engine)
        self.conn = self.engine.connect()
        self.settings = ConfirmationSettings(
            second_start=second_start,
            reveal_numbers=reveal,
            resend_gap="0s",
            flash_call=FlashCallSettings(callers=["+70001000001", "+70001010001", "+70001000002"], quarantine="1s"),
            call_in=CallInSettings(access_numbers=ACCESS),
        )
        self.draws = SeededRandomness("confirm")
        self.sms: list[SmsSending] = []
        self.lines: list[Line] = []
        self.secrets: dict[str, list[str]] = {}
        self.seen: dict[str, Confirmation] = {}
        self.ended: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        self.messages: list[str] = []
        self.restart()

    def teardown(self) -> None:
        if hasattr(self, "conn"):
            self.conn.close()
            self.engine.dispose()

    def restart(self) -> None:
        """Start anew after a kill: what is in flight is lost, what is stored stays."""
        self.conn.close()
        self.conn = self.engine.connect()
        self.process = Process(self.conn)
        journal = Journal()
        database = Database("sqlite://", journal)
        self.service = ConfirmService(database, Watch(journal), self.settings, self.draws, KEY, lambda: None)
        self.service.on_over.append(lambda tx, now, ended: self.heard.update([ended.id]))
        self.sms = []
        for line in self.lines:
            line.open = False

    def unit(self, act):
        heard = self.heard.copy()
        try:
            result, events = self.process.run(act)
        except Exception:
            self.heard = heard
            raise
        for event in events:
            kind = event.type.partition(".")[2]
            self.ended[event.subject] += kind in ENDS
            assert not any(secret in str(event.data.get("confirmation")) for secret in self.callers())
        return result

    def permitted(self, act):
        with suppress(ConfirmationError):
            return self.unit(act)

    def callers(self) -> list[str]:
        return [line.caller for line in self.lines]

    def all(self) -> list[Confirmation]:
        query = select(store.confirmations).order_by(store.confirmations.c.created_at, store.confirmations.c.id)
        return self.unit(lambda tx: store.CONFIRMATIONS.all(tx, tx.conn.execute(query)))

    def good(self, one: Confirmation) -> set[str]:
        """Return the secrets that were ever sent for a confirmation and would confirm it now."""
        kept, read = {one.code_mac, one.number_mac} - {None}, METHODS[one.method].read
        sent = self.secrets.get(one.id, [])
        return {secret for secret in sent if challenge.code_mac(KEY, one.id, read(secret, 4)) in kept}

    def pick(self, number: int, *, pending: bool = True) -> Confirmation | None:
        fitting = [one for one in self.all() if not (pending and one.over)]
        return fitting[number % len(fitting)] if fitting else None

    # What services and users do.

    @rule(
        service=st.sampled_from(["a", "b"]),
        number=st.sampled_from([NUMBERS[0], *NUMBERS]),
        methods=workflows,
        owner=st.sampled_from([None, None, "idn_1"]),
        code=st.sampled_from([None, None, None, "0001"]),
        sent=at_once,
    )
    def start(
        self, service: str, number: str, methods: list[str], owner: str | None, code: str | None, sent: bool
    ) -> None:
        steps = tuple(StepSettings(method=method) for method in methods)
        before = {one.id: one for one in self.all()}
        started = self.permitted(
            lambda tx: self.service.start(tx, self.now, Wish(service, number, steps, owner=owner, code=code))
        )
        if started is None:
            assert {one.id: one for one in self.all()} == before
        if sent:
            self.send()

    @rule(number=picks, kind=st.sampled_from(["last", "last", "old", "wrong"]))
    def check(self, number: int, kind: str) -> None:
        one = self.pick(number)
        if one is None:
            return
        secrets = self.secrets.get(one.id, [])
        answer = {"last": secrets[-1:], "old": secrets[:1], "wrong": []}[kind] or ["99999999"]
        after = self.permitted(lambda tx: self.service.check(tx, self.now, one.id, answer[0]))
        if after is not None and after.state is State.CONFIRMED:
            assert answer[0] == secrets[-1], "only the last secret confirms"

    @rule(number=picks, act=st.sampled_from(["next", "resend", "resend", "cancel"]), sent=at_once)
    def ask(self, number: int, act: str, sent: bool) -> None:
        one = self.pick(number)
        if one is None:
            return
        after = self.permitted(lambda tx: getattr(self.service, act)(tx, self.now, one.id))
        if after is not None:
            assert not self.good(after), "what was sent before is dead at once"
        if sent:
            self.send()

    @rule(caller=st.sampled_from([*NUMBERS, None]), to=st.sampled_from(ACCESS), trust=st.sampled_from(Trust))
    def call_in(self, caller: str | None, to: str, trust: Trust) -> None:
        call = InboundCall("in", caller, to, trust)
        proved = self.unit(lambda tx: self.service.inbound_call(tx, self.now, call))
        if proved is not None:
            assert (proved.phone_number, proved.access_number, trust) == (caller, to, Trust.ASSERTED)

    @rule(number=picks, sender=st.sampled_from(NUMBERS))
    def text_in(self, number: int, sender: str) -> None:
        one = self.pick(number)
        told = None if one is None else self.service.instructions(one)
        if told is None or "token" not in told:
            return
        sms = InboundSms(sender, "3434", told["token"], Trust.ASSERTED)
        proved = self.unit(lambda tx: self.service.inbound_sms(tx, self.now, sms))
        if proved is not None:
            assert (proved.id, proved.phone_number) == (one.id, sender)

    # What the networks do.

    @rule()
    def send(self) -> None:
        for sending in self.unit(lambda tx: self.service.claim_sends(tx, self.now)):
            claimed = sending.claimed
            if isinstance(sending, CallSending):
                self.lines.append(Line(sending.call, claimed.phone_number, sending.caller, claimed.id))
                secret = sending.caller[-4:]
            else:
                self.sms.append(sending)
                secret = sending.text.partition(" ")[0]
            self.secrets.setdefault(claimed.id, []).append(secret)

    @rule(number=picks, kind=st.sampled_from(["taken", "taken", "refused", "nobody", "away"]))
    def smsc_answers(self, number: int, kind: str) -> None:
        if not self.sms:
            return
        claimed = self.sms.pop(number % len(self.sms)).claimed
        self.messages.append(f"m{claimed.id}{claimed.codes}")
        outcomes = {"taken": Taken(self.messages[-1]), "refused": Refused(0x45), "nobody": Refused(0x0B)}
        outcome = outcomes.get(kind, Unavailable())
        before = self.unit(lambda tx: self.service.get(tx, claimed.id))
        after = self.unit(lambda tx: self.service.send_ended(tx, self.now, claimed, outcome))
        assert before.codes == claimed.codes or after == before, "a late answer is about another code"

    @rule(number=picks, state=st.sampled_from(ReceiptState))
    def receipt(self, number: int, state: ReceiptState) -> None:
        if self.messages:
            receipt = SmsReceipt(self.messages[number % len(self.messages)], state, "001")
            self.unit(lambda tx: self.service.receipt(tx, self.now, receipt))

    @rule(number=picks, fate=st.sampled_from([CallFate.RINGING] * 6 + [CallFate.DIVERTED, None] + FINAL))
    def report(self, number: int, fate: CallFate | None) -> None:
        """Report on any call there has ever been; what is over may well be reported again. None: it was not placed."""
        if not self.lines:
            return
        line = self.lines[-1 - number % len(self.lines)]
        if fate is None:
            if line.open:
                self.unplaced(line)
            return
        line.open = line.open and fate not in FINAL
        told = CallReport(line.call, fate, 480, None, 1 if fate is CallFate.ANSWERED else 0)
        self.unit(lambda tx: self.service.call_report(tx, self.now, told))

    def unplaced(self, line: Line) -> None:
        line.open = False
        self.unit(lambda tx: self.service.call_unplaced(tx, self.now, line.call))

    # Time.

    def hang_up(self) -> None:
        for call in self.unit(lambda tx: self.service.ring_ends(tx, self.now)):
            for line in self.lines:
                line.open = line.open and line.call != call
            self.unit(lambda tx, call=call: self.service.hung_up(tx, self.now, call))

    @rule(
        by=st.sampled_from([0, 0, 1, SECOND, 10 * SECOND, MINUTE, 5 * MINUTE]),
        handled=st.booleans(),
        restarted=st.sampled_from([False, False, False, True]),
    )
    def turn(self, by: int, handled: bool, restarted: bool) -> None:
        if restarted:
            self.restart()
        self.now += by
        self.hang_up()
        if handled:
            self.unit(lambda tx: self.service.step_times(tx, self.now))
            self.unit(lambda tx: self.service.expire(tx, self.now))
            assert all(one.over or one.expires_at > self.now for one in self.all())

    # What holds.

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def at_most_one_secret_is_good_and_none_of_what_is_over(self) -> None:
        for one in self.all():
            good = self.good(one)
            assert len(good) <= 1
            assert not (one.over and (one.code_mac or one.number_mac))
            assert not good or good == {self.secrets[one.id][-1]}

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def one_end_that_stays_and_is_heard_once(self) -> None:
        for one in self.all():
            assert self.ended[one.id] == self.heard[one.id] == int(one.over)
            assert (one.over_at is not None) == one.over
            assert (one.proof is not None) == (one.state is State.CONFIRMED)
            before = self.seen.get(one.id)
            if before is not None and before.over:
                assert (one.state, one.reason, one.proof) == (before.state, before.reason, before.proof)

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def failures_and_steps_only_grow(self) -> None:
        for one in self.all():
            before = self.seen.get(one.id, one)
            assert before.failures <= one.failures <= one.attempts
            assert before.step <= one.step
            assert before.generation <= one.generation
            assert one.over or one.attempts_left
            assert all(step.ended_at is not None for step in one.steps[: one.step])
            assert all(step.state is StepState.WAITING for step in one.steps[one.step + 1 :])
            assert one.method == one.present.method
            assert (one.step_due_at is None) or not one.on_last_step
            assert (one.send_due_at is None) or (one.send_state is SendState.QUEUED and not one.over)
            self.seen[one.id] = one

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def a_handset_never_hears_two_calls_that_could_be_taken_for_each_other(self) -> None:
        open_lines = [line for line in self.lines if line.open]
        for of_what in (
            Counter((line.to, line.caller) for line in open_lines),
            Counter((line.to, line.caller[-4:]) for line in open_lines),
            Counter(line.confirmation_id for line in open_lines),
        ):
            assert max(of_what.values(), default=0) <= 1

    @precondition(lambda self: hasattr(self, "conn"))
    @invariant()
    def a_caller_and_an_access_number_say_whose_confirmation_it_is(self) -> None:
        waiting = [one for one in self.all() if not one.over and one.access_number is not None]
        places = Counter((one.phone_number, one.access_number) for one in waiting)
        assert max(places.values(), default=0) <= 1


TestWorkflows = Workflows.TestCase
TestWorkflows.settings = settings(max_examples=50, stateful_step_count=50, deadline=None)
