"""Traces: what happened because of one request, over all layers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from gateway.api.types import Timestamp
from gateway.reports import parts, pdus
from gateway.reports.trace import Step, Trace, masked, trace
from smsc_emulator.base.durations import iso
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.web import NOT_FOUND, Body, Call, Model, ProblemError, Reply, Routes
from smsc_emulator.smpp.pdus import SubmitSm

MOST = 100_000
"""How many of the last events are looked at: as many as the journal remembers."""

ReadMessages = Callable[[Iterable[str]], Awaitable[Mapping[str, SubmitSm]]]
"""Returns the submit_sm of each message_id that the SMSC has kept."""


class TraceQuery(Model):
    """How a trace is shown."""

    reveal: Annotated[bool, Field(description="Whether numbers are shown in clear.")] = False


class StepShown(Body):
    """One thing that happened."""

    at: Timestamp
    offset_ms: int = Field(description="Lab time since the first step.")
    seq: int = Field(description="The event's number in the journal.")
    layer: str = Field(description="Where it happened: HTTP, SMPP, SMSC, SIP, handset, operator, webhook and others.")
    type: str
    subject: str
    told: dict[str, Any]
    pdu: dict[str, Any] | None = Field(description="The fields of the submit_sm; its text is not told.")


class TraceShown(Body):
    """What belongs to one id."""

    id: str
    ids: list[str] = Field(description="All ids that belong together.")
    steps: list[StepShown]


def routes(journal: Journal, messages: ReadMessages) -> Routes:
    """Return the route of the traces."""
    group = Routes("lab: traces")

    @group.add(
        "GET",
        "/lab/traces/{id}",
        "Trace a confirmation, identification, message, request (X-Request-Id), call or webhook event",
        query=TraceQuery,
        answers={200: TraceShown},
        patterns={"id": r"^[A-Za-z0-9@._-]{1,64}$"},
        problems=(NOT_FOUND,),
    )
    async def show(call: Call) -> Reply:
        id_, reveal = call.path["id"], call.query.reveal
        found = await _traced(journal.since(0, MOST), id_, messages, reveal=reveal)
        if not found.steps:
            raise ProblemError(NOT_FOUND, f"No event that the journal remembers names {id_}.")
        return Reply(_shown(await _decoded(found, messages, reveal=reveal)))

    return group


async def _traced(events: Sequence[Event], id_: str, messages: ReadMessages, *, reveal: bool) -> Trace:
    """Return the trace of an id, with all parts of the texts that it has a part of."""
    beside = partial(asyncio.get_running_loop().run_in_executor, None)  # it takes long where the journal is long
    found: Trace = await beside(partial(trace, events, id_, reveal=reveal))
    own = await messages(found.ids)
    if not any(map(parts.is_part, own.values())):
        return found
    texts = []
    for way in await beside(parts.near, events, own.keys()):
        texts += [text for text in parts.texts(way, await messages(way)) if not text.isdisjoint(own)]
    return await beside(partial(trace, events, id_, texts, reveal=reveal))


async def _decoded(found: Trace, messages: ReadMessages, *, reveal: bool) -> Trace:
    """Add the PDUs to the steps at which they came."""
    came = {step.subject for step in found.steps if step.type == "smpp.submit_sm"}
    kept = await messages(came) if came else {}

    def decoded(step: Step) -> Step:
        if step.type != "smpp.submit_sm" or step.subject not in kept:
            return step
        return replace(step, pdu=pdus.shown(kept[step.subject], str if reveal else masked))

    return replace(found, steps=tuple(map(decoded, found.steps)))


def _shown(found: Trace) -> TraceShown:
    began = found.steps[0].at
    return TraceShown(
        id=found.id,
        ids=list(found.ids),
        steps=[
            StepShown(
                at=iso(step.at),
                offset_ms=step.at - began,
                seq=step.seq,
                layer=step.layer,
                type=step.type,
                subject=step.subject,
                told=dict(step.told),
                pdu=None if step.pdu is None else dict(step.pdu),
            )
            for step in found.steps
        ],
    )
