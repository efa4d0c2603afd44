"""A personality at work: what its file says, worked out once for each account so that a message costs little.

The file itself is `PersonalitySettings`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid5

from smsc_emulator.core.personality_settings import IdForm, PersonalitySettings, layout
from smsc_emulator.core.validation import Validation
from smsc_emulator.smpp import gsm0338, receipts, segments, text
from smsc_emulator.smpp.constants import CommandStatus, EsmClass, Tag
from smsc_emulator.smpp.pdus import Pdu, Tlv

FIRST_WITH_TLVS: Final = 0x34
"""Peers of earlier versions have no optional parameters, and message ids of at most eight octets (SMPP 3.4, 3.4)."""

GSM_NETWORK: Final = 3
"""The network type of network_error_code (5.3.2.31)."""

_IDS: Final = UUID("00101000-0000-5000-8000-000000000001")
"""The namespace of message ids in the form of a uuid."""


def id_writer(form: IdForm) -> Callable[[int], str]:
    """Return what writes a message's number in `form`."""
    if form.form == "uuid":
        return lambda number: str(uuid5(_IDS, str(number)))
    if form.form == "decimal" and not form.width:
        return str
    code = {"decimal": "d", "hex": "x", "hex_upper": "X"}[form.form]
    return partial(_formatted, f"0{form.width}{code}" if form.width else code)


def _formatted(specification: str, number: int) -> str:
    return format(number, specification)


class Personality:
    """How one operator's SMSC behaves towards an account."""

    __slots__ = (
        "_network_error",
        "_receipt_id",
        "_response_id",
        "_tells_id",
        "_tells_state",
        "_validation",
        "_vendor_tlvs",
        "layout",
        "packed",
        "rate_error",
        "settings",
        "window_error",
    )

    def __init__(self, settings: PersonalitySettings) -> None:
        self.settings = settings
        receipt = settings.receipt
        self._response_id = id_writer(settings.message_id)
        self._receipt_id = None if receipt.message_id is None else id_writer(receipt.message_id)
        self._validation = Validation(settings.strictness)
        self._vendor_tlvs = [Tlv(tlv.tag, bytes.fromhex(tlv.value)) for tlv in receipt.vendor_tlvs]
        self._tells_id = receipt.receipted_message_id
        self._tells_state = receipt.message_state
        self._network_error = receipt.network_error_code
        self.layout = layout(receipt.text, receipt.date_digits)
        """The layout of a receipt's text, for `receipts.build`."""
        self.packed = settings.default_alphabet_packed
        """Whether short_message in the default alphabet is packed; `unpack` and `pack` are needed only then."""
        self.window_error = CommandStatus[settings.window_error]
        self.rate_error = CommandStatus[settings.rate_error]

    def message_id(self, number: int, interface_version: int) -> str:
        """Return the id of a message in the response to a peer of `interface_version`."""
        return f"{number:X}" if interface_version < FIRST_WITH_TLVS else self._response_id(number)

    def receipt_id(self, number: int, message_id: str) -> str:
        """Return how a receipt names the message that the response called `message_id`.

        A message whose id was not written by this personality keeps its id: it came from a peer of SMPP 3.3.
        """
        if self._receipt_id is None or message_id != self._response_id(number):
            return message_id
        return self._receipt_id(number)

    def receipt_tlvs(self, message_id: str, message_state: int, error: int) -> list[Tlv]:
        """Return a receipt's optional parameters; `error` is the network's reason, 0 for none."""
        told_id, told_state = receipts.tlvs(message_id, message_state)
        tlvs = [told_id] if self._tells_id else []
        if self._tells_state:
            tlvs.append(told_state)
        if self._network_error:
            tlvs.append(Tlv(Tag.NETWORK_ERROR_CODE, bytes([GSM_NETWORK]) + min(error, 0xFFFF).to_bytes(2)))
        tlvs += self._vendor_tlvs
        return tlvs

    def check(self, pdu: Pdu) -> int:
        """Return the status to refuse a request's values with, or ESME_ROK."""
        return self._validation.status(pdu)

    def bind_failure(self, status: int) -> int:
        """Return what a bind that failed by `status` is told."""
        return CommandStatus.ESME_RBINDFAIL if self.settings.bind_failure == "generic" else status


def unpack(pdu: Any) -> None:
    """Put the septets of a request's packed short_message into octets of their own, as the SMSC keeps them."""
    _repack(pdu, gsm0338.unpack)


def pack(pdu: Any) -> None:
    """Pack the short_message of a deliver_sm that is in the default alphabet."""
    _repack(pdu, gsm0338.pack)


def _repack(pdu: Any, change: Callable[[bytes, int], bytes]) -> None:
    """Change the text and leave the user data header before it; the text begins on a septet's boundary."""
    data: bytes = pdu.short_message
    if not data or text.coding(pdu.data_coding).alphabet is not text.Alphabet.GSM:
        return
    header = segments.read_header(data).octets if pdu.esm_class & EsmClass.UDHI else 0
    pdu.short_message = data[:header] + change(data[header:], gsm0338.fill_bits(header))
