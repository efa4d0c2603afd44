"""Signed messages by the Standard Webhooks scheme: one scheme on every HTTP leg between parties of a lab.

The headers are webhook-id, webhook-timestamp (real time, since the receiver checks its age) and webhook-signature.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks import Webhook, WebhookVerificationError


class SignatureError(Exception):
    """A message's signature is missing, wrong, or older than five minutes."""


def sign(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """Return the headers that sign `body` under `secret` (whsec_...), dated now by real time."""
    at = datetime.now(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode()),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise SignatureError unless `headers` sign `body` under `secret` and are not older than five minutes."""
    try:
        Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    except (WebhookVerificationError, ValueError, UnicodeDecodeError) as error:
        raise SignatureError(str(error) or "the signature does not fit") from None
