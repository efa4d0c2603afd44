"""The SMSC's section of the configuration."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from smsc_emulator.base.config import Duration, PhoneNumber, Section, absent
from smsc_emulator.base.durations import DAY, HOUR, MINUTE, SECOND
from smsc_emulator.core.address_range import LONGEST, AddressRange
from smsc_emulator.core.faults.registry import AnyFault
from smsc_emulator.handsets.handset import Changed
from smsc_emulator.handsets.script import Script
from smsc_emulator.handsets.states import HandsetState


class AccountSettings(Section):
    """An ESME account: who may bind, and within what limits."""

    system_id: str = Field(min_length=1, max_length=15)
    """The name that the ESME binds with."""
    password: str = Field(max_length=64)
    """Its password. SMPP 3.4 allows 8 characters; some operators use more."""
    max_binds: int = Field(10, ge=1)
    """How many sessions may be bound at once."""
    personality: str | None = None
    """How the SMSC behaves towards this account: a file in configs/operators/ or in the folder of one's own."""
    allow_networks: list[IPv4Network | IPv6Network] = [IPv4Network("0.0.0.0/0"), IPv6Network("::/0")]
    """The networks that the ESME may connect from; the default is from anywhere."""
    system_type: str | None = Field(None, max_length=12)
    """The system_type that a bind must have, if one is given."""
    address_range: str | None = Field(None, max_length=LONGEST)
    """A UNIX regular expression (SMPP 3.4, Appendix A): the addresses whose messages and receipts the account takes.

    A bind asks for the same range or for none, and gets this one.
    """
    window: int | None = Field(None, ge=1)
    """How many requests may wait for their answers on one session, in each direction (SMPP 3.4, 2.5.2)."""
    rate: float | None = Field(None, gt=0, le=1_000_000)
    """How many messages the account may submit in a second of real time, on all its sessions together."""
    response_latency: Duration = 0
    """Real time that a request waits before it is acted on and answered; the session is read meanwhile."""
    enquire_link_interval: Duration | None = None
    """Silence after which the SMSC asks whether the peer is there; 0 is never."""
    inactivity_timeout: Duration | None = None
    """Time without any operation but enquire_link after which the SMSC closes the link; 0 is never."""
    response_timeout: Duration | None = None
    """How long the SMSC waits for the answer to its own request."""
    outbind: str | None = Field(None, pattern=r"^\S+:[0-9]{1,5}$", max_length=280)
    """The ESME's host and port, which the SMSC calls when messages wait and no receiver is bound (2.2.1)."""
    outbind_password: str = Field("", max_length=8)
    """The password in the SMSC's outbind, for the ESME to know it by."""
    deliver_with: Literal["deliver_sm", "data_sm"] = "deliver_sm"
    """The operation that messages and receipts come in; data_sm reaches transmitters too (Table 2-1)."""
    serves: list[str] = []
    """Numbers and short codes whose mobile-originated messages go to this account."""
    takes_unserved: bool = True
    """Whether messages to numbers that no account serves may come here."""

    @field_validator("address_range")
    @classmethod
    def _can_be_matched(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            AddressRange(pattern)
        return pattern


class TlsSettings(Section):
    """SMPP over TLS, on a port of its own."""

    port: int | None = Field(None, ge=0, le=65535)
    """The port; 0 takes a free one, and without any there is no TLS."""
    certificate: Path | None = None
    """The SMSC's certificate and those above it, in PEM."""
    key: Path | None = None
    """The certificate's private key, in PEM; without it, the certificate's file holds it too."""
    client_ca: Path | None = None
    """Certificates, in PEM, that clients' own must come from; without it, clients need none."""


class DistributionListSettings(Section):
    """Numbers that one name stands for in submit_multi (4.5.1.2)."""

    name: str = Field(min_length=1, max_length=20)
    """The name, dl_name in requests."""
    members: list[Annotated[str, Field(pattern=r"^\+?[0-9]{1,20}$")]] = []
    """The numbers."""


class SmscSettings(Section):
    """The short message service centre."""

    system_id: str = Field("confirmlab", max_length=15)
    """The name in the SMSC's own bind responses."""
    accounts: list[AccountSettings] = [
        AccountSettings(system_id="smppclient1", password="password"),  # noqa: S106 - the lab's known account
    ]
    """The ESMEs that may bind."""
    distribution_lists: list[DistributionListSettings] = []
    """Lists that submit_multi may send to."""
    faults: list[AnyFault] = []
    """What goes wrong on purpose: see docs/faults.md."""
    personality: str = "standard"
    """How it behaves towards peers that have not bound, and towards accounts that name no personality of their own."""
    personality_folder: Path | None = None
    """A folder of more personalities, relative to the configuration file."""
    tls: TlsSettings = absent()
    """SMPP over TLS, beside the port without it."""
    session_init_timeout: Duration = 10_000
    """How long a connection may stay unbound."""
    enquire_link_interval: Duration = 60_000
    """Silence after which the SMSC asks whether the peer is there."""
    inactivity_timeout: Duration = 0
    """Time without any operation but enquire_link after which the SMSC closes the link; 0 is never."""
    response_timeout: Duration = 30_000
    """How long the SMSC waits for the answer to its own request."""
    bind_failure_delay: Duration = 1_000
    """How long a wrong password waits for its answer, so that guessing is slow."""
    default_validity: Duration = 2 * DAY
    """Lab time that a message is kept for if its sender names no validity period."""
    retry_after: list[Duration] = Field([MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR], min_length=1)
    """Lab time from each attempt at an absent handset to the next; the last one repeats until the validity ends."""
    esme_retry_after: list[Duration] = Field([SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE], min_length=1)
    """The same for what an ESME has answered with a temporary error, or not at all."""
    receipt_lifetime: Duration = 3 * DAY
    """Lab time after which a receipt that an ESME keeps refusing for the time being is given up."""
    mobile_originated_files: list[Path] = []
    """CSV files of messages from handsets, sent once: phone_number, to, text, after, every, times."""


class ScriptSettings(Section):
    """What a handset does by itself with a text that has come."""

    reply: str | None = Field(None, min_length=1, max_length=1000)
    """The text of its answer; {code} stands for the code found in the text, {text} for the text."""
    to: str | None = Field(None, pattern=r"^\+?[0-9]{1,20}$")
    """The number or short code that the answer goes to; by default the sender of the text."""
    after: Duration = 0
    """Lab time from the text to the answer, and to its deletion."""
    delete: bool = False
    """Whether the text is deleted once it has been read."""

    def script(self) -> Script:
        """Return the script itself."""
        return Script(self.reply, self.to, self.after, self.delete)


class HandsetSettings(Section):
    """A virtual handset whose number is in no operator's subscriber database."""

    phone_number: PhoneNumber
    """The handset's number."""
    state: HandsetState = HandsetState.ON
    """What it is like at the start; /lab/handsets changes it."""
    memory: int | None = Field(None, ge=0, le=100_000)
    """How many short messages it can store; any number by default."""
    script: ScriptSettings | None = None
    """What it does by itself with a text that has come."""

    def changed(self) -> Changed:
        """Return what the handset is to be like."""
        return Changed(self.state, self.memory, None if self.script is None else self.script.script())
