"""The lab's voice switch: it runs the exchange, stores what changes before anything of it is told, and keeps the time.

Each input, from SIP, from the lab clock or from the HTTP face, changes the exchange at once. What follows is gathered
for one turn of the loop, committed, and only then told to the parties: a phone never rings for a call that is not in
the log. While a commit is under way the next turn gathers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import count
from typing import Any, Protocol

import structlog

from smsc_emulator.base.activity import Activity, Work
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database
from smsc_emulator.base.msisdn import DialPlan
from smsc_emulator.handsets.handset import Handset
from smsc_emulator.handsets.voice import HABIT, Voice
from smsc_emulator.sip.calls import CallControl, CallEvent, Ended, Incoming
from smsc_emulator.sip.registering import Registering
from smsc_emulator.voice import store
from smsc_emulator.voice.calls import Act, Entry, Turn
from smsc_emulator.voice.errors import CallOverError, NoLineError, NoSuchCallError
from smsc_emulator.voice.exchange import Dialling, Exchange, Habits
from smsc_emulator.voice.firewall import Firewall
from smsc_emulator.voice.registrar import Registrar, RegistrationControl
from smsc_emulator.voice.routing import Routing, Trunk
from smsc_emulator.voice.settings import FirewallRuleSettings, VoiceSettings

log = structlog.get_logger(__name__)


class VoiceControl(CallControl, RegistrationControl, Protocol):
    """What the switch can do over SIP."""


class Switch:
    """Calls between the lab's handsets, its SIP phones and its trunks.

    `control` carries the switch's acts over SIP and has its events given to `on_event` and `on_register`; `await
    start()` comes before the first of them. `names` makes a new name for each leg that goes out. `assigned` tells
    whether an operator of the lab has been given a number, for the firewall. `wake` has the ticker look at `deadlines`
    again. `await close()` stores what is left; it comes after the end of `control`.
    """

    gives_up = False

    def __init__(
        self,
        settings: VoiceSettings,
        clock: Clock,
        database: Database,
        handsets: Mapping[str, Handset],
        control: VoiceControl,
        *,
        activity: Activity,
        names: Callable[[], str],
        wake: Callable[[], None],
        plan: DialPlan | None = None,
        assigned: Callable[[str], bool] | None = None,
    ) -> None:
        self._clock = clock
        self._database = database
        self._control = control
        self._activity = activity
        self._wake = wake
        self.routing = Routing(handsets, settings.phones, settings.trunks)
        self.firewall = Firewall(settings.firewall, assigned or self.routing.is_line)
        habits = Habits(settings.no_answer_after, settings.call_waiting, settings.transit)
        plan = plan or DialPlan()
        self.exchange = Exchange(habits, self.routing, self.firewall, plan, names)
        self._registrar = Registrar(self.routing, plan, database, clock, control)
        self._awaited: dict[str, Work] = {}
        self._storing: asyncio.Task[None] | None = None
        self._ended: set[str] = set()
        """Legs that have ended while something was being stored, after which there may be acts on them."""
        self._owed = Turn()
        """What became of calls that are in their logs, and could not be stored."""

    @property
    def deadlines(self) -> tuple["Switch"]:
        """What the ticker looks after: the handsets' reactions, and the end of ringing."""
        return (self,)

    async def start(self) -> None:
        """Take up what an earlier run left; its calls that were under way are ended."""
        stored = await self._database.run(partial(store.load, now=self._clock.now()))
        self.exchange.ids = count(stored.last_id + 1)
        self.exchange.voices.update(stored.voices)
        if stored.habits is not None:
            self._take_habits(stored.habits)
        for number, contact, until in stored.registrations:
            self._registrar.restore(number, contact, until)

    async def close(self) -> None:
        """Store what has changed."""
        await self._registrar.close()
        await self.stored()
        for leg in list(self._awaited):
            self._heard_of(leg)

    def add_trunk(self, trunk: Trunk) -> None:
        """Take a trunk into service, such as the lab's own gateway with its access numbers."""
        self.routing.trunks[trunk.name] = trunk

    # Inputs.

    def on_event(self, event: CallEvent) -> None:
        """Let something happen to a SIP call."""
        if not isinstance(event, Incoming):
            self._heard_of(event.call)
        if isinstance(event, Ended) and self._storing is not None:
            self._ended.add(event.call)
        self.exchange.receive(event, self._clock.now())
        self._store_soon()

    def on_register(self, event: Registering) -> None:
        """Let a SIP phone tell where it is."""
        self._registrar.on_register(event)

    async def next_due(self) -> int | None:
        """Return the instant of the next reaction, or None."""
        return self.exchange.next_due()

    async def fire(self, now: int) -> None:
        """Let the handsets do what is due, and tell the other parties."""
        self.exchange.fire(now)
        self._store_soon()
        await self.stored()

    # The lab's powers over its numbers.

    async def call_from(self, number: str, dialling: Dialling) -> Entry:
        """Call from a handset, and return the call as it is once it is stored and on its way.

        Raises NoLineError for a number without a handset and HandsetCannotCallError for one without a network.
        """
        if number not in self.routing.handsets:
            raise NoLineError(f"there is no handset {number}")
        return await self._after(self.exchange.originate(number, dialling, self._clock.now()))

    async def answer(self, number: str, entry_id: int) -> Entry:
        """Answer a call to a handset. Raises NoLineError, NoSuchCallError or CallOverError."""
        await self.call(number, entry_id)
        try:
            answered = self.exchange.answer(number, entry_id, self._clock.now())
        except NoSuchCallError:
            raise CallOverError("the call is over") from None
        return await self._after(answered)

    async def hang_up(self, number: str, entry_id: int) -> Entry:
        """End a call as this number's user would: reject it, take it back or hang up; one that is over is left alone.

        Raises NoLineError, and NoSuchCallError for a call that the number never had.
        """
        entry = await self.call(number, entry_id)
        if entry.ended_at is not None:
            return entry
        try:
            ended = self.exchange.hang_up(number, entry_id, self._clock.now())
        except NoSuchCallError:  # it ended while its row was being read
            return await self.call(number, entry_id)
        return await self._after(ended)

    async def calls(self, number: str, after: int = 0) -> list[Entry]:
        """Return the log of a number from the call after `after` on, oldest first. Raises NoLineError."""
        self._line(number)
        return await self._database.run(partial(store.of_number, number=number, after=after))

    async def call(self, number: str, entry_id: int) -> Entry:
        """Return one call of a number. Raises NoLineError and NoSuchCallError."""
        self._line(number)
        entry = await self._database.run(partial(store.find, number=number, entry_id=entry_id))
        if entry is None:
            raise NoSuchCallError(f"{number} has no call {entry_id}")
        return entry

    def voice(self, number: str) -> Voice:
        """Return what a number does with calls. Raises NoLineError."""
        self._line(number)
        return self.exchange.voices.get(number, HABIT)

    async def set_voice(self, number: str, voice: Voice) -> None:
        """Say what a number does with the calls that come from now on. Raises NoLineError."""
        self._line(number)
        await self._database.run(partial(store.put_voice, number=number, voice=voice))
        self.exchange.voices[number] = voice

    @property
    def habits(self) -> Habits:
        """What the switch does with all calls."""
        return self.exchange.habits

    async def set_habits(self, habits: Habits, rules: Sequence[FirewallRuleSettings]) -> None:
        """Say what the switch does with the calls that come from now on."""
        kept = {**asdict(habits), "firewall": [rule.model_dump() for rule in rules]}
        await self._database.run(partial(store.put_habits, habits=kept))
        self._take_habits(kept)

    def _take_habits(self, kept: Mapping[str, Any]) -> None:
        habits = dict(kept)
        self.firewall.rules = [FirewallRuleSettings.model_validate(rule) for rule in habits.pop("firewall")]
        self.exchange.habits = Habits(**habits)

    def _line(self, number: str) -> None:
        if not self.routing.is_line(number):
            raise NoLineError(f"there is no handset or phone {number}")

    # Storing, and what follows.

    async def _after(self, entry: Entry) -> Entry:
        self._store_soon()
        await self.stored()
        return entry

    def _store_soon(self) -> None:
        self._wake()
        if self._storing is None and self.exchange.turn:
            self._storing = asyncio.get_running_loop().create_task(self._store(), name="voice switch")

    async def stored(self) -> None:
        """Wait until everything is stored and the parties are told."""
        while self._storing is not None:
            await asyncio.shield(self._storing)

    async def _store(self) -> None:
        with self._activity.track():
            try:
                while self.exchange.turn:
                    turn = self.exchange.take()
                    saving = store.Saving(turn)
                    if saving:
                        await self._committed(self._database.run(saving), turn)
                    else:
                        self._do(turn.acts)
            finally:
                self._storing = None
                self._ended.clear()

    async def _committed(self, commit: Awaitable[None], turn: Turn) -> None:
        try:
            await commit
        except Exception:
            log.exception("the voice switch's store failed", calls=len(turn.begun))
            self._owed.add(turn)
            legs = dict.fromkeys(act.leg for act in turn.acts)
            self._do([Act(leg, partial(_refuse, leg=leg), awaits=True) for leg in legs])
            for entry in turn.begun:
                self.exchange.fail(entry, self._clock.now())
        else:
            self._do(turn.acts)
            await self._make_up()

    async def _make_up(self) -> None:
        """Store what could not be stored before, apart from what comes now: one bad row must not stop all that follow.

        What the store refuses once more is given up.
        """
        saving, self._owed = store.Saving(self._owed), Turn()
        if saving:
            try:
                await self._database.run(saving)
            except Exception:
                log.exception("what became of calls could not be stored")

    def _do(self, acts: Sequence[Act]) -> None:
        for act in acts:
            if act.leg in self._ended:  # nothing would come of it, and so nothing may be waited for
                continue
            if act.awaits and act.leg not in self._awaited:
                self._awaited[act.leg] = self._activity.track()
            try:
                act.do(self._control)
            except Exception:
                log.exception("an act on a call failed", leg=act.leg)
                self.on_event(Ended(act.leg, 503, 41, answered=False, by_peer=False))

    def _heard_of(self, leg: str) -> None:
        """Stop waiting for the other side of a leg: it has said something."""
        awaited = self._awaited.pop(leg, None)
        if awaited is not None:
            awaited.end()


def _refuse(control: CallControl, leg: str) -> None:
    control.end(leg, 503, 41)
