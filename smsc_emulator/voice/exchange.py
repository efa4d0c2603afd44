"""The voice switch without input or output: who is called, what becomes of it, and what each side is told.

A call has two parties: legs of SIP calls, or virtual handsets, which are part of the exchange. What one does is passed
on to the other: progress, the answer, and the end with its status and its cause. Changes of the logs and acts on SIP
calls gather in `turn`; whoever runs the exchange stores the changes before it does the acts.

    caller's INVITE ──► firewall ──► routing ──┬─► handset: its reaction, on the lab clock
                                               ├─► SIP phone or trunk: a second leg
                                               └─► nobody: 404, cause 1
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from smsc_emulator.base.msisdn import DialPlan, from_dialled
from smsc_emulator.frozen import frozen
from smsc_emulator.handsets.handset import Handset
from smsc_emulator.handsets.states import OUTCOMES as SMS_OUTCOMES
from smsc_emulator.handsets.voice import HABIT, NORMAL_CLEARING, Reaction, Spelling, Voice, outcome_of
from smsc_emulator.sip.calls import Answered, CallControl, CallEvent, Ended, Incoming, Invitation, Progress
from smsc_emulator.sip.fields import ANONYMOUS
from smsc_emulator.voice.agenda import Agenda
from smsc_emulator.voice.calls import (
    BETWEEN_SWITCHES,
    LONGEST_CALL,
    LONGEST_USER,
    Act,
    CallState,
    Direction,
    Entry,
    Party,
    Through,
    Turn,
)
from smsc_emulator.voice.errors import CallOverError, HandsetCannotCallError, NoSuchCallError
from smsc_emulator.voice.firewall import CAUSES, Firewall, Sighting
from smsc_emulator.voice.routing import Phone, Routing, Target, Trunk
from smsc_emulator.voice.spelling import shown_of, spell

MOST_FORWARDS = 5
"""How often a call is forwarded; another time is answered with 483, cause 25, exchange routing error (RFC 3398)."""


@frozen
class Dialling:
    """How a handset calls."""

    to: str
    shown: str | None = None
    """The number that it claims; None: its own. The network asserts its own in any case."""
    withheld: bool = False
    """Whether it asks not to be shown."""
    asserted: bool = True
    """Whether its network vouches for its number at all."""
    hang_up_after: int | None = None
    """Lab time from the beginning to when it hangs up by itself, in milliseconds; None: never."""


@dataclass(slots=True)
class Habits:
    """What the switch does with all calls."""

    no_answer_after: int
    call_waiting: bool
    transit: Spelling


class Exchange:
    """All calls through the switch. `names` makes names for the legs that go out."""

    def __init__(
        self, habits: Habits, routing: Routing, firewall: Firewall, plan: DialPlan, names: Callable[[], str]
    ) -> None:
        self.habits = habits
        self.routing = routing
        self.firewall = firewall
        self.voices: dict[str, Voice] = {}
        """What numbers do with calls, where somebody has said so."""
        self.turn = Turn()
        self.ids = count(1)
        """The numbers of the calls in the logs."""
        self._plan = plan
        self._names = names
        self._agenda = Agenda()
        self._legs: dict[str, Through] = {}
        self._entries: dict[int, tuple[Through, Party]] = {}
        self._busy: dict[str, int] = {}

    def take(self) -> Turn:
        """Return what has changed since this was last asked."""
        turn, self.turn = self.turn, Turn()
        return turn

    # Inputs.

    def receive(self, event: CallEvent, now: int) -> None:
        """Let something happen to a SIP call. What happens to a call that is over is of no interest."""
        if isinstance(event, Incoming):
            self._begin(event, now)
            return
        call = self._legs.get(event.call)
        if call is None:
            return
        if isinstance(event, Progress):
            self._progress(call, event.status, event.early_media, now)
        elif isinstance(event, Answered):
            self._answered(call, now)
        else:
            self._leg_ended(call, event, now)

    def originate(self, number: str, dialling: Dialling, now: int) -> Entry:
        """Call from a handset; return the call in its log. Raises HandsetCannotCallError if it has no network."""
        handset = self.routing.handsets[number]
        if not SMS_OUTCOMES[handset.state].sends:
            raise HandsetCannotCallError(f"{number} is {handset.state.value}")
        shown = None if dialling.withheld else dialling.shown or number
        invitation = Invitation(
            shown or ANONYMOUS,
            from_dialled(dialling.to, self._plan) or dialling.to,
            number if dialling.asserted else None,
            private=dialling.withheld,
        )
        call = Through(Party(), invitation)
        entry = self._enter(call, call.caller, number, "out", shown, invitation.called, now)
        if dialling.hang_up_after is not None:
            call.hang_up = self._agenda.set(now + dialling.hang_up_after, partial(self._hang_up, call))
        self._route(call, invitation.called, now)
        return entry

    def answer(self, number: str, entry_id: int, now: int) -> Entry:
        """Answer a call to a handset. Raises NoSuchCallError, and CallOverError if it cannot be answered any more."""
        call, party = self._open(number, entry_id)
        if party is not call.callee or party.leg is not None or call.state is CallState.ANSWERED:
            raise CallOverError("only a call to a handset that is not answered yet can be answered")
        self._answered(call, now)
        assert party.entry is not None
        return party.entry

    def hang_up(self, number: str, entry_id: int, now: int) -> Entry:
        """End a call: reject it, take it back, or hang up. Raises NoSuchCallError if it is not under way."""
        call, party = self._open(number, entry_id)
        assert party.entry is not None
        if call.state is not CallState.ANSWERED and party is call.callee:
            self._over(call, 603, 21, now)
        else:
            self._hang_up(call, now)
        return party.entry

    def fail(self, entry: Entry, now: int) -> None:
        """End a call that could not be put into its log."""
        if entry.id in self._entries:
            self._over(self._entries[entry.id][0], 503, 41, now)

    def next_due(self) -> int | None:
        """Return the lab instant when something is to happen by itself, or None."""
        return self._agenda.next_due()

    def fire(self, now: int) -> None:
        """Do what is due at or before `now`."""
        self._agenda.fire(now)

    # The way of a call.

    def _begin(self, event: Incoming, now: int) -> None:
        wanted = event.invitation
        source = self.routing.source(event.peer, from_dialled(wanted.caller, self._plan))
        called = from_dialled(wanted.called, self._plan) or wanted.called
        vouched = source.number if isinstance(source, Phone) else wanted.asserted
        trusted = isinstance(source, Phone) or (source is not None and source.trusted)
        invitation = replace(wanted, called=called, asserted=vouched if trusted else None)
        call = Through(Party(leg=event.call), invitation, event.call_id)
        self._legs[event.call] = call
        if isinstance(source, Phone):
            self._enter(call, call.caller, source.number, "out", shown_of(invitation), called, now)
        elif self.routing.is_line(called) and self._is_stopped(call, now):
            return
        self._route(call, called, now)

    def _is_stopped(self, call: Through, now: int) -> bool:
        """Ask the firewall; return whether it takes the call."""
        caller = shown_of(call.invitation) or call.invitation.asserted
        call.sighting = Sighting(now, caller and from_dialled(caller, self._plan))
        rules = self.firewall.judge(call.sighting)
        for rule in rules:
            told = {"rule": rule.name, "decision": rule.decision}
            self.turn.events.append((now, "call.filtered", call.invitation.called, told))
        if not rules or rules[-1].decision == "log":
            return False
        call.sighting = None
        if rules[-1].decision == "block":
            self._over(call, rules[-1].status, CAUSES[rules[-1].status], now, outcome="blocked")
        else:
            call.hang_up = self._agenda.set(now + self.habits.no_answer_after, partial(self._hang_up, call))
            self._answered(call, now)
        return True

    def _route(self, call: Through, number: str, now: int) -> None:
        target = self.routing.target(number)
        if target is None:
            self._over(call, 404, 1, now)
        elif call.forwards > MOST_FORWARDS:
            self._over(call, 483, 25, now)
        elif isinstance(target, Trunk):
            self._call_out(call, Party(), target, number, now)
        else:
            self._call_line(call, target, now)

    def _call_line(self, call: Through, line: Handset | Phone, now: int) -> None:
        voice = self.voices.get(line.number, HABIT)
        waits = self.habits.call_waiting if voice.call_waiting is None else voice.call_waiting
        is_busy = not waits and line.number in self._busy
        party = call.callee = Party()
        self._enter(call, party, line.number, "in", self._spelled(call, line), call.invitation.called, now)
        if is_busy:
            self._over(call, 486, 17, now)
        elif isinstance(line, Phone):
            self._call_out(call, party, line, line.number, now)
        else:
            self._later(call, voice.delay, partial(self._react, call, line), now)

    def _call_out(self, call: Through, party: Party, target: Phone | Trunk, number: str, now: int) -> None:
        """Call a SIP phone, or what is behind a trunk."""
        if isinstance(target, Trunk):
            peer, user, tells_all = target.peer, number, target.trusted
        elif target.contact is not None:
            peer, user, tells_all = target.contact.peer, target.contact.user or number, False
        else:
            self._over(call, 480, 20, now)
            return
        shown = self._spelled(call, target)
        invitation = replace(
            call.invitation,
            caller=shown or ANONYMOUS,
            display_name=call.invitation.display_name if shown else "",
            called=user,
            asserted=call.invitation.asserted if tells_all or shown else None,
            private=shown is None,
        )
        leg = party.leg = self._names()
        call.callee = party
        self._legs[leg] = call
        self._act(leg, lambda control: control.invite(leg, peer, invitation), awaits=True)
        self._later(call, self.habits.no_answer_after, partial(self._over, call, 480, 19), now)

    def _react(self, call: Through, handset: Handset, now: int) -> None:
        """Let a handset do what it does with calls."""
        voice = self.voices.get(handset.number, HABIT)
        reaction = voice.reaction(handset.state)
        if reaction.first is not None:
            self._progress(call, reaction.first, reaction.early_media, now)
        if reaction.forwards and voice.forward_to is not None:
            self._forward(call, voice.forward_to, 181, now)
        else:
            wait = self.habits.no_answer_after if reaction.after is None else reaction.after
            self._later(call, wait, partial(self._decide, call, reaction), now)

    def _forward(self, call: Through, number: str, status: int, now: int) -> None:
        """Let another number decide."""
        assert call.callee is not None
        self._leave(call.callee, "forwarded", status, None, now)
        self._forget_plan(call)
        call.forwards += 1
        self._route(call, number, now)

    def _decide(self, call: Through, reaction: Reaction, now: int) -> None:
        if reaction.final == 200:
            self._answered(call, now)
        else:
            self._over(call, reaction.final, reaction.cause, now)

    def _progress(self, call: Through, status: int, early_media: bool, now: int) -> None:
        if call.state in (CallState.ANSWERED, CallState.ENDED):
            return
        if status == 180 and call.state is CallState.CALLING:
            call.state = CallState.RINGING
        for party in call.parties:
            entry = party.entry
            if status == 180 and entry is not None and entry.rang_at is None:
                entry.state, entry.rang_at = CallState.RINGING, now
                self.turn.change(now, "call.ringing", entry)
        if call.caller.leg is not None:
            leg = call.caller.leg
            self._act(leg, lambda control: control.progress(leg, status, early_media=early_media))

    def _answered(self, call: Through, now: int) -> None:
        if call.state in (CallState.ANSWERED, CallState.ENDED):
            return
        call.state = CallState.ANSWERED
        self._forget_plan(call)
        call.hang_up = call.hang_up or self._agenda.set(now + LONGEST_CALL, partial(self._hang_up, call))
        if call.sighting is not None:
            call.sighting.zero_duration = False
        for party in call.parties:
            if party.entry is not None:
                party.entry.state, party.entry.answered_at = CallState.ANSWERED, now
                self.turn.change(now, "call.answered", party.entry)
        if call.caller.leg is not None:
            leg = call.caller.leg
            self._act(leg, lambda control: control.answer(leg), awaits=True)

    def _leg_ended(self, call: Through, event: Ended, now: int) -> None:
        del self._legs[event.call]
        if event.moved_to and call.callee and call.callee.leg == event.call and call.callee.entry:
            # A phone with a call forwarding of its own answers so.
            self._progress(call, 181, False, now)
            self._forward(call, from_dialled(event.moved_to, self._plan) or event.moved_to, event.status, now)
            return
        cause = event.cause
        if cause is None and (event.status in (200, 487) or call.state is CallState.ANSWERED):
            cause = NORMAL_CLEARING
        self._over(call, event.status, cause, now)

    def _hang_up(self, call: Through, now: int) -> None:
        """End a call as one of its parties means it."""
        self._over(call, 487, NORMAL_CLEARING, now)

    def _over(self, call: Through, status: int, cause: int | None, now: int, outcome: str | None = None) -> None:
        """End a call on both sides; a leg that is over already is left alone."""
        if call.state is CallState.ENDED:
            return
        was_answered = call.state is CallState.ANSWERED
        call.state = CallState.ENDED
        self._forget_plan(call)
        if call.hang_up is not None:
            call.hang_up.call_off()
        if call.sighting is not None and not was_answered:
            call.sighting.zero_duration = True
        final = 200 if was_answered else status
        became = "answered" if was_answered else outcome or outcome_of(status, cause)
        for party in call.parties:
            self._leave(party, became, final, cause, now)
            if party.leg is not None and self._legs.pop(party.leg, None) is not None:
                self._end(party.leg, status, cause)

    # Small parts of the above.

    def _enter(
        self, call: Through, party: Party, number: str, direction: Direction, shown: str | None, to: str, now: int
    ) -> Entry:
        """Begin a call in the log of a number."""
        shown, to = shown and shown[:LONGEST_USER], to[:LONGEST_USER]
        entry = party.entry = Entry(next(self.ids), number, direction, shown, to, now)
        self._entries[entry.id] = call, party
        self._busy[number] = self._busy.get(number, 0) + 1
        self.turn.begin(entry, call.call_id)
        return entry

    def _leave(self, party: Party, outcome: str, status: int, cause: int | None, now: int) -> None:
        """End a call in the log of a party, if it is in one."""
        entry = party.entry
        if entry is None or entry.state is CallState.ENDED:
            return
        del self._entries[entry.id]
        self._busy[entry.number] -= 1
        if not self._busy[entry.number]:
            del self._busy[entry.number]
        entry.state, entry.ended_at = CallState.ENDED, now
        entry.outcome, entry.status, entry.cause = outcome, status, cause
        self.turn.change(now, "call.ended", entry, outcome=outcome, status=status, cause=cause)

    def _open(self, number: str, entry_id: int) -> tuple[Through, Party]:
        call, party = self._entries.get(entry_id, (None, None))
        if call is None or party is None or party.entry is None or party.entry.number != number:
            raise NoSuchCallError("the number has no such call under way")
        return call, party

    def _spelled(self, call: Through, target: Target) -> str | None:
        """Return the caller as the called side is shown it: as the line says, or the caller's own, or the switch."""
        shown = shown_of(call.invitation)
        own = call.caller.entry.number if call.caller.entry is not None else None
        habits = [self.voices.get(number, HABIT).transit for number in (getattr(target, "number", None), own) if number]
        spelling = next((one for one in habits if one is not None), self.habits.transit)
        return None if shown is None else spell(shown, spelling, self._plan)

    def _later(self, call: Through, wait: int, do: Callable[[int], None], now: int) -> None:
        """Do something when lab time has passed, unless the call is answered or over by then; at once for no time."""
        if wait > 0:
            call.plan.append(self._agenda.set(now + wait, do))
        else:
            do(now)

    @staticmethod
    def _forget_plan(call: Through) -> None:
        for alarm in call.plan:
            alarm.call_off()
        call.plan.clear()

    def _act(self, leg: str, do: Callable[[CallControl], None], *, awaits: bool = False) -> None:
        self.turn.acts.append(Act(leg, do, awaits))

    def _end(self, leg: str, status: int, cause: int | None) -> None:
        if 300 <= status < 400 or status in BETWEEN_SWITCHES:
            status, cause = 500, cause or 41
        self._act(leg, lambda control: control.end(leg, status, cause), awaits=True)
