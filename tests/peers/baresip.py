"""baresip as a process without sound, told what to do over its control socket."""

import json
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from sip_wire import Address

MODULES = Path("/usr/lib/baresip/modules")
PATIENCE = 20.0
CONFIG = """
poll_method epoll
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 20
audio_player none
audio_source none
audio_alert none
module_path {modules}
module g711.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{port}
"""
ACCOUNT = (
    "<sip:{user}@{host}:{port};transport={transport}>;auth_user={name};auth_pass={password};"
    "regint=600;answermode=manual"
)


def free_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Baresip:
    """A baresip that registers `number` with a registrar; `events` is what it tells."""

    def __init__(
        self, folder: Path, registrar: Address, number: str, name: str, password: str, *, transport: str = "udp"
    ) -> None:
        self.folder = folder
        folder.mkdir()
        port = free_tcp_port()
        (folder / "config").write_text(CONFIG.format(modules=MODULES, port=port))
        (folder / "accounts").touch()
        (folder / "contacts").touch()
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.seen: list[dict[str, Any]] = []
        with (folder / "out.txt").open("wb") as out:
            self.process = subprocess.Popen(
                ["baresip", "-f", folder, "-s"], stdout=out, stderr=out, stdin=subprocess.PIPE, cwd=folder
            )
        self.control = self._connect(port)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        # The account comes over the control socket, so that no event is told before somebody listens.
        account = {"user": number, "name": name, "password": password, "transport": transport}
        self.command("uanew", ACCOUNT.format(host=registrar[0], port=registrar[1], **account))

    def _connect(self, port: int) -> socket.socket:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionError:
                assert self.process.poll() is None, self.told
                assert time.monotonic() < deadline, self.told
                threading.Event().wait(0.02)

    def command(self, command: str, parameters: str = "") -> None:
        """Give a command of baresip's menu, such as `dial` or `hangup`."""
        text = json.dumps({"command": command, "params": parameters})
        self.control.sendall(f"{len(text)}:{text},".encode())

    def wait(self, kind: str) -> dict[str, Any]:
        """Return the next event of a kind, such as REGISTER_OK, CALL_INCOMING or CALL_CLOSED."""
        deadline = time.monotonic() + PATIENCE
        with suppress(queue.Empty):
            while left := max(0.0, deadline - time.monotonic()):
                event = self.events.get(timeout=left)
                self.seen.append(event)
                if event.get("type") == kind:
                    return event
        raise AssertionError(f"no {kind} among {self.seen}\n{self.told}")

    @property
    def told(self) -> str:
        return (self.folder / "out.txt").read_text(errors="replace")[-6000:]

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.thread.join()
        self.control.close()
        if self.process.stdin:
            self.process.stdin.close()

    def _listen(self) -> None:
        for text in self._netstrings():
            self.events.put(json.loads(text))

    def _netstrings(self) -> Iterator[bytes]:
        """Yield what stands in each netstring, `3:abc,`, until the process ends."""
        with suppress(OSError), self.control.makefile("rb") as stream:
            while True:
                size = b""
                while (octet := stream.read(1)) != b":":
                    if not octet:
                        return
                    size += octet
                yield stream.read(int(size))
                stream.read(1)
