"""The life of a confirmation, from its table."""

from dataclasses import replace

import pytest

from confirm import challenge, policy, showing
from confirm.challenge import Confirmation, Happening, SendState, State
from confirm.errors import ConfirmationOverError
from confirm.ledger import Cost
from confirm.settings import ConfirmationSettings
from confirm.workflow import Step, StepState
from smsc_emulator.base.durations import MINUTE, SECOND, instant

T0 = instant("2026-01-01T12:00:00Z")
LIFETIME = 5 * MINUTE
MAC = challenge.code_mac(b"key", "cnf_1", "123456")
OTHER = challenge.code_mac(b"key", "cnf_1", "654321")

FRESH = challenge.begin(
    Confirmation(
        id="cnf_1",
        service_id="demo",
        phone_number="+70000000001",
        method="sms_code",
        owner=None,
        ordinal=1,
        attempts=3,
        failures=0,
        created_at=T0,
        expires_at=T0,
        requested_at=T0,
        steps=(Step("sms_code", LIFETIME),),
    ),
    T0,
    0,
    sends=True,
)
SENT = challenge.sent(challenge.claim(FRESH, MAC), T0, "7")
OVER = [challenge.end(SENT, T0, happening) for happening in Happening]


@pytest.mark.parametrize("after", [LIFETIME - 1, LIFETIME])
def test_the_right_code_confirms_up_to_the_last_instant_of_the_lifetime(after: int) -> None:
    assert challenge.check(SENT, T0 + after, MAC).state is State.CONFIRMED


def test_the_right_code_is_late_a_millisecond_after_the_lifetime() -> None:
    with pytest.raises(ConfirmationOverError, match=r"ended at 2026-01-01T12:05:00\.000Z"):
        challenge.check(SENT, T0 + LIFETIME + 1, MAC)


def test_three_wrong_codes_fail_it() -> None:
    one = challenge.check(SENT, T0, OTHER)
    two = challenge.check(one, T0, OTHER)
    three = challenge.check(two, T0, OTHER)
    assert [step.attempts_left for step in (one, two, three)] == [2, 1, 0]
    assert [step.state for step in (one, two, three)] == [State.PENDING, State.PENDING, State.FAILED]
    assert three.reason == "too_many_attempts"


def test_the_right_code_confirms_on_the_third_try() -> None:
    twice_wrong = challenge.check(challenge.check(SENT, T0, OTHER), T0, OTHER)
    confirmed = challenge.check(twice_wrong, T0, MAC)
    assert (confirmed.state, confirmed.attempts_left) == (State.CONFIRMED, 1)


def test_no_code_is_right_before_one_was_drawn() -> None:
    assert challenge.check(FRESH, T0, challenge.code_mac(b"key", "cnf_1", "")).attempts_left == 2


@pytest.mark.parametrize("happening", Happening)
@pytest.mark.parametrize("state", State)
def test_every_happening_ends_a_pending_one_and_nothing_moves_one_that_is_over(
    state: State, happening: Happening
) -> None:
    before = replace(SENT, state=state)
    if state is State.PENDING:
        ended = challenge.end(before, T0 + 1, happening)
        assert ended.over
        assert (ended.over_at, ended.code_mac, ended.send_due_at) == (T0 + 1, None, None)
    else:
        with pytest.raises(ConfirmationOverError, match=state):
            challenge.end(before, T0 + 1, happening)


@pytest.mark.parametrize("over", OVER, ids=lambda over: f"{over.state}-{over.reason}")
def test_a_code_checked_after_the_end_is_refused(over: Confirmation) -> None:
    with pytest.raises(ConfirmationOverError):
        challenge.check(over, T0, MAC)


def test_the_hmac_depends_on_the_key_the_confirmation_and_the_code() -> None:
    macs = {
        challenge.code_mac(key, confirmation, code)
        for key in (b"key", b"other")
        for confirmation in ("cnf_1", "cnf_2")
        for code in ("123456", "654321")
    }
    assert len(macs) == 8
    assert all(len(mac) == 64 for mac in macs)


def test_another_code_kills_the_old_one_and_keeps_the_failures() -> None:
    failed_once = challenge.check(SENT, T0, OTHER)
    queued = challenge.queue(failed_once, T0 + MINUTE)
    assert challenge.check(queued, T0 + MINUTE, MAC).attempts_left == 1
    assert (queued.send_state, queued.send_due_at, queued.sent_at) == (SendState.QUEUED, T0 + MINUTE, None)


def test_the_same_code_sent_again_stays_good_meanwhile() -> None:
    queued = challenge.queue(SENT, T0 + MINUTE, same=True)
    assert (queued.send_state, queued.generation) == (SendState.QUEUED, SENT.generation)
    assert challenge.check(queued, T0 + MINUTE, MAC).state is State.CONFIRMED


def test_a_step_that_fails_kills_its_code_and_a_new_code_takes_it_up_again() -> None:
    failed = challenge.fail_step(SENT, T0, "refused", 0x45)
    assert (failed.present.state, failed.present.outcome) == (StepState.FAILED, "refused")
    assert challenge.check(failed, T0, MAC).attempts_left == 2
    again = challenge.queue(failed, T0 + MINUTE)
    assert (again.present.state, again.present.outcome, again.present.ended_at) == (StepState.CURRENT, None, None)


def test_the_whole_number_is_as_right_as_the_code() -> None:
    whole = challenge.code_mac(b"key", "cnf_1", "number 0001001234")
    called = replace(SENT, method="flash_call", number_mac=whole)
    confirmed = challenge.check(called, T0 + 1, whole, "intercepted")
    assert confirmed.proof == challenge.Proof("flash_call", "intercepted", None, T0 + 1)
    assert confirmed.present.state is StepState.ANSWERED


def test_a_sending_that_ends_after_the_confirmation_does_not_revive_it() -> None:
    cancelled = challenge.end(challenge.claim(FRESH, MAC), T0, Happening.CANCEL_REQUESTED)
    assert challenge.put_off(cancelled, T0 + 5 * SECOND) == cancelled


@pytest.mark.parametrize(
    ("confirmation", "settled"),
    [
        (FRESH, False),
        (challenge.claim(FRESH, MAC), False),
        (SENT, True),
        (challenge.put_off(challenge.claim(FRESH, MAC), T0 + 5 * SECOND), True),
        (challenge.fail_step(challenge.claim(replace(FRESH, owner="idn_1"), MAC), T0, "refused", 8), True),
        (replace(challenge.claim(FRESH, MAC), call="cll_1"), True),
        (challenge.put_off(challenge.claim(FRESH, MAC), None), False),
        (challenge.begin(FRESH, T0, 0, sends=False), True),
        (challenge.end(FRESH, T0, Happening.CANCEL_REQUESTED), True),
    ],
    ids=["queued", "submitting", "sent", "put off", "refused", "placed", "held back", "inward", "over"],
)
def test_a_sending_is_settled_once_its_first_try_has_ended(confirmation: Confirmation, settled: bool) -> None:
    assert confirmation.send_settled is settled


def test_the_snapshot_shows_no_code_and_no_hmac() -> None:
    shown = showing.snapshot(SENT, ConfirmationSettings(), Cost(0, "XTS", 0))
    assert MAC not in str(shown)
    assert shown["code_sent"] == {
        "state": "sent",
        "at": "2026-01-01T12:00:00.000Z",
        "message_id": "7",
        "command_status": None,
    }


def _earlier(ordinal: int, failures: int, happening: Happening | None = None, over_at: int = T0) -> Confirmation:
    confirmation = replace(SENT, ordinal=ordinal, failures=failures)
    return confirmation if happening is None else challenge.end(confirmation, over_at, happening)


@pytest.mark.parametrize(
    ("earlier", "failures"),
    [
        ([], 0),
        ([_earlier(1, 2)], 2),
        ([_earlier(1, 2, Happening.CANCEL_REQUESTED)], 2),
        ([_earlier(1, 2, Happening.LIFETIME_OVER)], 2),
        ([_earlier(1, 2, Happening.SEND_REFUSED)], 2),
        ([_earlier(1, 2, Happening.LIFETIME_OVER, T0 - policy.MEMORY)], 2),
        ([_earlier(1, 2, Happening.LIFETIME_OVER, T0 - policy.MEMORY - 1)], 0),
        ([_earlier(1, 2, Happening.PROVED)], 0),
        ([_earlier(1, 3, Happening.LAST_TRY_WRONG)], 0),
        ([_earlier(1, 3, Happening.LAST_TRY_WRONG), _earlier(2, 1)], 1),
        ([_earlier(2, 2, Happening.PROVED), _earlier(1, 2, Happening.REPLACED)], 0),
        ([_earlier(1, 2), _earlier(2, 1)], 2),
    ],
)
def test_a_new_confirmation_inherits_the_failures_that_no_end_has_closed(
    earlier: list[Confirmation], failures: int
) -> None:
    assert policy.inherited_failures(earlier, T0) == failures
