"""What can be wrong with a request about a confirmation. The gateway's table gives each its HTTP answer."""


class ConfirmationError(Exception):
    """A request about a confirmation cannot be met; the message is a sentence fit for the caller."""


class ConfirmationNotFoundError(ConfirmationError):
    """There is no such confirmation, or it belongs to another service."""


class ConfirmationOverError(ConfirmationError):
    """The confirmation is no longer pending, or its lifetime has passed."""


class ConfirmationOwnedError(ConfirmationError):
    """The confirmation is part of something larger, which alone may change it."""


class ResendTooSoonError(ConfirmationError):
    """The gap between two codes has not passed. `retry_after` is what is left of it, in whole seconds of lab time."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
