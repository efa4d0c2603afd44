"""Signed HTTP between the gateway and the operators: the sender's half and the receiver's half of one leg."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from smsc_emulator.base.request import Request
from smsc_emulator.base.signature import SignatureError, sign, verify
from smsc_emulator.base.web import NOT_FOUND, UNAUTHORIZED, Guard, ProblemError

TIMEOUT = ClientTimeout(total=5, connect=2)
"""Real time that the peer has to take a message; what is not taken is sent again by the sender's plan."""

_ANSWER_LIMIT = 64 * 1024


class UnreachableError(Exception):
    """The peer could not be reached or did not answer in time; the text names what went wrong."""


async def post_signed(
    session: ClientSession, url: str, secret: str, message_id: str, body: Mapping[str, Any]
) -> tuple[int, bytes]:
    """Send `body` as JSON, signed under `secret`, and return the answer's status and body; redirects are not followed.

    Raises UnreachableError if there is no answer.
    """
    raw = json.dumps(body, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", **sign(secret, message_id, raw)}
    try:
        async with session.post(url, data=raw, headers=headers, allow_redirects=False, timeout=TIMEOUT) as response:
            answer = bytearray()
            async for chunk in response.content.iter_chunked(_ANSWER_LIMIT):
                answer += chunk
                if len(answer) > _ANSWER_LIMIT:
                    raise UnreachableError("the answer is longer than 64 KiB")
            return response.status, bytes(answer)
    except (ClientError, TimeoutError, OSError, ValueError) as error:
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
