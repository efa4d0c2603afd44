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
