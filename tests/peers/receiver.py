"""A webhook receiver."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Receiver:
    """A webhook receiver that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.grown = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.grown:
                    receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                    receiver.grown.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, kind: str) -> tuple[dict[str, str], bytes]:
        with self.grown:
            found = self.grown.wait_for(lambda: [g for g in self.got if json.loads(g[1])["type"] == kind], timeout=10)
        assert found, f"no {kind} among {[json.loads(body)['type'] for _, body in self.got]}"
        return found[0]

    def until(self, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Return the events in the order they came, as soon as they are enough."""
        with self.grown:
            arrived = self.grown.wait_for(lambda: enough(self.events), timeout=20)
        assert arrived, f"only {[event['type'] for event in self.events]}"
        return self.events

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
