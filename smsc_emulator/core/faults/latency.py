"""Answer late."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import Plan, RealTime, WireFault


class Latency(WireFault):
    """Wait before the request is carried out."""

    fault: Literal["latency"]
    delay: RealTime
    """How long, in real time."""

    about = "The request is carried out and answered later; other requests are read and answered meanwhile."
    example = {"fault": "latency", "delay": "2s", "when": {"account": "smppclient1", "probability": 0.1}}

    def bend(self, plan: Plan) -> Plan:
        """Add to the delay."""
        return replace(plan, delay=plan.delay + self.delay)
