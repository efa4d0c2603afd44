"""Webhook endpoints over HTTP."""

from base64 import b64decode
from types import SimpleNamespace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from gateway.api import webhooks
from gateway.api.auth import service_guard
from gateway.services.settings import ServiceSettings
from gateway.webhooks.guard import Guard
from gateway.webhooks.service import MAX_ENDPOINTS, WebhookService
from gateway.webhooks.settings import WebhookSettings
from smsc_emulator.base.application import application
from smsc_emulator.base.randomness import SeededRandomness
from smsc_emulator.base.web import operations

PATH = "/v1/webhook-endpoints"
URL = "https://example.com/hook"
SERVICES = [
    ServiceSettings(id="demo", name="Demo", key="demo-key"),
    ServiceSettings(id="other", name="Other", key="other-key"),
]


@pytest.fixture
async def hooks(clock, database):
    guard = Guard(WebhookSettings().networks(in_a_lab=True))
    service = WebhookService(database, guard, SeededRandomness("webhooks"), lambda: None)
    service.attach()
    app = application(operations([webhooks.routes(service)], {"service": service_guard(SERVICES)}, clock))
    async with TestClient(TestServer(app)) as client:

        async def ask(method, path, body=None, key="demo-key"):
            headers = {"Authorization": f"Bearer {key}"}
            async with client.request(method, path, json=body, headers=headers) as answer:
                return answer.status, (await answer.json(content_type=None) if answer.status != 204 else None)

        async def happen(subject):
            data = {"service_id": "demo", "confirmation": {"id": subject}}
            await database.run(lambda tx: tx.record(clock.now(), "confirmation.created", subject, **data))

        yield SimpleNamespace(ask=ask, happen=happen, service=service)


async def create(hooks, key="demo-key"):
    status, endpoint = await hooks.ask("POST", PATH, {"url": URL}, key)
    assert status == 201
    return endpoint


async def test_a_new_endpoint_comes_with_its_secret(hooks):
    endpoint = await create(hooks)
    assert endpoint["id"].startswith("whe_")
    assert len(b64decode(endpoint.pop("secret").removeprefix("whsec_"), validate=True)) == 24
    assert endpoint == {
        "id": endpoint["id"],
        "url": URL,
        "created_at": "2026-01-01T12:00:00.000Z",
        "disabled_at": None,
    }


async def test_the_secret_is_shown_once(hooks):
    endpoint = await create(hooks)
    del endpoint["secret"]
    assert await hooks.ask("GET", f"{PATH}/{endpoint['id']}") == (200, endpoint)
    assert await hooks.ask("GET", PATH) == (200, {"webhook_endpoints": [endpoint]})


async def test_a_deleted_endpoint_is_gone(hooks):
    endpoint = await create(hooks)
    assert await hooks.ask("DELETE", f"{PATH}/{endpoint['id']}") == (204, None)
    assert await hooks.ask("GET", PATH) == (200, {"webhook_endpoints": []})
    status, problem = await hooks.ask("DELETE", f"{PATH}/{endpoint['id']}")
    assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test")])
async def test_the_endpoint_of_another_service_is_not_there(hooks, method, tail):
    endpoint = await create(hooks, "other-key")
    status, problem = await hooks.ask(method, f"{PATH}/{endpoint['id']}{tail}")
    assert (status, problem["code"]) == (404, "not_found")
    assert await hooks.ask("GET", PATH) == (200, {"webhook_endpoints": []})


@pytest.mark.parametrize(
    "url", ["", "ftp://example.com", "example.com", "https://пример.рф", "https://" + "a" * 2048, 1]
)
async def test_what_is_no_url_of_a_receiver_is_a_bad_request(hooks, url):
    status, problem = await hooks.ask("POST", PATH, {"url": url})
    assert (status, problem["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://10.0.0.1/", "webhooks.allow_networks"),
        ("http://8.8.8.8/", "use https://"),
        ("https://user:password@example.com/", "credentials"),
        ("https://example.com:99999/", "cannot be read"),
    ],
)
async def test_a_url_that_webhooks_may_not_go_to_is_refused_with_the_reason(hooks, url, reason):
    status, problem = await hooks.ask("POST", PATH, {"url": url})
    assert (status, problem["code"]) == (403, "webhook_url_refused")
    assert reason in problem["detail"]


async def test_a_service_has_a_bounded_number_of_endpoints(hooks):
    for _ in range(MAX_ENDPOINTS):
        await create(hooks)
    status, problem = await hooks.ask("POST", PATH, {"url": URL})
    assert (status, problem["code"]) == (409, "too_many_webhook_endpoints")


async def test_deliveries_are_listed_newest_first(hooks):
    endpoint = await create(hooks)
    await hooks.happen("cnf_1")
    status, event = await hooks.ask("POST", f"{PATH}/{endpoint['id']}/test")
    assert (status, event["type"]) == (202, "endpoint.test")
    status, listed = await hooks.ask("GET", f"{PATH}/{endpoint['id']}/deliveries")
    assert status == 200
    newest, oldest = listed["deliveries"]
    assert newest == event
    assert oldest == {
        "id": oldest["id"],
        "event_id": oldest["event_id"],
        "type": "confirmation.created",
        "state": "pending",
        "tries": 0,
        "last_status": None,
        "last_error": None,
        "created_at": "2026-01-01T12:00:00.000Z",
        "next_try_at": "2026-01-01T12:00:00.000Z",
    }
    assert (oldest["id"][:4], oldest["event_id"][:4]) == ("dlv_", "evt_")


async def test_without_a_key_nothing_is_told(hooks):
    status, problem = await hooks.ask("GET", PATH, key="wrong")
    assert (status, problem["code"]) == (401, "unauthorized")
