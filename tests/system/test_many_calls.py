"""A thousand calls at once: each ends at its own confirmation, although callers and access numbers are shared."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from serving import Serving
from sip_phone import Phones

HANDSETS, EACH = 500, 2
NUMBERS = [f"+7999000{n:04d}" for n in range(HANDSETS)]
CALLS = HANDSETS * EACH
AT_ONCE = 8


@pytest.fixture(scope="module")
def lab(configured: Callable[[dict[str, Any]], Serving], phones: Phones) -> Serving:
    """A lab whose pools are just large enough: two callers and two access numbers for the two calls of each handset."""
    trunk = {"name": "carrier", "host": phones.address[0], "port": phones.address[1], "numbers": ["+7999"]}
    return configured(
        {
            "voice": {"trunks": [{**trunk, "trusted": True}]},
            "confirmation": {
                "second_start": "independent",
                "attempts": 10,
                "flash_call": {"callers": ["+70001000001", "+70001000012"]},
                "call_in": {"access_numbers": ["+70002000001", "+70002000002"]},
            },
        }
    )


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool


def start_all(lab: Serving, pool: ThreadPoolExecutor, method: str) -> list[Any]:
    wanted = [number for number in NUMBERS for _ in range(EACH)]
    return list(pool.map(lambda number: lab.confirm(number, method), wanted))


def test_a_thousand_flash_calls_each_prove_their_own_confirmation(
    lab: Serving, phones: Phones, pool: ThreadPoolExecutor
) -> None:
    started = start_all(lab, pool, "flash_call")
    phones.wait(lambda: len(phones.calls) == CALLS, 40)
    codes: dict[str, set[str]] = {number: set() for number in NUMBERS}
    for call in phones.calls.values():
        codes[call.called].add(call.caller[-4:])
    assert {len(each) for each in codes.values()} == {EACH}, "two open calls to one handset showed one code"

    def prove(number: str) -> None:
        """Type each code for each confirmation of the number: each proves one, and none proves two."""
        left = set(codes[number])
        for each in (one for one in started if one["phone_number"] == number):
            right = [code for code in sorted(left) if proves(lab, each["id"], code)]
            assert len(right) == 1, (number, each["id"], right)
            left -= set(right)

    list(pool.map(prove, NUMBERS))
    phones.wait(lambda: all(call.over for call in phones.calls.values()), 40)


def proves(lab: Serving, confirmation: str, code: str) -> bool:
    """Whether the code is right; one that is confirmed already takes no more."""
    answer = lab.post(f"/v1/confirmations/{confirmation}/check", {"code": code})
    return answer.status == 200 and answer["state"] == "confirmed"


def test_a_thousand_call_ins_each_prove_their_own_confirmation(
    lab: Serving, phones: Phones, pool: ThreadPoolExecutor
) -> None:
    started = start_all(lab, pool, "call_in")
    one_more = lab.confirm(NUMBERS[0], "call_in")
    assert one_more["steps"][0]["outcome"] == "no_access_number"
    pairs = [(each["phone_number"], each["instructions"]["access_number"], each["id"]) for each in started]
    assert len({pair[:2] for pair in pairs}) == CALLS
    half = random.Random(1).sample(pairs, CALLS // 2)
    for part in (half, [pair for pair in pairs if pair not in set(half)]):
        calls = [phones.call(lab.at("sip"), access, number, asserted=number) for number, access, _ in part]
        phones.wait(lambda calls=calls: all(call.status for call in calls), 40)
        assert {call.status for call in calls} == {486}
        confirmed = {pair[2] for pair in part}
        shown = pool.map(lambda pair: (pair[2], lab.get(f"/v1/confirmations/{pair[2]}")["state"]), pairs)
        done = {confirmation for confirmation, state in shown if state == "confirmed"}
        assert confirmed <= done
        if part is half:
            assert done == confirmed
