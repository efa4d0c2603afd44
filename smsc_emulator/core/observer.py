"""Watches one link for the mistakes of its ESME; time is passed in, in real seconds."""

from array import array
from collections import deque
from collections.abc import Callable, MutableSequence
from typing import Final

from smsc_emulator.core.conduct import Conduct
from smsc_emulator.core.manners import mistakes
from smsc_emulator.smpp import events
from smsc_emulator.smpp.constants import CommandStatus, command_name
from smsc_emulator.smpp.pdus import DeliverSmResp, GenericNack, Pdu

NUMBERS: Final = 256
"""How many of the latest sequence numbers are remembered."""

RETRIES: Final = 3
"""How many times a throttled message may come again at once before that is a storm."""

AT_ONCE: Final = 1.0
"""Real seconds within which a message that was throttled should not come again."""

_THROTTLED: Final = frozenset({CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL})
_EARLY: Final = 20


class Observer:
    """The memory that the conduct of one link needs, bounded."""

    __slots__ = ("_conduct", "_early", "_first", "_given_up", "_lab_now", "_numbers", "_throttled", "_tries", "account")

    def __init__(self, conduct: Conduct, lab_now: Callable[[], int]) -> None:
        self._conduct = conduct
        self._lab_now = lab_now
        # A lab may have ten thousand links that are idle: what only a busy one needs is made when it is needed.
        self._early: list[tuple[str, str]] | None = None
        self._first = -1
        self._numbers: array[int] | None = None
        self._given_up: deque[int] | None = None
        self._throttled: dict[int, float] | None = None
        self._tries: dict[int, int] | None = None
        self.account = ""
        """The account that has bound; empty before that."""

    def bound(self, account: str) -> None:
        """Say whose link it is; what was seen before is his."""
        self.account = account
        early, self._early = self._early, None
        for kind, detail in early or ():
            self.note(kind, detail)

    def note(self, kind: str, detail: str) -> None:
        """Count a mistake; before the bind it is kept until it is known whose it is."""
        if self.account:
            self._conduct.note(self.account, kind, detail, self._lab_now())
            return
        if self._early is None:
            self._early = []
        if len(self._early) < _EARLY:
            self._early.append((kind, detail))

    def see(self, event: events.Event, unanswered: int) -> None:
        """Take what else the session tells; `unanswered` is how many messages wait for the ESME's answer."""
        if isinstance(event, events.ProtocolMistake):
            self._mistake(event)
        elif isinstance(event, events.RequestTimedOut):
            if self._given_up is None:
                self._given_up = deque(maxlen=NUMBERS)
            self._given_up.append(event.request.sequence_number)
            self.note("missing_response", _named(event.request))
        elif isinstance(event, events.PeerUnbound) and unanswered:
            self.note("unbind_without_waiting", f"{unanswered} unanswered")

    def refused(self, request: Pdu, status: int, now: float) -> None:
        """Take that the SMSC refused a request."""
        if status in _THROTTLED:
            if self._throttled is None or len(self._throttled) >= NUMBERS:
                self._throttled, self._tries = {}, {}
            self._throttled[_content(request)] = now

    def hung_up(self) -> None:
        """Take that the peer closed a bound session without unbind."""
        self.note("closed_without_unbind", "")

    def had_to_be_asked(self) -> None:
        """Take that the SMSC sent enquire_link, having heard nothing for its interval."""
        self.note("no_enquire_link", "")

    def request(self, pdu: Pdu, now: float) -> None:
        """Take a request of the peer."""
        number = pdu.sequence_number
        numbers = self._numbers or self._begin(number)
        if numbers[number % NUMBERS] == number:
            self.note("sequence_reuse", _named(pdu))
        else:
            numbers[number % NUMBERS] = number
        for kind, detail in mistakes(pdu):
            self.note(kind, detail)
        if self._throttled and self._tries is not None:
            self._retry(pdu, now, self._throttled, self._tries)

    def _retry(self, pdu: Pdu, now: float, throttled: dict[int, float], all_tries: dict[int, int]) -> None:
        content = _content(pdu)
        refused_at = throttled.pop(content, None)
        if refused_at is None or now - refused_at >= AT_ONCE:
            all_tries.pop(content, None)
            return
        tries = all_tries[content] = all_tries.get(content, 0) + 1
        if tries >= RETRIES:
            self.note("retry_storm", f"{_named(pdu)}, try {tries + 1} within a second of the one before")

    def _begin(self, number: int) -> MutableSequence[int]:
        """Return the latest numbers, each in its place. With the first request, mostly a bind, none is kept."""
        if self._first < 0:
            self._first = number
            return [-1] * NUMBERS
        self._numbers = array("q", [-1]) * NUMBERS
        self._numbers[self._first % NUMBERS] = self._first
        return self._numbers

    def response(self, request: Pdu, response: Pdu) -> None:
        """Take the peer's response to a request."""
        if type(response) is GenericNack:
            self.note("nacked", _named(request))
        elif type(response) is DeliverSmResp and response.message_id:
            self.note("response_message_id", f"{_named(request)}: {response.message_id}")

    def _mistake(self, mistake: events.ProtocolMistake) -> None:
        last = mistake.detail.rpartition(" ")[2]
        late = (
            mistake.kind is events.Mistake.UNEXPECTED_RESPONSE
            and last.isdigit()
            and int(last) in (self._given_up or ())
        )
        self.note("late_response" if late else mistake.kind.value, mistake.detail)


def _named(pdu: Pdu) -> str:
    return f"{command_name(pdu.command_id)} {pdu.sequence_number}"


def _content(pdu: Pdu) -> int:
    return hash((getattr(pdu, "destination_addr", ""), getattr(pdu, "short_message", b"")))
