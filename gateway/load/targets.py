"""Whom a load may be aimed at: this machine, unless somebody says that the target is his."""

import ipaddress
import socket


class NotOursError(Exception):
    """The target is not on this machine; the message is a sentence for people."""


def permit(host: str, *, owned: bool) -> None:
    """Raise NotOursError for a host outside loopback that nobody owns up to, and for a name that means nothing.

    All addresses that a name has must be of loopback.
    """
    if owned:
        return
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise NotOursError(f"{host} is not known: {error}") from None
    outside = sorted(address for address in found if not ipaddress.ip_address(address.partition("%")[0]).is_loopback)
    if outside:
        raise NotOursError(
            f"{host} ({outside[0]}) is not this machine; a load may harm who gets it: repeat with --i-own-this-target "
            "if it is yours, or if its owner has agreed"
        )
