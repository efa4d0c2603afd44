"""Do not answer."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import Plan, WireFault


class Silence(WireFault):
    """Carry the request out and say nothing."""

    fault: Literal["silence"]

    about = "The request is carried out and never answered: an ESME that sends it again has sent it twice."
    example = {"fault": "silence", "when": {"text": "*code*", "nth": 2}}

    def bend(self, plan: Plan) -> Plan:
        """Write nothing in the answer's place."""
        return replace(plan, frames=(*plan.frames, _nothing))


def _nothing(_frames: list[bytes]) -> list[bytes]:
    return []
