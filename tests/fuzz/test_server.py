"""Many peers, short-lived ones and one that never reads: a fresh bind is served all the while."""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.pdus import BindTransceiver, BindTransmitter, EnquireLink, Pdu, SubmitSm, Unbind

IDLE = 500
CONNECTIONS = int(os.environ.get("FUZZ_CONNECTIONS", "2000"))
PATIENCE = 5.0
CONFIG = """
smsc:
  accounts:
    - {system_id: peer, password: secret, max_binds: 1000, window: 1000}
"""
LEFT_BEHIND = [b"", b"\0", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, encode(SubmitSm(destination_addr="1"))[:20]]


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        yield peer


def receive(peer: socket.socket) -> Pdu:
    header = peer.recv(4, socket.MSG_WAITALL)
    return decode(header + peer.recv(int.from_bytes(header) - 4, socket.MSG_WAITALL))


def ask(peer: socket.socket, pdu: Pdu) -> Pdu:
    pdu.sequence_number = 1
    peer.sendall(encode(pdu))
    return receive(peer)


def a_fresh_bind_is_served(port: int) -> None:
    with connected(port) as peer:
        assert ask(peer, BindTransceiver("peer", "secret")).command_status == 0
        assert ask(peer, EnquireLink()).command_status == 0
        assert ask(peer, Unbind()).command_status == 0


def come_and_go(port: int, number: int) -> None:
    """Connect, leave some octets, and close, every third time by a reset."""
    with connected(port) as peer:
        peer.sendall(LEFT_BEHIND[number % len(LEFT_BEHIND)])
        if number % 3 == 0:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def submit_without_reading(peer: socket.socket) -> int:
    """Send submits until the server takes no more; return how many octets it took."""
    assert ask(peer, BindTransmitter("peer", "secret")).command_status == 0
    peer.setblocking(False)
    octets = encode(SubmitSm(destination_addr="70000000001", short_message=b"x" * 100, sequence_number=2)) * 100
    taken = idle = 0
    rest = octets
    while idle < 200:
        assert taken < 200_000_000, "the server reads on although its answers are not read"
        try:
            sent = peer.send(rest)
            rest = rest[sent:] or octets
            taken, idle = taken + sent, 0
        except BlockingIOError:
            idle += 1
            with connected(peer.getpeername()[1]) as other:  # the server's loop has turned when this is answered
                ask(other, EnquireLink())
    return taken


@pytest.mark.timeout(600)
def test_idle_binds_passers_by_and_a_peer_that_never_reads_do_not_keep_others_waiting(
    serve_lab: Callable[[str], Any],
) -> None:
    port = serve_lab(CONFIG).port
    idle = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(IDLE)]
    try:
        assert {ask(peer, BindTransceiver("peer", "secret")).command_status for peer in idle} == {0}
        with connected(port) as deaf:
            assert submit_without_reading(deaf) > 0
            for number in range(CONNECTIONS):
                come_and_go(port, number)
                if number % 100 == 0:
                    a_fresh_bind_is_served(port)
            a_fresh_bind_is_served(port)
            assert {ask(peer, EnquireLink()).command_status for peer in idle} == {0}
    finally:
        for peer in idle:
            peer.close()
