"""The tests' own peers against SIPp and over a bad line: what they prove of the product rests on this."""

from collections.abc import Callable
from typing import Any

import pytest
from sip_phone import Conduct, Phones
from sip_relay import Relay

CALLER, CALLED = "+70001001234", "+70000000001"


def test_sipp_rings_until_the_phone_cancels(sipp: Callable[..., Any]) -> None:
    handset = sipp("handset_rings")
    with Phones() as phones:
        call = phones.call(handset.address, CALLED, CALLER)
        phones.wait(lambda: 180 in call.provisional)
        phones.cancel(call)
        assert phones.ended(call).status == 487
    handset.finish()


def test_sipp_calls_a_phone_that_is_busy(sipp: Callable[..., Any]) -> None:
    with Phones({CALLED: Conduct((), 486, 17)}) as phones:
        run = sipp("subscriber_calls", phones.address, caller=CALLER, asserted=CALLER, called=CALLED)
        run.finish()
        call = phones.ended(phones.rings(CALLED))
        assert (call.caller, call.asserted) == (CALLER, CALLER)


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_line_loses_doubles_and_holds_back_and_calls_still_end(seed: int) -> None:
    with Phones({CALLED: Conduct((), 486, 17)}) as phones, Phones() as callers, Relay(seed) as relay:
        relay.join(peer=phones.address)
        calls = [callers.call(relay.for_lab, CALLED, f"{CALLER}{n}") for n in range(20)]
        for call in calls:
            assert callers.ended(call).status == 486
            assert call.final is not None
            assert call.final.cause == 17
        assert all(relay.done[what] for what in ("lost", "doubled", "held"))
        assert len(phones.calls) == 20


def test_a_phone_whose_answer_crosses_the_cancel_is_hung_up_by_nobody_else() -> None:
    with Phones(otherwise=Conduct(answers_cancel_with=200)) as phones, Phones() as callers:
        call = callers.call(phones.address, CALLED, CALLER)
        callers.wait(lambda: call.provisional)
        callers.cancel(call)
        callers.wait(lambda: call.status == 200)
        assert phones.wait(lambda: phones.rings(CALLED).acknowledged)
