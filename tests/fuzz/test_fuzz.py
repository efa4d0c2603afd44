"""Hostile octets against the decoder and the session."""

import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from smsc_emulator.smpp import segments
from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.errors import DecodeError, EncodeError
from smsc_emulator.smpp.pdus import PDU_TYPES
from smsc_emulator.smpp.session import Role, Session, SessionConfig

bodies = st.binary(max_size=300)
headers = st.tuples(st.sampled_from([*PDU_TYPES, 0x999, 0x80000999]), st.integers(0, 0xFFFFFFFF))


def framed(command_id: int, number: int, body: bytes) -> bytes:
    return b"".join(value.to_bytes(4) for value in (16 + len(body), command_id, 0, number)) + body


frames = st.builds(lambda header, body: framed(*header, body), headers, bodies)


@settings(max_examples=500, deadline=None)
@given(frames, st.booleans())
def test_a_frame_is_read_or_refused_and_what_is_read_can_be_written(frame: bytes, strict: bool) -> None:
    try:
        pdu = decode(frame, strict=strict)
    except DecodeError:
        return
    try:
        again = encode(pdu)
    except EncodeError:
        return  # a lenient reader takes more than the standard lets anybody write
    assert decode(again) == pdu


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(frames, bodies), max_size=8), st.sampled_from(Role))
def test_a_session_takes_any_octets(pieces: list[bytes], role: Role) -> None:
    session = Session(role, SessionConfig(), 0.0)
    for piece in pieces:
        session.receive(piece, 0.0)
        session.events()
        session.data_to_send()
    session.handle_deadline(1e9)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=255), st.integers(0, 255), st.integers(0, 255), st.booleans())
def test_any_message_can_be_shown(data: bytes, esm_class: int, data_coding: int, packed: bool) -> None:
    part = segments.read_part(data, esm_class, data_coding, packed=packed)
    assert isinstance(segments.join([part]), str)


def test_twenty_thousand_mutated_inputs_raise_nothing_and_leave_nothing_behind() -> None:
    command = [sys.executable, Path(__file__).with_name("mutate.py"), "--inputs", "20000", "--seed", "20261122"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.startswith("20000 inputs")
