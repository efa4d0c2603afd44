"""What a rule looks at: one PDU of one account."""

from functools import cached_property
from typing import Any

from smsc_emulator.frozen import frozen
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.pdus import Pdu


@frozen(slots=False)
class Sight:
    """A request on a link, or the message that a receipt reports. Without a PDU only its command is known."""

    account: str
    """The system_id; of a bind, the one it asks for; empty before that."""
    command: str
    """The name of the operation, such as submit_sm."""
    pdu: Pdu | None = None

    @cached_property
    def source(self) -> str:
        """The source address without the plus of a number."""
        return str(self.field("source_addr", "")).removeprefix("+")

    @cached_property
    def destination(self) -> str:
        """The destination address without the plus of a number; of submit_multi, the first one."""
        address = self.field("destination_addr", None)
        if address is None:
            first = next(iter(self.field("dest_address", ())), None)
            address = getattr(first, "destination_addr", "")
        return str(address).removeprefix("+")

    @cached_property
    def text(self) -> str:
        """The text of the message, or of this part of it."""
        return "" if self._part is None else segments.join([self._part])

    @cached_property
    def part(self) -> int:
        """The number of this part of a long message; 1 for one that is whole, 0 for what is no message."""
        if self._part is None:
            return 0
        place = self._part.concatenation
        return 1 if place is None else place.sequence

    def field(self, name: str, default: Any) -> Any:
        """Return a field of the PDU, or `default` if it has none by that name."""
        return getattr(self.pdu, name, default)

    @cached_property
    def _part(self) -> segments.Part | None:
        pdu = self.pdu
        if pdu is None or not hasattr(pdu, "esm_class"):
            return None
        content = self.field("short_message", b"")
        return segments.read_part(content, self.field("esm_class", 0), self.field("data_coding", 0), pdu.tlvs)
