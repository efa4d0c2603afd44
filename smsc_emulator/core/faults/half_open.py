"""Leave the connection half-open."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import Plan, RealTime, WireFault


class HalfOpen(WireFault):
    """Neither read nor write any more, and do not close."""

    fault: Literal["half_open"]
    lasts: RealTime = 0
    """Real time after which the connection is reset; 0s is until this rule is removed or the lab stops."""

    about = "The request is carried out; from then on nothing is read or written, and no FIN comes."
    example = {"fault": "half_open", "lasts": "5m", "when": {"command": "enquire_link", "nth": 3}}

    def bend(self, plan: Plan) -> Plan:
        """Let the link fall silent."""
        return replace(plan, half_open=self.lasts)
