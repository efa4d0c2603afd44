"""A receiver of webhooks inside the test run, which verifies every signature."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gateway.pytest_plugin.waits import AT_ONCE, TIMEOUT, Arrivals, ExpectationError, hidden, is_abandoned, unmet
from gateway.pytest_plugin.wire import Wire
from smsc_emulator.frozen import frozen

__tracebackhide__ = hidden

_ENDPOINTS = "/v1/webhook-endpoints"


@frozen
class Webhook:
    """A webhook that came with a good signature."""

    headers: Mapping[str, str]
    """With their names in lower case."""
    body: bytes
    event: Mapping[str, Any]
    """The body, read."""

    @property
    def type(self) -> str:
        """The event's type, such as confirmation.confirmed."""
        return str(self.event["type"])


class Receiver:
    """An HTTP server on a free port of this machine, for the webhooks of all labs of a test run."""

    def __init__(self) -> None:
        self._inboxes: dict[str, Webhooks] = {}
        inboxes = self._inboxes

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox = inboxes.get(self.path)
                taken = inbox is not None and inbox.take(self.headers, body)
                self.send_response(204 if taken else 404)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="confirmlab-webhooks", daemon=True
        )
        self._thread.start()

    def open(self, wire: Wire) -> "Webhooks":
        """Register an address of its own with the first service of a lab; from then on its webhooks come there."""
        path = f"/{wire.port}"
        inbox = self._inboxes[path] = Webhooks(wire)
        inbox.secret = inbox.register(f"http://127.0.0.1:{self._server.server_port}{path}")
        return inbox

    def forget(self, wire: Wire) -> None:
        """Take no more webhooks of a lab that has ended."""
        self._inboxes.pop(f"/{wire.port}", None)

    def close(self) -> None:
        """End the server and its threads."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(eq=False)
class Webhooks:
    """The webhooks of a lab's first service, from the lab's start on."""

    _wire: Wire
    secret: str = ""
    """The key that they are signed with."""
    _got: Arrivals[Webhook] = field(default_factory=lambda: Arrivals(lambda hook: hook.event, lambda hook: hook.type))
    _bad: list[str] = field(default_factory=list)
    _grown: threading.Condition = field(default_factory=threading.Condition)

    def take(self, headers: Any, body: bytes) -> bool:
        """Keep a webhook and return True; one whose signature is bad is told of at the next wait."""
        from smsc_emulator.base.signature import SignatureError, verify

        lower = {name.lower(): value for name, value in headers.items()}
        try:
            verify(self.secret, lower, body)
            good = [Webhook(lower, body, json.loads(body))]
        except (SignatureError, ValueError) as error:
            good = []
            self._bad.append(f"webhook {lower.get('webhook-id')}: {error}")
        with self._grown:
            for hook in good:
                self._got.add(hook)
            self._grown.notify_all()
        return bool(good)

    def wait(self, type: str | None = None, *, timeout: float = TIMEOUT, **members: Any) -> Webhook:  # noqa: A002 - the event's own word
        """Return the first webhook whose event has this type and these members and that was not returned before.

        A compiled pattern is searched for. Raises ExpectationError, also for a webhook with a bad signature.
        """
        expected = members if type is None else {"type": type, **members}
        deadline = time.monotonic() + timeout
        with self._grown:
            while (found := self._got.first(expected)) is None and not self._bad and deadline > time.monotonic():
                self._grown.wait(min(deadline - time.monotonic(), AT_ONCE))
                if is_abandoned():
                    break
            if self._bad:
                raise ExpectationError("a webhook came with a bad signature: " + "; ".join(self._bad))
            if found is None:
                raise ExpectationError(unmet("webhook", timeout, expected, self._got.others(expected)))
        return found

    def received(self) -> list[Webhook]:
        """Return all that have come, in the order they came."""
        with self._grown:
            return list(self._got.all)

    def register(self, url: str, *, key: str | None = None) -> str:
        """Have webhooks sent to a receiver of the test's own too; return the key that they are signed with.

        `key` is the API key of another service.
        """
        return str(self._wire.must("POST", _ENDPOINTS, {"url": url}, key=key)["secret"])
