"""Write slowly."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import Pace, Plan, RealTime, WireFault
from smsc_emulator.core.faults.when import WholeNumber


class SlowWrites(WireFault):
    """Write a few octets, pause, and go on."""

    fault: Literal["slow_writes"]
    octets: WholeNumber = Field(8, ge=1, le=65_536)
    """How many octets each write has."""
    pause: RealTime = 100
    """Real time between two writes."""

    about = "From the answer on, the link's octets come a few at a time with pauses between them."
    example = {"fault": "slow_writes", "octets": 8, "pause": "100ms", "when": {"command": "bind_transceiver"}}

    def bend(self, plan: Plan) -> Plan:
        """Slow the link down."""
        return replace(plan, pace=Pace(self.octets, self.pause))
