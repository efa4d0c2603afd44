"""Which receipts are still to come. Ids are matched as they are, and by the other ways operators write one number."""

from collections.abc import Iterator
from typing import Final

from gateway.load.record import Record
from smsc_emulator.smpp import codec, receipts, text
from smsc_emulator.smpp.errors import DecodeError
from smsc_emulator.smpp.pdus import DataSm, DeliverSm, Pdu

MISSING: Final = "receipt missing"
UNKNOWN: Final = "receipts with unknown or repeated ids"
SAME_ID: Final = "answers with the message_id of another message, or with none"
MOST: Final = 1_000_000
"""How many receipts are waited for at once; beyond that the oldest count as missing, so that memory is bounded."""
REMEMBERED: Final = 100_000
"""Of how many receipts at least the ids are known, so that a repeated one is not taken for another message's."""
MOST_DIGITS: Final = 64
"""What is longer is no number: SMPP 3.4 has ids of up to 64 characters (5.2.23)."""

_TYPE: Final = 0x3C
_RECEIPT: Final = 0x04
_INTERMEDIATE: Final = 0x20


class Receipts:
    """The receipts of one run, which may come over any of its sessions. Instants are microseconds from the start."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._latencies = record.others["receipt"]
        self._expected: dict[bytes, int] = {}
        self._early: dict[bytes, int] = {}
        self._came: set[bytes] = set()
        self._came_before: set[bytes] = set()

    @property
    def expected(self) -> int:
        """How many are still to come."""
        return len(self._expected)

    def expect(self, message_id: bytes, since: int) -> None:
        """Wait for the receipt of a message that was meant to go out at `since`; it may have come already."""
        if self._early:
            for spelled in _spellings(message_id):
                came = self._early.pop(spelled, None)
                if came is not None:
                    self._arrived(spelled, came - since)
                    return
        if message_id in self._expected:
            # One receipt cannot tell of both, so that of the former is as good as missing.
            del self._expected[message_id]
            self._record.notes[SAME_ID] += 1
            self._record.went_wrong(self._record.elapsed, MISSING)
        self._expected[message_id] = since
        if len(self._expected) > MOST:
            self._expected.pop(next(iter(self._expected)))
            self._record.went_wrong(self._record.elapsed, MISSING)

    def take(self, frame: bytes, at: int, end: int, now: int) -> None:
        """Read the deliver_sm that stands from `at` to `end`, whatever it is."""
        # Straight to the id where a receipt is as usual; what is not goes through the codec.
        try:
            place = frame.index(0, at + 16) + 3
            place = frame.index(0, place) + 3
            place = frame.index(0, place) + 1
            esm_class = frame[place] & _TYPE
        except (ValueError, IndexError):
            self._read(frame[at:end], now)
            return
        begin = frame.find(b"id:", place, end)
        if esm_class != _RECEIPT or begin < 0:
            self._read(frame[at:end], now)
            return
        message_id = frame[begin + 3 : frame.find(b" ", begin, end)]
        since = self._expected.pop(message_id, None)
        if since is None:
            self._read(frame[at:end], now)
            return
        self._arrived(message_id, now - since)
        stat = frame.find(b"stat:", begin, end)
        if stat >= 0 and frame[stat + 5 : stat + 12] != b"DELIVRD":
            self._note(frame[stat + 5 : stat + 12].decode("latin-1"))

    def _read(self, frame: bytes, now: int) -> None:
        try:
            self.read(codec.decode(frame), now)
        except DecodeError:
            self._record.notes["deliver_sm that cannot be read"] += 1

    def read(self, pdu: Pdu, now: int) -> None:
        """Take a deliver_sm or data_sm that the codec has read."""
        if not isinstance(pdu, DeliverSm | DataSm):
            return
        kind = pdu.esm_class & _TYPE
        if kind != _RECEIPT:
            self._record.notes["intermediate notifications" if kind == _INTERMEDIATE else "other deliveries"] += 1
            return
        octets = pdu.short_message if isinstance(pdu, DeliverSm) else b""
        receipt = receipts.parse(text.decode(octets, pdu.data_coding), pdu.tlvs)
        message_id = (receipt.message_id or "").encode("latin-1", "replace")
        if message_id in self._came or message_id in self._came_before:
            spellings: Iterator[bytes] = iter((message_id,))
        else:
            spellings = _spellings(message_id)
        for spelled in spellings:
            since = self._expected.pop(spelled, None)
            if since is not None:
                self._arrived(message_id, now - since)
                if receipt.stat not in (None, "DELIVRD"):
                    self._note(str(receipt.stat))
                return
        self._unknown(message_id, now)

    def _arrived(self, message_id: bytes, latency: int) -> None:
        self._latencies.add(latency)
        self._came.add(message_id)
        if len(self._came) >= REMEMBERED:
            self._came_before, self._came = self._came, set()

    def _unknown(self, message_id: bytes, now: int) -> None:
        """Keep what may be the receipt of an answer that is still to come; count what is a repetition."""
        if message_id in self._early or message_id in self._came or message_id in self._came_before:
            self._record.notes[UNKNOWN] += 1
            return
        self._early[message_id] = now
        if len(self._early) > MOST:
            self._early.pop(next(iter(self._early)))
            self._record.notes[UNKNOWN] += 1

    def _note(self, stat: str) -> None:
        self._record.noted(f"receipts that tell {stat.strip()}")

    def close(self, now: int) -> None:
        """Count what has not come, and what came for nothing."""
        if self._expected:
            self._record.went_wrong(now, MISSING, len(self._expected))
        if self._early:
            self._record.notes[UNKNOWN] += len(self._early)
        self._expected.clear()
        self._early.clear()


def _spellings(message_id: bytes) -> Iterator[bytes]:
    """Yield an id, then the same number in hexadecimal or decimal, with and without leading zeros."""
    yield message_id
    digits = message_id.decode("latin-1")
    if len(digits) > MOST_DIGITS:
        return
    if digits.isascii() and digits.isdigit():
        number = int(digits)
        for form in ("{:d}", "{:x}", "{:X}", "{:08x}", "{:08X}", "{:010d}"):
            yield form.format(number).encode()
    try:
        number = int(digits, 16)
    except ValueError:
        return
    yield str(number).encode()
    yield f"{number:010d}".encode()
