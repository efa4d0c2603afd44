"""Watches one link for the mistakes of its ESME; time is passed in, in real seconds."""

from collections import deque
from collections.abc import Callable
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

    __slots__ = ("_conduct", "_early", "_given_up", "_lab_now", "_numbers", "_throttled", "_tries", "account")

    def __init__(self, conduct: Conduct, lab_now: Callable[[], int]) -> None:
        self._conduct = conduct
        self._lab_now = lab_now
        self._early: list[tuple[str, str]] = []
        self._numbers: list[int] = []
        self._given_up: deque[int] = deque(maxlen=NUMBERS)
        self._throttled: dict[int, float] = {}
        self._tries: dict[int, int] = {}
        self.account = ""
        """The account that has bound; empty before that."""

    def bound(self, account: str) -> None:
        """Say whose link it is; what was seen before is his."""
        self.account = account
        early, self._early = self._early, []
        for kind, detail in early:
            self.note(kind, detail)

    def note(self, kind: str, detail: str) -> None:
        """Count a mistake; before the bind it is kept until it is known whose it is."""
        if self.account:
            self._conduct.note(self.account, kind, detail, self._lab_now())
        elif len(self._early) < _EARLY:
            self._early.append((kind, detail))

    def see(self, event: events.Event, now: float, unanswered: int) -> None:
        """Take what the session tells; `unanswered` is how many messages wait for the ESME's answer."""
        if isinstance(event, events.RequestReceived):
            self._request(event.pdu, now)
        elif isinstance(event, events.ResponseReceived):
            self._response(event.request, event.response)
        elif isinstance(event, events.ProtocolMistake):
            self._mistake(event)
        elif isinstance(event, events.RequestTimedOut):
            self._given_up.append(event.request.sequence_number)
            self.note("missing_response", _named(event.request))
        elif isinstance(event, events.PeerUnbound) and unanswered:
            self.note("unbind_without_waiting", f"{unanswered} unanswered")

    def refused(self, request: Pdu, status: int, now: float) -> None:
        """Take that the SMSC refused a request."""
        if status in _THROTTLED:
            if len(self._throttled) >= NUMBERS:
                self._throttled.clear()
                self._tries.clear()
            self._throttled[_content(request)] = now

    def hung_up(self) -> None:
        """Take that the peer closed a bound session without unbind."""
        self.note("closed_without_unbind", "")

    def had_to_be_asked(self) -> None:
        """Take that the SMSC sent enquire_link, having heard nothing for its interval."""
        self.note("no_enquire_link", "")

    def _request(self, pdu: Pdu, now: float) -> None:
        number = pdu.sequence_number
        numbers = self._numbers
        if not numbers:
            numbers.extend([-1] * NUMBERS)
        if numbers[number % NUMBERS] == number:
            self.note("sequence_reuse", _named(pdu))
        numbers[number % NUMBERS] = number
        for kind, detail in mistakes(pdu):
            self.note(kind, detail)
        if self._throttled:
            self._retry(pdu, now)

    def _retry(self, pdu: Pdu, now: float) -> None:
        content = _content(pdu)
        refused_at = self._throttled.pop(content, None)
        if refused_at is None or now - refused_at >= AT_ONCE:
            self._tries.pop(content, None)
            return
        tries = self._tries[content] = self._tries.get(content, 0) + 1
        if tries >= RETRIES:
            self.note("retry_storm", f"{_named(pdu)}, try {tries + 1} within a second of the one before")

    def _response(self, request: Pdu, response: Pdu) -> None:
        if type(response) is GenericNack:
            self.note("nacked", _named(request))
        elif type(response) is DeliverSmResp and response.message_id:
            self.note("response_message_id", f"{_named(request)}: {response.message_id}")

    def _mistake(self, mistake: events.ProtocolMistake) -> None:
        last = mistake.detail.rpartition(" ")[2]
        late = mistake.kind is events.Mistake.UNEXPECTED_RESPONSE and last.isdigit() and int(last) in self._given_up
        self.note("late_response" if late else mistake.kind.value, mistake.detail)


def _named(pdu: Pdu) -> str:
    return f"{command_name(pdu.command_id)} {pdu.sequence_number}"


def _content(pdu: Pdu) -> int:
    return hash((getattr(pdu, "destination_addr", ""), getattr(pdu, "short_message", b"")))
