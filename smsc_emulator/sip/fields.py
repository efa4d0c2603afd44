"""The parts of header fields: lists, parameters, name-addr, URIs, Via and Reason.

sipmessage reads URIs and CSeq. The rest is read here, since its patterns take a quoted string to end at the last quote
of the field, refuse host names with an underscore, and raise TypeError for a parameter named `self`; and since what it
writes is percent-encoded anew, while a Via or a tag must come back exactly as it was sent.
"""

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from smsc_emulator.frozen import frozen

if TYPE_CHECKING:
    from sipmessage import URI

ANONYMOUS: Final = "anonymous"
"""The user of a caller who is withheld (RFC 3323, 4.1.1.3)."""
ANONYMOUS_ADDRESS: Final = f"<sip:{ANONYMOUS}@anonymous.invalid>"
"""His address, which is nobody's."""

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LIST = re.compile(rf'(?:[^,"<]|{_QUOTED}|<[^>]*>|["<])+', re.DOTALL)
_NAME_ADDR = re.compile(rf'(?P<name>{_QUOTED}\s*|[^<"]*)<(?P<uri>[^<>]*)>(?P<rest>[^<>]*)\Z', re.DOTALL)
_PARAMETER = re.compile(rf";\s*([^\s;=]+)(?:\s*=\s*({_QUOTED}|[^\s;]*))?", re.DOTALL)
_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*(\w+)\s+(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?:\s*:\s*([0-9]{1,5}))?\s*(?=;|\Z)", re.IGNORECASE
)
_USER = re.compile(r"(?:sips?:([^@\s<>]*)@[\w.:\[\]-]+|tel:([^;?\s<>]+))", re.IGNORECASE)
_REASON = re.compile(r"Q\.850\s*(?:;[^;]*)*?;\s*cause\s*=\s*(\d{1,3})(?!\d)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_USER_SAFE = "-_.!~*'()&=+$,/"


@frozen
class Via:
    """One value of Via."""

    transport: str
    host: str
    """The host of sent-by; an IPv6 address stands in brackets."""
    port: int
    parameters: dict[str, str]

    @property
    def branch(self) -> str:
        """The branch, empty if there is none."""
        return self.parameters.get("branch", "")


@frozen
class Party:
    """One value of From, To, Contact, Route or P-Asserted-Identity."""

    uri: str
    name: str
    parameters: dict[str, str]

    @property
    def tag(self) -> str:
        """The tag, empty if there is none."""
        return self.parameters.get("tag", "")


def clean(text: str) -> str:
    """Return `text` fit to stand in a header field: without line ends and other control characters."""
    return _CONTROL.sub(" ", text)


def split_list(value: str) -> list[str]:
    """Split a field at the commas that stand outside quotes and angle brackets."""
    return [item.strip() for item in _LIST.findall(value) if item.strip()]


def parameters(text: str) -> dict[str, str]:
    """Read `;name=value` parameters; names come in lower case, a parameter without a value has an empty one."""
    return {name.lower(): unquoted(value) for name, value in _PARAMETER.findall(text)}


def unquoted(value: str) -> str:
    """Return what a quoted string says, or the value as it is."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
    return value


def quoted(value: str) -> str:
    """Return a quoted string that says `value`."""
    escaped = clean(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read_party(value: str) -> Party:
    """Read a name-addr or addr-spec (RFC 3261, 20.10). Raises ValueError."""
    found = _NAME_ADDR.match(value.strip())
    if found:
        return Party(found["uri"].strip(), unquoted(found["name"].strip()), parameters(found["rest"]))
    uri, _, rest = value.partition(";")
    if not uri.strip() or re.search(r'[<>"\s]', uri.strip()):
        raise ValueError("a name-addr is malformed")
    return Party(uri.strip(), "", parameters(";" + rest))


def read_uri(text: str) -> "URI":
    """Read a SIP or tel URI. Raises ValueError."""
    from sipmessage import URI

    scheme, colon, rest = text.partition(":")
    try:
        return URI.parse(scheme.lower() + colon + rest.partition("?")[0])
    except TypeError:
        raise ValueError("a URI has an impossible parameter") from None


def user_of(text: str) -> str:
    """Return the user part of a SIP or tel URI, without parameters of its own; empty if there is none.

    Raises ValueError if the URI is neither.
    """
    try:
        user = read_uri(text).user or ""
    except ValueError:
        found = _USER.match(text)  # a host that is no host name tells nothing of the user
        if not found:
            raise
        user = unquote((found[1] or found[2] or "").partition(":")[0])
    return user.partition(";")[0]


def sip_uri(user: str, host: str, port: int | None = None, *, tcp: bool = False) -> str:
    """Write a SIP URI; an empty user leaves the user part out."""
    at = quote(user, safe=_USER_SAFE) + "@" if user else ""
    where = bracketed(host) if port is None else f"{bracketed(host)}:{port}"
    return f"sip:{at}{where}" + (";transport=tcp" if tcp else "")


def bracketed(host: str) -> str:
    """Return a host as it stands in URIs and Via: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def read_via(value: str) -> Via:
    """Read one Via value. Raises ValueError."""
    found = _VIA.match(value)
    if not found or int(found[3] or 0) > 65_535:
        raise ValueError("a Via is malformed")
    return Via(found[1].lower(), found[2].lower(), int(found[3] or 5060), parameters(value[found.end() :]))


def stamped(via: str, host: str, port: int) -> str:
    """Return a top Via value with `received` and, if it asks for it, `rport` (RFC 3261, 18.2.1; RFC 3581, 4)."""
    told = read_via(via)
    if "rport" in told.parameters:
        via = re.sub(r";\s*rport\s*(?:=[^;]*)?(?=;|\Z)", f";rport={port}", via, flags=re.IGNORECASE)
    if "rport" in told.parameters or told.host.strip("[]") != host:
        via = re.sub(r";\s*received\s*=[^;]*", "", via, flags=re.IGNORECASE) + f";received={host}"
    return via


def read_cause(reasons: list[str]) -> int | None:
    """Return the Q.850 cause that Reason fields tell, if any (RFC 3326)."""
    for value in reasons:
        for item in split_list(value):
            if found := _REASON.match(item):
                return int(found[1])
    return None
