"""Two sessions joined without a socket, at any state of Table 2-1."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.framing import Framer
from smsc_emulator.smpp.pdus import (
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    Outbind,
    Pdu,
    SubmitSm,
    SubmitSmResp,
)
from smsc_emulator.smpp.session import (
    Event,
    Mistake,
    ProtocolMistake,
    RequestReceived,
    Role,
    Session,
    SessionConfig,
    State,
)

BINDS: dict[State, type[Bind]] = {
    State.BOUND_TX: BindTransmitter,
    State.BOUND_RX: BindReceiver,
    State.BOUND_TRX: BindTransceiver,
}


class ProbedSession(Session):
    """A session with ways to look at what it does."""

    def answers(self) -> list[Pdu]:
        """Drain what it has to send, decoded."""
        return [decode(frame) for frame in Framer(0x20000).cut(self.data_to_send())]

    def feed(self, *pdus: Pdu) -> list[Pdu]:
        """Receive PDUs in one piece; return the answers."""
        self.receive(b"".join(map(encode, pdus)), 0.0)
        return self.answers()

    def mistakes(self) -> list[Mistake]:
        """Drain the events; return the kinds of the peer's mistakes."""
        return [event.kind for event in self.events() if isinstance(event, ProtocolMistake)]


@dataclass
class Pair:
    """An ESME and an SMSC; `now` is turned by the test."""

    esme: ProbedSession
    smsc: ProbedSession
    now: float = 0.0

    def exchange(self) -> None:
        """Carry octets both ways until both are silent."""
        while True:
            to_smsc, to_esme = self.esme.data_to_send(), self.smsc.data_to_send()
            if not to_smsc and not to_esme:
                return
            self.smsc.receive(to_smsc, self.now)
            self.esme.receive(to_esme, self.now)

    def bind(self, state: State, *, window: int | None = None) -> None:
        """Bind into `state` and forget the events of it."""
        self.esme.send(BINDS[state]("esme", "secret"), self.now)
        self.exchange()
        self.smsc.accept_bind(self.request(), "lab", window=window)
        self.exchange()
        assert self.esme.state is self.smsc.state is state
        self.esme.events()
        self.smsc.events()

    def request(self) -> Bind:
        (event,) = self.smsc.events()
        assert isinstance(event, RequestReceived)
        assert isinstance(event.pdu, Bind)
        return event.pdu

    def submit(self, count: int = 1) -> list[SubmitSm]:
        """Send messages; return them as the SMSC got them."""
        for _ in range(count):
            self.esme.send(SubmitSm(destination_addr="70000000001", short_message=b"hello"), self.now)
        self.exchange()
        return [event.pdu for event in self.smsc.events() if isinstance(event, RequestReceived)]  # type: ignore[misc]

    def answer(self, requests: list[SubmitSm]) -> list[Event]:
        """Accept messages; return the ESME's events."""
        for number, request in enumerate(requests):
            self.smsc.reply(request, SubmitSmResp(message_id=str(number)))
        self.exchange()
        return self.esme.events()

    def at(self, role: Role) -> ProbedSession:
        return self.esme if role is Role.ESME else self.smsc


JoinedPair = Callable[..., Pair]


@pytest.fixture
def joined() -> JoinedPair:
    """Return a maker of pairs; the arguments are those of SessionConfig."""

    def join(state: State = State.OPEN, **config: object) -> Pair:
        settings = SessionConfig(**config)  # type: ignore[arg-type]
        pair = Pair(ProbedSession(Role.ESME, settings, 0.0), ProbedSession(Role.SMSC, settings, 0.0))
        if state is State.OUTBOUND:
            pair.smsc.send(Outbind("lab", "secret"), 0.0)
            pair.exchange()
            pair.esme.events()
        elif state is not State.OPEN:
            pair.bind(State.BOUND_TRX if state is State.UNBOUND else state)
        if state is State.UNBOUND:
            pair.esme.close(0.0)
            pair.exchange()
            pair.esme.events()
            pair.smsc.events()
        assert pair.esme.state is pair.smsc.state is state
        return pair

    return join
