"""No phone keeps ringing when the process that called it is killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sip_pair import INVITATION, tokens

from smsc_emulator.net.open_calls import MOST_LINES, OpenCalls
from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import CallEvent, Ended, Incoming, Peer
from smsc_emulator.sip.open_call import Answer, OpenCall
from smsc_emulator.sip.timers import Timers

HOST = "127.0.0.1"
CALLER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from sip_pair import INVITATION, tokens
from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import Peer

async def main():
    endpoint = SipEndpoint(tokens("k"), print, open_calls=Path(sys.argv[1]))
    await endpoint.start("127.0.0.1")
    endpoint.invite("one", Peer("127.0.0.1", int(sys.argv[2]), sys.argv[3]), INVITATION)
    await asyncio.sleep(60)

asyncio.run(main())
"""


class Phone:
    """What is called; it rings or answers."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self.endpoint = SipEndpoint(tokens("p"), self._take)

    def _take(self, event: CallEvent) -> None:
        if isinstance(event, Incoming):
            (self.endpoint.answer if self.answers else lambda call: self.endpoint.progress(call, 180))(event.call)
        self.events.put_nowait(event)

    async def next(self) -> CallEvent:
        async with asyncio.timeout(10):
            return await self.events.get()


@pytest.fixture
async def phone_that() -> AsyncIterator[Callable[..., Phone]]:
    phones: list[Phone] = []

    def make(*, answers: bool) -> Phone:
        phones.append(Phone(answers=answers))
        return phones[-1]

    yield make
    for phone in phones:
        await phone.endpoint.close()


def call(name: str, answer: Answer | None = None) -> OpenCall:
    via = "SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bK7;rport"
    return OpenCall(name, Peer(HOST, 5060), "sip:+70000000001@127.0.0.1", via, "<sip:b@c>", "tag", f"id-{name}", answer)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("answers", [False, True])
async def test_a_call_of_a_killed_process_is_ended_by_the_next(
    tmp_path: Path, phone_that: Callable[..., Phone], transport: str, answers: bool
) -> None:
    phone = phone_that(answers=answers)
    await phone.endpoint.start(HOST)
    path = tmp_path / "calls"
    arguments = [sys.executable, "-c", CALLER, str(path), str(phone.endpoint.port), transport]
    process = await asyncio.create_subprocess_exec(*arguments, env={"PYTHONPATH": ":".join(sys.path)})
    try:
        assert isinstance(await phone.next(), Incoming)
        if answers:
            await phone.next()
    finally:
        process.kill()
        await process.wait()
    told: list[CallEvent] = []
    endpoint = SipEndpoint(tokens("n"), told.append, open_calls=path)
    await endpoint.start(HOST)
    assert endpoint.taken_over == ["one"]
    ended = await phone.next()
    assert isinstance(ended, Ended)
    assert (ended.by_peer, ended.answered, ended.status) == (True, answers, 200 if answers else 487)
    async with asyncio.timeout(5):
        await endpoint.settled("one")
    assert path.read_bytes() == b""
    assert not told
    await endpoint.close()


async def test_the_number_that_calls_is_not_written_down(tmp_path: Path, phone_that: Callable[..., Phone]) -> None:
    phone = phone_that(answers=False)
    await phone.endpoint.start(HOST)
    path = tmp_path / "calls"
    endpoint = SipEndpoint(tokens("n"), lambda event: None, open_calls=path)
    await endpoint.start(HOST)
    endpoint.invite("one", Peer(HOST, phone.endpoint.port), INVITATION)
    written = path.read_text()
    assert json.loads(written)["open"]["call"] == "one"
    assert INVITATION.caller.strip("+") not in written
    await endpoint.settled("one")
    await endpoint.close()
    assert path.read_bytes() == b"", "a call is ended when its endpoint is closed"


async def test_a_call_that_cannot_be_written_down_is_not_made(
    tmp_path: Path, phone_that: Callable[..., Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = phone_that(answers=False)
    await phone.endpoint.start(HOST)
    endpoint = SipEndpoint(tokens("n"), lambda event: None, open_calls=tmp_path / "calls")
    await endpoint.start(HOST)

    def full(calls: OpenCalls, call: OpenCall) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(OpenCalls, "add", full)
        with pytest.raises(OSError, match="no space"):
            endpoint.invite("one", Peer(HOST, phone.endpoint.port), INVITATION)
    assert not endpoint.pending("one")
    endpoint.invite("two", Peer(HOST, phone.endpoint.port), INVITATION)
    await endpoint.settled("two")
    await endpoint.close()
    seen = [phone.events.get_nowait() for _ in range(phone.events.qsize())]
    assert len([event for event in seen if isinstance(event, Incoming)]) == 1


async def test_a_call_that_was_written_down_and_never_sent_is_over_at_once(
    tmp_path: Path, phone_that: Callable[..., Phone]
) -> None:
    phone = phone_that(answers=False)
    await phone.endpoint.start(HOST)
    path = tmp_path / "calls"
    calls = OpenCalls(path)
    calls.add(replace(call("one"), peer=Peer(HOST, phone.endpoint.port)))
    calls.close()
    endpoint = SipEndpoint(tokens("n"), lambda event: None, open_calls=path)
    await endpoint.start(HOST)
    async with asyncio.timeout(5):
        await endpoint.settled("one")
    assert path.read_bytes() == b""
    assert phone.events.empty()
    await endpoint.close()


async def test_a_phone_stops_ringing_also_when_the_next_run_has_another_port(
    tmp_path: Path, phone_that: Callable[..., Phone]
) -> None:
    phone = phone_that(answers=False)
    await phone.endpoint.start(HOST)
    path, copy = tmp_path / "calls", tmp_path / "copy"
    first = SipEndpoint(tokens("a"), lambda event: None, open_calls=path)
    await first.start(HOST)
    first.invite("one", Peer(HOST, phone.endpoint.port), INVITATION)
    copy.write_bytes(path.read_bytes())
    assert isinstance(await phone.next(), Incoming)
    second = SipEndpoint(tokens("b"), lambda event: None, open_calls=copy, timers=Timers(t1=0.01))
    await second.start(HOST)
    assert second.port != first.port
    ended = await phone.next()
    assert isinstance(ended, Ended)
    assert ended.status == 487
    async with asyncio.timeout(5):
        await second.settled("one")
    assert copy.read_bytes() == b""
    await first.close()
    await second.close()


def test_what_is_written_is_read_back_and_what_is_over_is_not(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    calls = OpenCalls(path)
    answered = call("b", Answer("<sip:b@c>;tag=x", "sip:b@127.0.0.1:5060", ("<sip:127.0.0.1;lr>",)))
    for each in (call("a"), call("b"), answered, call("c")):
        calls.add(each)
    calls.strike("a")
    calls.strike("unknown")
    calls.close()
    again = OpenCalls(path)
    assert again.all() == [answered, call("c")]
    again.strike("b")
    again.strike("c")
    assert path.read_bytes() == b""
    again.close()


@pytest.mark.parametrize("torn", [b'{"open": {"call": "x', b"\xff\xfe", b"[]", b'{"open": {"call": "x"}}', b"null"])
def test_a_torn_line_is_left_out_and_the_next_is_whole(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "calls"
    calls = OpenCalls(path)
    calls.add(call("a"))
    calls.close()
    with path.open("ab") as file:
        file.write(torn)
    calls = OpenCalls(path)
    calls.add(call("b"))
    calls.close()
    calls = OpenCalls(path)
    assert calls.all() == [call("a"), call("b")]
    calls.close()


def test_the_file_stays_small_while_there_is_always_a_call(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    calls = OpenCalls(path)
    calls.add(call("always"))
    for number in range(2 * MOST_LINES):
        calls.add(call(f"c{number}"))
        calls.strike(f"c{number}")
    assert len(path.read_bytes().splitlines()) <= MOST_LINES + 3
    assert calls.all() == [call("always")]
    calls.close()


def test_a_line_of_which_the_disk_takes_a_part_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = OpenCalls(tmp_path / "calls")
    calls.add(call("one"))
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: write(file, data[:20]))
        with pytest.raises(OSError, match="space"):
            calls.add(call("two"))
    calls.add(call("three"))
    calls.close()
    again = OpenCalls(tmp_path / "calls")
    assert [left.call for left in again.all()] == ["one", "three"]
    again.close()


def test_the_cseq_of_a_call_that_was_made_again_is_kept(tmp_path: Path) -> None:
    calls = OpenCalls(tmp_path / "calls")
    calls.add(call("one"))
    calls.add(replace(call("one"), sequence=2))
    calls.close()
    again = OpenCalls(tmp_path / "calls")
    assert [left.invite().headers["CSeq"] for left in again.all()] == ["2 INVITE"]
    again.close()
