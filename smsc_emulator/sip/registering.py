"""REGISTER (RFC 3261, 10.3): a phone asks that calls to a user come to it. Whoever knows the users decides."""

from dataclasses import dataclass

from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.fields import read_party, user_of
from smsc_emulator.sip.messages import Request

DEFAULT_EXPIRES = 3600
"""How long a registration is wanted that tells no time, in seconds (10.2.1.1)."""


@dataclass(frozen=True, slots=True)
class Registering:
    """A REGISTER that waits for `accept_registration`, `challenge` or `refuse_registration`."""

    request: str
    """What those acts call it."""
    user: str
    """The user in To."""
    contact: str | None
    """The URI where calls are wanted; `*` for all that are registered; None if it only asks what is registered."""
    expires: int
    """For how many seconds of real time; 0 takes the registration away."""
    peer: Peer
    """Where the REGISTER came from."""
    authorization: str | None
    """The Authorization field as it stands, for `Authenticator.check`."""


def registering_of(request: Request, name: str, peer: Peer) -> Registering:
    """Return what a REGISTER asks. Raises ValueError."""
    contacts = request.list_of("Contact")
    expires = request.number("Expires", DEFAULT_EXPIRES)
    contact = None
    if contacts:
        party = read_party(contacts[0])
        contact = party.uri
        told = party.parameters.get("expires", "")
        expires = int(told) if told.isdecimal() and len(told) <= 10 else expires
    if contact == "*" and (expires or len(contacts) > 1):
        raise ValueError("Contact: * goes with Expires: 0 alone")
    return Registering(name, user_of(request.callee.uri), contact, expires, peer, request.headers.get("Authorization"))
