"""Write octets that are no PDU."""

from dataclasses import replace
from hashlib import shake_128
from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import Plan, WireFault
from smsc_emulator.core.faults.when import WholeNumber


class Garbage(WireFault):
    """Write noise in the answer's place."""

    fault: Literal["garbage"]
    octets: WholeNumber = Field(64, ge=1, le=65_536)
    """How many octets of noise."""
    before: bool = False
    """Whether the answer follows the noise."""

    about = "Octets that are no PDU come in the answer's place, or before it."
    example = {"fault": "garbage", "octets": 64, "when": {"command": "any", "nth": 20}}

    def bend(self, plan: Plan) -> Plan:
        """Make noise."""
        return replace(plan, frames=(*plan.frames, self._noise))

    def _noise(self, frames: list[bytes]) -> list[bytes]:
        # Made from the answer itself, so that it looks like chance and comes again in a run that is repeated.
        noise = (b"\xff\xff\xff\xff" + shake_128(b"".join(frames)).digest(self.octets))[: self.octets]
        return [noise, *frames] if self.before else [noise]
