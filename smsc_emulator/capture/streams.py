"""A TCP connection as segments: numbers and acknowledgements that let a dissector follow it from its first octet."""

from collections.abc import Iterator

from smsc_emulator.capture.packets import End, Flag, segment
from smsc_emulator.frozen import frozen

LARGEST = 32_768
"""How many octets one made-up segment carries at most; an IP packet has room for 65,535 with its headers."""


@frozen
class Segment:
    """A segment, and whether the lab has sent it."""

    packet: bytes
    outbound: bool


class Stream:
    """One connection between the lab's end and its peer's. The peer has opened it if `by_peer`."""

    def __init__(self, local: End, peer: End) -> None:
        self._ends = {True: local, False: peer}
        # What each end sends next. 0 is the SYN, also of a connection that is older than the capture.
        self._next = {True: 1, False: 1}

    def opened(self, *, by_peer: bool) -> Iterator[Segment]:
        """Yield the three segments of the handshake."""
        self._next = {True: 0, False: 0}
        opener = not by_peer
        yield self._segment(Flag.SYN, outbound=opener, takes=1)
        yield self._segment(Flag.SYN | Flag.ACK, outbound=not opener, takes=1)
        yield self._segment(Flag.ACK, outbound=opener)

    def data(self, octets: bytes, *, outbound: bool) -> Iterator[Segment]:
        """Yield the segments that carry `octets`."""
        for at in range(0, len(octets), LARGEST):
            part = octets[at : at + LARGEST]
            yield self._segment(Flag.PSH | Flag.ACK, part, outbound=outbound, takes=len(part))

    def closed(self, *, broken: bool) -> Iterator[Segment]:
        """Yield the end: both sides take leave, or a `broken` connection is reset. Who was first is not known."""
        if broken:
            yield self._segment(Flag.RST | Flag.ACK, outbound=False)
            return
        yield self._segment(Flag.FIN | Flag.ACK, outbound=False, takes=1)
        yield self._segment(Flag.FIN | Flag.ACK, outbound=True, takes=1)
        yield self._segment(Flag.ACK, outbound=False)

    def _segment(self, flags: Flag, payload: bytes = b"", *, outbound: bool, takes: int = 0) -> Segment:
        source, target = self._ends[outbound], self._ends[not outbound]
        acknowledged = self._next[not outbound] if flags & Flag.ACK else 0
        packet = segment(source, target, self._next[outbound], acknowledged, flags, payload)
        self._next[outbound] += takes
        return Segment(packet, outbound)
