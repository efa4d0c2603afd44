"""The causes of Q.850 and the SIP status codes that stand for them (RFC 3398, 7.2.4.1 and 8.2.6.1).

Read by whoever answers a call with a cause, and by whoever has to tell the cause of a status without a Reason header.
"""

from smsc_emulator.frozen import frozen


@frozen
class Cause:
    """A Q.850 cause."""

    value: int
    text: str
    status: int
    """The SIP status code that a gateway sends for it."""


CAUSES = {
    cause.value: cause
    for cause in (
        Cause(1, "Unallocated number", 404),
        Cause(2, "No route to network", 404),
        Cause(3, "No route to destination", 404),
        Cause(16, "Normal call clearing", 487),
        Cause(17, "User busy", 486),
        Cause(18, "No user responding", 408),
        Cause(19, "No answer from the user", 480),
        Cause(20, "Subscriber absent", 480),
        Cause(21, "Call rejected", 403),
        Cause(22, "Number changed", 410),
        Cause(26, "Non-selected user clearing", 404),
        Cause(27, "Destination out of order", 502),
        Cause(28, "Invalid number format", 484),
        Cause(29, "Facility rejected", 501),
        Cause(31, "Normal unspecified", 480),
        Cause(34, "No circuit available", 503),
        Cause(38, "Network out of order", 503),
        Cause(41, "Temporary failure", 503),
        Cause(42, "Switching equipment congestion", 503),
        Cause(47, "Resource unavailable", 503),
        Cause(55, "Incoming calls barred", 403),
        Cause(57, "Bearer capability not authorized", 403),
        Cause(58, "Bearer capability not available", 503),
        Cause(65, "Bearer capability not implemented", 488),
        Cause(79, "Service or option not implemented", 501),
        Cause(87, "User not member of CUG", 403),
        Cause(88, "Incompatible destination", 503),
        Cause(102, "Recovery on timer expiry", 504),
        Cause(111, "Protocol error", 500),
        Cause(127, "Interworking", 500),
    )
}
"""What each cause is called and answered with."""

_CAUSE_OF = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127, 414: 127,
    415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17,
    487: 16, 488: 31, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21, 604: 1,
    606: 31,
}  # fmt: skip


def status_of(cause: int) -> int:
    """Return the status code for a cause; 480 for one that the table does not know, as for 31 (RFC 3398, 7.2.4.1)."""
    known = CAUSES.get(cause)
    return 480 if known is None else known.status


def cause_of(status: int) -> int | None:
    """Return the cause that a final response stands for if it tells none itself; None for one below 400."""
    return _CAUSE_OF.get(status, 31) if status >= 400 else None


def reason(cause: int) -> str:
    """Return the value of a Reason header (RFC 3326)."""
    known = CAUSES.get(cause)
    return f"Q.850;cause={cause}" + (f';text="{known.text}"' if known else "")
