"""Sends the webhooks that are due.

Each endpoint has one lane: its deliveries go out one after the other, in the order of their events, and a delivery that
fails steps aside until its next try while the others go on. Endpoints do not wait for each other; a bounded number of
them is served at once, and a bounded number of deliveries is held in memory. The rows in the database are the queue.

When a try is made is lab time. How long the receiver may take, and the timestamp that is signed, are real time.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver
from yarl import URL

from gateway.webhooks import store
from gateway.webhooks.guard import Guard
from gateway.webhooks.outbox import Answer, judge
from gateway.webhooks.resolver import Resolver
from gateway.webhooks.settings import WebhookSettings
from gateway.webhooks.store import Delivery, Endpoint
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database, Tx
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
        self._guard = guard
        self._settings = settings
        self._clock = clock
        self._activity = activity
        self._wake = wake
        self._resolver = resolver or Resolver()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._take_over = TakeOver(database, self._requeue, wake)
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def start(self) -> None:
        """Make due again what an earlier sender did not finish; to be called once, before the ticker runs."""
        self._sessions = {"http": self._session(tls=False), "https": self._session(tls=True)}
        self._database.on_loss.append(self._drop_lanes)
        await self._take_over.begin()

    async def close(self) -> None:
        """Leave what is under way; the next start tries it again."""
        lanes = list(self._lanes.values())
        self._drop_lanes()
        await asyncio.gather(*lanes, return_exceptions=True)
        for session in self._sessions.values():
            await session.close()

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
        # The work counts as under way from here on: a task first runs at a later turn of the loop.
        work = ExitStack()
        work.enter_context(self._activity.track())

        def ended(lane: asyncio.Task[None]) -> None:
            del self._lanes[endpoint.id]
            work.close()
            self._wake()
            error = None if lane.cancelled() else lane.exception()
            if error is not None:  # a disk that is full, or a server that is gone for long
                log.error("webhooks could not be written down", endpoint=endpoint.id, again_in=AGAIN, exc_info=error)
                asyncio.get_running_loop().call_later(AGAIN, self._take_over.due)

        lane = asyncio.create_task(self._serve(endpoint, deliveries), name=f"webhooks to {endpoint.id}")
        self._lanes[endpoint.id] = lane
        lane.add_done_callback(ended)

    async def _serve(self, endpoint: Endpoint, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            answer = await self._send(endpoint, delivery)
            if not await self._finish(delivery, answer, last=delivery is deliveries[-1]):
                return

    async def _finish(self, delivery: Delivery, answer: Answer, *, last: bool) -> bool:
        now = self._clock.now()
        verdict = judge(answer, delivery.tries + 1, now, self._settings.retry_after)

        def write(tx: Tx) -> bool:
            return store.finish(tx, now, delivery, answer, verdict, last=last)

        return await self._database.run(write)

    async def _send(self, endpoint: Endpoint, delivery: Delivery) -> Answer:
        """Make one try. The answer's body is not read: nothing in it counts, and nobody gets to see it."""
        body = delivery.body.encode()
        headers = sign(endpoint.secret, delivery.event_id, body) | {"content-type": "application/json"}
        try:
            url = URL(endpoint.url)
            session = self._sessions[url.scheme]
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                wish = response.headers.get("webhook-delivery", "")
                return Answer(response.status, abort=wish.strip().lower() == "abort-message")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(None, error=explain(error))

    def _session(self, *, tls: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._guard.connector(tls=tls, resolver=self._resolver),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout / 1000),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": "confirmlab"},
            auto_decompress=False,
            trust_env=False,
        )


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "the receiver did not answer in time"),
    (aiohttp.ClientConnectorDNSError, "the receiver's name does not resolve"),
    (aiohttp.ClientSSLError, "the receiver's TLS failed, or its certificate is not trusted"),
    (aiohttp.ServerDisconnectedError, "the receiver closed the connection without an answer"),
    (aiohttp.ClientOSError, "the connection to the receiver broke"),
    (aiohttp.InvalidURL, "the URL cannot be used"),
    (aiohttp.ClientError, "what the receiver answered is not HTTP"),
    (ValueError, "the receiver's name cannot be looked up"),
)


def explain(error: Exception) -> str:
    """Return why a try had no answer, in words of our own: aiohttp's may quote what the peer sent."""
    reason = next((sentence for kind, sentence in _REASONS if isinstance(error, kind)), "the try failed")
    if type(error) is aiohttp.ClientConnectorError:
        reason = f"no connection: {error.strerror}"
    return reason[:300]
