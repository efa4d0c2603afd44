"""The last PDUs of the SMSC's links, kept in memory while somebody looks on, and never longer than the lab runs.

While nobody looks, a link asks once for each read and write whether anybody does. What is kept is bounded by number and
by octets. PDUs are told as the session reads and writes them: what a fault does to the octets comes after.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from smsc_emulator.frozen import frozen
from smsc_emulator.net.smpp_server import ServerLink, SmppServer
from smsc_emulator.smpp.codec import HEADER, decode
from smsc_emulator.smpp.config import MAX_LENGTH
from smsc_emulator.smpp.constants import RESPONSE_BIT
from smsc_emulator.smpp.errors import DecodeError, FramingError
from smsc_emulator.smpp.framing import Framer
from smsc_emulator.smpp.pdus import Pdu, UnknownPdu

KEEP: Final = 1000
"""How many PDUs are kept."""
OCTETS: Final = 4 << 20
"""How many octets they may have together."""
STREAMS: Final = 1000
"""How many directions of links may have a PDU unfinished, or wait for an answer."""


@frozen
class Seen:
    """One PDU that went over a link."""

    number: int
    """Grows with each PDU."""
    at: int
    """Lab time, in milliseconds."""
    account: str
    """Who is bound on the link; empty before the bind is accepted."""
    link: int
    """The connection's number."""
    received: bool
    """Whether it came from the ESME."""
    frame: bytes
    answered_in: float | None
    """Of an answer: real seconds since its request."""

    def pdu(self) -> Pdu:
        """Return the PDU; one that cannot be decoded as UnknownPdu."""
        try:
            return decode(self.frame)
        except DecodeError:
            _, command_id, status, sequence_number = HEADER.unpack_from(self.frame)
            return UnknownPdu(
                command_id, self.frame[HEADER.size :], command_status=status, sequence_number=sequence_number
            )


class RecentPdus:
    """Looks on at the links of one server while `watch` is entered, by one or by many."""

    def __init__(self, server: SmppServer, lab_now: Callable[[], int]) -> None:
        self._server = server
        self._lab_now = lab_now
        self._seen: deque[Seen] = deque()
        self._octets = 0
        self._last = 0
        self._watchers = 0
        self._framers: OrderedDict[tuple[int, bool], Framer] = OrderedDict()
        self._asked: OrderedDict[tuple[int, bool, int], float] = OrderedDict()
        self.answer_times: deque[tuple[float, float]] = deque(maxlen=10_000)
        """When the SMSC answered, in real seconds, and how many real seconds it had taken; the latest last."""

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Look on while the context is entered; what was seen stays to be read afterwards."""
        self._watchers += 1
        self._server.onlooker = self._take
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._server.onlooker = None
                self._framers.clear()
                self._asked.clear()

    def latest(self) -> list[Seen]:
        """Return what is kept, oldest first."""
        return list(self._seen)

    def _take(self, link: ServerLink, received: bool, data: bytes) -> None:
        key = link.number, received
        framer = self._framers.get(key)
        if framer is None:
            framer = self._framers[key] = Framer(MAX_LENGTH)
            _shorten(self._framers)
        try:
            for frame in framer.cut(data):
                self._add(link, received, frame)
        except FramingError:
            # Not at the beginning of a PDU, or no PDU at all: the next octets are tried afresh.
            del self._framers[key]

    def _add(self, link: ServerLink, received: bool, frame: bytes) -> None:
        now = self._server.now()
        self._last += 1
        took = self._answer_time(link.number, received, frame, now)
        self._seen.append(Seen(self._last, self._lab_now(), link.system_id, link.number, received, frame, took))
        self._octets += len(frame)
        while len(self._seen) > KEEP or self._octets > OCTETS:
            self._octets -= len(self._seen.popleft().frame)

    def _answer_time(self, link: int, received: bool, frame: bytes, now: float) -> float | None:
        _, command_id, _, sequence_number = HEADER.unpack_from(frame)
        if not command_id & RESPONSE_BIT:
            self._asked[link, received, sequence_number] = now
            _shorten(self._asked)
            return None
        asked = self._asked.pop((link, not received, sequence_number), None)
        if asked is None:
            return None
        if not received:
            self.answer_times.append((now, now - asked))
        return now - asked


def _shorten(kept: OrderedDict[tuple[int, bool], Framer] | OrderedDict[tuple[int, bool, int], float]) -> None:
    if len(kept) > STREAMS:
        kept.popitem(last=False)
