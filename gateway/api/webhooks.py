"""Webhook endpoints: /v1/webhook-endpoints."""

from typing import Annotated, Any

from pydantic import Field

from gateway.api.errors import (
    TOO_MANY_WEBHOOK_ENDPOINTS,
    WEBHOOK_ENDPOINT_DISABLED,
    WEBHOOK_URL_REFUSED,
    as_problems,
)
from gateway.api.types import Timestamp
from gateway.webhooks import store
from gateway.webhooks.guard import MAX_URL
from gateway.webhooks.outbox import DeliveryState
from gateway.webhooks.service import WebhookService
from smsc_emulator.base import forms
from smsc_emulator.base.durations import iso
from smsc_emulator.base.web import Body, Call, Handler, Model, Reply, Routes


class NewWebhookEndpoint(Model):
    """Where webhooks are to go."""

    url: Annotated[str, Field(pattern=forms.URL, max_length=MAX_URL, examples=["https://example.com/webhooks"])] = (
        Field(description="A host with a public address and https, or a host in one of the allowed networks.")
    )


class WebhookEndpoint(Body):
    """Where the service receives the events of its confirmations, identifications and bindings."""

    id: str
    url: str
    created_at: Timestamp
    disabled_at: Timestamp | None = Field(description="When the receiver answered 410 Gone, after which it gets none.")


class CreatedWebhookEndpoint(WebhookEndpoint):
    """A new endpoint, with the key that its webhooks are signed with."""

    secret: str = Field(description="Shown here only. By it the receiver verifies the webhook-signature header.")


class WebhookEndpoints(Body):
    """The service's endpoints, oldest first."""

    webhook_endpoints: list[WebhookEndpoint]


class WebhookDelivery(Body):
    """One event on its way to one endpoint."""

    id: str
    event_id: str = Field(description="The event's `id`, and the webhook-id header of every try.")
    type: str
    state: DeliveryState
    tries: int
    last_status: int | None = Field(description="The HTTP status of the last try; null if there was no answer.")
    last_error: str | None = Field(description="Why the last try failed; null after a success.")
    created_at: Timestamp
    next_try_at: Timestamp | None


class WebhookDeliveries(Body):
    """The endpoint's latest deliveries, newest first."""

    deliveries: list[WebhookDelivery]


class _WebhookEndpoints:
    """The handlers."""

    def __init__(self, service: WebhookService) -> None:
        self._service = service

    async def create(self, call: Call) -> Reply:
        with as_problems():
            created = await self._service.create(call.received_at, call.caller, call.body.url)
        shown = CreatedWebhookEndpoint(secret=created.secret, **_shown(created).model_dump())
        return Reply(shown, 201, {"Location": f"/v1/webhook-endpoints/{created.id}"})

    async def list(self, call: Call) -> Reply:
        endpoints = await self._service.endpoints(call.caller)
        return Reply(WebhookEndpoints(webhook_endpoints=[_shown(endpoint) for endpoint in endpoints]))

    async def get(self, call: Call) -> Reply:
        with as_problems():
            return Reply(_shown(await self._service.get(call.caller, call.path["id"])))

    async def delete(self, call: Call) -> Reply:
        with as_problems():
            await self._service.delete(call.received_at, call.caller, call.path["id"])
        return Reply(None, 204)

    async def deliveries(self, call: Call) -> Reply:
        with as_problems():
            found = await self._service.deliveries(call.caller, call.path["id"])
        return Reply(WebhookDeliveries(deliveries=[_delivery(delivery) for delivery in found]))

    async def test(self, call: Call) -> Reply:
        with as_problems():
            delivery = await self._service.test(call.received_at, call.caller, call.path["id"])
        return Reply(_delivery(delivery), 202)


def routes(service: WebhookService) -> Routes:
    """Return the routes of the webhook endpoints; each service sees its own."""
    group = Routes("webhooks")
    handlers = _WebhookEndpoints(service)
    all_, one = "/v1/webhook-endpoints", "/v1/webhook-endpoints/{id}"

    def add(method: str, path: str, summary: str, handler: Handler, **more: Any) -> None:
        group.add(method, path, summary, scheme="service", **more)(handler)

    add(
        "POST",
        all_,
        "Have events sent to a URL, from now on",
        handlers.create,
        body=NewWebhookEndpoint,
        answers={201: CreatedWebhookEndpoint},
        problems=(WEBHOOK_URL_REFUSED, TOO_MANY_WEBHOOK_ENDPOINTS),
    )
    add("GET", all_, "List the endpoints", handlers.list, answers={200: WebhookEndpoints})
    add("GET", one, "Read an endpoint", handlers.get, answers={200: WebhookEndpoint})
    add("DELETE", one, "Delete an endpoint, and what it was to get", handlers.delete, answers={204: None})
    add(
        "GET",
        one + "/deliveries",
        "List the latest 100 deliveries, newest first",
        handlers.deliveries,
        answers={200: WebhookDeliveries},
    )
    add(
        "POST",
        one + "/test",
        "Send an `endpoint.test` event",
        handlers.test,
        answers={202: WebhookDelivery},
        problems=(WEBHOOK_ENDPOINT_DISABLED,),
    )
    return group


def _shown(endpoint: store.Endpoint) -> WebhookEndpoint:
    return WebhookEndpoint(
        id=endpoint.id,
        url=endpoint.url,
        created_at=iso(endpoint.created_at),
        disabled_at=_iso(endpoint.disabled_at),
    )


def _delivery(delivery: store.Delivery) -> WebhookDelivery:
    return WebhookDelivery(
        id=delivery.id,
        event_id=delivery.event_id,
        type=delivery.type,
        state=delivery.state,
        tries=delivery.tries,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        created_at=iso(delivery.created_at),
        next_try_at=_iso(delivery.due_at),
    )


def _iso(instant: int | None) -> str | None:
    return None if instant is None else iso(instant)
