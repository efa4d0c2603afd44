"""The services' API keys."""

import hashlib
import hmac
from collections.abc import Iterable

from gateway.services.settings import ServiceSettings
from smsc_emulator.base.request import Request
from smsc_emulator.base.web import UNAUTHORIZED, Guard, ProblemError


def service_guard(services: Iterable[ServiceSettings]) -> Guard:
    """Return the guard of the scheme `service`: the key of one of `services` as a bearer token gives that one's id.

    Keys are compared by their digests and all of them always, so that the time taken tells nothing about any.
    """
    digests = [(service.id, _digest(service.key)) for service in services]

    def guard(request: Request, _raw: bytes) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = _digest(token.strip())
        found = [service_id for service_id, digest in digests if hmac.compare_digest(given, digest)]
        if scheme.lower() != "bearer" or not found:
            raise ProblemError(
                UNAUTHORIZED,
                "Send the API key of a service as `Authorization: Bearer <key>`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return found[0]

    return guard


def _digest(key: str) -> bytes:
    # Header octets that are no UTF-8 arrive as surrogates.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
