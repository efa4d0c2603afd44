"""Octets to PDUs and back, by the tables of pdus.py.

Each table is compiled once into a plan: runs of integers become one `struct`, a C-Octet String a search for its NUL,
anything else a function. The loops below walk such plans; nothing is decided per field and PDU.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from smsc_emulator.smpp import straight
from smsc_emulator.smpp.constants import (
    MAX_SM_LENGTH,
    MAX_SM_LENGTH_5_0,
    RESPONSE_BIT,
    TLV_SIZES,
    CommandStatus,
    Size,
    Tag,
)
from smsc_emulator.smpp.errors import DecodeError, EncodeError, Header
from smsc_emulator.smpp.fields import WIRE, COctetString, Entries, Integer, ShortMessage, Wire
from smsc_emulator.smpp.pdus import PDU_TYPES, BindResp, Pdu, Tlv, UnknownPdu

HEADER: Final = struct.Struct(">4I")
_TLV: Final = struct.Struct(">HH")
_LENIENT_RESPONSE: Final = 0x10000
"""What a lenient session takes in a response, to which no error can be answered."""

Values = list[Any]
_Read = Callable[[bytes, int, Values, str, bool], int]
"""Reads from an offset, adds one value, returns the offset behind it."""


_Write = Callable[[Sequence[Any], list[bytes], str], None]
"""Adds the octets of some values."""

# Steps are plain tuples, since the loops that take them apart are the hot path.
_ReadStep = tuple[Callable[[bytes, int], tuple[int, ...]] | None, int, _Read | None]
"""A run of integers by a function, anything else by another, or else a C-Octet String shorter than the number."""
_WriteStep = tuple[int, int, int, _Write | None]
"""Values from the first number up to the second by a function, or else a C-Octet String shorter than the third."""


class ErrorBody(StrEnum):
    """Which responses that tell an error keep their body. The standard is silent about some; operators differ."""

    BY_CLAUSE = "by_clause"
    """All but bind responses and submit_sm_resp (4.1.2, 4.1.4, 4.4.2)."""
    HEADER_ONLY = "header_only"
    """None, not even with something to tell."""
    EMPTY_MESSAGE_ID = "empty_message_id"
    """All but bind responses."""
    FULL = "full"
    """All, with empty fields."""

    def bare(self, pdu_type: type[Pdu]) -> bool:
        """Whether a response of a kind goes without its body."""
        if self is ErrorBody.EMPTY_MESSAGE_ID:
            return issubclass(pdu_type, BindResp)
        return self is ErrorBody.HEADER_ONLY or (self is ErrorBody.BY_CLAUSE and pdu_type.bare_on_error)


class _Plan:
    """How to read and write one table."""

    __slots__ = ("cls", "has_text", "lenient", "names", "strict", "tlv_sizes", "values", "wires", "write")

    def __init__(self, cls: type) -> None:
        declared = [(item.name, item.metadata[WIRE]) for item in fields(cls) if WIRE in item.metadata]
        self.cls: Callable[..., Any] = cls
        self.names = [name for name, _ in declared]
        self.wires: list[Wire] = [wire for _, wire in declared]
        response = bool(getattr(cls, "command_id", 0) & RESPONSE_BIT)
        self.strict = [_read_step(run, strict=True, response=response) for run in _runs(self.wires)]
        self.lenient = [_read_step(run, strict=False, response=response) for run in _runs(self.wires)]
        self.write = list(_write_steps(self.wires, response=response))
        self.values = _getter(self.names)
        self.has_text = any(isinstance(wire, ShortMessage) for wire in self.wires)
        optional = frozenset[int]() if response else getattr(cls, "optional", frozenset[int]())
        self.tlv_sizes: dict[int, Size] = {tag: size for tag, size in TLV_SIZES.items() if tag in optional}

    def place(self, index: int) -> str:
        """Name the field with `index`."""
        return self.names[index] if index < len(self.names) else "body"


def decode_header(frame: bytes) -> Header:
    """Return the header of a PDU, of which at least sixteen octets are there."""
    return Header(*HEADER.unpack_from(frame))


def decode(
    frame: bytes,
    *,
    strict: bool = False,
    max_sm_length: int = MAX_SM_LENGTH,
    payload_conflict: CommandStatus = CommandStatus.ESME_ROPTPARNOTALLWD,
) -> Pdu:
    """Return the PDU that exactly fills `frame`.

    A strict reader holds every field to its length in the standard; a lenient one takes the longer passwords that
    operators use, times of any form, and responses however odd. An operation that is not in the table is an UnknownPdu.
    `max_sm_length` is 255 for a peer of SMPP 5.0. `payload_conflict` answers short_message beside message_payload,
    which 3.4 forbids without naming a status (3.2.3, 4.4.1); with ESME_ROK message_payload supersedes, as in 5.0.
    Raises DecodeError with the status to answer, the field's path and its offset.
    """
    _, command_id, command_status, sequence_number = HEADER.unpack_from(frame)
    quick = straight.read(frame, command_id, command_status, sequence_number, max_sm_length)
    return quick or decode_by_table(frame, strict, max_sm_length, payload_conflict)


def decode_by_table(frame: bytes, strict: bool, max_sm_length: int, payload_conflict: CommandStatus) -> Pdu:
    """Return what `decode` does for any PDU."""
    _, command_id, command_status, sequence_number = HEADER.unpack_from(frame)
    plan = _PLANS.get(command_id)
    if plan is None:
        return UnknownPdu(
            command_id, frame[HEADER.size :], command_status=command_status, sequence_number=sequence_number
        )
    if len(frame) == HEADER.size and command_id & RESPONSE_BIT and (command_status or not strict):
        pdu: Pdu = plan.cls(command_status=command_status, sequence_number=sequence_number)
        return pdu
    values: Values = []
    at = _read_fields(plan, frame, HEADER.size, values, "", strict)
    pdu = plan.cls(*values, command_status=command_status, sequence_number=sequence_number)
    if plan.has_text and len(values[-1]) > max_sm_length:
        raise _error(frame, CommandStatus.ESME_RINVMSGLEN, "sm_length", at - len(values[-1]) - 1)
    if at < len(frame):
        pdu.tlvs = _read_tlvs(plan, frame, at)
        if plan.has_text and values[-1] and pdu.tlv(Tag.MESSAGE_PAYLOAD) is not None:
            if payload_conflict:
                raise _error(frame, payload_conflict, "message_payload", at)
            pdu.short_message = b""  # type: ignore[attr-defined]  # every table with text ends with it
    return pdu


def encode(pdu: Pdu, *, error_body: ErrorBody = ErrorBody.BY_CLAUSE) -> bytes:
    """Return the octets of `pdu`, command_length included.

    A response that tells an error and has nothing in it goes with or without its body, as `error_body` says; one that
    has something loses it by HEADER_ONLY alone. Raises EncodeError for a value that does not fit its field: nothing is
    cut silently.
    """
    return straight.write(pdu) or encode_by_table(pdu, error_body)


def encode_by_table(pdu: Pdu, error_body: ErrorBody = ErrorBody.BY_CLAUSE) -> bytes:
    """Return what `encode` does for any PDU."""
    if type(pdu) is UnknownPdu:
        parts = [b"", pdu.body]
    else:
        plan = _PLANS[pdu.command_id]
        parts = [b""]
        values = plan.values(pdu)
        if not pdu.command_status or pdu.tlvs or any(values) or not error_body.bare(type(pdu)):
            _write_fields(plan, values, parts, "")
    for tlv in pdu.tlvs:
        parts += _tlv_parts(tlv)
    if pdu.command_status and error_body is ErrorBody.HEADER_ONLY:
        parts = []
    body = b"".join(parts)
    try:
        header = HEADER.pack(len(body) + HEADER.size, pdu.command_id, pdu.command_status, pdu.sequence_number)
    except struct.error as error:
        raise EncodeError("header", str(error)) from None
    return header + body


def _read_fields(plan: _Plan, frame: bytes, at: int, values: Values, path: str, strict: bool) -> int:
    """Add the values of `plan`'s fields, which start at `at`; return the offset behind them."""
    first = len(values)
    append = values.append
    text = frame.decode("latin-1")
    try:
        for unpack, size, read in plan.strict if strict else plan.lenient:
            if unpack is not None:
                values += unpack(frame, at)
                at += size
            elif read is not None:
                at = read(frame, at, values, path + plan.names[len(values) - first], strict)
            else:
                end = text.index("\0", at)
                if end - at >= size:
                    break
                append(text[at:end])
                at = end + 1
        else:
            return at
    except (struct.error, ValueError, IndexError):
        pass
    raise _field_error(plan, len(values) - first, frame, at, path)


def _field_error(plan: _Plan, index: int, frame: bytes, at: int, path: str) -> DecodeError:
    """Name the field that does not end in time: inside its limit, or inside the PDU."""
    while isinstance(wire := plan.wires[index], Integer) and at + wire.size <= len(frame):
        index, at = index + 1, at + wire.size
    overlong = isinstance(wire, COctetString) and len(frame) - at >= wire.most
    status = wire.status if overlong and isinstance(wire, COctetString) else CommandStatus.ESME_RINVCMDLEN
    return _error(frame, status, path + plan.place(index), at)


def _error(frame: bytes, status: CommandStatus, path: str, at: int) -> DecodeError:
    return DecodeError(status, decode_header(frame), path, at)


def _read_short_message(frame: bytes, at: int, values: Values, path: str, strict: bool) -> int:
    length = frame[at]
    end = at + 1 + length
    if end > len(frame):
        raise _error(frame, CommandStatus.ESME_RINVMSGLEN, "sm_length", at)
    values.append(frame[at + 1 : end])
    return end


def _time_reader(wire: COctetString) -> _Read:
    def read(frame: bytes, at: int, values: Values, path: str, strict: bool) -> int:
        end = frame.index(0, at)
        if end - at not in (0, wire.most - 1):
            raise _error(frame, wire.status, path, at)
        values.append(frame[at:end].decode("latin-1"))
        return end + 1

    return read


def _entries_reader(wire: Entries) -> _Read:
    plans = {flag: _Plan(kind) for flag, kind in wire.kinds.items()}
    plain = plans[next(iter(plans))] if len(plans) == 1 else None

    def read(frame: bytes, at: int, values: Values, path: str, strict: bool) -> int:
        count = frame[at]
        if not wire.least <= count <= wire.most:
            raise _error(frame, wire.status, path, at)
        at += 1
        entries: Values = []
        for index in range(count):
            plan = plain
            if plan is None:
                plan = plans.get(frame[at])
                if plan is None:
                    raise _error(frame, CommandStatus.ESME_RINVDESTFLAG, f"{path}[{index}].dest_flag", at)
                at += 1
            entry: Values = []
            at = _read_fields(plan, frame, at, entry, f"{path}[{index}].", strict)
            entries.append(plan.cls(*entry))
        values.append(entries)
        return at

    return read


def _read_tlvs(plan: _Plan, frame: bytes, at: int) -> list[Tlv]:
    """Read optional parameters up to the exact end; only those the operation lists are held to their sizes."""
    tlvs: list[Tlv] = []
    end = len(frame)
    while at < end:
        start = at + 4
        if start > end:
            raise _error(frame, CommandStatus.ESME_RINVOPTPARSTREAM, f"tlvs[{len(tlvs)}]", at)
        tag, length = _TLV.unpack_from(frame, at)
        if start + length > end:
            raise _error(frame, CommandStatus.ESME_RINVOPTPARSTREAM, f"tlvs[{len(tlvs)}]", at)
        size = plan.tlv_sizes.get(tag)
        if size is not None and not size.least <= length <= size.most:
            raise _error(frame, CommandStatus.ESME_RINVOPTPARAMVAL, f"tlvs[{len(tlvs)}]", at)
        at = start + length
        tlvs.append(Tlv(tag, frame[start:at]))
    return tlvs


def _write_fields(plan: _Plan, values: Sequence[Any], parts: list[bytes], path: str) -> None:
    for first, last, most, write in plan.write:
        if write is None:
            parts.append(_c_octets(values[first], most, path, plan.names[first]))
        else:
            try:
                write(values[first:last], parts, path + plan.names[first])
            except struct.error as error:
                names = ", ".join(plan.names[first:last])
                raise EncodeError(path + names, str(error)) from None


def _c_octets(text: str, most: int, path: str, name: str) -> bytes:
    if not text:
        return b"\0"
    if len(text) >= most:
        raise EncodeError(path + name, f"{len(text)} characters, and at most {most - 1} fit")
    try:
        octets = text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise EncodeError(path + name, str(error)) from None
    if 0 in octets:
        raise EncodeError(path + name, "a NUL would end it early")
    return octets + b"\0"


def _write_short_message(values: Sequence[Any], parts: list[bytes], path: str) -> None:
    (octets,) = values
    if len(octets) > MAX_SM_LENGTH_5_0:
        raise EncodeError(path, f"{len(octets)} octets, and at most {MAX_SM_LENGTH_5_0} fit; use message_payload")
    parts.append(len(octets).to_bytes() + octets)


def _entries_writer(wire: Entries) -> _Write:
    plans = {kind: (flag, _Plan(kind)) for flag, kind in wire.kinds.items()}
    flagged = len(plans) > 1

    def write(values: Sequence[Any], parts: list[bytes], path: str) -> None:
        (entries,) = values
        if not wire.least <= len(entries) <= wire.most:
            raise EncodeError(path, f"{len(entries)} entries, and {wire.least} to {wire.most} are allowed")
        parts.append(len(entries).to_bytes())
        for index, entry in enumerate(entries):
            flag, plan = plans[type(entry)]
            if flagged:
                parts.append(flag.to_bytes())
            _write_fields(plan, plan.values(entry), parts, f"{path}[{index}].")

    return write


def _integers_writer(layout: struct.Struct) -> _Write:
    pack = layout.pack

    def write(values: Sequence[Any], parts: list[bytes], path: str) -> None:
        parts.append(pack(*values))

    return write


def _tlv_parts(tlv: Tlv) -> tuple[bytes, bytes]:
    try:
        return _TLV.pack(tlv.tag, len(tlv.value)), tlv.value
    except struct.error as error:
        raise EncodeError(f"tlv 0x{tlv.tag:04x}", str(error)) from None


def _runs(wires: Sequence[Wire]) -> Iterator[list[Wire]]:
    """Cut the fields into runs: integers that follow each other together, anything else alone."""
    run: list[Wire] = []
    for wire in wires:
        if run and not (isinstance(wire, Integer) and isinstance(run[-1], Integer)):
            yield run
            run = []
        run.append(wire)
    if run:
        yield run


def _layout(run: Sequence[Wire]) -> struct.Struct:
    return struct.Struct(">" + "".join({1: "B", 4: "I"}[wire.size] for wire in run if isinstance(wire, Integer)))


def _read_step(run: Sequence[Wire], *, strict: bool, response: bool) -> _ReadStep:
    wire = run[0]
    if isinstance(wire, Integer):
        layout = _layout(run)
        return layout.unpack_from, layout.size, None
    if isinstance(wire, COctetString):
        if strict:
            return None, wire.most, _time_reader(wire) if wire.fixed else None
        return None, _LENIENT_RESPONSE if response else wire.lenient_most, None
    return None, 0, _read_short_message if isinstance(wire, ShortMessage) else _entries_reader(wire)


def _write_steps(wires: Sequence[Wire], *, response: bool) -> Iterator[_WriteStep]:
    first = 0
    for run in _runs(wires):
        wire, last = run[0], first + len(run)
        if isinstance(wire, Integer):
            yield first, last, 0, _integers_writer(_layout(run))
        elif isinstance(wire, COctetString):
            yield first, last, _LENIENT_RESPONSE if response else wire.lenient_most, None
        else:
            yield first, last, 0, _write_short_message if isinstance(wire, ShortMessage) else _entries_writer(wire)
        first = last


def _getter(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    if not names:
        return lambda entry: ()
    values = attrgetter(*names)
    if len(names) == 1:
        return lambda entry: (values(entry),)
    return values


_PLANS: Final = {command_id: _Plan(pdu_type) for command_id, pdu_type in PDU_TYPES.items()}
