"""What a confirmation method is made of."""

from collections.abc import Callable
from enum import StrEnum

from confirm.settings import ConfirmationSettings, MethodName
from smsc_emulator.frozen import frozen


class Way(StrEnum):
    """How the secret, or the user's act, comes to its place."""

    SMS = "sms"
    """An SMS brings a code to the user, who gives it back."""
    CALL = "call"
    """A call shows the user a number whose end is the code; he gives either back."""
    INWARD = "inward"
    """The user himself calls or sends an SMS; nothing is sent to him, and nothing typed back."""


@frozen
class Method:
    """One way to prove that a user holds a number. Its functions are pure."""

    name: MethodName
    """The name in requests."""
    way: Way
    digits: Callable[[ConfirmationSettings], int]
    """How many decimal digits its drawn codes have; 0 where there are none."""
    read: Callable[[str, int], str]
    """Makes of what came back, and the digits of a code, the code or the number that was meant."""
    takes: Callable[[str, ConfirmationSettings], bool]
    """Whether a code that the service chose can be sent so."""

    @property
    def sends(self) -> bool:
        """Whether something is sent to the user."""
        return self.way is not Way.INWARD
