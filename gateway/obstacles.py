"""What is in the way of a lab's start, as sentences."""

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.settings import Settings


def busy(error: OSError, settings: "Settings") -> str:
    """Return the sentence about a port, an address or a folder that cannot be had."""
    if error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}"
    server = settings.server
    own, listens = settings.voice_link.listen_port, settings.voice_link.listen_host or server.host
    if own and f"({listens!r}, {own})" in str(error):
        return f"port {own} of {listens} cannot be listened on; choose another with voice_link.listen_port"
    ports = {"smpp": server.smpp_port, "http": server.http_port, "sip": server.sip_port}
    # asyncio names the address it could not bind only in its text: ('127.0.0.1', 2775).
    name = next((name for name, port in ports.items() if port and f", {port})" in str(error)), None)
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine has no address {server.host}; choose another one with --host"
    if name is None:
        return f"a port cannot be listened on: {error}"
    reason = "is taken by another program" if error.errno == errno.EADDRINUSE else "needs more rights"
    return f"port {ports[name]} ({name}) of {server.host} {reason}; choose another with --{name}-port, 0 for a free one"
