"""Sends the webhooks that are due.

Each endpoint has one lane: its deliveries go out one after the other, in the order of their events, and a delivery that
fails steps aside until its next try while the others go on. Endpoints do not wait for each other; a bounded number of
them is served at once, and a bounded number of deliveries is held in memory. The rows in the database are the queue.

When a try is made is lab time. How long the receiver may take, and the timestamp that is signed, are real time.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial

import structlog
from aiohttp.abc import AbstractResolver

from gateway.webhooks import store
from gateway.webhooks.errors import AddressRefusedError, ConnectError
from gateway.webhooks.guard import Guard
from gateway.webhooks.line import Lines
from gateway.webhooks.outbox import Answer, Outcome, judge
from gateway.webhooks.resolver import Resolver
from gateway.webhooks.settings import WebhookSettings
from gateway.webhooks.store import Delivery, Endpoint
from gateway.webhooks.tries import Tried, Tries
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database
from smsc_emulator.base.line import DisconnectedError, NotHttpError
from smsc_emulator.base.signature import sign
from smsc_emulator.base.takeover import TakeOver

LANES = 32
"""Endpoints that are sent to at once."""

BATCH = 100
"""Deliveries that one lane takes from the database at a time."""

log = structlog.get_logger(__name__)

AGAIN = 5.0
"""Real seconds after which what a lane could not write down is sent again."""


class WebhookSender:
    """The outbox's deadlines. `wake` makes the ticker look again when a lane has become free."""

    gives_up = False

    def __init__(
        self,
        database: Database,
        guard: Guard,
        settings: WebhookSettings,
        clock: Clock,
        activity: Activity,
        wake: Callable[[], None],
        *,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._activity = activity
        self._wake = wake
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._take_over = TakeOver(database, self._requeue, wake)
        self._lines = Lines(guard, resolver or Resolver(), settings.timeout / 1000)

    async def start(self) -> None:
        """Make due again what an earlier sender did not finish; to be called once, before the ticker runs."""
        self._database.on_loss.append(self._drop_lanes)
        await self._take_over.begin()

    async def close(self) -> None:
        """Leave what is under way; the next start tries it again."""
        lanes = list(self._lanes.values())
        self._drop_lanes()
        await asyncio.gather(*lanes, return_exceptions=True)
        await self._lines.close()

    async def next_due(self) -> int | None:
        """Return the instant of the earliest try that a free lane could make, or None."""
        await self._take_over.done()
        busy = list(self._lanes)
        if len(busy) >= LANES:
            return None
        return await self._database.run(lambda tx: store.next_due(tx, busy))

    async def fire(self, now: int) -> None:
        """Start a lane for each endpoint that something is due for; the lanes go on by themselves."""
        busy = list(self._lanes)
        claimed = await self._database.run(lambda tx: store.claim(tx, now, busy, LANES - len(busy), BATCH))
        for endpoint, deliveries in claimed:
            self._open_lane(endpoint, deliveries)

    def _drop_lanes(self) -> None:
        for task in self._lanes.values():
            task.cancel()

    async def _requeue(self) -> None:
        now, busy = self._clock.now(), list(self._lanes)
        await self._database.run(lambda tx: store.requeue(tx, now, busy))

    def _open_lane(self, endpoint: Endpoint, deliveries: list[Delivery]) -> None:
        def ended(lane: asyncio.Task[None]) -> None:
            del self._lanes[endpoint.id]
            self._wake()
            error = None if lane.cancelled() else lane.exception()
            if error is not None:  # a disk that is full, or a server that is gone for long
                log.error("webhooks could not be written down", endpoint=endpoint.id, again_in=AGAIN, exc_info=error)
                asyncio.get_running_loop().call_later(AGAIN, self._take_over.due)

        lane = self._activity.track().spawn(self._serve(endpoint, deliveries), name=f"webhooks to {endpoint.id}")
        self._lanes[endpoint.id] = lane
        lane.add_done_callback(ended)

    async def _serve(self, endpoint: Endpoint, deliveries: list[Delivery]) -> None:
        """Send what is due, and then what has become due meanwhile, unless another endpoint waits for a lane."""
        tries = Tries(partial(self._write, endpoint))
        try:
            while deliveries and await self._send_all(endpoint, deliveries, tries):
                crowded = len(self._lanes) >= LANES
                deliveries = [] if crowded else await self._claim_more(endpoint)
        finally:
            tries.drop()
        await self._database.run(lambda tx: store.leave(tx, endpoint.id))

    async def _send_all(self, endpoint: Endpoint, deliveries: list[Delivery], tries: Tries) -> bool:
        """Make a try of each, and return when all are written down whether the endpoint takes more."""
        for delivery in deliveries:
            answer = await self._send(endpoint, delivery)
            now = self._clock.now()
            verdict = judge(answer, delivery.tries + 1, now, self._settings.retry_after)
            tries.add(Tried(delivery, answer, verdict, now))
            # A failure may be the endpoint's end, or its deletion: that is known first.
            if tries.are_many or verdict.outcome is not Outcome.DELIVERED:
                await tries.written()
            if not tries.go_on:
                return False
        await tries.written()
        return tries.go_on

    async def _write(self, endpoint: Endpoint, tried: list[Tried]) -> bool:
        told = [(one.at, one.delivery, one.answer, one.verdict) for one in tried]
        return await self._database.run(lambda tx: store.finish(tx, endpoint.id, told))

    async def _claim_more(self, endpoint: Endpoint) -> list[Delivery]:
        now = self._clock.now()
        return await self._database.run(lambda tx: store.claim_more(tx, now, endpoint.id, BATCH))

    async def _send(self, endpoint: Endpoint, delivery: Delivery) -> Answer:
        """Make one try. The answer's body is not read: nothing in it counts, and nobody gets to see it."""
        body = delivery.body.encode()
        signed = sign(endpoint.secret, delivery.event_id, body)
        try:
            return await self._lines.post(endpoint.url, {**signed, **_HEADERS}, body)
        except (NotHttpError, DisconnectedError, OSError, ValueError) as error:
            return Answer(None, error=explain(error))


_HEADERS = {"content-type": "application/json", "user-agent": "confirmlab", "accept": "*/*"}

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "the receiver did not answer in time"),
    (socket.gaierror, "the receiver's name does not resolve"),
    (ssl.SSLError, "the receiver's TLS failed, or its certificate is not trusted"),
    (DisconnectedError, "the receiver closed the connection without an answer"),
    (ConnectionError, "the connection to the receiver broke"),
    (NotHttpError, "what the receiver answered is not HTTP"),
    (UnicodeError, "the receiver's name cannot be looked up"),
    (ValueError, "the URL cannot be used"),
)


def explain(error: Exception) -> str:
    """Return why a try had no answer, in words of our own: those of libraries may quote what the peer sent."""
    reason = next((sentence for kind, sentence in _REASONS if isinstance(error, kind)), "the try failed")
    if isinstance(error, ConnectError | AddressRefusedError):
        reason = f"no connection: {error.strerror}"
    return reason[:300]
