import json

import pytest

from smsc_emulator.base.durations import DAY, instant, iso, parse
from smsc_emulator.operator import notices
from smsc_emulator.operator.behaviour import Outage, Terms

NOON = instant("2026-01-01T12:00:00Z")
NUMBER = "+70000000001"


async def end(side, number=NUMBER):
    return await side.database.run(lambda tx: side.contracts.end(tx, side.clock.now(), number))


async def listed(side):
    return await side.database.run(lambda tx: notices.page(tx, "alpha", terms=side.behaviours.terms))


def breaches(side):
    return [(event.at, event.subject, event.data["rule"]) for event in side.events("operator.breach")]


async def test_the_end_of_a_contract_ends_its_open_entries_and_each_service_is_told(side):
    for code in ("CODE1", "CODE2"):
        await side.hand_over(code, request_id=f"req_{code}")
    await side.hand_over("VOIDED", request_id="req_3")
    await side.post("voids", {"code": "VOIDED", "reason": "late"})
    await side.hand_over("OTHER", number="+70000000002", request_id="req_4")
    await end(side)
    assert sorted(await side.entries()) == [
        ("CODE1", "ENDED", "ended"),
        ("CODE2", "ENDED", "ended"),
        ("OTHER", "OPEN", None),
        ("VOIDED", "VOID", "late"),
    ]
    await side.turn("0s")
    told = [(at, notice["code"], notice["reason"], notice["ended_at"]) for at, notice in side.gateway.notices]
    assert sorted(told) == [(NOON, code, "ended", iso(NOON)) for code in ("CODE1", "CODE2")]
    assert {notice["phone_number"] for _, notice in side.gateway.notices} == {NUMBER}
    assert len({notice["notice_id"] for _, notice in side.gateway.notices}) == 2


async def test_an_acknowledged_notice_is_sent_no_more(side):
    await side.hand_over()
    await end(side)
    await side.turn("8d")
    assert len(side.gateway.notices) == 1
    ((notice,), (event,)) = await listed(side), side.events("operator.notice_acknowledged")
    assert (notice.sent_at, notice.acked_at, notice.is_late, event.subject) == (NOON, NOON, False, notice.notice_id)


async def test_a_notice_that_is_not_taken_is_sent_again_under_its_id(side):
    side.gateway.statuses = [503, 500, 503]
    await side.hand_over()
    await end(side)
    await side.turn("1h")
    assert [(at - NOON) // 1000 for at, _ in side.gateway.notices] == [0, 5, 30, 120]
    assert len({notice["notice_id"] for _, notice in side.gateway.notices}) == 1
    assert breaches(side) == []


async def test_a_notice_that_is_refused_for_good_is_sent_once(side):
    side.gateway.statuses = [404]
    await side.hand_over()
    await end(side)
    await side.turn("1d")
    assert len(side.gateway.notices) == 1
    assert [event.data["status"] for event in side.events("operator.notice_refused")] == [404]


@pytest.mark.parametrize(
    ("delay", "late"), [("3h", False), ("24h", False), ("24h1ms", True), ("24h1s", True), ("5d", True)]
)
async def test_exactly_twenty_four_hours_are_in_time_and_a_late_notice_is_sent_all_the_same(side, delay, late):
    await side.behave(notice_delay=parse(delay))
    await side.hand_over()
    await end(side)
    await side.turn("6d")
    assert [at - NOON for at, _ in side.gateway.notices] == [parse(delay)]
    (notice,) = await listed(side)
    assert notice.is_late is late
    assert breaches(side) == ([(NOON + parse("24h") + 1, notice.notice_id, "T_notice")] if late else [])


@pytest.mark.parametrize(("delay", "late"), [("3h", False), ("3h1ms", True)])
async def test_a_notice_has_the_time_of_the_rules_in_force_when_the_contract_ended(side, delay, late):
    side.behaviours.terms = lambda now: Terms(t_notice=parse("3h" if now == NOON else "48h"))
    await side.behave(notice_delay=parse(delay))
    await side.hand_over()
    await end(side)
    await side.turn("6h")
    (notice,) = await listed(side)
    assert notice.is_late is late
    assert [at - NOON for at, _, _ in breaches(side)] == ([parse("3h") + 1] if late else [])
    assert [event.data["due_at"] for event in side.events("operator.breach")] == [iso(NOON + parse("3h"))] * late


async def test_a_notice_that_is_never_sent_is_a_breach(side):
    await side.behave(notices="never")
    await side.hand_over()
    await end(side)
    assert await side.entries() == [("CODE1", "ENDED", "ended")]
    await side.turn("10d")
    assert side.gateway.notices == []
    assert [at - NOON for at, _, _ in breaches(side)] == [parse("24h") + 1]


async def test_a_notice_is_repeated_as_often_as_set_under_one_id(side):
    await side.behave(notice_repeat=3)
    await side.hand_over()
    await end(side)
    await side.turn("1d")
    assert len(side.gateway.notices) == 3
    assert len({notice["notice_id"] for _, notice in side.gateway.notices}) == 1
    assert len(side.events("operator.notice_sent")) == 1


@pytest.mark.parametrize(("until", "late"), [("23h", False), ("25h", True)])
async def test_an_operator_that_is_out_tells_when_it_is_back(side, until, late):
    await side.hand_over()
    await side.behave(outage=Outage("refused", NOON, NOON + parse(until)))
    await end(side)
    await side.turn("3d")
    assert [at - NOON for at, _ in side.gateway.notices] == [parse(until)]
    assert bool(breaches(side)) is late


async def test_the_donor_tells_of_a_number_that_was_ported_and_the_recipient_has_no_entry(side):
    await side.hand_over()
    moved = await side.database.run(lambda tx: side.contracts.port(tx, NOON, NUMBER, "beta"))
    assert (moved.operator_id, moved.imsi) == ("beta", "001010000000001")
    await side.turn("0s")
    assert [notice["reason"] for _, notice in side.gateway.notices] == ["ported"]
    assert await side.entries() == [("CODE1", "ENDED", "ported")]
    assert await side.entries("beta") == []


async def test_a_number_that_is_another_persons_is_told_as_reissued(side):
    await side.hand_over()
    await side.database.run(lambda tx: side.contracts.reissue(tx, NOON, NUMBER))
    await side.turn("0s")
    assert [notice["reason"] for _, notice in side.gateway.notices] == ["reissued"]
    assert await side.database.run(lambda tx: len(side.subscribers.numbers())) == 1


async def test_a_service_that_asked_and_has_no_code_there_is_told_without_one(side):
    await side.behave(delay="10s")
    await side.ask(request_id="req_1")
    await side.turn("5s")
    await end(side)
    await side.turn("1m")
    ((at, notice),) = side.gateway.notices
    assert (at - NOON, notice["phone_number"], notice["code"]) == (5_000, NUMBER, None)
    assert side.gateway.results == ["ABSENT"]


async def test_a_code_that_has_not_come_yet_is_no_reason_to_tell_nothing(side):
    await side.ask(request_id="req_1")
    await side.turn("5s")
    await end(side)
    await side.turn("1m")
    assert [notice["code"] for _, notice in side.gateway.notices] == [None]


@pytest.mark.parametrize(("answer", "later"), [("absent", "0s"), ("silent", "20m1ms"), ("truth", "24h1ms")])
async def test_a_service_that_counts_on_nothing_any_more_is_not_told(side, answer, later):
    await side.behave(answer)
    await side.ask()
    await side.turn("0s")
    await side.turn(later)
    await end(side)
    await side.turn("1m")
    assert side.gateway.notices == []


async def test_an_undone_unit_leaves_neither_notice_nor_ended_entry(side):
    await side.hand_over()

    def undone(tx):
        side.contracts.end(tx, NOON, NUMBER)
        raise RuntimeError("undo")

    with pytest.raises(RuntimeError, match="undo"):
        await side.database.run(undone)
    assert await listed(side) == []
    assert await side.entries() == [("CODE1", "OPEN", None)]


async def test_the_operators_clock_shows_in_the_instant_of_the_end(side):
    await side.behave(clock_skew=-parse("5m"))
    await side.hand_over()
    await end(side)
    await side.turn("0s")
    assert side.gateway.notices[0][1]["ended_at"] == iso(NOON - parse("5m"))


async def test_a_virtual_operators_notices_come_from_whoever_keeps_its_subscribers(side):
    await side.subscribe("+70000000005", "light")
    await side.hand_over(number="+70000000005")
    await end(side, "+70000000005")
    await side.turn("0s")
    assert [notice["code"] for _, notice in side.gateway.notices] == ["CODE1"]


async def test_codes_and_people_are_in_no_event_of_an_end(side):
    await side.hand_over()
    await end(side)
    await side.turn("2d")
    assert "CODE1" not in json.dumps([dict(event.data) for event in side.database.journal.since(0, 100)])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (lambda side, tx, at: side.contracts.port(tx, at, NUMBER, "beta"), False),
        (lambda side, tx, at: side.contracts.reissue(tx, at, NUMBER), True),
    ],
    ids=["ported", "reissued"],
)
async def test_a_query_may_ask_whether_the_number_went_to_another_person_since(side, step, expected):
    side.clock.move_to(side.clock.now() + 1)
    await side.database.run(lambda tx: step(side, tx, side.clock.now()))
    await side.behave("present")
    asked = side.query(NUMBER) | {"since": "2026-01-01T12:00:00.000Z"}
    await side.post("queries", asked)
    await side.post("queries", side.query(NUMBER, "req_2"))
    await side.turn("1m")
    assert [verdict.get("recycled") for _, verdict in side.gateway.verdicts] == [expected, None]


async def test_who_comes_back_to_his_number_within_the_quarantine_or_later_is_no_other_person(side):
    await side.database.run(lambda tx: side.contracts.end(tx, 1, NUMBER))
    came_back = await side.database.run(lambda tx: side.contracts.sell(tx, 2, NUMBER, "beta", former_subscriber=True))
    assert came_back.continues
    await side.database.run(lambda tx: side.contracts.end(tx, 3, NUMBER))
    sold = await side.database.run(lambda tx: side.contracts.sell(tx, 3 + 60 * DAY, NUMBER, "beta"))
    assert not sold.continues
