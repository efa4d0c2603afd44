"""Traps about the body of an answer, and about what the version of a peer lets it ask: a row for each.

As in the table of the other traps, the octets go over a real socket and an answer is written as the operation and its
status; its body is written too, where the trap is about that.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest
from frames import NUMBER, frame, named, submit, wire
from serving import Serving

from smsc_emulator.smpp.constants import CommandId, Tag
from smsc_emulator.smpp.pdus import CancelSm, DataSm, QuerySm, ReplaceSm, Tlv


class Row(NamedTuple):
    """A request and its one answer, with the octets of the answer's body where they matter."""

    trap: int
    clause: str
    name: str
    account: str
    version: int
    octets: bytes
    answer: str
    body: bytes | None = None


CONFIG = """
smsc:
  accounts:
    - {system_id: plain, password: secret, max_binds: 100}
    - {system_id: bodiless, password: secret, personality: bodiless, max_binds: 100}
    - {system_id: fullbody, password: secret, personality: fullbody, max_binds: 100}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving.of(tmp_path_factory.mktemp("lab"), CONFIG) as lab:
        yield lab


raw = partial(frame, number=77)
MULTI_TO_NOBODY = raw(CommandId.SUBMIT_MULTI, bytes(5))
DATA_TO_NOBODY = wire(DataSm(tlvs=[Tlv(Tag.MESSAGE_PAYLOAD, b"hello")]))
BROADCAST = [
    Tlv(Tag.BROADCAST_AREA_IDENTIFIER, b"\0here"),
    Tlv(Tag.BROADCAST_CONTENT_TYPE, b"\0\0\0"),
    Tlv(Tag.BROADCAST_REP_NUM, b"\0\1"),
    Tlv(Tag.BROADCAST_FREQUENCY_INTERVAL, b"\x09\0\1"),
]
BROADCAST_BODY = b"\0\0\0tester\0\0\0\0\0\0\0\0" + b"".join(
    tlv.tag.to_bytes(2) + len(tlv.value).to_bytes(2) + tlv.value for tlv in BROADCAST
)
CONGESTION = b"\x04\x28\0\1"

ROWS = [
    Row(
        7,
        "4.5.2",
        "submit_multi_resp, by clause",
        "plain",
        0x34,
        MULTI_TO_NOBODY,
        "submit_multi_resp RINVNUMDESTS",
        b"\0\0",
    ),
    Row(
        7, "4.5.2", "submit_multi_resp, bare", "bodiless", 0x34, MULTI_TO_NOBODY, "submit_multi_resp RINVNUMDESTS", b""
    ),
    Row(7, "4.7.2", "data_sm_resp, by clause", "plain", 0x34, DATA_TO_NOBODY, "data_sm_resp RINVDSTADR", b"\0"),
    Row(7, "4.7.2", "data_sm_resp, bare", "bodiless", 0x34, DATA_TO_NOBODY, "data_sm_resp RINVDSTADR", b""),
    Row(
        7,
        "4.8.2",
        "query_sm_resp, by clause",
        "plain",
        0x34,
        wire(QuerySm("none")),
        "query_sm_resp RQUERYFAIL",
        bytes(4),
    ),
    Row(7, "4.8.2", "query_sm_resp, bare", "bodiless", 0x34, wire(QuerySm("none")), "query_sm_resp RQUERYFAIL", b""),
    Row(
        7,
        "4.4.2",
        "submit_sm_resp, by clause",
        "plain",
        0x34,
        submit(destination_addr=""),
        "submit_sm_resp RINVDSTADR",
        b"",
    ),
    Row(
        7,
        "4.4.2",
        "submit_sm_resp, full",
        "fullbody",
        0x34,
        submit(destination_addr=""),
        "submit_sm_resp RINVDSTADR",
        b"\0",
    ),
    Row(
        8,
        "3.4",
        "data_sm of a peer of 3.3",
        "plain",
        0x33,
        wire(DataSm(destination_addr=NUMBER)),
        "generic_nack RINVCMDID",
    ),
    Row(
        8,
        "3.4",
        "broadcast_sm of a peer of 3.4",
        "plain",
        0x34,
        raw(CommandId.BROADCAST_SM, BROADCAST_BODY),
        "generic_nack RINVCMDID",
    ),
    Row(8, "5.2.4", "query_sm of a peer of 3.3", "plain", 0x33, wire(QuerySm("none")), "query_sm_resp RQUERYFAIL"),
    Row(
        33,
        "5.0",
        "no congestion_state for 3.4",
        "plain",
        0x34,
        wire(CancelSm(message_id="none")),
        "cancel_sm_resp RCANCELFAIL",
        b"",
    ),
    Row(
        33,
        "5.0",
        "congestion_state in a response",
        "plain",
        0x50,
        wire(ReplaceSm("none")),
        "replace_sm_resp RREPLACEFAIL",
        CONGESTION,
    ),
    Row(33, "5.0", "broadcast_sm", "plain", 0x50, raw(CommandId.BROADCAST_SM, BROADCAST_BODY), "broadcast_sm_resp ROK"),
    Row(
        33,
        "5.0",
        "query_broadcast_sm of none",
        "plain",
        0x50,
        raw(0x112, b"none\0\0\0\0"),
        "query_broadcast_sm_resp RBCASTQUERYFAIL",
    ),
    Row(
        33,
        "5.0",
        "cancel_broadcast_sm of none",
        "plain",
        0x50,
        raw(0x113, b"\0none\0\0\0\0"),
        "cancel_broadcast_sm_resp RBCASTCANCELFAIL",
    ),
]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.trap}: {row.name}") for row in ROWS])
def test_a_request_gets_its_one_answer(connect: Callable[[], Any], row: Row) -> None:
    peer = connect()
    assert peer.bind("TRX", row.account, row.version).command_status == 0
    (answer,) = peer.exchange(row.octets)
    assert (named(answer), answer.sequence_number) == (row.answer, 77)
    octets = peer.heard[-2][16:]
    if row.body == CONGESTION:
        assert octets.startswith(CONGESTION)
        assert octets[4] <= 100
    elif row.body is not None:
        assert octets == row.body


@pytest.mark.parametrize(("version", "told"), [(0x33, False), (0x00, False), (0x34, True), (0x50, True)])
def test_a_bind_response_tells_the_version_to_those_who_can_read_it(
    connect: Callable[[], Any], version: int, told: bool
) -> None:
    """3.4: a peer of SMPP 3.3 gets no TLV and ids of at most eight octets."""
    peer = connect()
    answer = peer.bind("TRX", "plain", version)
    assert (answer.tlv(Tag.SC_INTERFACE_VERSION) is not None) is told
    (submitted,) = peer.exchange(submit())
    assert told or len(submitted.message_id) <= 8
