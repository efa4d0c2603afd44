"""The lab's HTTP API for a test that is not asynchronous.

By http.client: it is there wherever Python is, loads quickly, waits in the test's own thread, and leaves nothing open.
"""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

from gateway.pytest_plugin.waits import ExpectationError, hidden
from smsc_emulator.frozen import frozen

__tracebackhide__ = hidden

PATIENCE = 60.0
"""Real seconds after which a lab that does not answer is held for dead."""


@frozen
class Answer:
    """What the lab answered; `body` is read from JSON where it is JSON."""

    status: int
    body: Any


@frozen
class Wire:
    """The way to one lab; may be used by several threads at once."""

    host: str
    port: int
    key: str
    """The API key that is shown where no other is named."""

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Answer:
        """Return the lab's answer, whatever its status. Raises ExpectationError if there is none."""
        target = path.replace("+", "%2B") + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json"}
        connection = HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            connection.request(method, target, None if body is None else json.dumps(body).encode(), headers)
            response = connection.getresponse()
            return Answer(response.status, _read(response.read()))
        except (OSError, HTTPException) as error:
            raise ExpectationError(f"{method} {path}: the lab does not answer: {error!r}") from None
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Any:
        """Return the body that GET answers; a refusal raises ExpectationError."""
        return self.must("GET", path, query=query)

    def must(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Return the body of the answer; a refusal raises ExpectationError."""
        answer = self.ask(method, path, body, **more)
        if answer.status >= 400:
            told = answer.body.get("detail") or answer.body if isinstance(answer.body, dict) else answer.body
            raise ExpectationError(f"{method} {path} was answered with {answer.status}: {told}")
        return answer.body


def _read(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")
