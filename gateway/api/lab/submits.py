"""What the ESMEs have submitted, field by field and with the texts in clear, to read and to wait on."""

import asyncio
from typing import Annotated

from pydantic import Field

from gateway.api.types import Timestamp, Wait
from smsc_emulator.base import durations
from smsc_emulator.base.web import Body, Call, Model, Reply, Routes
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.core.submits import KEPT, Submit, Submits
from smsc_emulator.smpp import segments


class SubmitsQuery(Model):
    """Which submit_sm to return, and whether to wait for one."""

    after: Annotated[int, Field(ge=0, le=1 << 53)] = 0
    wait: Wait | None = None


class SegmentShown(Body):
    """The place of a segment among those of a long text."""

    reference: int
    total: int
    sequence: int


class SubmitShown(Body):
    """A submit_sm (SMPP 3.4, 4.4.1) and its answer. Members without a description are the PDU's fields of that name."""

    number: int = Field(description="Grows by one with each submit_sm; pass the last one seen as `after`.")
    at: Timestamp
    account: str = Field(description="The system_id that sent it.")
    command_status: int = Field(description="What it was answered with; 0 if it was accepted.")
    message_id: str = Field(description="What its answer told; empty if it was refused.")
    text: str = Field(description="Its text, decoded by data_coding; of a long text, this segment's.")
    segment: SegmentShown | None
    service_type: str
    source_addr_ton: int
    source_addr_npi: int
    source_addr: str
    dest_addr_ton: int
    dest_addr_npi: int
    destination_addr: str
    esm_class: int
    protocol_id: int
    priority_flag: int
    schedule_delivery_time: str
    validity_period: str
    registered_delivery: int
    replace_if_present_flag: int
    data_coding: int
    sm_default_msg_id: int
    short_message: str = Field(description="Its octets in hexadecimal digits.")
    tlvs: list[tuple[int, str]] = Field(description="Tags and values, these in hexadecimal digits, in their order.")


class SubmitList(Body):
    """Submitted messages, oldest first."""

    submits: list[SubmitShown] = Field(description=f"The lab remembers the last {KEPT}.")


def routes(smsc: Smsc) -> Routes:
    """Return the routes of what was submitted."""
    group = Routes("lab: submits")

    @group.add(
        "GET",
        "/lab/submits",
        "Read the submit_sm of all ESMEs, accepted or not; with `wait`, wait for one",
        query=SubmitsQuery,
        answers={200: SubmitList},
    )
    async def read(call: Call) -> Reply:
        query: SubmitsQuery = call.query
        submits = smsc.submits
        if query.wait and not submits.since(query.after):
            await _one_more(submits, durations.parse(query.wait) / 1000)
        return Reply(SubmitList(submits=[_shown(submit) for submit in submits.since(query.after)]))

    return group


async def _one_more(submits: Submits, seconds: float) -> None:
    """Wait until one more is there, or the time is over."""
    grown = asyncio.Event()
    submits.waiting.add(grown.set)
    try:
        await asyncio.wait_for(grown.wait(), seconds)
    except TimeoutError:
        pass
    finally:
        submits.waiting.discard(grown.set)


def _shown(submit: Submit) -> SubmitShown:
    pdu, part = submit.pdu, submit.part
    place = part.concatenation
    return SubmitShown(
        number=submit.number,
        at=durations.iso(submit.at),
        account=submit.account,
        command_status=submit.command_status,
        message_id=submit.message_id,
        text=segments.join([part]),
        segment=place and SegmentShown(reference=place.reference, total=place.total, sequence=place.sequence),
        short_message=pdu.short_message.hex(),
        tlvs=[(tag, value.hex()) for tag, value in pdu.tlvs],
        **{name: getattr(pdu, name) for name in _FIELDS},
    )


_FIELDS = (
    *("service_type", "source_addr_ton", "source_addr_npi", "source_addr"),
    *("dest_addr_ton", "dest_addr_npi", "destination_addr", "esm_class", "protocol_id", "priority_flag"),
    *("schedule_delivery_time", "validity_period", "registered_delivery", "replace_if_present_flag"),
    *("data_coding", "sm_default_msg_id"),
)
"""The fields of the PDU that are shown as they are."""
