"""What a call is to those who make and take them: what an INVITE asks, what can be done, what happens.

`Agent` carries these acts and happenings over SIP; the voice switch and the gateway know nothing below this module.
A call has a name, which whoever creates it chooses: the caller for an outgoing call, the agent for an incoming one.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, Protocol, TypeAlias

from smsc_emulator.frozen import frozen

Transport = Literal["udp", "tcp"]


@frozen
class Peer:
    """Where SIP messages come from or go to."""

    host: str
    """An IP address."""
    port: int
    transport: Transport = "udp"


@frozen
class Invitation:
    """What an INVITE says of a call. Users are the user parts of SIP URIs, as they stand on the wire."""

    caller: str
    """The user in From; ANONYMOUS (of fields.py) where it is withheld."""
    called: str
    """The user in the Request-URI."""
    asserted: str | None = None
    """The user in P-Asserted-Identity (RFC 3325, 9.1): who the network says is calling."""
    private: bool = False
    """Whether the caller asks not to be shown: Privacy: id or user (RFC 3323, 4.2; RFC 3325, 9.3)."""
    display_name: str = ""
    """The caller's name in From."""
    identity: str | None = None
    """The Identity header (RFC 8224) as it stands; it is carried and shown, not verified."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Other header fields to send with the INVITE, such as X-Correlator; of one received, those that start with X-."""
    max_forwards: int = 70
    """How many more hops the call may take; of one received, one less than it came with. Passed on with the call, it
    ends a call that goes in a circle: an INVITE with none left is not sent and ends with 483 (RFC 3261, 8.1.1.6)."""


@frozen
class Incoming:
    """Somebody calls. A 100 Trying has been sent; what else is answered is up to whoever hears of it."""

    call: str
    invitation: Invitation
    peer: Peer
    call_id: str = ""
    """The Call-ID, by which a trace and a capture know the call."""


@frozen
class Progress:
    """A provisional answer to an outgoing call above 100."""

    call: str
    status: int
    """180 ringing, 181 forwarded, 182 queued, 183 session progress."""
    early_media: bool = False
    """Whether it carried a session description: an announcement or a voicemail may be heard."""


@frozen
class Answered:
    """The call is answered and acknowledged: from now on it costs money.

    It is told of outgoing and of incoming calls; not of a call that is hung up at once because the answer crossed our
    CANCEL, of which `Ended.answered` tells.
    """

    call: str


@frozen
class Ended:
    """The call is over; nothing more happens to it."""

    call: str
    status: int
    """The final response to the INVITE: 200 for a call that had been answered, 487 for one that was cancelled, 408 if
    none came (timer B), 503 if the transport failed."""
    cause: int | None
    """The Q.850 cause in the Reason header (RFC 3326) of that response, BYE or CANCEL, if there was one."""
    answered: bool
    """Whether it was answered, also where the answer crossed our CANCEL and it was hung up at once (RFC 3261, 9.1)."""
    by_peer: bool
    """Whether the other side ended it."""
    moved_to: str | None = None
    """The user in the Contact of a 3xx response: who is to be called instead (RFC 3261, 8.1.3.4)."""


CallEvent: TypeAlias = Incoming | Progress | Answered | Ended


class CallControl(Protocol):
    """What can be done with calls. An act on a call that is over, or on one that is unknown, does nothing."""

    def invite(self, call: str, peer: Peer, invitation: Invitation, *, expires: int | None = None) -> None:
        """Call somebody. After `expires` seconds of real time the callee gives up by itself (RFC 3261, 13.2.1)."""

    def progress(self, call: str, status: int, *, early_media: bool = False) -> None:
        """Answer an incoming call with a provisional response; `early_media` puts the fixed SDP into it."""

    def answer(self, call: str) -> None:
        """Answer an incoming call with 200 and the fixed SDP."""

    def end(self, call: str, status: int = 480, cause: int | None = None) -> None:
        """End a call, whatever stage it is in.

        An incoming one that is not answered gets the final response `status`; an outgoing one that is not answered is
        cancelled; one that is answered gets a BYE. `cause` is the Q.850 cause of the Reason header.
        """
