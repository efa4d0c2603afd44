"""The last PDUs of the SMSC's links, decoded field by field."""

from typing import Annotated

from pydantic import Field

from gateway.api.types import Timestamp
from smsc_emulator.base import durations
from smsc_emulator.base.web import Body, Call, Model, Reply, Routes
from smsc_emulator.net.recent import RecentPdus, Seen
from smsc_emulator.smpp.constants import CommandStatus, command_name, status_name
from smsc_emulator.smpp.describe import describe, message_id
from smsc_emulator.smpp.pdus import Pdu, UnknownPdu


class PdusQuery(Model):
    """Which PDUs to return."""

    message_id: Annotated[str, Field(max_length=65)] = Field(
        "", description="The SMSC's id of a message: what was said of it, requests and answers."
    )
    number: Annotated[str, Field(pattern=r"^\+?[0-9]{0,20}$")] = Field(
        "", description="A number or short code: requests from it or to it, and their answers."
    )
    account: Annotated[str, Field(max_length=16)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class FieldShown(Body):
    """A field or optional parameter of a PDU."""

    name: str
    value: str = Field(description="A number in hexadecimal, a text as it is, octets in hexadecimal.")
    meaning: str
    private: bool = Field(description="Whether it is a text between people, which may hold a code.")


class PduShown(Body):
    """A PDU that went over a link of the SMSC."""

    number: int
    at: Timestamp
    account: str = Field(description="Who was bound; empty before that.")
    link: int = Field(description="The connection's number, from 1.")
    sender: str = Field(serialization_alias="from", description="esme or smsc.")
    command: str
    command_status: int
    status_name: str
    status_meaning: str
    sequence_number: int
    message_id: str
    answered_in_ms: float | None = Field(description="Of an answer: real time since its request.")
    octets: int = Field(description="Its command_length.")
    fields: list[FieldShown]


class PduList(Body):
    """PDUs, oldest first."""

    pdus: list[PduShown]


def routes(recent: RecentPdus) -> Routes:
    """Return the route of the PDUs."""
    group = Routes("lab: PDUs")

    @group.add(
        "GET",
        "/lab/pdus",
        "Read the last PDUs, decoded; they are kept while somebody reads /lab/events, as the page does",
        query=PdusQuery,
        answers={200: PduList},
    )
    async def read(call: Call) -> Reply:
        query: PdusQuery = call.query
        seen = [(each, each.pdu()) for each in recent.latest() if query.account in ("", each.account)]
        if query.message_id or query.number:
            wanted = {_exchange(each, pdu) for each, pdu in seen if _is_about(pdu, query)}
            seen = [(each, pdu) for each, pdu in seen if _exchange(each, pdu) in wanted]
        return Reply(PduList(pdus=[_shown(each, pdu) for each, pdu in seen[-query.limit :]]))

    return group


def _is_about(pdu: Pdu, query: PdusQuery) -> bool:
    if query.message_id and message_id(pdu) == query.message_id:
        return True
    number = query.number.removeprefix("+")
    ends = (getattr(pdu, "source_addr", ""), getattr(pdu, "destination_addr", ""))
    return bool(number) and number in [end.removeprefix("+") for end in ends]


def _exchange(seen: Seen, pdu: Pdu) -> tuple[int, bool, int]:
    """Return what a request and its answer have in common, and no other PDUs of a link."""
    asked_by_esme = seen.received is not bool(pdu.command_id & 0x80000000)
    return seen.link, asked_by_esme, pdu.sequence_number


def _shown(seen: Seen, pdu: Pdu) -> PduShown:
    status = pdu.command_status
    meaning = CommandStatus(status).meaning if status in set(CommandStatus) else "not in the standard"
    name = command_name(pdu.command_id)
    return PduShown(
        number=seen.number,
        at=durations.iso(seen.at),
        account=seen.account,
        link=seen.link,
        sender="esme" if seen.received else "smsc",
        command=f"{name}, not decoded" if isinstance(pdu, UnknownPdu) and not name.startswith("0x") else name,
        command_status=status,
        status_name=status_name(status),
        status_meaning=meaning,
        sequence_number=pdu.sequence_number,
        message_id=message_id(pdu),
        answered_in_ms=None if seen.answered_in is None else round(seen.answered_in * 1000, 3),
        octets=len(seen.frame),
        fields=[
            FieldShown(name=line.name, value=line.value, meaning=line.meaning, private=line.private)
            for line in describe(pdu)
        ],
    )
