"""An SMSC without sockets on the paused clock, with peers that keep what they are told."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.core.message import Message
from smsc_emulator.core.outbound import Outbound
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handset import Changed
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.handsets.script import Script
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.smpp import receipts
from smsc_emulator.smpp.pdus import BindTransceiver, DeliverSm, DeliverSmResp, Pdu, SubmitSm, SubmitSmResp

NUMBER = "+70000000001"
ACCOUNTS = [
    AccountSettings(system_id="alice", password="secret"),
    AccountSettings(system_id="bob", password="secret", serves=["1234"], takes_unserved=False),
]


class Peer:
    """A bound link that answers each deliver_sm with the next of `statuses`, or with ESME_ROK; None is no answer."""

    def __init__(self, smsc: Smsc, system_id: str, version: int) -> None:
        self.smsc, self.interface_version = smsc, version
        self.in_flight: dict[int, Outbound] = {}
        self.delivered: list[DeliverSm] = []
        self.answers: list[Pdu] = []
        self.refused: list[int] = []
        self.statuses: list[int | None] = []
        self._sent: list[Pdu] = []
        self._sequence = 0
        self.account = smsc.bound(self, BindTransceiver(system_id=system_id, password="secret"))

    def room(self) -> int:
        return 100

    def send(self, pdu: Pdu) -> int:
        self._sequence += 1
        pdu.sequence_number = self._sequence
        self._sent.append(pdu)
        return self._sequence

    def send_all(self, pdus: Sequence[Pdu]) -> list[int]:
        return [self.send(pdu) for pdu in pdus]

    def reply(self, request: Pdu, response: Pdu) -> None:
        self.answers.append(response)

    def reply_all(self, answers: Sequence[tuple[Pdu, Pdu]]) -> None:
        self.answers += [response for _, response in answers]

    def refuse(self, request: Pdu, status: int) -> None:
        self.refused.append(status)

    def flush(self) -> None:
        sent, self._sent = self._sent, []
        for pdu in sent:
            assert isinstance(pdu, DeliverSm)
            self.delivered.append(pdu)
            status = self.statuses.pop(0) if self.statuses else 0
            if status is not None:
                self.answer(pdu, status)

    def answer(self, pdu: Pdu, status: int = 0) -> None:
        self.smsc.delivery.answered(self, pdu, DeliverSmResp(command_status=status))

    def receipts(self) -> list[tuple[str | None, str | None]]:
        """Return stat and err of what was delivered."""
        read = [receipts.parse(pdu.short_message.decode("latin-1")) for pdu in self.delivered]
        return [(receipt.stat, receipt.err) for receipt in read]


class Center:
    """The SMSC, its clock and its ticker."""

    def __init__(self, clock: LabClock, journal: Journal, database: Database | None, folder: Path | None, **more: Any):
        self.clock, self.journal = clock, journal
        settings = SmscSettings(**{"accounts": ACCOUNTS, **more})
        self.smsc = Smsc(settings, clock, journal, Handsets([NUMBER]), database=database, data=folder)
        self.ticker = Ticker(clock, Activity(clock), self.smsc.deadlines)
        self.handset = self.smsc.handset(NUMBER)

    def bind(self, system_id: str = "alice", version: int = 0x34) -> Peer:
        return Peer(self.smsc, system_id, version)

    async def settle(self) -> None:
        """Let everything be saved and answered, and what follows from that too."""
        for _ in range(3):
            await self.smsc.life._commits.turn_over()

    async def submit(self, peer: Peer, text: bytes = b"hello", **fields: Any) -> str:
        """Submit, and return the message_id of the answer."""
        pdu = SubmitSm(**{"source_addr": "bank", "destination_addr": NUMBER[1:], "short_message": text, **fields})
        self.smsc.intake.submit(peer, peer.account, [pdu])
        await self.settle()
        answer = peer.answers[-1] if peer.answers else None
        return answer.message_id if isinstance(answer, SubmitSmResp) else ""

    async def turn(self, by: int) -> None:
        await self.ticker.advance(by)
        await self.settle()

    async def become(self, state: HandsetState, memory: int | None = None, script: Script | None = None) -> None:
        """Change the handset, and let the ticker do what is due by that."""
        await self.smsc.change_handset(NUMBER, Changed(state, memory, script))
        await self.turn(0)

    def message(self, message_id: str) -> Message:
        (message,) = self.smsc.life.waiting.get(message_id)
        return message

    def inbox(self) -> list[str]:
        return [message.text for message in self.handset.inbox]


@pytest.fixture
def start(clock: LabClock, journal: Journal) -> Callable[..., Awaitable[Center]]:
    async def begin(database: Database | None = None, folder: Path | None = None, **settings: Any) -> Center:
        center = Center(clock, journal, database, folder, **settings)
        await center.smsc.start()
        return center

    return begin


@pytest.fixture
async def center(start: Callable[..., Awaitable[Center]]) -> Center:
    return await start()
