"""Telephones on a UDP socket: they ring, answer and refuse as told, call, and keep every datagram."""

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sip_wire import Address, Message, acknowledgement, parse, request, response, user, within

T = TypeVar("T")
T1 = 0.5
TICK = 0.05
PATIENCE = 20.0


@dataclass(frozen=True)
class Conduct:
    """What a telephone answers to an INVITE; without a final answer it goes on ringing."""

    provisional: tuple[int, ...] = (180,)
    final: int | None = None
    cause: int | None = None
    """The Q.850 cause in the Reason header of the final answer."""
    early_media: bool = False
    answers_cancel_with: int = 487
    """The INVITE's answer after a CANCEL: 200 is the answer that crossed it."""


RINGS = Conduct()


@dataclass
class Call:
    """One call as the telephone saw it."""

    invite: Message
    peer: Address
    outgoing: bool = False
    provisional: list[int] = field(default_factory=list)
    final: Message | None = None
    """The final answer, ours or theirs."""
    cancel: Message | None = None
    acknowledged: bool = False
    bye: Message | None = None
    invites: int = 1
    """How often the INVITE came, or was sent."""
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    last: bytes = b""
    due: float = 0.0
    gap: float = T1

    @property
    def called(self) -> str:
        return self.invite.called

    @property
    def caller(self) -> str:
        return user(self.invite["from"])

    @property
    def asserted(self) -> str | None:
        return user(self.invite["p-asserted-identity"]) if self.invite["p-asserted-identity"] else None

    @property
    def status(self) -> int:
        return self.final.status if self.final else 0

    @property
    def over(self) -> bool:
        return (self.status >= 300 and self.acknowledged) or self.bye is not None


class Phones:
    """Any number of telephones behind one UDP socket; each answers as `conduct` says of its number, or else rings.

    `conduct` may be changed at any time. `wait` blocks until the calls are as wished.
    """

    def __init__(self, conduct: dict[str, Conduct] | None = None, *, otherwise: Conduct = RINGS) -> None:
        self.conduct = conduct or {}
        self.otherwise = otherwise
        self.calls: dict[str, Call] = {}
        self.others: list[Message] = []
        """What came that belongs to no call, such as an OPTIONS or its answer."""
        self.wire: list[tuple[bool, bytes]] = []
        """Every datagram, with whether it was ours."""
        self.deaf = False
        """Whether what comes is thrown away unread; for one who sends what cannot be answered."""
        self.failure: Exception | None = None
        self.changed = threading.Condition()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):  # a bigger buffer is a help, not a need
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(TICK)
        self.address: Address = self.socket.getsockname()
        self.closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def contact(self, number: str) -> str:
        return f"sip:{number}@{self.address[0]}:{self.address[1]}"

    def close(self) -> None:
        self.closing = True
        self.thread.join()
        self.socket.close()

    def __enter__(self) -> "Phones":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What a test asks for

    def call(
        self, peer: Address, called: str, caller: str, *more: tuple[str, str], asserted: str | None = None
    ) -> Call:
        """Call somebody at `peer`; the INVITE is sent again until something comes."""
        if asserted is not None:
            more = (*more, ("p-asserted-identity", f"<sip:{asserted}@{self.address[0]}>"))
        call_id = f"{secrets.token_hex(8)}@tests"
        target = f"sip:{called}@{peer[0]}:{peer[1]}"
        invite = request("INVITE", target, self.address, caller, called, call_id, *more, sdp=True)
        call = Call(invite, peer, outgoing=True, last=bytes(invite), due=time.monotonic() + T1)
        with self.changed:
            self.calls[call_id] = call
            self._send(call.last, peer)
        return call

    def cancel(self, call: Call) -> None:
        with self.changed:
            self._send(bytes(within(call.invite, "CANCEL", call.invite["to"])), call.peer)

    def progress(self, call: Call, status: int) -> None:
        """Answer a call provisionally, of the test's own accord."""
        with self.changed:
            call.provisional.append(status)
            self._reply(call, status)

    def send(self, octets: bytes, peer: Address) -> None:
        with self.changed:
            self._send(octets, peer)

    def wait(self, ready: Callable[[], T], patience: float = PATIENCE) -> T:
        """Return what `ready` returns as soon as it is true."""
        with self.changed:
            found = self.changed.wait_for(lambda: self.failure or ready(), timeout=patience)
        assert self.failure is None, f"the telephones broke: {self.failure!r}"
        assert found, f"not within {patience} s; the calls are {[(c.called, c.status) for c in self.calls.values()]}"
        return found

    def rings(self, number: str, nth: int = 1) -> Call:
        """Return the `nth` call to a number, waiting for it."""
        return self.wait(lambda: self._to(number)[nth - 1 : nth])[0]

    def ended(self, call: Call) -> Call:
        self.wait(lambda: call.over)
        return call

    def _to(self, number: str) -> list[Call]:
        return [call for call in self.calls.values() if call.called == number and not call.outgoing]

    # What the thread does

    def _run(self) -> None:
        try:
            self._loop()
        except Exception as failure:
            with self.changed:
                self.failure = failure
                self.changed.notify_all()
            raise

    def _loop(self) -> None:
        while not self.closing:
            try:
                datagram, peer = self.socket.recvfrom(65535)
            except TimeoutError:
                datagram = b""
            except ConnectionError:  # a peer that was killed: the kernel says so on the next read
                continue
            with self.changed:
                if datagram.strip() and not self.deaf:
                    self.wire.append((False, datagram))
                    self._receive(parse(datagram), peer)
                    self.changed.notify_all()
                self._repeat(time.monotonic())

    def _send(self, octets: bytes, peer: Address) -> None:
        self.wire.append((True, octets))
        self.socket.sendto(octets, peer)

    def _repeat(self, now: float) -> None:
        """Send again what waits for its answer: our INVITEs and our final answers."""
        for call in self.calls.values():
            if call.due and now >= call.due:
                call.gap = min(call.gap * 2, 4.0)
                call.due = now + call.gap
                call.invites += call.outgoing
                self._send(call.last, call.peer)

    def _receive(self, message: Message, peer: Address) -> None:
        call = self.calls.get(message["call-id"])
        if message.status:
            self._answered(call, message)
        elif call is not None and message.method != "INVITE":
            getattr(self, f"_{message.method.lower()}", self._other)(call, message, peer)
        elif call is not None:
            call.invites += 1
            self._send(call.last, call.peer)
        elif message.method == "INVITE":
            self._ring(message, peer)
        else:
            self.others.append(message)
            if message.method != "ACK":
                self._send(bytes(response(message, 481, "none")), peer)

    def _ring(self, invite: Message, peer: Address) -> None:
        call = self.calls[invite["call-id"]] = Call(invite, peer)
        conduct = self.conduct.get(invite.called, self.otherwise)
        for status in conduct.provisional:
            call.provisional.append(status)
            self._reply(call, status, sdp=conduct.early_media and status == 183)
        if conduct.final is not None:
            self._end(call, conduct.final, conduct.cause)

    def _reply(self, call: Call, status: int, *more: tuple[str, str], sdp: bool = False) -> Message:
        contact = ("contact", f"<{self.contact(call.called)}>")
        answer = response(call.invite, status, call.tag, contact, *more, sdp=sdp)
        call.last = bytes(answer)
        self._send(call.last, call.peer)
        return answer

    def _end(self, call: Call, status: int, cause: int | None) -> None:
        reason = () if cause is None else (("reason", f"Q.850;cause={cause}"),)
        call.final = self._reply(call, status, *reason, sdp=status == 200)
        call.due, call.gap = time.monotonic() + T1, T1

    def _cancel(self, call: Call, cancel: Message, peer: Address) -> None:
        self._send(bytes(response(cancel, 200, call.tag)), peer)
        if call.cancel is None and call.final is None:
            status = self.conduct.get(call.called, self.otherwise).answers_cancel_with
            self._end(call, status, None)
        call.cancel = cancel

    def _ack(self, call: Call, _ack: Message, _peer: Address) -> None:
        call.acknowledged, call.due = True, 0.0

    def _bye(self, call: Call, bye: Message, peer: Address) -> None:
        call.bye, call.due = bye, 0.0
        self._send(bytes(response(bye, 200, call.tag)), peer)

    def _other(self, _call: Call, message: Message, _peer: Address) -> None:
        self.others.append(message)

    def _answered(self, call: Call | None, answer: Message) -> None:
        if call is None or not call.outgoing or answer.method != "INVITE":
            self.others.append(answer)
            return
        call.due = 0.0
        if answer.status < 200:
            call.provisional.append(answer.status)
            return
        call.final, call.acknowledged = answer, True
        self._send(bytes(acknowledgement(call.invite, answer)), call.peer)
