"""Answer with another request's number."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import Plan, WireFault
from smsc_emulator.core.faults.frames import rewrite, sequence_number
from smsc_emulator.core.faults.when import WholeNumber


class WrongSequence(WireFault):
    """Change the answer's sequence_number."""

    fault: Literal["wrong_sequence"]
    by: WholeNumber = Field(1_000_000, ge=-0x7FFFFFFF, le=0x7FFFFFFF)
    """What is added to the number."""

    about = "The answer carries a sequence_number that is not its request's (SMPP 3.4, 5.1.4)."
    example = {"fault": "wrong_sequence", "by": 1, "when": {"every": 10}}

    def bend(self, plan: Plan) -> Plan:
        """Change the number."""
        return replace(plan, frames=(*plan.frames, self._renumbered))

    def _renumbered(self, frames: list[bytes]) -> list[bytes]:
        return [rewrite(f, sequence_number=(sequence_number(f) + self.by) % (1 << 32)) for f in frames]
