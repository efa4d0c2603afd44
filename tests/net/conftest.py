"""An SMSC on a real port, and the ESMEs that bind to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.journal import Journal
from smsc_emulator.core.personality_settings import PersonalitySettings
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handset import Changed
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.net.smpp_server import SmppServer
from smsc_emulator.smpp.pdus import (
    AlertNotification,
    BindReceiver,
    BindTransmitter,
    DataSm,
    DeliverSm,
    SubmitSm,
    SubmitSmResp,
)

NUMBER, OTHER = "+70000000001", "+70000000002"
ACCOUNTS = [
    AccountSettings(system_id="alice", password="secret", window=100, max_binds=3),
    AccountSettings(system_id="bob", password="secret", window=10, serves=["1234"], takes_unserved=False),
]


@dataclass
class Esme:
    """A client that keeps what is delivered to it and answers with the next of `statuses`, or with ESME_ROK."""

    client: EsmeClient
    delivered: asyncio.Queue[DeliverSm] = field(default_factory=asyncio.Queue)
    statuses: list[int] = field(default_factory=list)
    data: asyncio.Queue[DataSm] = field(default_factory=asyncio.Queue)
    alerts: asyncio.Queue[AlertNotification] = field(default_factory=asyncio.Queue)

    def take_data(self, pdu: DataSm) -> int:
        self.data.put_nowait(pdu)
        return self.statuses.pop(0) if self.statuses else 0

    def take(self, pdu: DeliverSm) -> int:
        self.delivered.put_nowait(pdu)
        return self.statuses.pop(0) if self.statuses else 0

    async def next(self) -> DeliverSm:
        async with asyncio.timeout(5):
            return await self.delivered.get()

    async def submit(self, text: bytes = b"hello", to: str = NUMBER, **more: Any) -> SubmitSmResp:
        fields = {"source_addr": "tester", "source_addr_ton": 5, "dest_addr_ton": 1, "dest_addr_npi": 1, **more}
        pdu = SubmitSm(destination_addr=to.removeprefix("+"), short_message=text, **fields)
        async with asyncio.timeout(5):
            return await self.client.submit(pdu)


class Lab:
    """An SMSC with its server; `bind` gives a bound ESME."""

    def __init__(self, clock: LabClock, journal: Journal, folder: Path | None, settings: SmscSettings) -> None:
        self.clock, self.journal, self.folder = clock, journal, folder
        self.settings = settings
        self.esmes: list[EsmeClient] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.database: Database | None = None
        self.woken = asyncio.Event()
        self.personalities: dict[str, PersonalitySettings] = {}

    async def start(self) -> "Lab":
        if self.folder is not None:
            self.database = Database(f"sqlite:///{self.folder}/lab.db", self.journal)
            metadata.create_all(self.database.engine)
            self.database.start()
        self.smsc = Smsc(
            self.settings,
            self.clock,
            self.journal,
            Handsets([NUMBER, OTHER]),
            database=self.database,
            data=self.folder,
            wake=self.woken.set,
            personalities=self.personalities,
        )
        await self.smsc.start()
        self.server = SmppServer(self.smsc)
        await self.server.start("127.0.0.1", 0)
        return self

    async def stop(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        for esme in self.esmes:
            await esme.close()
        await self.server.close()
        await self.smsc.close()
        if self.database is not None:
            await self.database.close()

    async def bind(self, system_id: str = "alice", password: str = "secret", **more: Any) -> Esme:
        kinds = {"tx": BindTransmitter, "rx": BindReceiver}
        if "kind" in more:
            more["bind_type"] = kinds[more.pop("kind")]
        client = EsmeClient("127.0.0.1", self.server.port, system_id, password, reconnect=False, **more)
        esme = Esme(client)
        client.on_deliver, client.on_data_sm, client.on_alert = esme.take, esme.take_data, esme.alerts.put_nowait
        self.esmes.append(client)
        client.start()
        await client.bound(5)
        return esme

    async def switch(self, number: str, state: HandsetState) -> None:
        """Change a handset's state, and do what is due then."""
        await self.smsc.change_handset(number, Changed(state))
        await self.smsc.life.fire(self.clock.now())

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self.writers.append(writer)
        return reader, writer

    async def happened(self, name: str, count: int = 1, after: int = 0) -> None:
        """Wait until the journal has `count` events of one type."""
        async with asyncio.timeout(5):
            while len(self.journal.since(after, 10_000, lambda e: e.type == name)) < count:
                last = self.journal.next_seq - 1
                await self.journal.wait(last, 5)


@pytest.fixture
async def start_lab(clock: LabClock, journal: Journal) -> AsyncIterator[Callable[..., Awaitable[Lab]]]:
    """Start labs with settings of the SMSC's section; with a folder they keep their messages there.

    `personality` is the content of a personality's file, for all accounts that name none.
    """
    labs: list[Lab] = []

    async def start(folder: Path | None = None, personality: PersonalitySettings | None = None, **settings: Any) -> Lab:
        if personality is not None:
            settings["personality"] = personality.name
        chosen = SmscSettings(**{"accounts": ACCOUNTS, "bind_failure_delay": 20, **settings})
        labs.append(Lab(clock, journal, folder, chosen))
        if personality is not None:
            labs[-1].personalities[personality.name] = personality
        return await labs[-1].start()

    yield start
    for lab in labs:
        await lab.stop()


@pytest.fixture
async def lab(start_lab: Callable[..., Awaitable[Lab]]) -> Lab:
    return await start_lab()
