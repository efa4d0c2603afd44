"""Drop the connection."""

from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import Drop as Dropping
from smsc_emulator.core.faults.fault import Moment, Plan, WireFault


class Drop(WireFault):
    """Close the connection without unbind."""

    fault: Literal["drop"]
    at: Moment = Moment.ANSWER
    """`request`: when it comes, not carried out; `answer`: carried out, in the answer's place; `after` the answer."""
    reset: bool = False
    """Whether by RST instead of FIN."""

    about = "The connection is closed without unbind: before the request counts, in the answer's place, or after it."
    example = {"fault": "drop", "at": "answer", "reset": True, "when": {"account": "smppclient1", "nth": 5}}

    def bend(self, plan: Plan) -> Plan:
        """End the connection at the moment chosen."""
        return replace(plan, drop=Dropping(self.at, self.reset))
