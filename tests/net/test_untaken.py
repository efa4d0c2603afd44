"""What of one write the kernel has taken, request by request."""

import pytest

from smsc_emulator.net.untaken import Untaken
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.pdus import DeliverSm, SubmitSmResp

ANSWER = encode(SubmitSmResp("1", sequence_number=9))
REQUESTS = [encode(DeliverSm(short_message=b"receipt", sequence_number=number)) for number in (1, 2, 3)]
DATA = b"".join([ANSWER, *REQUESTS])
ONE = len(REQUESTS[0])


@pytest.mark.parametrize(
    ("left", "numbers"),
    [
        (0, []),
        (1, [3]),
        (ONE, [3]),
        (ONE + 1, [2, 3]),
        (3 * ONE, [1, 2, 3]),
        (len(DATA), [1, 2, 3]),
        (len(DATA) + 1000, [1, 2, 3]),
    ],
)
def test_a_request_is_untaken_until_its_last_octet_is_taken(left: int, numbers: list[int]) -> None:
    assert Untaken(DATA, left).numbers == numbers


def test_each_is_taken_once_as_the_rest_shrinks_and_what_is_written_behind_it_waits_longer() -> None:
    untaken = Untaken(DATA, 3 * ONE)
    assert untaken.take(2 * ONE) == [1]
    assert untaken.take(2 * ONE + 5) == []
    assert untaken.take(ONE - 1) == [2]
    assert untaken.numbers == [3]
    assert untaken.take(0) == [3]
    assert untaken.take(0) == []
