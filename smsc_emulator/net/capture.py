"""Captures of what goes over the lab's links, as pcapng files that are bounded in size and time.

A file holds texts and codes in clear, as the wire does: it is for its owner alone (mode 0600). Packets are written a
moment late, since what they are about (the confirmation of a submit_sm) is known only then.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal
from weakref import WeakSet

import structlog

from smsc_emulator.capture import pcapng
from smsc_emulator.capture.notes import Note, SmppNotes, sip_notes
from smsc_emulator.capture.packets import End, datagram
from smsc_emulator.capture.streams import Segment, Stream
from smsc_emulator.frozen import frozen
from smsc_emulator.net.outlets import Outlet, open_outlet
from smsc_emulator.net.tap import Address, Tapped

LATE: Final = 0.5
"""How many real seconds a packet waits for what it is about."""

BUFFER: Final = 1 << 20
"""How many octets wait at most; more are written without waiting."""

FLOWS: Final = 10_000
"""How many conversations are remembered; the oldest is forgotten."""

Protocol_ = Literal["smpp", "sip"]

log = structlog.get_logger(__name__)


class EndedBy(StrEnum):
    """Why a capture is over."""

    STOPPED = "stopped"
    SIZE = "size"
    TIME = "time"
    ERROR = "error"


@frozen
class Bounds:
    """How large a file may grow, in octets, and for how many real seconds a capture may run, if that is bounded."""

    size: int
    seconds: float | None = None


@dataclass(slots=True)
class _Packet:
    interface: int
    at: int
    octets: bytes
    outbound: bool
    notes: list[Note]


@dataclass(eq=False)
class Capture:
    """One file, and what became of it."""

    id: str
    path: Path
    bounds: Bounds
    started_at: int
    """Real time in milliseconds since 1970, as `ended_at`."""
    outlet: Outlet
    ended_at: int | None = None
    ended_by: EndedBy | None = None
    waiting: list[_Packet] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None

    @property
    def packets(self) -> int:
        """How many packets were written."""
        return self.outlet.packets

    @property
    def lost(self) -> int:
        """How many packets were lost, since the reader of a pipe was not there or too slow."""
        return self.outlet.lost

    @property
    def size(self) -> int:
        """How many octets were written."""
        return self.outlet.size


class Captures:
    """The captures of one lab, and the parts that they listen to.

    `names` tells, for what a packet is about, the lab's ids of it: confirmations, identifications, calls.
    """

    def __init__(self, application: str, names: Callable[[Note], Iterable[str]]) -> None:
        self._application = application
        self._names = names
        self._taps: list[_PartTap] = []
        self._owners: OrderedDict[tuple[str, frozenset[End]], _PartTap] = OrderedDict()
        self._flush_due: asyncio.TimerHandle | None = None
        self._octets = 0
        self._ending: list[Outlet] = []
        self.running: list[Capture] = []
        self.on_running: Callable[[bool], None] = lambda _any: None
        """Told when the first capture begins and when the last has ended."""

    def interface(self, name: str, description: str, protocol: Protocol_) -> Callable[[Tapped], None]:
        """Declare an interface; the returned function has a part listened to as that interface, now and later."""
        tap = _PartTap(self, len(self._taps), name, description, protocol)
        self._taps.append(tap)

        def attach(part: Tapped) -> None:
            tap.parts.add(part)
            part.tap = tap if self.running else None

        return attach

    def start(self, id_: str, path: Path, bounds: Bounds) -> Capture:
        """Begin to write a file, which is emptied if it is there, or a pipe. Raises OSError."""
        comment = "Times are real time, not the lab clock's. Sessions over TLS are in clear."
        head = [pcapng.section_header(self._application, comment)]
        head += [pcapng.interface_description(tap.name, tap.description) for tap in self._taps]
        capture = Capture(id_, path, bounds, _now() // 1_000, open_outlet(path, b"".join(head)))
        if bounds.seconds is not None:
            loop = asyncio.get_running_loop()
            capture.timer = loop.call_later(bounds.seconds, self._end, capture, EndedBy.TIME)
        self.running.append(capture)
        self._listen()
        return capture

    def stop(self, capture: Capture) -> None:
        """End a capture; one that is over stays as it is."""
        self._end(capture, EndedBy.STOPPED)

    def flush(self) -> None:
        """Write down what waits."""
        if self._flush_due is not None:
            self._flush_due.cancel()
            self._flush_due = None
        self._octets = 0
        for capture in list(self.running):
            waiting, capture.waiting = capture.waiting, []
            for packet in waiting:
                if capture.ended_by is None:
                    self._write(capture, packet)

    async def close(self) -> None:
        """End every capture, and wait until the readers of pipes have what they are owed, which is bounded."""
        for capture in list(self.running):
            self.stop(capture)
        for outlet in self._ending:
            await outlet.closed.wait()

    # What the taps call.

    def owns(self, tap: "_PartTap", protocol: str, ends: frozenset[End]) -> bool:
        """Return whether `tap` is the one to tell of a conversation: of two parts that talk, one tells of it."""
        key = protocol, ends
        owner = self._owners.setdefault(key, tap)
        if len(self._owners) > FLOWS:
            self._owners.popitem(last=False)
        return owner is tap

    def disowned(self, ends: frozenset[End]) -> None:
        """Forget a connection."""
        self._owners.pop(("tcp", ends), None)

    def add(self, interface: int, octets: bytes, notes: list[Note], *, outbound: bool) -> None:
        """Take a packet."""
        packet = _Packet(interface, _now(), octets, outbound, notes)
        for capture in self.running:
            capture.waiting.append(packet)
        self._octets += len(octets)
        if self._octets > BUFFER:
            self.flush()
        elif self._flush_due is None:
            self._flush_due = asyncio.get_running_loop().call_later(LATE, self.flush)

    def _write(self, capture: Capture, packet: _Packet) -> None:
        comments = dict.fromkeys(text for note in packet.notes for text in self._told(note))
        block = pcapng.enhanced_packet(packet.interface, packet.at, packet.octets, comments, outbound=packet.outbound)
        if capture.size + len(block) > capture.bounds.size:
            self._end(capture, EndedBy.SIZE)
            return
        try:
            capture.outlet.write(block)
        except OSError as error:
            log.warning("a capture cannot be written", capture=capture.id, reason=str(error))
            self._end(capture, EndedBy.ERROR)

    def _told(self, note: Note) -> Iterable[str]:
        if note.id:
            yield f"{note.kind} {note.id}"
            yield from self._names(note)

    def _end(self, capture: Capture, by: EndedBy) -> None:
        if capture.ended_by is not None:
            return
        if by in (EndedBy.STOPPED, EndedBy.TIME):
            self.flush()
            if capture.ended_by is not None:  # the flush has filled it
                return
        capture.ended_by, capture.ended_at = by, _now() // 1_000
        capture.waiting.clear()
        if capture.timer is not None:
            capture.timer.cancel()
        capture.outlet.close()
        self._ending = [each for each in (*self._ending, capture.outlet) if not each.closed.is_set()]
        self.running.remove(capture)
        counts = {"packets": capture.packets, "octets": capture.size, "lost": capture.lost}
        log.info("a capture has ended", capture=capture.id, by=by.value, **counts)
        self._listen()

    def _listen(self) -> None:
        """Listen if there is a capture; at the end of the last, forget what was heard."""
        for tap in self._taps:
            tap.listen(bool(self.running))
        if not self.running:
            self._owners.clear()
            if self._flush_due is not None:
                self._flush_due.cancel()
                self._flush_due = None
        self.on_running(bool(self.running))


@dataclass(slots=True)
class _Conversation:
    """A TCP connection of a part."""

    ends: frozenset[End]
    stream: Stream
    smpp: SmppNotes


class _PartTap:
    """See `Tap`: listens to all parts of one interface."""

    def __init__(self, captures: Captures, interface: int, name: str, description: str, protocol: Protocol_) -> None:
        self.name = name
        self.description = description
        self.parts: WeakSet[Tapped] = WeakSet()
        self._captures = captures
        self._interface = interface
        self._protocol = protocol
        self._conversations: dict[asyncio.BaseTransport, _Conversation | None] = {}

    def listen(self, on: bool) -> None:
        """Begin or end to listen."""
        for part in self.parts:
            part.tap = self if on else None
        if not on:
            self._conversations.clear()

    def opened(self, transport: asyncio.BaseTransport, *, by_peer: bool) -> None:
        if (conversation := self._conversation(transport)) is not None:
            for one in conversation.stream.opened(by_peer=by_peer):
                self._add(one, [])

    def read(self, transport: asyncio.BaseTransport, octets: bytes) -> None:
        self._heard(transport, octets, outbound=False)

    def wrote(self, transport: asyncio.BaseTransport, octets: bytes) -> None:
        self._heard(transport, octets, outbound=True)

    def closed(self, transport: asyncio.BaseTransport, *, broken: bool) -> None:
        conversation = self._conversations.pop(transport, None)
        if conversation is not None:
            for one in conversation.stream.closed(broken=broken):
                self._add(one, [])
            self._captures.disowned(conversation.ends)

    def datagram(self, local: Address, peer: Address, octets: bytes, *, outbound: bool) -> None:
        ours, theirs = End.of(local), End.of(peer)
        if not self._captures.owns(self, "udp", frozenset((ours, theirs))):
            return
        source, target = (ours, theirs) if outbound else (theirs, ours)
        with suppress(ValueError):  # an address that is no IP address has no packet
            packet = datagram(source, target, octets)
            self._captures.add(self._interface, packet, sip_notes(octets), outbound=outbound)

    def _heard(self, transport: asyncio.BaseTransport, octets: bytes, *, outbound: bool) -> None:
        conversation = self._conversation(transport)
        if conversation is None:
            return
        is_smpp = self._protocol == "smpp"
        notes = conversation.smpp.hear(octets, outbound=outbound) if is_smpp else sip_notes(octets)
        for one in conversation.stream.data(octets, outbound=outbound):
            self._add(one, notes)

    def _conversation(self, transport: asyncio.BaseTransport) -> _Conversation | None:
        """Return the conversation of a transport, or None if another part tells of it."""
        if transport not in self._conversations:
            self._conversations[transport] = self._begun(transport)
        return self._conversations[transport]

    def _begun(self, transport: asyncio.BaseTransport) -> _Conversation | None:
        local, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        if not local or not peer:  # the connection was gone before it could be asked
            return None
        ours, theirs = End.of(local), End.of(peer)
        ends = frozenset((ours, theirs))
        if not self._captures.owns(self, "tcp", ends):
            return None
        return _Conversation(ends, Stream(ours, theirs), SmppNotes())

    def _add(self, one: Segment, notes: list[Note]) -> None:
        self._captures.add(self._interface, one.packet, notes, outbound=one.outbound)


def _now() -> int:
    """Return real time in microseconds since 1970."""
    return time.time_ns() // 1_000
