"""Every rule about fields, at each level: a value that is refused, and the same request without it."""

from dataclasses import replace
from typing import Any

import pytest

from smsc_emulator.core.validation import RULES, VALIDATED, Validation
from smsc_emulator.smpp.constants import status_name
from smsc_emulator.smpp.pdus import DataSm, DeliverSm, ReplaceSm, SubmitMulti, SubmitSm, Tlv

GOOD: dict[type, Any] = {
    SubmitSm: SubmitSm(
        source_addr_ton=5,
        source_addr="lab",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="70000000001",
        registered_delivery=0x11,
        short_message=b"hello",
    ),
    DataSm: DataSm(destination_addr="70000000001", esm_class=2, tlvs=[Tlv(0x0424, b"hello")]),
    SubmitMulti: SubmitMulti(short_message=b"hello"),
    ReplaceSm: ReplaceSm(message_id="1", short_message=b"hello"),
}
SAR = [Tlv(0x020C, b"\0\1"), Tlv(0x020E, b"\2"), Tlv(0x020F, b"\1")]
UDH = b"\x05\x00\x03\x01\x02\x01"

CASES: list[tuple[str, str, dict[str, Any], set[str]]] = [
    # clause, status, fields, levels that accept
    ("4.4.1", "ESME_RINVDSTADR", {"destination_addr": ""}, set()),
    ("5.2.5", "ESME_RINVSRCTON", {"source_addr_ton": 7}, {"lenient"}),
    ("5.2.6", "ESME_RINVSRCNPI", {"source_addr_npi": 2}, {"lenient"}),
    ("5.2.5", "ESME_RINVDSTTON", {"dest_addr_ton": 7}, {"lenient"}),
    ("5.2.6", "ESME_RINVDSTNPI", {"dest_addr_npi": 19}, {"lenient"}),
    ("4.4: no transaction mode", "ESME_RINVESMCLASS", {"esm_class": 0x02}, {"lenient"}),
    ("5.2.12: a receipt", "ESME_RINVESMCLASS", {"esm_class": 0x04}, {"lenient"}),
    ("5.2.12: a reserved type", "ESME_RINVESMCLASS", {"esm_class": 0x3C}, {"lenient"}),
    (
        "5.2.12: UDHI and SAR",
        "ESME_ROPTPARNOTALLWD",
        {"esm_class": 0x40, "short_message": UDH + b"x", "tlvs": SAR},
        {"lenient"},
    ),
    (
        "5.2.12: UDHI and ports",
        "ESME_ROPTPARNOTALLWD",
        {"esm_class": 0x40, "short_message": UDH + b"x", "tlvs": [Tlv(0x020A, b"\0\1")]},
        {"lenient"},
    ),
    ("5.2.12: no header", "ESME_RINVMSGLEN", {"esm_class": 0x40, "short_message": b"\xffabc"}, {"lenient"}),
    ("5.2.12: nothing", "ESME_RINVMSGLEN", {"esm_class": 0x40, "short_message": b""}, {"lenient"}),
    ("5.2.13", "ESME_RSUBMITFAIL", {"protocol_id": 0x80}, {"lenient"}),
    ("5.2.14", "ESME_RINVPRTFLG", {"priority_flag": 4}, {"lenient"}),
    ("5.2.17: 11", "ESME_RINVREGDLVFLG", {"registered_delivery": 3}, {"lenient", "strict50"}),
    ("5.2.17: bit 5", "ESME_RINVREGDLVFLG", {"registered_delivery": 0x21}, {"lenient"}),
    ("5.2.18", "ESME_RINVREPFLAG", {"replace_if_present_flag": 7}, {"lenient"}),
    ("5.0", "ESME_RINVDCS", {"data_coding": 0x0B}, {"lenient", "strict34"}),
    ("5.2.19: half a character", "ESME_RINVMSGLEN", {"data_coding": 8, "short_message": b"abc"}, {"lenient"}),
    (
        "5.2.19: half a character after a header",
        "ESME_RINVMSGLEN",
        {"data_coding": 8, "esm_class": 0x40, "short_message": UDH + b"abc"},
        {"lenient"},
    ),
    ("5.2.20", "ESME_RINVDFTMSGID", {"sm_default_msg_id": 255}, {"lenient"}),
    (
        "5.3.2.24: the third of two",
        "ESME_RINVOPTPARAMVAL",
        {"tlvs": [*SAR[:2], Tlv(0x020F, b"\3")]},
        {"lenient"},
    ),
    ("5.3.2.24: number 0", "ESME_RINVOPTPARAMVAL", {"tlvs": [*SAR[:2], Tlv(0x020F, b"\0")]}, {"lenient"}),
]
LEVELS = ["lenient", "strict34", "strict50"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("clause", "status", "fields", "accepting"), CASES, ids=[case[0] for case in CASES])
def test_a_value_gets_its_status_from_the_levels_that_look_at_it(
    clause: str, status: str, fields: dict[str, Any], accepting: set[str], level: Any
) -> None:
    pdu = replace(GOOD[SubmitSm], **fields)
    told = status_name(Validation(level).status(pdu))
    assert told == ("ESME_ROK" if level in accepting else status)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", VALIDATED)
def test_a_request_by_the_book_passes_every_level(kind: type, level: Any) -> None:
    assert Validation(level).status(GOOD[kind]) == 0


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "fields",
    [
        {"esm_class": 0x40, "short_message": UDH + b"x"},
        {"esm_class": 0x08 | 0x80 | 0x03},
        {"data_coding": 8, "esm_class": 0x40, "short_message": UDH + b"ab"},
        {"data_coding": 0xF0, "priority_flag": 3, "protocol_id": 0x41, "replace_if_present_flag": 1},
        {"tlvs": SAR},
        {"tlvs": [Tlv(0x1400, b"unknown")]},
    ],
)
def test_unusual_values_that_are_allowed_pass_every_level(fields: dict[str, Any], level: Any) -> None:
    assert Validation(level).status(replace(GOOD[SubmitSm], **fields)) == 0


def test_data_sm_has_the_transaction_mode_and_no_priority() -> None:
    assert Validation("strict34").status(GOOD[DataSm]) == 0
    assert status_name(Validation("strict34").status(replace(GOOD[DataSm], esm_class=4))) == "ESME_RINVESMCLASS"


def test_what_the_rules_do_not_know_passes() -> None:
    assert Validation("strict34").status(DeliverSm(priority_flag=9)) == 0


def test_every_rule_has_a_case() -> None:
    hit = {
        index for _, _, fields, _ in CASES for index, rule in enumerate(RULES)
        if rule.broken(replace(GOOD[SubmitSm], **fields))
    }  # fmt: skip
    assert hit == set(range(len(RULES)))
