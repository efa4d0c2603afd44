"""Delivery to ESMEs: each deliver_sm waits for a receiver with room in its window, and is kept until acknowledged.

Receipts go to any receiver of the account (SMPP 3.4, 2.6; 5.2.7), oldest first. A temporary refusal is tried again by
a schedule on the lab clock; a lost link gives back what it had not acknowledged.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from itertools import count

from smsc_emulator.base.clock import Clock
from smsc_emulator.base.journal import Journal
from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.commits import Commits
from smsc_emulator.core.dispatch_log import DispatchLog
from smsc_emulator.core.message import Message
from smsc_emulator.core.outbound import ANY_ACCOUNT, TEMPORARY, Kind, Outbound, retry_at
from smsc_emulator.smpp.constants import CommandStatus, MessageState
from smsc_emulator.smpp.errors import EncodeError
from smsc_emulator.smpp.pdus import Pdu


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
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._journal = journal
        self._commits = commits
        self._log = log
        self._unclaimed: list[Outbound] = []
        self._retries: list[tuple[int, int, Outbound]] = []
        self._wake = wake
        self.ids = count(1)
        """Numbers of the deliver_sm still to be made."""

    def add(self, kind: Kind, account: str, message: Message) -> None:
        """Make a deliver_sm a part of the present turn; it goes out when that is committed."""
        self._commits.turn().changes.queued.append(Outbound(next(self.ids), kind, account, message))

    def finish(self, message: Message, state: int, now: int, error: int = 0) -> None:
        """Move `message` to a final state, with the receipt that its sender asked for, in the present turn."""
        message.move(state, now, error)
        if message.receipt_due and message.account:
            self.add(Kind.RECEIPT, message.account, message)

    def enqueue(self, items: Iterable[Outbound]) -> None:
        """Send committed items as soon as their accounts have a receiver with room."""
        touched: dict[str, Account] = {}
        for item in items:
            account = self._accounts.get(item.account)
            if account is not None:
                account.ready.append(item)
                touched[item.account] = account
            elif item.account == ANY_ACCOUNT:
                self._unclaimed.append(item)
        for account in touched.values():
            self.pump(account)

    def resume(self, items: Iterable[Outbound]) -> None:
        """Take over what an earlier run of the SMSC left behind.

        What it had written to a socket is with the peer: a receipt is done with; a message counts as delivered.
        """
        dispatched = frozenset() if self._log is None else self._log.dispatched()
        for item in items:
            if item.id in dispatched:
                self._settle(item, CommandStatus.ESME_ROK)
            elif item.due_at is None:
                self.enqueue([item])
            else:
                self._schedule(item, item.due_at)

    def claim(self, account: Account) -> None:
        """Give `account` the messages that no account serves."""
        claimed, self._unclaimed = self._unclaimed, []
        for item in claimed:
            item.account = account.system_id
            account.ready.append(item)
        if claimed:
            self._commits.turn().changes.retried.extend(claimed)

    def pump(self, account: Account) -> None:
        """Send what waits for `account`, as far as its receivers have room; one write to each."""
        for link, items in account.next_sendings():
            sent = [item for item in items if self._send(link, item)]
            if self._log is not None:
                self._log.add(item.id for item in sent)
            link.flush()
            now = self._clock.now()
            for item in sent:
                self._publish_sent(now, item)

    def answered(self, link: Link, request: Pdu, response: Pdu) -> None:
        """Take the ESME's answer to a deliver_sm."""
        item = link.in_flight.pop(request.sequence_number, None)
        if item is None:
            return
        status = response.command_status
        if status in TEMPORARY:
            self._try_later(item)
        else:
            self._settle(item, status)

    def unanswered(self, link: Link, request: Pdu) -> None:
        """Take the lack of an answer in time; the ESME may see the retry as a duplicate (SMPP 3.4, 2.7.2)."""
        item = link.in_flight.pop(request.sequence_number, None)
        if item is not None:
            self._try_later(item)

    def lost(self, account: Account, link: Link) -> None:
        """Take back what a lost link has not acknowledged, and send it over another one if there is one."""
        items, link.in_flight = list(link.in_flight.values()), {}
        if items and self._log is not None:
            self._log.withdraw(item.id for item in items)
        account.requeue(items)
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
            item = heapq.heappop(self._retries)[2]
            item.due_at = None
            due.append(item)
        self.enqueue(due)

    def _send(self, link: Link, item: Outbound) -> bool:
        try:
            link.in_flight[link.send(item.pdu())] = item
        except EncodeError:  # a text in message_payload for a peer of SMPP 3.3
            self._settle(item, CommandStatus.ESME_RDELIVERYFAILURE)
            return False
        return True

    def _settle(self, item: Outbound, status: int) -> None:
        """Acknowledged, or refused for good."""
        changes = self._commits.turn().changes
        changes.gone.append(item)
        message = item.message
        if item.kind is Kind.RECEIPT or message.is_final:
            return
        state = MessageState.DELIVERED if status == CommandStatus.ESME_ROK else MessageState.UNDELIVERABLE
        self.finish(message, state, self._clock.now(), error=min(status, 999))
        changes.moved.append(message)

    def _try_later(self, item: Outbound) -> None:
        item.attempts += 1
        due_at = retry_at(item.attempts, self._clock.now())
        if due_at is None:
            self._settle(item, CommandStatus.ESME_RDELIVERYFAILURE)
            return
        if self._log is not None:
            self._log.withdraw([item.id])
        self._schedule(item, due_at)
        self._commits.turn().changes.retried.append(item)

    def _schedule(self, item: Outbound, due_at: int) -> None:
        item.due_at = due_at
        heapq.heappush(self._retries, (due_at, item.id, item))
        self._wake()

    def _publish_sent(self, now: int, item: Outbound) -> None:
        message_id, account = item.message.message_id, item.account
        self._journal.publish(now, "smpp.deliver_sm", message_id, account=account, kind=item.kind.value)
        if item.kind is Kind.RECEIPT:
            self._journal.publish(now, "receipt.sent", message_id, account=account, state=item.message.state)
