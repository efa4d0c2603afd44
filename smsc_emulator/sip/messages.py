"""SIP messages: reading them with limits, and writing them.

A message keeps its header fields as they stood, so that what must be repeated in an answer is repeated octet for octet.
What is wrong with a message is told by `BadMessageError`, together with as much of it as an answer needs.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from smsc_emulator.sip.causes import reason
from smsc_emulator.sip.fields import Party, Via, clean, read_party, read_via, split_list

if TYPE_CHECKING:
    from sipmessage import CSeq, Headers

# sipmessage takes a fiftieth of a start to import, and most runs see no call: the first message imports it.

MAX_MESSAGE = 65_535
"""The longest message that is read, in octets."""
MAX_LINE = 2_048
"""The longest header field, unfolded, in characters. The patterns of sipmessage take quadratic time."""
MAX_LINES = 256
"""The most lines of a header."""

_SINGLE = ("Call-ID", "CSeq", "From", "To", "Max-Forwards", "Content-Length", "Content-Type", "Expires")
_START = re.compile(r"([!%'*+\-.0-9A-Z_`a-z~]+) +(\S.*?) +SIP/(\d{1,9})\.(\d{1,9})\Z", re.IGNORECASE)
_STATUS = re.compile(r"SIP/2\.0 +([1-6]\d\d)(?: (.*))?\Z", re.IGNORECASE)
_NAME = re.compile(r"[!%'*+\-.0-9A-Z_`a-z~]+\Z")
_NUMBER = re.compile(r"[0-9]{1,10}\Z")


class BadMessageError(Exception):
    """A message cannot be taken as it is."""

    def __init__(self, reason: str, status: int = 400, request: "Request | None" = None) -> None:
        super().__init__(reason)
        self.status = status
        """What a request is answered with."""
        self.request = request
        """The request, if enough of it was read to answer it; an ACK is never answered."""


def _no_headers() -> "Headers":
    from sipmessage import Headers

    return Headers()


@dataclass
class Message(ABC):
    """What requests and responses have in common."""

    headers: "Headers" = field(default_factory=_no_headers, kw_only=True)
    body: bytes = field(default=b"", kw_only=True)

    @abstractmethod
    def start_line(self) -> str:
        """Return the first line."""

    def explain(self, cause: int | None) -> None:
        """Add a Reason header with the Q.850 cause (RFC 3326), if there is one."""
        if cause is not None:
            self.headers.set("Reason", reason(cause))

    def __bytes__(self) -> bytes:
        fields = [(name, value) for name, value in self.fields() if name.lower() != "content-length"]
        lines = [self.start_line(), *(f"{clean(name)}: {clean(value)}" for name, value in fields)]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("utf-8", "replace") + self.body

    def fields(self) -> list[tuple[str, str]]:
        """Return the header fields, one name and value for each line."""
        names = self.headers.keys()
        return [(name, value) for name in names for value in self.headers.getlist(name)]

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.headers["Call-ID"]

    @cached_property
    def cseq(self) -> "CSeq":
        """The CSeq."""
        from sipmessage import CSeq

        return CSeq.parse(self.headers["CSeq"])

    @cached_property
    def caller(self) -> Party:
        """From."""
        return read_party(self.headers["From"])

    @cached_property
    def callee(self) -> Party:
        """To."""
        return read_party(self.headers["To"])

    @cached_property
    def via(self) -> Via:
        """The top Via."""
        return read_via(self.vias[0])

    @property
    def vias(self) -> list[str]:
        """All Via values, the topmost first."""
        return self.list_of("Via")

    def list_of(self, name: str) -> list[str]:
        """Return the values of a field that may have several, in however many lines they stand."""
        return [item for value in self.headers.getlist(name) for item in split_list(value)]

    def number(self, name: str, default: int) -> int:
        """Return the number in a field, or `default` if the field is not there. Raises ValueError."""
        value = self.headers.get(name)
        if value is None:
            return default
        if not _NUMBER.match(value.strip()):
            raise ValueError(f"{name} is no number")
        return int(value)

    @property
    def has_media(self) -> bool:
        """Whether it carries a session description."""
        return bool(self.body) and (self.headers.get("Content-Type") or "").strip().lower().startswith(
            "application/sdp"
        )


@dataclass
class Request(Message):
    """A request; the Request-URI is kept as it stands."""

    method: str
    uri: str
    version: tuple[int, int] = (2, 0)

    def start_line(self) -> str:
        """Return the Request-Line."""
        return f"{self.method} {clean(self.uri)} SIP/2.0"


@dataclass
class Response(Message):
    """A response."""

    status: int
    phrase: str = ""

    def start_line(self) -> str:
        """Return the Status-Line."""
        return f"SIP/2.0 {self.status} {clean(self.phrase) or phrase_of(self.status)}"


PHRASES = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    423: "Interval Too Brief",
    433: "Anonymity Disallowed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
    608: "Rejected",
}
"""The reason phrases of the status codes (RFC 3261, 21; RFC 8197; RFC 8688)."""


def phrase_of(status: int) -> str:
    """Return the reason phrase of a status code."""
    return PHRASES.get(status, "Unknown")


def parse(data: bytes, *, framed: bool = False) -> Request | Response:
    """Read one message. `framed` says that the transport has cut it by its Content-Length.

    Raises BadMessageError.
    """
    data = data.lstrip(b"\r\n")
    head, end, body = data.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
    if not end or len(data) > MAX_MESSAGE:
        raise BadMessageError("the header has no end" if not end else "the message is too long")
    text = head.decode("utf-8", "replace").replace("\r\n", "\n")
    start, *lines = re.sub(r"\n[ \t]+", " ", text).split("\n")
    message = _begin(start, body)
    request = message if isinstance(message, Request) else None
    try:
        _read_headers(message, lines)
        _check(message, framed=framed)
    except BadMessageError as error:
        error.request = _answerable(request)
        raise
    except (ValueError, KeyError, IndexError) as error:
        raise BadMessageError(str(error) or "malformed", request=_answerable(request)) from None
    if "\N{REPLACEMENT CHARACTER}" in text and b"\xef\xbf\xbd" not in head:
        raise BadMessageError("the header is not UTF-8", request=_answerable(request))
    return message


def _begin(start: str, body: bytes) -> Request | Response:
    if len(start) > MAX_LINE:
        raise BadMessageError("the first line is too long")
    if found := _STATUS.match(start):
        return Response(int(found[1]), found[2] or "", body=body)
    found = _START.match(start)
    if not found:
        raise BadMessageError("the first line is neither a request's nor a response's")
    return Request(found[1], found[2], (int(found[3]), int(found[4])), body=body)


def _read_headers(message: Message, lines: list[str]) -> None:
    """Put the lines into the headers. A line that is no field is told of after those that are have been read."""
    from sipmessage.message import COMPACT_FORMS

    fault = "too many lines" if len(lines) > MAX_LINES else ""
    for line in lines[:MAX_LINES]:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not _NAME.match(name):
            fault = "a line of the header is no field"
        elif len(line) > MAX_LINE:
            fault = "a header field is too long"
        else:
            message.headers.add(COMPACT_FORMS.get(name.lower(), name), value.strip())
    if fault:
        raise ValueError(fault)


def _check(message: Request | Response, *, framed: bool) -> None:
    """Look at all that a transaction needs. Raises ValueError, KeyError or IndexError."""
    _check_fields(message)
    if any(len(message.headers.getlist(name)) > 1 for name in _SINGLE):
        raise ValueError("a field stands twice that may stand once")
    if message.cseq.sequence >= 2**31 or message.number("Max-Forwards", 70) > 255:
        raise ValueError("a number is out of range")
    length = message.number("Content-Length", len(message.body))
    if length > len(message.body):
        raise ValueError("the body is shorter than Content-Length")
    if not framed:
        message.body = message.body[:length]
    if isinstance(message, Request):
        if message.version != (2, 0):
            raise BadMessageError("another version of SIP", status=505)
        if message.cseq.method != message.method:
            raise ValueError("CSeq names another method")
        if re.search(r"[\s<>]", message.uri):
            raise ValueError("the Request-URI is malformed")


def _check_fields(message: Message) -> None:
    if not message.call_id or not message.via.host or not message.cseq.method:
        raise ValueError("a field is empty")
    if not message.caller.uri or not message.callee.uri:
        raise ValueError("From or To is empty")


def _answerable(request: Request | None) -> Request | None:
    """Return the request if an answer to it can be sent and understood."""
    if request is None or request.method == "ACK":
        return None
    if any(request.headers.get(name) is None for name in ("From", "To", "Call-ID", "CSeq")):
        return None
    try:
        return request if request.via else None
    except (ValueError, IndexError):
        return None
