"""Table 2-1 over a real socket: every state that an ESME can be in, times every request that it can send."""

from collections.abc import Callable
from typing import Any

import pytest

from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus, command_name
from smsc_emulator.smpp.pdus import PDU_TYPES, RESPONSE_OF, DistributionList, Pdu, SubmitMulti

STATES = ["OPEN", "TX", "RX", "TRX"]

# a: served, whatever the answer    s: wrong state    2: already bound    -: there is no answer
# n: unknown to SMPP 3.4, whose generic_nack this is
MATRIX = {
    # what the ESME sends          OPEN, TX, RX, TRX
    CommandId.BIND_TRANSMITTER: "a222",
    CommandId.BIND_RECEIVER: "a222",
    CommandId.BIND_TRANSCEIVER: "a222",
    CommandId.OUTBIND: "----",
    CommandId.UNBIND: "saaa",
    CommandId.SUBMIT_SM: "sasa",
    CommandId.SUBMIT_MULTI: "sasa",
    CommandId.DATA_SM: "saaa",
    CommandId.DELIVER_SM: "ssss",
    CommandId.QUERY_SM: "sasa",
    CommandId.CANCEL_SM: "sasa",
    CommandId.REPLACE_SM: "sasa",
    CommandId.ENQUIRE_LINK: "aaaa",
    CommandId.ALERT_NOTIFICATION: "----",
    CommandId.BROADCAST_SM: "nnnn",
    CommandId.QUERY_BROADCAST_SM: "nnnn",
    CommandId.CANCEL_BROADCAST_SM: "nnnn",
}
CASES = [
    pytest.param(command_id, state, cell, id=f"{command_name(command_id)} in {state}")
    for command_id, row in MATRIX.items()
    for state, cell in zip(STATES, row, strict=True)
]


def request_of(command_id: int) -> Pdu:
    if command_id == CommandId.SUBMIT_MULTI:
        return SubmitMulti(dest_address=[DistributionList("list")])
    return PDU_TYPES[command_id]()


def test_the_matrix_has_a_row_for_every_request() -> None:
    assert MATRIX.keys() == {command_id for command_id in PDU_TYPES if not command_id & 0x80000000}


@pytest.mark.parametrize(("command_id", "state", "cell"), CASES)
def test_a_request_is_met_as_table_2_1_says(connect: Callable[[], Any], command_id: int, state: str, cell: str) -> None:
    peer = connect()
    if state != "OPEN":
        peer.bind(state, "lenient")
    request = request_of(command_id)
    request.sequence_number = 77
    octets = encode(request)
    answers = [peer.ask(octets)] if cell == "a" else peer.exchange(octets)
    if cell == "-":
        assert answers == []
        return
    (answer,) = answers
    assert answer.sequence_number == 77
    if cell == "n":
        assert (answer.command_id, answer.command_status) == (CommandId.GENERIC_NACK, CommandStatus.ESME_RINVCMDID)
        return
    wrong = {CommandStatus.ESME_RINVBNDSTS, CommandStatus.ESME_RALYBND, CommandStatus.ESME_RINVCMDID}
    assert type(answer) is RESPONSE_OF[command_id]
    if cell == "a":
        assert answer.command_status not in wrong
    else:
        assert answer.command_status == {"s": CommandStatus.ESME_RINVBNDSTS, "2": CommandStatus.ESME_RALYBND}[cell]
