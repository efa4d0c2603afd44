"""Cut the answer short."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import Plan, WireFault
from smsc_emulator.core.faults.frames import HEADER, rewrite
from smsc_emulator.core.faults.when import WholeNumber


class Truncated(WireFault):
    """Leave out the end of the answer."""

    fault: Literal["truncated"]
    octets: WholeNumber = Field(1, ge=1, le=65_536)
    """How many octets are missing; the header stays."""
    framed: bool = False
    """Whether command_length says the length that is left: then the body is wrong, else all that follows."""

    about = "The end of the answer is missing: its last field is cut, or with `framed: false` the stream slips."
    example = {"fault": "truncated", "octets": 1, "framed": True, "when": {"command": "deliver_sm", "every": 4}}

    def bend(self, plan: Plan) -> Plan:
        """Drop the last octets."""
        return replace(plan, frames=(*plan.frames, self._cut))

    def _cut(self, frames: list[bytes]) -> list[bytes]:
        cut = [frame[: max(HEADER.size, len(frame) - self.octets)] for frame in frames]
        return [rewrite(frame) for frame in cut] if self.framed else cut
