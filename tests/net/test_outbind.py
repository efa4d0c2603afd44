"""outbind: the SMSC connects, and the ESME binds as a receiver on that connection (2.2.1)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.net.outbind import Caller, CallFailedError, NoOutbindError, NoSuchAccountError
from smsc_emulator.smpp.constants import CommandId
from smsc_emulator.smpp.pdus import DeliverSm

NUMBER = "+70000000001"


class Listening:
    """An ESME that waits to be called, and an SMSC that knows its address."""

    def __init__(self, client: EsmeClient, lab: Any) -> None:
        self.client, self.lab = client, lab
        self.caller = Caller(lab.server)
        self.delivered: asyncio.Queue[DeliverSm] = asyncio.Queue()
        client.on_deliver = self.take

    def take(self, pdu: DeliverSm) -> int:
        self.delivered.put_nowait(pdu)
        return 0

    async def next(self) -> DeliverSm:
        async with asyncio.timeout(5):
            return await self.delivered.get()


def account(port: int, **more: Any) -> AccountSettings:
    return AccountSettings(
        system_id="alice", password="secret", outbind=f"127.0.0.1:{port}", outbind_password="lab", **more
    )


@pytest.fixture
async def listening(start_lab: Any) -> AsyncIterator[Listening]:
    client = EsmeClient("", 0, "alice", "secret", outbind_password="lab")
    port = await client.listen("127.0.0.1", 0)
    both = Listening(client, await start_lab(accounts=[account(port, serves=["1234"])]))
    yield both
    await both.caller.close()
    await client.close()


async def test_the_bind_comes_back_on_the_same_connection(listening: Listening) -> None:
    link = await listening.caller.call("alice")
    await listening.client.bound(5)
    await listening.lab.happened("smpp.bound")
    assert listening.lab.smsc.accounts["alice"].receivers == [link]
    assert len(listening.lab.server.links) == 1


async def test_a_message_that_waits_makes_the_smsc_call(listening: Listening) -> None:
    listening.caller.start()
    await listening.lab.smsc.send_from_handset(NUMBER, "1234", "call me")
    assert (await listening.next()).destination_addr == "1234"


async def test_nobody_is_called_for_what_nobody_serves(listening: Listening) -> None:
    listening.caller.start()
    await listening.lab.smsc.send_from_handset(NUMBER, "777", "to anybody")
    assert listening.lab.server.links == set()


async def test_a_receipt_that_waits_makes_the_smsc_call(listening: Listening) -> None:
    listening.caller.start()
    sender = await listening.lab.bind(kind="tx")
    await sender.submit(registered_delivery=1)
    assert b"stat:DELIVRD" in (await listening.next()).short_message


async def test_what_waits_when_calling_starts_is_called_for(listening: Listening) -> None:
    sender = await listening.lab.bind(kind="tx")
    await sender.submit(registered_delivery=1)
    await listening.lab.happened("message.delivered")
    listening.caller.start()
    assert b"stat:DELIVRD" in (await listening.next()).short_message


async def test_the_smsc_calls_again_when_the_link_was_lost_and_more_waits(listening: Listening) -> None:
    listening.caller.start()
    sender = await listening.lab.bind(kind="tx")
    await sender.submit(b"one", registered_delivery=1)
    await listening.next()
    link = listening.lab.smsc.accounts["alice"].receivers[0]
    link.abort()
    await listening.lab.happened("smpp.unbound")
    await sender.submit(b"two", registered_delivery=1)
    told = b""
    while b"text:two" not in told:  # the first receipt comes again if its acknowledgement was lost with the link
        told = (await listening.next()).short_message


async def test_an_esme_hangs_up_on_a_wrong_password(start_lab: Any) -> None:
    client = EsmeClient("", 0, "alice", "secret", outbind_password="another")
    lab = await start_lab(accounts=[account(await client.listen("127.0.0.1", 0))])
    link = await Caller(lab.server).call("alice")
    async with asyncio.timeout(5):
        await link.over
    assert not client.is_bound
    await client.close()


async def test_an_account_that_cannot_be_called_is_told_so(start_lab: Any) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    quiet = AccountSettings(system_id="quiet", password="secret")
    caller = Caller((await start_lab(accounts=[account(port), quiet])).server)
    with pytest.raises(CallFailedError, match="cannot connect"):
        await caller.call("alice")
    with pytest.raises(NoOutbindError, match="quiet"):
        await caller.call("quiet")
    with pytest.raises(NoSuchAccountError, match="nobody"):
        await caller.call("nobody")


async def test_an_esme_that_does_not_bind_is_left(start_lab: Any) -> None:
    calls: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.put_nowait(await reader.read(100))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    lab = await start_lab(accounts=[account(port)], session_init_timeout=100)
    link = await Caller(lab.server).call("alice")
    async with asyncio.timeout(5):
        outbind = await calls.get()
        await link.over
    assert outbind[4:16] == CommandId.OUTBIND.to_bytes(4) + bytes(4) + b"\0\0\0\1"
    assert outbind[16:] == b"confirmlab\0lab\0"
    server.close()
    await server.wait_closed()
