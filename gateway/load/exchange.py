"""One session's submits and their answers as octets, without a socket and without a clock.

The frames are encoded before the run; only the sequence_number is put in. Of an answer only the header is read. This
is what makes one core of Python enough to keep an SMSC on another one busy.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from gateway.load.messages import Frame
from gateway.load.receipts import Receipts
from gateway.load.record import Record
from gateway.load.supply import Supply
from smsc_emulator.smpp import codec
from smsc_emulator.smpp.codec import HEADER
from smsc_emulator.smpp.config import MAX_LENGTH
from smsc_emulator.smpp.constants import CommandId, status_name
from smsc_emulator.smpp.errors import DecodeError, FramingError
from smsc_emulator.smpp.pdus import DataSm

UNANSWERED: Final = "no answer in time"
LINK_LOST: Final = "link lost before the answer"
NOT_SENT: Final = "not sent: the window was full to the end"
NO_SMPP: Final = "links with octets that are no SMPP"

_SUBMIT_RESP: Final = int(CommandId.SUBMIT_SM_RESP)
_DELIVER: Final = int(CommandId.DELIVER_SM)
_LAST_NUMBER: Final = 0x7FFFFFFF


class Exchange:
    """What goes out and comes in between bind and unbind. Instants are microseconds from the start.

    `over` is set when the session has ended by unbind, from either side.
    """

    def __init__(
        self, frames: Sequence[Frame], first: int, supply: Supply, record: Record, receipts: Receipts | None
    ) -> None:
        self._heads = [frame.head for frame in frames]
        self._tails = [frame.tail for frame in frames]
        self._at = first % len(frames)
        self.supply = supply
        self._record = record
        self._delays = record.others["sending"]
        self._receipts = receipts
        self._pending: dict[int, int] = {}
        self._number = 1
        self._marks: deque[tuple[int, int]] = deque()
        self._tail = b""
        self.over = False

    @property
    def open(self) -> int:
        """How many submits are unanswered."""
        return len(self._pending)

    def begin(self) -> None:
        """Start on a new link."""
        self._number = 1
        self._marks.clear()
        self._tail = b""
        self.over = False

    def send(self, now: int) -> bytes:
        """Return the submits that may go out now."""
        instants = self.supply.take(len(self._pending), now)
        if not instants:
            return b""
        number, at, size = self._number, self._at, len(self._heads)
        if number + len(instants) > _LAST_NUMBER:
            number = 1
        heads, tails, pending = self._heads, self._tails, self._pending
        octets: list[bytes] = []
        for instant in instants:
            octets += heads[at], number.to_bytes(4), tails[at]
            pending[number] = instant
            number += 1
            at = at + 1 if at + 1 < size else 0
        self._number, self._at = number, at
        self._record.sent += len(instants)
        self._record.active = max(self._record.active, now)
        if instants[0] == now:
            self._delays.add(0, len(instants))
        else:
            for instant in instants:
                self._delays.add(now - instant)
        return b"".join(octets)

    def receive(self, data: bytes, now: int) -> bytes:
        """Take what has come; return the answers to it.

        Raises FramingError for octets that are no SMPP.
        """
        if self._tail:
            data = self._tail + data
        at, end = 0, len(data)
        unpack, pending, receipts = HEADER.unpack_from, self._pending, self._receipts
        took: dict[int, int] = {}
        answers: list[bytes] = []
        record = self._record
        try:
            while end - at >= 16:
                length, command, status, number = unpack(data, at)
                after = at + length
                if not 16 <= length <= MAX_LENGTH:
                    record.notes[NO_SMPP] += 1
                    raise FramingError(length, MAX_LENGTH)
                if after > end:
                    break
                if command == _SUBMIT_RESP and not status:
                    since = pending.pop(number, None)
                    if since is None:
                        record.notes["answers to nothing, or too late"] += 1
                    else:
                        took[since] = took.get(since, 0) + 1
                        if receipts is not None:
                            receipts.expect(data[at + 16 : max(data.find(b"\0", at + 16, after), at + 16)], since)
                elif command == _DELIVER and receipts is not None:
                    receipts.take(data, at, after, now)
                    record.delivered_at = now
                    answers.append(HEADER.pack(17, CommandId.DELIVER_SM_RESP, 0, number) + b"\0")
                else:
                    answers.append(self._other(data[at:after], now))
                at = after
        finally:
            # What came before octets that are no SMPP has been answered all the same.
            for since, times in took.items():
                record.took(now, now - since, times)
        self._tail = data[at:]
        return b"".join(answers)

    def _other(self, frame: bytes, now: int) -> bytes:
        """Take anything but an accepted submit or a delivery, which may be slow; return the answer."""
        _, command, status, number = HEADER.unpack_from(frame)
        if command in (CommandId.SUBMIT_SM_RESP, CommandId.GENERIC_NACK):
            if self._pending.pop(number, None) is not None:
                self._record.went_wrong(now, status_name(status))
        elif command == CommandId.ENQUIRE_LINK:
            return HEADER.pack(16, CommandId.ENQUIRE_LINK_RESP, 0, number)
        elif command == CommandId.UNBIND_RESP:
            self.over = True
        elif command == CommandId.UNBIND:
            self.over = True
            return HEADER.pack(16, CommandId.UNBIND_RESP, 0, number)
        elif command == CommandId.DATA_SM:
            self._take_data(frame, now)
            return HEADER.pack(17, CommandId.DATA_SM_RESP, 0, number) + b"\0"
        elif command == CommandId.DELIVER_SM:
            self._record.notes["other deliveries"] += 1
            return HEADER.pack(17, CommandId.DELIVER_SM_RESP, 0, number) + b"\0"
        return b""

    def _take_data(self, frame: bytes, now: int) -> None:
        try:
            pdu = codec.decode(frame)
        except DecodeError:
            return
        if self._receipts is not None and isinstance(pdu, DataSm):
            self._receipts.read(pdu, now)
            self._record.delivered_at = now

    def give_up(self, now: int, patience: int) -> None:
        """Give up what has been unanswered for `patience`; to be called from time to time.

        Numbers grow with time, so one mark a call tells what is too old.
        """
        self._marks.append((now, self._number))
        while self._marks and self._marks[0][0] + patience <= now:
            _, limit = self._marks.popleft()
            late = [number for number in self._pending if number < limit]
            for number in late:
                del self._pending[number]
            if late:
                self._record.went_wrong(now, UNANSWERED, len(late))

    def lost(self, now: int) -> None:
        """Count what is unanswered on a link that is gone."""
        if self._pending:
            self._record.went_wrong(now, LINK_LOST, len(self._pending))
            self._pending.clear()

    def close(self, now: int) -> None:
        """Count what was not answered and not sent until the end."""
        if self._pending:
            self._record.went_wrong(now, UNANSWERED, len(self._pending))
            self._pending.clear()
        if unsent := self.supply.unsent():
            self._record.never_sent(now, NOT_SENT, unsent)
