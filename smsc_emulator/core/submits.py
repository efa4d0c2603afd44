"""The latest submit_sm of all ESMEs, as they came: for a test that asks what its ESME has sent."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.pdus import SubmitSm

KEPT = 1000
"""How many are remembered."""

Told = tuple[int, str, SubmitSm, int, str]
"""What is told of one: the lab's time, the account, the PDU, the status and the message_id of the answer."""


@frozen
class Submit:
    """A submit_sm that was answered."""

    number: int
    """Grows by one with each, from 1."""
    at: int
    """The lab's time."""
    account: str
    pdu: SubmitSm
    command_status: int
    """What it was answered with."""
    message_id: str
    """What its answer told; empty if it was refused."""

    @property
    def part(self) -> segments.Part:
        """Its text as the handset reads it, and its place if it is a segment of a long one."""
        return segments.read_part(self.pdu.short_message, self.pdu.esm_class, self.pdu.data_coding, self.pdu.tlvs)


class Submits:
    """The last `KEPT` of them; they hold texts in clear, and nothing but a route of the lab shows them."""

    def __init__(self) -> None:
        self._latest: deque[Told] = deque(maxlen=KEPT)
        self._count = 0
        self.waiting: set[Callable[[], None]] = set()
        """Called when one more is there."""

    def add(self, at: int, account: str, pdu: SubmitSm, command_status: int, message_id: str) -> None:
        """Remember one more."""
        self.add_all([(at, account, pdu, command_status, message_id)])

    def add_all(self, submits: Sequence[Told]) -> None:
        """Remember more."""
        self._count += len(submits)
        self._latest.extend(submits)
        for wake in self.waiting:
            wake()

    def since(self, after: int) -> list[Submit]:
        """Return those with a number above `after`, oldest first."""
        first = self._count - len(self._latest) + 1
        skipped = max(0, after + 1 - first)
        rest = islice(self._latest, skipped, None)
        return [Submit(number, *told) for number, told in enumerate(rest, first + skipped)]
