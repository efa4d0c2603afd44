"""A SIP request by hand: OPTIONS (RFC 3261, 11), written and read without any of our own SIP."""

import secrets
import socket
from typing import Literal

OPTIONS = """\
OPTIONS sip:{host}:{port} SIP/2.0
Via: SIP/2.0/{transport} {here}:{own_port};branch=z9hG4bK{token};rport
Max-Forwards: 70
From: <sip:doctor@{here}>;tag={token}
To: <sip:{host}:{port}>
Call-ID: {token}@{here}
CSeq: 1 OPTIONS
Accept: application/sdp
Content-Length: 0

"""
MOST = 65_535


def options(host: str, port: int, transport: Literal["UDP", "TCP"], timeout: float) -> str:
    """Ask what the SIP server at an address can do, and return its answer: the status and Allow.

    Raises OSError if none comes in `timeout` seconds, and ValueError for an answer that is none to this request.
    """
    kind = socket.SOCK_DGRAM if transport == "UDP" else socket.SOCK_STREAM
    family, _, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
    with socket.socket(family, kind) as link:
        link.settimeout(timeout)
        link.connect(address)
        here, own_port = link.getsockname()[:2]
        token = secrets.token_hex(8)
        text = OPTIONS.format(
            host=_in_uri(host), port=port, transport=transport, here=_in_uri(here), own_port=own_port, token=token
        )
        link.sendall(text.replace("\n", "\r\n").encode())
        answer = _read(link)
    return _told(answer, token)


def _in_uri(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _read(link: socket.socket) -> str:
    """Return the head of what comes, up to the empty line; a datagram comes whole."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = link.recv(MOST)
        if not more:
            raise ValueError("the connection was closed before the answer was whole")
        got += more
    return got.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")


def _told(answer: str, token: str) -> str:
    first, *lines = answer.split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    version, _, status = first.partition(" ")
    if version != "SIP/2.0" or not fields.get("call-id", "").startswith(token):
        raise ValueError(f"this is no answer to an OPTIONS request: {first!r}")
    if not status.startswith("200"):
        raise ValueError(f"answered with {status}")
    return f"{status}, allows {fields.get('allow', 'nothing')}"
