from functools import partial

import pytest

from gateway.lookup import outbox
from smsc_emulator.base.durations import DAY, MINUTE, SECOND, instant, iso

NOON = instant("2026-01-01T12:00:00Z")
DEADLINE = NOON + 20 * MINUTE
QUERY = {"request_id": "req_1", "attempt_id": "idn_1", "service_id": "demo", "phone_number": "+70000000001"}
CODE = {**QUERY, "service_name": "Demo messenger", "code": "ABCDEF"}


async def ask(asking, operator_id="alpha", **change):
    unit = partial(outbox.ask, now=asking.clock.now(), operator_id=operator_id, deadline_at=DEADLINE, **QUERY | change)
    await asking.database.run(unit)


async def hand_over(asking, operator_id="alpha"):
    return await asking.database.run(partial(outbox.hand_over, now=asking.clock.now(), operator_id=operator_id, **CODE))


async def void(asking, reason="late"):
    told = {"request_id": "req_1", "attempt_id": "idn_1", "operator_id": "alpha", "code": "ABCDEF", "reason": reason}
    return await asking.database.run(partial(outbox.void, now=asking.clock.now(), **told))


async def find(asking, message_id="req_1"):
    return await asking.database.run(partial(outbox.find, message_id=message_id))


def offsets(asking):
    return [(at - NOON) // SECOND for at, _, _ in asking.operator.got]


async def test_a_query_is_sent_in_presence_mode_at_the_instant_of_its_unit(asking):
    await ask(asking)
    await asking.turn("0s")
    ((at, path, body),) = asking.operator.got
    assert (at, path) == (NOON, "/operator/alpha/queries")
    reply_to = str(asking.server.make_url("/v1/operators/alpha/verdicts"))
    times = {"sent_at": iso(NOON), "deadline_at": iso(DEADLINE)}
    assert body == {**QUERY, "mode": "presence", **times, "reply_to": reply_to}
    assert (await find(asking)).first_try_at == NOON


async def test_an_operator_with_an_address_of_its_own_is_asked_there(asking):
    await ask(asking, "beta")
    await asking.turn("0s")
    ((_, path, body),) = asking.operator.got
    assert path == "/elsewhere/queries"
    assert body["reply_to"].endswith("/v1/operators/beta/verdicts")


async def test_an_acknowledged_query_is_not_sent_again_and_tells_its_owner_in_the_same_unit(asking):
    asking.operator.usual = (202, '{"request_id":"req_1"}')
    await ask(asking)
    await asking.turn("1h")
    assert offsets(asking) == [0]
    ((now, message, answer),) = asking.acked
    assert (now, message.id, message.kind, message.attempt_id) == (NOON, "req_1", "query", "idn_1")
    assert answer == {"request_id": "req_1"}
    acknowledged, told = asking.events("lookup.query_acknowledged"), asking.events("test.acked")
    assert told[0].seq == acknowledged[0].seq + 1
    assert asking.wakes


async def test_a_query_that_is_not_taken_keeps_its_id_and_goes_on_until_its_deadline(asking):
    asking.operator.usual = (503, "")
    await ask(asking)
    await asking.turn("2h")
    assert offsets(asking) == [0, 5, 15, 30, *range(90, 1200, 60)]
    assert {body["request_id"] for _, _, body in asking.operator.got} == {"req_1"}
    assert {body["sent_at"] for _, _, body in asking.operator.got} == {iso(NOON)}
    assert asking.acked == []
    assert asking.events("lookup.query_not_taken")[0].data["reason"] == "status_503"


async def test_a_query_goes_through_when_a_refusing_operator_comes_back(asking):
    asking.operator.replies = [(503, "")] * 4
    await ask(asking)
    await ask(asking, "dead", request_id="req_2")
    await asking.turn("3m")
    assert offsets(asking) == [0, 5, 15, 30, 90]
    assert [(now - NOON, message.id) for now, message, _ in asking.acked] == [(90 * SECOND, "req_1")]
    failed = [event for event in asking.events("lookup.query_not_taken") if event.subject == "req_2"]
    assert failed[0].data == {"operator_id": "dead", "attempt_id": "idn_1", "reason": "ClientConnectorError"}


@pytest.mark.parametrize("reply", [(200, "no json"), (200, "[]"), (200, "{}"), (200, '{"entry_id":null}'), (409, "{}")])
async def test_an_answer_that_does_not_confirm_a_code_counts_as_none(asking, reply):
    asking.operator.replies = [reply]
    await hand_over(asking)
    await asking.turn("5s")
    assert offsets(asking) == [0, 5]
    assert [now - NOON for now, _, _ in asking.acked] == [5 * SECOND]


async def test_a_code_is_handed_over_for_a_day_at_most_and_acknowledged_once(asking):
    asking.operator.usual = (500, "")
    message_id = await hand_over(asking)
    await asking.turn("2d")
    seconds = offsets(asking)
    assert seconds[:8] == [0, 5, 15, 30, 60, 120, 420, 720]
    assert seconds[-1] <= DAY // SECOND < seconds[-1] + 300
    assert {(path, body["code"]) for _, path, body in asking.operator.got} == {("/operator/alpha/codes", "ABCDEF")}
    assert (await find(asking, message_id)).acked_at is None


async def test_a_withdrawn_message_is_not_sent_again(asking):
    asking.operator.usual = (503, "")
    await ask(asking)
    await asking.turn("6s")
    await asking.database.run(partial(outbox.withdraw, now=asking.clock.now(), message_id="req_1"))
    await asking.turn("1h")
    assert offsets(asking) == [0, 5]


async def test_a_void_stops_the_hand_over_and_is_sent_once(asking):
    asking.operator.replies = [(503, "")]
    await hand_over(asking)
    await asking.turn("1s")
    assert await void(asking, "superseded") == await void(asking, "late")
    await asking.turn("1h")
    assert [(path, body) for _, path, body in asking.operator.got][1:] == [
        ("/operator/alpha/voids", {"code": "ABCDEF", "reason": "superseded"})
    ]
    assert [message.kind for _, message, _ in asking.acked] == ["void"]


async def test_a_restart_goes_on_with_the_old_plan_and_asks_for_verdicts_that_were_missed(asking):
    asking.operator.usual = (202, "{}")
    await ask(asking)
    await ask(asking, request_id="req_2")
    await asking.turn("0s")
    await asking.database.run(partial(outbox.withdraw, now=NOON, message_id="req_2"))
    asking.clock.move_to(NOON + 10 * MINUTE)
    await asking.client.start()
    await asking.turn("30m")
    assert [
        (second, body["request_id"]) for second, (_, _, body) in zip(offsets(asking), asking.operator.got, strict=True)
    ] == [
        (0, "req_1"),
        (0, "req_2"),
        (600, "req_1"),
    ]
    assert [message.id for _, message, _ in asking.acked] == ["req_1", "req_2"]
    assert (await find(asking)).first_try_at == NOON


async def test_after_the_deadline_a_restart_asks_no_more(asking):
    await ask(asking)
    await asking.turn("0s")
    asking.clock.move_to(DEADLINE + 1)
    await asking.client.start()
    assert await asking.client.next_due() is None


async def test_an_operator_that_left_the_configuration_holds_up_nobody(asking):
    await ask(asking, "gone", request_id="req_0")
    await ask(asking)
    await asking.turn("0s")
    assert [message.id for _, message, _ in asking.acked] == ["req_1"]
    assert asking.events("lookup.query_not_taken")[0].data["reason"] == "operator_not_configured"


async def test_codes_and_numbers_are_in_no_event(asking):
    asking.operator.replies = [(503, "")]
    await ask(asking)
    await hand_over(asking)
    await asking.turn("1h")
    told = str([dict(event.data) for event in asking.database.journal.since(0, 1000)])
    assert "ABCDEF" not in told
    assert "+7000" not in told
    assert [event.type for event in asking.database.journal.since(0, 1000)].count("lookup.code_sent") == 1


SAID = {"family_name": "Petrova", "birth_date": "1990-01-02"}


async def test_a_query_in_match_mode_carries_what_the_user_said_until_it_is_answered_and_nothing_after(asking):
    asking.operator.usual = (503, "")
    await ask(asking, attributes=SAID, agreement_id="agr_1")
    await asking.turn("6s")
    for _, _, body in asking.operator.got:
        assert (body["mode"], body["attributes"], body["agreement_id"]) == ("match", SAID, "agr_1")
    await asking.database.run(partial(outbox.withdraw, now=asking.clock.now(), message_id="req_1"))
    body = (await find(asking)).body
    assert "attributes" not in body
    assert body["mode"] == "match"
    told = str([event.data for event in asking.database.journal.since(0, 100)])
    assert not any(value in told for value in SAID.values())


async def test_a_code_may_go_along_with_the_query(asking):
    await ask(asking, code="ABCDEF", service_name="Demo messenger")
    await asking.turn("0s")
    ((_, _, body),) = asking.operator.got
    assert (body["code"], body["service_name"], body["mode"]) == ("ABCDEF", "Demo messenger", "presence")
    assert "attributes" not in body


async def test_an_operator_that_is_to_make_the_code_is_given_none(asking):
    asking.operator.usual = (200, '{"entry_id":"ent_1","code":"MADE"}')
    unit = partial(outbox.hand_over, now=asking.clock.now(), operator_id="alpha", **CODE | {"code": None})
    await asking.database.run(unit)
    await asking.turn("0s")
    assert "code" not in asking.operator.got[0][2]
    assert asking.acked[0][2] == {"entry_id": "ent_1", "code": "MADE"}


async def test_the_open_entries_are_asked_for_page_by_page_until_somebody_answers(asking):
    asking.operator.replies = [(503, "")]
    asking.operator.usual = (200, '{"entries":[],"next":null}')
    listing = {"subject_id": "rec_1", "operator_id": "alpha", "until": NOON + DAY}
    await asking.database.run(partial(outbox.list_open, now=NOON, message_id="lst_1", **listing))
    await asking.turn("5s")
    await asking.database.run(
        partial(outbox.list_open, now=asking.clock.now(), message_id="lst_2", after="ent_9", **listing)
    )
    await asking.turn("1h")
    assert [(path, body) for _, path, body in asking.operator.got] == [
        ("/operator/alpha/register/open", {}),
        ("/operator/alpha/register/open", {}),
        ("/operator/alpha/register/open", {"after": "ent_9"}),
    ]
    assert [(message.id, message.attempt_id, answer) for _, message, answer in asking.acked] == [
        ("lst_1", "rec_1", {"entries": [], "next": None}),
        ("lst_2", "rec_1", {"entries": [], "next": None}),
    ]
