"""Messages cut out of a stream."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.sip.framing import Framer, FramingError

ONE = b"OPTIONS sip:a@b SIP/2.0\r\nl: 4\r\n\r\nbody"
TWO = b"SIP/2.0 200 OK\r\nVia: x\r\nCONTENT-LENGTH : 0\r\n\r\n"


@given(st.lists(st.integers(0, 200), max_size=8))
def test_messages_come_out_whole_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    stream = b"\r\n\r\n" + ONE + TWO + b"\r\n" + ONE + TWO
    framer, found, begin = Framer(), [], 0
    for cut in [*sorted(cuts), len(stream)]:
        found += framer.feed(stream[begin:cut])
        begin = max(begin, cut)
    assert found == [ONE, TWO, ONE, TWO]


@pytest.mark.parametrize(
    "stream",
    [b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", b"x" * 70_000, b"A\r\nl: 70000\r\n\r\n", b"A\r\nContent-Length: -1\r\n\r\n"],
)
def test_a_stream_that_cannot_be_cut_is_told_after_what_came_before(stream: bytes) -> None:
    framer = Framer()
    assert framer.feed(ONE + stream) == [ONE]
    with pytest.raises(FramingError):
        framer.feed(b"")


def test_a_message_that_comes_octet_by_octet_is_looked_at_once() -> None:
    framer = Framer()
    framer.feed(b"INVITE sip:a@b SIP/2.0\r\nX: " + b"x" * 60_000 + b"\r\nl: 5000\r\n\r\n")
    began = time.process_time()
    for _ in range(4_999):
        assert not framer.feed(b"b")
    assert time.process_time() - began < 1
    (message,) = framer.feed(b"b")
    assert message.endswith(b"b" * 5_000)
    assert not framer.feed(b"\r\n\r\n")
    assert framer.feed(b"OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n") == [b"OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n"]


def test_many_short_messages_in_one_read_are_cut_in_no_time() -> None:
    began = time.process_time()
    assert len(Framer().feed(b"l:0\r\n\r\n" * 40_000)) == 40_000
    assert time.process_time() - began < 1
