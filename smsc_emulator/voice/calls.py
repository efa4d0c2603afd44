"""Calls as the switch knows them: their entries in the logs, their parties, and what each turn leads to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from smsc_emulator.base.durations import HOUR
from smsc_emulator.frozen import frozen
from smsc_emulator.sip.calls import CallControl, Invitation
from smsc_emulator.voice.agenda import Alarm
from smsc_emulator.voice.firewall import Sighting

KEPT = 1_000
"""How many calls the log of a number keeps; the oldest go first."""


LONGEST_CALL_ID = 64
"""How many characters of a Call-ID are told to the journal."""

LONGEST_USER = 128
"""How many characters of a caller or a called user that is no number are kept in a log."""

MOST_OWED = 10_000
"""How many events are kept for a store that fails; the oldest go first."""

LONGEST_CALL = 12 * HOUR
"""Lab time after which the switch hangs up for parties that may be gone for good: SIP does not tell (RFC 4028, 1)."""

BETWEEN_SWITCHES = frozenset({401, 407, 420, 421})
"""What a peer demands of the switch itself. Its caller is told of a temporary failure instead: he can neither prove who
the switch is, nor follow where it is sent, so with any 3xx as well."""

Direction = Literal["in", "out"]


class CallState(StrEnum):
    """How far a call has come."""

    CALLING = "calling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Entry:
    """A call in the log of one number. All instants are lab time in milliseconds."""

    id: int
    number: str
    """Whose log it is in."""
    direction: Direction
    shown: str | None
    """The caller as the called handset shows it, or of a call that goes out, as it is to be shown; None if withheld."""
    to: str
    """The number that was called."""
    started_at: int
    state: CallState = CallState.CALLING
    rang_at: int | None = None
    """When it rang; None if it did not, so that nobody saw who called."""
    answered_at: int | None = None
    ended_at: int | None = None
    outcome: str | None = None
    status: int | None = None
    """The final SIP status."""
    cause: int | None = None
    """The Q.850 cause."""


@dataclass(slots=True, eq=False)
class Party:
    """One end of a call."""

    leg: str | None = None
    """The name of its SIP call; None: a virtual handset, which is part of the switch."""
    entry: Entry | None = None
    """The call in its log, if its number is one of the lab's."""


@dataclass(slots=True, eq=False)
class Through:
    """A call through the switch."""

    caller: Party
    invitation: Invitation
    """What is known of it; `called` is the number in international form where it is one."""
    call_id: str = ""
    """The Call-ID of the caller's leg; empty where a virtual handset calls."""
    callee: Party | None = None
    """None while it is not routed, or if the firewall took it."""
    state: CallState = CallState.CALLING
    forwards: int = 0
    """How often it was forwarded."""
    plan: list[Alarm] = field(default_factory=list)
    """What will become of it as long as it is not answered."""
    hang_up: Alarm | None = None
    """When one of its parties hangs up by itself."""
    sighting: Sighting | None = None
    """What the firewall remembers of it."""

    @property
    def parties(self) -> list[Party]:
        """Those who take part, the caller first."""
        return [party for party in (self.caller, self.callee) if party is not None]


@frozen
class Act:
    """Something to do with a SIP call, when what led to it is stored."""

    leg: str
    do: Callable[[CallControl], None]
    awaits: bool = False
    """Whether the other side has to answer it before anything else can happen."""


@dataclass(slots=True)
class Turn:
    """What has changed since the last turn was stored."""

    begun: list[Entry] = field(default_factory=list)
    changed: dict[int, Entry] = field(default_factory=dict)
    """Entries by their ids, those of `begun` left out."""
    events: list[tuple[int, str, str, dict[str, Any]]] = field(default_factory=list)
    """Events for the journal: instant, type, subject, data."""
    acts: list[Act] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.begun or self.changed or self.events or self.acts)

    def add(self, lost: "Turn") -> None:
        """Add what could not be stored of another turn, save the calls that began in it: they are not to be."""
        never = {str(entry.id) for entry in lost.begun}
        self.changed |= lost.changed
        self.events += [event for event in lost.events if event[3].get("call_id") not in never]
        del self.events[:-MOST_OWED]

    def begin(self, entry: Entry, call_id: str) -> None:
        """Put a new call into a log; its Call-ID, if it has one, joins it to the other end's."""
        self.begun.append(entry)
        told = {"sip_call_id": call_id[:LONGEST_CALL_ID]} if call_id else {}
        self.record(entry.started_at, "call.started", entry, **told)

    def change(self, at: int, event: str, entry: Entry, **data: Any) -> None:
        """Store what has become of a call in a log."""
        if entry not in self.begun:
            self.changed[entry.id] = entry
        self.record(at, event, entry, **data)

    def record(self, at: int, event: str, entry: Entry, **data: Any) -> None:
        """Tell the journal; who calls is not told, since the end of that number may be a code."""
        told = {"call_id": str(entry.id), "direction": entry.direction, **data}
        self.events.append((at, event, entry.number, told))
