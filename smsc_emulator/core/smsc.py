"""The short message service centre: accepts messages, brings them to handsets and ESMEs, and reports on them.

One submit_sm goes this way: `submit` decides its fate and adds it to the present turn; the turn is saved as a whole
(message, delivery and receipt in one commit); then the submit_sm_resp is written, the handset gets the text, and the
receipt goes to a receiver of the account. Nothing is acknowledged that is not saved, and no receipt overtakes the
answer to its submit_sm.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

from smsc_emulator.base import msisdn
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Journal
from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.commits import Commits, Turn
from smsc_emulator.core.delivery import Delivery
from smsc_emulator.core.dispatch_log import DispatchLog
from smsc_emulator.core.message import Message, message_id_text
from smsc_emulator.core.outbound import Kind
from smsc_emulator.core.router import Router, ToAccount
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.core.store import SqlStore
from smsc_emulator.handsets.handset import Handset, InboxMessage
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.constants import CommandStatus, MessageState, Npi, Ton
from smsc_emulator.smpp.pdus import Bind, BindTransmitter, Pdu, SubmitSm, SubmitSmResp, Tlv

FIRST_ID = 1_000_000_001
"""The first message's number: ten decimal digits, as receipts have it (Appendix B), and eight hexadecimal ones."""

UNKNOWN_SUBSCRIBER = 1
"""The network error of a message to a number that nobody has (3GPP TS 29.002, 17.6.6)."""

_MODE, _TRANSACTION = 0b11, 0b10
_RESERVED_RECEIPT = 0b11


class NoSuchHandsetError(LookupError):
    """There is no handset with this number."""


class Smsc:
    """The whole SMSC but its sockets.

    `accounts` are the lab's own, after the configuration's. Without a `database` everything is kept in memory;
    with one, `data` is the folder of the dispatch log. `wake` tells the lab's ticker of a new deadline.
    """

    def __init__(
        self,
        settings: SmscSettings,
        clock: Clock,
        journal: Journal,
        handsets: Handsets,
        *,
        accounts: Sequence[AccountSettings] = (),
        database: Database | None = None,
        data: Path | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.handsets = handsets
        every = [*settings.accounts, *accounts]
        self.accounts = {account.system_id: Account(account) for account in every}
        self._clock = clock
        self._journal = journal
        self._router = Router(every, handsets)
        self._store = None if database is None else SqlStore(database)
        self._log = None if database is None or data is None else DispatchLog(data / "dispatched.log")
        self._commits = Commits(self._store, self._committed, self._failed)
        self.delivery = Delivery(self.accounts, clock, journal, self._commits, self._log, wake)
        self._ids = count(FIRST_ID)
        self._references = count(1)

    async def start(self) -> None:
        """Go on where an earlier run on the same database ended."""
        if self._store is None:
            return
        stored = await self._store.load()
        self._ids = count(max(stored.last_message + 1, FIRST_ID))
        self.delivery.ids = count(stored.last_outbound + 1)
        for message in stored.delivered:
            destination = self._router.terminated(message.pdu.destination_addr)
            if message.account and isinstance(destination, Handset):
                destination.receive(message.id, message.pdu, message.accepted_at)
        self.delivery.resume(stored.outbound)
        await self._commits.saved()
        if self._log is not None:
            self._log.clear()

    async def close(self) -> None:
        """Save what is not saved yet. The links must be closed before."""
        await self._commits.saved()
        if self._log is not None:
            self._log.close()

    def check_bind(self, request: Bind) -> int:
        """Return the status that a bind is to be answered with."""
        account = self.accounts.get(request.system_id)
        if account is None:
            return CommandStatus.ESME_RINVSYSID
        if not account.knows(request.password):
            return CommandStatus.ESME_RINVPASWD
        if len(account.links) >= account.settings.max_binds:
            return CommandStatus.ESME_RBINDFAIL
        return CommandStatus.ESME_ROK

    def bound(self, link: Link, request: Bind) -> Account:
        """Take in a session whose bind has been accepted, and send it what waits for it."""
        account = self.accounts[request.system_id]
        receives = not isinstance(request, BindTransmitter)
        account.attach(link, receives=receives)
        kind = type(request).__name__
        self._journal.publish(self._clock.now(), "smpp.bound", account.system_id, bind=kind)
        if receives:
            if account.settings.takes_unserved:
                self.delivery.claim(account)
            self.delivery.pump(account)
        return account

    def unbound(self, link: Link, account: Account) -> None:
        """Let a session go that has unbound or was lost; what it has not acknowledged goes to another or waits."""
        if account.detach(link):
            self._journal.publish(self._clock.now(), "smpp.unbound", account.system_id)
            self.delivery.lost(account, link)

    def submit(self, link: Link, account: Account, pdu: SubmitSm) -> None:
        """Accept or refuse a submit_sm; the answer comes when what follows from it is saved."""
        if status := self._check(pdu):
            link.refuse(pdu, status)
            self._publish_submit(account.system_id, pdu, status, "")
            return
        number = next(self._ids)
        message_id = message_id_text(number, link.interface_version)
        message = Message(number, message_id, account.system_id, self._clock.now(), pdu)
        turn = self._commits.turn()
        self._route(message, turn)
        turn.changes.accepted.append(message)
        turn.answers.append((link, pdu, SubmitSmResp(message_id=message_id)))

    def handset_messages(self, number: str) -> list[InboxMessage]:
        """Return the inbox of a handset, oldest first; NoSuchHandsetError if there is none."""
        return self._handset(number).inbox

    async def send_from_handset(self, number: str, to: str, text: str) -> str:
        """Send an SMS from a handset and return the message_id of its first segment, when it is saved.

        Raises NoSuchHandsetError, and ValueError for a text of more than 255 segments.
        """
        handset = self._handset(number)
        parts = segments.split(text, next(self._references))
        turn = self._commits.turn()
        ids = [self._originate(handset.number, to, part, turn) for part in parts]
        saved = asyncio.get_running_loop().create_future()
        turn.waiting.append(saved)
        await saved
        return ids[0]

    def _handset(self, number: str) -> Handset:
        handset = self.handsets.get(msisdn.from_address(number))
        if handset is None:
            raise NoSuchHandsetError(f"there is no handset {number}")
        return handset

    def _check(self, pdu: SubmitSm) -> int:
        if not pdu.destination_addr:
            return CommandStatus.ESME_RINVDSTADR
        if pdu.esm_class & _MODE == _TRANSACTION:  # submit_sm has no transaction mode (4.4)
            return CommandStatus.ESME_RINVESMCLASS
        if self.settings.strict and pdu.registered_delivery & _RESERVED_RECEIPT == _RESERVED_RECEIPT:
            return CommandStatus.ESME_RINVREGDLVFLG
        return CommandStatus.ESME_ROK

    def _route(self, message: Message, turn: Turn) -> None:
        destination = self._router.terminated(message.pdu.destination_addr)
        if isinstance(destination, Handset):
            turn.received.append((destination, message))
            self.delivery.finish(message, MessageState.DELIVERED, message.accepted_at)
        elif isinstance(destination, ToAccount):
            self.delivery.add(Kind.MESSAGE, destination.system_id, message)
        else:
            self.delivery.finish(message, MessageState.UNDELIVERABLE, message.accepted_at, UNKNOWN_SUBSCRIBER)

    def _originate(self, number: str, to: str, part: segments.Segment, turn: Turn) -> str:
        """Make one segment of a handset's message and put it on its way."""
        dest_addr_ton, destination_addr = _address(to)
        pdu = SubmitSm(
            source_addr_ton=Ton.INTERNATIONAL,
            source_addr_npi=Npi.ISDN,
            source_addr=number.removeprefix("+"),
            dest_addr_ton=dest_addr_ton,
            dest_addr_npi=Npi.ISDN,
            destination_addr=destination_addr,
            esm_class=part.esm_class,
            data_coding=part.data_coding,
            short_message=part.short_message,
            tlvs=[Tlv(*tlv) for tlv in part.tlvs],
        )
        message = Message(serial := next(self._ids), str(serial), "", self._clock.now(), pdu)
        turn.changes.accepted.append(message)
        receiving = {system_id for system_id, account in self.accounts.items() if account.receivers}
        self.delivery.add(Kind.MESSAGE, self._router.originated(to, receiving) or "", message)
        return message.message_id

    # What follows a commit.

    def _committed(self, turn: Turn) -> None:
        links: dict[Link, None] = {}
        for link, request, response in turn.answers:
            link.reply(request, response)
            links[link] = None
        if len(links) > 1:
            # The answers of all links go out before any receipt; on one link alone both share a write, in this order.
            _flush(links)
        changes = turn.changes
        self._publish_accepted(changes.accepted)
        self._publish_final(changes.moved)
        for handset, message in turn.received:
            self._receive(handset, message)
        self.delivery.enqueue(changes.queued)
        self.delivery.settled(changes.gone)
        _flush(links)
        for saved in turn.waiting:
            if not saved.done():
                saved.set_result(None)

    def _failed(self, turn: Turn, error: Exception) -> None:
        links: dict[Link, None] = {}
        for link, request, _ in turn.answers:
            link.refuse(request, CommandStatus.ESME_RSYSERR)
            links[link] = None
        _flush(links)
        for saved in turn.waiting:
            if not saved.done():
                saved.set_exception(error)

    def _receive(self, handset: Handset, message: Message) -> None:
        text = handset.receive(message.id, message.pdu, message.accepted_at)
        if text is not None:
            self._journal.publish(
                message.accepted_at,
                "handset.received",
                handset.number,
                message_id=message.message_id,
                **{"from": text.sender},
            )

    def _publish_accepted(self, accepted: Iterable[Message]) -> None:
        for message in accepted:
            told = {"account": message.account, "to": message.pdu.destination_addr}
            if message.account:
                self._publish_submit(message.account, message.pdu, CommandStatus.ESME_ROK, message.message_id)
            self._journal.publish(message.accepted_at, "message.accepted", message.message_id, **told)
        self._publish_final(message for message in accepted if message.is_final)

    def _publish_final(self, messages: Iterable[Message]) -> None:
        for message in messages:
            assert message.final_at is not None
            name = "message.delivered" if message.state == MessageState.DELIVERED else "message.failed"
            told = {"account": message.account, "to": message.pdu.destination_addr, "state": message.state}
            self._journal.publish(message.final_at, name, message.message_id, **told)

    def _publish_submit(self, account: str, pdu: Pdu, status: int, message_id: str) -> None:
        assert isinstance(pdu, SubmitSm)
        told = {"account": account, "to": pdu.destination_addr, "command_status": status}
        self._journal.publish(self._clock.now(), "smpp.submit_sm", message_id, **told)


def _address(to: str) -> tuple[int, str]:
    """Return type of number and SMPP address of what a person dialled."""
    number = msisdn.from_address(to)
    return (Ton.INTERNATIONAL, number[1:]) if number.startswith("+") else (Ton.UNKNOWN, to)


def _flush(links: Iterable[Link]) -> None:
    for link in links:
        link.flush()
