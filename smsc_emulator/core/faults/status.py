"""Answer with an error."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from smsc_emulator.core.faults.fault import Plan, WireFault
from smsc_emulator.core.faults.frames import HEADER, rewrite
from smsc_emulator.smpp.constants import CommandStatus, status_name

_NAMES = [status.name for status in CommandStatus if status]


def _code(value: Any) -> int:
    if isinstance(value, str) and value in _NAMES:
        return int(CommandStatus[value])
    if isinstance(value, str) and value.lower().startswith("0x"):
        try:
            code = int(value, 16)
        except ValueError:
            code = 0
        if 0 < code < 1 << 32:
            return code
    raise ValueError("write the name of an error, such as ESME_RTHROTTLED, or a number, such as 0x428")


Status = Annotated[
    int,
    BeforeValidator(_code),
    PlainSerializer(status_name, return_type=str),
    WithJsonSchema({"anyOf": [{"enum": _NAMES}, {"type": "string", "pattern": r"^0x[1-9a-f][0-9a-f]{0,7}$"}]}),
]


class StatusFault(WireFault):
    """Answer with a command_status."""

    fault: Literal["status"]
    status: Status
    """The error: its name in Table 5-2, or a number in hexadecimal such as 0x428."""
    accepted: bool = False
    """Whether the request is carried out all the same."""

    about = "The request is answered with an error; with `accepted`, it is carried out all the same."
    example = {"fault": "status", "status": "ESME_RTHROTTLED", "when": {"destination": "+7000", "every": 3}}

    def bend(self, plan: Plan) -> Plan:
        """Refuse, or let it be carried out and change the answer."""
        if not self.accepted:
            return replace(plan, status=self.status)
        return replace(plan, frames=(*plan.frames, self._refusals))

    def _refusals(self, frames: list[bytes]) -> list[bytes]:
        return [rewrite(frame[: HEADER.size], status=self.status) for frame in frames]
