"""Name another message in a receipt."""

import re
from dataclasses import replace
from typing import Literal

from pydantic import Field

from smsc_emulator.core.faults.fault import ReceiptFault, Sending
from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.pdus import DeliverSm, Tlv

_ID = re.compile(rb"\b(id:)([^ ]*)", re.IGNORECASE)
_OTHER = bytes.maketrans(b"0123456789abcdefABCDEF", b"9876543210fedcbaFEDCBA")


class WrongReceiptId(ReceiptFault):
    """Change the message_id of the receipt."""

    fault: Literal["wrong_receipt_id"]
    message_id: str | None = Field(None, pattern=r"^[!-~]{1,64}$", max_length=64)
    """The id that is told; without it, one of the same form that no message has."""

    about = "The receipt names a message that the ESME never sent."
    example = {"fault": "wrong_receipt_id", "message_id": "0", "when": {"nth": 1}}

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Change the id in the text and in receipted_message_id."""
        return [replace(sending, alter=(*sending.alter, self._misnamed)) for sending in sendings]

    def _misnamed(self, pdu: DeliverSm) -> DeliverSm:
        text = _ID.sub(lambda found: found[1] + self._other(found[2]), pdu.short_message, count=1)
        tlvs = [
            Tlv(tlv.tag, self._other(tlv.value.rstrip(b"\0")) + b"\0") if tlv.tag == Tag.RECEIPTED_MESSAGE_ID else tlv
            for tlv in pdu.tlvs
        ]
        return replace(pdu, short_message=text, tlvs=tlvs)

    def _other(self, message_id: bytes) -> bytes:
        return message_id.translate(_OTHER) if self.message_id is None else self.message_id.encode()
