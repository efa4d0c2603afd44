"""Two SIP agents joined without a socket, in virtual time, by a wire that may lose, double, delay and reorder."""

import heapq
from collections.abc import Callable
from itertools import count
from random import Random

from smsc_emulator.sip.agent import Agent
from smsc_emulator.sip.calls import CallEvent, Ended, Incoming, Invitation, Peer, Transport

INVITATION = Invitation("+70001000001", "+70000000001")


def tokens(prefix: str) -> Callable[[int], str]:
    """Return a source of tokens that never repeats itself."""
    numbers = count()
    return lambda length: f"{prefix}{next(numbers):0{length - len(prefix)}d}"


def first_line(data: bytes) -> str:
    return data.split(b"\r\n", 1)[0].decode()


class Side:
    """An agent, where it is, and what it has told."""

    def __init__(self, name: str, port: int, transport: Transport) -> None:
        self.peer = Peer("127.0.0.1", port, transport)
        self.agent = Agent(self.peer, tokens(name))
        self.events: list[CallEvent] = []
        self.sent: list[bytes] = []

    def of(self, kind: type) -> list[CallEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def called(self) -> str:
        """The name of the last call that came in."""
        return self.of(Incoming)[-1].call

    @property
    def lines(self) -> list[str]:
        """The first lines of all that was sent, shortened to what they are."""
        return [line.split()[1] if line.startswith("SIP/") else line.split()[0] for line in map(first_line, self.sent)]

    def ended(self) -> Ended:
        (event,) = self.of(Ended)
        assert isinstance(event, Ended)
        return event


class Pair:
    """A caller and a callee. `wire` says when a message arrives: one delay for each copy, none if it is lost."""

    def __init__(
        self,
        transport: Transport = "udp",
        wire: Callable[[bytes], list[float]] = lambda data: [0.0],
    ) -> None:
        self.caller = Side("a", 5061, transport)
        self.callee = Side("b", 5062, transport)
        self.now = 0.0
        self._wire = wire
        self._order = count()
        self._under_way: list[tuple[float, int, Side, Side, bytes]] = []

    def call(self, name: str = "one", invitation: Invitation = INVITATION, **more: int) -> str:
        """Make a call; return what the callee calls it."""
        self.caller.agent.at(self.now).invite(name, self.callee.peer, invitation, **more)
        self.settle()
        return self.callee.called

    def settle(self) -> None:
        """Let everything arrive that takes no time."""
        self.run(self.now)

    def run(self, until: float) -> None:
        """Let time pass, one happening after the other."""
        self._collect()
        while (due := self._next()) is not None and due <= until:
            self.now = max(self.now, due)
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, source, target, data = heapq.heappop(self._under_way)
                target.agent.receive(data, source.peer, self.now)
                self._collect()
            for side in (self.caller, self.callee):
                side.agent.handle_deadline(self.now)
            self._collect()
        self.now = until

    @property
    def idle(self) -> bool:
        return self._next() is None

    def _next(self) -> float | None:
        deadlines = [side.agent.next_deadline() for side in (self.caller, self.callee)]
        if self._under_way:
            deadlines.append(self._under_way[0][0])
        return min((due for due in deadlines if due is not None), default=None)

    def _collect(self) -> None:
        for source, target in ((self.caller, self.callee), (self.callee, self.caller)):
            source.events += [event for event in source.agent.events() if not hasattr(event, "authorization")]
            for _, data in source.agent.data_to_send():
                source.sent.append(data)
                for delay in self._wire(data):
                    heapq.heappush(self._under_way, (self.now + delay, next(self._order), source, target, data))


def bad_wire(seed: int, loss: float = 0.3) -> Callable[[bytes], list[float]]:
    """Return a wire that loses, doubles and delays by chance."""
    random = Random(seed)

    def fate(data: bytes) -> list[float]:
        if random.random() < loss:
            return []
        return [random.random() * 0.7 for _ in range(2 if random.random() < 0.2 else 1)]

    return fate
