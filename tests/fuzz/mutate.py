"""Feed the decoder and a session mutated octets: no exception but the promised one, and no growth of memory.

    python tests/fuzz/mutate.py --inputs 200000 --seed 1

The same seed makes the same inputs. With `--atheris`, and Google's atheris installed, coverage guides the mutations.
"""

import argparse
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

from smsc_emulator.smpp import segments
from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.errors import DecodeError, EncodeError
from smsc_emulator.smpp.pdus import (
    PDU_TYPES,
    RESPONSE_OF,
    Bind,
    BindTransceiver,
    DeliverSm,
    Pdu,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
    Tlv,
)
from smsc_emulator.smpp.session import RequestReceived, Role, Session, SessionConfig

GROWTH = 512 * 1024
"""Octets that the memory may have grown between the first tenth of the inputs and the last."""

TLVS = [Tlv(Tag.MESSAGE_PAYLOAD, b"payload"), Tlv(Tag.SAR_MSG_REF_NUM, b"\0\1"), Tlv(0x1400, b"vendor")]
EDGES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)


def corpus() -> list[bytes]:
    """Return every PDU, bare, with text where it has some, and with TLVs."""
    samples: list[Pdu] = []
    for pdu_type in PDU_TYPES.values():
        pdu = SubmitMulti(dest_address=[SmeAddress(1, 1, "70000000001")]) if pdu_type is SubmitMulti else pdu_type()
        for name, value in (("short_message", b"hello"), ("system_id", "peer"), ("message_id", "1000000001")):
            if hasattr(pdu, name):
                setattr(pdu, name, value)
        samples.append(pdu)
    frames = []
    for number, pdu in enumerate(samples, 1):
        pdu.sequence_number = number
        frames.append(encode(pdu))
        pdu.tlvs = TLVS
        frames.append(encode(pdu))
    return frames


def flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def edge(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.choice(EDGES)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def insert(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.randrange(1, 40))


def repeat(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.randrange(1, 30)] * chance.randrange(1, 5)


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (flip, edge, cut, insert, repeat)


def mutated(frames: list[bytes], chance: random.Random) -> bytes:
    data = bytearray(chance.choice(frames))
    for _ in range(chance.randrange(1, 6)):
        if data:
            chance.choice(MUTATIONS)(data, chance)
    if len(data) >= 4 and chance.random() < 0.8:  # mostly well framed: else little but the framer would be tried
        data[:4] = len(data).to_bytes(4)
    return bytes(data)


class Target:
    """A decoder and a session that is bound anew whenever an input has ended it."""

    def __init__(self, role: Role = Role.SMSC) -> None:
        self.role = role
        self.sessions = 0
        self.session = self.bound()

    def bound(self) -> Session:
        self.sessions += 1
        session = Session(self.role, SessionConfig(), 0.0)
        if self.role is Role.SMSC:
            session.receive(encode(BindTransceiver("peer", "secret", sequence_number=1)), 0.0)
        return session

    def feed(self, data: bytes, pieces: int = 1) -> None:
        """Read octets as one PDU, and give them to the session in so many pieces; answer what it asks."""
        self.read(data)
        step = max(1, len(data) // pieces)
        for at in range(0, len(data), step):
            self.session.receive(data[at : at + step], 0.0)
            self.answer()
        if self.session.closed or self.session.next_deadline() is None:
            self.session = self.bound()
            self.answer()

    def read(self, data: bytes) -> None:
        if len(data) < 16:
            return
        for strict in (False, True):
            with suppress(DecodeError):
                pdu = decode(data, strict=strict)
                with suppress(EncodeError):
                    encode(pdu)
                if isinstance(pdu, SubmitSm | DeliverSm | SubmitMulti):
                    tlvs = [(tlv.tag, tlv.value) for tlv in pdu.tlvs]
                    segments.join([segments.read_part(pdu.short_message, pdu.esm_class, pdu.data_coding, tlvs)])

    def answer(self) -> None:
        for event in self.session.events():
            if not isinstance(event, RequestReceived):
                continue
            if isinstance(event.pdu, Bind):
                self.session.accept_bind(event.pdu, "lab")
            else:
                self.session.reply(event.pdu, RESPONSE_OF[event.pdu.command_id]())
        self.session.data_to_send()


def run(inputs: int, seed: int) -> None:
    """Feed so many inputs; raises whatever a target raises, and MemoryError if the memory has grown."""
    chance = random.Random(seed)
    frames = corpus()
    target = Target()
    tracemalloc.start()
    began, before = time.monotonic(), 0
    for number in range(inputs):
        if number == inputs // 10:
            before, _ = tracemalloc.get_traced_memory()
        data = mutated(frames, chance)
        try:
            target.feed(data, chance.randrange(1, 4))
        except Exception:
            print(f"input {number} of seed {seed}: {data.hex()}", file=sys.stderr)
            raise
    after, peak = tracemalloc.get_traced_memory()
    print(
        f"{inputs} inputs, {target.sessions} sessions, {time.monotonic() - began:.1f} s, "
        f"memory {after - before:+d} octets, at most {peak}"
    )
    if after - before > GROWTH:
        raise MemoryError(f"the memory has grown by {after - before} octets")


def with_atheris() -> None:
    import atheris

    target = Target()
    atheris.instrument_all()
    atheris.Setup(sys.argv[:1], target.feed)
    atheris.Fuzz()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", action="store_true")
    chosen = parser.parse_args()
    if chosen.atheris:
        with_atheris()
    else:
        run(chosen.inputs, chosen.seed)
