"""The life of a session: its state, its timers and its end. What goes through it between bind and unbind is `Session`.

Time comes in by `handle_deadline`; what is to be written and what has happened is drained by `data_to_send` and
`events`.
"""

from smsc_emulator.smpp.config import SessionConfig
from smsc_emulator.smpp.constants import INTERFACE_VERSION
from smsc_emulator.smpp.events import Closed, CloseReason, Event, Mistake, ProtocolMistake, RequestTimedOut
from smsc_emulator.smpp.outbox import Outbox
from smsc_emulator.smpp.owed import Owed
from smsc_emulator.smpp.pdus import EnquireLink, Pdu, Unbind, UnbindResp
from smsc_emulator.smpp.standing import Standing
from smsc_emulator.smpp.states import BOUND, Role, State
from smsc_emulator.smpp.timers import Timer, Timers
from smsc_emulator.smpp.versions import VERSIONS
from smsc_emulator.smpp.window import Pending, Window


class LinkLife:
    """One end of an SMPP session, without what goes through it; `now` is any monotonic count of seconds."""

    def __init__(self, role: Role, config: SessionConfig, now: float) -> None:
        self._role = role
        self._config = config
        self._now = now
        self._window = Window(config.window, config.response_timeout)
        self._timers = Timers(
            session_init=config.session_init_timeout if role is Role.SMSC else 0.0,
            enquire_link=config.enquire_link_interval,
            inactivity=config.inactivity_timeout,
            now=now,
        )
        self._out = Outbox(config.error_body)
        self._events: list[Event] = []
        self._owed = Owed(self._out)
        self._standing = Standing(role, config.served, config.enquire_link_before_bind)
        self._speak(INTERFACE_VERSION)
        self._unbind_sent = False
        self._peer_unbind: int | None = None  # the sequence_number of its unbind
        self._ended = False

    @property
    def state(self) -> State:
        """The session's state (2.2)."""
        return self._standing.state

    @property
    def interface_version(self) -> int:
        """The version of SMPP that both sides speak since the bind: 0x33, 0x34 or 0x50 (3.4)."""
        return self._standing.version

    @property
    def window_free(self) -> int:
        """How many requests may be sent before one is answered."""
        return self._window.free

    @property
    def asked_at(self) -> float:
        """When the peer, having been silent, was last asked by enquire_link; at first, when the session began."""
        return self._timers.asked_at

    @property
    def closed(self) -> bool:
        """Whether to close the link now: the session is over and everything written has been taken."""
        return self._ended and not self._out

    def events(self) -> list[Event]:
        """Return what has happened since the last call, oldest first."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> bytes:
        """Return the octets to write to the peer since the last call."""
        return self._out.take()

    def close(self, now: float) -> None:
        """End the session: a bound one by unbind, once the requests that the peer waits for are answered."""
        self._now = now
        if self._ended or self._standing.closing:
            return
        if self.state not in BOUND:
            self._end(CloseReason.CLOSED)
            return
        self._standing.start_closing()
        self._settle()

    def link_lost(self) -> list[Pdu]:
        """End the session, since the link has gone; return the requests left without answers, oldest first."""
        self._ended = True
        self._owed.clear()
        self._out.take()
        self._enter(State.CLOSED)
        return self._window.take_all()

    def next_deadline(self) -> float | None:
        """Return when to call `handle_deadline`, or None."""
        if self._ended:
            return None
        deadlines = [deadline for deadline, _ in self._timers.deadlines()]
        response = self._window.deadline
        return min(deadlines if response is None else [*deadlines, response], default=None)

    def handle_deadline(self, now: float) -> None:
        """Do what is due at `now`; too early a call does nothing."""
        self._now = now
        if self._ended:
            return
        for pending in self._window.take_expired(now):
            if pending.own:
                self._own_timed_out(pending)
            else:
                self._events.append(RequestTimedOut(pending.request))
        match self._timers.due(now):
            case Timer.SESSION_INIT:
                self._end(CloseReason.SESSION_INIT_TIMEOUT)
            case Timer.INACTIVITY:
                self._end(CloseReason.INACTIVITY_TIMEOUT)
            case Timer.ENQUIRE_LINK if not self._ended:
                self._timers.asked_at = now
                self._send_own(EnquireLink())

    def _adopt(self, config: SessionConfig) -> None:
        """Go on by other settings, now that it is known whose session this is."""
        self._config = config
        self._out.error_body = config.error_body
        self._window.size, self._window.timeout = config.window, config.response_timeout
        self._timers.set(enquire_link=config.enquire_link_interval, inactivity=config.inactivity_timeout)

    def _speak(self, version: int) -> None:
        """Read, write and allow from now on what `version` has."""
        self._out.speak(version)
        self._standing.speak(version)
        self._decode = self._config.reader(version)
        self._owed.tells_congestion = VERSIONS[version].tells_congestion and self._role is Role.SMSC

    def _send_own(self, pdu: Pdu) -> None:
        pdu.sequence_number = self._window.draw()
        self._out.write(pdu)
        self._window.add(pdu, self._now, own=True)

    def _settle(self) -> None:
        """Go on with an unbind, the peer's or our own, once nothing is owed to the peer."""
        if self._ended or self._owed:
            return
        if self._peer_unbind is not None:
            self._out.write(UnbindResp(sequence_number=self._peer_unbind))
            self._peer_unbind = None
            self._enter(State.UNBOUND)
            self._end(CloseReason.UNBOUND)
        elif self._standing.closing and not self._unbind_sent:
            self._unbind_sent = True
            self._send_own(Unbind())

    def _own_timed_out(self, pending: Pending) -> None:
        if type(pending.request) is Unbind:
            self._end(CloseReason.UNBIND_UNANSWERED)
        elif self._timers.heard_at > pending.sent_at:
            self._mistake(Mistake.ENQUIRE_LINK_UNANSWERED, f"number {pending.request.sequence_number}")
        else:
            self._end(CloseReason.ENQUIRE_LINK_UNANSWERED)

    def _enter(self, state: State) -> None:
        self._standing.enter(state)
        self._timers.bound = state in BOUND

    def _end(self, reason: CloseReason) -> None:
        if reason is not CloseReason.UNBOUND:
            self._enter(State.CLOSED)
        if not self._ended:
            self._ended = True
            self._events.append(Closed(reason))

    def _mistake(self, kind: Mistake, detail: str) -> None:
        self._events.append(ProtocolMistake(kind, detail))
