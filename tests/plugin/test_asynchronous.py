"""The fixture `alab` serves asynchronous tests of every kind, and needs no plugin for them."""

from typing import Any

import pytest

BODY = """
async def a_code_comes(alab):
    confirmation = await alab.confirmations.start("+70000000001", "sms_code")
    phone = alab.handset("+70000000001")
    assert await confirmation.check(await phone.wait_for_code()) == "confirmed"
    assert confirmation.state == "confirmed" and confirmation["attempts_left"] == 3
    (message,) = await phone.messages()
    call = await phone.call("+70000000002")
    await call.hang_up()
    assert call.outcome == "cancelled"
    assert [each.id for each in await phone.calls()] == [call.id]
    assert (await alab.webhooks.wait("confirmation.confirmed")).event["data"]["id"] == confirmation.id
    assert alab.smpp_port == alab.ports["smpp"]
    assert await alab.clock.advance("1h") >= await alab.clock.now() - datetime.timedelta(minutes=1)
    with pytest.raises(ExpectationError, match="no submit_sm came in 0 s"):
        await alab.expect_submit(timeout=0)
"""
HEAD = """
import asyncio
import datetime
import pytest
from gateway.pytest_plugin.waits import ExpectationError
"""
KINDS = {
    "no plugin": ((), "def test_it(alab):\n    asyncio.run(a_code_comes(alab))\n", 1),
    "anyio": (("-p", "anyio"), "@pytest.mark.anyio\nasync def test_it(alab):\n    await a_code_comes(alab)\n", 2),
    "pytest-asyncio": (
        ("-p", "pytest_asyncio"),
        "@pytest.mark.asyncio\nasync def test_it(alab):\n    await a_code_comes(alab)\n",
        1,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_coroutines_wait_on_every_loop(project: Any, kind: str) -> None:
    options, test, count = KINDS[kind]
    project.write("test_it.py", HEAD + BODY + test)
    told = project.run("-q", *options)
    assert told.splitlines()[-1].startswith(f"{count} passed"), told
