"""Names and addresses of hosts."""

from functools import lru_cache
from ipaddress import ip_address


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Return whether a listener on `host`, a name or an address, is reached from this machine alone."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Return whether `host` is an IP address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
