"""broadcast_sm, query_broadcast_sm and cancel_broadcast_sm of SMPP 5.0.

A broadcast is found by its message_id, or by the ESME's user_message_reference, and by its source address.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from smsc_emulator.base.durations import DAY, HOUR, MINUTE, SECOND
from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.broadcasts import Broadcast
from smsc_emulator.core.life import RefusedError
from smsc_emulator.core.message import Address
from smsc_emulator.smpp import times
from smsc_emulator.smpp.constants import MAX_SM_LENGTH, CommandStatus, MessageState, Tag
from smsc_emulator.smpp.pdus import (
    BroadcastSm,
    BroadcastSmResp,
    CancelBroadcastSm,
    CancelBroadcastSmResp,
    QueryBroadcastSm,
    QueryBroadcastSmResp,
    SubmitSm,
    Tlv,
)

if TYPE_CHECKING:
    from smsc_emulator.core.smsc import Smsc

INTERVALS: Final[dict[int, int]] = {
    0x00: SECOND,  # as often as possible
    0x08: SECOND,
    0x09: MINUTE,
    0x0A: HOUR,
    0x0B: DAY,
    0x0C: 7 * DAY,
    0x0D: 30 * DAY,
    0x0E: 365 * DAY,
}
"""The units of broadcast_frequency_interval, in lab milliseconds."""

REQUIRED: Final = (
    Tag.BROADCAST_AREA_IDENTIFIER,
    Tag.BROADCAST_CONTENT_TYPE,
    Tag.BROADCAST_REP_NUM,
    Tag.BROADCAST_FREQUENCY_INTERVAL,
)
"""The optional parameters that are not optional here."""

_LAST_AREA_FORMAT: Final = 2  # a name, an arc of an ellipsoid, a polygon
_WHOLE_AREA: Final = b"\x64"

CHECKS: Final[tuple[tuple[Tag, CommandStatus, Callable[[bytes], bool]], ...]] = (
    (Tag.BROADCAST_CONTENT_TYPE, CommandStatus.ESME_RINVBCASTCNTTYPE, lambda value: value[0] <= 3),
    (Tag.BROADCAST_FREQUENCY_INTERVAL, CommandStatus.ESME_RINVBCASTFREQINT, lambda value: value[0] in INTERVALS),
    (Tag.BROADCAST_MESSAGE_CLASS, CommandStatus.ESME_RINVBCASTMSGCLASS, lambda value: value[0] <= 3),
    (Tag.BROADCAST_CHANNEL_INDICATOR, CommandStatus.ESME_RINVBCASTCHANIND, lambda value: value[0] <= 1),
)
"""Values that can be wrong, with the status for each."""


def broadcast_sm(smsc: "Smsc", link: Link, account: Account, pdu: BroadcastSm) -> None:
    """Accept a broadcast for the areas that can be read, and tell the others.

    With replace_if_present_flag a pending one with the message_id, or the reference, ends and its id goes on.
    """
    good, bad = _areas(pdu)
    broadcast = _broadcast(smsc, link, account, pdu, good)
    if pdu.replace_if_present_flag and (old := _pending(smsc, account, pdu)):
        broadcast.message_id = old.message_id
        smsc.broadcasts.cancel(old)
    smsc.broadcasts.add(broadcast)
    tlvs = []
    for area in bad:
        tlvs.append(Tlv(Tag.BROADCAST_ERROR_STATUS, CommandStatus.ESME_RINVBCASTAREAFMT.to_bytes(4)))
        tlvs.append(Tlv(Tag.BROADCAST_AREA_IDENTIFIER, area))
    link.reply(pdu, BroadcastSmResp(message_id=broadcast.message_id, tlvs=tlvs))


def query_broadcast_sm(smsc: "Smsc", link: Link, account: Account, pdu: QueryBroadcastSm) -> None:
    """Tell the state of a broadcast, the newest one of those that match."""
    found = _matching(smsc, account, pdu)
    if not found:
        raise RefusedError(CommandStatus.ESME_RBCASTQUERYFAIL)
    broadcast = found[-1]
    tlvs = [Tlv(Tag.MESSAGE_STATE, bytes([broadcast.state]))]
    for area in broadcast.areas:
        tlvs.append(Tlv(Tag.BROADCAST_AREA_IDENTIFIER, area))
        tlvs.append(Tlv(Tag.BROADCAST_AREA_SUCCESS, _WHOLE_AREA if broadcast.reached else b"\0"))
    if broadcast.ended_at is not None:
        tlvs.append(Tlv(Tag.BROADCAST_END_TIME, times.write(broadcast.ended_at).encode()))
    if broadcast.reference is not None:
        tlvs.append(Tlv(Tag.USER_MESSAGE_REFERENCE, broadcast.reference))
    link.reply(pdu, QueryBroadcastSmResp(message_id=broadcast.message_id, tlvs=tlvs))


def cancel_broadcast_sm(smsc: "Smsc", link: Link, account: Account, pdu: CancelBroadcastSm) -> None:
    """Cancel the pending broadcast that is named or, if none is, all of the service_type and content type."""
    pending = [each for each in _matching(smsc, account, pdu) if each.pending]
    if not pdu.message_id and pdu.tlv(Tag.USER_MESSAGE_REFERENCE) is None:
        content_type = pdu.tlv(Tag.BROADCAST_CONTENT_TYPE)
        pending = [
            each
            for each in pending
            if pdu.service_type in ("", each.pdu.service_type) and content_type in (None, each.content_type)
        ]
    if not pending:
        raise RefusedError(CommandStatus.ESME_RBCASTCANCELFAIL)
    for broadcast in pending:
        smsc.broadcasts.cancel(broadcast)
    link.reply(pdu, CancelBroadcastSmResp())


def _areas(pdu: BroadcastSm) -> tuple[list[bytes], list[bytes]]:
    """Return the areas that can be read and the others; RefusedError if there are none of the former."""
    for tag in REQUIRED:
        if pdu.tlv(tag) is None:
            raise RefusedError(CommandStatus.ESME_RMISSINGOPTPARAM)
    for tag, status, right in CHECKS:
        value = pdu.tlv(tag)
        if value is not None and not right(value):
            raise RefusedError(status)
    areas = [tlv.value for tlv in pdu.tlvs if tlv.tag == Tag.BROADCAST_AREA_IDENTIFIER]
    good = [area for area in areas if area[0] <= _LAST_AREA_FORMAT and len(area) > 1]
    if not good:
        raise RefusedError(CommandStatus.ESME_RINVBCASTAREAFMT)
    return good, [area for area in areas if area not in good]


def _broadcast(smsc: "Smsc", link: Link, account: Account, pdu: BroadcastSm, areas: list[bytes]) -> Broadcast:
    now, number = smsc.lab_now(), next(smsc.life.ids)
    starts_at = max(_time(pdu.schedule_delivery_time, now, CommandStatus.ESME_RINVSCHED) or now, now)
    expires_at = _time(pdu.validity_period, now, CommandStatus.ESME_RINVEXPIRY)
    if expires_at is not None and expires_at <= starts_at:
        raise RefusedError(CommandStatus.ESME_RINVEXPIRY)
    repetitions = int.from_bytes(pdu.tlv(Tag.BROADCAST_REP_NUM) or b"")
    unit, *count = pdu.tlv(Tag.BROADCAST_FREQUENCY_INTERVAL) or bytes(3)
    return Broadcast(
        number,
        account.personality.message_id(number, link.interface_version),
        account.system_id,
        _shown(pdu),
        areas,
        pdu.tlv(Tag.BROADCAST_CONTENT_TYPE) or b"",
        pdu.tlv(Tag.USER_MESSAGE_REFERENCE),
        due_at=starts_at,
        interval=INTERVALS[unit] * max(1, int.from_bytes(count)),
        repetitions=(repetitions or None) if expires_at is not None else max(1, repetitions),
        expires_at=expires_at,
        state=MessageState.SCHEDULED if starts_at > now else MessageState.ENROUTE,
    )


def _shown(pdu: BroadcastSm) -> SubmitSm:
    """Return the message as a handset gets it."""
    payload = pdu.tlv(Tag.MESSAGE_PAYLOAD) or b""
    fits = len(payload) <= MAX_SM_LENGTH
    return SubmitSm(
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        data_coding=pdu.data_coding,
        short_message=payload if fits else b"",
        tlvs=[] if fits else [Tlv(Tag.MESSAGE_PAYLOAD, payload)],
    )


def _pending(smsc: "Smsc", account: Account, pdu: BroadcastSm) -> Broadcast | None:
    if not pdu.message_id and pdu.tlv(Tag.USER_MESSAGE_REFERENCE) is None:
        return None
    return next((each for each in _matching(smsc, account, pdu) if each.pending), None)


def _matching(
    smsc: "Smsc", account: Account, pdu: BroadcastSm | QueryBroadcastSm | CancelBroadcastSm
) -> list[Broadcast]:
    """Return the account's broadcasts from the source that have the message_id and the reference, where given."""
    source = Address(pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr)
    reference = pdu.tlv(Tag.USER_MESSAGE_REFERENCE)
    return [
        each
        for each in smsc.broadcasts.of(account.system_id, source)
        if pdu.message_id in ("", each.message_id) and reference in (None, each.reference)
    ]


def _time(text: str, now: int, status: int) -> int | None:
    try:
        return times.parse(text, now)
    except ValueError:
        raise RefusedError(status) from None
