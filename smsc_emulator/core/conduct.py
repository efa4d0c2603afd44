"""What each ESME does wrong: every kind of mistake in one table, and how often each account made it.

Memory is bounded: an account has one count and a few examples for each kind.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

EXAMPLES: Final = 5
"""How many of the latest mistakes of a kind are kept with their details."""


class Severity(StrEnum):
    """How much a mistake matters."""

    ERROR = "error"
    """Against the standard: an operator may refuse it or lose the message."""
    WARNING = "warning"
    """Works with some operators and not with others."""
    INFO = "info"
    """Allowed, and still worth a look."""


class Kind(NamedTuple):
    """A kind of mistake: its clause in SMPP 3.4, how much it matters, and what it is in a sentence."""

    clause: str
    severity: Severity
    sentence: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

KINDS: Final[dict[str, Kind]] = {
    # The session.
    "framing": Kind("3.2.1", _E, "A command_length cannot be: below 16, or beyond all limits."),
    "malformed": Kind("3.2", _E, "The body of a PDU cannot be read."),
    "unknown_command": Kind("5.1.2.1", _E, "A request has a command_id that the session's SMPP does not have."),
    "not_supported": Kind("3.3", _I, "A request is of an operation that this SMSC does not serve."),
    "wrong_state": Kind("2.2", _E, "A request does not belong to the state of the session, or to the ESME's side."),
    "crossed_close": Kind("4.2", _I, "A request crossed the SMSC's unbind."),
    "already_bound": Kind("2.2", _E, "A bind came on a session that is bound."),
    "window_overrun": Kind("2.5.2", _E, "More requests wait for their answers than the window allows."),
    "status_in_request": Kind("3.2.1", _W, "A request's command_status is not 0."),
    "sequence_number": Kind("5.1.4", _E, "A sequence_number is outside 1 to 0x7FFFFFFF."),
    "sequence_reuse": Kind("3.2.1", _E, "A sequence_number was used again soon after its first use."),
    "unexpected_response": Kind("3.2.1", _E, "A response answers nothing that was asked."),
    "late_response": Kind("7.2", _E, "A response came after the SMSC had given it up, and sends the message again."),
    "mismatched_response": Kind("3.2.1", _E, "A response is of another kind than the request with its number."),
    "missing_response": Kind("4.6.2", _E, "A deliver_sm or data_sm of the SMSC was not answered in time."),
    "nacked": Kind("4.3", _W, "A request of the SMSC that SMPP knows was answered with generic_nack."),
    "response_message_id": Kind(
        "4.6.2", _I, "A deliver_sm_resp has a message_id, which is unused and should be empty."
    ),
    "enquire_link_unanswered": Kind("4.11", _E, "An enquire_link was not answered, though the peer was alive."),
    "no_enquire_link": Kind("7.2", _W, "Nothing came for so long that the SMSC had to ask whether the ESME is there."),
    "closed_without_unbind": Kind("4.2", _W, "The connection was closed without unbind."),
    "unbind_without_waiting": Kind("4.2", _W, "An unbind came while messages of the SMSC waited for their answers."),
    "retry_storm": Kind("5.1.3", _E, "A throttled message came again at once, time after time."),
    # Binds.
    "long_password": Kind("5.2.2", _W, "A password has more than 8 characters, which SMPP does not allow."),
    # Addresses.
    "alphanumeric_ton": Kind("5.2.5", _E, "A source address that is a name has the TON of a number; it should be 5."),
    "digits_as_name": Kind("5.2.5", _W, "A source address of digits alone has TON 5, alphanumeric."),
    "alphanumeric_npi": Kind("5.2.6", _W, "A source address with TON 5 has an NPI; names belong to no numbering plan."),
    "plus_in_address": Kind("5.2.8", _E, "An address has a plus; TON 1 says that already."),
    "prefix_in_international": Kind("5.2.5", _W, "An address with TON 1, international, begins with the prefix 00."),
    "destination_name": Kind("5.2.9", _E, "A destination address is not a number."),
    # Texts.
    "udhi_without_udh": Kind("5.2.12", _E, "UDHI is set on a text that does not begin with a user data header."),
    "udh_without_udhi": Kind("5.2.12", _E, "A text begins with a header of a long message, but UDHI is not set."),
    "udhi_with_sar": Kind("5.2.12", _E, "A long message is marked twice, by UDHI and by sar TLVs."),
    "ucs2_as_default": Kind("5.2.19", _E, "A text that looks like UCS-2 has data_coding 0, the default alphabet."),
    "odd_ucs2": Kind("5.2.19", _E, "A UCS-2 text has an odd number of octets."),
    "cut_escape": Kind(
        "5.2.19", _W, "A text in the default alphabet ends with the escape of a character of two septets."
    ),
    # Other fields.
    "receipt_from_esme": Kind("5.2.12", _E, "An ESME sent esm_class of a delivery receipt."),
    "reserved_receipt": Kind("5.2.17", _W, "registered_delivery asks for 11, which SMPP 3.4 reserves."),
    "priority": Kind("5.2.14", _W, "priority_flag is above 3."),
    "replace_flag": Kind("5.2.18", _W, "replace_if_present_flag is neither 0 nor 1."),
}
"""Every kind of mistake by name. Those that the session itself sees have the names of `smpp.events.Mistake`."""


class Example(NamedTuple):
    """One mistake: when, by the lab clock, and in which PDU or with which value."""

    at: int
    detail: str


@dataclass(slots=True)
class Tally:
    """The mistakes of one kind."""

    count: int = 0
    first_at: int = 0
    examples: deque[Example] = field(default_factory=lambda: deque(maxlen=EXAMPLES))


class Conduct:
    """The mistakes of all accounts."""

    def __init__(self, accounts: Iterable[str]) -> None:
        self._tallies: dict[str, dict[str, Tally]] = {account: {} for account in accounts}

    def note(self, account: str, kind: str, detail: str, at: int) -> None:
        """Count a mistake of a known account."""
        tallies = self._tallies.get(account)
        if tallies is None:
            return
        tally = tallies.get(kind)
        if tally is None:
            tally = tallies[kind] = Tally(first_at=at)
        tally.count += 1
        tally.examples.append(Example(at, detail[:200]))

    def of(self, account: str) -> dict[str, Tally]:
        """Return the kinds of mistakes that an account made, in the table's order; KeyError for no account."""
        tallies = self._tallies[account]
        return {kind: tallies[kind] for kind in KINDS if kind in tallies}

    def errors(self, account: str) -> int:
        """Return how many mistakes of an account are errors."""
        return sum(tally.count for kind, tally in self.of(account).items() if KINDS[kind].severity is Severity.ERROR)

    def reset(self, account: str) -> None:
        """Forget the mistakes of an account; KeyError for no account."""
        self._tallies[account].clear()
