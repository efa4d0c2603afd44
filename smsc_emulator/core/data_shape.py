"""One message in two shapes: data_sm, and the submit_sm or deliver_sm that says the same."""

from typing import Final

from smsc_emulator.smpp.constants import MAX_SM_LENGTH, Tag
from smsc_emulator.smpp.pdus import DataSm, DeliverSm, SubmitSm, Tlv

ABSENT: Final = frozenset({6, 27})
"""MAP's errors of a subscriber who cannot be reached (3GPP TS 29.002): detached, and no paging response."""
_MOST_DAYS: Final = 99  # two digits; a month of a relative time is the calendar's, and as long as that


def sets_flag(pdu: SubmitSm, error: int) -> bool:
    """Whether a delivery that fails with `error` sets the delivery pending flag: it was asked for (5.3.2.29)."""
    return error in ABSENT and pdu.tlv(Tag.SET_DPF) == b"\x01"


def as_submit(pdu: DataSm) -> SubmitSm:
    """Return the submit_sm that says the same: message_payload in short_message where it fits, and the time to live
    (5.3.2.9, in seconds) as a relative validity period.
    """
    payload = pdu.tlv(Tag.MESSAGE_PAYLOAD) or b""
    fits = len(payload) <= MAX_SM_LENGTH
    return SubmitSm(
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class,
        validity_period=_validity(pdu.tlv(Tag.QOS_TIME_TO_LIVE)),
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
        short_message=payload if fits else b"",
        tlvs=[tlv for tlv in pdu.tlvs if not (fits and tlv.tag == Tag.MESSAGE_PAYLOAD)],
    )


def as_data(pdu: DeliverSm) -> DataSm:
    """Return the data_sm that delivers the same as a deliver_sm."""
    tlvs = list(pdu.tlvs)
    if pdu.tlv(Tag.MESSAGE_PAYLOAD) is None:
        tlvs.append(Tlv(Tag.MESSAGE_PAYLOAD, pdu.short_message))
    return DataSm(
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class,
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
        tlvs=tlvs,
    )


def _validity(time_to_live: bytes | None) -> str:
    """Return seconds, of which a relative time holds a century, as a relative time.

    More than 99 days are written in months of 30 days and years of 12 months.
    """
    if time_to_live is None:
        return ""
    minutes, seconds = divmod(int.from_bytes(time_to_live), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    months, days = (0, days) if days <= _MOST_DAYS else divmod(days, 30)
    years, months = divmod(months, 12)
    return f"{min(years, 99):02d}{months:02d}{days:02d}{hours:02d}{minutes:02d}{seconds:02d}000R"
