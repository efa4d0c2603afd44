"""The lab's HTTP port: the API, the page and the site behind it, who may ask them, and what is counted of answers."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from aiohttp import web

from gateway.api import auth, page, site
from gateway.api.access import Access, demanded
from gateway.ground import Ground
from gateway.metrics.counts import Counts
from gateway.settings import Settings
from smsc_emulator.base.application import application
from smsc_emulator.base.durations import iso
from smsc_emulator.base.front import Front
from smsc_emulator.base.signed_http import signature_guard
from smsc_emulator.base.web import Answered, Routes, operations

HTTP_CLOSE = 0.25
"""Real seconds that open requests have to end when the lab stops, and then once more to be broken off."""


async def serve(ground: Ground, settings: Settings, groups: list[Routes], counts: Counts, *, lab: bool) -> str | None:
    """Serve `groups`, with the page where there is a `lab`; return the token that is asked for, None: nothing.

    The token is kept in the folder for the commands. Raises OSError for a port that is taken.
    """
    guards = {
        "service": auth.service_guard(settings.services),
        "operator": signature_guard({each.id: each.secret for each in settings.operators}),
        "gateway": signature_guard({each.id: each.secret for each in settings.operators if each.url is None}),
    }
    server = settings.server
    token = demanded(server.host, server.lab_token, ground.folder.token)
    if server.lab_token is not None:
        ground.folder.write_token(server.lab_token)
    access = Access(server.host, token, server.allowed_hosts)
    look_on = _onlooker(ground, counts)
    served = operations(groups, guards, ground.clock)
    beside = AsyncExitStack()
    ground.stack.push_async_callback(beside.aclose)

    async def aiohttp() -> Callable[[], asyncio.Protocol]:
        app = application(served, look_on, [access.middleware()])
        if lab:
            page.add_to(app, access)
        site.add_to(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=HTTP_CLOSE)
        beside.push_async_callback(runner.cleanup)
        await runner.setup()
        assert runner.server is not None
        return runner.server

    front = Front(served, look_on, access.require, aiohttp)
    ground.ports["http"] = await front.start(server.host, server.http_port)
    ground.stack.push_async_callback(front.close, HTTP_CLOSE)
    return token


def _onlooker(ground: Ground, counts: Counts) -> Callable[[], Callable[[Answered], None]]:
    """Count each request; what it has made or changed is told to the journal, so that a trace begins with it."""
    journal, clock = ground.journal, ground.clock

    def look_on() -> Callable[[Answered], None]:
        received_at, first_seq = clock.now(), journal.next_seq

        def answered(answer: Answered) -> None:
            counts.answered(answer)
            if answer.about:
                told = {"method": answer.method, "route": answer.route, "status": answer.status}
                about, seconds = list(answer.about), round(answer.seconds, 6)
                came = {"received_at": iso(received_at), "first_seq": first_seq, "seconds": seconds}
                journal.publish(clock.now(), "http.request", answer.id, **told, about=about, **came)

        return answered

    return look_on
