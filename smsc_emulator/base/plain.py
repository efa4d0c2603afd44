"""Plain HTTP/1.1: requests as most clients send them, read from octets at a small part of what a parser costs. Pure.

A request is plain if it is there as a whole and its meaning is beyond doubt: a path and query of ordinary characters,
headers of which none is repeated or changes how the body or the connection is read, and a body of the told length. All
else is not read here, but left to a server that knows the whole of HTTP: it answers it, or says what is wrong with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from multidict import CIMultiDict

_REQUEST = re.compile(
    rb"(GET|POST|PUT|PATCH|DELETE) (/(?:[\w.~!$'()*,;:@=/-]|%2B)*)(?:\?((?:[\w.~:=&-]|%2B)*))? HTTP/1\.1\r\n"
    rb"((?:[\w-]+: ?[\x20-\x7e]*\r\n)+)\r\n",
    re.ASCII,
)
"""Of all escapes only the plus of a phone number is ordinary."""

_TELLING = frozenset({"transfer-encoding", "content-encoding", "upgrade", "expect", "trailer", "cookie"})
"""Headers by which a request is more than plain."""


LONGEST = 8_190
"""Octets that a plain request may have before its body. What is longer, aiohttp judges line by line."""


@dataclass(slots=True)
class Plain:
    """A request with its body, as the guards and handlers of routes look at requests."""

    method: str
    raw_path: str
    query: Mapping[str, str]
    headers: CIMultiDict[str]
    body: bytes
    match_info: Mapping[str, str] = field(default_factory=dict)
    """The parameters of the path, once its route is found."""
    transport: Any = None
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path without its escapes."""
        return unescaped(self.raw_path)

    @property
    def host(self) -> str:
        """For whom the request is."""
        return self.headers["Host"]

    async def read(self) -> bytes:
        """Return the body."""
        return self.body


def read_plain(octets: bytes) -> Plain | None:
    """Return the request that `octets` are, if they are one whole plain request and nothing else."""
    found = _REQUEST.match(octets)
    if found is None or found.end() > LONGEST:
        return None
    method, path, query, lines = found.groups()
    headers = _headers(lines.decode("ascii"))
    body = octets[found.end() :]
    if headers is None or headers.get("Content-Length", "0") != str(len(body)):
        return None
    asked = _query(query.decode("ascii")) if query else {}
    return None if asked is None else Plain(method.decode("ascii"), path.decode("ascii"), asked, headers, body)


def unescaped(text: str) -> str:
    """Return a part of a plain address as it is meant."""
    return text.replace("%2B", "+") if "%" in text else text


def _headers(lines: str) -> CIMultiDict[str] | None:
    split = [line.split(":", 1) for line in lines[:-2].split("\r\n")]
    by_name = {name.lower(): value.strip() for name, value in split}
    plain = len(by_name) == len(split) and _TELLING.isdisjoint(by_name) and "host" in by_name
    stays = by_name.get("connection", "keep-alive").lower() == "keep-alive"
    return CIMultiDict(by_name) if plain and stays else None


def _query(text: str) -> dict[str, str] | None:
    """Return the members of a query; None if one is repeated or has no name."""
    pairs = [each.partition("=") for each in text.split("&")]
    query = {unescaped(name): unescaped(value) for name, _, value in pairs}
    return query if len(query) == len(pairs) and "" not in query else None
