from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.errors import FramingError
from smsc_emulator.smpp.framing import Framer
from smsc_emulator.smpp.pdus import BindTransceiver, EnquireLink, SubmitSm, UnknownPdu

PDUS = [
    encode(pdu)
    for pdu in (
        BindTransceiver("esme", "secret", sequence_number=1),
        EnquireLink(sequence_number=2),
        SubmitSm(destination_addr="70000000001", short_message=b"hello", sequence_number=3),
        UnknownPdu(0x111, b"\0\0\0\1", sequence_number=4),
    )
]
STREAM = b"".join(PDUS)


@pytest.mark.parametrize("pdu", PDUS)
def test_a_pdu_is_cut_out_whole(pdu: bytes) -> None:
    assert list(Framer(1000).cut(pdu)) == [pdu]


@pytest.mark.parametrize("pdu", PDUS)
def test_a_pdu_is_cut_out_byte_by_byte(pdu: bytes) -> None:
    framer = Framer(1000)
    cut = [list(framer.cut(pdu[at : at + 1])) for at in range(len(pdu))]
    assert cut == [[]] * (len(pdu) - 1) + [[pdu]]


@pytest.mark.parametrize("pdu", PDUS)
def test_octets_behind_a_pdu_wait_for_theirs(pdu: bytes) -> None:
    for rest in range(1, len(STREAM)):
        framer = Framer(1000)
        first = list(framer.cut(pdu + STREAM[:rest]))
        assert first + list(framer.cut(STREAM[rest:])) == [pdu, *PDUS]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_a_stream_is_cut_alike_however_it_comes(cuts: list[int]) -> None:
    framer = Framer(1000)
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[a:b] for a, b in pairwise(edges)]
    assert [pdu for chunk in chunks for pdu in framer.cut(chunk)] == PDUS


@pytest.mark.parametrize("length", [0, 4, 15, 1001, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_refused_as_soon_as_its_four_octets_are_there(length: int) -> None:
    framer = Framer(1000)
    octets = length.to_bytes(4)
    assert list(framer.cut(octets[:3])) == []
    with pytest.raises(FramingError) as caught:
        list(framer.cut(octets[3:]))
    assert caught.value.command_length == length


def test_the_longest_pdu_is_taken() -> None:
    pdu = encode(UnknownPdu(0x111, b"x" * 984))
    assert list(Framer(1000).cut(pdu)) == [pdu]


def test_pdus_before_a_wrong_length_are_cut_out_first() -> None:
    cut = Framer(1000).cut(PDUS[0] + b"\0\0\0\1")
    assert next(cut) == PDUS[0]
    with pytest.raises(FramingError):
        next(cut)
