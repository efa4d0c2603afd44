"""How an operator reaches its gateway: signed HTTP, or files in a folder that both look into."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from time import time_ns
from typing import Any, Literal

from smsc_emulator.base.mailbox import Letter
from smsc_emulator.base.signed_http import Session, UnreachableError, post_signed
from smsc_emulator.operator.folder_face import TO_GATEWAY, box
from smsc_emulator.operator.settings import OperatorSettings

Resource = Literal["verdicts", "notices"]

ACCEPTED = 202


class Outward:
    """The way to the gateway for all operators of the lab.

    `gateway_url` tells where the lab's own gateway is, for operators whose agreement names no other; `data` is the
    folder that the folders of those that exchange files are in.
    """

    def __init__(
        self,
        session: Session,
        operators: Sequence[OperatorSettings],
        gateway_url: Callable[[], str] = lambda: "",
        data: Path | None = None,
    ) -> None:
        self._session = session
        self._operators = {operator.id: operator for operator in operators}
        self._gateway_url = gateway_url
        filing = [] if data is None else [each for each in operators if each.folder is not None]
        self._boxes = {each.id: box(each, data, TO_GATEWAY) for each in filing if data is not None}
        self._left = 0

    async def send(
        self,
        operator_id: str,
        resource: Resource,
        message_id: str,
        body: Mapping[str, Any],
        *,
        to: str | None = None,
        badly_signed: bool = False,
    ) -> int:
        """Send a message to `to`, or where the agreement says, and return the status of the answer.

        A file that is left in the folder is as good as taken: its reader takes it away only when he has acted on it.
        Raises UnreachableError, also for an operator that was taken out of the configuration: nobody signs for it.
        """
        operator = self._operators.get(operator_id)
        if operator is None:
            raise UnreachableError("operator_not_configured")
        if operator_id in self._boxes and not badly_signed:
            self._leave(operator_id, Letter(message_id, resource, body))
            return ACCEPTED
        secret = _another(operator.secret) if badly_signed else operator.secret
        gateway = (operator.gateway_url or self._gateway_url()).rstrip("/")
        url = to or f"{gateway}/v1/operators/{operator_id}/{resource}"
        status, _ = await post_signed(self._session, url, secret, message_id, body)
        return status

    def _leave(self, operator_id: str, letter: Letter) -> None:
        """Leave a letter under a name of its own, after those that were left before: the order is the names'."""
        self._left += 1
        self._boxes[operator_id].put(f"{time_ns():020d}-{self._left:06d}-{letter.kind}", letter)


def _another(secret: str) -> str:
    """Return a secret that is none of an agreement, and the same each time."""
    return "whsec_" + b64encode(sha256(secret.encode()).digest()).decode()
