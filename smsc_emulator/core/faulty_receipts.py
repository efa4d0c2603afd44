"""Carries out the faults of receipts: makes the sendings that the rules decide, keeps those that wait their turn."""

from collections.abc import Callable, Container, Iterator
from dataclasses import replace

from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.faults.engine import Faults
from smsc_emulator.core.faults.fault import Sending
from smsc_emulator.core.faults.sight import Sight
from smsc_emulator.core.outbound import Outbound
from smsc_emulator.core.store import Changes
from smsc_emulator.smpp.constants import command_name
from smsc_emulator.smpp.pdus import DeliverSm

_PLAIN = Sending()


class FaultyReceipts:
    """What becomes of receipts while rules are in force.

    `schedule` has a receipt queued again at a lab instant, unless its `due_at` is another one by then; `send` sends
    receipts over one link with one write.
    """

    def __init__(
        self,
        faults: Faults,
        schedule: Callable[[Outbound, int], None],
        send: Callable[[Link, list[Outbound]], None],
    ) -> None:
        self._faults = faults
        self._schedule = schedule
        self._send = send
        self._behind: dict[str, Outbound] = {}

    def make(self, item: Outbound, ids: Iterator[int], known: Container[str], now: int) -> list[Outbound]:
        """Return the receipts that go instead of `item`, none or many.

        One for an account that is not `known` goes to the sender.
        """
        message = item.message
        sight = Sight(item.account, command_name(message.pdu.command_id), message.pdu)
        receipts: list[Outbound] = []
        for sending in self._faults.sendings(sight):
            made = replace(item, id=next(ids)) if receipts else item
            if sending.account is not None and sending.account in known:
                made.account = sending.account
            made.due_at = now + sending.delay if sending.delay else None
            made.sending = None if sending == _PLAIN else sending
            receipts.append(made)
        return receipts

    def take_early(self, changes: Changes) -> list[Outbound]:
        """Remove from `changes` the receipts that overtake the answers of their messages, and return them."""
        early = [item for item in changes.queued if item.sending is not None and item.sending.early]
        if early:
            changes.queued = [item for item in changes.queued if item.sending is None or not item.sending.early]
        return early

    def sets_aside(self, item: Outbound, account: Account) -> bool:
        """Whether a receipt does not go out with the others of `account`; then all is done that is to be done now."""
        sending = item.sending
        if sending is None:
            return False
        if item.due_at is not None:
            return sending.behind and self._waits(item, item.due_at, account)
        origin = self._faults.origin(item.message.pdu) if sending.elsewhere else None
        link = next((link for link in account.receivers if link is not origin and link.room()), None)
        if origin is None or link is None:
            return False
        self._send(link, [item])
        return True

    def follow(self, account: Account) -> None:
        """Let the receipt that waits for the account's next one follow those that are ready."""
        item = self._behind.pop(account.system_id, None)
        if item is not None and item.due_at is not None:
            item.due_at = None
            account.ready.append(item)

    def _waits(self, item: Outbound, due_at: int, account: Account) -> bool:
        if account.system_id in self._behind:
            item.due_at = None  # the one before it waits already, and follows this one
            return False
        self._behind[account.system_id] = item
        self._schedule(item, due_at)
        return True


def altered(pdu: DeliverSm, sending: Sending) -> DeliverSm:
    """Return the deliver_sm as the faults have it."""
    for alter in sending.alter:
        pdu = alter(pdu)
    return pdu
