"""Lie about the length."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import Plan, WireFault
from smsc_emulator.core.faults.when import WholeNumber


class BadLength(WireFault):
    """Change the answer's command_length."""

    fault: Literal["bad_length"]
    length: WholeNumber = Field(8, ge=0, le=0xFFFFFFFF)
    """What command_length says."""

    about = "The answer's command_length is not its length: too small to be one, or far too large."
    example = {"fault": "bad_length", "length": 2147483647, "when": {"destination": "+79990000001"}}

    def bend(self, plan: Plan) -> Plan:
        """Change the first four octets."""
        return replace(plan, frames=(*plan.frames, self._mismeasured))

    def _mismeasured(self, frames: list[bytes]) -> list[bytes]:
        return [self.length.to_bytes(4) + frame[4:] for frame in frames]
