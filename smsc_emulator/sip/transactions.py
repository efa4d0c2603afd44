"""The four transactions of RFC 3261, section 17, with the Accepted states of RFC 6026.

A transaction is one request with all its retransmissions and responses, between two neighbours. It makes an unreliable
transport reliable, and it absorbs what comes twice, so that who uses it sees each request and each response once.

There are four: the client and the server side, each for INVITE and for all other methods. INVITE has its own since a
user may take minutes to answer: its client stops retransmitting at the first provisional response, its final response
is retransmitted by the server until an ACK comes, and a 2xx leaves the transaction altogether: it is repeated and
acknowledged end to end, while the transaction stays in Accepted only to absorb what is late.

Each machine is a table, `TABLE[kind][state][input]`, that gives the next state and what to do on the way there; what is
not in the table is ignored. Entering a state sets its timers anew from `ON_ENTRY`: one that retransmits (A, E, G) and
one that ends the state (B, F, H when the peer was waited for in vain; D, I, J, K, L, M when there was time enough for
stragglers). Over TCP nothing is retransmitted and nothing straggles, except a 2xx, which comes end to end.
"""

from enum import Enum, auto

from smsc_emulator.frozen import frozen
from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.timers import Timers


class Kind(Enum):
    """The four machines."""

    INVITE_CLIENT = auto()
    CLIENT = auto()
    INVITE_SERVER = auto()
    SERVER = auto()


class State(Enum):
    """The states, by their names in RFC 3261 and RFC 6026."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


class Input(Enum):
    """What can happen to a transaction. For a server, a response is one that its user sends."""

    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    """A final response other than 2xx."""
    REQUEST = auto()
    """The request came again."""
    ACK = auto()
    RETRANSMIT = auto()
    """Timer A, E or G."""
    TIME_IS_UP = auto()
    """Timer B, D, F, H, I, J, K, L or M."""
    TRANSPORT_ERROR = auto()


class Action(Enum):
    """What to do on the way into the next state."""

    TELL = auto()
    """Hand the message to the user."""
    SEND = auto()
    """Send the user's response."""
    RESEND = auto()
    """Send again what was sent last."""
    ACKNOWLEDGE = auto()
    """Send the ACK of a final response other than 2xx."""
    TIMED_OUT = auto()
    """Tell the user that the peer did not answer."""
    FAILED = auto()
    """Tell the user that the peer cannot be reached."""


Step = tuple[State, tuple[Action, ...]]
_K, _S, _I, _A = Kind, State, Input, Action

TABLE: dict[Kind, dict[State, dict[Input, Step]]] = {
    _K.INVITE_CLIENT: {
        _S.CALLING: {
            _I.RETRANSMIT: (_S.CALLING, (_A.RESEND,)),
            _I.PROVISIONAL: (_S.PROCEEDING, (_A.TELL,)),
            _I.SUCCESS: (_S.ACCEPTED, (_A.TELL,)),
            _I.FAILURE: (_S.COMPLETED, (_A.ACKNOWLEDGE, _A.TELL)),
            _I.TIME_IS_UP: (_S.TERMINATED, (_A.TIMED_OUT,)),
            _I.TRANSPORT_ERROR: (_S.TERMINATED, (_A.FAILED,)),
        },
        _S.PROCEEDING: {
            _I.PROVISIONAL: (_S.PROCEEDING, (_A.TELL,)),
            _I.SUCCESS: (_S.ACCEPTED, (_A.TELL,)),
            _I.FAILURE: (_S.COMPLETED, (_A.ACKNOWLEDGE, _A.TELL)),
        },
        _S.ACCEPTED: {
            _I.SUCCESS: (_S.ACCEPTED, (_A.TELL,)),
            _I.TIME_IS_UP: (_S.TERMINATED, ()),
        },
        _S.COMPLETED: {
            _I.FAILURE: (_S.COMPLETED, (_A.ACKNOWLEDGE,)),
            _I.TIME_IS_UP: (_S.TERMINATED, ()),
            _I.TRANSPORT_ERROR: (_S.TERMINATED, ()),
        },
    },
    _K.CLIENT: {
        _S.TRYING: {
            _I.RETRANSMIT: (_S.TRYING, (_A.RESEND,)),
            _I.PROVISIONAL: (_S.PROCEEDING, (_A.TELL,)),
            _I.SUCCESS: (_S.COMPLETED, (_A.TELL,)),
            _I.FAILURE: (_S.COMPLETED, (_A.TELL,)),
            _I.TIME_IS_UP: (_S.TERMINATED, (_A.TIMED_OUT,)),
            _I.TRANSPORT_ERROR: (_S.TERMINATED, (_A.FAILED,)),
        },
        _S.PROCEEDING: {
            _I.RETRANSMIT: (_S.PROCEEDING, (_A.RESEND,)),
            _I.PROVISIONAL: (_S.PROCEEDING, (_A.TELL,)),
            _I.SUCCESS: (_S.COMPLETED, (_A.TELL,)),
            _I.FAILURE: (_S.COMPLETED, (_A.TELL,)),
            _I.TIME_IS_UP: (_S.TERMINATED, (_A.TIMED_OUT,)),
            _I.TRANSPORT_ERROR: (_S.TERMINATED, (_A.FAILED,)),
        },
        _S.COMPLETED: {
            _I.TIME_IS_UP: (_S.TERMINATED, ()),
        },
    },
    _K.INVITE_SERVER: {
        _S.PROCEEDING: {
            _I.REQUEST: (_S.PROCEEDING, (_A.RESEND,)),
            _I.PROVISIONAL: (_S.PROCEEDING, (_A.SEND,)),
            _I.SUCCESS: (_S.ACCEPTED, (_A.SEND,)),
            _I.FAILURE: (_S.COMPLETED, (_A.SEND,)),
        },
        _S.ACCEPTED: {
            _I.SUCCESS: (_S.ACCEPTED, (_A.SEND,)),
            _I.TIME_IS_UP: (_S.TERMINATED, ()),
        },
        _S.COMPLETED: {
            _I.REQUEST: (_S.COMPLETED, (_A.RESEND,)),
            _I.RETRANSMIT: (_S.COMPLETED, (_A.RESEND,)),
            _I.ACK: (_S.CONFIRMED, ()),
            _I.TIME_IS_UP: (_S.TERMINATED, ()),
            _I.TRANSPORT_ERROR: (_S.TERMINATED, ()),
        },
        _S.CONFIRMED: {
            _I.TIME_IS_UP: (_S.TERMINATED, ()),
        },
    },
    _K.SERVER: {
        _S.TRYING: {
            _I.PROVISIONAL: (_S.PROCEEDING, (_A.SEND,)),
            _I.SUCCESS: (_S.COMPLETED, (_A.SEND,)),
            _I.FAILURE: (_S.COMPLETED, (_A.SEND,)),
        },
        _S.PROCEEDING: {
            _I.REQUEST: (_S.PROCEEDING, (_A.RESEND,)),
            _I.PROVISIONAL: (_S.PROCEEDING, (_A.SEND,)),
            _I.SUCCESS: (_S.COMPLETED, (_A.SEND,)),
            _I.FAILURE: (_S.COMPLETED, (_A.SEND,)),
        },
        _S.COMPLETED: {
            _I.REQUEST: (_S.COMPLETED, (_A.RESEND,)),
            _I.TIME_IS_UP: (_S.TERMINATED, ()),
            _I.TRANSPORT_ERROR: (_S.TERMINATED, ()),
        },
    },
}

BEGIN = {
    Kind.INVITE_CLIENT: State.CALLING,
    Kind.CLIENT: State.TRYING,
    Kind.INVITE_SERVER: State.PROCEEDING,
    Kind.SERVER: State.TRYING,
}
"""The state that each machine begins in."""


@frozen
class _Times:
    """The timers of a state, as names of what `Timers` tells."""

    over: str
    """When the state ends: a time of `Timers`."""
    reliable_over: str
    """The same over TCP; `now` where there is nothing to wait for."""
    retransmit: str = ""
    """After which time it is first sent again, over UDP alone; then after twice that, and so on."""
    capped: bool = True
    """Whether it is sent again after T2 at the latest."""


ON_ENTRY: dict[tuple[Kind, State], _Times] = {
    (_K.INVITE_CLIENT, _S.CALLING): _Times("patience", "patience", "t1", capped=False),  # B, A
    (_K.INVITE_CLIENT, _S.ACCEPTED): _Times("patience", "patience"),  # M
    (_K.INVITE_CLIENT, _S.COMPLETED): _Times("absorb", "now"),  # D
    (_K.CLIENT, _S.TRYING): _Times("patience", "patience", "t1"),  # F, E
    (_K.CLIENT, _S.COMPLETED): _Times("t4", "now"),  # K
    (_K.INVITE_SERVER, _S.ACCEPTED): _Times("patience", "patience"),  # L
    (_K.INVITE_SERVER, _S.COMPLETED): _Times("patience", "patience", "t1"),  # H, G
    (_K.INVITE_SERVER, _S.CONFIRMED): _Times("t4", "now"),  # I
    (_K.SERVER, _S.COMPLETED): _Times("patience", "now"),  # J
}
"""Proceeding has none of its own: an INVITE waits there for the user, and any other request goes on with F and E."""


class Transaction:
    """One run of one of the machines. It says what to do; `Transactions` does it."""

    __slots__ = ("_interval", "_timers", "key", "kind", "over_at", "peer", "resend_at", "sent", "state")

    def __init__(self, kind: Kind, key: tuple[str, ...], peer: Peer, timers: Timers, now: float) -> None:
        self.kind = kind
        self.key = key
        self.peer = peer
        """Where its messages go."""
        self.sent = b""
        """What was sent last, to send it again."""
        self._timers = timers
        self._interval = 0.0
        self.resend_at: float | None = None
        self.over_at: float | None = None
        self.state = State.TERMINATED
        self._enter(BEGIN[kind], now)

    @property
    def due(self) -> float | None:
        """When `take_deadline` is to be called."""
        return min((at for at in (self.resend_at, self.over_at) if at is not None), default=None)

    @property
    def over(self) -> bool:
        """Whether it can be forgotten."""
        return self.state is State.TERMINATED

    def take(self, happened: Input, now: float) -> tuple[Action, ...]:
        """Go to the next state and return what is to be done."""
        state, actions = TABLE[self.kind].get(self.state, {}).get(happened, (self.state, ()))
        if happened is Input.RETRANSMIT and self.resend_at is not None:
            self._interval = self._next_interval()
            self.resend_at = now + self._interval
        if state is not self.state:
            self._enter(state, now)
        elif happened is Input.PROVISIONAL and self.kind is Kind.CLIENT:
            self._slow_down()
        return actions

    def take_deadline(self, now: float) -> tuple[Action, ...]:
        """Do what a timer asks for at `now`. The end of a state goes before a retransmission."""
        if self.over_at is not None and self.over_at <= now:
            return self.take(Input.TIME_IS_UP, now)
        if self.resend_at is not None and self.resend_at <= now:
            return self.take(Input.RETRANSMIT, now)
        return ()

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        if self.kind is Kind.CLIENT and state is State.PROCEEDING:
            self._slow_down()
            return
        times = ON_ENTRY.get((self.kind, state))
        self.resend_at = self.over_at = None
        if times is None:
            return
        reliable = self.peer.transport == "tcp"
        over = times.reliable_over if reliable else times.over
        if over == "now":
            self.state = State.TERMINATED
            return
        self.over_at = now + float(getattr(self._timers, over))
        if times.retransmit and not reliable:
            self._interval = float(getattr(self._timers, times.retransmit))
            self.resend_at = now + self._interval

    def _next_interval(self) -> float:
        times = ON_ENTRY.get((self.kind, self.state))
        if times is None:  # a request that is Proceeding (17.1.2.2)
            return self._timers.t2
        doubled = self._interval * 2
        return min(doubled, self._timers.t2) if times.capped else doubled

    def _slow_down(self) -> None:
        """From the first provisional response on, a request is sent again every T2; timer F goes on (17.1.2.2)."""
        self._interval = self._timers.t2
