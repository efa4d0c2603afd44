"""What is to be written to the peer, in terms of the version of SMPP that it speaks."""

from dataclasses import replace

from smsc_emulator.smpp import straight
from smsc_emulator.smpp.codec import ErrorBody, encode
from smsc_emulator.smpp.constants import INTERFACE_VERSION, Tag
from smsc_emulator.smpp.errors import EncodeError
from smsc_emulator.smpp.pdus import Pdu, Tlv
from smsc_emulator.smpp.versions import VERSIONS


class Outbox:
    """Encoded PDUs that wait to be written in one piece."""

    __slots__ = ("_parts", "_version", "error_body", "interface_version")

    def __init__(self, error_body: ErrorBody = ErrorBody.BY_CLAUSE) -> None:
        self._parts: list[bytes] = []
        self.error_body = error_body
        self.speak(INTERFACE_VERSION)

    def __bool__(self) -> bool:
        return bool(self._parts)

    def speak(self, version: int) -> None:
        """Write from now on what a peer of `version` understands."""
        self.interface_version = version
        self._version = VERSIONS[version]

    def write(self, pdu: Pdu) -> None:
        """Add a PDU, without its TLVs if the peer knows none; EncodeError if its text would be lost by that.

        A short_message that is too long for the peer's version goes in message_payload.
        """
        if self._version.takes_tlvs and (octets := straight.write(pdu)) is not None:
            self._parts.append(octets)
            return
        if len(getattr(pdu, "short_message", b"")) > self._version.max_sm_length:
            pdu = _with_payload(pdu)
        if pdu.tlvs and not self._version.takes_tlvs:
            if pdu.tlv(Tag.MESSAGE_PAYLOAD) is not None:
                raise EncodeError("message_payload", "the peer's version of SMPP has no optional parameters")
            pdu = replace(pdu, tlvs=[])
        self._parts.append(encode(pdu, error_body=self.error_body))

    def take(self) -> bytes:
        """Return everything written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _with_payload(pdu: Pdu) -> Pdu:
    payload = Tlv(Tag.MESSAGE_PAYLOAD, pdu.short_message)  # type: ignore[attr-defined]  # it has one that is too long
    return replace(pdu, short_message=b"", tlvs=[*pdu.tlvs, payload])  # type: ignore[call-arg]
