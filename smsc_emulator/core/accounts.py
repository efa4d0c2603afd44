"""ESME accounts while the SMSC runs: who is bound, and what waits for a receiver."""

import hmac
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from smsc_emulator.core.outbound import Outbound
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.smpp.pdus import Pdu


class Link(Protocol):
    """One bound session as the core sees it. Nothing leaves before `flush`, which makes one write of it all."""

    in_flight: dict[int, Outbound]
    """What was sent and not answered yet, by sequence_number."""

    @property
    def interface_version(self) -> int:
        """The version of SMPP that the peer has bound with, such as 0x34."""

    def room(self) -> int:
        """Return how many requests may be sent now; 0 while the peer does not read or is unbinding."""

    def send(self, pdu: Pdu) -> int:
        """Send a request and return its sequence_number."""

    def reply(self, request: Pdu, response: Pdu) -> None:
        """Answer a request."""

    def refuse(self, request: Pdu, status: int) -> None:
        """Answer a request with an error."""

    def flush(self) -> None:
        """Write what was sent and answered."""


class Account:
    """One ESME account."""

    def __init__(self, settings: AccountSettings) -> None:
        self.settings = settings
        self.links: list[Link] = []
        self.receivers: list[Link] = []
        """The links that take deliver_sm, in turn: the next to be used stands first."""
        self.ready: deque[Outbound] = deque()
        """What waits for a receiver with room, oldest first."""
        self._password = settings.password.encode()

    @property
    def system_id(self) -> str:
        """The name that the ESME binds with."""
        return self.settings.system_id

    def knows(self, password: str) -> bool:
        """Whether `password` (octets, as latin-1 text) is the account's, in a time that does not tell how nearly."""
        return hmac.compare_digest(self._password, password.encode("latin-1"))

    def attach(self, link: Link, *, receives: bool) -> None:
        """Add a session that has bound."""
        self.links.append(link)
        if receives:
            self.receivers.append(link)

    def detach(self, link: Link) -> bool:
        """Take a session away and return whether it was there."""
        if link in self.receivers:
            self.receivers.remove(link)
        if link not in self.links:
            return False
        self.links.remove(link)
        return True

    def requeue(self, items: list[Outbound]) -> None:
        """Put `items`, which were in flight, before what waits, in the order of their numbers."""
        self.ready.extendleft(sorted(items, key=lambda item: item.id, reverse=True))

    def next_sendings(self) -> Iterator[tuple[Link, list[Outbound]]]:
        """Yield what can go out now, link by link, and remove it from what waits."""
        for _ in range(len(self.receivers)):
            if not self.ready:
                return
            link = self.receivers.pop(0)
            self.receivers.append(link)
            if count := min(link.room(), len(self.ready)):
                yield link, [self.ready.popleft() for _ in range(count)]
