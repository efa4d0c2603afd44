"""A switch on a lab clock that stands still; the test plays the SIP endpoint, notes the acts and gives the events."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.sip.calls import Answered, CallEvent, Ended, Incoming, Invitation, Peer, Progress
from smsc_emulator.voice.routing import Trunk
from smsc_emulator.voice.settings import VoiceSettings
from smsc_emulator.voice.switch import Switch

ALICE, BOB, CAROL = "+70000000001", "+70000000002", "+70000000003"
ACCESS, CALLER = "+70002000001", "+70001001234"
GATEWAY, STRANGER = Peer("127.0.0.1", 15060), Peer("127.0.0.9", 5060)
Act = tuple[Any, ...]


@dataclass
class ControlStub:
    """A CallControl that notes what it is told; what needs the other side's consent is consented to at once."""

    tell: Callable[[CallEvent], None] = lambda _event: None
    acts: list[Act] = field(default_factory=list)
    failure: Exception | None = None

    def invite(self, call: str, peer: Peer, invitation: Invitation, *, expires: int | None = None) -> None:
        self._note("invite", call, peer, invitation)

    def progress(self, call: str, status: int, *, early_media: bool = False) -> None:
        self._note("progress", call, status, early_media)

    def answer(self, call: str) -> None:
        self._note("answer", call)
        self.tell(Answered(call))

    def end(self, call: str, status: int = 480, cause: int | None = None) -> None:
        self._note("end", call, status, cause)
        self.tell(Ended(call, status, cause, answered=False, by_peer=False))

    def accept_registration(self, request: str, contact: str | None, expires: int) -> None:
        self._note("accept", request, contact, expires)

    def challenge(self, request: str, challenges: list[str]) -> None:
        self._note("challenge", request, challenges)

    def refuse_registration(self, request: str, status: int) -> None:
        self._note("refuse", request, status)

    def _note(self, *act: Any) -> None:
        if self.failure is not None:
            raise self.failure
        self.acts.append(act)


@dataclass
class World:
    """The switch, and all that a test needs to play its surroundings."""

    switch: Switch
    control: ControlStub
    clock: LabClock
    database: Database
    handsets: Handsets
    ticker: Ticker
    activity: Activity
    _names: Any = field(default_factory=lambda: count(1))

    async def settled(self) -> list[Act]:
        """Wait until everything is stored and told; return the acts since this was last asked."""
        await self.switch.stored()
        acts, self.control.acts = self.control.acts, []
        return acts

    def incoming(
        self,
        called: str = ALICE,
        caller: str = CALLER,
        *,
        peer: Peer = GATEWAY,
        asserted: str | None = None,
        **more: Any,
    ) -> str:
        """Let somebody call; return the name of the leg."""
        leg = f"in-{next(self._names)}"
        invitation = Invitation(caller, called, asserted=caller if asserted is None else asserted or None, **more)
        self.switch.on_event(Incoming(leg, invitation, peer))
        return leg

    def progress(self, leg: str, status: int, *, early_media: bool = False) -> None:
        self.switch.on_event(Progress(leg, status, early_media))

    def answered(self, leg: str) -> None:
        self.switch.on_event(Answered(leg))

    def ended(
        self,
        leg: str,
        status: int = 487,
        cause: int | None = None,
        *,
        answered: bool = False,
        moved_to: str | None = None,
    ) -> None:
        self.switch.on_event(Ended(leg, status, cause, answered, by_peer=True, moved_to=moved_to))

    async def advance(self, millis: int) -> list[Act]:
        await self.ticker.advance(millis)
        return await self.settled()

    async def last(self, number: str = ALICE) -> Any:
        """Return the newest call in a number's log, as it is stored."""
        return (await self.switch.calls(number))[-1]

    def events(self, number: str = ALICE) -> list[str]:
        return [event.type for event in self.database.journal.since(0, 1000) if event.subject == number]


@pytest.fixture
async def make_switch(clock: LabClock, database: Database) -> AsyncIterator[Callable[..., Any]]:
    """Return a function that starts a switch with a configuration; the gateway is a trusted trunk of it."""
    started: list[Switch] = []

    async def make(settings: VoiceSettings | None = None, **more: Any) -> World:
        handsets, control = Handsets([ALICE, BOB, CAROL]), ControlStub()
        activity = Activity(clock)
        ticker = Ticker(clock, activity)
        names = count(1)
        switch = Switch(
            settings or VoiceSettings(),
            clock,
            database,
            handsets,
            control,
            activity=activity,
            names=lambda: f"out-{next(names)}",
            wake=ticker.wake,
            **more,
        )
        control.tell = switch.on_event
        await switch.start()
        started.append(switch)
        switch.add_trunk(Trunk("gateway", GATEWAY, (ACCESS,), trusted=True))
        ticker.add(*switch.deadlines)
        return World(switch, control, clock, database, handsets, ticker, activity)

    yield make
    for switch in started:
        await switch.close()


@pytest.fixture
async def world(make_switch: Callable[..., Any]) -> World:
    made: World = await make_switch()
    return made
