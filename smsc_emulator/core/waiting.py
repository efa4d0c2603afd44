"""The messages whose life is not over, found by id, by number and by what is due, and the last ones whose life is.

All waits stand in one heap. A message that is due at another instant gets another entry; the old one is passed over
when its turn comes, or thrown out when such entries prevail.
"""

import heapq
from collections import deque
from collections.abc import Iterator

from smsc_emulator.base import msisdn
from smsc_emulator.core.message import Address, Message

HISTORY = 10_000
"""How many messages are remembered after their end, for query_sm; the oldest are forgotten first."""

_SLACK = 1_000


class Waiting:
    """Pending messages with their instants, and the history."""

    def __init__(self) -> None:
        self._pending: dict[int, Message] = {}
        self._by_message_id: dict[str, Message | tuple[Message, ...]] = {}
        """One with an id of its own stands for itself: nearly all are such."""
        self._by_number: dict[str, dict[int, Message]] = {}
        self._heap: list[tuple[int, int, Message]] = []
        self._history: deque[Message] = deque()

    def __len__(self) -> int:
        """Return how many messages are pending."""
        return len(self._pending)

    def __iter__(self) -> Iterator[Message]:
        """Go through the pending messages."""
        return iter(list(self._pending.values()))

    def add(self, message: Message) -> None:
        """Let `message` wait until its `due_at`; one that waits already waits until its new one."""
        if message.id not in self._pending:
            self._pending[message.id] = message
            self._remember(message)
            self._by_number.setdefault(subscriber(message), {})[message.id] = message
        if message.due_at is not None:
            heapq.heappush(self._heap, (message.due_at, message.id, message))
            if len(self._heap) > 2 * len(self._pending) + _SLACK:
                self._heap = [entry for entry in self._heap if self._holds(entry)]
                heapq.heapify(self._heap)

    def end(self, message: Message) -> None:
        """Move `message`, which may not have waited at all, to the history."""
        if self._pending.pop(message.id, None) is not None:
            self._leave(message)
            self._age(message)
        else:
            self.remember(message)

    def remember(self, message: Message) -> None:
        """Take a message that has never waited into the history."""
        self._remember(message)
        self._age(message)

    def forget(self, message: Message) -> None:
        """Drop a message that could not be stored."""
        if self._pending.pop(message.id, None) is not None:
            self._leave(message)
        self._lose(message)
        message.due_at = None

    def get(self, message_id: str) -> tuple[Message, ...]:
        """Return the messages with this id, pending or remembered: one, or as many as submit_multi had destinations."""
        known = self._by_message_id.get(message_id, ())
        return known if isinstance(known, tuple) else (known,)

    def of(self, number: str) -> list[Message]:
        """Return what is pending for (or, from a handset, of) a subscriber, oldest first."""
        return [message for _, message in sorted(self._by_number.get(number, {}).items())]

    def next_due(self) -> int | None:
        """Return the earliest instant of all, or None."""
        while self._heap and not self._holds(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: int, limit: int) -> list[Message]:
        """Return up to `limit` messages that are due, by instant, then by age; each must be added anew or ended."""
        due: list[Message] = []
        while len(due) < limit and self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            if self._holds(entry):
                entry[2].due_at = None
                due.append(entry[2])
        return due

    def _remember(self, message: Message) -> None:
        if self._by_message_id.setdefault(message.message_id, message) is not message:
            self._by_message_id[message.message_id] = (*self.get(message.message_id), message)

    def _age(self, message: Message) -> None:
        self._history.append(message)
        if len(self._history) > HISTORY:
            self._lose(self._history.popleft())

    def _lose(self, message: Message) -> None:
        if self._by_message_id.get(message.message_id) is message:
            del self._by_message_id[message.message_id]
            return
        others = tuple(each for each in self.get(message.message_id) if each is not message)
        if others:
            self._by_message_id[message.message_id] = others
        else:
            self._by_message_id.pop(message.message_id, None)

    def _leave(self, message: Message) -> None:
        number = subscriber(message)
        siblings = self._by_number[number]
        del siblings[message.id]
        if not siblings:
            del self._by_number[number]

    def _holds(self, entry: tuple[int, int, Message]) -> bool:
        due_at, _, message = entry
        return message.due_at == due_at and message.id in self._pending


def subscriber(message: Message) -> str:
    """Return the number whose handset the message waits for: the destination, or the handset that sends it."""
    return msisdn.from_address(message.pdu.destination_addr if message.account else message.pdu.source_addr)


def matches(message: Message, source: Address, destination: Address, service_type: str | None) -> bool:
    """Whether a message goes from `source` to `destination`, within `service_type` unless that is None."""
    return (
        message.source == source
        and message.destination == destination
        and service_type in (None, message.pdu.service_type)
    )
