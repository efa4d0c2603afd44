"""ESME accounts while the SMSC runs: who is bound, and what waits for a receiver."""

import hmac
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol

from smsc_emulator.core import access
from smsc_emulator.core.address_range import AddressRange
from smsc_emulator.core.data_shape import as_data
from smsc_emulator.core.outbound import MESSAGE, Outbound
from smsc_emulator.core.personality import Personality
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.smpp.config import SessionConfig
from smsc_emulator.smpp.constants import INTERFACE_VERSION, CommandId
from smsc_emulator.smpp.pdus import Bind, BindTransmitter, DeliverSm, Pdu

RATED: Final = frozenset[int]({CommandId.SUBMIT_SM, CommandId.SUBMIT_MULTI, CommandId.DATA_SM, CommandId.BROADCAST_SM})
"""The requests that count for the rate: those that bring a message."""


PORTION: Final = 100
"""How many go out by one write. The kernel may take no more of it: what it has not taken dies with the process."""


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

    def send_all(self, pdus: Sequence[Pdu]) -> list[int]:
        """Send requests of one kind and return their sequence_numbers, 0 for one that the peer cannot be sent."""

    def reply(self, request: Pdu, response: Pdu) -> None:
        """Answer a request."""

    def reply_all(self, answers: Sequence[tuple[Pdu, Pdu]]) -> None:
        """Answer requests, each with its response."""

    def refuse(self, request: Pdu, status: int) -> None:
        """Answer a request with an error."""

    def flush(self) -> None:
        """Write what was sent and answered."""


class Account:
    """One ESME account, and how the SMSC treats it."""

    def __init__(self, settings: AccountSettings, personality: Personality, session: SessionConfig) -> None:
        self.settings = settings
        self.system_id = settings.system_id
        """The name that the ESME binds with."""
        self.personality = personality
        self.session = session
        """How its sessions behave once they are bound."""
        self.bucket = access.bucket(settings, self.personality)
        """The limit of the rate of all its links together, or None."""
        self.latency = settings.response_latency / 1000
        """Seconds that its requests wait before they are acted on."""
        self.unhindered = self.bucket is None and not self.latency
        """Whether its requests are acted on as they come."""
        self.links: list[Link] = []
        self.receivers: list[Link] = []
        """The links that take deliver_sm, in turn: the next to be used stands first."""
        self.ready: deque[Outbound] = deque()
        """What waits for a receiver with room, oldest first."""
        self.on_waiting: Callable[[], None] | None = None
        """Called when something waits and no receiver is bound."""
        self._ranges: dict[Link, AddressRange] = {}
        self._password = settings.password.encode()

    def knows(self, password: str) -> bool:
        """Whether `password` (octets, as latin-1 text) is the account's, in a time that does not tell how nearly."""
        return hmac.compare_digest(self._password, password.encode("latin-1"))

    def exceeds_rate(self, pdu: Pdu, now: float) -> bool:
        """Whether a request at `now` (real monotonic seconds) is one message more than the account's rate allows."""
        return self.bucket is not None and pdu.command_id in RATED and not self.bucket.take(now)

    def takes_deliveries(self, request: Bind, version: int) -> bool:
        """Whether the session of a bind receives: a transmitter does by data_sm alone, which 3.3 does not have."""
        by_data = self.settings.deliver_with == "data_sm" and version >= INTERFACE_VERSION
        return by_data or not isinstance(request, BindTransmitter)

    def shaped(self, pdus: list[DeliverSm], version: int) -> Sequence[Pdu]:
        """Return what is to be delivered in the operation that the account takes it in."""
        by_data = self.settings.deliver_with == "data_sm" and version >= INTERFACE_VERSION
        return [as_data(pdu) for pdu in pdus] if by_data else pdus

    def attach(self, link: Link, *, receives: bool, serves: AddressRange | None = None) -> None:
        """Add a session that has bound; `serves` are the addresses whose messages it takes, None being all."""
        self.links.append(link)
        if receives:
            self.receivers.append(link)
            if serves is not None:
                self._ranges[link] = serves

    def detach(self, link: Link) -> bool:
        """Take a session away and return whether it was there."""
        self._ranges.pop(link, None)
        if link in self.receivers:
            self.receivers.remove(link)
        if link not in self.links:
            return False
        self.links.remove(link)
        return True

    def receives(self, address: str) -> bool:
        """Whether a receiver is bound that takes messages to `address`."""
        return any(self._serves(link, address) for link in self.receivers)

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
            if count := min(link.room(), len(self.ready), PORTION):
                items = self._take_served(link, count) if self._ranges else [self.ready.popleft() for _ in range(count)]
                if items:
                    yield link, items

    def _take_served(self, link: Link, count: int) -> list[Outbound]:
        """Remove from what waits up to `count` items for the addresses that `link` serves, and return them."""
        taken = list(islice((item for item in self.ready if self._may_take(link, item)), count))
        gone = set(map(id, taken))
        self.ready = deque(item for item in self.ready if id(item) not in gone)
        return taken

    def _may_take(self, link: Link, item: Outbound) -> bool:
        """A message goes only where its address is served; a receipt goes anywhere rather than nowhere (2.6)."""
        if item.kind is MESSAGE:
            return self._serves(link, item.message.pdu.destination_addr)
        address = item.message.pdu.source_addr
        return self._serves(link, address) or not self.receives(address)

    def _serves(self, link: Link, address: str) -> bool:
        serves = self._ranges.get(link)
        return serves is None or address in serves
