import json
import re
from pathlib import Path

import pytest

from gateway.webhooks.errors import (
    EndpointDisabledError,
    TooManyEndpointsError,
    UrlRefusedError,
    WebhookEndpointNotFoundError,
)
from gateway.webhooks.service import MAX_ENDPOINTS
from smsc_emulator.base.database import Tx

URL = "https://example.com/hook"


async def bodies(bench, endpoint) -> list[str]:
    return [delivery.body for delivery in await bench.service.deliveries(endpoint.service_id, endpoint.id)]


async def test_an_event_makes_a_delivery_whose_body_shows_the_thing_itself(bench) -> None:
    endpoint = await bench.endpoint(URL)
    now = bench.clock.now()
    snapshot = {"id": "cnf_1", "state": "pending", "text": "Привет"}
    await bench.database.run(
        lambda tx: tx.record(now, "confirmation.created", "cnf_1", service_id="demo", confirmation=snapshot)
    )
    [delivery] = await bench.service.deliveries("demo", endpoint.id)
    assert delivery.body == (
        f'{{"id":"{delivery.event_id}","type":"confirmation.created","created_at":"2026-01-01T12:00:00.000Z",'
        '"data":{"id":"cnf_1","state":"pending","text":"Привет"}}'
    )
    assert (delivery.subject, delivery.state, delivery.due_at) == ("cnf_1", "pending", now)


async def test_the_page_on_events_names_the_members_of_a_body(bench) -> None:
    page = (Path(__file__).parents[3] / "docs/reference/events.md").read_text(encoding="utf-8")
    told = re.search(r"the body has (.*?), which is the object", page)
    assert told is not None
    endpoint = await bench.endpoint(URL)
    await bench.happen("x")
    [body] = await bodies(bench, endpoint)
    assert re.findall(r"`(\w+)`", told[1]) == list(json.loads(body))


async def test_an_event_without_a_thing_shows_all_it_tells_but_the_service(bench) -> None:
    endpoint = await bench.endpoint(URL)
    await bench.database.run(lambda tx: tx.record(1, "binding.closed", "bnd_1", service_id="demo", reason="notice"))
    assert '"data":{"reason":"notice"}}' in (await bodies(bench, endpoint))[0]


@pytest.mark.parametrize(
    "kind",
    ["confirmation.created", "identification.identified", "binding.active", "session.opened", "appeal.upheld"],
)
async def test_each_kind_of_thing_is_told_of(bench, kind: str) -> None:
    endpoint = await bench.endpoint(URL)
    await bench.happen("x", what=kind)
    assert [f'"type":"{kind}"' in body for body in await bodies(bench, endpoint)] == [True]


async def test_events_of_other_kinds_and_of_other_services_make_no_delivery(bench) -> None:
    endpoint = await bench.endpoint(URL)
    await bench.happen("x", service_id="other")
    await bench.happen("x", what="smpp.bound")
    await bench.database.run(lambda tx: tx.record(1, "confirmation.created", "x"))
    assert await bodies(bench, endpoint) == []


async def test_all_endpoints_of_a_service_get_one_event_under_one_id(bench) -> None:
    first, second = await bench.endpoint(URL), await bench.endpoint(URL)
    await bench.happen("x")
    [a], [b] = [await bench.service.deliveries("demo", endpoint.id) for endpoint in (first, second)]
    assert (a.event_id, a.body) == (b.event_id, b.body)
    assert a.id != b.id


async def test_an_endpoint_gets_events_from_its_creation_to_its_end(bench) -> None:
    await bench.happen("before")
    endpoint = await bench.endpoint(URL)
    await bench.happen("between")
    assert len(await bodies(bench, endpoint)) == 1
    await bench.service.delete(bench.clock.now(), "demo", endpoint.id)
    await bench.happen("after")
    assert await bench.sender.next_due() is None
    with pytest.raises(WebhookEndpointNotFoundError):
        await bench.service.get("demo", endpoint.id)


async def test_a_delivery_is_undone_with_its_event(bench) -> None:
    endpoint = await bench.endpoint(URL)

    def fail(tx: Tx) -> None:
        tx.record(1, "confirmation.created", "x", service_id="demo")
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        await bench.database.run(fail)
    assert await bodies(bench, endpoint) == []


async def test_the_ticker_is_woken_only_when_there_is_something_to_send(bench) -> None:
    await bench.happen("x")
    assert bench.wakes == 0
    await bench.endpoint(URL)
    await bench.happen("x")
    assert bench.wakes == 1


async def test_a_service_sees_no_endpoint_of_another(bench) -> None:
    endpoint = await bench.endpoint(URL, "other")
    assert await bench.service.endpoints("demo") == []
    with pytest.raises(WebhookEndpointNotFoundError):
        await bench.service.delete(1, "demo", endpoint.id)
    assert await bench.service.endpoints("other") == [endpoint]


async def test_secrets_are_24_bytes_and_differ(bench) -> None:
    secrets = [(await bench.endpoint(URL)).secret for _ in range(3)]
    assert len(set(secrets)) == 3
    assert all(secret.startswith("whsec_") and len(secret) == 6 + 32 for secret in secrets)


async def test_a_service_has_a_bounded_number_of_endpoints(bench) -> None:
    for _ in range(MAX_ENDPOINTS):
        await bench.endpoint(URL)
    with pytest.raises(TooManyEndpointsError):
        await bench.endpoint(URL)
    assert await bench.endpoint(URL, "other")


async def test_a_url_that_the_guard_refuses_makes_no_endpoint(bench) -> None:
    with pytest.raises(UrlRefusedError):
        await bench.endpoint("https://10.0.0.1/")
    assert await bench.service.endpoints("demo") == []


async def test_a_test_event_goes_to_its_endpoint_alone(bench, receiver) -> None:
    endpoint, other = await bench.endpoint(receiver.url), await bench.endpoint(receiver.url)
    await bench.service.test(bench.clock.now(), "demo", endpoint.id)
    await bench.ticker.advance(0)
    assert [(e["type"], e["data"]) for e in receiver.events] == [("endpoint.test", {"endpoint_id": endpoint.id})]
    assert await bodies(bench, other) == []


async def test_a_disabled_endpoint_takes_no_test(bench, receiver) -> None:
    endpoint = await bench.endpoint(receiver.url)
    receiver.answers.append(410)
    await bench.service.test(bench.clock.now(), "demo", endpoint.id)
    await bench.ticker.advance(0)
    with pytest.raises(EndpointDisabledError):
        await bench.service.test(bench.clock.now(), "demo", endpoint.id)
