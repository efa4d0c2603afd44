"""Traps that take a receipt, an account of their own kind, or time: a test for each, with the number of its trap.

The octets go over a real socket, and an answer is written as the operation and its status.
"""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from frames import NUMBER, named, submit, wire
from serving import Serving

from smsc_emulator.smpp.codec import decode
from smsc_emulator.smpp.constants import CommandStatus
from smsc_emulator.smpp.pdus import (
    BindReceiver,
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    Outbind,
    Pdu,
    Unbind,
)

NOBODY = "79990000000"
PASSWORD = "secret"

CONFIG = """
smsc:
  bind_failure_delay: 0s
  session_init_timeout: 300ms
  faults:
    - {{fault: early_receipt, when: {{account: early}}}}
    - {{fault: late_intermediate, when: {{account: latecomer}}}}
  accounts:
    - {{system_id: plain, password: secret, max_binds: 100}}
    - {{system_id: terse, password: secret, personality: terse}}
    - {{system_id: early, password: secret}}
    - {{system_id: latecomer, password: secret}}
    - {{system_id: narrow, password: secret, window: 2, response_latency: 200ms}}
    - {{system_id: slow, password: secret, rate: 0.001}}
    - {{system_id: bottleneck, password: secret, personality: bottleneck}}
    - {{system_id: idle, password: secret, inactivity_timeout: 300ms, enquire_link_interval: 0s}}
    - {{system_id: asked, password: secret, enquire_link_interval: 100ms, response_timeout: 200ms}}
    - {{system_id: ranged, password: secret}}
    - {{system_id: called, password: secret, outbind: "127.0.0.1:{port}", outbind_password: outside, serves: ["777"]}}
"""


@pytest.fixture(scope="module")
def esme_door() -> Iterator[socket.socket]:
    """The port of the ESME that is called by outbind."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(5)
        yield door


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, esme_door: socket.socket) -> Iterator[Serving]:
    config = CONFIG.format(port=esme_door.getsockname()[1])
    with Serving.of(tmp_path_factory.mktemp("lab"), config) as lab:
        yield lab


# 17, 18: receipts


def receipt(peer: Any, octets: bytes) -> list[Pdu]:
    """Send a submit_sm and return the first two PDUs that come, the receipt being answered."""
    peer.send(octets)
    came = [decode(peer.receive()) for _ in range(2)]
    for pdu in came:
        if isinstance(pdu, DeliverSm):
            peer.send(wire(DeliverSmResp(), pdu.sequence_number))
    return came


def bound(connect: Callable[[], Any], account: str, version: int = 0x34) -> Any:
    peer = connect()
    assert peer.bind("TRX", account, version).command_status == 0
    return peer


def test_17_a_receipt_comes_after_the_answer_unless_a_fault_turns_them_round(connect: Callable[[], Any]) -> None:
    """2.2; the order is not the standard's, and operators differ."""
    plain, early = ["submit_sm_resp ROK", "deliver_sm ROK"], ["deliver_sm ROK", "submit_sm_resp ROK"]
    for account, order in (("plain", plain), ("early", early)):
        came = receipt(bound(connect, account), submit(registered_delivery=1))
        assert [named(pdu) for pdu in came] == order


def test_17_a_notification_may_come_after_the_receipt(connect: Callable[[], Any]) -> None:
    peer = bound(connect, "latecomer")
    _, final = receipt(peer, submit(registered_delivery=0x11))
    late = decode(peer.receive())
    assert isinstance(final, DeliverSm)
    assert isinstance(late, DeliverSm)
    assert (final.esm_class, b"stat:DELIVRD" in final.short_message) == (0x04, True)
    assert (late.esm_class, b"stat:ENROUTE" in late.short_message) == (0x20, True)


FROM: dict[str, Any] = {"source_addr": "Shop", "source_addr_ton": 5, "source_addr_npi": 0, "dest_addr_npi": 1}


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({}, " stat:DELIVRD err:000 text:hello"),
        ({"destination_addr": NOBODY}, " stat:UNDELIV err:001 text:hello"),
        ({"short_message": b"x" * 30}, " stat:DELIVRD err:000 text:" + "x" * 20),
        ({"short_message": "привет".encode("utf-16-be"), "data_coding": 8}, " stat:DELIVRD err:000 text:??????"),
        ({"short_message": b"\5\0\3\1\2\1part", "esm_class": 0x40}, " stat:DELIVRD err:000 text:part"),
    ],
)
def test_18_a_receipt_has_the_text_of_appendix_b(connect: Callable[[], Any], fields: dict[str, Any], end: str) -> None:
    answer, told = receipt(bound(connect, "plain"), submit(registered_delivery=1, **FROM, **fields))
    assert isinstance(told, DeliverSm)
    text = told.short_message.decode("ascii")
    delivered = "001" if "DELIVRD" in end else "000"
    assert text.startswith(f"id:{answer.message_id} sub:001 dlvrd:{delivered} submit date:")  # type: ignore[attr-defined]
    assert text.endswith(end)
    assert all(len(text.split(name)[1].split()[0]) == 10 for name in ("submit date:", "done date:"))
    assert (told.destination_addr, told.dest_addr_ton, told.dest_addr_npi) == ("Shop", 5, 0)
    assert (told.source_addr_ton, told.source_addr_npi) == (1, 1)


def test_18_an_operator_may_leave_fields_out_but_err_keeps_its_three_characters(connect: Callable[[], Any]) -> None:
    _, told = receipt(bound(connect, "terse"), submit(registered_delivery=1))
    assert isinstance(told, DeliverSm)
    assert told.short_message.endswith(b" stat:DELIVRD err:000")
    assert b"sub:" not in told.short_message


def test_18_a_peer_of_3_3_has_its_receipt_in_the_text_alone(connect: Callable[[], Any]) -> None:
    answer, told = receipt(bound(connect, "plain", 0x33), submit(registered_delivery=1))
    assert isinstance(told, DeliverSm)
    assert (told.tlvs, len(answer.message_id)) == ([], 8)  # type: ignore[attr-defined]
    assert told.short_message.startswith(f"id:{answer.message_id} ".encode())  # type: ignore[attr-defined]


# 25: address_range


@pytest.mark.parametrize(("source", "place"), [("5511", 0), ("6622", 1)])
def test_25_a_receipt_goes_to_the_receiver_that_serves_its_address(
    connect: Callable[[], Any], source: str, place: int
) -> None:
    """5.2.7, Appendix A."""
    receivers = [connect(), connect()]
    for peer, asked in zip(receivers, ("^55", "^66"), strict=True):
        peer.ask(wire(BindReceiver("ranged", PASSWORD, address_range=asked)))
    sender = connect()
    assert sender.bind("TX", "ranged").command_status == 0
    sender.exchange(submit(source_addr=source, registered_delivery=1))
    told = decode(receivers[place].receive())
    assert isinstance(told, DeliverSm)
    assert told.destination_addr == source
    (nothing,) = [receivers[1 - place].exchange(wire(EnquireLink(), 5))]
    assert [named(pdu) for pdu in nothing] == ["enquire_link_resp ROK"]
    for peer in (*receivers, sender):
        peer.exchange(wire(Unbind()))


def test_25_a_hostile_range_does_not_hold_anybody_up(connect: Callable[[], Any]) -> None:
    peer = connect()
    request = BindTransceiver("ranged", PASSWORD, address_range="(a|a)*(a|a)*(a|a)*b$")
    assert peer.ask(wire(request)).command_status == 0
    (answer, *_) = peer.exchange(submit(source_addr="a" * 20, registered_delivery=1))
    assert named(answer) == "submit_sm_resp ROK"
    peer.exchange(wire(Unbind()))


# 27: outbind


def test_27_an_outbind_leads_to_a_bind_on_the_same_connection(lab: Any, esme_door: socket.socket) -> None:
    """2.2.1."""
    lab.call("POST", f"/lab/handsets/%2B{NUMBER}/messages", {"to": "777", "text": "come"})
    line, _ = esme_door.accept()
    with line, line.makefile("rwb") as wires:

        def read() -> Pdu:
            head = wires.read(4)
            return decode(head + wires.read(int.from_bytes(head) - 4))

        outbind = read()
        assert isinstance(outbind, Outbind)
        assert (outbind.system_id, outbind.password) == ("confirmlab", "outside")
        wires.write(wire(BindReceiver("called", PASSWORD)))
        wires.flush()
        assert named(read()) == "bind_receiver_resp ROK"
        message = read()
        assert isinstance(message, DeliverSm)
        assert (message.source_addr, message.short_message) == (NUMBER, b"come")
        wires.write(wire(DeliverSmResp(), message.sequence_number) + wire(Unbind()))
        wires.flush()
        assert named(read()) == "unbind_resp ROK"


# 29, 32: too much


def test_29_the_window_is_held_and_all_else_is_read_meanwhile(connect: Callable[[], Any]) -> None:
    """2.5.2."""
    peer = bound(connect, "narrow")
    peer.send(b"".join(submit(number) for number in (1, 2, 3)) + wire(EnquireLink(), 4))
    answers = [decode(peer.receive()) for _ in range(4)]
    assert [(pdu.sequence_number, named(pdu)) for pdu in answers] == [
        (3, "submit_sm_resp RTHROTTLED"),
        (4, "enquire_link_resp ROK"),
        (1, "submit_sm_resp ROK"),
        (2, "submit_sm_resp ROK"),
    ]


@pytest.mark.parametrize(
    ("account", "status"), [("slow", CommandStatus.ESME_RTHROTTLED), ("bottleneck", CommandStatus.ESME_RMSGQFUL)]
)
def test_32_what_is_too_much_gets_no_message_id(connect: Callable[[], Any], account: str, status: int) -> None:
    """4.4.2, 5.1.3."""
    peer = bound(connect, account)
    assert named(peer.ask(submit(1))) == "submit_sm_resp ROK"
    refused = peer.ask(submit(2))
    assert (refused.command_status, refused.sequence_number, peer.heard[-1][16:]) == (status, 2, b"")


# 30: timers


def test_30_who_does_not_bind_is_let_go(connect: Callable[[], Any]) -> None:
    """7.2: session_init_timer."""
    assert connect().receive() == b""


def test_30_who_does_nothing_is_let_go(connect: Callable[[], Any]) -> None:
    """7.2: inactivity_timer."""
    assert bound(connect, "idle").receive() == b""


def test_30_who_is_silent_is_asked_and_then_let_go(connect: Callable[[], Any]) -> None:
    """7.2: enquire_link_timer and response_timer."""
    peer = bound(connect, "asked")
    asked = decode(peer.receive())
    assert named(asked) == "enquire_link ROK"
    while frame := peer.receive():
        assert named(decode(frame)) == "enquire_link ROK"
