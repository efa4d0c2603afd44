"""The stage: a whole lab in this process, on free ports and a clock that stands still, and all that can be seen of it.

What the scenario does goes over the lab's own HTTP routes, as a user's would.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import ClientSession, web

from gateway.folder import DATABASE
from gateway.lab import Lab
from gateway.scenarios.keeping import Kept, keep, set_clock
from gateway.scenarios.reading import Play
from gateway.scenarios.wall import WallClock
from gateway.scenarios.wire import Wire
from gateway.settings import Settings
from smsc_emulator.base import durations
from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Event
from smsc_emulator.base.signature import sign, verify
from smsc_emulator.frozen import frozen


@frozen
class Answer:
    """What an HTTP request was answered with."""

    status: int
    body: Any

    def shown(self) -> dict[str, Any]:
        """Return the members of the body, and the status."""
        more = self.body if isinstance(self.body, Mapping) else {"body": self.body}
        return {**more, "status": self.status}


@dataclass
class Hooks:
    """The receiver of all services' webhooks."""

    secrets: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    """The bodies as they came."""

    async def take(self, request: web.Request) -> web.Response:
        """Take one whose signature is good."""
        body = await request.read()
        service = request.match_info["service"]
        verify(self.secrets[service], request.headers, body)
        self.raw.append(body.decode())
        self.events.append(json.loads(body))
        return web.Response(status=204)


class Stage:
    """One play's lab; use it with `async with`. It outlives kills and restarts of the lab on it."""

    def __init__(self, play: Play, folder: Path, seed: str, database: str | None = None) -> None:
        self.settings = _settings(play.settings, folder / "data", seed, database)
        self.hooks = Hooks()
        self.wire = Wire()
        self.wall = WallClock()
        self.began = instant(play.script.clock.isoformat())
        self._rules = play.rules
        data = folder / "data"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = database or f"sqlite:///{data / DATABASE}"
        self._http = ClientSession()
        self._lab: Lab | None = None

    async def __aenter__(self) -> "Stage":
        try:
            await self._listen_to_hooks()
            await set_clock(self._database, to=self.began)
            await self._start()
            for service in self.settings.services:
                url = f"{self._hooks_url}/{service.id}"
                answer = await self.ask("POST", "/v1/webhook-endpoints", {"url": url}, service=service.id)
                self.hooks.secrets[service.id] = answer.body["secret"]
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._close()

    @property
    def lab(self) -> Lab:
        """The lab as it runs now."""
        assert self._lab is not None, "use the stage with `async with`"
        return self._lab

    @property
    def now(self) -> int:
        """The lab's instant."""
        return self.lab.ground.clock.now()

    def events(self, after: int = 0) -> list[Event]:
        """Return the journal's events with numbers above `after`."""
        return self.lab.ground.journal.since(after, 1_000_000)

    async def ask(self, method: str, path: str, body: Any = None, *, service: str | None = None) -> Answer:
        """Ask the lab, with the key of a service: the first one's if none is named."""
        key = next(each.key for each in self.settings.services if service in (None, each.id))
        headers = {"Authorization": f"Bearer {key}"}
        url = self.lab.base_url + path.replace("+", "%2B")
        async with self._http.request(method, url, json=body, headers=headers) as answer:
            return Answer(answer.status, _json(await answer.read()))

    async def send_signed(self, operator: str, to: str, message_id: str, body: Any, signer: str | None) -> Answer:
        """Send the gateway a message of an operator, signed by it, by another, or by `nobody`."""
        raw = json.dumps(body).encode()
        secrets = {each.id: each.secret for each in self.settings.operators}
        # Whoever knows no agreement's secret signs by one of his own.
        headers = sign(secrets.get(signer or operator, "whsec_bm9ib2R5J3Mgb3duIHNlY3JldCBpcyBub25l"), message_id, raw)
        url = f"{self.lab.base_url}/v1/operators/{operator}/{to}"
        async with self._http.post(url, data=raw, headers=headers) as answer:
            return Answer(answer.status, _json(await answer.read()))

    async def turn(self, by: int) -> None:
        """Turn the clock by `by` milliseconds. Raises AssertionError if the lab refuses."""
        answer = await self.ask("POST", "/lab/clock/advance", {"by": durations.spell(by)})
        assert answer.status == 200, answer

    async def settled(self) -> None:
        """Wait until all that is due has been done, and its effects have come."""
        await self.lab.ground.time.ticker.advance(0)

    async def grown(self, after: int) -> None:
        """Wait a moment, or until the journal has an event with a number above `after`."""
        await self.lab.ground.journal.wait(after, 0.1, 1)

    async def again(self, down: int, *, killed: bool) -> None:
        """End the lab, and start it again on the same database `down` milliseconds of lab time later.

        Killed, it finds the tables as they were at that instant: nothing that a stop writes is in them.
        """
        kept: Kept | None = await keep(self._database) if killed else None
        await self.lab.stop()
        if kept is not None:
            await kept.put_back()
        await set_clock(self._database, by=down)
        await self._start()

    async def _start(self) -> None:
        self._lab = Lab(self.settings, rules=self._rules)
        self._lab.ground.traces.append(self.wire.trace())
        await self._lab.start()

    async def _listen_to_hooks(self) -> None:
        app = web.Application()
        app.router.add_post("/{service}", self.hooks.take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._hooks_url = "http://127.0.0.1:{1}".format(*self._runner.addresses[0])

    async def _close(self) -> None:
        self.wall.put_back()
        if self._lab is not None:
            await self._lab.stop()
        await self._runner.cleanup()
        await self._http.close()
        # Connections close a turn of the loop after they were told to.
        await asyncio.sleep(0)


def _settings(given: Settings, data: Path, seed: str, database: str | None) -> Settings:
    """Return the settings of a scenario on free ports, a folder of its own, and a clock that stands still."""
    free = {"smpp_port": 0, "http_port": 0, "sip_port": 0, "data": data, "host": "127.0.0.1"}
    free |= {"database": database}
    return given.model_copy(
        update={
            "server": given.server.model_copy(update=free),
            "lab": given.lab.model_copy(update={"enabled": True, "paused_clock": True, "seed": seed}),
        }
    )


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")
