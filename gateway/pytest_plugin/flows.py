"""Confirmations and identifications, as a service starts and follows them."""

from collections.abc import Mapping
from typing import Any

from gateway.pytest_plugin.waits import TIMEOUT, ExpectationError, hidden, until
from gateway.pytest_plugin.wire import Wire

__tracebackhide__ = hidden

LOOK_AGAIN = 250
"""Real milliseconds after which a state is read again, for a change may come between two requests."""


class Flow:
    """A confirmation or an identification; its members are read with brackets, as the lab told them last."""

    def __init__(self, wire: Wire, path: str, body: Mapping[str, Any]) -> None:
        self._wire = wire
        self._path = f"{path}/{body['id']}"
        self._body = dict(body)

    def __getitem__(self, member: str) -> Any:
        return self._body[member]

    def __repr__(self) -> str:
        shown = {name: self._body[name] for name in ("id", "state", "reason")}
        return f"{type(self).__name__}({shown})"

    @property
    def id(self) -> str:
        """Its id."""
        return str(self._body["id"])

    @property
    def state(self) -> str:
        """Its state as the lab told it last."""
        return str(self._body["state"])

    @property
    def reason(self) -> str | None:
        """Why it ended so, as the lab told it last."""
        return self._body["reason"]  # type: ignore[no-any-return] # the lab's own document

    @property
    def instructions(self) -> Mapping[str, Any]:
        """What the user is to do, as the lab told it last: an access_number to call, a text to send, and so on."""
        return self._body["instructions"] or {}

    def check(self, code: str) -> str:
        """Type a code; return the state then. A wrong code is no failure; one that is not asked for any more is."""
        return self._now("POST", "/check", {"code": code})

    def resend(self) -> str:
        """Have the code sent again; return the state then."""
        return self._now("POST", "/resend")

    def next(self) -> str:
        """Go on to the next method of the workflow; return the state then."""
        return self._now("POST", "/next")

    def cancel(self) -> str:
        """End it; return the state then."""
        return self._now("DELETE", "")

    def look(self) -> str:
        """Ask the lab anew; return the state."""
        return self._now("GET", "")

    def wait_for(self, *states: str, timeout: float = TIMEOUT) -> str:
        """Return the state when it is one of these. Raises ExpectationError."""
        passed = [self.state]

        def reached(wait: str) -> str | None:
            state = self._now("GET", "", query={"wait": wait})
            passed.extend([state] if state != passed[-1] else [])
            return state if state in states else None

        def look(wait: str) -> str | None:
            return reached("0ms") or reached(f"{min(LOOK_AGAIN, int(wait.removesuffix('ms')))}ms")

        found = until(look, timeout)
        if found is None:
            raise ExpectationError(
                f"{self!r} was not {' or '.join(states)} in {timeout:g} s; its states were {', '.join(passed)}"
            )
        return found

    def _now(self, method: str, below: str, body: Any = None, **more: Any) -> str:
        self._body |= self._wire.must(method, self._path + below, body, **more) or {}
        return self.state


class Flows:
    """Starts confirmations, or identifications, of the lab's first service."""

    def __init__(self, wire: Wire, path: str) -> None:
        self._wire = wire
        self._path = path

    def start(self, phone_number: str, method: str | None = None, **members: Any) -> Flow:
        """Start one; `members` are those of the request as /openapi.json has them: methods, user_id, text, ..."""
        body = {"phone_number": phone_number, **({} if method is None else {"method": method}), **members}
        return Flow(self._wire, self._path, self._wire.must("POST", self._path, body))
