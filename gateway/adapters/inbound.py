"""What users do: their calls to access numbers, their SMS to the short code, and the receipts for what was sent."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import structlog

from confirm.ports import InboundCall, InboundSms, ReceiptState, SmsReceipt, Trust
from gateway.adapters.intake import Intake
from smsc_emulator.base import msisdn
from smsc_emulator.base.database import Tx
from smsc_emulator.base.durations import HOUR
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.msisdn import DialPlan
from smsc_emulator.sip.calls import CallControl, Incoming, Invitation, Peer
from smsc_emulator.sip.causes import cause_of
from smsc_emulator.sip.fields import ANONYMOUS
from smsc_emulator.smpp import receipts, segments
from smsc_emulator.smpp.constants import CommandStatus, EsmClass, Tag, Ton
from smsc_emulator.smpp.pdus import DataSm, DeliverSm

UNALLOCATED: Final = (404, 1)
"""The SIP status and the Q.850 cause for a number that nobody has."""

CONGESTION: Final = (503, 42)
"""The same for a call that could not be put on record, or is to be tried at another node."""

OTHER_KINDS: Final = (
    EsmClass.DELIVERY_ACKNOWLEDGEMENT | EsmClass.USER_ACKNOWLEDGEMENT | EsmClass.INTERMEDIATE_NOTIFICATION
)
"""What is neither a final receipt nor a text of a user."""

PARTS_KEPT: Final = 24 * HOUR
"""Lab time after which parts of a long SMS whose rest never came are forgotten."""

log = structlog.get_logger(__name__)


def caller_of(invitation: Invitation, plan: DialPlan, *, trusted: bool) -> tuple[str | None, Trust]:
    """Return who calls, as far as he lets us know, and how sure that is.

    What a call shows in From anybody can write. P-Asserted-Identity counts from a `trusted` peer alone and is ignored
    from any other (RFC 3325, 5). A caller who is withheld stays so, although the network may tell who he is.
    """
    withheld = invitation.private or invitation.caller.lower() == ANONYMOUS
    shown = None if withheld else msisdn.from_dialled(invitation.caller, plan)
    asserted = msisdn.from_dialled(invitation.asserted, plan) if trusted and invitation.asserted else None
    if asserted is None:
        return shown, Trust.UNVERIFIED
    return shown, Trust.ASSERTED if shown in (None, asserted) else Trust.SPOOF_SUSPECTED


class InboundCalls:
    """Takes calls to the access numbers: each is put on record, then rejected, so that it costs nothing.

    All are rejected alike, whoever calls. Calls to any other number find nobody.
    """

    def __init__(
        self,
        control: CallControl,
        intake: Intake,
        report: Callable[[Tx, int, InboundCall], object],
        *,
        access_numbers: Collection[str],
        reject_with: int,
        plan: DialPlan,
        is_trusted: Callable[[Peer], bool],
        holds: Callable[[], bool] = lambda: True,
    ) -> None:
        self._control = control
        self._intake = intake
        self._report = report
        self._access_numbers = access_numbers
        self._rejection = reject_with, cause_of(reject_with)
        self._plan = plan
        self._is_trusted = is_trusted
        self._holds = holds

    def take(self, event: Incoming) -> None:
        """Take a call that has just come in; it is sent on to the node that holds the trunk."""
        if not self._holds():
            self._control.end(event.call, *CONGESTION)
            return
        number = msisdn.from_dialled(event.invitation.called, self._plan)
        if number is None or number not in self._access_numbers:
            self._control.end(event.call, *UNALLOCATED)
            return
        caller, trust = caller_of(event.invitation, self._plan, trusted=self._is_trusted(event.peer))
        call = InboundCall(event.call, caller, number, trust)

        def kept(task: asyncio.Task[object]) -> None:
            error = None if task.cancelled() else task.exception()
            if error is not None:
                log.error("a call could not be put on record", exc_info=error)
            self._control.end(call.call, *(CONGESTION if error else self._rejection))

        self._intake.take(lambda tx, now: self._report(tx, now, call)).add_done_callback(kept)


class Deliveries:
    """Takes what the SMSC delivers: receipts, and the texts of users. Each is kept before it is acknowledged."""

    def __init__(
        self,
        intake: Intake,
        journal: Journal,
        now: Callable[[], int],
        plan: DialPlan,
        *,
        on_sms: Callable[[Tx, int, InboundSms], object],
        on_receipt: Callable[[Tx, int, SmsReceipt], object],
    ) -> None:
        self._intake = intake
        self._journal = journal
        self._now = now
        self._plan = plan
        self._on_sms = on_sms
        self._on_receipt = on_receipt
        self._parts = segments.Reassembler()

    def take(self, pdu: DeliverSm | DataSm) -> int | Awaitable[int]:
        """Take a deliver_sm or data_sm; return the status to answer it with, or what becomes it."""
        if pdu.esm_class & EsmClass.DELIVERY_RECEIPT:
            return self._take_receipt(pdu)
        if pdu.esm_class & OTHER_KINDS:
            return CommandStatus.ESME_ROK
        text = self._text(pdu)
        if text is None:
            return CommandStatus.ESME_ROK
        sms = InboundSms(self._sender(pdu), self._short_code(pdu), text, Trust.ASSERTED, _message_id(pdu))
        return _acknowledged(self._intake.take(lambda tx, now: self._on_sms(tx, now, sms)))

    def _take_receipt(self, pdu: DeliverSm | DataSm) -> int | Awaitable[int]:
        part = segments.read_part(_short_message(pdu), pdu.esm_class, pdu.data_coding, pdu.tlvs)
        read = receipts.parse(part.data.decode("latin-1"), [(tlv.tag, tlv.value) for tlv in pdu.tlvs])
        subject = read.message_id or "unknown"
        self._journal.publish(self._now(), "confirmation.receipt", subject, stat=read.stat, err=read.err)
        stat = read.stat if read.message_state is None else receipts.STAT.get(read.message_state)
        if read.message_id is None or stat not in set(ReceiptState):
            return CommandStatus.ESME_ROK
        receipt = SmsReceipt(read.message_id, ReceiptState(stat), read.err or "")
        return _acknowledged(self._intake.take(lambda tx, now: self._on_receipt(tx, now, receipt)))

    def _text(self, pdu: DeliverSm | DataSm) -> str | None:
        """Return the text of a message, or None while parts of it have still to come."""
        part = segments.read_part(_short_message(pdu), pdu.esm_class, pdu.data_coding, pdu.tlvs)
        self._parts.forget(self._now() - PARTS_KEPT)
        return self._parts.add(pdu.source_addr, pdu.destination_addr, part, self._now()).text

    def _sender(self, pdu: DeliverSm | DataSm) -> str | None:
        if pdu.source_addr_ton == Ton.ALPHANUMERIC:
            return None
        international = pdu.source_addr_ton == Ton.INTERNATIONAL and not pdu.source_addr.startswith("+")
        return msisdn.from_dialled(f"{'+' if international else ''}{pdu.source_addr}", self._plan)

    def _short_code(self, pdu: DeliverSm | DataSm) -> str:
        return msisdn.from_dialled(pdu.destination_addr, self._plan) or pdu.destination_addr


def _short_message(pdu: DeliverSm | DataSm) -> bytes:
    return pdu.short_message if isinstance(pdu, DeliverSm) else b""


def _message_id(pdu: DeliverSm | DataSm) -> str | None:
    value = pdu.tlv(Tag.RECEIPTED_MESSAGE_ID)
    return None if value is None else value.split(b"\0", 1)[0].decode("latin-1")


async def _acknowledged(kept: Awaitable[object]) -> int:
    await kept
    return CommandStatus.ESME_ROK
