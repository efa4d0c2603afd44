import pytest

from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.durations import instant, iso
from smsc_emulator.operator import subscribers
from smsc_emulator.operator.lookups import Query, RequestReusedError

NOON = instant("2026-01-01T12:00:00Z")
UNREACHABLE = "http://127.0.0.1:1/verdicts"


async def test_a_subscriber_is_present_and_the_verdict_goes_to_the_address_in_the_query(side):
    status, answer = await side.ask()
    assert (status, answer) == (202, {"request_id": "req_1", "received_at": iso(NOON)})
    await side.turn("0s")
    verdict = {"request_id": "req_1", "phone_number": "+70000000001", "result": "PRESENT", "as_of": iso(NOON)}
    assert side.gateway.verdicts == [(NOON, verdict)]


async def test_a_number_without_a_contract_is_absent(side):
    await side.ask("+70000000098")
    await side.turn("0s")
    assert side.gateway.results == ["ABSENT"]


async def test_a_number_of_another_operator_is_absent(side):
    await side.database.run(lambda tx: subscribers.add(tx, NOON, "+70000000011", "beta"))
    await side.ask("+70000000011")
    await side.turn("0s")
    assert side.gateway.results == ["ABSENT"]


async def test_the_verdict_is_found_when_the_delay_is_over_not_when_the_query_came(side):
    await side.behave("truth", "30s")
    await side.ask()
    await side.turn("29s")
    assert side.gateway.verdicts == []
    await side.database.run(lambda tx: subscribers.end(tx, NOON, "+70000000001"))
    await side.turn("1s")
    at, verdict = side.gateway.verdicts[0]
    assert (at, verdict["result"], verdict["as_of"]) == (NOON + 30_000, "ABSENT", iso(NOON + 30_000))


@pytest.mark.parametrize(
    ("answer", "number", "result"), [("present", "+70000000098", "PRESENT"), ("absent", "+70000000001", "ABSENT")]
)
async def test_an_operator_can_be_set_to_answer_wrong(side, answer, number, result):
    await side.behave(answer)
    await side.ask(number)
    await side.turn("0s")
    assert side.gateway.results == [result]


async def test_a_silent_operator_takes_the_query_and_never_answers(side):
    await side.behave("silent")
    status, _ = await side.ask()
    await side.turn("2d")
    assert status == 202
    assert side.gateway.verdicts == []


async def test_a_change_of_behaviour_leaves_queries_under_way_alone(side):
    await side.behave("present", "30s")
    await side.ask("+70000000098", "req_1")
    await side.behave("absent")
    await side.ask("+70000000098", "req_2")
    await side.turn("1m")
    assert side.gateway.results == ["ABSENT", "PRESENT"]


async def test_a_query_sent_again_does_not_start_its_delay_again(side):
    await side.behave("truth", "30s")
    await side.ask()
    await side.turn("20s")
    _, answer = await side.ask()
    assert answer["received_at"] == iso(NOON)
    await side.turn("10s")
    assert [at for at, _ in side.gateway.verdicts] == [NOON + 30_000]
    await side.turn("1d")
    assert len(side.gateway.verdicts) == 1
    assert len(side.events("operator.query_received")) == 1


async def test_a_query_sent_again_after_its_answer_gets_the_same_verdict_once_more(side):
    await side.ask()
    await side.turn("1m")
    await side.database.run(lambda tx: subscribers.end(tx, NOON, "+70000000001"))
    await side.ask()
    await side.turn("1d")
    assert [verdict for _, verdict in side.gateway.verdicts] == [side.gateway.verdicts[0][1]] * 2
    assert len(side.events("operator.answered")) == 1


async def test_a_verdict_is_sent_again_by_the_plan_until_it_is_taken(side):
    side.gateway.statuses = [503, 500, 503]
    await side.ask()
    await side.turn("3d")
    assert [at - NOON for at, _ in side.gateway.verdicts] == [0, 5_000, 30_000, 120_000]


async def test_a_verdict_that_the_gateway_refuses_is_not_sent_again(side):
    side.gateway.statuses = [404]
    await side.ask()
    await side.turn("1d")
    assert len(side.gateway.verdicts) == 1
    refused = side.events("operator.verdict_refused")
    assert [(event.subject, event.data["status"]) for event in refused] == [("req_1", 404)]


async def test_a_gateway_that_comes_back_elsewhere_asks_again_and_gets_its_verdict_there(side):
    await side.post("queries", side.query() | {"reply_to": UNREACHABLE})
    await side.turn("1m")
    assert side.gateway.verdicts == []
    await side.ask()
    await side.turn("0s")
    assert [(at, verdict["as_of"]) for at, verdict in side.gateway.verdicts] == [(NOON + 60_000, iso(NOON))]


async def test_a_verdict_that_nobody_takes_is_given_up_after_a_day(side):
    await side.post("queries", side.query() | {"reply_to": UNREACHABLE})
    await side.turn("25h")
    assert await side.lookups.next_due() is None


async def test_answers_that_were_due_while_the_operator_was_down_are_sent_at_its_start(side):
    await side.behave("truth", "30s")
    await side.ask()
    await side.lookups.close()
    side.clock.move_to(NOON + 600_000)
    side.lookups = side.make_lookups()
    await side.turn("0s")
    assert [at for at, _ in side.gateway.verdicts] == [NOON + 600_000]
    await side.lookups.close()


@pytest.mark.parametrize(("delay", "breaches"), [("20m", 0), ("20m1ms", 1), ("30m", 1)])
async def test_an_answer_later_than_twenty_minutes_is_a_breach_and_is_still_sent(side, delay, breaches):
    await side.behave("truth", delay)
    await side.ask()
    await side.turn("2h")
    assert len(side.gateway.verdicts) == 1
    late = side.events("operator.breach")
    assert [(event.at - NOON, event.subject, event.data["operator_id"]) for event in late] == [
        (1_200_001, "req_1", "alpha")
    ] * breaches


async def test_silence_is_a_breach_on_record_once(side):
    await side.behave("silent")
    await side.ask()
    await side.turn("3d")
    assert len(side.events("operator.breach")) == 1


async def test_a_request_id_is_not_taken_for_another_number(side, clock: LabClock):
    await side.ask("+70000000001")
    status, problem = await side.ask("+70000000002")
    assert (status, problem["code"]) == (409, "request_reused")
    with pytest.raises(RequestReusedError):
        await side.lookups.receive("alpha", Query("req_1", "idn_2", "demo", "+70000000001", "http://x"), clock.now())


async def test_two_operators_may_get_the_same_request_id(side):
    body = side.query()
    assert (await side.post("queries", body))[0] == 202
    status, _ = await side.post(
        "queries", body, operator_id="beta", secret="whsec_YmV0YS10ZXN0LW9wZXJhdG9yLXNpZ25pbmcta2V5"
    )
    assert status == 202
    assert [event.data["operator_id"] for event in side.events("operator.query_received")] == ["alpha", "beta"]


async def test_events_name_the_number_and_the_service_and_nothing_of_a_person(side):
    await side.ask()
    await side.turn("0s")
    asked, answered = side.events("operator.query_received")[0], side.events("operator.answered")[0]
    assert set(asked.data) == {"operator_id", "attempt_id", "phone_number", "service_id"}
    assert set(answered.data) == {"operator_id", "phone_number", "service_id", "result"}
