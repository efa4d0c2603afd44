"""A journal as a test writes it."""

from typing import Any

import pytest

from gateway.identification.profiles import Profile
from gateway.reports.history import History, of_event
from smsc_emulator.base.durations import MINUTE, iso
from smsc_emulator.base.journal import Event

START = 1_767_268_800_000
"""2026-01-01T12:00:00Z."""
ANSWER = 20 * MINUTE
RULES = Profile(name="test", title="Test", unspecified=["payer"])


class Story:
    """Events in the order in which they are told, on a clock that the test turns."""

    def __init__(self) -> None:
        self.now = START
        self.events: list[Event] = []
        self.profile = RULES

    def tell(self, type_: str, subject: str, **data: Any) -> int:
        """Add an event and return its place."""
        self.events.append(Event(self.now, type_, subject, data, 1000 + len(self.events)))
        return self.events[-1].seq

    def step(self, attempt: str, state: str, **more: Any) -> int:
        """Add a state of an attempt."""
        shown = {"phone_number": "+70000000001", "user_id": "u1", "profile": "test", "state": state.upper(), **more}
        if state == "pending":
            shown.setdefault("deadline_at", iso(self.now + ANSWER))
        return self.tell(f"identification.{state}", attempt, service_id="demo", identification=shown)

    def verdict(self, attempt: str, result: str, outcome: str = "accepted") -> int:
        """Add a verdict."""
        told = {"result": result, "outcome": outcome, "operator_id": "alpha"}
        return self.tell("identification.verdict", attempt, received_at=iso(self.now), **told)

    def identify(self, attempt: str = "idn_1", **more: Any) -> None:
        """Tell the good way to its end."""
        for state in ("created", "confirming", "routing", "pending"):
            self.now += 100
            self.step(attempt, state, **more)
        self.tell("lookup.query_sent", f"req_{attempt}", attempt_id=attempt, operator_id="alpha")
        self.verdict(attempt, "PRESENT")
        for state in ("registering", "identified"):
            self.now += 100
            self.step(attempt, state, **more)

    def history(self, **facts: int) -> History:
        """Return what a report reads of it."""
        rules = {"test": self.profile}
        return History(tuple(map(of_event, self.events)), rules, self.now, ("test",), facts)


@pytest.fixture
def story() -> Story:
    return Story()
