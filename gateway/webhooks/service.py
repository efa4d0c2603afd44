"""Webhook endpoints of the services, and the observer that turns their events into deliveries.

The observer runs inside the transaction of each recorded event: the delivery is committed with what it tells of, or not
at all. All draws of ids and secrets are made on the database's thread, so give this service a Randomness of its own.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from gateway.webhooks import store
from gateway.webhooks.errors import EndpointDisabledError, TooManyEndpointsError, WebhookEndpointNotFoundError
from gateway.webhooks.guard import Guard
from gateway.webhooks.store import Delivery, Endpoint
from smsc_emulator.base.database import Database, Tx
from smsc_emulator.base.durations import iso
from smsc_emulator.base.journal import Event
from smsc_emulator.base.randomness import Randomness

TOLD = frozenset({"confirmation", "identification", "binding", "session", "appeal"})
"""The kinds of things whose events services are told of: what stands before the dot of an event's type."""

MAX_ENDPOINTS = 100
"""Endpoints of one service: each event makes a delivery for each of them."""

SHOWN_DELIVERIES = 100


class WebhookService:
    """Keeps the endpoints, and puts into the outbox what concerns them. `wake` makes the ticker look at the outbox."""

    def __init__(self, database: Database, guard: Guard, randomness: Randomness, wake: Callable[[], None]) -> None:
        self._database = database
        self._guard = guard
        self._randomness = randomness
        self._wake = wake
        # Read and written by units only. None: read them again, in the transaction that asks, as always where another
        # node may have changed them.
        self._receivers: Mapping[str, Sequence[str]] | None = None
        self._added = False

    def attach(self) -> None:
        """Hear, from now on, of every event that the database records."""
        self._database.observers.append(self.observe)
        self._database.journal.subscribe(self._committed, runs=False)

    def observe(self, tx: Tx, event: Event) -> None:
        """Add a delivery for each endpoint that `event` concerns. Part of the event's own transaction."""
        kind = event.type.partition(".")[0]
        if kind == "webhook_endpoint":
            self._receivers = None
        elif kind in TOLD:
            endpoint_ids = self._receivers_of(tx, event.data.get("service_id", ""))
            if endpoint_ids:
                self._put(tx, event.at, event.type, event.subject, _inner(kind, event.data), endpoint_ids)

    async def create(self, now: int, service_id: str, url: str) -> Endpoint:
        """Add an endpoint; UrlRefusedError or TooManyEndpointsError if the service may not have it."""
        self._guard.check_url(url)

        def add(tx: Tx) -> Endpoint:
            if len(store.endpoints_of(tx, service_id)) >= MAX_ENDPOINTS:
                raise TooManyEndpointsError(f"a service may have {MAX_ENDPOINTS} webhook endpoints; delete one first")
            endpoint = Endpoint(self._new_id("whe"), service_id, url, self._new_secret(), now, None)
            store.add_endpoint(tx, endpoint)
            return endpoint

        return await self._database.run(add)

    async def endpoints(self, service_id: str) -> list[Endpoint]:
        """Return the service's endpoints, oldest first."""
        return await self._database.run(lambda tx: store.endpoints_of(tx, service_id))

    async def get(self, service_id: str, endpoint_id: str) -> Endpoint:
        """Return one endpoint of the service; WebhookEndpointNotFoundError if it has none such."""
        return await self._database.run(lambda tx: _of(tx, service_id, endpoint_id))

    async def delete(self, now: int, service_id: str, endpoint_id: str) -> None:
        """Delete an endpoint with all its deliveries, also those that are not made yet."""
        await self._database.run(lambda tx: store.delete_endpoint(tx, now, _of(tx, service_id, endpoint_id)))

    async def deliveries(self, service_id: str, endpoint_id: str) -> Sequence[Delivery]:
        """Return the endpoint's latest deliveries, newest first."""

        def read(tx: Tx) -> Sequence[Delivery]:
            return store.latest_deliveries(tx, _of(tx, service_id, endpoint_id).id, SHOWN_DELIVERIES)

        return await self._database.run(read)

    async def test(self, now: int, service_id: str, endpoint_id: str) -> Delivery:
        """Send an `endpoint.test` event and return its delivery; EndpointDisabledError if the endpoint is disabled."""

        def put(tx: Tx) -> Delivery:
            endpoint = _of(tx, service_id, endpoint_id)
            if endpoint.disabled_at is not None:
                raise EndpointDisabledError("the receiver answered 410, so it gets no more; create another endpoint")
            return self._put(tx, now, "endpoint.test", endpoint.id, {"endpoint_id": endpoint.id}, [endpoint.id])[0]

        delivery = await self._database.run(put)
        self._wake()
        return delivery

    def _receivers_of(self, tx: Tx, service_id: str) -> Sequence[str]:
        if self._receivers is None or self._database.shared:
            self._receivers = store.receivers(tx)
        return self._receivers.get(service_id, ())

    def _put(
        self, tx: Tx, at: int, kind: str, subject: str, data: Mapping[str, Any], endpoint_ids: Sequence[str]
    ) -> Sequence[Delivery]:
        event_id = self._new_id("evt")
        content = {"id": event_id, "type": kind, "created_at": iso(at), "data": data}
        body = to_json(content).decode()
        deliveries = [
            Delivery(self._new_id("dlv"), event_id, id_, kind, subject, body, at, at, 0, None, None, None, None)
            for id_ in endpoint_ids
        ]
        store.add_deliveries(tx, deliveries)
        self._added = True
        return deliveries

    def _committed(self, _event: Event) -> None:
        """Wake the ticker after the commit, on the loop: the observer ran before it, on another thread."""
        if self._added:
            self._added = False
            self._wake()

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}_{self._randomness.token(20)}"

    def _new_secret(self) -> str:
        """Return a key of 24 bytes; 40 characters of a token hold 200 bits."""
        return "whsec_" + b64encode(sha256(self._randomness.token(40).encode()).digest()[:24]).decode()


def _of(tx: Tx, service_id: str, endpoint_id: str) -> Endpoint:
    endpoint = store.endpoint_of(tx, service_id, endpoint_id)
    if endpoint is None:
        raise WebhookEndpointNotFoundError(f"the service has no webhook endpoint {endpoint_id}")
    return endpoint


def _inner(kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the thing that the event shows; where it shows none, all that it tells."""
    shown = data.get(kind)
    return shown if isinstance(shown, Mapping) else {name: data[name] for name in data if name != "service_id"}
