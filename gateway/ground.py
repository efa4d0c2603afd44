"""What every part of a lab stands on: its settings, its folder, its time, its storage, and who closes what."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import cached_property

from aiohttp import ClientSession, TraceConfig

from gateway import __version__
from gateway.captures.lab import WHOLE_RUN, new_id
from gateway.captures.names import Names
from gateway.folder import DataFolder
from gateway.lookup.client import numbering_plan
from gateway.lookup.routing import NumberingPlan
from gateway.migrations import upgrade
from gateway.nodes import be_the_only_lab, share_key
from gateway.settings import Settings
from gateway.timekeeping import Timekeeper, real_time, restore
from smsc_emulator.base.activity import Activity
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.randomness import Randomness, SecretRandomness, SeededRandomness
from smsc_emulator.base.signed_http import NearSession, Session
from smsc_emulator.net.capture import Captures


class Ground:
    """The common ground of one lab. `stack` closes what is pushed on it, the last first; `ports` and `checks` grow."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stack = AsyncExitStack()
        self.ports: dict[str, int] = {}
        """Where the parts listen."""
        self.checks: dict[str, Callable[[], bool]] = {}
        """Whether each part that others depend on can serve."""
        self.traces: list[TraceConfig] = []
        """Who looks on at the requests between the gateway and the operators; to be said before the start."""

    async def open(self) -> None:
        """Take the folder, open the database and set the clock. Raises FolderInUseError."""
        self.folder = DataFolder(self.settings.server.data)
        self.stack.callback(self.folder.close)
        self.journal = Journal()
        self._open_captures()
        self.database = Database(self.settings.server.database or self.folder.database_url, self.journal)
        await self.database.setup(upgrade)
        paused = self.settings.lab.paused_clock
        self.clock = await self.database.setup(lambda conn: restore(conn, paused=paused, real_now=real_time(conn)))
        self.activity = Activity(self.clock)
        self.database.start()
        self.stack.push_async_callback(self.database.close)
        if self.database.shared:
            await share_key(self.database, self.key())
        if self.settings.lab.enabled:
            await be_the_only_lab(self.database)
        self.time = Timekeeper(self.clock, self.activity, self.database)
        await self.time.save("lab.started")
        self.stack.push_async_callback(self.time.save, "lab.stopped")
        self.session = await self.stack.enter_async_context(ClientSession(trace_configs=self.traces))
        near = NearSession(self.session, lambda: self.base_url)
        self.stack.callback(near.close)
        # Who looks on sees what aiohttp's client does, so it does all of it then.
        self.messages: Session = self.session if self.traces else near

    def _open_captures(self) -> None:
        """Make ready to listen to each kind of link, and begin if the whole run is to be captured."""
        names = Names(self.journal)
        self.captures = Captures(f"confirmlab {__version__}", names.of)
        self.captures.on_running = names.listen
        self.stack.push_async_callback(self.captures.close)
        declare = self.captures.interface
        self.tap_smsc = declare("smsc", "SMPP at the lab's SMSC", "smpp")
        self.tap_smsc_link = declare("smsc_link", "SMPP of the gateway's own bind", "smpp")
        self.tap_voice_switch = declare("voice_switch", "SIP at the lab's voice switch", "sip")
        self.tap_voice_link = declare("voice_link", "SIP of the gateway's own user agent", "sip")
        if self.settings.server.pcap is not None:
            self.captures.start(new_id(), self.settings.server.pcap, WHOLE_RUN)

    def start_ticking(self) -> None:
        """Begin to fire deadlines."""
        self.stack.push_async_callback(_cancel, asyncio.create_task(self.time.ticker.run(), name="ticker"))

    def wake(self) -> None:
        """Have the ticker look at the deadlines again."""
        self.time.ticker.wake()

    def randomness(self, part: str) -> Randomness:
        """Return the source of chance of one part: with a seed, each part has a sequence of its own."""
        seed = self.settings.lab.seed
        return SecretRandomness() if seed is None else SeededRandomness(f"{seed}/{part}")

    @cached_property
    def plan(self) -> NumberingPlan:
        """Whose number each is, by the configuration and the registry's files. Raises NumberingFileError."""
        return numbering_plan(self.settings.operators, self.settings.numbering_files)

    def key(self) -> bytes:
        """Return the key that codes are derived and hashed with: the folder's, or that of the seed, which repeats."""
        seed = self.settings.lab.seed
        return self.folder.key() if seed is None else hashlib.sha256(f"{seed}/key".encode()).digest()

    @property
    def near(self) -> str:
        """The lab's address for those who are on this machine."""
        host = self.settings.server.host
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what is compared, not listened on

    @property
    def base_url(self) -> str:
        """Where the lab's HTTP face is, for those who are on this machine."""
        host = f"[{self.near}]" if ":" in self.near else self.near
        return f"http://{host}:{self.ports['http']}"


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
