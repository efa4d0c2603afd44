"""Whole labs in this process, and what a service, its user and a tester do with one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession

from gateway.config import read
from gateway.lab import Lab

A = "+70000000001"


class User:
    """What a service, its user and a tester do with one lab, whose clock stands still."""

    def __init__(self, lab: Lab, session: ClientSession) -> None:
        self.lab = lab
        self._session = session

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        of_lab = path.startswith("/lab") and self.lab.token
        key = {"Authorization": f"Bearer {of_lab or 'lab-demo-key'}"}
        async with self._session.request(method, self.lab.base_url + path, json=body, headers=key) as response:
            assert response.status < 300, await response.text()
            return None if response.status == 204 else await response.json()

    async def get(self, path: str) -> Any:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any) -> Any:
        return await self.call("POST", path, body)

    async def identify(self, number: str = A) -> Any:
        body = {"service_id": "demo", "user_id": "user-1", "phone_number": number}
        started = await self.post("/v1/identifications", body)
        inbox = await self.get(f"/lab/handsets/{quote(number)}/messages?wait=10s&extract=code")
        path = f"/v1/identifications/{started['id']}"
        found = await self.post(f"{path}/check", {"code": inbox["code"]})
        while found["state"] not in ("IDENTIFIED", "REFUSED"):
            found = await self.get(f"{path}?wait=10s&state={found['state']}")
        return found

    async def confirm(self, number: str, *methods: str, **more: Any) -> Any:
        """Start a confirmation."""
        return await self.post("/v1/confirmations", {"phone_number": number, "methods": list(methods), **more})

    async def check(self, confirmation: Any, code: str) -> Any:
        return await self.post(f"/v1/confirmations/{confirmation['id']}/check", {"code": code})

    async def confirmed(self, confirmation: Any) -> Any:
        """Return a confirmation once it is no longer pending."""
        async with asyncio.timeout(10):
            while True:
                found = await self.get(f"/v1/confirmations/{confirmation['id']}?wait=5s")
                if found["state"] != "pending":
                    return found

    async def call_log(self, number: str, wait: str = "5s") -> list[Any]:
        """Return the calls of a handset, waiting for the first one to it."""
        calls: list[Any] = (await self.get(f"/lab/handsets/{quote(number)}/calls?wait={wait}"))["calls"]
        return calls

    async def behave(self, number: str, behaviour: str, **more: Any) -> None:
        """Say what a handset does with calls."""
        await self.call("PUT", f"/lab/handsets/{quote(number)}/voice", {"behaviour": behaviour, **more})

    async def advance(self, by: str) -> None:
        await self.post("/lab/clock/advance", {"by": by})

    async def event(self, kind: str, subject: str) -> Any:
        """Return the first event of a type about `subject`, waiting for it."""
        found = await self.get(f"/lab/journal?type={kind}&subject={quote(subject)}&wait=5s")
        assert found["events"], f"no {kind} of {subject}"
        return found["events"][0]


StartLab = Callable[..., Awaitable[User]]


@pytest.fixture
def lab_file(tmp_path: Path) -> Path:
    """Return where a test writes its configuration."""
    return tmp_path / "lab.yaml"


@pytest.fixture
async def start_lab(tmp_path: Path) -> AsyncIterator[StartLab]:
    """Return a function that starts a lab in a folder of its own, or of the given name, with more settings as YAML."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())

        async def start(name: str = "lab", settings: str = "") -> User:
            file = tmp_path / f"{name}.yaml"
            file.write_text(settings, encoding="utf-8")
            flags = {"--smpp-port": 0, "--http-port": 0, "--sip-port": 0, "--paused-clock": True}
            lab = Lab(read(file, {}, {"--data": str(tmp_path / name), **flags}))
            stack.push_async_callback(lab.stop)
            await lab.start()
            return User(lab, session)

        yield start
