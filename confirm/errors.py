"""What can be wrong with a request about a confirmation. The gateway's table gives each its HTTP answer."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from confirm.pumping import Refusal


class ConfirmationError(Exception):
    """A request about a confirmation cannot be met; the message is a sentence fit for the caller."""


class ConfirmationNotFoundError(ConfirmationError):
    """There is no such confirmation, or it belongs to another service."""


class ConfirmationOverError(ConfirmationError):
    """The confirmation is no longer pending, or its lifetime has passed."""


class ConfirmationOwnedError(ConfirmationError):
    """The confirmation is part of something larger, which alone may change it."""


class PendingConfirmationError(ConfirmationError):
    """Another confirmation of the number is open, and the settings let no second one start; `confirmation_id` is it."""

    def __init__(self, message: str, confirmation_id: str) -> None:
        super().__init__(message)
        self.confirmation_id = confirmation_id


class NoNextStepError(ConfirmationError):
    """The present step is the workflow's last."""


class NothingToCheckError(ConfirmationError):
    """The present step is answered by the user's own call or SMS: nothing was sent that he could type back."""


class WaitError(ConfirmationError):
    """It may be asked for later. `retry_after` is what is left until then, in whole seconds of lab time."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ResendTooSoonError(WaitError):
    """The gap between two codes of one confirmation has not passed."""


class CoolDownError(WaitError):
    """The gap between two sends to one number has not passed."""


class LimitedError(WaitError):
    """A limit on the number, its prefix, the client's address or the service is reached."""


class LockedError(WaitError):
    """The number is locked after too many failures."""


class StartRefusedError(ConfirmationError):
    """The start is let through for nobody, or not yet; `refusal` is what `Gate.record_refusal` puts on record of it."""

    def __init__(self, message: str, refusal: "Refusal | None" = None) -> None:
        super().__init__(message)
        self.refusal = refusal


class ChallengeRequiredError(StartRefusedError):
    """The start looks like pumping: the user must pass a challenge, such as a captcha, first."""


class NumberRefusedError(StartRefusedError):
    """The number is one that may not be confirmed, or the start was taken for pumping."""


class OwnCodeError(ConfirmationError):
    """The service's own code does not fit the method: its form, or no number of the pool ends in it."""


class UnknownTemplateError(ConfirmationError):
    """The settings have no template of that name."""
