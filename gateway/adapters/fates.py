"""What the answers of a voice network make of an outgoing call, as tables.

A provisional answer may tell that the handset rings, or that the network goes on without it. The final answer tells the
fate by the SIP status and the Q.850 cause in its Reason header (RFC 3326). Where both are there, the cause says more:
gateways from SS7 write many causes as one status (RFC 3398, 7.2.4.1). But a handset that has rung has shown the
caller's number, whatever the network says after it.
"""

from dataclasses import replace
from typing import Final

from confirm.ports import CallFate
from smsc_emulator.frozen import frozen

CANCELLED, BLOCKED, NOBODY = CallFate.CANCELLED, CallFate.BLOCKED, CallFate.NOBODY
BUSY, REJECTED, NO_ANSWER, CONGESTED = CallFate.BUSY, CallFate.REJECTED, CallFate.NO_ANSWER, CallFate.CONGESTED

PLAIN: Final = {487: CANCELLED, 604: NOBODY, 607: BLOCKED, 608: BLOCKED}
"""Statuses that say it all, whatever the cause beside them."""

PAIRS: Final = {(408, 102): NO_ANSWER}
"""Pairs that mean another thing than the cause alone: 102 is what gateways make of a 408."""

CAUSES: Final = {
    1: NOBODY,  # unallocated number
    17: BUSY,  # user busy
    18: NO_ANSWER,  # no user responding
    19: NO_ANSWER,  # no answer from the user
    20: NO_ANSWER,  # subscriber absent
    21: REJECTED,  # call rejected
    22: NOBODY,  # number changed
    27: CONGESTED,  # destination out of order
    28: NOBODY,  # invalid number format
    31: NO_ANSWER,  # normal, unspecified
    34: CONGESTED,  # no circuit available
    38: CONGESTED,  # network out of order
    41: CONGESTED,  # temporary failure
    42: CONGESTED,  # switching equipment congestion
    47: CONGESTED,  # resource unavailable
    55: BLOCKED,  # incoming calls barred within the closed user group
    102: CONGESTED,  # recovery on timer expiry
    127: CONGESTED,  # interworking, unspecified
}
"""Q.850 causes that say more than the status beside them."""

STATUSES: Final = {
    403: REJECTED,
    404: NOBODY,
    408: NO_ANSWER,
    410: NOBODY,
    480: NO_ANSWER,
    484: NOBODY,
    486: BUSY,
    500: CONGESTED,
    502: CONGESTED,
    503: CONGESTED,
    504: CONGESTED,
    600: BUSY,
    603: REJECTED,
}
"""SIP statuses (RFC 3261, 21) without a cause that says more; any other is a failure."""

AFTER_RINGING: Final = {
    BLOCKED: REJECTED,
    NOBODY: NO_ANSWER,
    CONGESTED: NO_ANSWER,
    CallFate.FAILED: NO_ANSWER,
}
"""Fates that a call which has rung cannot have, and what they are then."""


@frozen
class Course:
    """What an outgoing call that is not over has shown so far."""

    rang: bool = False
    """The handset that was called has rung."""
    forwarded: bool = False
    """Another one is called in its place, and what rings from now on is not the handset."""
    diverted: bool = False
    """The network went on without having rung."""


def progress(course: Course, status: int, *, early_media: bool) -> tuple[Course, CallFate | None]:
    """Return the course after a provisional answer, and what is to be reported of it, if anything."""
    if course.rang:
        return course, None
    if status == 180 and not course.forwarded:
        return replace(course, rang=True), CallFate.RINGING
    forwarded = status == 181
    if course.diverted or not (forwarded or (status == 183 and early_media)):
        return replace(course, forwarded=course.forwarded or forwarded), None
    return replace(course, forwarded=forwarded, diverted=True), CallFate.DIVERTED


def final(course: Course, status: int, cause: int | None, *, answered: bool) -> CallFate:
    """Return the fate of a call that is over; `status` is the final response to its INVITE, `cause` its Q.850 cause."""
    if answered:
        return CallFate.ANSWERED
    by_cause = None if cause is None else PAIRS.get((status, cause)) or CAUSES.get(cause)
    fate = PLAIN.get(status) or by_cause or STATUSES.get(status, CallFate.FAILED)
    return AFTER_RINGING.get(fate, fate) if course.rang else fate
