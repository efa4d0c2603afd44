"""The values of a request's fields, held to the standard as closely as a personality wants; one table of rules.

What a PDU cannot be read with, such as a field beyond its length, is the decoder's matter; this is about values that
can be read and should not be there. Nearly all servers take them, so the lenient level does; the status that each gets
from a strict one is the standard's, or the nearest where it names none (marked "unnamed").
"""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, Final

from smsc_emulator.core.personality_settings import Strictness
from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.constants import CommandStatus, EsmClass, Npi, Tag, Ton
from smsc_emulator.smpp.pdus import DataSm, Pdu, ReplaceSm, SubmitMulti, SubmitSm

_EVERY: Final[frozenset[Strictness]] = frozenset({"lenient", "strict34", "strict50"})
_STRICT: Final[frozenset[Strictness]] = frozenset({"strict34", "strict50"})
_STRICT34: Final[frozenset[Strictness]] = frozenset({"strict34"})
_STRICT50: Final[frozenset[Strictness]] = frozenset({"strict50"})

_TONS, _NPIS = frozenset(Ton), frozenset(Npi)
_MODE, _TRANSACTION, _TYPE = 0b11, 0b10, 0b111100
_TYPES_FROM_ESME: Final = frozenset({0, EsmClass.DELIVERY_ACKNOWLEDGEMENT, EsmClass.USER_ACKNOWLEDGEMENT})
_SAR: Final = frozenset({Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM})
_HEADER_TLVS: Final = _SAR | {Tag.SOURCE_PORT, Tag.DESTINATION_PORT}
_UCS2: Final = 0x08
_RESERVED_CODINGS: Final = frozenset({0x0B, 0x0C, 0x0F, *range(0x80, 0xC0)})
_INVALID_DCS: Final = 0x104


@frozen
class Rule:
    """A value that must not be: `broken` tells whether it is there."""

    needs: tuple[str, ...]
    """The fields that it looks at; PDUs without them are not asked."""
    status: int
    """What the request is refused with."""
    levels: frozenset[Strictness]
    clause: str
    broken: Callable[[Any], object]


def _text(pdu: Any) -> bytes:
    """Return the message with its header: message_payload, where it is there, takes the place of short_message."""
    payload: bytes | None = pdu.tlv(Tag.MESSAGE_PAYLOAD)
    return getattr(pdu, "short_message", b"") if payload is None else payload


def _bad_header(pdu: Any) -> bool:
    return bool(pdu.esm_class & EsmClass.UDHI and segments.read_header(_text(pdu)).problems)


def _odd_ucs2(pdu: Any) -> bool:
    if pdu.data_coding != _UCS2:
        return False
    octets = _text(pdu)
    header = segments.read_header(octets).octets if pdu.esm_class & EsmClass.UDHI else 0
    return bool((len(octets) - header) % 2)


def _header_and_tlvs(pdu: Any) -> bool:
    return bool(pdu.esm_class & EsmClass.UDHI and any(tlv.tag in _HEADER_TLVS for tlv in pdu.tlvs))


def _bad_segment(pdu: Any) -> bool:
    total, number = pdu.tlv(Tag.SAR_TOTAL_SEGMENTS), pdu.tlv(Tag.SAR_SEGMENT_SEQNUM)
    return total is not None and number is not None and not 0 < number[0] <= total[0]


RULES: Final[tuple[Rule, ...]] = (
    Rule(("destination_addr",), CommandStatus.ESME_RINVDSTADR, _EVERY, "4.4.1", lambda pdu: not pdu.destination_addr),
    Rule(
        ("source_addr_ton",), CommandStatus.ESME_RINVSRCTON, _STRICT, "5.2.5", lambda p: p.source_addr_ton not in _TONS
    ),
    Rule(
        ("source_addr_npi",), CommandStatus.ESME_RINVSRCNPI, _STRICT, "5.2.6", lambda p: p.source_addr_npi not in _NPIS
    ),
    Rule(("dest_addr_ton",), CommandStatus.ESME_RINVDSTTON, _STRICT, "5.2.5", lambda p: p.dest_addr_ton not in _TONS),
    Rule(("dest_addr_npi",), CommandStatus.ESME_RINVDSTNPI, _STRICT, "5.2.6", lambda p: p.dest_addr_npi not in _NPIS),
    Rule(
        ("esm_class", "priority_flag"),  # submit_sm and submit_multi: data_sm has no priority and knows the mode
        CommandStatus.ESME_RINVESMCLASS,
        _STRICT,
        "4.4, 5.2.12: no transaction mode; unnamed",
        lambda pdu: pdu.esm_class & _MODE == _TRANSACTION,
    ),
    Rule(
        ("esm_class",),
        CommandStatus.ESME_RINVESMCLASS,
        _STRICT,
        "5.2.12: what an ESME may send; unnamed",
        lambda pdu: pdu.esm_class & _TYPE not in _TYPES_FROM_ESME,
    ),
    Rule(("esm_class",), CommandStatus.ESME_ROPTPARNOTALLWD, _STRICT, "5.2.12, notes; unnamed", _header_and_tlvs),
    Rule(("esm_class",), CommandStatus.ESME_RINVMSGLEN, _STRICT, "5.2.12; unnamed", _bad_header),
    Rule(
        ("protocol_id",),
        CommandStatus.ESME_RSUBMITFAIL,
        _STRICT,
        "5.2.13: reserved by 3GPP TS 23.040, 9.2.3.9; unnamed",
        lambda pdu: 0x80 <= pdu.protocol_id < 0xC0,
    ),
    Rule(("priority_flag",), CommandStatus.ESME_RINVPRTFLG, _STRICT, "5.2.14", lambda pdu: pdu.priority_flag > 3),
    Rule(
        ("registered_delivery",),
        CommandStatus.ESME_RINVREGDLVFLG,
        _STRICT34,
        "5.2.17: 11 is reserved; in SMPP 5.0 it asks for successes",
        lambda pdu: pdu.registered_delivery & 0b11 == 0b11,
    ),
    Rule(
        ("registered_delivery",),
        CommandStatus.ESME_RINVREGDLVFLG,
        _STRICT,
        "5.2.17",
        lambda pdu: pdu.registered_delivery > 0b11111,
    ),
    Rule(
        ("replace_if_present_flag",),
        CommandStatus.ESME_RINVREPFLAG,
        _STRICT,
        "5.2.18",
        lambda pdu: pdu.replace_if_present_flag > 1,
    ),
    Rule(
        ("data_coding",),
        _INVALID_DCS,
        _STRICT50,
        "ESME_RINVDCS of SMPP 5.0",
        lambda pdu: pdu.data_coding in _RESERVED_CODINGS,
    ),
    Rule(("data_coding", "esm_class"), CommandStatus.ESME_RINVMSGLEN, _STRICT, "5.2.19; unnamed", _odd_ucs2),
    Rule(
        ("sm_default_msg_id",),
        CommandStatus.ESME_RINVDFTMSGID,
        _STRICT,
        "5.2.20: this SMSC has no predefined messages",
        lambda pdu: pdu.sm_default_msg_id,
    ),
    Rule(("esm_class",), CommandStatus.ESME_RINVOPTPARAMVAL, _STRICT, "5.3.2.23, 5.3.2.24", _bad_segment),
)
"""Asked in this order, which is that of the fields on the wire as far as it can be."""

VALIDATED: Final[tuple[type[Pdu], ...]] = (SubmitSm, SubmitMulti, DataSm, ReplaceSm)
"""The requests whose fields are looked at."""

_Test = tuple[Callable[[Any], object], int]


class Validation:
    """The rules of one level, laid out for each PDU once."""

    __slots__ = ("_tests",)

    def __init__(self, strictness: Strictness) -> None:
        self._tests: dict[type[Pdu], tuple[_Test, ...]] = {
            kind: tuple(_tests(strictness, {field.name for field in fields(kind)})) for kind in VALIDATED
        }

    def status(self, pdu: Pdu) -> int:
        """Return the status to refuse a request with, or ESME_ROK."""
        for broken, status in self._tests.get(type(pdu), ()):
            if broken(pdu):
                return status
        return 0


def _tests(strictness: Strictness, names: set[str]) -> Iterable[_Test]:
    for rule in RULES:
        if strictness in rule.levels and names.issuperset(rule.needs):
            yield rule.broken, int(rule.status)
