"""The problems of the gateway's API: one table for its resources and those of the lab, and one for the exceptions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from confirm import errors as confirm
from gateway.identification import errors as identification
from gateway.webhooks import errors as webhooks
from smsc_emulator.base.web import NOT_FOUND, ProblemError, ProblemKind
from smsc_emulator.core.faults.engine import NoSuchFaultError, TooManyFaultsError
from smsc_emulator.core.smsc import NoSuchHandsetError
from smsc_emulator.net.outbind import CallFailedError, NoOutbindError, NoSuchAccountError
from smsc_emulator.operator.subscribers import SubscriberExistsError

# Idempotency-Key, on every POST that creates something.
KEY_IN_FLIGHT = ProblemKind(
    "idempotency_key_in_flight", 409, "A request with this Idempotency-Key is still being worked on; ask again."
)
KEY_REUSED = ProblemKind("idempotency_key_reused", 422, "This Idempotency-Key was used with another request.")

# Confirmations.
CONFIRMATION_OVER = ProblemKind("confirmation_over", 409, "The confirmation is over; start another one.")
CONFIRMATION_OWNED = ProblemKind(
    "confirmation_owned", 409, "The confirmation is part of an identification, which alone may change it."
)
RESEND_TOO_SOON = ProblemKind("resend_too_soon", 429, "Another code may be sent only after the gap that is set.")

# Identifications.
IDENTIFICATION_OVER = ProblemKind("identification_over", 409, "The identification is over; start another one.")
IDENTIFICATION_NOT_CONFIRMING = ProblemKind(
    "identification_not_confirming", 409, "The identification does not wait for a code from the user."
)

# The lab's subscribers.
SUBSCRIBER_EXISTS = ProblemKind("subscriber_exists", 409, "The number already has a contract with an operator.")

# The SMSC's faults.
TOO_MANY_FAULTS = ProblemKind("too_many_faults", 409, "As many faults are in force as may be; delete some first.")

# The lab's accounts.
NO_OUTBIND = ProblemKind("no_outbind", 409, "The account has no address that the SMSC could call.")
CALL_FAILED = ProblemKind("call_failed", 502, "Nobody listens at the address that the SMSC was to call.")

# Webhook endpoints.
WEBHOOK_URL_REFUSED = ProblemKind("webhook_url_refused", 403, "Webhooks may not go to this URL.")
TOO_MANY_WEBHOOK_ENDPOINTS = ProblemKind(
    "too_many_webhook_endpoints", 409, "The service has as many webhook endpoints as it may have; delete one first."
)
WEBHOOK_ENDPOINT_DISABLED = ProblemKind(
    "webhook_endpoint_disabled", 409, "The endpoint gets no webhooks any more, since its receiver answered 410 Gone."
)

OF_EXCEPTION: Mapping[type[Exception], ProblemKind] = {
    confirm.ConfirmationNotFoundError: NOT_FOUND,
    confirm.ConfirmationOverError: CONFIRMATION_OVER,
    confirm.ConfirmationOwnedError: CONFIRMATION_OWNED,
    confirm.ResendTooSoonError: RESEND_TOO_SOON,
    identification.IdentificationNotFoundError: NOT_FOUND,
    identification.IdentificationOverError: IDENTIFICATION_OVER,
    identification.NotConfirmingError: IDENTIFICATION_NOT_CONFIRMING,
    identification.BindingNotFoundError: NOT_FOUND,
    SubscriberExistsError: SUBSCRIBER_EXISTS,
    NoSuchHandsetError: NOT_FOUND,
    NoSuchFaultError: NOT_FOUND,
    TooManyFaultsError: TOO_MANY_FAULTS,
    NoSuchAccountError: NOT_FOUND,
    NoOutbindError: NO_OUTBIND,
    CallFailedError: CALL_FAILED,
    webhooks.WebhookEndpointNotFoundError: NOT_FOUND,
    webhooks.UrlRefusedError: WEBHOOK_URL_REFUSED,
    webhooks.TooManyEndpointsError: TOO_MANY_WEBHOOK_ENDPOINTS,
    webhooks.EndpointDisabledError: WEBHOOK_ENDPOINT_DISABLED,
}
"""The problem that each exception of the business code is answered with. Its message is the problem's detail."""


@contextmanager
def as_problems() -> Iterator[None]:
    """Raise ProblemError for each exception of the table that the body of the `with` raises.

    An exception that knows a `retry_after`, in seconds, gives the answer a Retry-After header.
    """
    try:
        yield
    except tuple(OF_EXCEPTION) as error:
        retry_after = getattr(error, "retry_after", None)
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        kind = next(kind for cls, kind in OF_EXCEPTION.items() if isinstance(error, cls))
        raise ProblemError(kind, str(error), headers=headers) from None
