"""Carries out the faults of one link: what its rules decide about each PDU is done to the octets here.

Requests pass `takes` before they are served, octets pass `write` before they reach the socket. A link gets its faulty
wire when the first rule comes into force, and keeps it; without rules everything goes straight through.
"""

import asyncio
import socket
import struct
from typing import Protocol

from smsc_emulator.core.faults.engine import Faults
from smsc_emulator.core.faults.fault import Drop, Moment, Pace, Plan
from smsc_emulator.core.faults.frames import HEADER, rewrite
from smsc_emulator.core.faults.sight import Sight
from smsc_emulator.smpp.codec import decode
from smsc_emulator.smpp.constants import RESPONSE_BIT, CommandId, command_name
from smsc_emulator.smpp.errors import DecodeError
from smsc_emulator.smpp.pdus import Bind, Pdu

BACKLOG = 1 << 16
"""How many octets a slow link keeps before it stops reading."""

_NO_FAULT = Plan()
_LINGER_NOT = struct.pack("ii", 1, 0)


class FaultyLink(Protocol):
    """The link that the faults are of."""

    @property
    def system_id(self) -> str:
        """The account that has bound; empty before that."""

    def serve(self, pdu: Pdu) -> None:
        """Carry out a request that was held."""

    def refuse(self, request: Pdu, status: int) -> None:
        """Answer a request with an error."""

    def flush(self) -> None:
        """Write what was answered."""

    def wrote(self, octets: bytes) -> None:
        """Take note of octets that are handed to the transport."""


class FaultyWire:
    """Stands between a session and its socket."""

    def __init__(self, link: FaultyLink, transport: asyncio.Transport, faults: Faults) -> None:
        self._link = link
        self._transport = transport
        self._faults = faults
        self._plans: dict[int, Plan] = {}
        self._pace: Pace | None = None
        self._queue = bytearray()
        self._flowing = False
        self._eof = False
        self._endless = False
        self.silent = False
        """Whether the link is half-open: it neither reads nor writes."""

    def takes(self, pdu: Pdu) -> bool:
        """Decide about a request; whether it has been dealt with here and is not to be served now."""
        if not self._faults.active:
            return False
        account = pdu.system_id if isinstance(pdu, Bind) else self._link.system_id
        self._faults.note_origin(pdu, self._link)
        plan = self._faults.plan(Sight(account, command_name(pdu.command_id), pdu))
        self._plans[pdu.sequence_number] = plan
        if plan.half_open is not None:
            self._fall_silent(plan.half_open)
        if plan.drop is not None and plan.drop.at is Moment.REQUEST:
            self._drop(plan.drop)
        elif plan.delay:
            asyncio.get_running_loop().call_later(plan.delay / 1000, self._carry_out, pdu, plan)
        elif plan.status is not None:
            self._link.refuse(pdu, plan.status)
        else:
            return False
        return True

    def write(self, data: bytes) -> None:
        """Write whole PDUs, each as its plan has it."""
        if self.silent or self._transport.is_closing():
            return
        if not (self._plans or self._faults.active):
            self._put(data)
            return
        at, out = 0, bytearray()
        while at < len(data) and not (self.silent or self._transport.is_closing()):
            (length,) = struct.unpack_from(">I", data, at)
            self._pass(data[at : at + length], out)
            at += length
        self._put(bytes(out))

    def write_eof(self) -> None:
        """End the writing, once all that waits is written."""
        self._eof = True
        if not (self._queue or self.silent or self._transport.is_closing()):
            self._transport.write_eof()

    def is_over(self) -> bool:
        """Whether a half-open link whose rule gave no time may be reset, since there are no rules any more."""
        return self.silent and self._endless and not self._faults.active

    def _carry_out(self, pdu: Pdu, plan: Plan) -> None:
        if self._transport.is_closing():
            return
        if plan.status is None:
            self._link.serve(pdu)
        else:
            self._link.refuse(pdu, plan.status)
            self._link.flush()

    def _pass(self, frame: bytes, out: bytearray) -> None:
        """Add to `out` what becomes of a PDU."""
        command_id, number = HEADER.unpack_from(frame)[1::2]
        plan = self._plans.pop(number, None) if command_id & RESPONSE_BIT else None
        if plan is None and self._faults.active:
            plan = self._faults.plan(self._seen(frame, command_id))
            if plan.half_open is not None:
                self._fall_silent(plan.half_open)
                return
            if plan.status is not None and command_id & RESPONSE_BIT:
                frame = rewrite(frame[: HEADER.size], status=plan.status)
            if plan.delay:
                octets = _bent(frame, plan)
                asyncio.get_running_loop().call_later(plan.delay / 1000, self._put, octets)
                return
        self._pass_by(plan or _NO_FAULT, frame, out)

    def _pass_by(self, plan: Plan, frame: bytes, out: bytearray) -> None:
        if plan.pace is not None:
            self._pace = plan.pace
        drop = plan.drop
        if drop is None or drop.at is Moment.AFTER:
            out += _bent(frame, plan)
        if drop is not None:
            self._put(bytes(out))
            out.clear()
            self._drop(drop)

    def _seen(self, frame: bytes, command_id: int) -> Sight:
        """Return the sight of a PDU that no request of the ESME's has decided about."""
        account = self._link.system_id
        if command_id == CommandId.GENERIC_NACK:
            return Sight(account, "generic_nack")
        name = command_name(command_id & ~RESPONSE_BIT)
        if command_id & RESPONSE_BIT:
            return Sight(account, name)
        try:
            return Sight(account, name, decode(frame))
        except DecodeError:  # what the SMSC sends need not be what it would take
            return Sight(account, name)

    # The link as a whole.

    def _fall_silent(self, lasts: int) -> None:
        self.silent = True
        self._endless = not lasts
        self._queue.clear()
        self._transport.pause_reading()
        if lasts:
            asyncio.get_running_loop().call_later(lasts / 1000, self._transport.abort)

    def _drop(self, drop: Drop) -> None:
        if drop.reset:
            raw: socket.socket | None = self._transport.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            self._transport.abort()
        else:
            if self._queue:
                self._emit(bytes(self._queue))
                self._queue.clear()
            self._transport.close()

    def _put(self, octets: bytes) -> None:
        if self.silent or not octets or self._transport.is_closing():
            return
        if self._pace is None and not self._queue:
            self._emit(octets)
            return
        self._queue += octets
        if len(self._queue) > BACKLOG:
            self._transport.pause_reading()
        if not self._flowing:
            self._flow()

    def _emit(self, octets: bytes) -> None:
        self._link.wrote(octets)
        self._transport.write(octets)

    def _flow(self) -> None:
        self._flowing = False
        if self.silent or self._transport.is_closing():
            return
        if not self._faults.active:
            self._pace = None
        pace = self._pace or Pace(len(self._queue), 0)
        self._emit(bytes(self._queue[: pace.octets]))
        del self._queue[: pace.octets]
        if len(self._queue) <= BACKLOG:
            self._transport.resume_reading()
        if self._queue:
            self._flowing = True
            asyncio.get_running_loop().call_later(pace.pause / 1000, self._flow)
        elif self._eof:
            self._transport.write_eof()


def _bent(frame: bytes, plan: Plan) -> bytes:
    frames = [frame]
    for bend in plan.frames:
        frames = bend(frames)
    return b"".join(frames)
