"""All faults, one line each: add a class in a file of its own, then its line here."""

from typing import Annotated, Final, get_args

from pydantic import Field

from smsc_emulator.core.faults.bad_length import BadLength
from smsc_emulator.core.faults.drop import Drop
from smsc_emulator.core.faults.duplicate_answer import DuplicateAnswer
from smsc_emulator.core.faults.duplicate_receipt import DuplicateReceipt
from smsc_emulator.core.faults.early_receipt import EarlyReceipt
from smsc_emulator.core.faults.fault import Fault
from smsc_emulator.core.faults.filtered import Filtered
from smsc_emulator.core.faults.garbage import Garbage
from smsc_emulator.core.faults.half_open import HalfOpen
from smsc_emulator.core.faults.late_intermediate import LateIntermediate
from smsc_emulator.core.faults.late_receipt import LateReceipt
from smsc_emulator.core.faults.latency import Latency
from smsc_emulator.core.faults.lost_receipt import LostReceipt
from smsc_emulator.core.faults.one_octet_writes import OneOctetWrites
from smsc_emulator.core.faults.other_bind import OtherBind
from smsc_emulator.core.faults.receipt_storm import ReceiptStorm
from smsc_emulator.core.faults.reordered_receipts import ReorderedReceipts
from smsc_emulator.core.faults.silence import Silence
from smsc_emulator.core.faults.slow_writes import SlowWrites
from smsc_emulator.core.faults.status import StatusFault
from smsc_emulator.core.faults.truncated import Truncated
from smsc_emulator.core.faults.wrong_receipt_id import WrongReceiptId
from smsc_emulator.core.faults.wrong_response import WrongResponse
from smsc_emulator.core.faults.wrong_sequence import WrongSequence

# The answer.
_Faults = (
    StatusFault
    | Latency
    | Silence
    | WrongSequence
    | WrongResponse
    | DuplicateAnswer
    # The link.
    | Drop
    | HalfOpen
    | SlowWrites
    | OneOctetWrites
    | BadLength
    | Truncated
    | Garbage
    # The network.
    | Filtered
    # Receipts.
    | LostReceipt
    | DuplicateReceipt
    | ReceiptStorm
    | EarlyReceipt
    | LateReceipt
    | ReorderedReceipts
    | WrongReceiptId
    | OtherBind
    | LateIntermediate
)

AnyFault = Annotated[_Faults, Field(discriminator="fault")]
"""A rule as the configuration and the API have it: its `fault` tells which one it is."""

REGISTRY: Final[dict[str, type[Fault]]] = {
    get_args(cls.model_fields["fault"].annotation)[0]: cls for cls in get_args(_Faults)
}
"""The faults by name, in the order of the documentation."""
