"""The short message service centre: accepts messages, brings them to handsets and ESMEs, and reports on them.

One submit_sm goes this way: the intake decides its fate and adds it to the present turn; the turn is saved as a whole
(message, delivery and receipt in one commit); then the submit_sm_resp is written, the handset gets the text, and the
receipt goes to a receiver of the account. Nothing is acknowledged that is not saved, and no receipt overtakes the
answer to its submit_sm.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from types import MappingProxyType

from smsc_emulator.base import msisdn
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.database import Database
from smsc_emulator.base.journal import Alike, Journal, Told
from smsc_emulator.core import access
from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.broadcasts import Broadcasts
from smsc_emulator.core.commits import Commits, Turn
from smsc_emulator.core.conduct import Conduct
from smsc_emulator.core.delivery import Delivery
from smsc_emulator.core.dispatch_log import DispatchLog
from smsc_emulator.core.faults.engine import Faults, Rule
from smsc_emulator.core.faults.sight import Sight
from smsc_emulator.core.intake import Intake
from smsc_emulator.core.life import FIRST_ID, Life, RefusedError
from smsc_emulator.core.message import Message
from smsc_emulator.core.mobile_plans import Planned
from smsc_emulator.core.mobiles import Mobiles
from smsc_emulator.core.operations.data import Transactions
from smsc_emulator.core.operations.multi import distribution_lists
from smsc_emulator.core.operations.table import OPERATIONS
from smsc_emulator.core.personality import Personality
from smsc_emulator.core.personality_settings import PersonalitySettings
from smsc_emulator.core.router import Router
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.core.store import SqlStore, Stored
from smsc_emulator.core.submits import Submits
from smsc_emulator.handsets.handset import Changed, Handset, InboxMessage
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.smpp.constants import CommandStatus, MessageState
from smsc_emulator.smpp.pdus import Bind, Pdu, SubmitSm

TOGETHER = 20
"""Up to how many answers share a write with the receipts of their messages. The peer of a busy link, which has the
answers of more before, makes its next requests while the receipts are made."""

_OK = int(CommandStatus.ESME_ROK)
_BUILT_IN = {"standard": PersonalitySettings()}


class NoSuchHandsetError(LookupError):
    """There is no handset with this number."""


class Smsc:
    """The whole SMSC but its sockets.

    `accounts` are the lab's own, after the configuration's. Without a `database` everything is kept in memory;
    with one, `data` is the folder of the dispatch log. `wake` tells the lab's ticker of a new deadline. `personalities`
    are those that the settings name, by name; `standard` need not be among them. KeyError for one that is not there.
    Faults that fire by chance repeat with `fault_seed`.
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
        personalities: Mapping[str, PersonalitySettings] = MappingProxyType({}),
        fault_seed: str = "confirmlab",
    ) -> None:
        self.settings = settings
        known = {name: Personality(file) for name, file in {**_BUILT_IN, **personalities}.items()}
        self.personality = known[settings.personality]
        """How peers are treated that have not bound."""
        self.handsets = handsets
        self.lists = distribution_lists(settings.distribution_lists)
        """The members of the distribution lists."""
        self.transactions = Transactions()
        every = [*settings.accounts, *accounts]
        self.accounts = {account.system_id: self._account(account, known) for account in every}
        self._clock = clock
        self._journal = journal
        self._router = Router(every, handsets)
        self._store = None if database is None else SqlStore(database)
        self._log = None if database is None or data is None else DispatchLog(data / "dispatched.log")
        self._commits = Commits(self._store, self._committed, self._failed)
        self.conduct = Conduct(self.accounts)
        self.submits = Submits()
        """The latest submit_sm, as the ESMEs wrote them; the links tell them when they answer."""
        self.faults = Faults(fault_seed, settings.faults, self._publish_fault)
        self.delivery = Delivery(
            self.accounts,
            clock,
            journal,
            self._commits,
            self._log,
            wake,
            self.faults,
            retry_after=settings.esme_retry_after,
            receipt_lifetime=settings.receipt_lifetime,
        )
        self.life = Life(
            settings, clock, journal, self.accounts, handsets, self._router, self._commits, self.delivery, wake
        )
        self.intake = Intake(
            self.life, self._router, self.faults, self._commits, clock, journal, settings.default_validity
        )
        self.mobiles = Mobiles(handsets, clock, self._commits, self.life, wake)
        self.broadcasts = Broadcasts(handsets, clock, self._receive_alone, wake)
        self.deadlines = (self.life, self.mobiles, self.broadcasts, self.delivery)
        """What the lab's ticker looks after."""

    def _account(self, settings: AccountSettings, personalities: Mapping[str, Personality]) -> Account:
        personality = personalities[settings.personality or self.settings.personality]
        return Account(settings, personality, access.session_config(self.settings, personality, settings))

    async def start(self) -> None:
        """Go on where an earlier run on the same database ended."""
        if self._store is None:
            return
        stored = await self._store.load()
        self.life.ids = count(max(stored.last_message + 1, FIRST_ID))
        self.delivery.ids = count(stored.last_outbound + 1)
        self._fill_handsets(stored)
        self.life.resume(stored.pending, stored.over, stored.outbound)
        self.delivery.resume(stored.outbound)
        await self._commits.saved()
        if self._log is not None:
            self._log.clear()

    async def close(self) -> None:
        """Save what is not saved yet. The links must be closed before."""
        await self._commits.saved()
        if self._log is not None:
            self._log.close()

    def check_bind(self, request: Bind, peer: str) -> int:
        """Return the status that a bind from the address `peer` is to be answered with."""
        account = self.accounts.get(request.system_id)
        if account is None:
            return self.personality.bind_failure(CommandStatus.ESME_RINVSYSID)
        if len(request.password) > account.personality.settings.password_length or not account.knows(request.password):
            status = int(CommandStatus.ESME_RINVPASWD)
        elif len(account.links) >= account.settings.max_binds:
            status = CommandStatus.ESME_RBINDFAIL
        else:
            status = access.bind_status(account.settings, account.personality, request, peer)
        return account.personality.bind_failure(status) if status else status

    def bound(self, link: Link, request: Bind) -> Account:
        """Take in a session whose bind has been accepted, and send it what waits for it."""
        account = self.accounts[request.system_id]
        receives = account.takes_deliveries(request, link.interface_version)
        serves = access.address_range(account.settings, account.personality, request)
        account.attach(link, receives=receives, serves=serves)
        kind = type(request).__name__
        self._journal.publish(self._clock.now(), "smpp.bound", account.system_id, bind=kind)
        if receives:
            if account.settings.takes_unserved:
                self.delivery.claim(account)
            self.delivery.pump(account)
            self.life.flags.send(account)
        return account

    def _fill_handsets(self, stored: Stored) -> None:
        """Give the handsets what they had: the texts that were delivered, then their states."""
        for message in stored.over:
            destination = self._router.terminated(message.pdu.destination_addr)
            if message.state == MessageState.DELIVERED and message.account and isinstance(destination, Handset):
                destination.receive(message.id, message.pdu, message.final_at or message.accepted_at)
        for number, changed in stored.handsets:
            if handset := self.handsets.get(number):
                changed.apply(handset)
        for handset in self.handsets.values():
            if handset.memory is not None:
                handset.set_memory(handset.memory)
            for text in handset.inbox:
                if text.id in stored.deleted:
                    handset.delete(text.id)
                else:
                    self.mobiles.delete_later(handset, text)

    def unbound(self, link: Link, account: Account) -> None:
        """Let a session go that has unbound or was lost; what it has not acknowledged goes to another or waits."""
        if account.detach(link):
            self._journal.publish(self._clock.now(), "smpp.unbound", account.system_id)
            self.delivery.lost(account, link)

    def serve(self, link: Link, account: Account, pdu: Pdu) -> None:
        """Carry out any request but submit_sm and the binds."""
        operation = OPERATIONS.get(type(pdu))
        if operation is None:
            link.refuse(pdu, CommandStatus.ESME_RINVCMDID)
            return
        try:
            operation(self, link, account, pdu)
        except RefusedError as refused:
            link.refuse(pdu, refused.status)

    def answer(self, link: Link, request: Pdu, response: Pdu) -> None:
        """Answer a request when everything that the present turn has changed is saved."""
        self._commits.turn().answers.setdefault(link, []).append((request, response))

    def handset_messages(self, number: str) -> list[InboxMessage]:
        """Return the inbox of a handset, oldest first; NoSuchHandsetError if there is none."""
        return self.handset(number).inbox

    async def send_from_handset(self, number: str, to: str, text: str, at: int | None = None) -> str:
        """Send an SMS from a handset, now or at a later instant; return its first message_id when it is saved.

        Raises NoSuchHandsetError, and ValueError for a text of more than 255 segments.
        """
        messages = self.mobiles.originate(self.handset(number).number, to, text, at)
        await self._saved()
        return messages[0].message_id

    async def play(self, plans: Sequence[Planned]) -> list[str]:
        """Send the messages of a file from their handsets, unless that was done before on the same database.

        Returns the numbers that have no handset, whose messages are left out. Raises ValueError as
        `send_from_handset` does.
        """
        digest = sha256(repr(list(plans)).encode()).hexdigest()
        if self._store is not None and await self._store.has_played(digest):
            return []
        now = self._clock.now()
        for plan in plans:
            if plan.number in self.handsets:
                for at in plan.instants(now):
                    self.mobiles.originate(plan.number, plan.to, plan.text, at)
        self._commits.turn().changes.played.append((now, digest))
        await self._saved()
        return sorted({plan.number for plan in plans if plan.number not in self.handsets})

    async def change_handset(self, number: str, changed: Changed) -> Handset:
        """Change a handset's state, memory or script; what waits for it is tried at once if it can be reached now.

        Raises NoSuchHandsetError.
        """
        handset = self.handset(number)
        self.mobiles.change(handset, changed)
        self._journal.publish(self._clock.now(), "handset.changed", handset.number, state=handset.state.value)
        await self._saved()
        return handset

    async def delete_text(self, number: str, message_id: int) -> bool:
        """Throw a text of a handset away; False if there is none with this id. Raises NoSuchHandsetError."""
        deleted = self.mobiles.delete(self.handset(number), message_id)
        await self._saved()
        return deleted

    async def _saved(self) -> None:
        saved = asyncio.get_running_loop().create_future()
        self._commits.turn().waiting.append(saved)
        await saved

    def handset(self, number: str) -> Handset:
        """Return the handset of a number; NoSuchHandsetError if there is none."""
        handset = self.handsets.get(msisdn.from_address(number))
        if handset is None:
            raise NoSuchHandsetError(
                f"there is no handset {number}; one comes with each of the settings' `subscribers` and `handsets`, "
                "and with POST /lab/subscribers"
            )
        return handset

    # What follows a commit.

    def _committed(self, turn: Turn) -> None:
        if self.faults.active:
            self.delivery.enqueue_early(turn.changes)
        for link, answers in turn.answers.items():
            link.reply_all(answers)
        links = dict.fromkeys(turn.answers)
        if self.transactions:
            links.update(dict.fromkeys(self.transactions.answer(turn.finals)))
        if len(links) > 1 or any(len(answers) > TOGETHER for answers in turn.answers.values()):
            # The answers of all links go out before any receipt; a few on one link alone share a write with theirs.
            _flush(links)
        changes = turn.changes
        self._publish(turn, [taken for taken in turn.received if self._receive(*taken)])
        if changes.queued:
            self.delivery.enqueue(changes.queued)
        if changes.gone:
            self.delivery.settled(changes.gone)
        _flush(links)
        for saved in turn.waiting:
            if not saved.done():
                saved.set_result(None)

    def _failed(self, turn: Turn, error: Exception) -> None:
        links = dict.fromkeys(turn.answers)
        for link, answers in turn.answers.items():
            for request, _ in answers:
                link.refuse(request, CommandStatus.ESME_RSYSERR)
        links.update(dict.fromkeys(self.transactions.fail(turn.changes.accepted)))
        _flush(links)
        self.life.forget(turn.changes.accepted)
        for saved in turn.waiting:
            if not saved.done():
                saved.set_exception(error)

    def _receive(self, handset: Handset, message: Message) -> bool:
        """Give a handset its text; False if that is not whole yet."""
        assert message.final_at is not None
        text = handset.receive(message.id, message.pdu, message.final_at)
        if text is not None and handset.script is not None:
            self.mobiles.read(handset, text)
        return text is not None

    def _receive_alone(self, handset: Handset, message: Message) -> None:
        """Give a handset a text that belongs to no turn."""
        if self._receive(handset, message):
            self._publish(Turn(), [(handset, message)])

    def _publish(self, turn: Turn, received: list[tuple[Handset, Message]]) -> None:
        """Tell of all that a turn has brought, as it is now: what waits on may be replaced before anybody reads."""
        accepted = [(m.account, m.message_id, m.pdu, m.accepted_at) for m in turn.changes.accepted]
        count = sum(2 if each[0] else 1 for each in accepted) + len(turn.finals) + len(received)
        if count:
            told = partial(_told, self._clock.now(), accepted, turn.finals, received)
            self._journal.publish_run(count, told, partial(_alike, accepted, turn.finals, len(received)))

    def lab_now(self) -> int:
        """Return the lab's time."""
        return self._clock.now()

    def _publish_fault(self, rule: Rule, sight: Sight) -> None:
        told = {"fault": rule.fault.fault, "account": sight.account, "command": sight.command}
        self._journal.publish(self._clock.now(), "fault.fired", rule.id, **told)


def _told(
    now: int,
    accepted: Iterable[tuple[str, str, SubmitSm, int]],
    finals: Iterable[Message],
    received: Iterable[tuple[Handset, Message]],
) -> Iterator[Told]:
    """Yield the events of one turn. The messages among them have come to their end, and change no more."""
    for account, message_id, pdu, at in accepted:
        told = {"account": account, "to": pdu.destination_addr}
        if account:
            yield now, "smpp.submit_sm", message_id, {**told, "command_status": _OK}
        else:
            told["from"] = pdu.source_addr
        yield at, "message.accepted", message_id, told
    for message in finals:
        ended = {"account": message.account, "to": message.pdu.destination_addr, "state": message.state}
        yield message.final_at or 0, _end(message.state), message.message_id, ended
    for handset, message in received:
        came = {"message_id": message.message_id, "from": message.pdu.source_addr}
        yield message.final_at or 0, "handset.received", handset.number, came


def _alike(
    accepted: Iterable[tuple[str, str, SubmitSm, int]], finals: Iterable[Message], received: int
) -> Iterator[Alike]:
    """Yield how many of the events of `_told` are of one kind."""
    for account, many in Counter(account for account, *_ in accepted).items():
        if account:
            yield "smpp.submit_sm", {"account": account, "command_status": _OK}, many
        yield "message.accepted", {"account": account}, many
    for state, many in Counter(message.state for message in finals).items():
        yield _end(state), {"state": state}, many
    if received:
        yield "handset.received", {}, received


def _end(state: int) -> str:
    return "message.delivered" if state == MessageState.DELIVERED else "message.failed"


def _flush(links: Iterable[Link]) -> None:
    for link in links:
        link.flush()
