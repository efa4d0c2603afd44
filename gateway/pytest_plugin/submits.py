"""What the ESME under test has submitted, and what it was expected to."""

from collections.abc import Mapping
from typing import Any

from gateway.pytest_plugin.waits import Arrivals, ExpectationError, hidden, unmet, until
from gateway.pytest_plugin.wire import Wire

__tracebackhide__ = hidden

SPOKEN = {"to": "destination_addr", "sender": "source_addr"}
"""Short names of two fields."""


class Submit:
    """A submit_sm; its fields are read as attributes: text, destination_addr, registered_delivery, tlvs, ..."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = {**fields, **{name: fields[field] for name, field in SPOKEN.items()}}

    def __getattr__(self, name: str) -> Any:
        fields = vars(self).get("fields", {})
        if name not in fields:
            raise AttributeError(f"a submit_sm has no field {name}; there are {', '.join(sorted(fields))}")
        return fields[name]

    def __repr__(self) -> str:
        return f"submit_sm {self.sender or '(no sender)'} -> {self.to} {self.text!r} by {self.account}"


class Submits:
    """Those of one lab, without the gateway's own."""

    def __init__(self, wire: Wire, *, gateway: str) -> None:
        self._wire = wire
        self._gateway = gateway
        self._got: Arrivals[Submit] = Arrivals(lambda submit: submit.fields, repr)
        self._seen = 0

    def all(self) -> list[Submit]:
        """Return all that have come."""
        self._read("0ms")
        return list(self._got.all)

    def expect(self, fields: Mapping[str, Any], timeout: float) -> Submit:
        """Return the first one with these fields that was not returned before. Raises ExpectationError."""

        def look(wait: str) -> Submit | None:
            self._read(wait)
            return self._got.first(fields)

        found = self._got.first(fields) or until(look, timeout)
        if found is None:
            raise ExpectationError(unmet("submit_sm", timeout, fields, self._got.others(fields)))
        return found

    def _read(self, wait: str) -> None:
        for fields in self._wire.get("/lab/submits", after=self._seen, wait=wait)["submits"]:
            self._seen = fields["number"]
            if fields["account"] != self._gateway:
                self._got.add(Submit(fields))
