"""SIPp's own scenarios, which were not written here, against the endpoint."""

import asyncio
import shutil
import socket
from pathlib import Path

import pytest
from sip_pair import INVITATION, tokens

from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import Answered, CallEvent, Ended, Incoming, Peer
from smsc_emulator.sip.digest import Credentials

HOST = "127.0.0.1"
SIPP = shutil.which("sipp")
pytestmark = pytest.mark.skipif(SIPP is None, reason="SIPp (Debian's sip-tester) is not installed")
CALLS = 20


async def sipp(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    assert SIPP is not None
    return await asyncio.create_subprocess_exec(
        *(
            SIPP,
            *arguments,
            "-nostdin",
            "-i",
            HOST,
            "-m",
            str(CALLS),
            "-r",
            "50",
            "-max_socket",
            "100",
            "-timeout",
            "40s",
        ),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("transport", ["u1", "t1", "tn"])
async def test_sipp_calls_and_hangs_up(tmp_path: Path, transport: str) -> None:
    events: list[CallEvent] = []

    def take(event: CallEvent) -> None:
        events.append(event)
        if isinstance(event, Incoming):
            endpoint.progress(event.call, 180)
            endpoint.answer(event.call)

    endpoint = SipEndpoint(tokens("e"), take)
    await endpoint.start(HOST)
    process = await sipp(tmp_path, "-sn", "uac", "-t", transport, "-d", "20", f"{HOST}:{endpoint.port}")
    assert await process.wait() == 0
    await endpoint.close()
    ended = [event for event in events if isinstance(event, Ended)]
    assert len(ended) == CALLS
    assert all(event.answered and event.by_peer for event in ended)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sipp_answers_and_is_hung_up(tmp_path: Path, transport: str) -> None:
    port = free_port()
    over = asyncio.Event()
    ended: list[Ended] = []

    def take(event: CallEvent) -> None:
        if isinstance(event, Answered):
            endpoint.end(event.call, cause=16)
        elif isinstance(event, Ended):
            ended.append(event)
            if len(ended) == CALLS:
                over.set()

    endpoint = SipEndpoint(tokens("e"), take)
    await endpoint.start(HOST)
    process = await sipp(tmp_path, "-sn", "uas", "-t", "u1" if transport == "udp" else "t1", "-p", str(port))
    if transport == "tcp":
        await listening(port)
    for number in range(CALLS):
        endpoint.invite(f"c{number}", Peer(HOST, port, "udp" if transport == "udp" else "tcp"), INVITATION)
    async with asyncio.timeout(30):
        await over.wait()
    assert all(event.answered and not event.by_peer for event in ended)
    process.terminate()
    await process.wait()
    await endpoint.close()


ASKS_WHO_CALLS = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="a softswitch asks for credentials, and checks them">
  <recv request="INVITE"/>
  <send retrans="500"><![CDATA[
SIP/2.0 401 Unauthorized
[last_Via:]
[last_From:]
[last_To:];tag=asked-[call_number]
[last_Call-ID:]
[last_CSeq:]
WWW-Authenticate: Digest realm="softswitch", nonce="47ebe028cda119c35d4877b", qop="auth", opaque="o"
Content-Length: 0

]]></send>
  <recv request="ACK"/>
  <recv request="INVITE">
    <action>
      <verifyauth assign_to="proven" username="trunk" password="secret"/>
    </action>
  </recv>
  <nop test="proven" next="busy"/>
  <nop next="refused"/>
  <label id="busy"/>
  <send retrans="500"><![CDATA[
SIP/2.0 486 Busy Here
[last_Via:]
[last_From:]
[last_To:];tag=busy-[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <recv request="ACK" next="done"/>
  <label id="refused"/>
  <send retrans="500"><![CDATA[
SIP/2.0 403 Forbidden
[last_Via:]
[last_From:]
[last_To:];tag=refused-[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
  <recv request="ACK"/>
  <label id="done"/>
</scenario>
"""


@pytest.mark.parametrize(("password", "status"), [("secret", 486), ("wrong", 403)])
async def test_sipp_asks_for_credentials_and_judges_them(tmp_path: Path, password: str, status: int) -> None:
    port = free_port()
    scenario = tmp_path / "asks.xml"
    scenario.write_text(ASKS_WHO_CALLS)
    told: asyncio.Queue[CallEvent] = asyncio.Queue()
    endpoint = SipEndpoint(tokens("e"), told.put_nowait, credentials=lambda _peer: Credentials("trunk", password))
    await endpoint.start(HOST)
    process = await sipp(tmp_path, "-sf", str(scenario), "-p", str(port))
    for number in range(CALLS):
        endpoint.invite(f"c{number}", Peer(HOST, port), INVITATION)
    async with asyncio.timeout(30):
        ended = [await told.get() for _ in range(CALLS)]
    assert {event.status for event in ended if isinstance(event, Ended)} == {status}
    process.terminate()
    await process.wait()
    await endpoint.close()


async def listening(port: int) -> None:
    """Wait until somebody listens on a TCP port."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.05)  # there is nothing to wait on until it listens
            else:
                writer.close()
                return
