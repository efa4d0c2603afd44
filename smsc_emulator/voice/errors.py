"""What cannot be done with calls."""


class NoLineError(LookupError):
    """The lab has no handset or phone with this number."""


class NoSuchCallError(LookupError):
    """The number has no such call."""


class CallOverError(Exception):
    """The call is not in a state for this, or not any more."""


class HandsetCannotCallError(Exception):
    """The handset has no network just now."""
