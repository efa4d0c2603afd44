"""One lab with an account for each strictness, and a peer that writes octets as they are."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from serving import Serving

from smsc_emulator.smpp.codec import decode, encode
from smsc_emulator.smpp.pdus import Bind, BindReceiver, BindTransceiver, BindTransmitter, EnquireLink, Pdu

STRICTNESSES = ("lenient", "strict34", "strict50")
MARK = 0x7777
"""The number of the enquire_link that ends each exchange."""

CONFIG = """
smsc:
  personality_folder: personalities
  bind_failure_delay: 0s
  accounts:
{accounts}
"""
BINDS: dict[str, type[Bind]] = {"TX": BindTransmitter, "RX": BindReceiver, "TRX": BindTransceiver}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("lab")
    (folder / "personalities").mkdir()
    lines = []
    for name in STRICTNESSES:
        (folder / "personalities" / f"{name}.yaml").write_text(f"name: {name}\nstrictness: {name}\n")
        lines.append(f"    - {{system_id: {name}, password: secret, personality: {name}, max_binds: 100}}")
    with Serving.of(folder, CONFIG.format(accounts="\n".join(lines))) as lab:
        yield lab


@dataclass
class Peer:
    """An ESME made of octets; `heard` is all that came, `sent` all that went."""

    socket: socket.socket
    sent: list[bytes] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    def send(self, octets: bytes) -> None:
        self.sent.append(octets)
        self.socket.sendall(octets)

    def receive(self) -> bytes:
        """Return the next PDU, or nothing if the SMSC has closed the link."""
        header = self.socket.recv(4, socket.MSG_WAITALL)
        if not header:
            return b""
        frame = header + self.socket.recv(int.from_bytes(header) - 4, socket.MSG_WAITALL)
        self.heard.append(frame)
        return frame

    def bind(self, state: str, account: str, version: int = 0x34) -> Pdu:
        request = BINDS[state](account, "secret", interface_version=version, sequence_number=1)
        self.send(encode(request))
        return decode(self.receive())

    def ask(self, octets: bytes) -> Pdu:
        """Send octets and return the one answer to them."""
        self.send(octets)
        return decode(self.receive())

    def exchange(self, octets: bytes) -> list[Pdu]:
        """Send octets and an enquire_link; return the answers up to its own, and None if the link was closed."""
        try:
            self.send(octets)
            self.send(encode(EnquireLink(sequence_number=MARK)))
            answers: list[Pdu] = []
            while frame := self.receive():
                pdu = decode(frame)
                if pdu.sequence_number == MARK:
                    return answers
                if pdu.command_id & 0x80000000:
                    answers.append(pdu)
        except ConnectionError:
            pass
        return [*answers, None]  # type: ignore[list-item]


@pytest.fixture
def connect(lab: Any) -> Iterator[Callable[[], Peer]]:
    sockets: list[socket.socket] = []

    def connect() -> Peer:
        sockets.append(socket.create_connection(("127.0.0.1", lab.port), timeout=5))
        return Peer(sockets[-1])

    yield connect
    for each in sockets:
        each.close()
