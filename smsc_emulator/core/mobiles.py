"""What handsets do: send, read, answer and throw away, at once or at an instant of the lab clock."""

import heapq
from collections.abc import Callable
from itertools import count

from smsc_emulator.base.clock import Clock
from smsc_emulator.core.commits import Commits
from smsc_emulator.core.life import Life
from smsc_emulator.core.message import Message
from smsc_emulator.core.mobile import short_messages
from smsc_emulator.handsets.handset import Changed, Handset, InboxMessage
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.smpp.constants import MessageState


class Mobiles:
    """The handsets' side of the SMSC. It is also the deadlines of texts that are to be thrown away."""

    gives_up = False

    def __init__(
        self, handsets: Handsets, clock: Clock, commits: Commits, life: Life, wake: Callable[[], None]
    ) -> None:
        self._handsets = handsets
        self._clock = clock
        self._commits = commits
        self._life = life
        self._wake = wake
        self._references = count(1)
        self._deletions: list[tuple[int, str, int]] = []

    def originate(self, number: str, to: str, text: str, at: int | None = None) -> list[Message]:
        """Send an SMS from a handset, in segments if it is long, now or at a later instant; return its messages.

        It is part of the present turn. Raises ValueError for a text of more than 255 segments. A handset that is off
        sends when it is on again.
        """
        now = self._clock.now()
        messages = []
        for pdu in short_messages(number, to, text, next(self._references)):
            serial = next(self._life.ids)
            message = Message(serial, str(serial), "", now, pdu)
            if at is not None and at > now:
                message.state, message.due_at = MessageState.SCHEDULED, at
            self._life.begin(message)
            messages.append(message)
        return messages

    def read(self, handset: Handset, text: InboxMessage) -> None:
        """Let a handset's script act on a text that has come."""
        script = handset.script
        if script is None:
            return
        at = text.received_at + script.after
        answer = script.answer(text.text)
        if answer is not None:
            self.originate(handset.number, script.to or text.sender, answer, at)
        if script.delete:
            self.delete_later(handset, text)

    def change(self, handset: Handset, changed: Changed) -> None:
        """Change what a handset is like, in the present turn; what waits for it is tried at once."""
        changed.apply(handset)
        self._commits.turn().changes.handsets.append(handset)
        self._life.alert(handset.number)

    def delete(self, handset: Handset, message_id: int) -> bool:
        """Throw a text away; its place is free for what waits. False if the handset has no such text."""
        if handset.delete(message_id) is None:
            return False
        self._commits.turn().changes.deleted.append(message_id)
        if handset.memory is not None:
            self._life.alert(handset.number)
        return True

    def delete_later(self, handset: Handset, text: InboxMessage) -> None:
        """Throw a text away when its handset's script says."""
        if handset.script is not None and handset.script.delete:
            heapq.heappush(self._deletions, (text.received_at + handset.script.after, handset.number, text.id))
            self._wake()

    async def next_due(self) -> int | None:
        """Return the instant of the earliest deletion, or None."""
        return self._deletions[0][0] if self._deletions else None

    async def fire(self, now: int) -> None:
        """Throw away what is due."""
        while self._deletions and self._deletions[0][0] <= now:
            _, number, message_id = heapq.heappop(self._deletions)
            handset = self._handsets.get(number)
            if handset is not None:
                self.delete(handset, message_id)
        await self._commits.turn_over()
