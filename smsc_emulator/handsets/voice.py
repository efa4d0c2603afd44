"""What a handset does with a call to it: the one table of reactions, each with its SIP answers and its Q.850 cause.

A reaction has up to two answers: a provisional one at once, and a final one after a time of the lab clock. The causes
are those of ITU-T Q.850, joined to the SIP status as RFC 3398 joins them.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Final, Literal

from smsc_emulator.base.durations import SECOND
from smsc_emulator.frozen import frozen
from smsc_emulator.handsets.states import HandsetState

Spelling = Literal["keep", "plus", "digits", "00", "8", "national", "withheld"]
"""How transit spells a caller's number.

keep: as it came; plus: +70000000001; digits: 70000000001; 00: 0070000000001; 8: the trunk prefix, 80000000001;
national: 0000000001; withheld: not at all.
"""

NORMAL_CLEARING: Final = 16
"""The cause of a call that ends as its parties mean it to."""


class CallBehaviour(StrEnum):
    """What a handset does with a call."""

    RINGING = "ringing"
    BUSY = "busy"
    REJECTED = "rejected"
    REJECTED_AT_ONCE = "rejected_at_once"
    NO_ANSWER = "no_answer"
    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    ANNOUNCEMENT = "announcement"
    FORWARDED = "forwarded"
    OFF = "off"
    OUT_OF_COVERAGE = "out_of_coverage"
    BARRED = "barred"
    UNKNOWN = "unknown"
    PORTED_OUT = "ported_out"
    CONGESTED = "congested"


@frozen
class Reaction:
    """One line of the table."""

    meaning: str
    final: int
    """The SIP status that decides the call; 200 is an answer. Of a forwarded call the other handset decides."""
    cause: int | None = None
    """The Q.850 cause beside it."""
    first: int | None = None
    """The provisional SIP status that comes before."""
    early_media: bool = False
    """Whether something is to be heard with the provisional status (a session description is in it)."""
    after: int | None = 0
    """Lab time from the beginning to the final answer, in milliseconds; None: as long as a call may ring."""
    forwards: bool = False
    """Whether another number decides, if one is set."""


REACTIONS: Final[dict[CallBehaviour, Reaction]] = {
    CallBehaviour.RINGING: Reaction("rings and is not answered", 480, 19, 180, after=None),
    CallBehaviour.BUSY: Reaction("user busy", 486, 17),
    CallBehaviour.REJECTED: Reaction("rings, then the user declines", 603, 21, 180, after=5 * SECOND),
    CallBehaviour.REJECTED_AT_ONCE: Reaction("declined before it rings", 603, 21),
    CallBehaviour.NO_ANSWER: Reaction("no user responding: it never rings, and nothing is heard", 480, 18, after=None),
    CallBehaviour.ANSWERED: Reaction("rings, then the user answers", 200, None, 180, after=5 * SECOND),
    CallBehaviour.VOICEMAIL: Reaction(
        "the mailbox greets without ringing, then answers", 200, None, 183, True, 2 * SECOND
    ),
    CallBehaviour.ANNOUNCEMENT: Reaction("a voice says that he cannot be reached", 480, 20, 183, True, 10 * SECOND),
    CallBehaviour.FORWARDED: Reaction("forwarded to another number, which decides", 480, 25, 181, forwards=True),
    CallBehaviour.OFF: Reaction("subscriber absent: switched off", 480, 20),
    CallBehaviour.OUT_OF_COVERAGE: Reaction("subscriber absent: no answer to paging", 480, 20, after=4 * SECOND),
    CallBehaviour.BARRED: Reaction("incoming calls barred", 403, 55),
    CallBehaviour.UNKNOWN: Reaction("unallocated number", 404, 1),
    CallBehaviour.PORTED_OUT: Reaction("number changed", 410, 22),
    CallBehaviour.CONGESTED: Reaction("switching equipment congestion", 503, 42),
}
"""What becomes of a call by each behaviour."""

OF_STATE: Final[dict[HandsetState, CallBehaviour]] = {
    HandsetState.OFF: CallBehaviour.OFF,
    HandsetState.OUT_OF_COVERAGE: CallBehaviour.OUT_OF_COVERAGE,
    HandsetState.BARRED: CallBehaviour.BARRED,
    HandsetState.PORTED_OUT: CallBehaviour.PORTED_OUT,
    HandsetState.UNKNOWN: CallBehaviour.UNKNOWN,
}
"""The states in which a handset has no choice."""


@frozen
class Voice:
    """What a number does with calls to it, and how the callers are spelled in calls to it and from it."""

    behaviour: CallBehaviour = CallBehaviour.RINGING
    after: int | None = None
    """Lab time from the beginning to the final answer, in milliseconds; None: the reaction's own."""
    delay: int = 0
    """Lab time that the call needs to reach the handset at all: an operator's network may be slow."""
    forward_to: str | None = None
    """Where a forwarded call goes, in international form."""
    transit: Spelling | None = None
    """How its calls' numbers are spelled; None: as the switch spells all."""
    call_waiting: bool | None = None
    """Whether a second call rings too; if not, it finds the number busy. None: as with the switch."""

    def reaction(self, state: HandsetState) -> Reaction:
        """Return what becomes of a call now: the state decides, and where it leaves a choice the behaviour."""
        forced = OF_STATE.get(state)
        if forced is not None:
            return REACTIONS[forced]
        chosen = REACTIONS[self.behaviour]
        return chosen if self.after is None else replace(chosen, after=self.after)


HABIT: Final = Voice()
"""What a number does that nobody has said anything else of."""

OUTCOMES: Final[dict[int, str]] = {
    403: "barred",
    404: "nobody",
    408: "no_answer",
    410: "number_changed",
    480: "no_answer",
    484: "nobody",
    486: "busy",
    487: "cancelled",
    500: "congested",
    502: "congested",
    503: "congested",
    504: "congested",
    600: "busy",
    603: "rejected",
    604: "nobody",
    607: "blocked",
    608: "blocked",
}
"""What the final SIP status of a call that was not answered means, for its entry in the log."""

_ABSENT = 20


def outcome_of(status: int, cause: int | None) -> str:
    """Return in one word what became of a call that was not answered."""
    if status == 480 and cause == _ABSENT:
        return "unreachable"
    return OUTCOMES.get(status, "failed")
