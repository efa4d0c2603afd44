"""REGISTER (RFC 3261, 10.3): a phone asks that calls to a user come to it. Whoever knows the users decides."""

from smsc_emulator.frozen import frozen
from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.fields import Party, read_party, user_of
from smsc_emulator.sip.messages import Request

DEFAULT_EXPIRES = 3600
"""How long a registration is wanted that tells no time, in seconds (10.2.1.1)."""


@frozen
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
    behind_nat: bool = False
    """Whether it came from another address than its sender believes to have (RFC 3581, 4)."""


def registering_of(request: Request, name: str, peer: Peer) -> Registering:
    """Return what a REGISTER asks. Raises ValueError."""
    contacts = request.list_of("Contact")
    expires = request.number("Expires", DEFAULT_EXPIRES)
    contact = None
    wanted = [(party.uri, _expires(party, expires)) for party in map(read_party, contacts)]
    if wanted:
        # A phone that has moved takes its old place away in the same breath, in whichever order.
        contact, expires = next((one for one in wanted if one[1]), wanted[0])
    if contact == "*" and (expires or len(contacts) > 1):
        raise ValueError("Contact: * goes with Expires: 0 alone")
    hidden = request.via.host.strip("[]") != peer.host
    proof = request.headers.get("Authorization")
    return Registering(name, user_of(request.callee.uri), contact, expires, peer, proof, hidden)


def _expires(party: Party, default: int) -> int:
    told = party.parameters.get("expires", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) <= 10 else default
