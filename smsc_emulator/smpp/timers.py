"""The link's timers (7.2), time passed in: real monotonic seconds, 0 meaning that a timer is off.

The fourth one, the response timer, runs for each pending request: see `Session`.
"""

from enum import Enum, auto


class Timer(Enum):
    """What a timer asks for when it runs out."""

    SESSION_INIT = auto()
    """The peer has not bound in time: drop the link."""
    ENQUIRE_LINK = auto()
    """Nothing has come for a while: ask whether the peer is there."""
    INACTIVITY = auto()
    """Nothing but enquire_link has come for long: drop the link."""


class Timers:
    """The three timers of one session."""

    __slots__ = (
        "_enquire_link",
        "_inactivity",
        "_session_init",
        "_started_at",
        "active_at",
        "asked_at",
        "bound",
        "heard_at",
    )

    def __init__(self, *, session_init: float, enquire_link: float, inactivity: float, now: float) -> None:
        self._session_init = session_init
        self._enquire_link = enquire_link
        self._inactivity = inactivity
        self._started_at = now
        self.bound = False
        self.heard_at = now
        """When a PDU last came."""
        self.asked_at = now
        """When an enquire_link last went."""
        self.active_at = now
        """When an operation other than enquire_link was last seen."""

    def set(self, *, enquire_link: float, inactivity: float) -> None:
        """Change the timers of a bound session."""
        self._enquire_link, self._inactivity = enquire_link, inactivity

    def deadlines(self) -> list[tuple[float, Timer]]:
        """Return when each running timer runs out."""
        if not self.bound:
            return [(self._started_at + self._session_init, Timer.SESSION_INIT)] if self._session_init else []
        running = []
        if self._inactivity:
            running.append((self.active_at + self._inactivity, Timer.INACTIVITY))
        if self._enquire_link:
            running.append((max(self.heard_at, self.asked_at) + self._enquire_link, Timer.ENQUIRE_LINK))
        return running

    def due(self, now: float) -> Timer | None:
        """Return a timer that has run out at `now`, the gravest first."""
        for deadline, timer in self.deadlines():
            if deadline <= now:
                return timer
        return None
