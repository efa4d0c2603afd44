"""Where numbers lead and where calls come from: handsets, SIP phones and trunks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from smsc_emulator.frozen import frozen
from smsc_emulator.handsets.handset import Handset
from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.dialogs import peer_of
from smsc_emulator.sip.digest import Credentials
from smsc_emulator.sip.fields import sip_uri, user_of
from smsc_emulator.voice.settings import PhoneSettings, TrunkSettings


@frozen
class Trunk:
    """A link to another switch or gateway."""

    name: str
    peer: Peer
    numbers: tuple[str, ...]
    """Numbers, or their beginnings, that are behind it."""
    trusted: bool = False
    """Whether what it asserts of its callers counts."""
    credentials: Credentials | None = None
    """Who we are to it, if it asks."""

    @classmethod
    def of(cls, settings: TrunkSettings) -> "Trunk":
        """Return the trunk that the configuration describes."""
        peer = Peer(settings.host, settings.port, settings.transport)
        ours = Credentials(settings.username, settings.password) if settings.username and settings.password else None
        return cls(settings.name, peer, tuple(settings.numbers), settings.trusted, ours)


@frozen
class Contact:
    """Where a SIP phone is."""

    user: str
    """The user of its address; empty if it has none."""
    peer: Peer

    def __str__(self) -> str:
        return sip_uri(self.user, self.peer.host, self.peer.port, tcp=self.peer.transport == "tcp")

    @classmethod
    def parse(cls, uri: str) -> "Contact":
        """Return what a URI such as sip:user@127.0.0.1:5060;transport=tcp means. Raises ValueError."""
        return cls(user_of(uri), peer_of(uri, Peer("127.0.0.1", 5060)))


@dataclass(slots=True, eq=False)
class Phone:
    """A SIP phone with a number of the lab."""

    settings: PhoneSettings
    contact: Contact | None = None
    """Where it is; None if it has not registered."""
    registered_until: int | None = None
    """The real instant, UTC in milliseconds, when its registration ends; None if it needs none or has none."""

    @property
    def number(self) -> str:
        """Its number in international form."""
        return self.settings.phone_number


Target: TypeAlias = Handset | Phone | Trunk


class Routing:
    """The numbers of the lab, and the peers of its switch."""

    def __init__(
        self, handsets: Mapping[str, Handset], phones: Iterable[PhoneSettings], trunks: Iterable[TrunkSettings]
    ) -> None:
        self.handsets = handsets
        self.phones: dict[str, Phone] = {}
        for settings in phones:
            contact = None if settings.contact is None else Contact.parse(settings.contact)
            self.phones[settings.phone_number] = Phone(settings, contact)
        self.trunks: dict[str, Trunk] = {settings.name: Trunk.of(settings) for settings in trunks}

    def is_line(self, number: str) -> bool:
        """Whether the lab itself has a handset or a phone with this number."""
        return number in self.phones or number in self.handsets

    def credentials(self, peer: Peer) -> Credentials | None:
        """Return who we are to a peer that asks when it is called."""
        return next((trunk.credentials for trunk in self.trunks.values() if trunk.peer == peer), None)

    def source(self, peer: Peer, caller: str | None = None) -> Phone | Trunk | None:
        """Return whose calls come from `peer`; None for a stranger.

        Of several phones at one place it is the one with the number `caller`, or else the first. Over TCP the port of a
        caller is any, so there the address alone tells, if it tells one trunk.
        """
        phones = [phone for phone in self.phones.values() if phone.contact and phone.contact.peer == peer]
        if phones:
            return next((phone for phone in phones if phone.number == caller), phones[0])
        near = [trunk for trunk in self.trunks.values() if trunk.peer.host == peer.host]
        for trunk in near:
            if trunk.peer.port == peer.port:
                return trunk
        connected = [trunk for trunk in near if trunk.peer.transport == peer.transport == "tcp"]
        return connected[0] if len(connected) == 1 else None

    def target(self, number: str) -> Target | None:
        """Return where calls to `number` go; None if it is nobody's. A phone goes before a handset of its number."""
        line = self.phones.get(number) or self.handsets.get(number)
        if line is not None:
            return line
        behind = [
            (len(beginning), trunk)
            for trunk in self.trunks.values()
            for beginning in trunk.numbers
            if number.startswith(beginning)
        ]
        return max(behind, key=lambda one: one[0])[1] if behind else None
