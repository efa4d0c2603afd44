"""Where webhooks may go. A service names the receiver, so without a guard it could reach the gateway's own network.

- Receivers live at public addresses, or in one of `webhooks.allow_networks` (a lab allows loopback).
- `https` goes to both. `http` goes to the allowed networks only: in clear over the public network, everyone on the way
  would read phone numbers.
- The address is checked where the socket is made, for each connection anew, and that socket connects to that address.
  So it makes no difference what a name resolved to before (DNS rebinding), or in which form an address was written.
- URLs with credentials are refused. Redirects are not followed and proxies of the environment are not used, since both
  would lead around the check.
"""

import socket
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from gateway.webhooks.errors import AddressRefusedError, UrlRefusedError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2048
"""Characters of a receiver's URL."""

NOT_PUBLIC: Sequence[Network] = (
    ip_network("100.64.0.0/10"),  # carriers' own address translation (RFC 6598); metadata of some clouds
    ip_network("168.63.129.16/32"),  # a public address that is a cloud's own platform inside of it
    ip_network("192.0.0.0/24"),  # protocol assignments (RFC 6890)
    ip_network("192.88.99.0/24"),  # relays of 6to4 (RFC 7526)
    ip_network("2002::/16"),  # 6to4: an IPv4 address inside, of any kind
    ip_network("3fff::/20"),  # documentation (RFC 9637)
)
"""What `ipaddress` does not know, in all versions of Python, to be out of bounds."""


class Guard:
    """Decides about URLs and addresses; `allow_networks` are those that receivers may live in though not public."""

    FAMILIES: Mapping[int, socket.AddressFamily] = {4: socket.AF_INET, 6: socket.AF_INET6}

    def __init__(self, allow_networks: Sequence[Network]) -> None:
        self._allowed = tuple(allow_networks)

    def check_url(self, text: str) -> None:
        """Raise UrlRefusedError for a URL that no webhook may go to, whatever its name resolves to."""
        try:
            url = URL(text)
            port = url.port
        except ValueError:
            raise UrlRefusedError("the URL cannot be read") from None
        if url.scheme not in ("http", "https") or not url.host or not port:
            raise UrlRefusedError("the URL must begin with https:// or http:// and name a host")
        if url.user is not None or url.password is not None:
            raise UrlRefusedError("the URL must not hold credentials; verify the signature of a webhook instead")
        if len(text) > MAX_URL:
            raise UrlRefusedError(f"the URL is longer than {MAX_URL} characters")
        self._check_literal(url.host, tls=url.scheme == "https")

    def check_address(self, host: str, *, tls: bool) -> None:
        """Raise AddressRefusedError unless a webhook may go to the numeric address `host`."""
        address = ip_address(host)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._allowed):
            return
        if not is_public(address):
            raise AddressRefusedError(
                f"{host} is not a public address; webhooks.allow_networks with {address}/{address.max_prefixlen}"
                " would allow it"
            )
        if not tls:
            raise AddressRefusedError(
                f"http:// is for the networks of webhooks.allow_networks, where {host} is not; use https://"
            )

    def open_socket(self, family: int, protocol: int, host: str, *, tls: bool) -> socket.socket:
        """Return a socket that is to lead to the numeric address `host`. Raises AddressRefusedError.

        No other sockets lead to receivers, so that what a name resolves to is checked for each connection anew.
        """
        self.check_address(host, tls=tls)
        made = socket.socket(family, socket.SOCK_STREAM, protocol)
        made.setblocking(False)
        return made

    def _check_literal(self, host: str, *, tls: bool) -> None:
        try:
            ip_address(host)
        except ValueError:
            return  # a name: what it resolves to is checked at each connection
        try:
            self.check_address(host, tls=tls)
        except AddressRefusedError as refusal:
            raise UrlRefusedError(str(refusal)) from None


def is_public(address: Address) -> bool:
    """Return whether an address belongs to one host that everyone on the public network reaches."""
    special = address.is_multicast or address.is_reserved or not address.is_global
    if isinstance(address, IPv6Address):
        special = special or address.is_site_local
    return not special and not any(address in network for network in NOT_PUBLIC)
