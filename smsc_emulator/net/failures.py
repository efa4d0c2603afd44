"""Why an ESME's request was not sent, not answered, or refused."""

from smsc_emulator.smpp.constants import status_name


class LinkDownError(Exception):
    """The SMSC cannot be reached; the message was not sent."""


class AnswerLostError(Exception):
    """The link was lost before the answer came; the SMSC may or may not have taken the message."""


class ResponseTimeoutError(Exception):
    """The SMSC did not answer in time; it may or may not have taken the message."""


class SubmitRefusedError(Exception):
    """The SMSC answered with an error, which is `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the SMSC answered {status_name(status)}")
        self.status = status


class BindRefusedError(LinkDownError):
    """The SMSC did not accept the bind and answered with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the SMSC refused the bind with {status_name(status)}")
        self.status = status
