"""The routes of calls and of the voice switch over a real socket; a SIP endpoint plays the gateway over another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from gateway.api.lab import calls as lab_calls
from gateway.api.lab import voice as lab_voice
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.application import application
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import SECOND
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.base.web import operations
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import CallEvent, Invitation, Peer
from smsc_emulator.voice.routing import Trunk
from smsc_emulator.voice.settings import PhoneSettings, TrunkSettings, VoiceSettings
from smsc_emulator.voice.switch import Switch

ALICE, BOB, PHONE, ACCESS = "+70000000001", "+70000000002", "+70000000050", "+70002000001"
CALLS, VOICE = f"/lab/handsets/{ALICE}/calls", f"/lab/handsets/{ALICE}/voice"
SETTINGS = VoiceSettings(
    phones=[PhoneSettings(phone_number=PHONE, contact="sip:bob@127.0.0.1:5999", password="very-secret")],
    trunks=[TrunkSettings(name="other", host="127.0.0.9", numbers=["+7999"])],
)


class Face:
    """An HTTP client of the routes, and the gateway's SIP endpoint."""

    def __init__(self, http: ClientSession, switch: Switch, ticker: Ticker, handsets: Handsets) -> None:
        self.http, self.switch, self.ticker, self.handsets = http, switch, ticker, handsets
        self.gateway = SipEndpoint(SecretRandomness().token, self._take)
        self.events: asyncio.Queue[CallEvent] = asyncio.Queue()

    def _take(self, event: CallEvent) -> None:
        self.events.put_nowait(event)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with asyncio.timeout(10), self.http.request(method, path, json=body) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> Any:
        status, answer = await self.ask("GET", path)
        assert status == 200
        return answer

    def call(self, caller: str, name: str = "flash") -> None:
        """Call Alice, as the gateway does in a flash call."""
        self.gateway.invite(name, self.peer, Invitation(caller, ALICE, asserted=caller))

    peer = Peer("127.0.0.1", 0)


@pytest.fixture
async def face(clock: LabClock, database: Database) -> AsyncIterator[Face]:
    activity = Activity(clock)
    ticker = Ticker(clock, activity)
    handsets = Handsets([ALICE, BOB])
    token = SecretRandomness().token
    events: list[Callable[[CallEvent], None]] = []

    def hear(event: CallEvent) -> None:
        events[0](event)

    endpoint = SipEndpoint(token, hear)
    switch = Switch(
        SETTINGS,
        clock,
        database,
        handsets,
        endpoint,
        activity=activity,
        names=lambda: token(20),
        wake=ticker.wake,
    )
    events.append(switch.on_event)
    await switch.start()
    await endpoint.start("127.0.0.1")
    ticker.add(*switch.deadlines)
    groups = [lab_calls.routes(switch, database.journal), lab_voice.routes(switch)]
    web = TestServer(application(operations(groups, {}, clock)))
    await web.start_server()
    async with ClientSession(web.make_url("/")) as http:
        face = Face(http, switch, ticker, handsets)
        await face.gateway.start("127.0.0.1")
        face.peer = Peer("127.0.0.1", endpoint.port)
        switch.add_trunk(Trunk("gateway", Peer("127.0.0.1", face.gateway.port), (ACCESS,), trusted=True))
        yield face
        await face.gateway.close()
    await web.close()
    await endpoint.close()
    await switch.close()


async def test_a_wait_ends_when_a_missed_call_shows_its_code(face: Face) -> None:
    assert await face.get(CALLS) == {"calls": [], "code": None}
    waiting = asyncio.create_task(face.get(f"{CALLS}?wait=9s"))
    face.call("+70001001234")
    log = await waiting
    assert log["code"] == "1234"
    assert log["calls"] == [
        {
            "id": "1",
            "direction": "in",
            "from": "+70001001234",
            "to": ALICE,
            "state": "ringing",
            "outcome": None,
            "sip_status": None,
            "q850_cause": None,
            "started_at": "2026-01-01T12:00:00.000Z",
            "rang_at": "2026-01-01T12:00:00.000Z",
            "answered_at": None,
            "ended_at": None,
        }
    ]


async def test_a_wait_for_the_end_of_a_call_tells_how_it_ended(face: Face) -> None:
    face.call("+70001001234")
    await face.get(f"{CALLS}?wait=9s")
    waiting = asyncio.create_task(face.get(f"{CALLS}/1?wait=9s"))
    face.gateway.end("flash")
    call = await waiting
    assert (call["state"], call["outcome"], call["sip_status"]) == ("ended", "cancelled", 487)


async def test_the_code_has_as_many_digits_as_are_asked_for_and_is_of_the_newest_call(face: Face) -> None:
    face.call("+70001001234")
    first = (await face.get(f"{CALLS}?wait=9s"))["calls"][0]["id"]
    face.call("+70001009876", "second")
    log = await face.get(f"{CALLS}?wait=9s&after={first}&digits=6")
    assert (log["code"], [call["from"] for call in log["calls"]]) == ("009876", ["+70001009876"])
    assert (await face.get(CALLS))["code"] == "9876"


async def test_a_call_that_never_rang_shows_no_code(face: Face) -> None:
    await face.ask("PUT", VOICE, {"behaviour": "busy"})
    face.call("+70001001234")
    log = await face.get(f"{CALLS}?wait=9s")
    assert (log["code"], log["calls"][0]["outcome"], log["calls"][0]["rang_at"]) == (None, "busy", None)


async def test_a_withheld_caller_shows_no_code(face: Face) -> None:
    await face.ask("PUT", "/lab/voice", {"transit": "withheld"})
    face.call("+70001001234")
    log = await face.get(f"{CALLS}?wait=9s")
    assert (log["code"], log["calls"][0]["from"]) == (None, None)


async def test_a_handset_calls_an_access_number_and_hangs_up(face: Face) -> None:
    status, call = await face.ask("POST", CALLS, {"to": "80002000001"})
    assert (status, call["direction"], call["to"], call["state"]) == (202, "out", ACCESS, "calling")
    invitation = (await face.events.get()).invitation  # type: ignore[union-attr] # the first event is the INVITE
    assert (invitation.caller, invitation.asserted) == (ALICE, ALICE)
    status, ended = await face.ask("DELETE", f"{CALLS}/{call['id']}")
    assert (status, ended["outcome"]) == (200, "cancelled")
    assert await face.ask("DELETE", f"{CALLS}/{call['id']}") == (200, ended)


@pytest.mark.parametrize(
    ("shown", "asserted", "expected"),
    [("+70000000077", True, ("+70000000077", ALICE, False)), ("withheld", True, ("anonymous", ALICE, True)),
     (None, False, (ALICE, None, False))],
)  # fmt: skip
async def test_a_handset_shows_what_it_is_told_to(face: Face, shown: Any, asserted: bool, expected: Any) -> None:
    await face.ask("POST", CALLS, {"to": ACCESS, "shown": shown, "asserted": asserted})
    invitation = (await face.events.get()).invitation  # type: ignore[union-attr] # the first event is the INVITE
    assert (invitation.caller, invitation.asserted, invitation.private) == expected


async def test_a_handset_hangs_up_after_its_time(face: Face) -> None:
    _, call = await face.ask("POST", CALLS, {"to": BOB, "hang_up_after": "10s"})
    await face.ticker.advance(10 * SECOND)
    assert (await face.get(f"{CALLS}/{call['id']}"))["outcome"] == "cancelled"


async def test_a_handset_that_is_off_cannot_call(face: Face) -> None:
    face.handsets[ALICE].state = HandsetState.OFF
    status, problem = await face.ask("POST", CALLS, {"to": ACCESS})
    assert (status, problem["code"]) == (409, "handset_cannot_call")


async def test_a_ringing_call_is_answered_once(face: Face) -> None:
    face.call("+70001001234")
    await face.get(f"{CALLS}?wait=9s")
    status, call = await face.ask("POST", f"{CALLS}/1/answer")
    assert (status, call["state"]) == (200, "answered")
    status, problem = await face.ask("POST", f"{CALLS}/1/answer")
    assert (status, problem["code"]) == (409, "call_over")
    assert (await face.ask("DELETE", f"{CALLS}/1"))[1]["outcome"] == "answered"
    assert (await face.ask("POST", f"{CALLS}/1/answer"))[0] == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/lab/handsets/+70009999999/calls"), ("GET", f"{CALLS}/7"), ("DELETE", f"{CALLS}/7"),
     ("POST", f"{CALLS}/7/answer"), ("GET", "/lab/handsets/+70009999999/voice")],
)  # fmt: skip
async def test_what_is_not_there_is_not_found(face: Face, method: str, path: str) -> None:
    assert (await face.ask(method, path))[0] == 404


async def test_what_a_handset_does_is_changed_member_by_member(face: Face) -> None:
    first = await face.get(VOICE)
    assert first == {
        "behaviour": "ringing",
        "after": None,
        "delay": "0s",
        "forward_to": None,
        "transit": None,
        "call_waiting": None,
    }
    await face.ask("PUT", VOICE, {"behaviour": "answered", "after": "3s"})
    status, changed = await face.ask("PUT", VOICE, {"transit": "00", "call_waiting": False})
    assert status == 200
    assert changed == first | {"behaviour": "answered", "after": "3s", "transit": "00", "call_waiting": False}
    assert await face.get(VOICE) == changed
    assert (await face.ask("PUT", VOICE, {"after": None}))[1]["after"] is None


async def test_forwarding_needs_a_number(face: Face) -> None:
    assert (await face.ask("PUT", VOICE, {"behaviour": "forwarded"}))[0] == 400
    assert (await face.ask("PUT", VOICE, {"behaviour": "forwarded", "forward_to": BOB}))[0] == 200


async def test_the_switch_shows_its_trunks_and_its_phones_without_their_passwords(face: Face) -> None:
    shown = await face.get("/lab/voice")
    assert [(trunk["name"], trunk["trusted"]) for trunk in shown["trunks"]] == [("other", False), ("gateway", True)]
    assert shown["phones"] == [{"phone_number": PHONE, "contact": "sip:bob@127.0.0.1:5999", "registered_until": None}]
    assert "very-secret" not in str(shown)


async def test_the_switch_is_changed_member_by_member(face: Face) -> None:
    rule = {"name": "pool", "decision": "block", "status": 608, "callers": ["+7000100"], "within": "30m"}
    status, changed = await face.ask("PUT", "/lab/voice", {"firewall": [rule], "no_answer_after": "30s"})
    assert (status, changed["no_answer_after"], changed["transit"]) == (200, "30s", "keep")
    assert changed["firewall"][0].items() >= rule.items()
    face.call("+70001001234")
    assert (await face.events.get()).status == 608  # type: ignore[union-attr] # the first event is the end
    assert (await face.ask("PUT", "/lab/voice", {"firewall": [rule, rule]}))[0] == 409
    assert (await face.ask("PUT", "/lab/voice", {"firewall": []}))[1]["firewall"] == []
