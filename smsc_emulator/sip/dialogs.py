"""A dialog (RFC 3261, 12): what two user agents agree on with a 2xx, and what requests within it look like."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.fields import read_party, read_uri
from smsc_emulator.sip.messages import Message, Request, Response


@dataclass
class Dialog:
    """One side's view of a dialog."""

    call_id: str
    local: str
    """Our From or To, with our tag."""
    remote: str
    """The peer's, with his tag."""
    remote_tag: str
    target: str
    """The URI in the peer's Contact."""
    routes: list[str]
    """The route set, in the order in which our requests pass it."""
    peer: Peer
    """Whom the dialog was begun with."""
    sequence: int
    """The CSeq of our last request."""
    remote_sequence: int = field(default=-1)

    def request(self, method: str, *, sequence: int | None = None) -> Request:
        """Return a request within the dialog, still without a Via (12.2.1.1); an ACK gives its INVITE's sequence."""
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        uri, routes = self.target, self.routes
        if routes and not _is_loose(routes[0]):
            uri, routes = read_party(routes[0]).uri, [*routes[1:], f"<{self.target}>"]
        request = Request(method, uri)
        headers = request.headers
        headers.set("Max-Forwards", "70")
        if routes:
            headers.setlist("Route", routes)
        headers.set("From", self.local)
        headers.set("To", self.remote)
        headers.set("Call-ID", self.call_id)
        headers.set("CSeq", f"{sequence} {method}")
        return request

    def bye(self, cause: int | None, via: Callable[[Peer], str]) -> tuple[Request, Peer]:
        """Return the BYE that ends it, with the Q.850 cause if there is one, and where it goes."""
        request, hop = self.request("BYE"), self.next_hop()
        request.headers.set("Via", via(hop))
        request.explain(cause)
        return request, hop

    def next_hop(self) -> Peer:
        """Return where our requests go: to the first route, or to the peer's Contact (12.2.1.1)."""
        return peer_of(read_party(self.routes[0]).uri if self.routes else self.target, self.peer)


def peer_of(uri: str, fallback: Peer) -> Peer:
    """Return the peer that a URI names by an IP address; `fallback` if it names a host, which is not looked up.

    A URI that tells no transport is reached by the one that was used so far.
    """
    try:
        parsed = read_uri(uri)
        host = str(ip_address(parsed.host.strip("[]")))
    except ValueError:
        return fallback
    if parsed.port is not None and not 0 < parsed.port < 65_536:
        return fallback
    told = {name.lower(): value for name, value in parsed.parameters.items()}.get("transport")
    transport = (told or fallback.transport).lower()
    if transport == "tcp" == fallback.transport and host == fallback.host and parsed.port == fallback.port:
        return fallback
    return Peer(host, parsed.port or 5060, "tcp" if transport == "tcp" else "udp")


def contact_of(message: Message, fallback: str) -> str:
    """Return the URI in Contact; `fallback` if there is none that can be read."""
    for contact in message.list_of("Contact")[:1]:
        with suppress(ValueError):
            return _fit(read_party(contact).uri)
    return fallback


def routes_of(message: Message) -> list[str]:
    """Return Record-Route, without what cannot be read."""
    routes = []
    for value in message.list_of("Record-Route"):
        with suppress(ValueError):
            _fit(read_party(value).uri)
            routes.append(value)
    return routes


def _fit(uri: str) -> str:
    """Return a URI that can stand in a Request-Line. Raises ValueError for any other."""
    if not uri or re.search(r"[\s<>\"]", uri):
        raise ValueError("a URI is malformed")
    return uri


def as_caller(invite: Request, response: Response, peer: Peer) -> Dialog:
    """Return the dialog that a response to our INVITE makes (12.1.2)."""
    return Dialog(
        call_id=invite.call_id,
        local=invite.headers["From"],
        remote=response.headers["To"],
        remote_tag=response.callee.tag,
        target=contact_of(response, invite.uri),
        routes=routes_of(response)[::-1],
        peer=peer,
        sequence=invite.cseq.sequence,
    )


def as_callee(invite: Request, local_tag: str, peer: Peer) -> Dialog:
    """Return the dialog that our response to an INVITE makes (12.1.1)."""
    return Dialog(
        call_id=invite.call_id,
        local=f"{invite.headers['To']};tag={local_tag}",
        remote=invite.headers["From"],
        remote_tag=invite.caller.tag,
        target=contact_of(invite, invite.caller.uri),
        routes=routes_of(invite),
        peer=peer,
        sequence=0,
        remote_sequence=invite.cseq.sequence,
    )


def _is_loose(route: str) -> bool:
    try:
        return "lr" in {name.lower() for name in read_uri(read_party(route).uri).parameters}
    except ValueError:
        return True
