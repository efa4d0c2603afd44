"""A trace: what happened because of one request, from HTTP over SMPP or SIP to the webhook, joined by ids.

Each event names ids: its subject, and others in its data. From the id that is asked for, the trace goes to every event
that names it, and on to the other ids that those name. Ids that bring unrelated things together (a binding, an entry of
the register) end the way. Codes and texts are in no event; numbers are masked unless they are to be seen.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from smsc_emulator.base import msisdn
from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Event
from smsc_emulator.frozen import frozen

ENDS = ("bnd_", "ent_", "ses_", "whe_", "dlv_")
"""Beginnings of ids from which the trace does not go on, unless it is asked for one of them."""

NUMBERS = frozenset({"phone_number", "to", "from", "source_addr", "destination_addr"})
"""Members whose values are numbers, or addresses that may be."""

LAYERS = {
    "http": "HTTP",
    "smpp": "SMPP",
    "receipt": "SMPP",
    "message": "SMSC",
    "call": "SIP",
    "handset": "handset",
    "operator": "operator",
    "register": "operator",
    "lookup": "lookup",
    "webhook": "webhook",
}
"""Where an event happened, by what its type begins with; others stand for themselves."""


@frozen
class Step:
    """One thing that happened."""

    at: int
    """Lab time, in milliseconds."""
    seq: int
    layer: str
    type: str
    subject: str
    told: Mapping[str, Any]
    """What is known of it, without numbers in clear unless they are to be seen."""
    pdu: Mapping[str, Any] | None = None
    """The decoded PDU, where the lab has kept it."""


@frozen
class Trace:
    """What belongs to one id, in the order in which it happened."""

    id: str
    ids: tuple[str, ...]
    """All ids that belong together."""
    steps: tuple[Step, ...]


@dataclass(slots=True)
class _Index:
    """Which events name an id, and which ids an event names."""

    events: list[tuple[Event, frozenset[str]]] = field(default_factory=list)
    by_id: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


def trace(events: Iterable[Event], id_: str, texts: Iterable[frozenset[str]] = (), *, reveal: bool = False) -> Trace:
    """Return the trace of an id: a confirmation, an identification, a message, a request, a call, a webhook's event.

    `texts` are messages that belong together as parts of one text each, which no event tells.
    """
    index, doings = _Index(), _Doings()
    text_of = {message_id: text for text in texts for message_id in text}
    for place, event in enumerate(events):
        named = frozenset((*ids_of(event), *doings.proving(event)))
        named = named.union(*(text_of[each] for each in named if each in text_of)) if text_of else named
        index.events.append((event, named))
        for each in named:
            index.by_id[each].append(place)
    places, ids = _reached(index, id_)
    found = sorted((index.events[place][0] for place in places), key=_place)
    return Trace(id_, tuple(sorted(ids)), tuple(_step(event, reveal=reveal) for event in found))


class _Doings:
    """What users have done last with their handsets: the SMS or the call by which a number was confirmed is theirs.

    Over SMPP and SIP it comes to the gateway without an id that the handset's side knows it by (a deliver_sm has no
    message_id), so that it is found by the two numbers, as the gateway itself finds its confirmation.
    """

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}
        self._calls: dict[str, str] = {}

    def proving(self, event: Event) -> Iterator[str]:
        """Take note of an event; yield the id of what has proven the number, if it tells that a number was proven."""
        data = event.data
        if event.type == "message.accepted" and not data.get("account"):
            self._texts[_digits(data.get("from")), _digits(data.get("to"))] = event.subject
        elif event.type == "call.started" and data.get("direction") == "out":
            self._calls[event.subject] = next(ids_of(event))
        elif event.type == "confirmation.confirmed":
            thing = data["confirmation"]
            number, source = thing["phone_number"], (thing.get("proof") or {}).get("source")
            if source == "sms":
                found = self._texts.get((_digits(number), _digits(thing.get("short_code"))))
            else:
                found = self._calls.get(number) if source == "call" else None
            if found is not None:
                yield found


def _digits(address: Any) -> str:
    return str(address or "").removeprefix("+")


def ids_of(event: Event) -> Iterator[str]:
    """Yield the ids that an event names and by which it can be joined to others."""
    family, data = event.type.partition(".")[0], event.data
    if family == "call" and event.type != "call.placed":
        yield f"{event.subject}#{data.get('call_id')}"  # the ids of calls in the logs of handsets are small numbers
    elif family not in ("handset", "subscriber", "phone", "fault", "clock"):
        yield event.subject
    for member in ("message_id", "call", "sip_call_id", "request_id", "attempt_id", "event_subject"):
        if isinstance(value := data.get(member), str) and value:
            yield value
    yield from data.get("about", ())
    yield from _nested(family, data)


def _nested(family: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids inside the thing that an event tells of."""
    thing = data.get(family)
    if not isinstance(thing, Mapping):
        return
    if isinstance(sent := thing.get("code_sent"), Mapping) and sent.get("message_id"):
        yield sent["message_id"]
    if isinstance(confirmation := thing.get("confirmation"), Mapping):
        yield confirmation["id"]
    for member in ("identification_id", "entry_id"):
        if thing.get(member):
            yield thing[member]


def _reached(index: _Index, id_: str) -> tuple[set[int], set[str]]:
    """Return the places of the events that belong to an id, and all ids on the way."""
    places: set[int] = set()
    ids, open_ids = {id_}, [id_]
    while open_ids:
        for place in index.by_id.get(open_ids.pop(), ()):
            if place in places:
                continue
            places.add(place)
            fresh = index.events[place][1] - ids
            ids |= fresh
            open_ids += [each for each in fresh if not each.startswith(ENDS)]
    # What an end alone names: the entry of the register that a binding led to.
    for end in [each for each in ids if each.startswith("ent_")]:
        places.update(index.by_id.get(end, ()))
    return places, {each for each in ids if "#" not in each}


def _place(event: Event) -> tuple[float, int]:
    """Return where an event stands: a request, which is told when it is answered, before what came of it."""
    first = event.data.get("first_seq")
    return (first - 0.5, event.seq) if event.type == "http.request" and first else (event.seq, event.seq)


def _step(event: Event, *, reveal: bool) -> Step:
    family = event.type.partition(".")[0]
    at = instant(event.data["received_at"]) if event.type == "http.request" else event.at
    shown: Callable[[str], str] = (lambda text: text) if reveal else masked
    subject = shown(event.subject) if family in ("handset", "call", "subscriber", "phone") else event.subject
    return Step(at, event.seq, LAYERS.get(family, family), event.type, subject, dict(_told(family, event.data, shown)))


_OF_THING = ("method", "state", "reason", "responsible", "operator_id", "url", "result")
_LEFT_OUT = frozenset({"about", "first_seq", "received_at", "service_id", "private"})


def _told(family: str, data: Mapping[str, Any], shown: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    """Yield what is worth showing: the plain members, and the few of the thing that change."""
    thing = data.get(family)
    if isinstance(thing, Mapping):
        yield from ((name, thing[name]) for name in _OF_THING if thing.get(name) is not None)
    for name, value in data.items():
        if name in _LEFT_OUT or value is None or isinstance(value, Mapping | list):
            continue
        yield name, shown(value) if name in NUMBERS and isinstance(value, str) else value


def masked(text: str) -> str:
    """Return a number as `+7000*****01`; what is no number comes back as it is."""
    number = msisdn.from_address(text)
    return msisdn.mask(number) if number.startswith("+") else text
