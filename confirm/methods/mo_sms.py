"""The user sends an SMS with a token to a short code, from the number that he wants to prove.

The token binds the SMS to one confirmation. It is derived whenever it is shown or looked for, and never stored.
"""

import hmac
import re

from confirm.methods import call_in
from confirm.methods.method import Method, Way


def holds(text: str, token: str) -> bool:
    """Return whether `token` is a word of `text`, in capitals or not; the time does not tell how much of it is."""
    words = re.findall(r"[0-9A-Z]+", text.upper())
    found = [hmac.compare_digest(word.encode(), token.encode()) for word in words]
    return any(found)


METHOD = Method("mo_sms", Way.INWARD, lambda settings: 0, lambda typed, digits: typed, call_in.takes)
