"""SIP messages as the tests' own peers read and write them.

By hand, so that the product's reading and writing is not proved by itself.
"""

import secrets
from dataclasses import dataclass, field

Address = tuple[str, int]

REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    486: "Busy Here",
    487: "Request Terminated",
}
SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}
SPELT = {"call-id": "Call-ID", "cseq": "CSeq"}
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


@dataclass
class Message:
    """A request or a response; header names are in lower case."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @property
    def status(self) -> int:
        """The status of a response, 0 of a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response answers."""
        return self["cseq"].split()[1]

    @property
    def called(self) -> str:
        """The user in the Request-URI."""
        return user(self.start.split()[1])

    @property
    def cause(self) -> int | None:
        """The Q.850 cause of the Reason header."""
        reason = self["reason"]
        return int(reason.split("cause=")[1].split(";")[0]) if reason.startswith("Q.850") else None

    def __getitem__(self, name: str) -> str:
        return next((value for each, value in self.headers if each == name), "")

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    def __bytes__(self) -> bytes:
        lines = [self.start, *(f"{SPELT.get(name, name.title())}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body.encode())}")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


def parse(datagram: bytes) -> Message:
    head, _, body = datagram.decode().partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        lower = name.strip().lower()
        headers.append((SHORT.get(lower, lower), value.strip()))
    return Message(start, headers, body)


def user(uri: str) -> str:
    """Return the user part of the first SIP or tel URI in a header."""
    return uri.split(":", 1)[1].split("@")[0].split(">")[0].split(";")[0]


def response(request: Message, status: int, tag: str, *more: tuple[str, str], sdp: bool = False) -> Message:
    """Answer a request; `tag` is ours, in To."""
    copied = [
        (name, value) for name, value in request.headers if name in ("via", "record-route", "from", "call-id", "cseq")
    ]
    to = request["to"] if "tag=" in request["to"] or status == 100 else f"{request['to']};tag={tag}"
    headers = [*copied, ("to", to), *more]
    if sdp:
        headers.append(("content-type", "application/sdp"))
    return Message(f"SIP/2.0 {status} {REASONS.get(status, 'Because')}", headers, SDP if sdp else "")


def request(
    method: str,
    target: str,
    local: Address,
    caller: str,
    called: str,
    call_id: str,
    *more: tuple[str, str],
    sdp: bool = False,
) -> Message:
    """Begin a request outside of any dialog."""
    here = f"{local[0]}:{local[1]}"
    headers = [
        ("via", f"SIP/2.0/UDP {here};branch=z9hG4bK{secrets.token_hex(8)};rport"),
        ("max-forwards", "70"),
        ("from", f"<sip:{caller}@{here}>;tag={secrets.token_hex(4)}"),
        ("to", f"<sip:{called}@{target.rpartition('@')[2]}>"),
        ("call-id", call_id),
        ("cseq", f"1 {method}"),
        ("contact", f"<sip:{caller}@{here}>"),
        *more,
    ]
    if sdp:
        headers.append(("content-type", "application/sdp"))
    return Message(f"{method} {target} SIP/2.0", headers, SDP if sdp else "")


def within(invite: Message, method: str, to: str) -> Message:
    """Return the ACK of a non-2xx response to `invite`, or its CANCEL: the same branch, the number of its CSeq."""
    kept = [(name, value) for name, value in invite.headers if name in ("via", "max-forwards", "from", "call-id")]
    number = invite["cseq"].split()[0]
    uri = invite.start.split()[1]
    return Message(f"{method} {uri} SIP/2.0", [*kept, ("to", to), ("cseq", f"{number} {method}")])


def acknowledgement(invite: Message, answer: Message) -> Message:
    """Return the ACK of a final response: of a 2xx as a transaction of its own, to the Contact."""
    ack = within(invite, "ACK", answer["to"])
    if answer.status >= 300:
        return ack
    contact = answer["contact"].split("<")[-1].split(">")[0]
    branch = f"z9hG4bK{secrets.token_hex(8)}"
    headers = [(n, v.split(";branch=")[0] + f";branch={branch};rport" if n == "via" else v) for n, v in ack.headers]
    return Message(f"ACK {contact} SIP/2.0", headers)
