"""What a handset sends: a person's text as the short messages that carry it."""

from smsc_emulator.base import msisdn
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.constants import Npi, Ton
from smsc_emulator.smpp.pdus import SubmitSm, Tlv


def short_messages(number: str, to: str, text: str, reference: int) -> list[SubmitSm]:
    """Return the messages from handset `number` that carry `text`, in segments with `reference` if it is long.

    Raises ValueError for a text of more than 255 segments.
    """
    dest_addr_ton, destination_addr = address(to)
    return [
        SubmitSm(
            source_addr_ton=Ton.INTERNATIONAL,
            source_addr_npi=Npi.ISDN,
            source_addr=number.removeprefix("+"),
            dest_addr_ton=dest_addr_ton,
            dest_addr_npi=Npi.ISDN,
            destination_addr=destination_addr,
            esm_class=part.esm_class,
            data_coding=part.data_coding,
            short_message=part.short_message,
            tlvs=[Tlv(*tlv) for tlv in part.tlvs],
        )
        for part in segments.split(text, reference)
    ]


def address(to: str) -> tuple[int, str]:
    """Return type of number and SMPP address of what a person dialled."""
    number = msisdn.from_address(to)
    return (Ton.INTERNATIONAL, number[1:]) if number.startswith("+") else (Ton.UNKNOWN, to)
