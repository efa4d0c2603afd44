"""What a report reads: the stored events of the journal, by what they are about.

Only members that rules ask for are taken over, so that no report can show what it has no business with: of a number
there is a keyed name that tells it from others, and nothing of a person.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import field, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

from gateway.identification.profiles import Profile
from smsc_emulator.base.durations import instant
from smsc_emulator.base.journal import Event
from smsc_emulator.frozen import frozen

SNAPSHOTS = ("identification", "binding", "session", "appeal", "confirmation")
"""Members of events that hold the state of what the event is about."""

KEPT = frozenset(
    {
        *(
            "state",
            "reason",
            "responsible",
            "hint",
            "operator_id",
            "profile",
            "cause",
            "mode",
            "binding_id",
            "rechecks",
        ),
        *("deadline_at", "basis", "identification_id", "recheck_due_at", "entry_id", "user_id", "phone_number"),
        *("result", "outcome", "received_at", "contradicts", "request_id", "attempt_id", "service_id", "rule", "side"),
        *("party", "about", "kind", "origin", "ground", "cure_by", "residency", "due_at", "method", "finding_id"),
        *("recipients", "status", "blocked_from", "listed_from", "ended_at", "test", "proof", "restored_by"),
    }
)
"""The members that are taken over."""

PERSON = frozenset({"family_name", "given_name", "birth_date", "passport", "attributes", "identification_code"})
"""Members that no event may have at any depth: attributes of a person, and codes of the register (I8, S66)."""


def of_event(event: Event) -> Event:
    """Return the event with what rules ask for: the members of its snapshot and its own in one mapping."""
    told: dict[str, Any] = {}
    for name in SNAPSHOTS:
        snapshot = event.data.get(name)
        if isinstance(snapshot, Mapping):
            told |= {key: value for key, value in snapshot.items() if key in KEPT}
            inner = snapshot.get("confirmation")
            if isinstance(inner, Mapping):
                told["confirmation_id"] = inner.get("id")
    told |= {key: value for key, value in event.data.items() if key in KEPT}
    for key in ("phone_number", "user_id"):
        if told.get(key) is not None:
            told[key] = blake2b(str(told[key]).encode(), digest_size=8).hexdigest()
    if told.get("proof") is not None:
        told["proof"] = True
    if private := sorted(_members(event.data) & PERSON):
        told["private"] = private
    return replace(event, data=told)


def _members(data: Any) -> set[str]:
    """Return the names of all members at any depth."""
    if isinstance(data, Mapping):
        return set(data) | {name for value in data.values() for name in _members(value)}
    if isinstance(data, list):
        return {name for value in data for name in _members(value)}
    return set()


@frozen
class Trace:
    """One attempt: its states in order, and what was said about it meanwhile."""

    id: str
    steps: tuple[Event, ...]
    """An event for each state."""
    verdicts: tuple[Event, ...] = ()
    messages: tuple[Event, ...] = ()
    """What the gateway sent to operators, and their acknowledgements."""
    confirmations: tuple[Event, ...] = ()

    @property
    def last(self) -> Event:
        """Its latest state."""
        return self.steps[-1]

    def told(self, name: str) -> Any:
        """Return a member of the latest state."""
        return self.last.data.get(name)

    @property
    def states(self) -> tuple[str, ...]:
        """The names of its states, as the journal has them: created, confirming, and so on."""
        return tuple(step.type.partition(".")[2] for step in self.steps)

    @property
    def over(self) -> bool:
        """Whether it has its outcome."""
        return self.states[-1] in ("identified", "refused", "cancelled", "superseded")

    def at(self, state: str) -> Event | None:
        """Return the latest event of a state."""
        return next((step for step in reversed(self.steps) if step.type == f"identification.{state}"), None)

    @property
    def accepted(self) -> Event | None:
        """The latest verdict that counted."""
        return next((each for each in reversed(self.verdicts) if each.data.get("outcome") == "accepted"), None)

    @property
    def asked(self) -> tuple[Event, ...]:
        """The queries that were sent for it."""
        return tuple(each for each in self.messages if each.type == "lookup.query_sent")

    @property
    def seqs(self) -> tuple[int, ...]:
        """The places of its states in the journal."""
        return tuple(step.seq for step in self.steps)


@frozen
class Tally:
    """What the database counted of a rule that looks at many attempts together."""

    cases: int
    broken: int
    seqs: tuple[int, ...]
    """The latest places in the journal that show it: of breaches if there are any."""


@frozen(slots=False)
class History:
    """What a report judges at a time: all of the journal, or one page of it with what else is told about its things.

    `events` are what there is to judge, oldest first; `now` is when the report is made (lab time, ms). A case belongs
    to the page in which it begins: an attempt to that of its creation.
    """

    events: tuple[Event, ...]
    profiles: Mapping[str, Profile]
    now: int
    schedule: tuple[str, ...] = ()
    """The names of the profiles that attempts start under here."""
    facts: Mapping[str, int] = field(default_factory=dict)
    """Counts that no event tells: codes that were issued, and how many of them differ."""
    around: tuple[Event, ...] = ()
    """Events of other pages about the same things. They are looked at, and are no cases here."""
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    """What was counted of the whole journal, by the row of the rule."""
    whole: bool = True
    """Whether what has no place in the journal is judged here too: the profiles, the counts, the product itself."""

    @cached_property
    def known(self) -> tuple[Event, ...]:
        """The events and those around them, oldest first."""
        return tuple(sorted((*self.events, *self.around), key=lambda event: event.seq)) if self.around else self.events

    @cached_property
    def by_subject(self) -> Mapping[str, list[Event]]:
        """All that is known, by what it happened to."""
        return _grouped(self.known, lambda event: event.subject)

    @cached_property
    def _by_type(self) -> Mapping[str, list[Event]]:
        return _grouped(self.events, lambda event: event.type)

    @cached_property
    def _known_by_type(self) -> Mapping[str, list[Event]]:
        return _grouped(self.known, lambda event: event.type) if self.around else self._by_type

    def of(self, *types: str) -> list[Event]:
        """Return the events of some types that are to be judged, oldest first of each."""
        return [event for each in types for event in self._by_type.get(each, [])]

    def knows(self, type_: str) -> list[Event]:
        """Return the events of a type, those of other pages too, oldest first."""
        return self._known_by_type.get(type_, [])

    @cached_property
    def traces(self) -> tuple[Trace, ...]:
        """The attempts whose beginning is among the events, oldest first."""
        messages = _grouped(
            (event for event in self.known if event.type.startswith("lookup.")),
            lambda event: event.data.get("attempt_id"),
        )
        return tuple(self._trace(begun.subject, messages) for begun in self.of("identification.created"))

    def _trace(self, attempt_id: str, messages: Mapping[str, list[Event]]) -> Trace:
        mine = self.by_subject[attempt_id]
        verdicts = tuple(event for event in mine if event.type == "identification.verdict")
        steps = tuple(event for event in mine if event.type.startswith("identification.") and event not in verdicts)
        confirmed = dict.fromkeys(step.data.get("confirmation_id") for step in steps)
        confirmations = tuple(event for each in confirmed if each for event in self.by_subject.get(each, []))
        return Trace(attempt_id, steps, verdicts, tuple(messages.get(attempt_id, [])), confirmations)

    def profile(self, trace: Trace) -> Profile | None:
        """Return the profile that an attempt stands under, if it is there still."""
        return self.profiles.get(str(trace.told("profile")))

    @property
    def in_force(self) -> list[Profile]:
        """The profiles that attempts start under here."""
        if not self.whole:
            return []
        return [self.profiles[name] for name in dict.fromkeys(self.schedule) if name in self.profiles]

    def seen_by(self, service_id: str) -> "History":
        """Return what one service may see: what is about it, its attempts and bindings, and the public register."""
        mine = {event.subject for event in self.known if event.data.get("service_id") == service_id}
        return replace(self, events=tuple(event for event in self.events if is_for(event, service_id, mine)))


def is_for(event: Event, service_id: str, mine: Set[str]) -> bool:
    """Whether a service may see an event; `mine` are its attempts and bindings."""
    owner = event.data.get("service_id")
    if owner is not None:
        return bool(owner == service_id)
    own = event.subject == service_id and event.type.startswith("service.")
    return own or bool(things(event) & mine) or event.type in ("register.entered", "register.removed")


def things(event: Event) -> set[Any]:
    """Return the ids of all that an event is about."""
    return {event.subject, event.data.get("attempt_id"), event.data.get("binding_id"), event.data.get("about")}


def _grouped(events: Iterable[Event], key: Any) -> dict[str, list[Event]]:
    groups: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        name = key(event)
        if name is not None:
            groups[name].append(event)
    return groups


def moment(text: Any) -> int | None:
    """Return an instant that an event tells, in milliseconds; None if it tells none."""
    return instant(text) if isinstance(text, str) else None
