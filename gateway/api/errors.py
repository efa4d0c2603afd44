"""The problems of the gateway's API: one table for its resources and those of the lab, and one for the exceptions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from confirm import errors as confirm
from gateway.captures.lab import NoSuchCaptureError, TooManyCapturesError
from gateway.identification import errors as identification
from gateway.services import errors as services
from gateway.webhooks import errors as webhooks
from smsc_emulator.base.web import NOT_FOUND, ProblemError, ProblemKind
from smsc_emulator.core.faults.engine import NoSuchFaultError, TooManyFaultsError
from smsc_emulator.core.smsc import NoSuchHandsetError
from smsc_emulator.net.outbind import CallFailedError, NoOutbindError, NoSuchAccountError
from smsc_emulator.operator.notices import SameOperatorError
from smsc_emulator.operator.subscribers import NoSuchSubscriberError, NumberInQuarantineError, SubscriberExistsError
from smsc_emulator.voice import errors as voice

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
CONFIRMATION_PENDING = ProblemKind(
    "confirmation_pending", 409, "Another confirmation of the number is open; finish or cancel it first."
)
NO_NEXT_STEP = ProblemKind("no_next_step", 409, "The present step is the last one of the workflow.")
NOTHING_TO_CHECK = ProblemKind(
    "nothing_to_check", 409, "The present step is answered by the user's own call or SMS, and not by a code."
)
OWN_CODE_UNFIT = ProblemKind("own_code_unfit", 409, "The code that the request brings does not fit the method.")
NO_SUCH_TEMPLATE = ProblemKind("no_such_template", 404, "There is no template of this name.")
CHALLENGE_REQUIRED = ProblemKind(
    "challenge_required", 403, "The user must first show that he is no robot; say so by `challenge_passed`."
)
NUMBER_REFUSED = ProblemKind("number_refused", 403, "This number may not be confirmed here.")
RESEND_TOO_SOON = ProblemKind("resend_too_soon", 429, "Another code may be sent only after the gap that is set.")
COOL_DOWN = ProblemKind("cool_down", 429, "Something was sent to this number just now; wait for the cool-down.")
LIMITED = ProblemKind("limited", 429, "As much was asked for as the limits let through for now.")
NUMBER_LOCKED = ProblemKind("number_locked", 429, "The number is locked for a time after too many failures.")

SENDING = (COOL_DOWN, LIMITED, NUMBER_LOCKED)
"""What can stand in the way of anything that sends."""
STARTING = (CHALLENGE_REQUIRED, NUMBER_REFUSED, *SENDING)
"""What can stand in the way of any start of a confirmation."""

# Identifications.
IDENTIFICATION_OVER = ProblemKind("identification_over", 409, "The identification is over; start another one.")
IDENTIFICATION_NOT_CONFIRMING = ProblemKind(
    "identification_not_confirming", 409, "The identification does not wait for a code from the user."
)
STAND_IN_NOT_PERMITTED = ProblemKind(
    "stand_in_not_permitted", 403, "The profile does not let this stand for the number."
)
METHOD_NOT_PERMITTED = ProblemKind(
    "method_not_permitted", 403, "The profile does not let numbers be confirmed by this method."
)

ATTRIBUTES_NOT_ASKED = ProblemKind(
    "attributes_not_asked", 403, "The operator is asked for presence alone: nothing may be said of a person."
)
RETRY_TOO_SOON = ProblemKind("retry_too_soon", 429, "The profile has a refused user wait before he tries again.")
IDENTIFYING = (METHOD_NOT_PERMITTED, STAND_IN_NOT_PERMITTED, ATTRIBUTES_NOT_ASKED, RETRY_TOO_SOON)
"""What can stand in the way of any start of an identification."""
BINDING_STATE = ProblemKind("binding_state", 409, "The binding is not in a state for this.")
SESSION_REFUSED = ProblemKind("session_refused", 403, "The user may not use the service, or not log in like that.")
NOT_APPEALABLE = ProblemKind("not_appealable", 409, "Only what an operator said, or left unsaid, can be appealed.")
APPEAL_OVER = ProblemKind("appeal_over", 409, "The appeal was decided, or made before.")

# The lab's services.
FINDING_OVER = ProblemKind("finding_over", 409, "The finding was cured before.")
BLOCK_REFUSED = ProblemKind("block_refused", 409, "The service may not be blocked for this, or not yet.")
NOT_BLOCKED = ProblemKind("not_blocked", 409, "The service is not blocked, nor is it going to be.")
SELF_NEEDS_DOMESTIC = ProblemKind("self_needs_domestic", 409, "Only a domestic service may identify its users itself.")
NOT_LISTED = ProblemKind("not_listed", 409, "The public register does not have this name.")

# Reports.
PER_PERSON = ProblemKind("per_person", 403, "Reports are of many persons at once, and never of one.")

# The lab's subscribers.
SUBSCRIBER_EXISTS = ProblemKind("subscriber_exists", 409, "The number already has a contract with an operator.")
NUMBER_IN_QUARANTINE = ProblemKind(
    "number_in_quarantine", 409, "The number's last contract ended too short a time ago for another person to have it."
)
SAME_OPERATOR = ProblemKind("same_operator", 409, "The number is with this operator already.")
BOTH_PARTIES_NEEDED = ProblemKind(
    "both_parties_needed", 409, "A line is re-registered only where its owner and its user come together."
)

# The SMSC's faults.
TOO_MANY_FAULTS = ProblemKind("too_many_faults", 409, "As many faults are in force as may be; delete some first.")

# The lab's accounts.
NO_OUTBIND = ProblemKind("no_outbind", 409, "The account has no address that the SMSC could call.")
CALL_FAILED = ProblemKind("call_failed", 502, "Nobody listens at the address that the SMSC was to call.")

# The lab's calls.
CALL_OVER = ProblemKind("call_over", 409, "The call is not in a state for this, or not any more.")
HANDSET_CANNOT_CALL = ProblemKind("handset_cannot_call", 409, "The handset has no network just now.")

# The voice switch.
TOO_MANY_CAPTURES = ProblemKind("too_many_captures", 409, "As many captures are kept as may be; delete some first.")
CAPTURE_FAILED = ProblemKind("capture_failed", 507, "The capture's file cannot be written.")
RULES_OF_ONE_NAME = ProblemKind("rules_of_one_name", 409, "Each rule of the firewall needs a name of its own.")

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
    confirm.PendingConfirmationError: CONFIRMATION_PENDING,
    confirm.NoNextStepError: NO_NEXT_STEP,
    confirm.NothingToCheckError: NOTHING_TO_CHECK,
    confirm.OwnCodeError: OWN_CODE_UNFIT,
    confirm.UnknownTemplateError: NO_SUCH_TEMPLATE,
    confirm.ChallengeRequiredError: CHALLENGE_REQUIRED,
    confirm.NumberRefusedError: NUMBER_REFUSED,
    confirm.ResendTooSoonError: RESEND_TOO_SOON,
    confirm.CoolDownError: COOL_DOWN,
    confirm.LimitedError: LIMITED,
    confirm.LockedError: NUMBER_LOCKED,
    identification.IdentificationNotFoundError: NOT_FOUND,
    identification.IdentificationOverError: IDENTIFICATION_OVER,
    identification.NotConfirmingError: IDENTIFICATION_NOT_CONFIRMING,
    identification.MethodNotPermittedError: METHOD_NOT_PERMITTED,
    identification.StandInNotPermittedError: STAND_IN_NOT_PERMITTED,
    identification.BindingNotFoundError: NOT_FOUND,
    identification.AttributesNotAskedError: ATTRIBUTES_NOT_ASKED,
    identification.RetryTooSoonError: RETRY_TOO_SOON,
    identification.BindingStateError: BINDING_STATE,
    identification.SessionNotFoundError: NOT_FOUND,
    identification.SessionRefusedError: SESSION_REFUSED,
    identification.AppealNotFoundError: NOT_FOUND,
    identification.AppealRefusedError: NOT_APPEALABLE,
    identification.AppealOverError: APPEAL_OVER,
    services.ServiceNotFoundError: NOT_FOUND,
    services.FindingNotFoundError: NOT_FOUND,
    services.FindingOverError: FINDING_OVER,
    services.BlockRefusedError: BLOCK_REFUSED,
    services.NotBlockedError: NOT_BLOCKED,
    services.NotDomesticError: SELF_NEEDS_DOMESTIC,
    services.NotListedError: NOT_LISTED,
    services.BroadcastNotFoundError: NOT_FOUND,
    NoSuchSubscriberError: NOT_FOUND,
    SubscriberExistsError: SUBSCRIBER_EXISTS,
    NumberInQuarantineError: NUMBER_IN_QUARANTINE,
    SameOperatorError: SAME_OPERATOR,
    NoSuchHandsetError: NOT_FOUND,
    NoSuchFaultError: NOT_FOUND,
    TooManyFaultsError: TOO_MANY_FAULTS,
    NoSuchCaptureError: NOT_FOUND,
    TooManyCapturesError: TOO_MANY_CAPTURES,
    NoSuchAccountError: NOT_FOUND,
    NoOutbindError: NO_OUTBIND,
    CallFailedError: CALL_FAILED,
    voice.NoLineError: NOT_FOUND,
    voice.NoSuchCallError: NOT_FOUND,
    voice.CallOverError: CALL_OVER,
    voice.HandsetCannotCallError: HANDSET_CANNOT_CALL,
    webhooks.WebhookEndpointNotFoundError: NOT_FOUND,
    webhooks.UrlRefusedError: WEBHOOK_URL_REFUSED,
    webhooks.TooManyEndpointsError: TOO_MANY_WEBHOOK_ENDPOINTS,
    webhooks.EndpointDisabledError: WEBHOOK_ENDPOINT_DISABLED,
}
"""The problem that each exception of the business code is answered with. Its message is the problem's detail."""

_TOLD = ("confirmation_id",)
"""What an exception may know beyond its message, as members of the problem."""


@contextmanager
def as_problems() -> Iterator[None]:
    """Raise ProblemError for each exception of the table that the body of the `with` raises.

    An exception that knows a `retry_after`, in seconds, gives the answer a Retry-After header; one that knows of the
    confirmation that is in the way gives it the member `confirmation_id`.
    """
    try:
        yield
    except tuple(OF_EXCEPTION) as error:
        retry_after = getattr(error, "retry_after", None)
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        members = (
            {"confirmation_id": error.confirmation_id} if isinstance(error, confirm.PendingConfirmationError) else {}
        )
        kind = next(kind for cls, kind in OF_EXCEPTION.items() if isinstance(error, cls))
        raise ProblemError(kind, str(error), headers=headers, **members) from None
