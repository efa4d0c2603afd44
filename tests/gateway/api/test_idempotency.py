"""Idempotency-Key, on the start of a confirmation."""

import asyncio

import pytest
from sqlalchemy import select

from confirm.store import idempotency_keys
from smsc_emulator.base.durations import DAY, MINUTE

BODY = {"phone_number": "+70000000001"}


async def start(face, idempotency_key, body=BODY, **more):
    status, answer, _ = await face.ask("POST", "/v1/confirmations", body, Idempotency_Key=idempotency_key, **more)
    return status, answer


async def test_the_same_request_again_gives_the_same_answer_and_creates_nothing(face):
    first = await start(face, "k1")
    await face.check(first[1], face.sms.code)
    assert await start(face, "k1") == first
    assert len(face.sms.texts) == 1


async def test_a_body_written_otherwise_but_meaning_the_same_is_the_same_request(face):
    first = await start(face, "k1")
    assert await start(face, "k1", {"challenge_passed": False, "locale": None, **BODY}) == first


async def test_the_key_with_another_body_is_refused(face):
    await start(face, "k1")
    status, problem = await start(face, "k1", {"phone_number": "+70000000002"})
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    assert len(face.sms.texts) == 1


async def test_a_request_whose_first_time_is_unanswered_is_told_so(face):
    face.sms.gate.clear()
    first = asyncio.create_task(start(face, "k1"))
    await face.database.journal.wait(0, 5, wanted=lambda event: event.type == "confirmation.created")
    assert (await start(face, "k1"))[1]["code"] == "idempotency_key_in_flight"
    assert (await start(face, "k1", {"phone_number": "+70000000002"}))[1]["code"] == "idempotency_key_reused"
    face.sms.gate.set()
    assert (await first)[0] == 201
    assert await start(face, "k1") == await first


async def test_each_service_has_keys_of_its_own(face):
    _, one = await start(face, "k1")
    _, other = await start(face, "k1", key="another-key")
    assert one["id"] != other["id"]


@pytest.mark.parametrize(("later", "same"), [(DAY - 1, True), (DAY, False)])
async def test_a_key_is_kept_for_a_day_of_lab_time(face, later, same):
    _, first = await start(face, "k1")
    await face.ticker.advance(later)
    _, second = await start(face, "k1")
    assert (first["id"] == second["id"]) is same


async def test_a_refused_request_leaves_its_key_free(face):
    status, _ = await start(face, "k1", {"phone_number": "none"})
    assert status == 400
    assert (await start(face, "k1"))[0] == 201


async def test_a_process_that_died_before_the_answer_left_a_key_that_leads_to_what_it_created(face):
    _, first = await start(face, "k1")
    await face.database.run(
        lambda tx: tx.conn.execute(idempotency_keys.update().values(status=None, body=None)) and None
    )
    await face.ticker.advance(MINUTE)
    assert await start(face, "k1") == (201, first)
    assert len(face.sms.texts) == 1


@pytest.mark.parametrize("key", ["two words", "k" * 256, ""])
async def test_a_key_that_is_no_visible_text_is_refused(face, key):
    status, problem = await start(face, key)
    assert (status, problem["code"]) == (400, "bad_request")


async def test_the_kept_answer_holds_no_code(face):
    await start(face, "k1")
    [row] = await face.database.run(lambda tx: tx.conn.execute(select(idempotency_keys)).all())
    assert row.status == 201
    assert face.sms.code not in row.body
