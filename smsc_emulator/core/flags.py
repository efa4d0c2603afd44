"""Delivery pending flags: an ESME that asked for one hears when an absent subscriber can be reached again.

The request is set_dpf with a message (5.3.2.29), the flag is set when delivery fails because the subscriber is absent,
and the news is an alert_notification (4.12), which has no answer: it is sent once, over a receiver that knows it.
"""

from collections.abc import Mapping
from typing import Final

from smsc_emulator.base import msisdn
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.journal import Journal
from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.data_shape import sets_flag
from smsc_emulator.core.message import Address, Message
from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.pdus import AlertNotification, Tlv

_AVAILABLE: Final = b"\x00"
_FIRST_WITH_ALERTS: Final = 0x34

_Flag = tuple[str, Address, Address]
"""The account to tell, the subscriber and the ESME's address."""


class PendingFlags:
    """The flags by subscriber, and the alerts that wait for a receiver. A restart keeps those of pending messages."""

    def __init__(self, accounts: Mapping[str, Account], clock: Clock, journal: Journal) -> None:
        self._accounts = accounts
        self._clock = clock
        self._journal = journal
        self._flags: dict[str, dict[_Flag, None]] = {}
        self._owed: dict[str, list[AlertNotification]] = {}

    def set(self, message: Message) -> None:
        """Set the flag of a message's destination, if the message asks for it and its subscriber is absent."""
        if message.account and sets_flag(message.pdu, message.error):
            number = msisdn.from_address(message.pdu.destination_addr)
            self._flags.setdefault(number, {})[message.account, message.destination, message.source] = None

    def available(self, number: str) -> None:
        """Tell all who asked that a subscriber can be reached."""
        for system_id, subscriber, esme in self._flags.pop(number, ()):
            self._owed.setdefault(system_id, []).append(_alert(subscriber, esme))
            if system_id in self._accounts:
                self.send(self._accounts[system_id])

    def send(self, account: Account) -> None:
        """Send the alerts that wait for an account, if a receiver that knows them is bound."""
        if account.system_id not in self._owed:
            return
        link = next((link for link in account.receivers if _takes_alerts(link)), None)
        if link is None:
            return
        for alert in self._owed.pop(account.system_id):
            link.send(alert)
            told = {"account": account.system_id, "esme": alert.esme_addr}
            self._journal.publish(self._clock.now(), "smpp.alert_notification", alert.source_addr, **told)
        link.flush()


def _takes_alerts(link: Link) -> bool:
    return link.interface_version >= _FIRST_WITH_ALERTS and link.room() > 0


def _alert(subscriber: Address, esme: Address) -> AlertNotification:
    return AlertNotification(
        source_addr_ton=subscriber.ton,
        source_addr_npi=subscriber.npi,
        source_addr=subscriber.number,
        esme_addr_ton=esme.ton,
        esme_addr_npi=esme.npi,
        esme_addr=esme.number,
        tlvs=[Tlv(Tag.MS_AVAILABILITY_STATUS, _AVAILABLE)],
    )
