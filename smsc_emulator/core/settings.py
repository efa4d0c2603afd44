"""The SMSC's section of the configuration."""

from pydantic import Field

from smsc_emulator.base.config import Duration, PhoneNumber, Section


class AccountSettings(Section):
    """An ESME account: who may bind, and within what limits."""

    system_id: str = Field(min_length=1, max_length=15)
    """The name that the ESME binds with."""
    password: str = Field(max_length=64)
    """Its password. SMPP 3.4 allows 8 characters; some operators use more."""
    max_binds: int = Field(10, ge=1)
    """How many sessions may be bound at once."""
    window: int = Field(100, ge=1)
    """How many requests may wait for their answers on one session, in each direction.

    SMPP 3.4 (2.5.2) advises 10 at most; many operators allow more, and a load test needs them.
    """
    serves: list[str] = []
    """Numbers and short codes whose mobile-originated messages go to this account."""
    takes_unserved: bool = True
    """Whether messages to numbers that no account serves may come here."""


class SmscSettings(Section):
    """The short message service centre."""

    system_id: str = Field("confirmlab", max_length=15)
    """The name in the SMSC's own bind responses."""
    accounts: list[AccountSettings] = [
        AccountSettings(system_id="smppclient1", password="password"),  # noqa: S106 - the lab's known account
    ]
    """The ESMEs that may bind."""
    strict: bool = False
    """Whether field lengths and values are held to the letter of SMPP 3.4; operators' own SMSCs are lenient."""
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


class HandsetSettings(Section):
    """A virtual handset whose number is in no operator's subscriber database."""

    phone_number: PhoneNumber
    """The handset's number."""
