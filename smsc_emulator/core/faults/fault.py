"""The kinds of faults, and the plans that they bend: how a request is answered, how a receipt is sent.

A fault decides and does nothing: it takes a plan and returns another. Several faults at one request bend its plan one
after the other, in the order of their rules. The link (net/faulty_wire.py) and the delivery (core/faulty_receipts.py)
carry the plans out.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from smsc_emulator.base import durations
from smsc_emulator.base.config import Section
from smsc_emulator.core.faults.when import When
from smsc_emulator.frozen import frozen
from smsc_emulator.handsets.states import Outcome
from smsc_emulator.smpp.pdus import DeliverSm

MOST_SENDINGS = 1_000
"""How many times one receipt may be sent, whatever a storm or many rules make of it together."""

# Durations.

_REAL = r"^(?:[0-9]{1,6}ms|[0-9]{1,3}s|[0-9]{1,2}m)$"
_LAB = r"^(?:[0-9]{1,6}ms|[0-9]{1,5}s|[0-9]{1,4}m|[0-9]{1,3}h|[0-9]{1,2}d)$"


def _millis(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("write a duration with its unit, such as 250ms, 10s or 5m")
    return durations.parse(value)


def _schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "maxLength": 8, "examples": ["2s"]})


def _spelled(**units: int) -> PlainSerializer:
    """Show a duration in the first unit that it is a whole number of: as it may be written, which has one unit."""

    def spell(millis: int) -> str:
        whole = (f"{millis // unit}{name}" for name, unit in units.items() if millis and millis % unit == 0)
        return next(whole, f"{millis}ms")

    return PlainSerializer(spell, return_type=str)


_REAL_SPELLED = _spelled(m=durations.MINUTE, s=durations.SECOND)
_LAB_SPELLED = _spelled(d=durations.DAY, h=durations.HOUR, m=durations.MINUTE, s=durations.SECOND)

RealTime = Annotated[int, Field(le=100 * durations.MINUTE), BeforeValidator(_millis), _REAL_SPELLED, _schema(_REAL)]
"""Milliseconds of real time, as links have it; written `250ms`, `10s`, `5m`, up to 99m."""

LabTime = Annotated[int, Field(le=100 * durations.DAY), BeforeValidator(_millis), _LAB_SPELLED, _schema(_LAB)]
"""Milliseconds of lab time; written `250ms`, `10s`, `5m`, `3h`, `2d`, up to 99d."""


class Fault(Section):
    """A rule: what goes wrong (the class and its own keys) and when."""

    fault: str
    """The fault's name."""
    when: When = When()
    """The conditions under which it fires."""

    about: ClassVar[str]
    """What the ESME sees, in one sentence, for the documentation."""
    avoids_origin: ClassVar[bool] = False
    """Whether it needs to know the link that a message came by."""
    example: ClassVar[dict[str, Any]]
    """A rule that makes sense, for the documentation and the tests."""


# What happens on a link.

Frames = Callable[[list[bytes]], list[bytes]]
"""Turns the octets of a PDU, one item for each write, into others."""


class Moment(StrEnum):
    """When the connection is dropped."""

    REQUEST = "request"
    """When the request comes; it is not carried out."""
    ANSWER = "answer"
    """Instead of the answer; the request has been carried out."""
    AFTER = "after"
    """Right after the answer."""


@frozen
class Drop:
    """The end of a connection: with FIN, or with RST."""

    at: Moment
    reset: bool


@frozen
class Pace:
    """How fast a link writes from now on: so many octets, then a pause in real milliseconds."""

    octets: int
    pause: int


@frozen
class Plan:
    """What becomes of one PDU on a link. The default is what happens without faults."""

    status: int | None = None
    """Refuse the request with this status instead of carrying it out."""
    delay: int = 0
    """Real milliseconds until the request is carried out, or until a PDU of the SMSC's own is written."""
    frames: tuple[Frames, ...] = ()
    """What is done to the octets of the answer, or of a PDU of the SMSC's own."""
    drop: Drop | None = None
    half_open: int | None = None
    """Real milliseconds for which the link neither reads nor writes, before it is reset; 0 is until it is closed."""
    pace: Pace | None = None


class WireFault(Fault):
    """A fault of the answer or of the link."""

    def bend(self, plan: Plan) -> Plan:
        """Return the plan with this fault in it."""
        raise AssertionError("each wire fault has its own")


# What happens in the network.


class NetworkFault(Fault):
    """A fault of the network behind the SMSC; its conditions look at the message when it is brought to a handset."""

    def fate(self) -> Outcome:
        """Return what becomes of the message, whatever its handset is like."""
        raise AssertionError("each network fault has its own")


# What happens to a receipt.

Alteration = Callable[[DeliverSm], DeliverSm]


@frozen
class Sending:
    """One sending of a receipt. The default is what happens without faults."""

    delay: int = 0
    """Lab milliseconds until it goes out."""
    early: bool = False
    """Whether it goes out before the answer to the message that it reports, if both come of one turn."""
    behind: bool = False
    """Whether it waits for the account's next receipt and follows that one; no longer than `delay`."""
    account: str | None = None
    """The account that gets it, if not the sender's."""
    elsewhere: bool = False
    """Whether it avoids the link that the message came by, if another one can take it."""
    alter: tuple[Alteration, ...] = ()
    """What is done to the deliver_sm."""


class ReceiptFault(Fault):
    """A fault of receipts; its conditions look at the message that is reported."""

    def bend(self, sendings: list[Sending]) -> list[Sending]:
        """Return the sendings with this fault in them."""
        raise AssertionError("each receipt fault has its own")
