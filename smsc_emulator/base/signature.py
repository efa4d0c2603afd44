"""Signed messages by the Standard Webhooks scheme: one scheme on every HTTP leg between parties of a lab.

The headers are webhook-id, webhook-timestamp (real time, since the receiver checks its age) and webhook-signature:
`v1,` and, in base64, the HMAC-SHA256 of the id, the timestamp and the body with dots between them. A message may carry
several signatures with blanks between them; one that fits is enough.
"""

import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

TOLERANCE = 300
"""Real seconds that a message may be old, or dated ahead."""

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")

_BLOCK = 64
"""Octets that SHA-256 takes in at a time."""


class SignatureError(Exception):
    """A message's signature is missing, wrong, or older than five minutes."""


def sign(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """Return the headers that sign `body` under `secret` (whsec_...), dated now by real time."""
    timestamp = str(int(time.time()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + b64encode(_digest(secret, message_id, timestamp, body)).decode(),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise SignatureError unless `headers` sign `body` under `secret` and are not older than five minutes."""
    message_id, timestamp, signatures = (_value(headers, name) for name in _HEADERS)
    if not (message_id and timestamp and signatures):
        raise SignatureError("webhook-id, webhook-timestamp or webhook-signature is missing")
    _check_age(timestamp)
    wanted = _digest(secret, message_id, timestamp, body)
    if not any(hmac.compare_digest(wanted, given) for given in _given(signatures)):
        raise SignatureError("no signature fits")


def _value(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header by its name in lower case, whatever case it came in."""
    found = headers.get(name)
    if found is None:
        found = next((value for each, value in headers.items() if each.lower() == name), None)
    return found


def _check_age(timestamp: str) -> None:
    try:
        age = time.time() - float(timestamp)
    except ValueError:
        raise SignatureError("the timestamp is no number of seconds") from None
    if not isfinite(age):
        raise SignatureError("the timestamp is no number of seconds")
    if abs(age) > TOLERANCE:
        raise SignatureError("the message is too old" if age > 0 else "the message is dated ahead of now")


def _given(signatures: str) -> list[bytes]:
    """Return the signatures of the one version that there is."""
    given = [each.removeprefix("v1,") for each in signatures.split(" ") if each.startswith("v1,")]
    try:
        return [b64decode(each) for each in given]
    except ValueError:
        raise SignatureError("a signature is not base64") from None


def _digest(secret: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    """Return HMAC-SHA256 (RFC 2104), from digests that have taken in the key: hmac.digest takes three times as long."""
    inner, outer = (begun.copy() for begun in _begun(secret))
    inner.update(f"{message_id}.{timestamp}.".encode("utf-8", "surrogateescape"))  # as header octets arrive
    inner.update(body)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=1024)
def _begun(secret: str) -> "tuple[_Hash, _Hash]":
    key = b64decode(secret.removeprefix("whsec_") + "==")
    block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return sha256(bytes(octet ^ 0x36 for octet in block)), sha256(bytes(octet ^ 0x5C for octet in block))
