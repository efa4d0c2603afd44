"""What can be wrong with a request about an identification. The gateway's table gives each its HTTP answer."""


class IdentificationError(Exception):
    """A request about an identification cannot be met; the message is a sentence fit for the caller."""


class IdentificationNotFoundError(IdentificationError):
    """There is no such attempt, or it belongs to another service."""


class IdentificationOverError(IdentificationError):
    """The attempt has reached its terminal outcome."""


class NotConfirmingError(IdentificationError):
    """The attempt does not wait for the user's code: it has gone on, or is over."""


class MethodNotPermittedError(IdentificationError):
    """The profile does not permit to confirm the number like that."""


class BindingNotFoundError(IdentificationError):
    """There is no such binding, or it belongs to another service."""


class RetryTooSoonError(IdentificationError):
    """The profile has a refused user wait; `retry_after` is how much longer, in whole seconds of lab time."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StandInNotPermittedError(IdentificationError):
    """The profile does not let this stand for the number."""


class AttributesNotAskedError(IdentificationError):
    """What is said of a person has no place here: the operator is asked for presence alone, or was (S64)."""


class BindingStateError(IdentificationError):
    """The binding is not in a state for this."""


class SessionNotFoundError(IdentificationError):
    """There is no such session, or it belongs to another service."""


class SessionRefusedError(IdentificationError):
    """The user may not use the service, or nobody can log in like that."""


class AppealNotFoundError(IdentificationError):
    """There is no such appeal, or it belongs to another service."""


class AppealRefusedError(IdentificationError):
    """The attempt was not refused, or not by what an operator said or left unsaid."""


class AppealOverError(IdentificationError):
    """An appeal against this refusal is open, or was decided."""
