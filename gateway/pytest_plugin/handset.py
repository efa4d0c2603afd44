"""A virtual handset in a test's hand."""

import re
from collections.abc import Mapping
from typing import Any

from gateway.pytest_plugin.waits import TIMEOUT, ExpectationError, given, hidden, misses, unmet, until
from gateway.pytest_plugin.wire import Wire
from smsc_emulator.frozen import frozen

__tracebackhide__ = hidden

SOME = re.compile(".")
"""Found in every code."""

DIGITS = 4
"""How many last digits of a missed call's number are the code, if the test does not say otherwise."""


@frozen
class Message:
    """A text that a handset has received."""

    id: str
    sender: str
    to: str
    text: str
    code: str | None
    """The confirmation code in it, if there is one."""
    received_at: str
    """An instant of the lab clock."""
    flash: bool
    """Whether it is of class 0: shown at once, and not stored."""
    replaces: str | None
    """The id of the text whose place it took."""


class Call:
    """A call in a handset's log, with what the phone may do about it."""

    def __init__(self, wire: Wire, number: str, log: Mapping[str, Any]) -> None:
        self._wire = wire
        self._path = f"/lab/handsets/{number}/calls/{log['id']}"
        self.log = dict(log)
        """The entry of the log as `GET /lab/handsets/{number}/calls/{call}` tells it."""

    def __repr__(self) -> str:
        shown = {name: value for name, value in self.log.items() if value is not None}
        return f"Call({shown})"

    @property
    def id(self) -> str:
        """Its id in the log."""
        return str(self.log["id"])

    @property
    def caller(self) -> str | None:
        """The number that it showed; None if that was withheld."""
        return self.log["from"]  # type: ignore[no-any-return] # the lab's own document

    @property
    def to(self) -> str:
        """The number that was called."""
        return str(self.log["to"])

    @property
    def outcome(self) -> str | None:
        """What became of it: answered, cancelled, no_answer, busy, rejected and others; None while it lasts."""
        return self.log["outcome"]  # type: ignore[no-any-return] # the lab's own document

    @property
    def code(self) -> str:
        """The last four digits of the caller's number. Raises ExpectationError if it was withheld."""
        return self.last_digits(DIGITS)

    def last_digits(self, count: int) -> str:
        """Return the last digits of the caller's number. Raises ExpectationError if it was withheld."""
        if self.caller is None:
            raise ExpectationError(f"the caller withheld the number, so that the call tells no code: {self!r}")
        return "".join(filter(str.isdigit, self.caller))[-count:]

    def answer(self) -> "Call":
        """Answer it. Raises ExpectationError if it does not ring any more."""
        return self._now(self._wire.must("POST", f"{self._path}/answer"))

    def hang_up(self) -> "Call":
        """Reject it, take it back or hang up; one that is over is left as it is."""
        return self._now(self._wire.must("DELETE", self._path))

    def wait_until_over(self, *, timeout: float = TIMEOUT) -> "Call":
        """Return it when it is over. Raises ExpectationError."""

        def look(wait: str) -> bool | None:
            return self._now(self._wire.get(self._path, wait=wait)).outcome is not None or None

        if until(look, timeout) is None:
            raise ExpectationError(f"the call was not over in {timeout:g} s: {self!r}")
        return self

    def _now(self, log: Mapping[str, Any]) -> "Call":
        self.log = dict(log)
        return self


class Handset:
    """The handset of one number. Each wait returns what came after that which the wait before it returned."""

    def __init__(self, wire: Wire, number: str) -> None:
        self._wire = wire
        self.number = number
        self._path = f"/lab/handsets/{number}"
        self._text_seen = ""
        self._call_seen = ""
        self._newest: Message | None = None

    def __repr__(self) -> str:
        return f"Handset({self.number!r})"

    # Texts.

    def messages(self) -> list[Message]:
        """Return all texts of the inbox, oldest first."""
        return self._inbox("", "0ms")

    def wait_for_message(
        self, text: str | re.Pattern[str] | None = None, *, sender: str | None = None, timeout: float = TIMEOUT
    ) -> Message:
        """Return the next text: this one, one that a pattern is found in, one of a sender. Raises ExpectationError."""
        return self._next_message(given(text=text, sender=sender), "message", timeout)

    def wait_for_code(self, *, sender: str | None = None, timeout: float = TIMEOUT) -> str:
        """Return the confirmation code of the next text that has one. Raises ExpectationError."""
        expected = {"code": SOME, **given(sender=sender)}
        return str(self._next_message(expected, "message with a code", timeout).code)

    def send(self, to: str, text: str) -> str:
        """Send an SMS to a number or a short code; return the SMSC's message id."""
        return str(self._wire.must("POST", f"{self._path}/messages", {"to": to, "text": text})["message_id"])

    def reply(self, text: str) -> str:
        """Send an SMS to whom the text is of that a wait returned last; return the SMSC's message id."""
        if self._newest is None:
            raise ExpectationError(f"{self!r} has nothing to reply to; wait for a message first, or use send()")
        return self.send(self._newest.sender, text)

    def delete(self, message: Message) -> None:
        """Throw a text away; its place in the memory is free."""
        self._wire.must("DELETE", f"{self._path}/messages/{message.id}")

    # Calls.

    def calls(self) -> list[Call]:
        """Return the call log, oldest first."""
        return self._log("", "0ms")

    def wait_for_call(self, *, caller: str | re.Pattern[str] | None = None, timeout: float = TIMEOUT) -> Call:
        """Return the next call to the handset, once it has rung or is over; its `code` is what a missed call tells."""
        expected, seen = given(**{"from": caller}), self._call_seen
        others = []

        def look(wait: str) -> Call | None:
            nonlocal seen
            for call in self._log(seen, wait):
                if call.log["direction"] == "in":
                    if call.log["rang_at"] is None and call.outcome is None:
                        return None
                    if not (wrong := misses(expected, call.log)):
                        return call
                    others.append((repr(call), wrong))
                seen = call.id
            return None

        call = until(look, timeout)
        if call is None:
            raise ExpectationError(f"{self!r}: " + unmet("call", timeout, expected, others))
        self._call_seen = call.id
        return call

    def call(
        self, to: str, *, shown: str | None = None, asserted: bool = True, hang_up_after: str | None = None
    ) -> Call:
        """Call a number, showing another one or `withheld`; `asserted` is whether the network vouches for its own."""
        body = {"to": to, "asserted": asserted, **given(shown=shown, hang_up_after=hang_up_after)}
        return Call(self._wire, self.number, self._wire.must("POST", f"{self._path}/calls", body))

    def on_calls(self, behaviour: str, **more: Any) -> None:
        """Say what it does with calls: ring, busy, reject, answer, ...; more as docs/calls.md tells."""
        self._wire.must("PUT", f"{self._path}/voice", {"behaviour": behaviour, **more})

    # The handset itself.

    def switch_off(self) -> None:
        """Switch it off: texts wait for it, calls do not reach it."""
        self.change(state="off")

    def switch_on(self) -> None:
        """Switch it on; what waits for it comes at once."""
        self.change(state="on")

    def change(self, **members: Any) -> Mapping[str, Any]:
        """Change its state, memory or script as `PUT /lab/handsets/{number}` does; return what it is like then."""
        return dict(self._wire.must("PUT", self._path, members))

    def _next_message(self, expected: Mapping[str, Any], what: str, timeout: float) -> Message:
        others, seen = [], self._text_seen

        def look(wait: str) -> Message | None:
            nonlocal seen
            for message in self._inbox(seen, wait):
                seen = message.id
                if not (wrong := misses(expected, _members(message))):
                    return message
                others.append((f"from {message.sender}: {message.text!r}", wrong))
            return None

        found = until(look, timeout)
        if found is None:
            told = {name: value for name, value in expected.items() if value is not SOME}
            raise ExpectationError(f"{self!r}: " + unmet(what, timeout, told, others))
        self._text_seen, self._newest = found.id, found
        return found

    def _inbox(self, after: str, wait: str) -> list[Message]:
        # Codes are read from all texts, but a text without one ends the wait too: it is a near miss.
        path = f"{self._path}/messages"
        self._wire.get(path, after=after, wait=wait)
        found = self._wire.get(path, after=after, extract="code")["messages"]
        return [Message(sender=each.pop("from"), **each) for each in found]

    def _log(self, after: str, wait: str) -> list[Call]:
        found = self._wire.get(f"{self._path}/calls", after=after, wait=wait)["calls"]
        return [Call(self._wire, self.number, each) for each in found]


def _members(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in Message.__dataclass_fields__}
