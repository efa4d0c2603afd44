"""Messages cut out of a stream."""

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
