"""Delivery to ESMEs: each deliver_sm waits for a receiver with room in its window, and is kept until acknowledged.

Receipts go to any receiver of the account (SMPP 3.4, 2.6; 5.2.7), oldest first. A temporary refusal is tried again by
a schedule on the lab clock; a lost link gives back what it had not acknowledged.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count

from smsc_emulator.base.clock import Clock
from smsc_emulator.base.journal import Alike, Journal, Told
from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.commits import Commits
from smsc_emulator.core.dispatch_log import DispatchLog
from smsc_emulator.core.faults.engine import Faults
from smsc_emulator.core.faults.sight import Sight
from smsc_emulator.core.faulty_receipts import FaultyReceipts, altered
from smsc_emulator.core.message import Message
from smsc_emulator.core.outbound import ANY_ACCOUNT, MESSAGE, RECEIPT, TEMPORARY, Kind, Outbound
from smsc_emulator.core.outbound import Told as News
from smsc_emulator.core.personality import Personality
from smsc_emulator.core.store import Changes
from smsc_emulator.handsets.states import Outcome as Fate
from smsc_emulator.smpp.constants import CommandStatus, command_name
from smsc_emulator.smpp.pdus import DeliverSm, Pdu

Outcome = Callable[[Message, int, int, bool], None]
"""What is told of a message that an ESME was to take: the status of its answer, the instant, and whether the message's
validity is over."""


class Delivery:
    """Everything that is on its way to an ESME. It is also the deadlines of the retries."""

    gives_up = False

    def __init__(
        self,
        accounts: Mapping[str, Account],
        clock: Clock,
        journal: Journal,
        commits: Commits,
        log: DispatchLog | None,
        wake: Callable[[], None],
        faults: Faults,
        *,
        retry_after: Sequence[int],
        receipt_lifetime: int,
    ) -> None:
        self._faults = faults
        self._faulty = FaultyReceipts(faults, self._schedule, self._send_all)
        self._accounts = accounts
        self._clock = clock
        self._journal = journal
        self._commits = commits
        self._log = log
        self._unclaimed: list[Outbound] = []
        self._retries: list[tuple[int, int, Outbound]] = []
        self._wake = wake
        self._retry_after = retry_after
        self._receipt_lifetime = receipt_lifetime
        self.outcome: Outcome = lambda *_: None
        """Called when a message has been taken or refused for good; the life of messages sets it."""
        self.ids = count(1)
        """Numbers of the deliver_sm still to be made."""

    def carry(self, message: Message, account: str) -> Outbound:
        """Take a message to an ESME: part of the present turn, it goes out when that is committed."""
        return self._add(Outbound(next(self.ids), MESSAGE, account, message))

    def fate(self, message: Message) -> Fate | None:
        """Return what a fault of the network makes of a message, or None."""
        if not self._faults.active:
            return None
        return self._faults.fate(Sight(message.account, command_name(message.pdu.command_id), message.pdu))

    def report(self, message: Message) -> None:
        """Tell the sender of a message's final state."""
        receipt = Outbound(next(self.ids), RECEIPT, message.account, message)
        if not self._faults.active:
            self._commits.turn().changes.queued.append(receipt)
            return
        for made in self._faulty.make(receipt, self.ids, self._accounts, self._clock.now()):
            self._add(made)

    def notify(self, message: Message, now: int) -> None:
        """Tell the sender of the state that a message is in for the time being."""
        told = News(message.state, message.error, message.network_error, now)
        self._add(Outbound(next(self.ids), Kind.NOTICE, message.account, message, told=told))

    def withdraw(self, item: Outbound) -> bool:
        """Take back what has not been sent; False if it is with a peer."""
        if item.in_flight:
            return False
        item.withdrawn = True
        self._commits.turn().changes.gone.append(item)
        return True

    def enqueue(self, items: Iterable[Outbound]) -> None:
        """Send committed items as soon as their accounts have a receiver with room."""
        touched: dict[str, Account] = {}
        for item in items:
            if item.withdrawn:
                continue
            account = self._accounts.get(item.account)
            if item.sending is not None and account is not None and self._faulty.sets_aside(item, account):
                continue
            if item.due_at is not None:
                self._schedule(item, item.due_at)
                continue
            if account is not None:
                account.ready.append(item)
                touched[item.account] = account
            elif item.account == ANY_ACCOUNT:
                self._unclaimed.append(item)
        for account in touched.values():
            self._faulty.follow(account)
            self.pump(account)

    def enqueue_early(self, changes: Changes) -> None:
        """Send the receipts among `changes` that a fault has overtake the answers of their messages."""
        self.enqueue(self._faulty.take_early(changes))

    def resume(self, items: Iterable[Outbound]) -> None:
        """Take over what an earlier run of the SMSC left behind.

        What it had written to a socket is with the peer: a receipt is done with; a message counts as delivered.
        """
        dispatched = frozenset() if self._log is None else self._log.dispatched()
        for item in items:
            if item.id in dispatched:
                self._settle(item, CommandStatus.ESME_ROK)
            else:
                self.enqueue([item])

    def claim(self, account: Account) -> None:
        """Give `account` the messages that no account serves."""
        waiting, self._unclaimed = [item for item in self._unclaimed if not item.withdrawn], []
        claimed: list[Outbound] = []
        for item in waiting:
            (claimed if account.receives(item.message.pdu.destination_addr) else self._unclaimed).append(item)
        for item in claimed:
            item.account = account.system_id
            account.ready.append(item)
        if claimed:
            self._commits.turn().changes.retried.extend(claimed)

    def pump(self, account: Account) -> None:
        """Send what waits for `account`, as far as its receivers have room; one write to each."""
        if account.on_waiting is not None and account.ready and not account.receivers:
            account.on_waiting()
            return
        again = True
        while again:
            again = False
            for link, items in account.next_sendings():
                self._send_all(link, items)
                again = True  # until no link has room: what was withdrawn took it up for nothing

    def answered(self, link: Link, request: Pdu, response: Pdu) -> None:
        """Take the ESME's answer to a deliver_sm."""
        item = link.in_flight.pop(request.sequence_number, None)
        if item is None:
            return
        item.in_flight = False
        status = response.command_status
        if not status and item.kind is not MESSAGE:
            item.withdrawn = True
            self._commits.turn().changes.gone.append(item)
        elif status in TEMPORARY:
            self._try_later(item, status)
        else:
            self._settle(item, status)

    def untaken(self, link: Link, numbers: Iterable[int]) -> None:
        """Take note of requests that are written, but not with the kernel: they die with the process."""
        if self._log is not None:
            self._log.withdraw([item.id for item in map(link.in_flight.get, numbers) if item is not None])

    def taken(self, link: Link, numbers: Iterable[int]) -> None:
        """Take note that the kernel has them now; those that are answered, or are to be sent again, do not count."""
        if self._log is not None:
            self._log.add([item.id for item in map(link.in_flight.get, numbers) if item is not None])

    def unanswered(self, link: Link, request: Pdu) -> None:
        """Take the lack of an answer in time; the ESME may see the retry as a duplicate (SMPP 3.4, 2.7.2)."""
        item = link.in_flight.pop(request.sequence_number, None)
        if item is not None:
            item.in_flight = False
            self._try_later(item, CommandStatus.ESME_RDELIVERYFAILURE)

    def lost(self, account: Account, link: Link) -> None:
        """Take back what a lost link has not acknowledged, and send it over another one if there is one."""
        items, link.in_flight = list(link.in_flight.values()), {}
        if items and self._log is not None:
            self._log.withdraw(item.id for item in items)
        now = self._clock.now()
        for item in items:
            item.in_flight = False
            if self._limit(item) <= now:
                self._settle(item, CommandStatus.ESME_RDELIVERYFAILURE, expired=True)
        account.requeue([item for item in items if not item.withdrawn])
        self.pump(account)

    def settled(self, gone: list[Outbound]) -> None:
        """Forget what is no longer in the store."""
        if gone and self._log is not None:
            self._log.settle(item.id for item in gone)

    async def next_due(self) -> int | None:
        """Return the instant of the earliest retry, or None."""
        return self._retries[0][0] if self._retries else None

    async def fire(self, now: int) -> None:
        """Send again what is due."""
        due = []
        while self._retries and self._retries[0][0] <= now:
            due_at, _, item = heapq.heappop(self._retries)
            if item.due_at == due_at:  # else it has gone already, behind another one
                item.due_at = None
                due.append(item)
        self.enqueue(due)

    def _send_all(self, link: Link, items: list[Outbound]) -> None:
        """Send `items` over one link with one write."""
        items = [item for item in items if not item.withdrawn]
        if not items:
            return
        account = self._accounts[items[0].account]
        pdus = [_pdu(item, account.personality) for item in items]
        numbers = link.send_all(account.shaped(pdus, link.interface_version))
        in_flight = link.in_flight
        sent = []
        for number, item in zip(numbers, items, strict=True):
            if number:
                in_flight[number] = item
                item.in_flight = True
                sent.append(item)
            else:  # a text in message_payload for a peer of SMPP 3.3
                self._settle(item, CommandStatus.ESME_RDELIVERYFAILURE)
        if self._log is not None:
            self._log.add([item.id for item in sent])
        link.flush()
        told = [(each.message.message_id, each.account, each.kind, _state_told(each)) for each in sent]
        if told:
            count = 2 * len(told) - sum(each.kind is MESSAGE for each in sent)
            self._journal.publish_run(count, partial(_sent, self._clock.now(), told), partial(_alike, told))

    def _settle(self, item: Outbound, status: int, *, expired: bool = False) -> None:
        """Acknowledged, or given up."""
        item.withdrawn = True
        self._commits.turn().changes.gone.append(item)
        if item.kind is MESSAGE:
            self.outcome(item.message, status, self._clock.now(), expired)

    def _try_later(self, item: Outbound, status: int) -> None:
        item.attempts += 1
        now = self._clock.now()
        limit = self._limit(item)
        if limit <= now:
            self._settle(item, status, expired=True)
            return
        if item.kind is MESSAGE:
            item.message.error = min(status, 999)
        # A message is not tried at its limit: its life, which comes first, ends then.
        due_at = min(now + self._retry_after[min(item.attempts, len(self._retry_after)) - 1], limit)
        if self._log is not None:
            self._log.withdraw([item.id])
        self._schedule(item, due_at)
        self._commits.turn().changes.retried.append(item)

    def _add(self, item: Outbound) -> Outbound:
        self._commits.turn().changes.queued.append(item)
        return item

    def _limit(self, item: Outbound) -> int:
        """Return the instant from which on an item is not tried again."""
        message = item.message
        if item.kind is MESSAGE and message.expires_at is not None:
            return message.expires_at
        return (message.final_at or message.accepted_at) + self._receipt_lifetime

    def _schedule(self, item: Outbound, due_at: int) -> None:
        item.due_at = due_at
        heapq.heappush(self._retries, (due_at, item.id, item))
        self._wake()


def _pdu(item: Outbound, personality: Personality) -> DeliverSm:
    pdu = item.pdu(personality)
    return pdu if item.sending is None else altered(pdu, item.sending)


def _state_told(item: Outbound) -> int | None:
    """Return the state that a receipt or a notice tells of; None for a message."""
    if item.kind is MESSAGE:
        return None
    return item.message.state if item.told is None else item.told.state


def _sent(now: int, sent: Iterable[tuple[str, str, Kind, int | None]]) -> Iterator[Told]:
    for message_id, account, kind, state in sent:
        yield now, "smpp.deliver_sm", message_id, {"account": account, "kind": kind.value}
        if state is not None:
            yield now, "receipt.sent", message_id, {"account": account, "state": state}


def _alike(sent: Iterable[tuple[str, str, Kind, int | None]]) -> Iterator[Alike]:
    """Yield how many of the events of `_sent` are of one kind."""
    for (account, kind, state), many in Counter(told[1:] for told in sent).items():
        yield "smpp.deliver_sm", {"account": account, "kind": kind.value}, many
        if state is not None:
            yield "receipt.sent", {"account": account, "state": state}, many
