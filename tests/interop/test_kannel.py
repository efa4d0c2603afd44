"""Debian's Kannel: bearerbox binds to the lab; smsbox submits, hears of receipts and gets what handsets send."""

import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

PATIENCE = 20.0
NUMBER = "70000000001"
DLR_MASK = 31
"""Every report that Kannel knows: delivered, failed, queued, accepted by the SMSC, refused by it."""

CONFIG = """
group = core
admin-port = {admin}
admin-password = secret
smsbox-port = {smsbox}
box-allow-ip = 127.0.0.1
store-type = file
store-location = "{folder}/kannel.store"
dlr-storage = internal
log-file = "{folder}/bearerbox.log"
log-level = 0

group = smsc
smsc = smpp
smsc-id = lab
host = 127.0.0.1
port = {smpp}
transceiver-mode = true
smsc-username = peer
smsc-password = secret
system-type = ""
interface-version = 34
address-range = ""
enquire-link-interval = 1
my-number = 1234

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
global-sender = 1234
log-file = "{folder}/smsbox.log"
log-level = 0

group = sendsms-user
username = tester
password = secret
concatenation = true
max-messages = 10

group = sms-service
keyword = default
get-url = "{heard}/mo?from=%p&to=%P&text=%b&coding=%c&charset=%C"
max-messages = 0
concatenation = true
"""


class Ears:
    """An HTTP server that keeps the queries it gets, by path."""

    def __init__(self) -> None:
        self.heard: dict[str, Queue[dict[str, str]]] = {"/mo": Queue(), "/dlr": Queue()}
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qsl(url.query, keep_blank_values=True, encoding="latin-1")
                heard[url.path].put(dict(query))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def next(self, path: str) -> dict[str, str]:
        return self.heard[path].get(timeout=PATIENCE)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Kannel:
    """A bearerbox and a smsbox."""

    def __init__(self, lab: Any, ears: Ears, folder: Path) -> None:
        self.folder = folder
        self.admin, smsbox, self.sendsms = free_ports(3)
        ports = {"admin": self.admin, "smsbox": smsbox, "sendsms": self.sendsms, "smpp": lab.port}
        self.config = folder / "kannel.conf"
        self.config.write_text(CONFIG.format(folder=folder, heard=ears.url, **ports))
        self.boxes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start both boxes; each is waited for, since the second ends if the first does not listen yet."""
        self.box("bearerbox")
        self.until("bearerbox", lambda: "<status>online" in self.status())
        self.box("smsbox")
        self.until("smsbox", lambda: "<type>smsbox</type>" in self.status())

    def box(self, name: str) -> None:
        with (self.folder / f"{name}.out").open("wb") as out:
            self.boxes.append(subprocess.Popen([name, self.config], stdout=out, stderr=out, cwd=self.folder))

    def status(self) -> str:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.admin}/status.xml?password=secret", timeout=2
            ) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def until(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            assert time.monotonic() < deadline, (self.folder / f"{name}.log").read_text()[-3000:]
            threading.Event().wait(0.05)

    def submit(self, text: str, ears: Ears, **more: str) -> None:
        fields = {
            "username": "tester",
            "password": "secret",
            "from": "peer",
            "to": "+" + NUMBER,
            "text": text,
            "dlr-mask": str(DLR_MASK),
            "dlr-url": f"{ears.url}/dlr?type=%d&id=%F&text=%A",
            **more,
        }
        url = f"http://127.0.0.1:{self.sendsms}/cgi-bin/sendsms?" + urllib.parse.urlencode(fields)
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            assert answer.status == 202

    def stop(self) -> None:
        for box in reversed(self.boxes):
            box.terminate()
            try:
                box.wait(timeout=10)
            except subprocess.TimeoutExpired:
                box.kill()
                box.wait()


@pytest.fixture
def ears() -> Iterator[Ears]:
    ears = Ears()
    yield ears
    ears.close()


@pytest.fixture
def kannel(lab: Any, ears: Ears, tmp_path: Path, needed: Callable[..., None]) -> Iterator[Kannel]:
    needed(shutil.which("bearerbox") and shutil.which("smsbox"), "Kannel is not installed")
    kannel = Kannel(lab, ears, tmp_path)
    try:
        kannel.start()
        yield kannel
    finally:
        kannel.stop()


def reports(ears: Ears) -> list[str]:
    """Return the kinds of the two reports of a message: 1, delivered, and 8, accepted by the SMSC.

    Of a text in parts Kannel reports on one part only.
    """
    return sorted(ears.next("/dlr")["type"] for _ in range(2))


def arrived(lab: Any, count: int) -> list[str]:
    url = f"/lab/handsets/%2B{NUMBER}/messages"
    deadline = time.monotonic() + PATIENCE
    while len(messages := lab.call("GET", f"{url}?wait=1s")["messages"]) < count:
        assert time.monotonic() < deadline
    return [message["text"] for message in messages]


def test_kannel_does_what_the_table_says(
    lab: Any, kannel: Kannel, ears: Ears, compare_with_table: Callable[..., None], texts: dict[str, str]
) -> None:
    outcomes = {"bind_transceiver": "yes"}
    receipts = []
    for count, (name, text) in enumerate(texts.items(), 1):
        unicode = {} if text.isascii() else {"coding": "2", "charset": "UTF-8"}
        kannel.submit(text, ears, **unicode)
        assert arrived(lab, count)[-1] == text
        outcomes[f"submit_sm: {name}"] = "yes"
        receipts.append(reports(ears) == ["1", "8"])
    outcomes["delivery receipts"] = "yes" if all(receipts) else f"no: {receipts}"
    lab.call("POST", f"/lab/handsets/%2B{NUMBER}/messages", {"to": "1234", "text": texts["Cyrillic"]})
    heard = ears.next("/mo")
    assert (heard["from"].lstrip("+"), heard["to"]) == (NUMBER, "1234")
    assert heard["text"].encode("latin-1").decode(heard["charset"] or "utf-16-be") == texts["Cyrillic"]
    outcomes["mobile-originated"] = "yes"
    with pytest.raises(Empty):
        ears.heard["/dlr"].get_nowait()
    kannel.stop()
    outcomes["unbind"] = "yes" if "unbind_resp" in (kannel.folder / "bearerbox.log").read_text() else "no"
    compare_with_table("Kannel", outcomes)
