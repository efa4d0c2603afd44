"""Every state times every request of SMPP 3.4, from either side: the table is written out here once more."""

import pytest

from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus, command_name
from smsc_emulator.smpp.errors import WrongStateError
from smsc_emulator.smpp.events import NoticeReceived, PeerUnbound, RequestReceived, ResponseReceived
from smsc_emulator.smpp.pdus import PDU_TYPES, RESPONSE_OF, DistributionList, Pdu, SubmitMulti
from smsc_emulator.smpp.session import Role, Session, State

STATES = [State.OPEN, State.OUTBOUND, State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX, State.UNBOUND]

BROADCASTS = {CommandId.BROADCAST_SM, CommandId.QUERY_BROADCAST_SM, CommandId.CANCEL_BROADCAST_SM}

# a: the application gets it      k: answered ESME_ROK by the session    n: noticed, there is no answer
# s: wrong state, own response           2: already bound, own response
# -: ignored, there is no answer
MATRIX = {
    Role.ESME: {
        # what the ESME sends   OPEN, OUTBOUND, TX, RX, TRX, UNBOUND
        CommandId.BIND_TRANSMITTER: "as222s",
        CommandId.BIND_RECEIVER: "aa222s",
        CommandId.BIND_TRANSCEIVER: "as222s",
        CommandId.OUTBIND: "------",
        CommandId.UNBIND: "sskkks",
        CommandId.SUBMIT_SM: "ssasas",
        CommandId.SUBMIT_MULTI: "ssasas",
        CommandId.DATA_SM: "ssaaas",
        CommandId.DELIVER_SM: "ssssss",
        CommandId.QUERY_SM: "ssasas",
        CommandId.CANCEL_SM: "ssasas",
        CommandId.REPLACE_SM: "ssasas",
        CommandId.ENQUIRE_LINK: "kkkkkk",
        CommandId.ALERT_NOTIFICATION: "------",
    },
    Role.SMSC: {
        CommandId.BIND_TRANSMITTER: "ssssss",
        CommandId.BIND_RECEIVER: "ssssss",
        CommandId.BIND_TRANSCEIVER: "ssssss",
        CommandId.OUTBIND: "n-----",
        CommandId.UNBIND: "sskkks",
        CommandId.SUBMIT_SM: "ssssss",
        CommandId.SUBMIT_MULTI: "ssssss",
        CommandId.DATA_SM: "ssaaas",
        CommandId.DELIVER_SM: "sssaas",
        CommandId.QUERY_SM: "ssssss",
        CommandId.CANCEL_SM: "ssssss",
        CommandId.REPLACE_SM: "ssssss",
        CommandId.ENQUIRE_LINK: "kkkkkk",
        CommandId.ALERT_NOTIFICATION: "---nn-",
    },
}
STATUS = {
    "k": CommandStatus.ESME_ROK,
    "s": CommandStatus.ESME_RINVBNDSTS,
    "2": CommandStatus.ESME_RALYBND,
}
CASES = [
    pytest.param(issuer, state, command_id, cell, id=f"{command_name(command_id)} by {issuer.name} in {state.name}")
    for issuer, rows in MATRIX.items()
    for command_id, row in rows.items()
    for state, cell in zip(STATES, row, strict=True)
]


def request_of(command_id: int) -> Pdu:
    if command_id == CommandId.SUBMIT_MULTI:
        return SubmitMulti(dest_address=[DistributionList("list")])
    return PDU_TYPES[command_id]()


def peer_of(issuer: Role) -> Role:
    return Role.SMSC if issuer is Role.ESME else Role.ESME


def outcome(session: Session, pdu: Pdu) -> tuple[str, Pdu | None]:
    pdu.sequence_number = 77
    session.receive(encode(pdu), 0.0)
    kinds = {type(event) for event in session.events()}
    answer = session.data_to_send()
    if RequestReceived in kinds:
        assert not answer
        return "a", None
    if NoticeReceived in kinds:
        return "n", None
    return ("answered", decode(answer)) if answer else ("-", None)


def test_the_matrix_has_a_row_for_every_request() -> None:
    requests = {command_id for command_id in PDU_TYPES if not command_id & 0x80000000} - BROADCASTS
    assert all(rows.keys() == requests for rows in MATRIX.values())


@pytest.mark.parametrize(("issuer", "state", "command_id", "cell"), CASES)
def test_a_request_is_met_as_table_2_1_says(joined, issuer: Role, state: State, command_id: int, cell: str) -> None:
    session = joined(state).at(peer_of(issuer))
    kind, answer = outcome(session, request_of(command_id))
    if cell in "an-":
        assert kind == cell
    else:
        assert answer == RESPONSE_OF[command_id](command_status=STATUS[cell], sequence_number=77)
    if cell in "s2-":
        assert session.state is state


@pytest.mark.parametrize(("issuer", "state", "command_id", "cell"), CASES)
def test_a_side_cannot_send_what_table_2_1_denies_it(
    joined, issuer: Role, state: State, command_id: int, cell: str
) -> None:
    session = joined(state).at(issuer)
    ended = state is State.UNBOUND or command_id == CommandId.UNBIND
    if cell in "s2-" or ended:
        with pytest.raises(WrongStateError):
            session.send(request_of(command_id), 0.0)
        assert session.data_to_send() == b""
    else:
        assert session.send(request_of(command_id), 0.0) >= 1


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command_id", [*(i for i in PDU_TYPES if i & 0x80000000), 0x80000999])
def test_a_response_to_nothing_is_never_answered(joined, role: Role, state: State, command_id: int) -> None:
    session = joined(state).at(role)
    wire = b"\0\0\0\x10" + command_id.to_bytes(4) + b"\0\0\0\3" + b"\0\0\x10\0"
    session.receive(wire, 0.0)
    assert session.data_to_send() == b""
    assert session.state is state
    assert not any(isinstance(event, ResponseReceived | PeerUnbound) for event in session.events())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command_id", [0x0, 0xA, 0x111, 0x112, 0x113, 0x10000, 0x7FFFFFFF])
def test_an_unknown_request_gets_generic_nack_with_its_number(
    joined, role: Role, state: State, command_id: int
) -> None:
    """3.3, 4.3."""
    session = joined(state).at(role)
    session.receive(b"\0\0\0\x14" + command_id.to_bytes(4) + bytes(4) + b"\0\0\0\x4d" + b"body", 0.0)
    assert session.data_to_send() == bytes.fromhex("00000010 80000000 00000003 0000004d")
    assert session.state is state
    assert not session.closed or state is State.UNBOUND
