"""The switch on a real socket, and a gateway on another: each reaction of the table as SIP, phones that register."""

import asyncio
import hashlib
import re
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database
from smsc_emulator.base.durations import SECOND
from smsc_emulator.base.msisdn import DialPlan
from smsc_emulator.base.randomness import SecretRandomness
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.handsets.voice import CallBehaviour, Voice
from smsc_emulator.net.sip_endpoint import SipEndpoint
from smsc_emulator.sip.calls import Answered, CallEvent, Ended, Incoming, Invitation, Peer, Progress, Transport
from smsc_emulator.sip.registering import Registering
from smsc_emulator.voice import store
from smsc_emulator.voice.exchange import Dialling
from smsc_emulator.voice.registrar import Registrar
from smsc_emulator.voice.routing import Routing, Trunk
from smsc_emulator.voice.settings import PhoneSettings, VoiceSettings
from smsc_emulator.voice.switch import Switch

ALICE, BOB, PHONE = "+70000000001", "+70000000002", "+70000000050"
ACCESS, CALLER = "+70002000001", "+70001001234"
RINGS, HEARD, FORWARDED = (180, False), (183, True), (181, False)
Row = tuple[list[tuple[int, bool]], int, int, int | None]
ROWS: dict[CallBehaviour, Row] = {
    # provisional answers at once; lab seconds to the end; the final status and its cause
    CallBehaviour.RINGING: ([RINGS], 60, 480, 19),
    CallBehaviour.BUSY: ([], 0, 486, 17),
    CallBehaviour.REJECTED: ([RINGS], 5, 603, 21),
    CallBehaviour.REJECTED_AT_ONCE: ([], 0, 603, 21),
    CallBehaviour.NO_ANSWER: ([], 60, 480, 18),
    CallBehaviour.ANSWERED: ([RINGS], 5, 200, None),
    CallBehaviour.VOICEMAIL: ([HEARD], 2, 200, None),
    CallBehaviour.ANNOUNCEMENT: ([HEARD], 10, 480, 20),
    CallBehaviour.FORWARDED: ([FORWARDED, RINGS], 60, 480, 19),
    CallBehaviour.OFF: ([], 0, 480, 20),
    CallBehaviour.OUT_OF_COVERAGE: ([], 4, 480, 20),
    CallBehaviour.BARRED: ([], 0, 403, 55),
    CallBehaviour.UNKNOWN: ([], 0, 404, 1),
    CallBehaviour.PORTED_OUT: ([], 0, 410, 22),
    CallBehaviour.CONGESTED: ([], 0, 503, 42),
}


class Agent:
    """A SIP endpoint whose events wait to be read."""

    def __init__(self) -> None:
        self.endpoint = SipEndpoint(SecretRandomness().token, self._take)
        self.events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self._names = count(1)

    def _take(self, event: CallEvent) -> None:
        self.events.put_nowait(event)

    async def next(self) -> Any:
        async with asyncio.timeout(10):
            return await self.events.get()

    def call(self, switch: Peer, called: str = ALICE, **more: Any) -> str:
        name = f"call-{next(self._names)}"
        self.endpoint.invite(name, switch, Invitation(CALLER, called, asserted=CALLER, **more))
        return name

    @property
    def peer(self) -> Peer:
        return Peer("127.0.0.1", self.endpoint.port)


class Side:
    """The switch with its endpoint and its ticker, and the gateway's agent."""

    def __init__(self, clock: LabClock, database: Database, transport: Transport) -> None:
        self.transport = transport
        self.database = database
        activity = Activity(clock)
        self.ticker = Ticker(clock, activity)
        token = SecretRandomness().token
        self.endpoint = SipEndpoint(token, self._take, on_register=self._register)
        self.switch = Switch(
            VoiceSettings(
                phones=[PhoneSettings(phone_number=PHONE, username="bob", password="secret", digest=["SHA-256", "MD5"])]
            ),
            clock,
            database,
            Handsets([ALICE, BOB]),
            self.endpoint,
            activity=activity,
            names=lambda: token(20),
            wake=self.ticker.wake,
        )
        self.gateway = Agent()

    def _take(self, event: CallEvent) -> None:
        self.switch.on_event(event)

    def _register(self, event: Registering) -> None:
        self.switch.on_register(event)

    async def start(self) -> None:
        await self.switch.start()
        await self.endpoint.start("127.0.0.1")
        await self.gateway.endpoint.start("127.0.0.1")
        peer = Peer("127.0.0.1", self.gateway.endpoint.port, self.transport)
        self.switch.add_trunk(Trunk("gateway", peer, (ACCESS,), trusted=True))
        self.ticker.add(*self.switch.deadlines)

    @property
    def peer(self) -> Peer:
        return Peer("127.0.0.1", self.endpoint.port, self.transport)

    async def close(self) -> None:
        await self.gateway.endpoint.close()
        await self.endpoint.close()
        await self.switch.close()


@pytest.fixture
async def start_side(clock: LabClock, database: Database) -> AsyncIterator[Callable[..., Any]]:
    sides: list[Side] = []

    async def start(transport: Transport = "udp") -> Side:
        sides.append(Side(clock, database, transport))
        await sides[-1].start()
        return sides[-1]

    yield start
    for side in sides:
        await side.close()


@pytest.fixture
async def side(start_side: Any) -> Any:
    return await start_side()


@pytest.mark.parametrize("behaviour", ROWS, ids=str)
async def test_each_reaction_is_seen_by_the_caller_over_udp(side: Any, behaviour: CallBehaviour) -> None:
    provisional, seconds, status, cause = ROWS[behaviour]
    assert set(ROWS) == set(CallBehaviour)
    await side.switch.set_voice(ALICE, Voice(behaviour, forward_to=BOB))
    name = side.gateway.call(side.peer)
    for expected, early in provisional:
        assert await side.gateway.next() == Progress(name, expected, early)
    if not provisional:
        await arrived(side)
    await side.ticker.advance(seconds * SECOND)
    if status == 200:
        assert await side.gateway.next() == Answered(name)
        side.gateway.endpoint.end(name)
        ended = await side.gateway.next()
        assert (ended.status, ended.answered) == (200, True)
    else:
        assert await side.gateway.next() == Ended(name, status, cause, answered=False, by_peer=True)


async def arrived(side: Any) -> None:
    """Wait until a call has come to the switch, as its log tells."""
    while not any(event.type == "call.started" for event in side.database.journal.since(0, 100)):
        await side.database.journal.wait(0, 10, 1)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_flash_call_rings_is_taken_back_and_shows_its_code(start_side: Any, transport: Transport) -> None:
    side = await start_side(transport)
    name = side.gateway.call(side.peer)
    assert (await side.gateway.next()).status == 180
    side.gateway.endpoint.end(name)
    ended = await side.gateway.next()
    assert (ended.status, ended.answered) == (487, False)
    await side.database.journal.wait(0, 10, 1, lambda event: event.type == "call.ended")
    (call,) = await side.switch.calls(ALICE)
    assert (call.shown, call.outcome, call.rang_at is not None) == (CALLER, "cancelled", True)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(("status", "cause"), [(480, 19), (486, 17), (603, 21)])
async def test_a_call_to_an_access_number_is_rejected_by_the_gateway(
    start_side: Any, transport: Transport, status: int, cause: int
) -> None:
    side = await start_side(transport)
    call = await side.switch.call_from(ALICE, Dialling("8 000 200-00-01", shown=BOB))
    incoming = await side.gateway.next()
    assert isinstance(incoming, Incoming)
    heard = incoming.invitation
    assert (heard.called, heard.caller, heard.asserted) == (ACCESS, BOB, ALICE)
    side.gateway.endpoint.end(incoming.call, status, cause)
    await side.database.journal.wait(0, 10, 1, lambda event: event.type == "call.ended")
    ended = await side.switch.call(ALICE, call.id)
    assert (ended.status, ended.cause) == (status, cause)


class Witness:
    """A deadline that notes what the gateway has heard of until then."""

    gives_up = False

    def __init__(self, due: int, events: "asyncio.Queue[CallEvent]") -> None:
        self.due: int | None = due
        self.events = events
        self.heard: list[CallEvent] = []

    async def next_due(self) -> int | None:
        return self.due

    async def fire(self, now: int) -> None:
        self.due = None
        while not self.events.empty():
            self.heard.append(self.events.get_nowait())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_turn_of_the_clock_waits_until_the_gateway_has_heard_of_each_deadline(
    start_side: Any, clock: LabClock, transport: Transport
) -> None:
    side = await start_side(transport)
    await side.switch.set_voice(ALICE, Voice(CallBehaviour.REJECTED))
    side.gateway.call(side.peer)
    await side.gateway.next()
    witness = Witness(clock.now() + 5 * SECOND + 1, side.gateway.events)
    side.ticker.add(witness)
    await side.ticker.advance(6 * SECOND)
    assert [event.status for event in witness.heard] == [603]


async def test_a_withheld_number_stays_withheld_over_sip(side: Any) -> None:
    await side.switch.call_from(ALICE, Dialling(ACCESS, withheld=True))
    invitation = (await side.gateway.next()).invitation
    assert (invitation.caller, invitation.private, invitation.asserted) == ("anonymous", True, ALICE)


# Phones that register.


class Telephone(asyncio.DatagramProtocol):
    """A SIP phone that registers, written here from the RFCs alone."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[str] = asyncio.Queue()
        self.sequence = count(1)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.put_nowait(data.decode())

    async def heard(self, start: str) -> str:
        async with asyncio.timeout(10):
            while not (message := await self.received.get()).startswith(start):
                pass
            return message

    def register(self, switch: Peer, *, user: str = "bob", expires: int = 600, authorization: str = "") -> None:
        number = next(self.sequence)
        extra = f"Authorization: {authorization}\r\n" if authorization else ""
        self.send(
            switch,
            f"REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{number}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{user}@127.0.0.1>;tag=a\r\nTo: <sip:{user}@127.0.0.1>\r\n"
            f"Call-ID: phone\r\nCSeq: {number} REGISTER\r\nContact: <sip:me@127.0.0.1:{self.port};ob>\r\n"
            f"Expires: {expires}\r\n{extra}Content-Length: 0\r\n\r\n",
        )

    def send(self, switch: Peer, message: str) -> None:
        self.transport.sendto(message.encode(), (switch.host, switch.port))

    async def log_in(self, switch: Peer, password: str = "secret", *, expires: int = 600) -> str:
        """Register, prove the password, and return the answer."""
        self.register(switch, expires=expires)
        nonce = re.findall(r'nonce="([^"]+)"', await self.heard("SIP/2.0 401"))[0]
        self.register(switch, expires=expires, authorization=credentials(nonce, password))
        return await self.heard("SIP/2.0")

    def answer(self, invite: str, status: str) -> str:
        kept = [line for line in invite.split("\r\n") if re.match(r"(Via|From|Call-ID|CSeq):", line)]
        to = re.findall(r"^To: .*$", invite, re.MULTILINE)[0].strip() + ";tag=phone"
        return "\r\n".join([f"SIP/2.0 {status}", *kept, to, "Content-Length: 0", "", ""])


def credentials(nonce: str, password: str) -> str:
    ours = secrets.token_hex(4)

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    secret, asked = digest(f"bob:confirmlab:{password}"), digest("REGISTER:sip:127.0.0.1")
    response = digest(f"{secret}:{nonce}:00000001:{ours}:auth:{asked}")
    return (
        f'Digest username="bob", realm="confirmlab", nonce="{nonce}", uri="sip:127.0.0.1", response="{response}", '
        f'algorithm=SHA-256, qop=auth, nc=00000001, cnonce="{ours}"'
    )


@pytest.fixture
async def telephone() -> AsyncIterator[Telephone]:
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(
        Telephone, local_addr=("127.0.0.1", 0), family=socket.AF_INET
    )
    yield phone
    transport.close()


async def test_a_phone_registers_with_its_password_and_is_called(side: Any, telephone: Telephone) -> None:
    assert "expires=600" in await telephone.log_in(side.peer)
    name = side.gateway.call(side.peer, PHONE)
    invite = await telephone.heard("INVITE")
    assert invite.startswith("INVITE sip:me@127.0.0.1")
    assert f"sip:{CALLER}@" in invite
    telephone.send(side.peer, telephone.answer(invite, "180 Ringing"))
    assert await side.gateway.next() == Progress(name, 180)
    telephone.send(side.peer, telephone.answer(invite, "486 Busy Here"))
    await telephone.heard("ACK")
    assert (await side.gateway.next()).status == 486
    (call,) = await side.switch.calls(PHONE)
    assert (call.outcome, call.rang_at is not None) == ("busy", True)


async def test_a_wrong_password_registers_nothing(side: Any, telephone: Telephone) -> None:
    assert (await telephone.log_in(side.peer, "wrong")).startswith("SIP/2.0 401")
    name = side.gateway.call(side.peer, PHONE)
    assert await side.gateway.next() == Ended(name, 480, 20, answered=False, by_peer=True)


async def test_a_phone_that_nobody_knows_may_not_register(side: Any, telephone: Telephone) -> None:
    telephone.register(side.peer, user="mallory")
    assert (await telephone.heard("SIP/2.0")).startswith("SIP/2.0 404")


async def test_a_phone_takes_its_registration_away(side: Any, telephone: Telephone) -> None:
    await telephone.log_in(side.peer)
    assert (await telephone.log_in(side.peer, expires=0)).startswith("SIP/2.0 200")
    side.gateway.call(side.peer, PHONE)
    assert (await side.gateway.next()).status == 480


async def test_a_registration_outlives_a_restart(start_side: Any, telephone: Telephone) -> None:
    first = await start_side()
    await telephone.log_in(first.peer)
    second = await start_side()
    second.gateway.call(second.peer, PHONE)
    assert "sip:me@127.0.0.1" in await telephone.heard("INVITE")


async def test_a_registration_that_ran_out_while_the_lab_was_down_is_not_taken_up(
    start_side: Any, database: Database
) -> None:
    await database.run(lambda tx: store.put_registration(tx, PHONE, "sip:me@127.0.0.1:5999", utc_millis() - 1))
    side = await start_side()
    name = side.gateway.call(side.peer, PHONE)
    assert await side.gateway.next() == Ended(name, 480, 20, answered=False, by_peer=True)


async def test_a_registration_ends_when_its_time_is_up(
    clock: LabClock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[tuple[float, Callable[[], None]]] = []
    loop = asyncio.get_running_loop()
    later = loop.call_later

    def call_later(seconds: float, do: Any, *rest: Any, **more: Any) -> Any:
        timers.append((seconds, do))
        return later(seconds, do, *rest, **more)

    monkeypatch.setattr(loop, "call_later", call_later)
    routing = Routing({}, [PhoneSettings(phone_number=PHONE)], [])
    registrar = Registrar(routing, DialPlan(), database, clock, SipEndpoint(str, lambda _: None), utc=lambda: 5_000)
    registrar.restore(PHONE, "sip:127.0.0.1:5999", 65_000)
    assert routing.phones[PHONE].contact is not None
    (seconds, end), *_ = timers
    end()
    assert (seconds, routing.phones[PHONE].contact) == (60, None)
    await registrar.close()


async def test_a_phone_is_called_from_a_handset(side: Any, telephone: Telephone) -> None:
    await telephone.log_in(side.peer)
    call = await side.switch.call_from(ALICE, Dialling(PHONE))
    invite = await telephone.heard("INVITE")
    assert f"sip:{ALICE}@" in invite
    await side.switch.hang_up(ALICE, call.id)
    telephone.send(side.peer, telephone.answer(invite, "180 Ringing"))
    await telephone.heard("CANCEL")
