"""What a confirmation method is made of."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """One way to prove that a user holds a number. Its functions are pure."""

    name: str
    """The name in requests."""
    message: Callable[[str, str], str]
    """Makes of the template and the code the text that is sent."""
    read: Callable[[str], str]
    """Makes of what the user typed the code that he meant."""
