"""What is to be written to the peer, in terms of the version of SMPP that it speaks."""

from dataclasses import replace
from typing import Final

from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import INTERFACE_VERSION, Tag
from smsc_emulator.smpp.errors import EncodeError
from smsc_emulator.smpp.pdus import Pdu

_FIRST_WITH_TLVS: Final = 0x34


class Outbox:
    """Encoded PDUs that wait to be written in one piece."""

    __slots__ = ("_parts", "peer_interface_version")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.peer_interface_version = INTERFACE_VERSION

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def takes_tlvs(self) -> bool:
        """Whether the peer knows optional parameters, which came with 3.4 (3.4)."""
        return self.peer_interface_version >= _FIRST_WITH_TLVS

    def write(self, pdu: Pdu) -> None:
        """Add a PDU, without its TLVs if the peer knows none; EncodeError if its text would be lost by that."""
        if pdu.tlvs and not self.takes_tlvs:
            if pdu.tlv(Tag.MESSAGE_PAYLOAD) is not None:
                raise EncodeError("message_payload", "the peer's version of SMPP has no optional parameters")
            pdu = replace(pdu, tlvs=[])
        self._parts.append(encode(pdu))

    def take(self) -> bytes:
        """Return everything written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data
