"""Signed HTTP between the gateway and the operators: the sender's half and the receiver's half of one leg."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from pydantic_core import to_json

from smsc_emulator.base.kept_lines import KeptLines
from smsc_emulator.base.line import DisconnectedError, Line, NotHttpError, post_octets
from smsc_emulator.base.request import Request
from smsc_emulator.base.signature import SignatureError, sign, verify
from smsc_emulator.base.trust import authorities
from smsc_emulator.base.web import NOT_FOUND, UNAUTHORIZED, Guard, ProblemError

WHOLE = 5.0
TIMEOUT = ClientTimeout(total=WHOLE, connect=2)
"""Real time that the peer has to take a message; what is not taken is sent again by the sender's plan."""

_ANSWER_LIMIT = 64 * 1024
_PLAIN_PATH = re.compile(r"/[\w.~%/-]*", re.ASCII)


class UnreachableError(Exception):
    """The peer could not be reached or did not answer in time; the text names what went wrong."""


class NearSession:
    """A session for messages between parts of one lab: what goes to its own port, `own_url`, goes over lines.

    What goes elsewhere goes by `session`.
    """

    def __init__(self, session: ClientSession, own_url: Callable[[], str]) -> None:
        self.session = session
        self._own_url = own_url
        self._kept = KeptLines()

    def path(self, url: str) -> str | None:
        """Return the path of a URL on the own port; None if it leads elsewhere."""
        own = self._own_url()
        path = url[len(own) :] if url.startswith(own) else ""
        return path if _PLAIN_PATH.fullmatch(path) else None

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Send `body` to the own port and return status and body of the answer. Raises what `Line.exchange` raises.

        Nothing is sent twice: what a kept line did not answer has failed, as over a new one.
        """
        own = self._own_url()
        request = post_octets(urlsplit(own).netloc, path, headers, body)
        line = self._kept.take(own) or await self._open(own)
        answer = await self._kept.exchange(own, line, request)
        return answer.status, answer.body

    def close(self) -> None:
        """Close what is kept."""
        self._kept.close()

    async def _open(self, url: str) -> Line:
        own, loop = urlsplit(url), asyncio.get_running_loop()
        async with asyncio.timeout(TIMEOUT.connect):
            make = partial(Line, WHOLE, _ANSWER_LIMIT)
            return (await loop.create_connection(make, own.hostname or "", own.port or 0))[1]


Session = ClientSession | NearSession
"""What carries messages between the gateway and the operators."""


async def post_signed(
    session: Session, url: str, secret: str, message_id: str, body: Mapping[str, Any]
) -> tuple[int, bytes]:
    """Send `body` as JSON, signed under `secret`, and return the answer's status and body; redirects are not followed.

    Raises UnreachableError if there is no answer.
    """
    raw = to_json(body)
    headers = {"content-type": "application/json", **sign(secret, message_id, raw)}
    try:
        if isinstance(session, NearSession):
            path = session.path(url)
            if path is not None:
                return await session.post(path, headers, raw)
            session = session.session
        # aiohttp's own context is made at its import, whoever needs it; the plugin's labs leave the authorities out.
        tls = authorities() if urlsplit(url).scheme == "https" else True
        sending = session.post(url, data=raw, headers=headers, allow_redirects=False, timeout=TIMEOUT, ssl=tls)
        async with sending as response:
            answer = bytearray()
            async for chunk in response.content.iter_chunked(_ANSWER_LIMIT):
                answer += chunk
                if len(answer) > _ANSWER_LIMIT:
                    raise UnreachableError("the answer is longer than 64 KiB")
            return response.status, bytes(answer)
    except (ClientError, DisconnectedError, NotHttpError, TimeoutError, OSError, ValueError) as error:
        raise UnreachableError(type(error).__name__) from error


def signature_guard(secrets: Mapping[str, str]) -> Guard:
    """Return the guard of routes whose path names an operator: its agreement's secret must have signed the body.

    `secrets` is by operator id. An operator that is not in it is NOT_FOUND, any fault of the signature UNAUTHORIZED.
    """

    def guard(request: Request, raw: bytes) -> str:
        operator_id = request.match_info["operator_id"]
        secret = secrets.get(operator_id)
        if secret is None:
            raise ProblemError(NOT_FOUND, f"There is no operator {operator_id!r} here.")
        try:
            verify(secret, request.headers, raw)
        except SignatureError as error:
            raise ProblemError(UNAUTHORIZED, f"The signature is not good: {error}") from None
        return operator_id

    return guard
