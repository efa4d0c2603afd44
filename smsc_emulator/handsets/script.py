"""What a handset does by itself with a text that has come: answer it, type its code, throw it away."""

from smsc_emulator.frozen import frozen
from smsc_emulator.handsets.codes import find_code

CODE = "{code}"
"""Stands for the code found in the text; TEXT stands for the text itself."""
TEXT = "{text}"


@frozen
class Script:
    """A handset's habits. Nothing is sent in answer to a text without a code if the reply needs one."""

    reply: str | None = None
    """The text of the answer; `{code}` alone types the code back."""
    to: str | None = None
    """The number or short code that the answer goes to; None is the sender of the text."""
    after: int = 0
    """Lab time in milliseconds from the text to the answer, and to its deletion."""
    delete: bool = False
    """Whether the text is deleted once it has been read."""

    def answer(self, text: str) -> str | None:
        """Return what to send in answer to `text`, or None for nothing."""
        if self.reply is None:
            return None
        reply = self.reply
        if CODE in reply:
            code = find_code(text)
            if code is None:
                return None
            reply = reply.replace(CODE, code)
        return reply.replace(TEXT, text) or None
