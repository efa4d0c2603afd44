"""The virtual handsets: read what they received, wait for the next text or its code, send from them."""

import asyncio
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gateway.api.errors import as_problems
from gateway.api.types import Timestamp, Wait
from smsc_emulator.base import durations, msisdn
from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.base.web import NOT_FOUND, Call, Model, Reply, Routes
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.codes import find_code
from smsc_emulator.handsets.handset import InboxMessage

_MESSAGES = "/lab/handsets/{number}/messages"
_PATTERNS = {"number": msisdn.PATTERN}


class HandsetShown(BaseModel):
    """A handset."""

    phone_number: str
    messages: int = Field(description="How many texts its inbox holds.")


class HandsetList(BaseModel):
    """The handsets, in the order they were added."""

    handsets: list[HandsetShown]


class InboxQuery(Model):
    """Which texts to return, and whether to wait for one."""

    after: Annotated[str, Field(pattern=r"^[0-9]{0,18}$", max_length=18)] = Field(
        "", description="The id of the last text seen; only later ones are returned."
    )
    extract: Literal["code"] | None = Field(
        None, description="With `code`, the confirmation code found in each text is told, and `wait` waits for one."
    )
    wait: Wait | None = None


class HandsetMessage(BaseModel):
    """A text in an inbox, decoded, and put together if it was long."""

    id: str
    sender: str = Field(serialization_alias="from")
    to: str
    text: str
    code: str | None = Field(description="The confirmation code in the text, if it was asked for and there is one.")
    received_at: Timestamp


class Inbox(BaseModel):
    """Texts, oldest first."""

    messages: list[HandsetMessage]
    code: str | None = Field(description="The code of the newest text that has one.")


class NewMessage(Model):
    """An SMS to send from the handset."""

    to: Annotated[str, Field(pattern=r"^\+?[0-9]{1,20}$", max_length=20, examples=["1234"])] = Field(
        description="A number or a short code; it reaches the account that serves it, or else any bound receiver."
    )
    text: Annotated[str, Field(min_length=1, max_length=8000)]


class SentMessage(BaseModel):
    """An SMS that the SMSC has taken over."""

    message_id: str = Field(description="The SMSC's id of the message, or of its first segment.")


def routes(smsc: Smsc, journal: Journal) -> Routes:
    """Return the routes of the handsets."""
    group = Routes("lab: handsets")

    @group.add("GET", "/lab/handsets", "List the handsets", answers={200: HandsetList})
    async def list_them(_call: Call) -> Reply:
        shown = [HandsetShown(phone_number=h.number, messages=h.received) for h in smsc.handsets.values()]
        return Reply(HandsetList(handsets=shown))

    @group.add(
        "GET",
        _MESSAGES,
        "Read a handset's inbox; with `wait`, wait for a text, or for a code",
        query=InboxQuery,
        answers={200: Inbox},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def read(call: Call) -> Reply:
        number = call.path["number"]
        with as_problems():
            return Reply(await _wait_for(smsc, journal, number, call.query))

    @group.add(
        "POST",
        _MESSAGES,
        "Send an SMS from a handset",
        body=NewMessage,
        answers={202: SentMessage},
        patterns=_PATTERNS,
        problems=(NOT_FOUND,),
    )
    async def send(call: Call) -> Reply:
        with as_problems():
            message_id = await smsc.send_from_handset(call.path["number"], call.body.to, call.body.text)
        return Reply(SentMessage(message_id=message_id), 202)

    return group


async def _wait_for(smsc: Smsc, journal: Journal, number: str, query: InboxQuery) -> Inbox:
    """Return the inbox as soon as it has what the query asks for, or as it is when the wait is over."""
    loop = asyncio.get_running_loop()
    seconds = durations.parse(query.wait) / 1000 if query.wait else 0.0
    until = loop.time() + seconds
    while True:
        # Taken before the inbox is read, so that a text that comes in between is not waited for in vain.
        seen = journal.next_seq - 1
        inbox = _inbox(smsc.handset_messages(number), query)
        left = until - loop.time()
        if left <= 0 or not journal.waits or (inbox.messages if query.extract is None else inbox.code):
            return inbox
        await journal.wait(seen, left, 1, lambda event: _is_for(event, number))


def _is_for(event: Event, number: str) -> bool:
    return event.type == "handset.received" and event.subject == number


def _inbox(received: list[InboxMessage], query: InboxQuery) -> Inbox:
    after = int(query.after or 0)
    messages = [_shown(message, query) for message in received if message.id > after]
    return Inbox(messages=messages, code=next((m.code for m in reversed(messages) if m.code), None))


def _shown(message: InboxMessage, query: InboxQuery) -> HandsetMessage:
    return HandsetMessage(
        id=str(message.id),
        sender=message.sender,
        to=message.to,
        text=message.text,
        code=None if query.extract is None else find_code(message.text),
        received_at=durations.iso(message.received_at),
    )
