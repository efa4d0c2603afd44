import asyncio
import json
import ssl

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.webhooks import sender, store
from gateway.webhooks.guard import Guard
from gateway.webhooks.sender import explain
from smsc_emulator.base.durations import HOUR, MINUTE, SECOND
from smsc_emulator.base.line import DisconnectedError, NotHttpError

PLAN = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]


async def only_delivery(bench, endpoint):
    [delivery] = await bench.service.deliveries("demo", endpoint.id)
    return delivery


async def test_the_receiver_verifies_what_it_gets_by_the_standard_library(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    [(headers, body)] = receiver.got
    event = Webhook(endpoint.secret).verify(body, headers)
    assert event == {
        "id": headers["webhook-id"],
        "type": "confirmation.created",
        "created_at": "2026-01-01T12:00:00.000Z",
        "data": {"id": "cnf_1"},
    }
    assert headers["content-type"] == "application/json"
    other = await bench.endpoint(receiver.url)
    with pytest.raises(WebhookVerificationError):
        Webhook(other.secret).verify(body, headers)


async def test_while_the_ticker_runs_an_event_goes_out_at_once_though_the_clock_stands(bench, receiver) -> None:
    await bench.endpoint(receiver.url)
    running = asyncio.create_task(bench.ticker.run())
    await bench.happen(*[f"cnf_{n}" for n in range(120)])
    last = await bench.journal.wait(0, 10, wanted=lambda event: event.data.get("event_subject") == "cnf_119")
    assert [event.type for event in last] == ["webhook.delivered"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_success_is_on_record(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    delivery = await only_delivery(bench, endpoint)
    assert (delivery.state, delivery.tries, delivery.last_status) == ("delivered", 1, 204)
    [event] = bench.told()
    assert (event.type, event.subject) == ("webhook.delivered", delivery.event_id)
    assert event.data["endpoint_id"] == endpoint.id
    assert (event.data["event_type"], event.data["event_subject"]) == ("confirmation.created", "cnf_1")


async def test_retries_come_at_the_very_instants_of_the_plan_and_then_end(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.answers.extend([500] * 8)
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    for tries, gap in enumerate(PLAN, 1):
        await bench.ticker.advance(gap - 1)
        assert len(receiver.got) == tries
        await bench.ticker.advance(1)
        assert len(receiver.got) == tries + 1
    assert await bench.sender.next_due() is None
    assert (await only_delivery(bench, endpoint)).state == "given_up"
    assert [event.type for event in bench.told()] == ["webhook.failed"] * 7 + ["webhook.given_up"]


async def test_one_turn_past_all_retries_makes_each_at_its_instant(bench, receiver) -> None:
    await bench.endpoint(receiver.url)
    receiver.answers.extend([503] * 7)
    start = bench.clock.now()
    await bench.happen("cnf_1")
    await bench.ticker.advance(48 * HOUR)
    assert [event.at - start for event in bench.told()] == [sum(PLAN[:n]) for n in range(8)]
    assert bench.told()[-1].type == "webhook.delivered"


async def test_every_try_has_the_same_id_and_body_and_a_timestamp_of_real_time(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.answers.extend([500, 500])
    await bench.happen("cnf_1")
    await bench.ticker.advance(HOUR)
    assert len(receiver.got) == 3
    assert len(set(receiver.ids)) == 1
    assert len({body for _, body in receiver.got}) == 1
    for headers, body in receiver.got:
        # The library refuses a timestamp further than five minutes from real time; the lab's is far from it.
        Webhook(endpoint.secret).verify(body, headers)


async def test_a_redirect_is_not_followed(bench, receiver, make_receiver) -> None:
    other = await make_receiver()
    endpoint = await bench.endpoint(receiver.url)
    receiver.answers.append(web.Response(status=307, headers={"Location": other.url}))
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    delivery = await only_delivery(bench, endpoint)
    assert (delivery.state, delivery.last_status) == ("pending", 307)
    assert "redirects are not followed" in delivery.last_error
    assert other.got == []


async def test_410_disables_the_endpoint_and_ends_all_it_was_to_get(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.answers.extend([500, 410])
    await bench.happen("cnf_1", "cnf_2", "cnf_3")
    await bench.ticker.advance(HOUR)
    assert len(receiver.got) == 2
    deliveries = await bench.service.deliveries("demo", endpoint.id)
    assert [delivery.state for delivery in deliveries] == ["given_up"] * 3
    assert (await bench.service.get("demo", endpoint.id)).disabled_at == bench.clock.now() - HOUR
    await bench.happen("cnf_4")
    assert len(await bench.service.deliveries("demo", endpoint.id)) == 3
    assert await bench.sender.next_due() is None


async def test_a_receiver_may_refuse_one_message_for_good(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.answers.append(web.Response(status=400, headers={"webhook-delivery": "abort-message"}))
    await bench.happen("cnf_1", "cnf_2")
    await bench.ticker.advance(HOUR)
    assert [event["data"]["id"] for event in receiver.events] == ["cnf_1", "cnf_2"]
    second, first = await bench.service.deliveries("demo", endpoint.id)
    assert (first.state, second.state) == ("given_up", "delivered")


async def test_deliveries_go_out_in_the_order_of_their_events(bench, receiver) -> None:
    await bench.endpoint(receiver.url)
    subjects = [f"cnf_{n}" for n in range(250)]
    await bench.happen(*subjects[:130])
    await bench.happen(*subjects[130:])
    async with asyncio.timeout(60):  # on a busy machine longer than a turn of the clock waits
        while len(receiver.got) < len(subjects):
            await bench.ticker.advance(0)
    assert [event["data"]["id"] for event in receiver.events] == subjects


async def test_a_delivery_that_fails_does_not_hold_up_the_next(bench, receiver) -> None:
    await bench.endpoint(receiver.url)
    receiver.answers.append(500)
    await bench.happen("cnf_1", "cnf_2")
    await bench.ticker.advance(0)
    assert [event["data"]["id"] for event in receiver.events] == ["cnf_1", "cnf_2"]
    await bench.ticker.advance(5 * SECOND)
    assert [event["data"]["id"] for event in receiver.events] == ["cnf_1", "cnf_2", "cnf_1"]


async def test_a_receiver_that_keeps_silent_does_not_hold_up_another(bench, receiver, make_receiver) -> None:
    silent = await make_receiver()
    silent.silent = True
    await bench.endpoint(silent.url)
    await bench.endpoint(receiver.url)
    await bench.happen("cnf_1")
    await bench.sender.fire(bench.clock.now())
    async with asyncio.timeout(10):
        await silent.arrived.wait()
        await bench.journal.wait(0, 10, wanted=lambda event: event.type == "webhook.delivered")
    assert len(receiver.got) == 1
    assert await bench.sender.next_due() is None


async def test_a_receiver_has_a_bounded_real_time_to_answer(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.silent = True
    await bench.replace_sender(bench.make_sender(timeout=50))
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    delivery = await only_delivery(bench, endpoint)
    assert (delivery.state, delivery.last_status) == ("pending", None)
    assert delivery.last_error == "the receiver did not answer in time"
    assert delivery.due_at == bench.clock.now() + 5 * SECOND


async def test_what_a_killed_sender_left_is_sent_again_under_its_id(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.silent = True
    await bench.happen("cnf_1", "cnf_2")
    await bench.sender.fire(bench.clock.now())
    await asyncio.wait_for(receiver.arrived.wait(), 10)
    states = [delivery.state for delivery in await bench.service.deliveries("demo", endpoint.id)]
    assert states == ["sending", "sending"]
    receiver.silent = False
    await bench.replace_sender(bench.make_sender())
    await bench.ticker.advance(0)
    assert [event["data"]["id"] for event in receiver.events] == ["cnf_1", "cnf_1", "cnf_2"]
    assert receiver.ids[0] == receiver.ids[1]
    assert [delivery.state for delivery in await bench.service.deliveries("demo", endpoint.id)] == ["delivered"] * 2


async def test_an_endpoint_deleted_in_the_middle_is_forgotten(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.silent = True
    await bench.replace_sender(bench.make_sender(timeout=200))
    await bench.happen("cnf_1", "cnf_2")
    await bench.sender.fire(bench.clock.now())
    await asyncio.wait_for(receiver.arrived.wait(), 10)
    await bench.service.delete(bench.clock.now(), "demo", endpoint.id)
    await bench.ticker.advance(0)
    assert len(receiver.got) == 1
    assert bench.told() == []


async def test_an_address_outside_the_allowed_networks_is_never_connected_to(bench, receiver) -> None:
    endpoint = await bench.endpoint(f"http://localhost:{receiver.port}/")
    bench.guard = Guard([])
    await bench.replace_sender(bench.make_sender())
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    assert receiver.got == []
    assert "webhooks.allow_networks" in (await only_delivery(bench, endpoint)).last_error


async def test_a_large_answer_is_neither_read_nor_shown(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.answers.append(web.Response(status=500, text="secret of the inner network " * 100_000))
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    delivery = await only_delivery(bench, endpoint)
    assert (delivery.last_status, delivery.last_error) == (500, "the receiver answered 500")


async def test_what_is_not_http_is_told_in_our_own_words(bench) -> None:
    async def banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-inner-secret\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(banner, "127.0.0.1", 0)
    async with server:
        endpoint = await bench.endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await bench.happen("cnf_1")
        await bench.ticker.advance(0)
    delivery = await only_delivery(bench, endpoint)
    assert delivery.last_status is None
    assert "secret" not in json.dumps([delivery.last_error, [dict(event.data) for event in bench.told()]])


async def test_a_name_that_cannot_be_looked_up_is_a_failure_like_any_other(bench) -> None:
    endpoint = await bench.endpoint("http://" + "a" * 64 + ".example/")
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    delivery = await only_delivery(bench, endpoint)
    assert (delivery.state, delivery.last_status) == ("pending", None)
    assert delivery.last_error


async def test_a_closed_port_is_a_failure_like_any_other(bench, receiver) -> None:
    endpoint = await bench.endpoint("http://127.0.0.1:1/")
    await bench.happen("cnf_1")
    await bench.ticker.advance(0)
    assert (await only_delivery(bench, endpoint)).last_error.startswith("no connection: ")


async def test_what_could_not_be_written_down_goes_out_again_under_its_id(bench, receiver, monkeypatch) -> None:
    await bench.endpoint(receiver.url)
    monkeypatch.setattr(sender, "AGAIN", 0.01)
    finish, failures = store.finish, [OSError("the disk is full")]

    def failing(*args, **named):
        if failures:
            raise failures.pop()
        return finish(*args, **named)

    monkeypatch.setattr(store, "finish", failing)
    running = asyncio.create_task(bench.ticker.run())
    await bench.happen("cnf_1")
    assert await bench.journal.wait(0, 10, wanted=lambda event: event.type == "webhook.delivered")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert receiver.ids == [receiver.ids[0]] * 2


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "in time"),
        (DisconnectedError(), "closed the connection"),
        (ConnectionResetError(104, "quoted"), "broke"),
        (NotHttpError("quoted"), "not HTTP"),
        (ssl.SSLError("quoted"), "failed"),
        (UnicodeError("quoted"), "looked up"),
    ],
)
def test_each_error_has_words_of_our_own(error: Exception, words: str) -> None:
    assert words in explain(error)
    assert "quoted" not in explain(error)
