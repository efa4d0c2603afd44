"""A lab's life played through before others are born, so that they have what a lab makes at its first use.

Statements are compiled, models of the API are built and modules are loaded when they are first needed, which takes
more than half of the time of a lab's first identification.
"""

import asyncio
import json
import shutil
import threading
import traceback
from pathlib import Path
from typing import Any

import sipmessage  # noqa: F401 - the first call of a lab needs it
from aiohttp import ClientSession

from gateway.folder import DATABASE
from gateway.lab import Lab
from gateway.pytest_plugin.nursery import settle
from gateway.settings import Settings

PATIENCE = 5.0
"""Real seconds after which it is given up: it takes a fifth of one."""


def rehearse(template: Path, folder: Path) -> None:
    """Start a lab in `folder` on a copy of the database `template`, identify a user and stop it.

    What goes wrong is told on standard error and has no other consequence. No thread is left, since a process that has
    several should not fork.
    """
    try:
        folder.mkdir()
        shutil.copy(template, folder / DATABASE)
        asyncio.run(_play(folder))
    except Exception:
        traceback.print_exc()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join(PATIENCE)


async def _play(folder: Path) -> None:
    settings = settle(folder, None, {})
    lab = Lab(settings)
    try:
        async with asyncio.timeout(PATIENCE):
            await lab.start()
            await _identify(lab, settings)
    finally:
        await lab.stop()


async def _identify(lab: Lab, settings: Settings) -> None:
    number = settings.subscribers[0].phone_number
    async with ClientSession(headers={"Authorization": f"Bearer {settings.services[0].key}"}) as http:

        async def ask(method: str, path: str, body: Any = None) -> Any:
            async with http.request(method, lab.base_url + path, json=body) as answer:
                return json.loads(await answer.read())

        # It refuses them; that they are made and sent is what counts.
        await ask("POST", "/v1/webhook-endpoints", {"url": f"{lab.base_url}/livez"})
        started = await ask("POST", "/v1/identifications", {"user_id": "u1", "phone_number": number})
        inbox = await ask("GET", f"/lab/handsets/{number}/messages?wait=1s&extract=code".replace("+", "%2B"))
        path = f"/v1/identifications/{started['id']}"
        shown = await ask("POST", f"{path}/check", {"code": inbox["code"]})
        while shown["state"] != "IDENTIFIED":
            shown = await ask("GET", f"{path}?wait=1s&state={shown['state']}")
