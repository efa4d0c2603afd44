"""Write octet by octet."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import Pace, Plan, WireFault


class OneOctetWrites(WireFault):
    """Give each octet a write of its own."""

    fault: Literal["one_octet_writes"]

    about = "From the answer on, each octet of the link is a TCP segment of its own, as fast as they go."
    example = {"fault": "one_octet_writes", "when": {"data_coding": 8}}

    def bend(self, plan: Plan) -> Plan:
        """Cut the link's octets apart."""
        return replace(plan, pace=Pace(1, 0))
