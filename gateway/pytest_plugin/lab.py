"""The lab in a test's hand: where it is, its handsets, its clock, its faults, and what its ESMEs submit."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.pytest_plugin.flows import Flows
from gateway.pytest_plugin.handset import Handset
from gateway.pytest_plugin.journal import Journal
from gateway.pytest_plugin.submits import Submit, Submits
from gateway.pytest_plugin.waits import TIMEOUT, hidden
from gateway.pytest_plugin.webhooks import Receiver, Webhooks
from gateway.pytest_plugin.wire import Wire
from smsc_emulator.base import durations
from smsc_emulator.frozen import frozen

__tracebackhide__ = hidden


class Clock:
    """The lab clock, on which all deadlines of messages, codes, calls and operators are."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def now(self) -> datetime:
        """Return the lab's instant, in UTC."""
        return _instant(self._wire.get("/lab/clock")["now"])

    def advance(self, by: str) -> datetime:
        """Turn it by a time such as `20m` or `1h30m`; each deadline on the way fires at its instant."""
        return _instant(self._wire.must("POST", "/lab/clock/advance", {"by": by})["now"])

    def to_next_deadline(self) -> datetime:
        """Turn it to the earliest deadline of anything in the lab; without one, it stays where it is."""
        state = self._wire.get("/lab/clock")
        now = durations.instant(state["now"])
        due = now if state["next_deadline_at"] is None else durations.instant(state["next_deadline_at"])
        return self.advance(durations.spell(max(0, due - now)))

    def pause(self) -> datetime:
        """Let it stand still until it is turned."""
        return _instant(self._wire.must("POST", "/lab/clock/pause")["now"])

    def resume(self) -> datetime:
        """Let it run with real time."""
        return _instant(self._wire.must("POST", "/lab/clock/resume")["now"])


class Fault:
    """A fault in force."""

    def __init__(self, wire: Wire, fault_id: str) -> None:
        self._path = f"/lab/faults/{fault_id}"
        self._wire = wire
        self.id = fault_id

    def fired(self) -> int:
        """Return how many times it has fired."""
        return int(self._wire.get(self._path)["fired"])

    def remove(self) -> None:
        """Take it out of force."""
        self._wire.must("DELETE", self._path)


class Faults:
    """What the SMSC is told to do wrong."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def add(self, fault: str, **keys: Any) -> Fault:
        """Put a fault of docs/faults.md in force, such as add("status", status="ESME_RTHROTTLED", when={...})."""
        return Fault(self._wire, self._wire.must("POST", "/lab/faults", {"fault": fault, **keys})["id"])

    def clear(self) -> None:
        """Take all faults out of force."""
        self._wire.must("DELETE", "/lab/faults")


class Operator:
    """One of the mobile operators that the lab plays."""

    def __init__(self, wire: Wire, operator_id: str) -> None:
        self._wire = wire
        self._path = f"/lab/operators/{operator_id}"

    def behave(self, **changes: Any) -> None:
        """Change how it answers, as docs/operators.md tells: behave(answer="silent"). The rest stays as it is."""
        path = f"{self._path}/behaviour"
        self._wire.must("PUT", path, {**self._wire.get(path), **changes})

    def register(self, **query: Any) -> list[Mapping[str, Any]]:
        """Return the entries of its register of identification codes."""
        return list(self._wire.get(f"{self._path}/register", **query)["entries"])


@frozen
class Account:
    """What an ESME binds with."""

    system_id: str
    password: str


@frozen
class Service:
    """What a service calls the HTTP API with."""

    id: str
    key: str


class Lab:
    """A running lab of one test. All waits are real time, at most `timeout` seconds; all else is the lab clock's.

    What goes wrong raises ExpectationError, which tells what was expected and what came instead.
    """

    def __init__(self, told: Mapping[str, Any], receiver: Receiver, stop: Callable[[], object]) -> None:
        self.ports: Mapping[str, int] = told["ports"]
        """Where it listens: smpp, http, sip and sip_gateway."""
        self.url: str = told["url"]
        """Its HTTP address, without a slash at the end."""
        self.host: str = told["host"]
        """The address of all its ports."""
        self.accounts = [Account(*account) for account in told["accounts"]]
        """What ESMEs can bind with."""
        self.services = [Service(*service) for service in told["services"]]
        """The services of the API."""
        self.http = Wire(self.host, self.ports["http"], self.api_key)
        """The whole HTTP API, for what has no method here: http.get(path), http.must("POST", path, body)."""
        self.clock = Clock(self.http)
        self.faults = Faults(self.http)
        self.confirmations = Flows(self.http, "/v1/confirmations")
        self.identifications = Flows(self.http, "/v1/identifications")
        self.journal = Journal(self.http)
        self._submits = Submits(self.http, gateway=told["gateway"])
        self._handsets: dict[str, Handset] = {}
        self._log = Path(told["log"])
        self._receiver, self._stop = receiver, stop
        self.webhooks: Webhooks = receiver.open(self.http) if self.services else Webhooks(self.http)
        """What came to the test's own receiver."""

    def __repr__(self) -> str:
        return f"Lab({self.url!r})"

    @property
    def smpp_host(self) -> str:
        """The address of the SMSC."""
        return self.host

    @property
    def smpp_port(self) -> int:
        """The port of the SMSC."""
        return self.ports["smpp"]

    @property
    def system_id(self) -> str:
        """The name of the first ESME account."""
        return self.accounts[0].system_id

    @property
    def password(self) -> str:
        """The password of the first ESME account."""
        return self.accounts[0].password

    @property
    def api_key(self) -> str:
        """The API key of the first service; empty if there is no service."""
        return self.services[0].key if self.services else ""

    def handset(self, number: str) -> Handset:
        """Return the handset of a number, +7 000 ...: always the same one."""
        return self._handsets.setdefault(number, Handset(self.http, number))

    def operator(self, operator_id: str) -> Operator:
        """Return an operator."""
        return Operator(self.http, operator_id)

    def expect_submit(self, *, timeout: float = TIMEOUT, **fields: Any) -> Submit:
        """Return the next submit_sm of an ESME whose fields are these. Raises ExpectationError.

        Fields are those of the PDU and `to`, `sender`, `text`, `account`, `command_status`; a compiled pattern is
        searched for. Each submit_sm is returned once.
        """
        return self._submits.expect(fields, timeout)

    def submits(self) -> list[Submit]:
        """Return every submit_sm of the ESMEs, accepted or not, oldest first."""
        return self._submits.all()

    def expect_event(
        self,
        type: str,  # noqa: A002 - the event's own word
        subject: str | None = None,
        *,
        timeout: float = TIMEOUT,
        **data: Any,
    ) -> Mapping[str, Any]:
        """Return the next event of the journal with this type, subject and data. Raises ExpectationError."""
        return self.journal.expect(type, subject, data, timeout)

    def log(self) -> str:
        """Return what the lab's process has logged, numbers masked."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def stop(self) -> None:
        """Stop the lab and remove its data. The fixtures do it at the test's end."""
        self._receiver.forget(self.http)
        self._stop()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
