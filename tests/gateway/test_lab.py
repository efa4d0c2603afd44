"""Labs in this process: joined from settings, started, used over their sockets, stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.config import read
from gateway.lab import Lab

A = "+70000000001"


class User:
    """What a service, its user and a tester do with one lab."""

    def __init__(self, lab: Lab, session: ClientSession) -> None:
        self.lab = lab
        self._session = session

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        key = {"Authorization": "Bearer lab-demo-key"}
        async with self._session.request(method, self.lab.base_url + path, json=body, headers=key) as response:
            assert response.status < 300, await response.text()
            return await response.json()

    async def identify(self) -> Any:
        body = {"service_id": "demo", "user_id": "user-1", "phone_number": A}
        started = await self.call("POST", "/v1/identifications", body)
        inbox = await self.call("GET", f"/lab/handsets/%2B{A[1:]}/messages?wait=10s&extract=code")
        path = f"/v1/identifications/{started['id']}"
        found = await self.call("POST", f"{path}/check", {"code": inbox["code"]})
        while found["state"] not in ("IDENTIFIED", "REFUSED"):
            found = await self.call("GET", f"{path}?wait=10s&state={found['state']}")
        return found


def lab_in(folder: Path) -> Lab:
    flags = {"--data": str(folder), "--smpp-port": 0, "--http-port": 0, "--sip-port": 0, "--paused-clock": True}
    return Lab(read(None, {}, flags))


@pytest.fixture
async def users(tmp_path: Path) -> AsyncIterator[list[User]]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        labs = [lab_in(tmp_path / name) for name in ("one", "two")]
        for lab in labs:
            stack.push_async_callback(lab.stop)
            await lab.start()
        yield [User(lab, session) for lab in labs]


async def test_two_labs_in_one_process_share_nothing(users: list[User]) -> None:
    one, two = users
    assert not set(one.lab.ports.values()) & set(two.lab.ports.values())
    await one.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "absent"})
    before = await two.call("GET", "/lab/clock")
    await one.call("POST", "/lab/clock/advance", {"by": "48h"})
    assert await two.call("GET", "/lab/clock") == before

    refused, identified = await asyncio.gather(one.identify(), two.identify())

    assert (refused["state"], refused["reason"]) == ("REFUSED", "absent")
    assert identified["state"] == "IDENTIFIED"
    for user, codes in ((one, []), (two, [identified["identification_code"]])):
        register = await user.call("GET", "/lab/operators/alpha/register")
        assert [entry["code"] for entry in register["entries"]] == codes
        inbox = await user.call("GET", f"/lab/handsets/%2B{A[1:]}/messages")
        assert len(inbox["messages"]) == 1
        told = await user.call("GET", "/lab/journal?type=identification.created")
        assert len(told["events"]) == 1


async def test_one_lab_stops_and_the_other_goes_on(users: list[User]) -> None:
    one, two = users
    await one.lab.stop()
    assert (await two.identify())["state"] == "IDENTIFIED"
