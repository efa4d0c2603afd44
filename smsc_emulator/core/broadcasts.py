"""Broadcasts of SMPP 5.0 on the lab clock: each is repeated at its interval until its number or its validity is over.

The lab has no cells: an area that can be read is the whole lab, so every handset that can be reached when a broadcast
goes out gets its text, once, however often it is repeated. Broadcasts live in memory and end with the process.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from smsc_emulator.base.clock import Clock
from smsc_emulator.core.message import Address, Message
from smsc_emulator.handsets.handset import Handset
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import SubmitSm

HISTORY: Final = 1_000
"""How many broadcasts are remembered, those that are over included; the oldest are forgotten first."""

_PENDING: Final = frozenset({MessageState.SCHEDULED, MessageState.ENROUTE})


@dataclass(slots=True, eq=False)
class Broadcast:
    """A broadcast. Instants are lab time in milliseconds."""

    id: int
    message_id: str
    account: str
    pdu: SubmitSm
    """Source and text, as a handset gets them."""
    areas: list[bytes]
    """The values of broadcast_area_identifier."""
    content_type: bytes
    reference: bytes | None
    """The ESME's user_message_reference."""
    due_at: int
    interval: int
    repetitions: int | None
    """How often it is still to go out; None is until the end of its validity."""
    expires_at: int | None
    state: int = MessageState.ENROUTE
    ended_at: int | None = None
    reached: frozenset[str] = frozenset()
    """The handsets that have its text."""

    @property
    def source(self) -> Address:
        """The address that it came from."""
        return Address(self.pdu.source_addr_ton, self.pdu.source_addr_npi, self.pdu.source_addr)

    @property
    def pending(self) -> bool:
        """Whether it is still to go out."""
        return self.state in _PENDING

    def end(self, state: int, now: int) -> None:
        """Bring it to a final state."""
        self.state, self.ended_at = state, now


class Broadcasts:
    """All broadcasts, and the deadlines of those that are pending. `receive` hands a text to a handset."""

    gives_up = False

    def __init__(
        self, handsets: Handsets, clock: Clock, receive: Callable[[Handset, Message], None], wake: Callable[[], None]
    ) -> None:
        self._handsets = handsets
        self._clock = clock
        self._receive = receive
        self._wake = wake
        self._all: dict[int, Broadcast] = {}

    def add(self, broadcast: Broadcast) -> None:
        """Let a broadcast go out at its instants."""
        self._all[broadcast.id] = broadcast
        if len(self._all) > HISTORY:
            del self._all[next(iter(self._all))]
        self._wake()

    def of(self, account: str, source: Address) -> Iterator[Broadcast]:
        """Yield the broadcasts of an account from one address, oldest first."""
        return (each for each in self._all.values() if each.account == account and each.source == source)

    def cancel(self, broadcast: Broadcast) -> None:
        """Let a broadcast go out no more."""
        broadcast.end(MessageState.DELETED, self._clock.now())

    async def next_due(self) -> int | None:
        """Return the instant of the earliest broadcast, or None."""
        return min((_next(each) for each in self._all.values() if each.pending), default=None)

    async def fire(self, now: int) -> None:
        """Send out what is due."""
        for broadcast in list(self._all.values()):
            while broadcast.pending and _next(broadcast) <= now:
                self._go_on(broadcast, _next(broadcast))

    def _go_on(self, broadcast: Broadcast, at: int) -> None:
        if broadcast.expires_at is not None and broadcast.expires_at <= at:
            complete = broadcast.repetitions is None
            broadcast.end(MessageState.DELIVERED if complete else MessageState.EXPIRED, at)
            return
        broadcast.state = MessageState.ENROUTE
        self._send(broadcast, at)
        broadcast.due_at = at + broadcast.interval
        if broadcast.repetitions is not None:
            broadcast.repetitions -= 1
            if not broadcast.repetitions:
                broadcast.end(MessageState.DELIVERED, at)

    def _send(self, broadcast: Broadcast, now: int) -> None:
        pdu = broadcast.pdu
        text = Message(broadcast.id, broadcast.message_id, broadcast.account, now, pdu, final_at=now)
        reached = set(broadcast.reached)
        for number, handset in list(self._handsets.items()):
            if number not in reached and handset.outcome(pdu).state == MessageState.DELIVERED:
                reached.add(number)
                self._receive(handset, text)
        broadcast.reached = frozenset(reached)


def _next(broadcast: Broadcast) -> int:
    return broadcast.due_at if broadcast.expires_at is None else min(broadcast.due_at, broadcast.expires_at)
