import pytest

from gateway.webhooks.outbox import Answer, DeliveryState, Outcome, Verdict, judge, state_of
from gateway.webhooks.settings import WebhookSettings
from smsc_emulator.base.durations import HOUR, MINUTE, SECOND

NOW = 1_000_000
PLAN = WebhookSettings().retry_after


def test_the_default_plan_is_that_of_standard_webhooks() -> None:
    gaps = []
    tries, verdict = 1, judge(Answer(500), 1, NOW, PLAN)
    while verdict.due_at is not None:
        gaps.append(verdict.due_at - NOW)
        tries += 1
        verdict = judge(Answer(500), tries, NOW, PLAN)
    assert gaps == [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]
    assert (tries, verdict.outcome) == (8, Outcome.GIVEN_UP)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_success(status: int) -> None:
    assert judge(Answer(status), 1, NOW, PLAN) == Verdict(Outcome.DELIVERED)


@pytest.mark.parametrize("status", [100, 199, 300, 301, 307, 308, 400, 404, 429, 500, 503])
def test_any_other_status_is_tried_again(status: int) -> None:
    verdict = judge(Answer(status), 1, NOW, PLAN)
    assert (verdict.outcome, verdict.due_at, verdict.disables) == (Outcome.FAILED, NOW + 5 * SECOND, False)
    assert str(status) in str(verdict.error)


def test_no_answer_is_tried_again_with_its_reason() -> None:
    assert judge(Answer(None, error="broken"), 2, NOW, PLAN) == Verdict(Outcome.FAILED, NOW + 5 * MINUTE, "broken")


def test_410_gives_up_and_disables() -> None:
    verdict = judge(Answer(410), 1, NOW, PLAN)
    assert (verdict.outcome, verdict.due_at, verdict.disables) == (Outcome.GIVEN_UP, None, True)


def test_a_receiver_may_end_the_retries_of_a_message() -> None:
    verdict = judge(Answer(500, abort=True), 1, NOW, PLAN)
    assert (verdict.outcome, verdict.due_at, verdict.disables) == (Outcome.GIVEN_UP, None, False)
    assert judge(Answer(200, abort=True), 1, NOW, PLAN) == Verdict(Outcome.DELIVERED)


def test_an_empty_plan_has_one_try() -> None:
    assert judge(Answer(500), 1, NOW, []).outcome is Outcome.GIVEN_UP


@pytest.mark.parametrize(
    ("instants", "state"),
    [
        ((NOW, None, None), DeliveryState.PENDING),
        ((None, None, None), DeliveryState.SENDING),
        ((None, NOW, None), DeliveryState.DELIVERED),
        ((None, None, NOW), DeliveryState.GIVEN_UP),
    ],
)
def test_three_instants_make_the_state(instants: tuple[int | None, int | None, int | None], state: str) -> None:
    assert state_of(*instants) is state
