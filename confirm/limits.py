"""Sliding windows and locks, without storage: when the next place is free.

A limit of `count` within `within` holds for every stretch of lab time of that length: its first instant counts, the
instant `within` later does not. So the place that a use took is free again exactly `within` later.
"""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from confirm.settings import LockSettings


def wait(last_place: int | None, within: int, now: int) -> int:
    """Return the milliseconds until a place is free; 0 if one is.

    `last_place` is the instant of the `count`-th newest use: when that has left the window, one fewer is in it. None:
    there were not so many.
    """
    return 0 if last_place is None else max(0, last_place + within - now)


def locked_until(failures: Sequence[int], lock: LockSettings) -> int | None:
    """Return the instant at which the last lock of a number ends or ended, or None if there was none.

    `failures` are the instants of its failures, oldest first. Each that is the `lock.failures`-th within `lock.within`
    locks the number for `lock.lasts`.
    """
    if lock.failures is None:
        return None
    pairs = zip(failures, failures[lock.failures - 1 :], strict=False)
    return max((last + lock.lasts for first, last in pairs if last - first < lock.within), default=None)


def allowed(phone_number: str, allow_prefixes: Sequence[str], deny_prefixes: Sequence[str]) -> bool:
    """Return whether a number is in an allowed range and in no denied one."""
    return phone_number.startswith(tuple(allow_prefixes)) and not phone_number.startswith(tuple(deny_prefixes))


def prefix_of(phone_number: str, digits: int) -> str:
    """Return `+` and the first `digits` digits of a number."""
    return phone_number[: 1 + digits]


def network_of(client_address: str | None) -> str | None:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 subscriber is given.

    What is no IP address stands for itself.
    """
    try:
        address = ip_address(client_address or "")
    except ValueError:
        return client_address
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address.packed[:8] + bytes(8), 64)))
