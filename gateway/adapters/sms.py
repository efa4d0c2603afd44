"""Confirm's way to an SMSC: texts as submit_sm over the gateway's own bind."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

from confirm.ports import SmsInDoubtError, SmsRefusedError, SmsUnavailableError
from smsc_emulator.net.esme import AnswerLostError, LinkDownError, ResponseTimeoutError, SubmitRefusedError
from smsc_emulator.smpp import segments
from smsc_emulator.smpp.constants import CommandStatus, Npi, Ton
from smsc_emulator.smpp.pdus import SubmitSm, SubmitSmResp, Tlv

TEMPORARY = frozenset({CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL, CommandStatus.ESME_RSYSERR})
"""Answers of an SMSC after which the same message may be tried again."""


class Bind(Protocol):
    """What submits messages."""

    async def submit(self, pdu: SubmitSm) -> SubmitSmResp:
        """See `EsmeClient.submit`."""


class SmppSms:
    """See `confirm.ports.SmsPort`: each text becomes one submit_sm, or several if it is long."""

    def __init__(self, bind: Bind, on_split: Callable[[Sequence[str]], None] = lambda _ids: None) -> None:
        """`on_split` is told the message_ids of the parts of a long text, in their order, as far as they were taken."""
        self._bind = bind
        self._on_split = on_split
        self._references = count(1)

    async def submit(self, to: str, text: str, sender: str) -> str:
        """Hand `text` over for the number `to`; see `confirm.ports.SmsPort`."""
        ids: list[str] = []
        try:
            await self._submit(to, text, sender, ids)
        finally:
            if len(ids) > 1:
                self._on_split(ids)
        return ids[0]

    async def _submit(self, to: str, text: str, sender: str, ids: list[str]) -> None:
        """Submit the parts one after the other; `ids` grows with each that is taken."""
        for part in segments.split(text, next(self._references)):
            pdu = _submit_sm(to, sender, part)
            try:
                ids.append((await self._bind.submit(pdu)).message_id)
            except SubmitRefusedError as refusal:
                if refusal.status in TEMPORARY and not ids:
                    raise SmsUnavailableError(str(refusal)) from None
                raise SmsRefusedError(refusal.status) from None
            except LinkDownError as error:
                raise (SmsInDoubtError if ids else SmsUnavailableError)(str(error)) from None
            except (AnswerLostError, ResponseTimeoutError) as error:
                raise SmsInDoubtError(str(error)) from None


def _submit_sm(to: str, sender: str, part: segments.Segment) -> SubmitSm:
    digits = sender.removeprefix("+")
    numeric = digits.isdecimal()
    return SubmitSm(
        source_addr_ton=Ton.INTERNATIONAL if numeric else Ton.ALPHANUMERIC,
        source_addr_npi=Npi.ISDN if numeric else Npi.UNKNOWN,
        source_addr=digits if numeric else sender,
        dest_addr_ton=Ton.INTERNATIONAL,
        dest_addr_npi=Npi.ISDN,
        destination_addr=to.removeprefix("+"),
        esm_class=part.esm_class,
        registered_delivery=1,
        data_coding=part.data_coding,
        short_message=part.short_message,
        tlvs=[Tlv(tag, value) for tag, value in part.tlvs],
    )
