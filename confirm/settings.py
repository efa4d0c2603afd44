"""The confirmation's section of the configuration."""

from pydantic import Field, field_validator

from smsc_emulator.base.config import Duration, Section


class ConfirmationSettings(Section):
    """How a user proves that he holds a number."""

    code_digits: int = Field(6, ge=4, le=10)
    """Digits of a code; NIST SP 800-63B asks for six or more."""
    code_lifetime: Duration = 300_000
    """How long a code is good for."""
    attempts: int = Field(3, ge=1, le=10)
    """Wrong codes after which the confirmation has failed."""
    resend_gap: Duration = 60_000
    """Time between two codes for one confirmation."""
    text: str = "{code} is your confirmation code."
    """The SMS; {code} stands for the code."""
    sender: str = Field("confirmlab", max_length=20)
    """The source address of the SMS: a name of up to 11 characters, or digits."""

    @field_validator("text")
    @classmethod
    def _holds_code(cls, text: str) -> str:
        if "{code}" not in text:
            raise ValueError("the text must hold {code}")
        return text
