"""The metrics that are counted: one line each, with the events that they count and the labels that these give.

No label holds a number, an id or a text: each has few values, which the code or the configuration bounds.
"""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Event
from smsc_emulator.frozen import frozen
from smsc_emulator.smpp.constants import CommandStatus, MessageState

OTHER = "other"
"""What stands for a value that is not in the table of its label."""

NONE = "none"
"""What stands for a value that is not there."""

Key = Any
KeyOf = Callable[[Mapping[str, Any]], Key]
"""Reads of an event's data what tells one child of a metric from another. It runs for each event, so it is cheap."""


@frozen
class Counted:
    """A counter that is fed by events."""

    name: str
    help: str
    labels: tuple[str, ...]
    events: tuple[str, ...]
    """The types of its events; one that ends in a dot stands for all that begin so."""
    key_of: KeyOf
    shown: Callable[[str, Key], tuple[str, ...]] = lambda _type, key: key
    """Makes the labels' values of an event's type and key."""


@frozen
class Timed:
    """A histogram that is fed by events, in seconds of lab time."""

    name: str
    help: str
    labels: tuple[str, ...]
    events: tuple[str, ...]
    read: Callable[[Event], tuple[tuple[str, ...], float]]
    """Returns the labels' values and the time."""


_STATUSES = {status.value: status.name for status in CommandStatus}
_STATES = {state.value: state.name.lower() for state in MessageState}


def event_name(kind: str) -> str:
    """Return what stands after the first dot of an event's type."""
    return kind.partition(".")[2]


def _of(kind: str, member: str) -> KeyOf:
    """Return a reader of one member of the thing that an event tells of."""

    def read(data: Mapping[str, Any]) -> Key:
        return (data.get(kind) or {}).get(member)

    return read


def _account(data: Mapping[str, Any]) -> Key:
    return data["account"]


def _seconds(kind: str, *labels: str) -> Callable[[Event], tuple[tuple[str, ...], float]]:
    def read(event: Event) -> tuple[tuple[str, ...], float]:
        told = event.data[kind]
        return tuple(str(told[label]) for label in labels), (event.at - instant(told["created_at"])) / 1000

    return read


COUNTED = (
    Counted(
        "confirmlab_smpp_submits",
        "submit_sm of ESMEs, by the command_status of their answers.",
        ("account", "command_status"),
        ("smpp.submit_sm",),
        itemgetter("account", "command_status"),
        lambda _type, key: (key[0], _STATUSES.get(key[1], OTHER)),
    ),
    Counted(
        "confirmlab_smpp_deliveries",
        "deliver_sm and data_sm to ESMEs, by what they carry.",
        ("account", "kind"),
        ("smpp.deliver_sm",),
        itemgetter("account", "kind"),
    ),
    Counted(
        "confirmlab_messages_accepted",
        "Messages that the SMSC has taken over, of ESMEs and of handsets.",
        ("origin",),
        ("message.accepted",),
        _account,
        lambda _type, account: ("esme" if account else "handset",),
    ),
    Counted(
        "confirmlab_messages_final",
        "Messages that have come to their end, by message_state.",
        ("state",),
        ("message.delivered", "message.failed"),
        itemgetter("state"),
        lambda _type, state: (_STATES.get(state, OTHER),),
    ),
    Counted(
        "confirmlab_faults_fired",
        "How often faults fired.",
        ("fault",),
        ("fault.fired",),
        itemgetter("fault"),
        lambda _type, fault: (fault,),
    ),
    Counted(
        "confirmlab_calls_ended",
        "Calls in the handsets' logs, by direction and outcome.",
        ("direction", "outcome"),
        ("call.ended",),
        lambda data: (data["direction"], data.get("outcome") or NONE),
    ),
    Counted(
        "confirmlab_confirmation_events",
        "What happened to confirmations, by the present method.",
        ("event", "method"),
        ("confirmation.",),
        _of("confirmation", "method"),
        lambda kind, method: (event_name(kind), method or NONE),
    ),
    Counted(
        "confirmlab_identification_events",
        "What happened to identifications; a refusal has its reason.",
        ("event", "reason"),
        ("identification.",),
        _of("identification", "reason"),
        lambda kind, reason: (event_name(kind), reason or NONE),
    ),
    Counted(
        "confirmlab_lookups",
        "What was sent to operators, and what they acknowledged or did not take.",
        ("operator", "event"),
        ("lookup.",),
        lambda data: data.get("operator_id", NONE),
        lambda kind, operator: (operator, event_name(kind)),
    ),
    Counted(
        "confirmlab_webhooks",
        "Tries to deliver webhooks, by what came of them.",
        ("outcome",),
        ("webhook.",),
        lambda _data: None,
        lambda kind, _key: (event_name(kind),),
    ),
)

TIMED = (
    Timed(
        "confirmlab_confirmation_seconds",
        "Lab time from the start of a confirmation to its proof.",
        ("method",),
        ("confirmation.confirmed",),
        _seconds("confirmation", "method"),
    ),
    Timed(
        "confirmlab_identification_seconds",
        "Lab time from the start of an identification to its end.",
        ("state",),
        ("identification.identified", "identification.refused"),
        _seconds("identification", "state"),
    ),
)

EVENTS = "confirmlab_events", "Events of the journal.", ("type",)
HTTP_REQUESTS = "confirmlab_http_requests", "Answered HTTP requests.", ("method", "route", "status")
HTTP_SECONDS = "confirmlab_http_request_seconds", "Real time to answer HTTP requests, waits included.", ("route",)

LAB_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1_200, 3_600, 86_400)
"""Upper ends of the histograms of lab time, in seconds; 1,200 is what an operator has to answer."""
HTTP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
