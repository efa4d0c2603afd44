"""The table of operations: which function carries out which request."""

from collections.abc import Callable
from typing import Any, Final

from smsc_emulator.core.operations.ancillary import cancel_sm, query_sm, replace_sm
from smsc_emulator.core.operations.broadcast import broadcast_sm, cancel_broadcast_sm, query_broadcast_sm
from smsc_emulator.core.operations.data import data_sm
from smsc_emulator.core.operations.multi import submit_multi
from smsc_emulator.smpp.pdus import (
    BroadcastSm,
    CancelBroadcastSm,
    CancelSm,
    DataSm,
    Pdu,
    QueryBroadcastSm,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
)

Operation = Callable[[Any, Any, Any, Any], None]
"""Takes the SMSC, the link, the account and the request."""

OPERATIONS: Final[dict[type[Pdu], Operation]] = {
    SubmitMulti: submit_multi,
    DataSm: data_sm,
    QuerySm: query_sm,
    CancelSm: cancel_sm,
    ReplaceSm: replace_sm,
    BroadcastSm: broadcast_sm,
    QueryBroadcastSm: query_broadcast_sm,
    CancelBroadcastSm: cancel_broadcast_sm,
}
