"""submit_multi: one text and one message_id for many destinations, each with a life and a receipt of its own (4.5)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.life import RefusedError, read_times
from smsc_emulator.core.mobile import address
from smsc_emulator.core.personality import unpack
from smsc_emulator.core.settings import DistributionListSettings
from smsc_emulator.smpp.constants import CommandStatus, Npi
from smsc_emulator.smpp.pdus import DistributionList, SmeAddress, SubmitMulti, SubmitMultiResp, SubmitSm, UnsuccessSme

if TYPE_CHECKING:
    from smsc_emulator.core.smsc import Smsc

Lists = Mapping[str, Sequence[SmeAddress]]
"""The members of the distribution lists, by their names."""

MOST_FAILURES = 255
"""How many failed destinations the octet that counts them can tell; the rest go untold."""


def distribution_lists(settings: Sequence[DistributionListSettings]) -> Lists:
    """Return the lists that the SMSC knows."""
    return {each.name: [_sme(number) for number in each.members] for each in settings}


def destinations(pdu: SubmitMulti, lists: Lists) -> list[SmeAddress]:
    """Return the addresses that a submit_multi goes to, its lists taken apart.

    Raises RefusedError for the whole request: ESME_RINVDLNAME for a list that is not there, as unsuccess_sme can
    name addresses only, and ESME_RCNTSUBDL for one without members.
    """
    found: list[SmeAddress] = []
    for entry in pdu.dest_address:
        if isinstance(entry, DistributionList):
            members = lists.get(entry.dl_name)
            if members is None:
                raise RefusedError(CommandStatus.ESME_RINVDLNAME)
            if not members:
                raise RefusedError(CommandStatus.ESME_RCNTSUBDL)
            found += members
        else:
            found.append(entry)
    return found


def to_one(pdu: SubmitMulti, to: SmeAddress) -> SubmitSm:
    """Return the submit_sm that takes a submit_multi's message to one of its destinations."""
    return SubmitSm(
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=to.dest_addr_ton,
        dest_addr_npi=to.dest_addr_npi,
        destination_addr=to.destination_addr,
        esm_class=pdu.esm_class,
        protocol_id=pdu.protocol_id,
        priority_flag=pdu.priority_flag,
        schedule_delivery_time=pdu.schedule_delivery_time,
        validity_period=pdu.validity_period,
        registered_delivery=pdu.registered_delivery,
        replace_if_present_flag=pdu.replace_if_present_flag,
        data_coding=pdu.data_coding,
        sm_default_msg_id=pdu.sm_default_msg_id,
        short_message=pdu.short_message,
        tlvs=list(pdu.tlvs),
    )


def submit_multi(smsc: "Smsc", link: Link, account: Account, pdu: SubmitMulti) -> None:
    """Accept the message for the destinations that can be, and tell the others (4.5.2.1).

    Without a single one that can be, the answer is ESME_RSUBMITFAIL, with the list.
    """
    if account.personality.packed:
        unpack(pdu)
    if status := account.personality.check(pdu):
        raise RefusedError(status)
    # A wrong time is the request's, and no destination's.
    read_times(pdu.schedule_delivery_time, pdu.validity_period, smsc.lab_now())
    message_id, failures = "", list[UnsuccessSme]()
    for to in destinations(pdu, smsc.lists):
        try:
            message_id = _accept(smsc, link, account, to_one(pdu, to), message_id)
        except RefusedError as error:
            failures.append(UnsuccessSme(to.dest_addr_ton, to.dest_addr_npi, to.destination_addr, error.status))
    response = SubmitMultiResp(message_id=message_id, unsuccess_sme=failures[:MOST_FAILURES])
    if not message_id:
        response.command_status = CommandStatus.ESME_RSUBMITFAIL
    smsc.answer(link, pdu, response)


def _accept(smsc: "Smsc", link: Link, account: Account, pdu: SubmitSm, message_id: str) -> str:
    """Accept the message to one destination and return the id that all of them have; RefusedError if it cannot be."""
    if status := account.personality.check(pdu):
        raise RefusedError(status)
    return smsc.intake.accept(link, account, pdu, message_id).message_id


def _sme(number: str) -> SmeAddress:
    ton, destination_addr = address(number)
    return SmeAddress(ton, Npi.ISDN, destination_addr)
