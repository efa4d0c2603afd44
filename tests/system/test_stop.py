"""Ctrl-C while everything is open that users leave open."""

import socket
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from smpplib.client import Client

A, B = "+70000000001", "+70000000002"


class Hanging(BaseHTTPRequestHandler):
    """A webhook receiver that takes a webhook and says nothing."""

    taken = threading.Event()
    over = threading.Event()

    def do_POST(self) -> None:
        self.taken.set()
        self.over.wait()

    def log_message(self, *_: Any) -> None:
        pass


def test_ctrl_c_ends_long_polls_binds_and_webhooks_within_two_seconds(serve: Callable[..., Any]) -> None:
    lab = serve()
    receiver = HTTPServer(("127.0.0.1", 0), Hanging)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    lab.post("/v1/webhook-endpoints", {"url": f"http://127.0.0.1:{receiver.server_port}/"})
    esme = Client("127.0.0.1", lab.ports["smpp"], allow_unknown_opt_params=True)
    esme.connect()
    esme.bind_transceiver(system_id="smppclient1", password="password")
    started = lab.identify(A)
    confirmation = started["confirmation"]["id"]
    assert Hanging.taken.wait(10)
    half = socket.create_connection(("127.0.0.1", lab.ports["http"]))
    half.sendall(b"POST /v1/confirmations HTTP/1.1\r\nHost: lab\r\nContent-Length: 100\r\n\r\n{")
    polls = (
        f"/v1/identifications/{started['id']}?wait=60s",
        f"/v1/confirmations/{confirmation}?wait=60s",
        "/lab/journal?after=9000000000000&wait=60s",
        "/lab/journal?type=binding.active&wait=60s",
        f"/lab/handsets/{B.replace('+', '%2B')}/messages?wait=60s",
    )
    held = [HTTPConnection("127.0.0.1", lab.ports["http"]) for _ in polls]
    for connection, path in zip(held, polls, strict=True):
        connection.request("GET", path, headers={"Authorization": "Bearer lab-demo-key"})
    lab.get("/livez")
    code, seconds = lab.stop()
    assert [connection.getresponse().status for connection in held] == [200] * len(polls)
    Hanging.over.set()
    receiver.shutdown()
    receiver.server_close()
    for connection in (half, *held):
        connection.close()
    esme.disconnect()
    assert code == 0
    assert seconds < 2
    assert "Traceback" not in (lab.data / "out.txt").read_text()
