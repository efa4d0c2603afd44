"""Whatever happens, in whatever order, no leg and no entry is left over, and each is ended once."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from smsc_emulator.base.msisdn import DialPlan
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.handsets.voice import CallBehaviour, Voice
from smsc_emulator.sip.calls import Answered, CallEvent, Ended, Incoming, Invitation, Peer, Progress
from smsc_emulator.voice.errors import CallOverError, HandsetCannotCallError, NoSuchCallError
from smsc_emulator.voice.exchange import Dialling, Exchange, Habits
from smsc_emulator.voice.firewall import Firewall
from smsc_emulator.voice.routing import Routing
from smsc_emulator.voice.settings import FirewallRuleSettings, PhoneSettings, TrunkSettings

ALICE, BOB, PHONE = "+70000000001", "+70000000002", "+70000000050"
NUMBERS = st.sampled_from([ALICE, BOB, PHONE, "+79991234567", "+70009999999"])
RULES = [
    FirewallRuleSettings(name="block", callers=["+70001"], velocity=2),
    FirewallRuleSettings(name="answer", callers=["+70002"], velocity=2, decision="answer"),
]


class Control:
    """A CallControl that keeps which legs are under way, and checks that each act makes sense."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.ended: Counter[str] = Counter()

    def invite(self, call: str, peer: Peer, invitation: Invitation, *, expires: int | None = None) -> None:
        assert call not in self.open
        self.open.add(call)

    def progress(self, call: str, status: int, *, early_media: bool = False) -> None:
        assert 100 < status < 200

    def answer(self, call: str) -> None:
        assert not self.ended[call]

    def end(self, call: str, status: int = 480, cause: int | None = None) -> None:
        self.ended[call] += 1
        assert self.ended[call] == 1
        self.open.discard(call)


class Calls(RuleBasedStateMachine):
    legs: Bundle[str] = Bundle("legs")

    @initialize()
    def begin(self) -> None:
        phones = [PhoneSettings(phone_number=PHONE, contact="sip:127.0.0.5:5070")]
        trunks = [TrunkSettings(name="other", host="127.0.0.6", numbers=["+7999"])]
        routing = Routing(Handsets([ALICE, BOB]), phones, trunks)
        names = count(1)
        self.exchange = Exchange(
            Habits(60_000, True, "keep"),
            routing,
            Firewall(RULES, routing.is_line),
            DialPlan(),
            lambda: f"out-{next(names)}",
        )
        self.control, self.now = Control(), 0
        self.numbers = count(1)
        self.log: dict[int, list[str]] = {}

    def settle(self) -> None:
        turn = self.exchange.take()
        for _at, event, _subject, data in turn.events:
            if "call_id" in data:
                self.log.setdefault(int(data["call_id"]), []).append(event)
        for act in turn.acts:
            act.do(self.control)

    def act(self, do: Callable[[], Any]) -> None:
        with suppress(CallOverError, HandsetCannotCallError, NoSuchCallError):
            do()
        self.settle()

    def tell(self, event: CallEvent) -> None:
        self.act(lambda: self.exchange.receive(event, self.now))

    @rule(target=legs, called=NUMBERS, caller=st.sampled_from(["+70001001234", "+70002001234", "anonymous"]))
    def call_comes(self, called: str, caller: str) -> str:
        leg = f"in-{next(self.numbers)}"
        self.control.open.add(leg)
        self.tell(Incoming(leg, Invitation(caller, called), Peer("127.0.0.6", 5060)))
        return leg

    @rule(number=st.sampled_from([ALICE, BOB]), to=NUMBERS, after=st.none() | st.integers(1, 30_000))
    def handset_calls(self, number: str, to: str, after: int | None) -> None:
        self.act(lambda: self.exchange.originate(number, Dialling(to, hang_up_after=after), self.now))

    @rule(data=st.data(), kind=st.sampled_from(["180", "183", "answered", "ended"]))
    def other_side_acts(self, data: Any, kind: str) -> None:
        if not self.control.open:
            return
        leg = data.draw(st.sampled_from(sorted(self.control.open)))
        if kind == "ended":
            self.control.open.discard(leg)
            self.control.ended[leg] += 1
            self.tell(Ended(leg, data.draw(st.sampled_from([200, 404, 480, 486, 487, 503])), None, False, True))
        elif leg.startswith("out-"):
            self.tell(Answered(leg) if kind == "answered" else Progress(leg, int(kind)))

    @rule(leg=consumes(legs))
    def a_late_event_is_harmless(self, leg: str) -> None:
        if leg not in self.control.open:
            self.tell(Progress(leg, 180))
            self.tell(Ended(leg, 487, None, False, True))

    @rule(number=st.sampled_from([ALICE, BOB]), entry=st.integers(1, 30), answers=st.booleans())
    def user_acts(self, number: str, entry: int, answers: bool) -> None:
        do = self.exchange.answer if answers else self.exchange.hang_up
        self.act(lambda: do(number, entry, self.now))

    @rule(
        number=st.sampled_from([ALICE, BOB]),
        behaviour=st.sampled_from(CallBehaviour),
        forward_to=NUMBERS,
        waits=st.booleans(),
    )
    def habit_changes(self, number: str, behaviour: CallBehaviour, forward_to: str, waits: bool) -> None:
        self.exchange.voices[number] = Voice(behaviour, forward_to=forward_to, call_waiting=waits)

    @rule(state=st.sampled_from(HandsetState))
    def state_changes(self, state: HandsetState) -> None:
        self.exchange.routing.handsets[ALICE].state = state

    @rule(by=st.integers(1, 70_000))
    def time_passes(self, by: int) -> None:
        self.now += by
        self.act(lambda: self.exchange.fire(self.now))

    @invariant()
    def every_entry_has_a_right_history(self) -> None:
        right = (["call.started"], ["call.started", "call.ringing"])
        for events in getattr(self, "log", {}).values():
            begun = [event for event in events if event in ("call.started", "call.ringing")]
            assert begun in right
            assert events.count("call.answered") <= 1
            assert events.count("call.ended") <= 1
            assert events == sorted(events, key=["call.started", "call.ringing", "call.answered", "call.ended"].index)

    def teardown(self) -> None:
        if not hasattr(self, "control"):
            return
        self.time_passes(100_000)
        for leg in sorted(self.control.open):
            if leg in self.control.open:
                self.control.open.discard(leg)
                self.tell(Ended(leg, 487, None, False, True))
        for number in (ALICE, BOB):
            for entry in list(self.log):
                self.act(lambda number=number, entry=entry: self.exchange.hang_up(number, entry, self.now))  # type: ignore[misc] # bound now
        assert not self.control.open
        assert all(events[-1] == "call.ended" for events in self.log.values())
        assert self.exchange.next_due() is None
        assert not self.exchange._busy
        assert not self.exchange._entries
        assert not self.exchange._legs


Calls.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyOrder = Calls.TestCase
