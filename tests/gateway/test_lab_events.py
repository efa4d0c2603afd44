"""The journal as a stream, and the PDUs that are kept while somebody reads it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

A = "+70000000001"


class Stream:
    """A reader of server-sent events."""

    def __init__(self, content: Any) -> None:
        self._content = content

    async def next(self, name: str = "message") -> tuple[str, Any]:
        """Return the id and the data of the next message called `name`."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(10):
            while True:
                line = (await self._content.readline()).decode()
                assert line, "the stream has ended"
                key, _, value = line.rstrip("\n").partition(": ")
                if key:
                    fields[key] = value
                elif "data" in fields and fields.get("event", "message") == name:
                    return fields.get("id", ""), json.loads(fields["data"])
                else:
                    fields = {}

    async def event(self, type_: str) -> Any:
        """Return the next event of a type."""
        while (found := (await self.next())[1])["type"] != type_:
            pass
        return found


@asynccontextmanager
async def reading(user: Any, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    url = f"{user.lab.base_url}/lab/events{query}"
    async with ClientSession(headers=headers) as session, session.get(url) as response:
        assert response.content_type == "text/event-stream"
        yield Stream(response.content)


@pytest.fixture
async def user(start_lab: Callable[..., Awaitable[Any]]) -> Any:
    user = await start_lab()
    await user.event("smpp.bound", "gateway")  # it may come a moment after the start
    return user


async def test_what_happens_is_streamed_with_the_numbers_of_the_journal(user: Any) -> None:
    async with reading(user) as stream:
        await stream.next("tick")
        await user.confirm(A, "sms_code")
        seq, event = await stream.next()
        assert event["type"] == "confirmation.created"
        assert seq == str(event["seq"])
        assert (await stream.event("handset.received"))["subject"] == A


async def test_a_reader_that_comes_back_misses_nothing_and_sees_nothing_twice(user: Any) -> None:
    async with reading(user, "?last=1") as stream:
        last, _ = await stream.next()
    await user.confirm(A, "sms_code")
    async with reading(user, **{"Last-Event-ID": last}) as stream:
        seq, event = await stream.next()
        assert event["type"] == "confirmation.created"
        assert int(seq) > int(last)


async def test_a_number_of_another_journal_or_no_number_is_not_taken_for_a_place_in_this_one(user: Any) -> None:
    for place in ("999999999999999", "x", "²"):
        async with reading(user, "?last=1", **{"Last-Event-ID": place}) as stream:
            assert (await stream.next())[1]["type"] == "smpp.bound"


async def test_a_reader_that_falls_behind_is_told_how_much_it_has_missed(user: Any) -> None:
    journal = user.lab.ground.journal
    async with reading(user) as stream:
        await stream.next("tick")
        for number in range(1000):
            journal.publish(0, "test.event", str(number))
        _, gap = await stream.next("gap")
        first = await stream.event("test.event")
        assert gap["skipped"] == int(first["subject"]) > 0
        while (await stream.event("test.event"))["subject"] != "999":
            pass


async def test_the_tick_tells_the_clock_the_counts_and_how_fast_the_smsc_answers(user: Any) -> None:
    async with reading(user) as stream:
        _, first = await stream.next("tick")
        assert first["running"] is False
        await user.confirm(A, "sms_code")
        told = {"counts": {}}
        while "message.delivered" not in told["counts"] or not told["answer_ms"]:
            _, told = await stream.next("tick")
        assert told["counts"]["smpp.submit_sm"] == 1
        assert told["next_deadline_at"] > told["now"]
        assert 0 < told["answer_ms"]["p50"] <= told["answer_ms"]["p95"]


async def test_pdus_are_kept_while_somebody_reads_the_stream_and_at_no_other_time(user: Any) -> None:
    await user.confirm(A, "sms_code")
    assert (await user.get("/lab/pdus"))["pdus"] == []
    async with reading(user) as stream:
        await stream.next("tick")
        await user.confirm("+70000000002", "sms_code")
        message = (await stream.event("handset.received"))["data"]["message_id"]
        await stream.event("confirmation.code_delivered")
    pdus = (await user.get(f"/lab/pdus?message_id={message}"))["pdus"]
    told = [(pdu["from"], pdu["command"]) for pdu in pdus]
    assert told[:3] == [("esme", "submit_sm"), ("smsc", "submit_sm_resp"), ("smsc", "deliver_sm")]
    assert pdus[1]["answered_in_ms"] > 0
    fields = {field["name"]: field for field in pdus[0]["fields"]}
    assert fields["destination_addr"]["value"] == "70000000002"
    assert fields["short_message"]["private"]
    by_number = (await user.get("/lab/pdus?number=%2B70000000002&limit=2"))["pdus"]
    assert len(by_number) == 2
    assert (await user.get("/lab/pdus?account=nobody"))["pdus"] == []


async def test_a_stream_ends_with_the_lab(user: Any) -> None:
    async with reading(user) as stream:
        await stream.next("tick")
        async with asyncio.timeout(5):
            await user.lab.stop()
        with pytest.raises(AssertionError, match="has ended"):
            await stream.next("never")


async def test_the_page_begins_with_what_stands_open(user: Any) -> None:
    one = await user.confirm(A, "sms_code")
    two = await user.confirm("+70000000002", "sms_code")
    page = await user.get("/lab/page")
    assert [found["id"] for found in page["confirmations"]] == [two["id"], one["id"]]
    assert page["services"] == [{"id": "demo", "name": "Demo messenger"}]
    assert page["reveal"] is False
