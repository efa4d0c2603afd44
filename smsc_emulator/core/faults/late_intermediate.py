"""Send an intermediate notification after the final receipt."""

import re
from dataclasses import replace
from typing import Literal

from smsc_emulator.core.faults.fault import LabTime, ReceiptFault, Sending
from smsc_emulator.smpp.constants import EsmClass, MessageState, Tag
from smsc_emulator.smpp.pdus import DeliverSm, Tlv

_STAT = re.compile(rb"\b(stat:)[^ ]*", re.IGNORECASE)
_DELIVERED = re.compile(rb"\b(dlvrd:)([0-9]+)", re.IGNORECASE)


class LateIntermediate(ReceiptFault):
    """Follow the final receipt by one that says ENROUTE."""

    fault: Literal["late_intermediate"]
    after: LabTime = 0
    """Lab time from the receipt to the notification."""

    about = "An intermediate notification that says ENROUTE comes after the final receipt (SMPP 3.4, 5.2.12)."
    example = {"fault": "late_intermediate", "after": "1s", "when": {"destination": "+7000"}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Add the notification."""
        late = [replace(s, delay=s.delay + self.after, alter=(*s.alter, _enroute)) for s in sendings]
        return sendings + late


def _enroute(pdu: DeliverSm) -> DeliverSm:
    text = _STAT.sub(rb"\1ENROUTE", pdu.short_message, count=1)
    text = _DELIVERED.sub(lambda found: found[1] + b"0" * len(found[2]), text, count=1)
    state = bytes([MessageState.ENROUTE])
    tlvs = [Tlv(tlv.tag, state) if tlv.tag == Tag.MESSAGE_STATE else tlv for tlv in pdu.tlvs]
    return replace(pdu, esm_class=EsmClass.INTERMEDIATE_NOTIFICATION, short_message=text, tlvs=tlvs)
