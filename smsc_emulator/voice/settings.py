"""The voice switch's section of the configuration."""

from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from smsc_emulator.base.config import Duration, PhoneNumber, Section
from smsc_emulator.base.durations import HOUR, SECOND
from smsc_emulator.handsets.voice import Spelling
from smsc_emulator.sip.digest import Algorithm

Decision = Literal["block", "answer", "log"]
"""What the firewall does with a call.

block: it is refused. answer: the operator answers it himself, so that it costs its caller money. log: it goes on, and
the journal tells.
"""

BlockStatus = Literal[403, 603, 607, 608]
"""How a blocked call is refused: 607 is Unwanted (RFC 8197), 608 Rejected by the network (RFC 8688)."""


def _address(value: str) -> str:
    return str(ip_address(value))


Prefix = Annotated[str, Field(pattern=r"^\+[0-9]{1,15}$")]
"""A number in international form, or its beginning."""


class FirewallRuleSettings(Section):
    """A rule against flash calls. It holds for a call from outside that meets every condition which the rule has."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    """Its name in the journal."""
    decision: Decision = "block"
    """What is done with the call; the first rule that does not only log decides."""
    status: BlockStatus = 403
    """The answer to a call that is blocked."""
    callers: list[Prefix] = []
    """Beginnings of the callers' numbers; without any, the rule holds for all."""
    unassigned: bool = False
    """Whether the caller's number must be one that no operator of the lab has been given, or no number at all."""
    velocity: int | None = Field(None, ge=1)
    """How many calls one range of callers may make in the time `within`; more meet the condition."""
    zero_duration: float | None = Field(None, gt=0, le=1)
    """The share of a range's calls in the time `within` that nobody answered, from which on the condition is met."""
    of_calls: int = Field(20, ge=1)
    """How many calls of a range must have ended before their share says something."""
    within: Duration = Field(HOUR, ge=1)
    """The lab time that is looked back over."""
    range_digits: int = Field(4, ge=0, le=10)
    """How many last digits the numbers of one range of callers differ in."""


class PhoneSettings(Section):
    """A SIP phone with a number of the lab, such as a softphone or a test's own user agent."""

    phone_number: PhoneNumber
    """Its number."""
    contact: str | None = Field(
        None, pattern=r"^sip:([^@\s]+@)?(\[[0-9a-fA-F:]+\]|[0-9.]+)(:[0-9]{1,5})?(;transport=(udp|tcp))?$"
    )
    """Where it is: sip:user@address:port, the address as an IP address; without it, the phone registers."""
    username: str | None = Field(None, min_length=1, max_length=64)
    """The name that it registers with; by default the digits of its number."""
    password: str | None = Field(None, min_length=1, max_length=64)
    """Its password, asked for by digest authentication; without one, anybody may register under the number."""
    digest: Annotated[list[Algorithm], Field(min_length=1)] = ["MD5"]
    """The algorithms that it is offered, the best first (RFC 8760). Many phones give up at an offer of SHA-256, also
    where MD5 stands beside it, so it is offered to those alone that are known to take it.
    """

    @property
    def user(self) -> str:
        """The name that it registers with."""
        return self.username or self.phone_number.removeprefix("+")


class TrunkSettings(Section):
    """A link to another switch or gateway."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    """Its name in the journal and under /lab/voice."""
    host: Annotated[str, AfterValidator(_address)]
    """Its IP address; calls from this address and port are the trunk's."""
    port: int = Field(5060, ge=1, le=65535)
    """Its SIP port."""
    transport: Literal["udp", "tcp"] = "udp"
    """How it is called."""
    numbers: list[Prefix] = []
    """Numbers, or their beginnings, that calls are passed on to it for; the longest beginning wins."""
    trusted: bool = False
    """Whether what it asserts of its callers (P-Asserted-Identity) counts, and what we assert is told to it."""
    username: str | None = Field(None, min_length=1, max_length=64)
    """The name that we have at it, if it asks for credentials (401 or 407) when it is called."""
    password: str | None = Field(None, min_length=1, max_length=64)
    """The password of that name."""

    @model_validator(mode="after")
    def _a_name_has_a_password(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        return self


class VoiceSettings(Section):
    """The voice switch."""

    no_answer_after: Duration = Field(60 * SECOND, ge=1)
    """Lab time that a call may ring before the switch gives it up."""
    call_waiting: bool = True
    """Whether a second call to a number rings too; if not, it finds the number busy."""
    transit: Spelling = "keep"
    """How callers' numbers are spelled on their way through: keep, plus, digits, 00, 8, national or withheld."""
    firewall: list[FirewallRuleSettings] = []
    """Rules against flash calls, for calls to the lab's numbers from outside."""
    phones: list[PhoneSettings] = []
    """SIP phones with numbers of the lab."""
    trunks: list[TrunkSettings] = []
    """Links to other switches and gateways; the lab's own gateway needs no entry."""

    @model_validator(mode="after")
    def _names_are_not_taken_twice(self) -> Self:
        for what, names in (
            ("trunk", [trunk.name for trunk in self.trunks]),
            ("firewall rule", [rule.name for rule in self.firewall]),
            ("phone", [phone.phone_number for phone in self.phones]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"two {what}s are called {name!r}")
        return self
