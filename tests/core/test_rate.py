import pytest

from smsc_emulator.core.rate import TokenBucket


def passed(bucket: TokenBucket, instants: list[float]) -> list[bool]:
    return [bucket.take(now) for now in instants]


def test_a_fraction_of_a_message_a_second_lets_one_through_every_two_seconds() -> None:
    assert passed(TokenBucket(0.5), [0, 1, 1.9, 2, 3, 4]) == [True, False, False, True, False, True]


def test_a_burst_passes_at_once_and_comes_back_at_the_rate() -> None:
    bucket = TokenBucket(10, burst=3)
    assert passed(bucket, [5, 5, 5, 5]) == [True, True, True, False]
    assert passed(bucket, [5.1, 5.1]) == [True, False]
    assert passed(bucket, [60, 60, 60, 60]) == [True, True, True, False]


def test_a_refused_message_costs_nothing() -> None:
    bucket = TokenBucket(1)
    assert passed(bucket, [0, 0.5, 0.9, 0.99, 1]) == [True, False, False, False, True]


@pytest.mark.parametrize("rate", [0.1, 3, 10, 7.7, 1000])
def test_a_peer_that_keeps_to_the_rate_is_never_refused_and_a_faster_one_gets_the_rate(rate: float) -> None:
    steady = TokenBucket(rate)
    assert all(steady.take(number / rate) for number in range(1000))
    hasty = TokenBucket(rate)
    assert sum(hasty.take(number / rate / 4) for number in range(4000)) in range(999, 1002)
