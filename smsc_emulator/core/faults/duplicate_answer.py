"""Answer twice."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import Plan, WireFault
from smsc_emulator.core.faults.when import WholeNumber


class DuplicateAnswer(WireFault):
    """Write the answer several times."""

    fault: Literal["duplicate_answer"]
    copies: WholeNumber = Field(2, ge=2, le=100)
    """How many answers come in all."""

    about = "The same answer comes several times."
    example = {"fault": "duplicate_answer", "copies": 2, "when": {"part": 2}}

    def bend(self, plan: Plan) -> Plan:
        """Repeat the octets."""
        return replace(plan, frames=(*plan.frames, self._repeated))

    def _repeated(self, frames: list[bytes]) -> list[bytes]:
        return frames * self.copies
