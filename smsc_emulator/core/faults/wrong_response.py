"""Answer with a response of another kind."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import Plan, WireFault
from smsc_emulator.core.faults.frames import rewrite
from smsc_emulator.smpp.constants import CommandId


class WrongResponse(WireFault):
    """Change the answer's command_id."""

    fault: Literal["wrong_response"]
    response: Literal[
        "generic_nack", "submit_sm_resp", "deliver_sm_resp", "data_sm_resp", "query_sm_resp", "enquire_link_resp"
    ] = "query_sm_resp"
    """The response that comes instead; the body stays."""

    about = "The answer is a response to another operation, with the right sequence_number."
    example = {"fault": "wrong_response", "response": "deliver_sm_resp", "when": {"service_type": "WAP"}}

    def bend(self, plan: Plan) -> Plan:
        """Change the command_id."""
        return replace(plan, frames=(*plan.frames, self._renamed))

    def _renamed(self, frames: list[bytes]) -> list[bytes]:
        return [rewrite(frame, command_id=CommandId[self.response.upper()]) for frame in frames]
